"""One filter on logs: which keys there are, which operators and values fit them (Cloudflare 4.3, 4.6).

Pure: from plain JSON to the ledger's conditions, or all that is wrong. How a query of the management API spells
filters is read there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal, get_args

import msgspec

from penstock.stores import call_columns
from penstock.stores.ledger import FILTERED, Condition, Key, Operator, Scalar
from penstock_common.check import Finding

MAX_FILTERS: Final = 50
MAX_VALUES: Final = 100
"""Of one filter."""

MAX_ALL_VALUES: Final = 500
"""Of all filters together: each is compared with each call."""

MAX_PARTS: Final = 100
"""Texts to be contained, of all filters together: each is looked for in each name there is."""

MAX_TEXT: Final = 2000
MAX_NUMBER: Final = 1_000_000_000

Kind = Literal["text", "number", "flag", "time", "any"]

_OF_NO_COLUMN: Final[Mapping[str, Kind]] = {
    "tokens": "number",
    "metadata.key": "text",
    "metadata.value": "any",
    "wholesale": "flag",
    "dlp_action": "text",
}
_OF_COLUMNS: Final[Mapping[call_columns.Kind, Kind]] = {
    "moment": "time",
    "number": "number",
    "code": "number",
    "duration": "number",
    "money": "number",
    "flag": "flag",
}
KINDS: Final[Mapping[str, Kind]] = {
    key: _OF_NO_COLUMN.get(key) or _OF_COLUMNS.get(FILTERED[key].kind, "text") for key in get_args(Key)
}

DatasetKey = Literal[
    "created_at", "request_content_type", "response_content_type", "success", "cached", "provider", "model",
    "cost", "tokens", "tokens_in", "tokens_out", "duration", "feedback",
]  # fmt: skip
DatasetOperator = Literal["eq", "contains", "lt", "gt"]

_FITTING: Final[Mapping[Kind, frozenset[str]]] = {
    "text": frozenset(("eq", "neq", "contains")),
    "any": frozenset(("eq", "neq", "contains")),
    "number": frozenset(("eq", "neq", "lt", "gt")),
    "time": frozenset(("eq", "neq", "lt", "gt")),
    "flag": frozenset(("eq", "neq")),
}
_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?")
_FLAGS: Final = {"true": True, "false": False}


class Rules(msgspec.Struct, frozen=True):
    """What may stand in a filter."""

    keys: Sequence[str]
    operators: Sequence[str]
    null: bool  # may a value be null?


LOG_RULES: Final = Rules(tuple(KINDS), get_args(Operator), null=True)
DATASET_RULES: Final = Rules(get_args(DatasetKey), get_args(DatasetOperator), null=False)


class WrongFilters(Exception):
    """These are no filters: `findings` says why, with paths from the list of them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(finding.reason for finding in findings))
        self.findings = tuple(findings)


