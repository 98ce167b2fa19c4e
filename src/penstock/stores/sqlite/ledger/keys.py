"""A call's key: the number under which the SQLite ledger keeps it, in the order of time.

`created_us << 11`, with the last bits of the id below it. An id is the UUIDv7 of the same moment, so from an
id one knows nearly where its call is, and no index over ids or times is needed. Pure.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from penstock.stores.ledger import Unstorable

BITS: Final = 11  # how many calls may begin in one microsecond: 2048
NUMBERS: Final = 1 << BITS
LAST_KEY: Final = (1 << 63) - 1
_LAST_US: Final = LAST_KEY >> BITS  # in the year 2112
_ID_DIGITS: Final = 32
_TIME_BITS: Final = 80  # of an id below its milliseconds

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_HEX = re.compile(r"[0-9a-f-]*").fullmatch


class Span(NamedTuple):
    """Keys from `start` up to `end`, which is not included."""

    start: int
    end: int


EVERYTHING: Final = Span(0, LAST_KEY)


def packed(call_id: str, created_us: int) -> bytes:
    """The 16 bytes of an id. Raises `Unstorable` where it is no lower-case UUIDv7 of that moment."""
    if _ID(call_id) is None:
        raise Unstorable(f"{call_id!r} is no UUIDv7")
    data = bytes.fromhex(call_id.replace("-", ""))
    if int.from_bytes(data[:6]) != created_us // 1000 or not 0 <= created_us < _LAST_US:
        raise Unstorable(f"{call_id!r} is not the UUIDv7 of {created_us} µs")
    return data


def packed_if_id(text: str) -> bytes | None:
    """The 16 bytes of an id; None for any other text."""
    return bytes.fromhex(text.replace("-", "")) if _ID(text) else None


def unpacked(data: bytes) -> str:
    """An id as it is written."""
    text = data.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def first_choice(data: bytes, created_us: int) -> int:
    """The key of a call, if it is free."""
    return created_us << BITS | int.from_bytes(data[-2:]) & NUMBERS - 1


def created_us(key: int) -> int:
    """When the call of a key began."""
    return key >> BITS


def since(time_us: int) -> int:
    """The first key of a moment."""
    return min(max(time_us, 0) << BITS, LAST_KEY)


def around(data: bytes) -> Span:
    """Where the call of an id must be: its millisecond."""
    begins_us = int.from_bytes(data[:6]) * 1000
    return Span(since(begins_us), since(begins_us + 1000))


def beginning_with(part: str) -> Span | None:
    """Where calls are whose ids begin with `part`; None where no id can."""
    digits = part.replace("-", "")
    if _HEX(part) is None or len(digits) > _ID_DIGITS:
        return None
    low = int(digits.ljust(_ID_DIGITS, "0"), 16) >> _TIME_BITS
    high = int(digits.ljust(_ID_DIGITS, "f"), 16) >> _TIME_BITS
    return Span(since(low * 1000), since((high + 1) * 1000))
