"""The values of a condition, as numbers, flags, texts and times. Pure.

They come from people and from other programs' habits: the type may be loose, the meaning may not. Raises
`UnfitCondition` for what cannot be understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from penstock.stores.ledger import Condition, Scalar, UnfitCondition
from penstock.time_text import moment_us

_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_LARGEST: Final = Decimal(1 << 62)

_to_json = msgspec.json.Encoder().encode


def number(condition: Condition, value: Scalar) -> Decimal | None:
    """A number, also out of a text; None for the unknown."""
    if value is None:
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if isinstance(value, bool) or not found.is_finite() or abs(found) > _LARGEST:
        raise UnfitCondition(f"{condition.key} is a number: {value!r} is none")
    return found


def flag(condition: Condition, value: Scalar) -> bool | None:
    """A flag, also as 0 and 1, or in a text; None for the unknown."""
    if value is None:
        return None
    found = _FLAGS.get(as_text(value).strip().lower())
    if found is None:
        raise UnfitCondition(f"{condition.key} is true or false: {value!r} is neither")
    return found


def time_us(condition: Condition, value: Scalar) -> int | None:
    """A moment in microseconds out of RFC 3339, without an offset in UTC; None for the unknown."""
    if value is None:
        return None
    found = moment_us(value) if isinstance(value, str) else None
    if found is not None:
        return found
    raise UnfitCondition(f"{condition.key} is a time like 2026-01-31T12:00:00Z: {value!r} is none")


def as_text(value: str | int | float | bool) -> str:
    """A value as people write it: 1 for 1.0, true for True."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _to_json(value).decode()


def parts(condition: Condition) -> list[str]:
    """What a text is to contain, in lower case."""
    if None in condition.values:
        raise UnfitCondition(f"`contains` wants a text for {condition.key}, not null")
    return [as_text(value).casefold() for value in condition.values if value is not None]


def holds(text: str, parts: Iterable[str]) -> bool:
    """Whether a text contains one of some parts, which are in lower case already."""
    folded = text.casefold()
    return any(part in folded for part in parts)