class _Wrong(Exception):
    """Something in a filter; the path leads to it from the filter."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def conditions(filters: object, rules: Rules) -> tuple[Condition, ...]:
    """What the filters ask for, all of it together. Raises `WrongFilters` with everything wrong."""
    if not isinstance(filters, list):
        raise WrongFilters([Finding((), "filters must be an array")])
    if len(filters) > MAX_FILTERS:
        raise WrongFilters([Finding((), f"{len(filters)} filters are too many, at most {MAX_FILTERS}")])
    wrong: list[Finding] = []
    found: list[Condition] = []
    for number, one in enumerate(filters):
        try:
            found.append(_condition(one, rules))
        except _Wrong as error:
            wrong.append(Finding((number, *error.path), error.message))
    wrong += _too_many(found)
    if wrong:
        raise WrongFilters(wrong)
    return tuple(found)


def _too_many(found: Sequence[Condition]) -> Iterator[Finding]:
    values = sum(len(one.values) for one in found)
    if values > MAX_ALL_VALUES:
        yield Finding((), f"{values} values are too many, at most {MAX_ALL_VALUES} in all filters together")
    parts = sum(len(one.values) for one in found if one.operator == "contains")
    if parts > MAX_PARTS:
        yield Finding(
            (), f"{parts} values of contains are too many, at most {MAX_PARTS} in all filters together"
        )


def may_be(key: str, text: str) -> bool:
    """Whether a text can be a value of this key. Whether there is such a key is not asked."""
    try:
        _read(text, KINDS.get(key, "text"), ())
    except _Wrong:
        return False
    return True


def moment(text: str) -> datetime | None:
    """A date, or a date and time (RFC 3339; without an offset: UTC), in UTC. None for anything else."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _condition(one: object, rules: Rules) -> Condition:
    if not isinstance(one, Mapping):
        raise _Wrong("a filter is an object with key, operator and value")
    unknown = [str(name) for name in one if name not in ("key", "operator", "value")]
    if unknown:
        raise _Wrong(f"a filter has no {unknown[0]!r}, only key, operator and value", unknown[0])
    key = msgspec.convert(_one_of(one, "key", rules.keys), Key)
    operator = msgspec.convert(_one_of(one, "operator", rules.operators), Operator)
    kind = KINDS[key]
    if operator not in _FITTING[kind]:
        fitting = " or ".join(name for name in rules.operators if name in _FITTING[kind])
        raise _Wrong(f"{operator} does not fit {key}: use {fitting}", "operator")
    return Condition(key, operator, tuple(_values(one.get("value"), kind, operator, rules)))


def _one_of(one: Mapping[object, object], name: str, allowed: Sequence[str]) -> str:
    """Worded as Cloudflare words it (3.29)."""
    value = one.get(name)
    if isinstance(value, str) and value in allowed:
        return value
    expected = " | ".join(f"'{item}'" for item in allowed)
    found = f"'{value[:60]}'" if isinstance(value, str) else "nothing" if value is None else "no text"
    raise _Wrong(f"Invalid enum value. Expected {expected}, received {found}", name)


def _values(value: object, kind: Kind, operator: str, rules: Rules) -> Iterator[Scalar]:
    values = value if isinstance(value, list) else [value]
    if not 0 < len(values) <= MAX_VALUES:
        raise _Wrong(f"a filter has from 1 to {MAX_VALUES} values, not {len(values)}", "value")
    for number, item in enumerate(values):
        place = ("value", number)
        if item is not None:
            yield _read(item, kind, place)
        elif rules.null and operator in ("eq", "neq"):
            yield None
        else:
            raise _Wrong(f"null does not fit {operator}" if rules.null else "a value may not be null", *place)


def _read(value: object, kind: Kind, place: Sequence[str | int]) -> Scalar:
    """A value by its key's kind; in a query all of them are text."""
    if kind == "any" and isinstance(value, bool | int | float):
        return value if isinstance(value, bool) else _number(value, place)
    if kind == "number":
        return _number(value, place)
    if kind == "flag":
        return _flag(value, place)
    if not isinstance(value, str):
        raise _Wrong("the value must be text", *place)
    if len(value) > MAX_TEXT:
        raise _Wrong(f"a value has at most {MAX_TEXT} characters", *place)
    return value if kind != "time" else _time(value, place)


def _number(value: object, place: Sequence[str | int]) -> int | float:
    if isinstance(value, str) and (written := _NUMBER.fullmatch(value.strip())):
        number: int | float = float(written[0])  # `float` takes fewer characters for spaces than `strip` does
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    else:
        raise _Wrong("the value must be a number", *place)
    if not abs(number) <= MAX_NUMBER:  # nor NaN
        raise _Wrong(f"the value must be from -{MAX_NUMBER} to {MAX_NUMBER}", *place)
    return int(number) if number == int(number) else number


def _flag(value: object, place: Sequence[str | int]) -> bool:
    found = _FLAGS.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise _Wrong("the value must be true or false", *place)
    return found


def _time(value: str, place: Sequence[str | int]) -> str:
    found = moment(value)
    if found is None:
        raise _Wrong("the value must be a time such as 2026-01-31T12:00:00Z", *place)
    return f"{found.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
