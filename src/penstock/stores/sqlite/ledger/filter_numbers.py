"""Predicates on numbers of many values, and on the time, printed as SQL.

Zones know the least and the greatest of each number, and by their marks most of the numbers that they do not have.
"""

from __future__ import annotations

from penstock.stores.predicates import Began, Moments, Range, Within
from penstock.stores.sqlite.ledger.fields import NUMBER_SQL, NUMBERS
from penstock.stores.sqlite.ledger.filter_ids import marked_zones
from penstock.stores.sqlite.ledger.filter_sql import Test
from penstock.stores.sqlite.ledger.keys import EVERYTHING, Span, since
from penstock.stores.sqlite.ledger.zones import shown_ms


def within(wanted: Within) -> Test:
    """Of cost, duration and tokens."""
    zones = [_may_hold(wanted.field, one) for one in wanted.ranges]
    if wanted.unknown:
        zones.append(f"z.calls > z.{wanted.field}_known")
    return Test(_rows(wanted), f"({' OR '.join(zones) or '0'})")


def not_within(wanted: Within) -> Test:
    """All others."""
    return Test(f"NOT {_rows(wanted)}", _may_differ(wanted))


def began(wanted: Began) -> Test:
    """Of the moment at which a call began."""
    spans = [_span(one) for one in wanted.spans]
    rows = f"({' OR '.join(f'(c.key >= {one.start} AND c.key < {one.end})' for one in spans) or '0'})"
    return Test(rows, span=spans[0] if len(spans) == 1 else None)


def _span(moments: Moments) -> Span:
    begin = 0 if moments.since_us is None else since(moments.since_us)
    return Span(begin, EVERYTHING.end if moments.until_us is None else since(moments.until_us))


def _rows(wanted: Within) -> str:
    sql = NUMBER_SQL[wanted.field]
    rows = [f"coalesce({_between(sql, one)}, 0)" for one in wanted.ranges]
    if wanted.unknown:
        rows.append(f"({sql}) IS NULL")
    return f"({' OR '.join(rows) or '0'})"


def _between(sql: str, one: Range) -> str:
    match one:
        case (None, None):
            return f"({sql}) IS NOT NULL"
        case (None, most):
            return f"{sql} <= {most}"
        case (least, None):
            return f"{sql} >= {least}"
    return f"{sql} BETWEEN {one.least} AND {one.most}"


def _may_hold(field: str, one: Range) -> str:
    found = []
    if one.most is not None:
        found.append(f"z.{field}_least <= {one.most}")
    if one.least is not None:
        found.append(f"z.{field}_most >= {one.least}")
    mark = _mark(field, one)
    if mark is not None:
        found.append(marked_zones(NUMBERS.index(field), mark))
    return f"({' AND '.join(found) or f'z.{field}_known > 0'})"


def _mark(field: str, one: Range) -> int | None:
    """How zones mark the numbers of a range, where they mark all of them alike."""
    if one.least is None or one.most is None:
        return None
    least, most = (shown_ms(one.least), shown_ms(one.most)) if field == "duration" else one
    return least if least == most else None


def _may_differ(wanted: Within) -> str | None:
    field, ranges = wanted.field, wanted.ranges
    if not ranges:
        return f"z.{field}_known > 0" if wanted.unknown else None
    if len(ranges) > 1:
        return None
    (one,) = ranges
    same = []
    if one.least is not None:
        same.append(f"z.{field}_least >= {one.least}")
    if one.most is not None:
        same.append(f"z.{field}_most <= {one.most}")
    if not wanted.unknown:
        same.append(f"z.calls = z.{field}_known")
    return f"NOT coalesce({' AND '.join(same) or '1'}, {int(wanted.unknown)})"
