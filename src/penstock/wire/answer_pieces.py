"""The documents that an answer's body is made of: one, an array, lines, events or frames; whole, or cut in its middle.

What a body is, its first bytes say: content types are often missing or wrong. Of a body that is too large to be kept
the first and the last piece are enough, since what it tells of itself stands there. Pure; what the documents tell is
read in `usage.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from itertools import chain, islice
from typing import NamedTuple

from penstock.wire.sse import Event
from penstock.wire.tolerant_json import Part, last_parts, parts, value_end
from penstock.wire.usage_bedrock import all_events, begins_frames

_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n\x1e]*+")
_EVENT_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*+(?:(?:data|event|id|retry)(?=[:\r\n])|:)")
_DATA_LINE = re.compile(rb"[\r\n]data:")
_MOST_PARTS = 1000  # of a first piece that are looked at
_LOOKED_AT = 4096  # bytes, for the first line that is data


class Shape(Enum):
    """What a body is made of."""

    DOCUMENT = 0  # lines of documents begin like one
    ARRAY = 1
    EVENTS = 2
    FRAMES = 3
    NONE = 4


_BY_TYPE = {"amazon.eventstream": Shape.FRAMES, "event-stream": Shape.EVENTS, "": Shape.NONE}


def shape_of(kind: str, body: bytes) -> Shape:
    """By its first bytes, and where they leave it open, by its content type, in lower case."""
    first = body[:1]
    if first not in (b"{", b"["):
        begin = start_of(body)
        first = body[begin : begin + 1]
    if first == b"{":
        return Shape.DOCUMENT
    if first == b"[":
        return Shape.ARRAY
    if begins_frames(body):
        return Shape.FRAMES
    if _EVENT_BEGINS.match(body) or _DATA_LINE.search(body, 0, _LOOKED_AT):
        return Shape.EVENTS
    return _BY_TYPE[next((name for name in _BY_TYPE if name in kind), "")]


def is_lines(head: bytes) -> bool:
    """Whether the first line of a body is a document by itself, and another one follows."""
    begin = start_of(head)
    end = head.find(b"\n", begin)
    if end < 0 or not head[end : end + 256].lstrip(b"\r\n\x1e \t").startswith(b"{"):
        return False
    line = head[begin:end].rstrip()
    return value_end(line, 0) == len(line)


def start_of(body: bytes) -> int:
    """Where the first document begins."""
    found = _BEGINS.match(body)
    return 0 if found is None else found.end()


class Documents:
    """The documents of a stream, found by what stands in them. `text` has LF for every end of a line."""

    def __init__(self, body: bytes, *, events: bool) -> None:
        self.text = _with_lf(body.removeprefix(b"\xef\xbb\xbf"))
        self._events = events
        self._end = b"\n\n" if events else b"\n"

    def begin(self, place: int) -> int:
        """Where the document around a place begins."""
        found = self.text.rfind(self._end, 0, place)
        return 0 if found < 0 else found + len(self._end)

    def around(self, place: int) -> Iterator[bytes]:
        """The document around a place; of an event with several lines of data also the line by itself, for some who
        send no empty lines.
        """
        begin, end = self.begin(place), self.text.find(self._end, place)
        found = self.text[begin : end if end >= 0 else len(self.text)]
        if not self._events:
            yield found.lstrip(b"\x1e")
            return
        if found.startswith(b"data:") and b"\n" not in found:  # as a rule
            yield found[5:]
            return
        yield Event(found).data
        if b"\n" in found:
            begin, end = self.text.rfind(b"\n", 0, place) + 1, self.text.find(b"\n", place)
            line = self.text[begin : end if end >= 0 else len(self.text)]
            if line.startswith(b"data:"):
                yield line[5:]

    def backwards(self) -> Iterator[bytes]:
        """All documents, the last one first."""
        end = len(self.text)
        while end > 0:
            begin = self.text.rfind(self._end, 0, end)
            start = 0 if begin < 0 else begin + len(self._end)
            yield from self._data(self.text[start:end])
            end = begin

    def forwards(self) -> Iterator[bytes]:
        """All documents, the first one first."""
        start = 0
        while start < len(self.text):
            end = self.text.find(self._end, start)
            end = len(self.text) if end < 0 else end
            yield from self._data(self.text[start:end])
            start = end + len(self._end)

    def _data(self, found: bytes) -> Iterator[bytes]:
        if not self._events:
            data = found.lstrip(b"\x1e")
        elif found.startswith(b"data:") and b"\n" not in found:  # as a rule
            data = found[5:]
        else:
            data = Event(found).data
        if data:
            yield data


def _with_lf(body: bytes) -> bytes:
    return body.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in body else body


class Beginning(NamedTuple):
    """The documents that a body begins with, and which part of its bytes they take: so many of so many."""

    documents: Iterator[bytes]
    bytes: int = 1
    of: int = 1


def beginning(shape: Shape, body: bytes, most: int) -> Beginning:
    """The first documents of a body, at most so many; those of a stream that is cut as far as they came.

    One that is cut, or cannot be read, is given as it is. To go through them may raise `ValueError`, where one is
    nested too deeply.
    """
    if shape is Shape.FRAMES:
        return Beginning(islice(all_events(body), most))
    if shape is Shape.ARRAY:
        values = (part.value for part in parts(body, start_of(body)))
        return Beginning(filter(None, islice(values, most)))
    if shape is Shape.DOCUMENT and not is_lines(body):
        return Beginning(iter((body[start_of(body) :],)))
    if shape is Shape.NONE:
        return Beginning(iter(()))
    end = b"\n\n" if shape is Shape.EVENTS else b"\n"
    text = _with_lf(body.removeprefix(b"\xef\xbb\xbf"))
    found = text.split(end, most)
    left = len(found.pop()) if len(found) > most else 0
    if shape is Shape.EVENTS:
        return Beginning(chain.from_iterable(map(_data_of, found)), len(text) - left, len(text))
    return Beginning((line.strip(b"\x1e \t") for line in found if line), len(text) - left, len(text))


def _data_of(event: bytes) -> Iterator[bytes]:
    """The data of an event; of one with several lines of it each by itself, where only so they are documents."""
    if event.startswith(b"data:") and b"\n" not in event:  # as a rule
        yield event[5:]
        return
    data = Event(event).data
    lines = data.split(b"\n")
    if len(lines) > 1 and all(value_end(line.strip(), 0) == len(line.strip()) for line in lines):
        yield from lines
    elif data:
        yield data


# -- what is left of one that was cut


def joined(shape: Shape, head: bytes, tail: bytes) -> bytes:
    """The documents that stand whole in the first or in the last piece of a body; parts of one that does not.

    Raises `ValueError` where nothing sure can be made of the last piece.
    """
    if shape is Shape.EVENTS:
        return _joined_events(head, tail)
    place = start_of(head)
    first = list(islice(parts(head, place), _MOST_PARTS))
    whole = [part for part in first if part.value is not None]
    levels = last_parts(tail)
    inner = levels[1] if len(levels) > 1 else []
    opened = first[-1] if first and first[-1].value is None else None
    if shape is Shape.ARRAY:
        middle = [_object(inner)] if inner and inner[0].name else []
        values = [part.value or b"" for part in whole] + middle + [part.value or b"" for part in levels[0]]
        return b"[%b]" % b",".join(values)
    if opened is not None and head[opened.start : opened.start + 1] == b"{":
        begun = [part for part in islice(parts(head, opened.start), _MOST_PARTS) if part.value is not None]
        whole.append(Part(opened.name, _object(begun + inner), 0))
    return _object(whole + levels[0])


def _object(found: list[Part]) -> bytes:
    return b"{%b}" % b",".join(part.name + b":" + (part.value or b"") for part in found if part.name)


def _joined_events(head: bytes, tail: bytes) -> bytes:
    head, tail = _with_lf(head), _with_lf(tail)
    whole = head[: head.rfind(b"\n\n") + 2] if b"\n\n" in head else b""
    last, _, rest = tail.partition(b"\n\n")
    found = whole + rest
    try:
        levels = last_parts(last)
    except ValueError:
        return found
    inner = _object(levels[1]) if len(levels) > 1 else b"{}"
    outer = _object([*levels[0], Part(b'"response"', inner, 0)])
    return b"%bdata:%b\n\n%b" % (whole, outer.replace(b"\n", b" "), rest)


def joined_lines(head: bytes, tail: bytes) -> bytes:
    """The lines that stand whole in one of both pieces."""
    return head[: head.rfind(b"\n") + 1] + tail[tail.find(b"\n") + 1 :]
