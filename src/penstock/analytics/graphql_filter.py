"""The filter of a GraphQL dataset, as the time and the conditions of a question.

Pure. Values come as JSON has them, whatever type a client declared for its variables. Raises `BadQuery`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

from penstock.analytics.graphql_schema import MINUTES, NUMBERS, TEXTS
from penstock.analytics.times import DAY_US, MINUTE_US, SECOND_US, parse_moment
from penstock.stores.rollups import METADATA, Having, Operator

WINDOW_US: Final = 32 * DAY_US
"""The longest time that one query may be about (Cloudflare 3.23)."""

_MAX_CLAUSES = 200
_MAX_VALUES = 500
_OPERATORS: Final[Mapping[str, Operator]] = {
    "": "eq",
    "in": "eq",
    "neq": "neq",
    "notin": "neq",
    "gt": "gt",
    "lt": "lt",
    "geq": "ge",
    "leq": "le",
    "like": "like",
}
_DIMENSIONS = {**TEXTS, **NUMBERS}
_LENGTHS = {name: minutes * MINUTE_US for name, minutes in MINUTES.items()}

Clause = tuple[Having, ...]


class BadQuery(ValueError):
    """What was asked cannot be answered; the text says what can."""


class Conditions(NamedTuple):
    """Not earlier than `since_us`, earlier than `until_us`; of each clause something must hold."""

    since_us: int
    until_us: int
    having: tuple[Clause, ...]


class _Parts(NamedTuple):
    since_us: list[int]
    until_us: list[int]
    clauses: list[Clause]
    keys: list[str]
    values: list[str]


def read_filter(given: Mapping[str, object], account: str, now_us: int) -> Conditions:
    """What a dataset's filter says; without a time, the last 32 days. Raises `BadQuery`."""
    parts = _Parts([], [], [], [], [])
    _read(given, parts)
    until_us = min(parts.until_us, default=max([now_us, *parts.since_us]))
    since_us = max(parts.since_us, default=until_us - WINDOW_US)
    if until_us - since_us > WINDOW_US:
        wide, found = WINDOW_US // SECOND_US, -(-(until_us - since_us) // SECOND_US)
        raise BadQuery(
            f'query time range is too large for account "{account}". '
            f"Time range can't be wider than {wide}s, but it's {found}s"
        )
    return Conditions(since_us, until_us, (*parts.clauses, *_metadata(parts)))


def _read(given: Mapping[str, object], parts: _Parts) -> None:
    for name, value in given.items():
        if len(parts.clauses) + len(parts.since_us) + len(parts.until_us) > _MAX_CLAUSES:
            raise BadQuery(f"a filter has at most {_MAX_CLAUSES} conditions: use _in, or ask several times")
        field, _, suffix = name.partition("_")
        if value is None:
            continue
        if name == "AND":
            for one in _filters(value):
                _read(one, parts)
        elif name == "OR":
            parts.clauses.extend(_either(_filters(value)))
        elif field == "datetime" or field in _LENGTHS:
            _add_time(name, field, suffix, value, parts)
        elif field in _DIMENSIONS:
            parts.clauses.append((Having(_DIMENSIONS[field], _OPERATORS[suffix], _values(name, value)),))
        else:
            (parts.keys if field == "metadataKeys" else parts.values).append(_text(name, value))


def _either(filters: Sequence[Mapping[str, object]]) -> list[Clause]:
    """Whatever holds for one of these filters, as clauses that all must hold."""
    each = []
    for one in filters:
        parts = _Parts([], [], [], [], [])
        _read(one, parts)
        if parts.since_us or parts.until_us or parts.keys or parts.values:
            raise BadQuery("in OR there can be no time and no metadata: say those beside it")
        each.append(parts.clauses)
    total = 1
    for clauses in each:
        total *= len(clauses)
    if total > _MAX_CLAUSES:
        raise BadQuery("this OR has too many alternatives: use _in, or ask several times")
    return [tuple(having for clause in chosen for having in clause) for chosen in product(*each)]


def _add_time(name: str, field: str, suffix: str, value: object, parts: _Parts) -> None:
    """Narrow the time. A bucket is known by where it begins: what is later than it is in a later bucket."""
    at_us = parse_moment(_text(name, value))
    if at_us is None:
        raise BadQuery(f"error parsing args: {name} is a time like 2026-11-22T14:00:00Z, or a date")
    if (
        field == "datetime"
    ):  # to the minute, as everything is kept: never a minute more for the sake of an instant
        bounds = {"": (at_us, at_us + 1), "geq": (at_us, None), "gt": (at_us, None)}
        since_us, until_us = bounds.get(suffix, (None, at_us))
    else:
        since_us, until_us = _buckets(name, suffix, at_us, _LENGTHS[field])
    parts.since_us.extend([] if since_us is None else [since_us])
    parts.until_us.extend([] if until_us is None else [until_us])


def _buckets(name: str, suffix: str, at_us: int, length: int) -> tuple[int | None, int | None]:
    """The time of all buckets that begin then, or earlier, or later."""
    begin = at_us // length * length
    following = begin + length
    match suffix:
        case "" if at_us == begin:
            return begin, following
        case "":
            raise BadQuery(f"error parsing args: no {name} begins then: use {name}_geq and {name}_leq")
        case "geq":
            return (begin if at_us == begin else following), None
        case "gt":
            return following, None
        case "leq":
            return None, following
    return None, (begin if at_us == begin else following)


def _metadata(parts: _Parts) -> list[Clause]:
    if not parts.keys and not parts.values:
        return []
    if len(parts.keys) != 1 or len(parts.values) > 1:
        raise BadQuery(
            "metadata is kept by one key at a time: give one metadataKeys_has, and one metadataValues_has"
        )
    key = METADATA + parts.keys[0]
    if not parts.values:
        return [(Having(key, "neq", ("",)),)]
    return [(Having(key, "eq", tuple(parts.values)),)]


def _filters(value: object) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = []
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            raise BadQuery("error parsing args: AND and OR hold a list of filters")
        found.append(one)
    return found


def _values(name: str, value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if len(values) > _MAX_VALUES:
        raise BadQuery(f"error parsing args: {name} has more than {_MAX_VALUES} values")
    return tuple(_text(name, one) for one in values)


def _text(name: str, value: object) -> str:
    if isinstance(value, bool | int):
        return str(int(value))
    if not isinstance(value, str):
        raise BadQuery(f"error parsing args: {name} cannot be {value!r}")
    return value
