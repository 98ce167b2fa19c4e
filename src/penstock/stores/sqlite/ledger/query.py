"""A `Query` as a plan: where in the ledger to look, what to ask of each zone and of each row.

Made within a read transaction: names and places are looked up now. How a plan is followed is in
`walk.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from penstock.stores.filters import groups
from penstock.stores.ledger import Query
from penstock.stores.sqlite.ledger.filter import Printer
from penstock.stores.sqlite.ledger.filter_sql import Test, Value, listed
from penstock.stores.sqlite.ledger.keys import EVERYTHING, Span, since


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
    printer = Printer(db, places)
    tests = [printer.test(predicate) for predicate in groups(query)]
    rows = [test.rows for test in tests]
    if len(places) < len(found):
        rows.insert(0, f"c.place IN ({listed(places)})")
    only = tests[0] if len(tests) == 1 else None
    return Plan(
        listed(places),
        " AND ".join(rows) or "1",
        " AND ".join(test.zones for test in tests if test.zones is not None) or "1",
        printer.values,
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
