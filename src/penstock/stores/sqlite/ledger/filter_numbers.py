"""A `Condition` on a number of many values, or on the time, as SQL.

A value fits by what the wire shows of it: milliseconds of a duration and of a time. Zones know the least and
the greatest of each number, and by their marks most of the numbers that they do not have.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final, NamedTuple

from penstock.stores.condition_values import number, time_us
from penstock.stores.ledger import Condition, UnfitCondition
from penstock.stores.sqlite.ledger.fields import NUMBER_SQL, NUMBERS
from penstock.stores.sqlite.ledger.filter import Test, known
from penstock.stores.sqlite.ledger.filter_ids import marked_zones
from penstock.stores.sqlite.ledger.keys import EVERYTHING, Span, since

_NANO: Final = Decimal(10**9)
_MS: Final = 1000


class _Range(NamedTuple):
    """Stored numbers from `least` to `most`, both included, and what zones mark of them."""

    least: int
    most: int
    mark: int


def numbers(condition: Condition) -> Test:
    """Of cost, duration and tokens."""
    given = [number(condition, value) for value in condition.values]
    match condition.operator:
        case "contains":
            raise UnfitCondition(f"`contains` is for texts, and {condition.key} is none")
        case "lt":
            return _below(condition.key, max(_known(condition, given), default=None))
        case "gt":
            return _above(condition.key, min(_known(condition, given), default=None))
        case _:
            return _equal(condition, given)


def times(condition: Condition) -> Test:
    """Of the moment at which a call began."""
    given = [time_us(condition, value) for value in condition.values]
    moments = [moment // _MS * _MS for moment in given if moment is not None]
    match condition.operator:
        case "contains":
            raise UnfitCondition("`contains` is for texts, and created_at is a time")
        case "lt":
            known(condition, given)
            return _between(Span(0, since(max(_exact(given), default=0))))
        case "gt":
            known(condition, given)
            return _between(Span(since(min(map(_after, _exact(given)), default=1 << 52)), EVERYTHING.end))
        case _:
            spans = [Span(since(moment), since(moment + _MS)) for moment in moments]
            if condition.operator == "neq":
                return Test(f"NOT ({' OR '.join(map(_within, spans)) or '0'})")
            if len(spans) == 1:
                return _between(spans[0])
            return Test(f"({' OR '.join(map(_within, spans)) or '0'})")


def _known(condition: Condition, given: list[Decimal | None]) -> list[Decimal]:
    known(condition, given)
    return [value for value in given if value is not None]


def _exact(given: list[int | None]) -> list[int]:
    return [moment for moment in given if moment is not None]


def _after(moment: int) -> int:
    """The first that is later. A moment of whole milliseconds stands for all of its millisecond."""
    return moment + (1 if moment % _MS else _MS)


def _between(span: Span) -> Test:
    return Test(_within(span), span=span)


def _within(span: Span) -> str:
    return f"(c.key >= {span.start} AND c.key < {span.end})"


def _below(key: str, limit: Decimal | None) -> Test:
    if limit is None:
        return Test("0", "0")
    most = _range(key, math.ceil(limit * _scale(key)) - 1).most
    return Test(f"coalesce({NUMBER_SQL[key]} <= {most}, 0)", f"coalesce(z.{key}_least <= {most}, 0)")


def _above(key: str, limit: Decimal | None) -> Test:
    if limit is None:
        return Test("0", "0")
    least = _range(key, math.floor(limit * _scale(key)) + 1).least
    return Test(f"coalesce({NUMBER_SQL[key]} >= {least}, 0)", f"coalesce(z.{key}_most >= {least}, 0)")


def _equal(condition: Condition, given: list[Decimal | None]) -> Test:
    key, sql = condition.key, NUMBER_SQL[condition.key]
    ranges = [_range(key, int(shown)) for value in given if (shown := _shown(key, value)) is not None]
    rows = [f"coalesce({sql} BETWEEN {one.least} AND {one.most}, 0)" for one in ranges]
    zones = [_may_hold(key, one) for one in ranges]
    if None in given:
        rows.append(f"({sql}) IS NULL")
        zones.append(f"z.calls > z.{key}_known")
    if condition.operator == "neq":
        return Test(f"NOT ({' OR '.join(rows) or '0'})", _may_differ(key, ranges, unknown=None in given))
    return Test(f"({' OR '.join(rows) or '0'})", f"({' OR '.join(zones) or '0'})")


def _shown(key: str, value: Decimal | None) -> Decimal | None:
    """As it is counted in the ledger; None for what no call can have."""
    if value is None:
        return None
    # Dollars come as binary fractions: the nearest nano-dollar is meant.
    scaled = round(value * _NANO) if key == "cost" else value
    return Decimal(scaled) if scaled == int(scaled) else None


def _scale(key: str) -> Decimal:
    return _NANO if key == "cost" else Decimal(1)


def _range(key: str, shown: int) -> _Range:
    if key != "duration":
        return _Range(shown, shown, shown)
    odd = shown % 2  # halves are rounded to the even millisecond
    return _Range(shown * _MS - _MS // 2 + odd, shown * _MS + _MS // 2 - odd, shown)


def _may_hold(key: str, one: _Range) -> str:
    marks = marked_zones(NUMBERS.index(key), one.mark)
    return f"(z.{key}_least <= {one.most} AND z.{key}_most >= {one.least} AND {marks})"


def _may_differ(key: str, ranges: list[_Range], *, unknown: bool) -> str | None:
    if not ranges:
        return f"z.{key}_known > 0" if unknown else None
    if len(ranges) > 1:
        return None
    (one,) = ranges
    same = f"z.{key}_least >= {one.least} AND z.{key}_most <= {one.most}"
    rest = "" if unknown else f" AND z.calls = z.{key}_known"
    return f"NOT coalesce({same}{rest}, {int(unknown)})"
