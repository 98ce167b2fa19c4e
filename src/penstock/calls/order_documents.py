"""The documents of an answer in which objects are named that live on: its only one, or those in its events and lines.

Like usage they are found whatever is kept of the answer, in its first and its last piece, beside what cannot be read,
and whatever its content type says. What they tell is read in `orders.py`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from penstock.wire.answer_pieces import Documents, Shape, is_lines, joined, joined_lines, shape_of, start_of
from penstock.wire.tolerant_json import UNREADABLE, mended, value_end

ABSENT: Final = msgspec.Raw()

_MOST_EVENTS: Final = 20_000  # that may each tell of another object
_MOST_LOOKS: Final = 64  # events from either end of a stream that is about one object
_MOST_MENDED: Final = (
    8 * 1024 * 1024
)  # bytes; of a larger document that cannot be read its ends are looked at
_AN_END: Final = 262_144
_LONGEST: Final = 256  # characters of an id or a state
_NESTED: Final = (b"response", b"interaction")  # where events of OpenAI and of Google have their object
_RUN: Final = '"thread.run"'
"""What OpenAI's assistants say that an event is, which has no such place."""

_to_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_to_text = msgspec.json.Decoder(str).decode


class Body(NamedTuple):
    """The plain bytes of an answer: all of them, or its first and its last ones, with more between.

    `is_whole`: they end where the answer does.
    """

    content_type: str
    first: bytes
    last: bytes = b""
    is_whole: bool = True


class Document(NamedTuple):
    """One object. `is_whole`: what does not stand in it was not said."""

    data: bytes
    is_whole: bool = True


def documents(body: Body, wanted: frozenset[str], *, each: bool = False) -> list[Document]:
    """The documents that may name objects, the last one first.

    `wanted`: names of members that are looked for, where a document has to be mended. `each`: every event may be about
    another object, and tells of it in its own members.
    """
    shape = shape_of(body.content_type.lower(), body.first)
    try:
        if shape is Shape.EVENTS:
            text = joined(shape, body.first, body.last) if body.last else body.first
            return _in_stream(Documents(text, events=True), each=each)
        if shape is Shape.DOCUMENT and is_lines(body.first):
            text = joined_lines(body.first, body.last) if body.last else body.first
            return _in_stream(Documents(text, events=False), each=each)
        return [_only_one(body, wanted)] if shape is Shape.DOCUMENT else []
    except UNREADABLE:
        return []


def _only_one(body: Body, wanted: frozenset[str]) -> Document:
    """May raise `UNREADABLE`."""
    if body.last:
        return Document(mended(joined(Shape.DOCUMENT, body.first, body.last), wanted), is_whole=False)
    data = body.first[start_of(body.first) :]
    try:
        _to_members(data)
    except UNREADABLE:
        is_whole = value_end(data, 0) > 0
        if len(data) > _MOST_MENDED:
            data, is_whole = joined(Shape.DOCUMENT, data[:_AN_END], data[-_AN_END:]), False
        return Document(mended(data, wanted), is_whole)
    return Document(data)


def _in_stream(stream: Documents, *, each: bool) -> list[Document]:
    if each:
        return [Document(data) for data in islice(stream.backwards(), _MOST_EVENTS)]
    last = list(islice(stream.backwards(), _MOST_LOOKS))
    found = last + list(islice(stream.forwards(), _MOST_LOOKS))[::-1] if len(last) == _MOST_LOOKS else last
    return [Document(data) for event in found if (data := _subject(event))]


def _subject(event: bytes) -> bytes:
    """The object that an event is about; nothing, where it has none with a name of its own."""
    for name in _NESTED:
        if b'"%b"' % name in event:
            raw = bytes(raw_at(event, f"/{name.decode()}"))
            if raw.startswith(b"{"):
                return raw
    is_run = b'"thread.run"' in event and bytes(raw_at(event, "/object")).decode("latin-1") == _RUN
    return event if is_run else b""


# -- members


def raw_at(document: bytes, pointer: str) -> msgspec.Raw:
    """What stands at a JSON pointer of a document; nothing, where there is no such place."""
    raw = msgspec.Raw(document.strip())
    for name in pointer.strip("/").split("/"):
        try:
            raw = _to_members(raw).get(name, ABSENT)
        except UNREADABLE:
            return ABSENT
    return raw


def text_of(raw: msgspec.Raw) -> str | None:
    """A text; None for what is none, or too long to be an id."""
    try:
        text = _to_text(raw) if raw else None
    except UNREADABLE:
        return None
    return text if text and len(text) <= _LONGEST else None


def word_at(document: bytes, pointer: str) -> str | None:
    """The text at a JSON pointer of a document; numbers and flags as JSON spells them."""
    raw = raw_at(document, pointer)
    if bytes(raw)[:1] in (b"", b'"'):
        return text_of(raw)
    return None if bytes(raw)[:1] in (b"{", b"[", b"n") else bytes(raw)[:_LONGEST].decode()


def texts_of(raw: msgspec.Raw, most: int) -> Iterator[str]:
    """The texts in an array, up to so many; none, where it is none."""
    try:
        found = msgspec.json.decode(raw, type=list[msgspec.Raw]) if raw else []
    except UNREADABLE:
        return
    for one in found[:most]:
        text = text_of(one)
        if text:
            yield text
