"""A `Query` as a plan: where in the ledger to look, what to ask of each zone and of each row.

Made within a read transaction: names and places are looked up now. How a plan is followed is in
`walk.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from penstock.stores.ledger import FILTERED, Condition, Query
from penstock.stores.sqlite.ledger.fields import NUMBERS
from penstock.stores.sqlite.ledger.filter import Filter, Test, Value, flags_of, listed
from penstock.stores.sqlite.ledger.filter_numbers import numbers, times
from penstock.stores.sqlite.ledger.keys import EVERYTHING, Span, since

_CODES: Final = [key for key, column in FILTERED.items() if column.kind == "code"]
_FLAGS: Final = [key for key, column in FILTERED.items() if column.kind == "flag"]


class Plan(NamedTuple):
    """`rows` is a condition over `calls c`, `zones` one over `zones z`, `keys` a query for keys."""

    places: str  # their numbers, for an IN
    rows: str
    zones: str
    values: Mapping[str, Value]
    span: Span
    keys: str | None  # of the few calls that may fit, where these can be told at once
    is_counted: bool  # whether zones know how many of their calls fit:
    counted: str | None = None  # those of `zone_values v`; None: all
    others: bool = False  # all but those


def plan(db: sqlite3.Connection, query: Query) -> Plan:
    """Raises `UnfitCondition`."""
    found = db.execute("SELECT id, account, gateway FROM places").fetchall()
    places = [
        place
        for place, account, gateway in found
        if query.account in (None, account) and (not query.gateways or gateway in query.gateways)
    ]
    made = Filter(db, places)
    groups = [[_test(made, condition) for condition in group] for group in query.conditions if group]
    if query.search:
        groups.append([made.search(query.search)])
    tests = [_any(group) for group in groups]
    rows = [test.rows for test in tests]
    if len(places) < len(found):
        rows.insert(0, f"c.place IN ({listed(places)})")
    only = tests[0] if len(tests) == 1 else None
    return Plan(
        listed(places),
        " AND ".join(rows) or "1",
        " AND ".join(test.zones for test in tests if test.zones is not None) or "1",
        made.values,
        _common([_times(query), *(test.span for test in tests if test.span is not None)]),
        next((test.keys for test in tests if test.keys is not None), None),
        not tests or (only is not None and only.counted is not None),
        only and only.counted,
        only is not None and only.others,
    )


def narrowed(base: Plan, test: Test) -> Plan:
    """The plan for those of its calls that pass one more test."""
    zones = base.zones if test.zones is None else f"{base.zones} AND {test.zones}"
    is_all = base.is_counted and base.counted is None
    return base._replace(
        rows=f"{base.rows} AND {test.rows}",
        zones=zones,
        is_counted=is_all and test.counted is not None,
        counted=test.counted if is_all else None,
        others=is_all and test.others,
    )


def _times(query: Query) -> Span:
    until = EVERYTHING.end if query.until_us is None else since(query.until_us)
    return Span(0 if query.since_us is None else since(query.since_us), until)


def _common(spans: Sequence[Span]) -> Span:
    start, end = max(span.start for span in spans), min(span.end for span in spans)
    return Span(start, max(start, end))


def _any(tests: Sequence[Test]) -> Test:
    """The test that is passed by what passes any of some."""
    if len(tests) == 1:
        return tests[0]
    zones = [test.zones for test in tests if test.zones is not None]
    return Test(
        f"({' OR '.join(test.rows for test in tests)})",
        f"({' OR '.join(zones)})" if len(zones) == len(tests) else None,
    )


def _test(made: Filter, condition: Condition) -> Test:
    match condition.key:
        case "id":
            return made.ids(condition)
        case "event_id":
            return made.event_ids(condition)
        case "created_at":
            return times(condition)
        case key if key in _CODES:
            return made.few_numbers(condition)
        case key if key in _FLAGS:
            return made.flags(condition)
        case "wholesale":
            return made.constant(condition, flags_of(condition), False)
        case "dlp_action":
            return made.constant(
                condition, [None if value == "" else value for value in condition.values], None
            )
        case key if key in NUMBERS:
            return numbers(condition)
        case _:
            return made.names(condition)
