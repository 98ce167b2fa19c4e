"""Single values out of JSON that others have written: what is of another kind than it should be is not said.

Documents are read into structs whose members are `msgspec.Raw`, so that one odd member spoils no other, and each
member is then made sense of here. Pure; nothing is raised, and what comes out is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final, TypeVar, cast

import msgspec

from penstock.time_text import moment_us
from penstock.wire.answer_pieces import start_of
from penstock.wire.tolerant_json import UNREADABLE, mended, parts

ABSENT: Final = msgspec.Raw()
LONGEST_ID: Final = 256
"""Characters of an id, or of a word like a state."""

_MOST_COUNTED = 2**53
_MOST_MEMBERS = 1000  # that are looked at one by one

Value = bytes | msgspec.Raw

_T = TypeVar("_T", bound=msgspec.Struct)

_to_text = msgspec.json.Decoder(str).decode
_to_flag = msgspec.json.Decoder(bool).decode
_to_number = msgspec.json.Decoder(float).decode
_to_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def struct_of(kind: type[_T], data: Value) -> _T | None:
    """An object, also one that is cut or of which some part makes no sense; None for what is none.

    All members of `kind` have to be `msgspec.Raw`, and `ABSENT` where they are missing.
    """
    try:
        return cast("_T", _decoder(kind).decode(data))
    except UNREADABLE:
        pass
    try:
        return cast("_T", _decoder(kind).decode(mended(_begun(data), _names(kind))))
    except UNREADABLE:
        return None


@cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[msgspec.Struct]:
    return msgspec.json.Decoder(kind)


@cache
def _names(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind))


def _begun(data: Value) -> bytes:
    whole = bytes(data)
    return whole[start_of(whole) :]


def elements(data: Value, most: int) -> Iterator[bytes]:
    """The elements of an array, at most so many; those of one that is cut as far as they are whole."""
    array = _begun(data)
    if not array.startswith(b"["):
        return
    try:
        for part in islice(parts(array), most):
            if part.value is not None:
                yield part.value
    except ValueError:
        return


def array_in(data: Value, name: str) -> bytes:
    """The bytes from where an object's array of that name begins, also one that is cut; nothing, where it has none."""
    whole, quoted = _begun(data), b'"%b"' % name.encode()
    try:
        for part in islice(parts(whole), _MOST_MEMBERS):
            if part.name == quoted and whole.startswith(b"[", part.start):
                return whole[part.start :]
    except ValueError:
        pass
    return b""


def members(data: Value, most: int, most_bytes: int) -> dict[str, msgspec.Raw]:
    """The first members of an object, at most so many; none, where it has more than so many bytes."""
    if len(data) > most_bytes:
        return {}
    try:
        return dict(islice(_to_members(data).items(), most))
    except UNREADABLE:
        return {}


def names(data: Value, most: int) -> list[str]:
    """The names of an object's members, at most so many."""
    whole = _begun(data)
    if not whole.startswith(b"{"):
        return []
    try:
        return [text(part.name) for part in islice(parts(whole), most)]
    except ValueError:
        return []


def is_object(data: Value) -> bool:
    """Whether it is one, as far as its beginning tells."""
    return _begun(data).startswith(b"{")


def text(data: Value, most: int = LONGEST_ID) -> str:
    """A text; empty for what is none, or a longer one."""
    found = cut_text(data, most + 1)
    return found if len(found) <= most else ""


def cut_text(data: Value, most: int) -> str:
    """The beginning of a text; empty for what is none."""
    try:
        return _to_text(data)[:most]
    except UNREADABLE:
        return ""


def flag(data: Value) -> bool | None:
    """True or false; None for what is neither."""
    try:
        return _to_flag(data)
    except UNREADABLE:
        return None


def number(data: Value) -> float | None:
    """A finite number; None for what is none."""
    try:
        return _to_number(data)
    except UNREADABLE:
        return None


def count(data: Value) -> int | None:
    """A whole number from 0 on, 12.0 as well; None for what is none, or more than anybody can count."""
    found = number(data)
    if found is None or not 0 <= found <= _MOST_COUNTED or not found.is_integer():
        return None
    return int(found)


def time_us(data: Value) -> int | None:
    """A time in RFC 3339, in microseconds since 1970; None for what is none."""
    return moment_us(text(data, 64))
