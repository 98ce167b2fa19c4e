"""What a predicate comes to in SQL: a `Test`, and the pieces that all printers of predicates share.

Which predicate is printed how is in `filter.py`, `filter_ids.py` and `filter_numbers.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from penstock.stores.sqlite.ledger.fields import FIELDS, UNKNOWN
from penstock.stores.sqlite.ledger.keys import Span

Value = str | int | bytes


class Test(NamedTuple):
    """A predicate. `zones` is None where any zone may hold a call that fits."""

    rows: str
    zones: str | None = None
    counted: str | None = None  # a condition over `zone_values v`: those that fit, as zones count them
    others: bool = False  # those that fit are all but the counted
    span: Span | None = None  # where calls that fit must be
    keys: str | None = None  # a query for the few keys of calls that may fit


def any_test(tests: Sequence[Test]) -> Test:
    """The test that is passed by what passes any of some."""
    if len(tests) == 1:
        return tests[0]
    zones = [test.zones for test in tests if test.zones is not None]
    return Test(
        f"({' OR '.join(test.rows for test in tests) or '0'})",
        f"({' OR '.join(zones) or '0'})" if len(zones) == len(tests) else None,
    )


def value_test(column: str, value: int, places: str) -> Test:
    """Whether a call has one value, or `UNKNOWN`, in a column that zones count."""
    counted = f"v.place IN ({places}) AND v.field = {FIELDS[column]} AND v.value = {value}"
    return Test(f"coalesce(c.{column}, {UNKNOWN}) = {value}", zones_with(counted), counted)


def zones_with(counted: str) -> str:
    """Zones that count a value; `counted` is over `zone_values v`."""
    within = f"{counted} AND {ON_SHELVES} AND v.block >= :low AND v.block < :high"
    return f"(z.place, z.block) IN (SELECT v.place, v.block FROM zone_values v WHERE {within})"


ON_SHELVES = "v.shelf IN (SELECT value FROM json_each(:shelves))"
"""Values on the shelves of the blocks that are asked about."""


def listed(numbers: Iterable[object]) -> str:
    """For an IN."""
    return ", ".join(map(str, numbers))
