"""What came of a run, for reading: the content of a task's output, and the values of its fields as texts.

What that rests on is in `evidence.py`, FindAll's candidates in `candidates.py`. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

import msgspec

from penstock.wire.json_values import ABSENT, Value, cut_text, elements, members
from penstock.wire.tolerant_json import UNREADABLE

_MOST_MEMBERS: Final = 1000
_MOST_BYTES: Final = 16 * 1024 * 1024  # as long as a result that is kept


class _Output(msgspec.Struct):
    content: msgspec.Raw


class _Answer(msgspec.Struct):
    output: _Output


def content_text(result: bytes) -> str:
    """The content of a task's output, of other runs the whole result."""
    content = _content(result)
    if not content:
        return result.decode(errors="replace")
    return cut_text(content, _MOST_BYTES) if content.startswith(b'"') else content.decode(errors="replace")


def field_values(result: bytes, names: Iterable[str], most: int) -> dict[str, str]:
    """The values of those fields of a task's output that have one, as texts of at most so many characters.

    With a dot in its name a field is an element of a list, as evidence names it: `people.0`.
    """
    content: Value = _content(result)
    if content.startswith(b'"'):  # JSON within a text (Parallel 2.9.3)
        content = cut_text(content, _MOST_BYTES).encode()
    fields = members(content, _MOST_MEMBERS, _MOST_BYTES)
    found = {name: value_text(_value(fields, name), most) for name in names}
    return {name: text for name, text in found.items() if text}


def value_text(value: Value, most: int) -> str:
    """A text as it is, anything else as JSON; its beginning."""
    whole = bytes(value)
    if whole.startswith(b'"'):
        return cut_text(whole, most)
    return whole[: 4 * most].decode(errors="ignore")[:most]


def _content(result: bytes) -> bytes:
    try:
        return bytes(msgspec.json.decode(result, type=_Answer).output.content)
    except UNREADABLE:
        return b""


def _value(fields: dict[str, msgspec.Raw], name: str) -> Value:
    if name in fields:
        return fields[name]
    field, _, place = name.rpartition(".")
    if field not in fields or not (place.isdecimal() and int(place) < _MOST_MEMBERS):
        return ABSENT
    return next(islice(elements(fields[field], int(place) + 1), int(place), None), b"")
