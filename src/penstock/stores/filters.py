"""What a filter means: a `Condition` of the ledger as a predicate over a call (`predicates.py`). Pure.

Units and habits of the wire end here: dollars, milliseconds, RFC 3339, a model without its provider, metadata of
which 1 and "1" read alike. What a written value is, as a number or a time, is in `condition_values.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from penstock.stores.call_columns import Kind
from penstock.stores.condition_values import as_text, flag, number, parts, time_us
from penstock.stores.ledger import FILTERED, Condition, Query, UnfitCondition
from penstock.stores.predicates import (
    Always,
    Among,
    AnyOf,
    Began,
    Beyond,
    EventId,
    Flag,
    Id,
    IdPart,
    Metadata,
    MetadataField,
    Moments,
    Not,
    Part,
    Predicate,
    Range,
    Search,
    Text,
    Within,
)

_NANO: Final = Decimal(10**9)
_MS: Final = 1000

_from_json = msgspec.json.Decoder(str | int | float | bool).decode
_to_json = msgspec.json.Encoder().encode


def groups(query: Query) -> tuple[Predicate, ...]:
    """What must hold of a call, beside its place and time. Raises `UnfitCondition`."""
    found = [any_of(list(map(meaning, group))) for group in query.conditions if group]
    return (*found, Search(query.search.casefold())) if query.search else tuple(found)


def any_of(some: Sequence[Predicate]) -> Predicate:
    """Whatever fits one of some."""
    return some[0] if len(some) == 1 else AnyOf(tuple(some))


def meaning(condition: Condition) -> Predicate:
    """Raises `UnfitCondition` for what no call could be asked."""
    match condition.key:
        case "metadata.key" | "metadata.value" as field:
            return _metadata(condition, field)
        case "wholesale":
            return _constant(condition, [flag(condition, value) for value in condition.values], False)
        case "dlp_action":
            return _constant(condition, [None if value == "" else value for value in condition.values], None)
        case "tokens":
            return _number(condition, "number")
    column = FILTERED[condition.key]
    match column.kind:
        case "id" | "event":
            return _ids(condition)
        case "moment":
            return _times(condition)
        case "flag":
            return _flag(condition, column.name)
        case "code":
            return _few(condition, column.name)
        case "number" | "money" | "duration":
            return _number(condition, column.kind)
        case _:
            return _text(condition, column.name)


# -- texts


def _text(condition: Condition, field: str) -> Predicate:
    _no_order(condition)
    if condition.operator == "contains":
        return Part(field, tuple(parts(condition)))
    texts = [as_text(value) for value in condition.values if value is not None]
    bare = [text for text in texts if text and "/" not in text] if field == "model" else []
    unknown = None in condition.values or "" in texts
    return _signed(condition, Text(field, tuple(filter(None, texts)), unknown, tuple(bare)))


def _metadata(condition: Condition, field: MetadataField) -> Predicate:
    _no_order(condition)
    if condition.operator == "contains":
        return Part(field, tuple(parts(condition)))
    texts = [as_text(value) for value in condition.values if value is not None]
    return _signed(condition, Metadata(field, tuple(_json_forms(texts)), None in condition.values))


def shown(form: str) -> str:
    """A key or a value of metadata, which stands in JSON, as people read it."""
    return as_text(_from_json(form))


def _json_forms(texts: Iterable[str]) -> list[str]:
    """How values that read like these may stand in JSON: as a text, a number, true."""
    forms = []
    for text in texts:
        forms.append(_to_json(text).decode())
        forms += [form for form in (text, f"{text}.0") if _reads_as(form, text)]
    return forms


def _reads_as(form: str, text: str) -> bool:
    try:
        value = _from_json(form)
    except msgspec.MsgspecError:
        return False
    return not isinstance(value, str) and as_text(value) == text


def _ids(condition: Condition) -> Predicate:
    _no_order(condition)
    if condition.operator == "contains":
        return IdPart("id" if condition.key == "id" else "event_id", tuple(parts(condition)))
    texts = [value for value in condition.values if isinstance(value, str)]
    ids = tuple(text.strip().lower() for text in texts)
    return _signed(condition, Id(ids) if condition.key == "id" else EventId(tuple(texts), ids))


# -- flags, and fields that are the same for every call


def _flag(condition: Condition, field: str) -> Predicate:
    _no_order(condition)
    _no_part(condition)
    given = [flag(condition, value) for value in condition.values]
    return _signed(condition, Flag(field, tuple(value for value in given if value is not None)))


def _constant(condition: Condition, given: Sequence[object], value: bool | None) -> Predicate:
    _no_order(condition)
    if value is not None:
        _no_part(condition)
    if condition.operator == "contains":
        return Always(False)
    return Always((value in given) != (condition.operator == "neq"))


# -- numbers and times


def _few(condition: Condition, field: str) -> Predicate:
    _no_part(condition)
    given = [number(condition, value) for value in condition.values]
    known = [value for value in given if value is not None]
    match condition.operator:
        case "lt" | "gt":
            limit = _limit(condition, given)
            return Always(False) if limit is None else Beyond(field, condition.operator, limit)
        case _:
            return _signed(condition, Among(field, tuple(known), None in given))


def _number(condition: Condition, kind: Kind) -> Predicate:
    _no_part(condition)
    given = [number(condition, value) for value in condition.values]
    key, scale = condition.key, _NANO if kind == "money" else Decimal(1)
    match condition.operator:
        case "lt" | "gt":
            limit = _limit(condition, given)
            if limit is None:
                return Always(False)
            if condition.operator == "lt":
                return Within(key, (Range(None, _range(kind, math.ceil(limit * scale) - 1).most),))
            return Within(key, (Range(_range(kind, math.floor(limit * scale) + 1).least, None),))
        case _:
            whole = [_whole(kind, value) for value in given if value is not None]
            ranges = tuple(_range(kind, value) for value in whole if value is not None)
            return _signed(condition, Within(key, ranges, None in given))


def _limit(condition: Condition, given: list[Decimal | None]) -> Decimal | None:
    """The one limit that several come to: less than any is less than the greatest. None: there is none."""
    known = [value for value in given if value is not None]
    if len(known) < len(given):
        raise _unknown(condition)
    return max(known, default=None) if condition.operator == "lt" else min(known, default=None)


def _whole(kind: Kind, value: Decimal) -> int | None:
    """As the wire shows it, in whole units; None for what no call can have."""
    # Dollars come as binary fractions: the nearest nano-dollar is meant.
    scaled = Decimal(round(value * _NANO)) if kind == "money" else value
    return int(scaled) if scaled == int(scaled) else None


def _range(kind: Kind, whole: int) -> Range:
    """What the wire shows as this: of a duration it shows milliseconds."""
    if kind != "duration":
        return Range(whole, whole)
    odd = whole % 2  # halves are rounded to the even millisecond
    return Range(whole * _MS - _MS // 2 + odd, whole * _MS + _MS // 2 - odd)


def _times(condition: Condition) -> Predicate:
    _no_part(condition)
    given = [time_us(condition, value) for value in condition.values]
    known = [moment for moment in given if moment is not None]
    match condition.operator:
        case "lt" | "gt" if len(known) < len(given):
            raise _unknown(condition)
        case "lt" | "gt" if not known:
            return Always(False)
        case "lt":
            return Began((Moments(None, max(known)),))
        case "gt":
            return Began((Moments(min(map(_after, known)), None),))
        case _:
            whole = [moment // _MS * _MS for moment in known]
            return _signed(condition, Began(tuple(Moments(one, one + _MS) for one in whole)))


def _after(moment: int) -> int:
    """The first that is later. A moment of whole milliseconds stands for all of its millisecond."""
    return moment + (1 if moment % _MS else _MS)


# -- what fits every key


def _signed(condition: Condition, found: Predicate) -> Predicate:
    """`neq` means none of the values."""
    return Not(found) if condition.operator == "neq" else found


def _no_order(condition: Condition) -> None:
    if condition.operator in ("lt", "gt"):
        raise UnfitCondition(
            f"`{condition.operator}` is for numbers and times, and {condition.key} is neither"
        )


def _no_part(condition: Condition) -> None:
    if condition.operator == "contains":
        what = "a time" if condition.key == "created_at" else "none"
        raise UnfitCondition(f"`contains` is for texts, and {condition.key} is {what}")


def _unknown(condition: Condition) -> UnfitCondition:
    return UnfitCondition(f"`{condition.operator}` wants a value for {condition.key}, not null")
