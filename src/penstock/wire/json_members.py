"""The members of a JSON object by their places in its bytes, to change one and leave the rest as it is. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from penstock.pieces import Pieces
from penstock.wire.json_outline import SMALL_BYTES, outline

_KEY = re.compile(rb'[\s,]*("[^"\\]*(?:\\.[^"\\]*)*")\s*:\s*', re.DOTALL)
_START = re.compile(rb"\s*\{\s*")
_END = re.compile(rb"\s*\}\s*\Z")

_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode


class Member(NamedTuple):
    """One member: where its name begins, where its value begins and ends, and the value."""

    begin: int
    start: int
    end: int
    value: bytes


def members(data: bytes) -> dict[str, Member]:
    """The members of an object, in their order. Raises `ValueError` for anything else, and where a name is twice."""
    try:
        values = _raw_members(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None
    opening = _START.match(data)
    place = 0 if opening is None else opening.end()
    found = {}
    for _ in values:
        key = _KEY.match(data, place)
        name = "" if key is None else _text(key[1])
        value = bytes(values.get(name, b""))
        if key is None or name in found or not data.startswith(value, key.end()):
            raise ValueError("a name is there twice")
        place = key.end() + len(value)
        found[name] = Member(key.start(1), key.end(), place, value)
    if _END.match(data, place) is None:
        raise ValueError("a name is there twice")
    return found


def reading_members(data: bytes) -> Pieces[dict[str, Member]]:
    """`members` of an object of any size; each piece of work tells how many bytes it has looked at."""
    if len(data) <= SMALL_BYTES:
        return members(data)
    parts = yield from outline(data)
    found = {
        part.name: Member(part.begin, part.start, part.end, data[part.start : part.end]) for part in parts
    }
    if len(found) < len(parts):
        raise ValueError("a name is there twice")
    return found


def with_member(data: bytes, found: dict[str, Member], name: str, value: bytes) -> bytes:
    """The object with one more member, or another value for one it has. `found` are its members."""
    old = found.get(name)
    if old is not None:
        return data[: old.start] + value + data[old.end :]
    member = msgspec.json.encode(name) + b":" + value
    if found:
        place = next(reversed(found.values())).end
        return data[:place] + b"," + member + data[place:]
    place = data.index(b"{") + 1
    return data[:place] + member + data[place:]


def without_member(data: bytes, found: dict[str, Member], name: str) -> bytes:
    """The object without one of its members, and one comma less."""
    names = list(found)
    index = names.index(name)
    if index + 1 < len(names):
        return data[: found[name].begin] + data[found[names[index + 1]].begin :]
    begin = found[names[index - 1]].end if index else found[name].begin
    return data[:begin] + data[found[name].end :]
