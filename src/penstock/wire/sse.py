"""Server-sent events as they come: where each ends, and what its data is. Pure; every byte is kept.

Lines end with LF, CRLF or CR, an event ends with an empty line, and nothing else ends either (WHATWG HTML, 9.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_EVENT_BYTES = 4 * 1024 * 1024  # of one that is waited for as a whole

_EVENT_END = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)")
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")
_BACK = 3  # an end that is not whole yet begins no farther back
_BOM = b"\xef\xbb\xbf"


class EventSplitter:
    """Cuts a stream into its events, each with the empty line that ends it.

    One that ends with CR is given at once. The LF that may belong to that CR then comes as a piece of its own, which
    no event can be. An event of more than `MAX_EVENT_BYTES` comes in parts.
    """

    __slots__ = ("_after_cr", "_looked", "_waiting")

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._looked = 0  # bytes of it without the end of an event
        self._after_cr = False

    @property
    def waiting(self) -> int:
        """Bytes of an event that has not ended."""
        return len(self._waiting)

    @property
    def rest(self) -> bytes:
        """They themselves."""
        return bytes(self._waiting)

    def feed(self, data: bytes) -> list[bytes]:
        """The events that end in these bytes."""
        found = []
        if self._after_cr and data:
            self._after_cr = False
            if data.startswith(b"\n"):
                found.append(b"\n")
                data = data[1:]
        waiting = self._waiting
        waiting += data
        start = 0
        while end := _EVENT_END.search(waiting, max(start, self._looked)):
            found.append(bytes(waiting[start : end.end()]))
            start = end.end()
        if start:
            self._after_cr = start == len(waiting) and waiting.endswith(b"\r")
            del waiting[:start]
        self._looked = max(0, len(waiting) - _BACK)
        if len(waiting) > MAX_EVENT_BYTES:
            found.append(bytes(waiting[: self._looked]))
            del waiting[: self._looked]
            self._looked = 0
        return found

    def finish(self) -> bytes:
        """What stands behind the last event."""
        rest = self.rest
        self._waiting.clear()
        return rest


class Event:
    """One event: its lines, and the data in them."""

    __slots__ = ("_lines", "data")

    def __init__(self, event: bytes) -> None:
        self._lines = [(line[1], line[2]) for line in _LINE.finditer(event) if line[0]]
        self.data = b"\n".join(_value(line) for line in self._data_lines())

    def _data_lines(self) -> Iterator[bytes]:
        return (line for line, _ in self._lines if _is_data(line))

    def with_data(self, data: bytes) -> bytes:
        """The event with other data, everything else as it was."""
        values = data.split(b"\n")
        found = []
        for line, ending in self._lines:
            if not _is_data(line):
                found.append(line + ending)
                continue
            name = line[: len(line) - len(_value(line))].rstrip(b": ")
            space = line.startswith(b" ", len(name) + 1)
            found += [name + _written(value, space) + ending for value in values]
            values = []
        return b"".join(found)

    def without_data(self) -> bytes:
        """What is left of an event that is taken out: its comments, if it has any, with an empty line."""
        comments = [line + ending for line, ending in self._lines if _is_comment(line)]
        return b"".join((*comments, self._lines[-1][1])) if comments else b""


def _is_data(line: bytes) -> bool:
    return line.removeprefix(_BOM).startswith(b"data:") or line.removeprefix(_BOM) == b"data"


def _is_comment(line: bytes) -> bool:
    return line.removeprefix(_BOM).startswith(b":")


def _written(value: bytes, space: bool) -> bytes:
    """A field's value behind its name, with the one space that does not count if there was one, or must be."""
    return (b": " if space or value.startswith(b" ") else b":") + value


def _value(line: bytes) -> bytes:
    return line.partition(b":")[2].removeprefix(b" ")
