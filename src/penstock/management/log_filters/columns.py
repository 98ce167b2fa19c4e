"""Filters whose fields come in columns: first all keys, then all operators, then all values (Cloudflare 4.1).

So the official libraries for Python and Go send them, whatever the order in which they were given. Which values
belong to which filter is then told by their number and kind alone. Where that leaves a choice, nothing is
guessed: a wrong guess would list, or delete, other calls than those that were meant. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from penstock.control.log_filters import KINDS, MAX_ALL_VALUES, MAX_FILTERS, may_be
from penstock.management.problem import ManagementError, invalid

Ways = list[list[int]]
Fits = Callable[[int, int], bool]
"""Whether a filter (by number) may have a value (by number)."""


def from_columns(keys: Sequence[str], operators: Sequence[str], values: Sequence[str]) -> list[object]:
    """The filters. Raises `ManagementError` 400 where they cannot be told."""
    if len(keys) != len(operators):
        raise invalid(f"{len(keys)} filters have a key and {len(operators)} an operator", "query", "filters")
    if len(keys) > MAX_FILTERS or len(values) > MAX_ALL_VALUES:  # each may have to be tried with each
        raise invalid(
            f"{len(keys)} filters with {len(values)} values are too many, at most {MAX_FILTERS} with {MAX_ALL_VALUES}",
            "query",
            "filters",
        )

    def fits(number: int, place: int) -> bool:
        return may_be(keys[number], values[place])

    if len(keys) == 1:
        groups = [[*range(len(values))]]
    elif len(values) >= len(keys):
        groups = _several_each(len(keys), len(values), fits)
    else:
        groups = _one_at_most(
            len(values), [_may_be_null(*pair) for pair in zip(keys, operators, strict=True)], fits
        )
    return [
        {"key": key, "operator": operator, "value": [values[place] for place in group] or [None]}
        for key, operator, group in zip(keys, operators, groups, strict=True)
    ]


def _several_each(filters: int, values: int, fits: Fits) -> list[list[int]]:
    """At least one value for each filter, in order.

    `ways[n][v]`: in how many ways the values up to `v` can be shared out so that `v` is the filter `n`'s.
    """
    if values == filters:
        return [[place] for place in range(values)]
    ways: Ways = []
    for number in range(filters):
        row: list[int] = []
        for place in range(values):
            before = ways[-1][place - 1] if number and place else int(number == place == 0)
            same = row[place - 1] if place else 0
            row.append(min(before + same, 2) if fits(number, place) else 0)
        ways.append(row)
    if not filters or ways[-1][-1] != 1:
        raise _untold()
    groups: list[list[int]] = [[] for _ in range(filters)]
    number = filters - 1
    for place in reversed(range(values)):
        groups[number].insert(0, place)
        if place and not ways[number][place - 1]:
            number -= 1
    return groups


def _one_at_most(values: int, may_be_null: Sequence[bool], fits: Fits) -> list[list[int]]:
    """A value for some filters, in order; the others were null, which those libraries leave out.

    `ways[n][v]`: in how many ways the first `v` values can be those of the first `n` filters.
    """
    ways: Ways = [[1] + [0] * values]
    for number, null in enumerate(may_be_null):
        above = ways[-1]
        row = [above[0] * null]
        for place in range(values):
            taken = above[place] if fits(number, place) else 0
            row.append(min(taken + above[place + 1] * null, 2))
        ways.append(row)
    if ways[-1][-1] != 1:
        raise _untold()
    groups: list[list[int]] = []
    left = values
    for number in reversed(range(len(may_be_null))):
        is_taken = left > 0 and ways[number][left - 1] > 0 and fits(number, left - 1)
        left -= is_taken
        groups.insert(0, [left] if is_taken else [])
    return groups


def _may_be_null(key: str, operator: str) -> bool:
    """Flags and times are never unknown."""
    return operator in ("eq", "neq") and KINDS.get(key) not in ("flag", "time")


def _untold() -> ManagementError:
    return invalid(
        "it cannot be told which values belong to which filter: give each filter one value, or send them as JSON, "
        'filters=[{"key":"model","operator":"eq","value":["a","b"]}]',
        "query",
        "filters",
    )
