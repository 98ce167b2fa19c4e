"""A question to the roll-ups as SQL: which rows of which level, the bucket they fall into, what is asked of them.

Pure text and values. Checks what can be asked at all; runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from penstock.stores.rollup_counts import MINUTE_US
from penstock.stores.rollups import Bucket, Having, Question, Unanswerable, fits, is_caller_key
from penstock.stores.sqlite.rollups.narrow import NARROW
from penstock.stores.sqlite.rollups.schema import DAY, HOUR, MINUTE, MINUTES

Value = str | int | None

DIMENSIONS: Final = ("gateway", "provider", "model", "operation", "status", "cached", "rate_limited", "error")
_NUMBERS: Final = ("status", "cached", "rate_limited", "error")
_OPERATORS: Final = {
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "ge": ">=",
}
_WEEK = 7 * MINUTES[DAY]
_MONDAY = 3 * MINUTES[DAY]  # the epoch began three days after one
_MONTH = "CAST(strftime('%s', begins * 60, 'unixepoch', 'start of month') AS INTEGER) / 60"

# `total` and not `sum`: it never overflows, and is exact up to 2**53, in dollars nine million.
_OF_CELLS: Final = {
    "requests": "sum(requests)",
    "errors": "sum(requests * error)",
    "cached": "sum(requests * cached)",
    "rate_limited": "sum(requests * rate_limited)",
    "tokens_in": "total(tokens_in)",
    "tokens_out": "total(tokens_out)",
    "cached_tokens_in": "total(tokens_in * cached)",
    "cached_tokens_out": "total(tokens_out * cached)",
    "cost_nano": "total(cost_nano)",
    "unpriced": "sum(unpriced)",
    "estimated": "sum(estimated)",
    "estimated_tokens_in": "total(estimated_tokens_in)",
    "estimated_tokens_out": "total(estimated_tokens_out)",
    "estimated_cost_nano": "total(estimated_cost_nano)",
}
_KEPT: Final = {
    **_OF_CELLS,
    "errors": "sum(errors)",
    "cached": "sum(cached)",
    "rate_limited": "sum(rate_limited)",
    "cached_tokens_in": "total(cached_tokens_in)",
    "cached_tokens_out": "total(cached_tokens_out)",
}


class Statement(NamedTuple):
    """SQL about one span, and its values. Rows are the bucket in minutes, the values, the sums, sketches if wanted."""

    sql: str
    values: list[Value]


class Span(NamedTuple):
    """Rows of one level, from a minute to another, which is not included."""

    level: int
    begins: int
    ends: int


def caller_key(question: Question) -> str | None:
    """The caller key that a question is about. Raises `Unanswerable` for what is not kept."""
    finest = _level(question.bucket)
    names = [*question.by, *(one.dimension for group in question.having for one in group)]
    for name in names:
        if name not in DIMENSIONS and not is_caller_key(name):
            known = f"{', '.join(DIMENSIONS)}, token, user, team or metadata.NAME"
            raise Unanswerable(f"nothing is kept by {name!r}: take {known}")
    keys = sorted({name for name in names if is_caller_key(name)})
    if not keys:
        return None
    if len(keys) > 1:
        raise Unanswerable(f"{' and '.join(keys)} are not kept crossed with each other: ask for one of them")
    others = [name for name in names if name not in (keys[0], "gateway")]
    if others:
        raise Unanswerable(f"{keys[0]} is kept crossed with gateway only, not with {others[0]}")
    if question.latencies:
        raise Unanswerable(f"latencies are not kept by {keys[0]}: ask without them")
    if finest == MINUTE:
        raise Unanswerable(f"{keys[0]} is kept by the hour: ask for hours or more")
    return keys[0]


def cells_statements(question: Question) -> list[Statement]:
    """For a question of whole minutes, without a caller key: from the narrowest roll-up that has all it asks for, and
    from the cells what that one does not have. What they find is to be added up.
    """
    asked = {*question.by, *(one.dimension for group in question.having for one in group)}
    narrow = next((kind for kind in NARROW if asked <= kind.dimensions), None)
    found = []
    for span in _spans(question, MINUTE):
        if narrow is not None and span.level >= narrow.finest:
            rows = f"{narrow.table} CROSS JOIN {narrow.names} ON id = number"
            found.append(_finished(question, span, rows, _KEPT))
        else:
            rows = "rollups CROSS JOIN rollup_cells ON id = cell"
            found.append(_finished(question, span, rows, _OF_CELLS))
    return found


def callers_statements(question: Question, key: str) -> list[Statement]:
    """For a question of whole hours, about a caller key; likewise to be added up."""
    rows = "rollup_callers CROSS JOIN caller_rollups ON caller = id AND key = ?"
    return [_finished(question, span, rows, _KEPT, {key: "value"}) for span in _spans(question, HOUR)]


def reduced(question: Question, key: str) -> Question | None:
    """The same question of all calls that have "" for the key, whatever they have; None where none can fit."""
    having = []
    for group in question.having:
        if any(one.dimension == key and fits("", one) for one in group):
            continue
        left = tuple(one for one in group if one.dimension != key)
        if not left:
            return None
        having.append(left)
    by = tuple(name for name in question.by if name != key)
    return msgspec.structs.replace(question, by=by, having=tuple(having))


def _level(bucket: Bucket | None) -> int:
    """The coarsest level that a bucket can be made of. Raises `Unanswerable` for a bucket that is none."""
    if bucket is None:
        return DAY
    if bucket.length < 1 or (bucket.unit in ("week", "month") and bucket.length > 1):
        raise Unanswerable(
            f"{bucket.length} {bucket.unit}s are no bucket: take one week or month, or some days"
        )
    return {"minute": MINUTE, "hour": HOUR}.get(bucket.unit, DAY)


def _bucket(bucket: Bucket | None) -> str:
    """Where the bucket of a row begins, in minutes."""
    if bucket is None:
        return "0"
    if bucket.unit == "month":
        return _MONTH
    if bucket.unit == "week":
        return f"begins - (begins + {_MONDAY}) % {_WEEK}"
    return f"begins - begins % {bucket.length * MINUTES[_level(bucket)]}"


def _spans(question: Question, finest: int) -> list[Span]:
    """The rows that make up the question's time, of the coarsest levels possible."""
    level = max(_level(question.bucket), finest)
    begins, ends = question.since_us // MINUTE_US, question.until_us // MINUTE_US
    return _divided(begins, ends, finest, level)


def _divided(begins: int, ends: int, finest: int, level: int) -> list[Span]:
    if begins >= ends:
        return []
    if level == finest:
        return [Span(level, begins, ends)]
    unit = MINUTES[level]
    first, last = -(-begins // unit) * unit, ends // unit * unit
    if first >= last:
        return _divided(begins, ends, finest, level - 1)
    edges = (_divided(begins, first, finest, level - 1), _divided(last, ends, finest, level - 1))
    return [*edges[0], Span(level, first, last), *edges[1]]


def _columns(question: Question, names: Mapping[str, str]) -> str:
    return ", ".join((_bucket(question.bucket), *(names.get(name, name) for name in question.by)))


def _sums(question: Question, texts: Mapping[str, str]) -> str:
    """The numbers of `Sums` in their order: those that are wanted, 0 for the others. Then the sketches."""
    wanted = (text if question.wants(name) else "0" for name, text in texts.items())
    sketches = ", merged(duration), merged(first_byte)" if question.latencies else ""
    return ", ".join(wanted) + sketches


def _finished(
    question: Question, span: Span, rows: str, sums: Mapping[str, str], key: Mapping[str, str] | None = None
) -> Statement:
    """One for one span: several in one statement would be copied together first. `key` is the name of a caller key, and
    the column of its values. One group more than wanted is asked for, so that it is seen.
    """
    names = key or {}
    values: list[Value] = [*names, span.level, span.begins, span.ends]
    conditions = ["level = ?", "begins >= ?", "begins < ?"]
    if question.account is not None:
        conditions.append("account = ?")
        values.append(question.account)
    for group in question.having:
        parts = [_condition(one, names.get(one.dimension, one.dimension)) for one in group]
        conditions.append(f"({' OR '.join(part.sql for part in parts) or '0'})")
        values.extend(value for part in parts for value in part.values)
    grouped = range(1 if question.bucket or not question.by else 2, len(question.by) + 2)
    sql = (
        f"SELECT {_columns(question, names)}, {_sums(question, sums)} FROM {rows} "
        f"WHERE {' AND '.join(conditions)} GROUP BY {', '.join(map(str, grouped))}"
    )
    if question.limit is not None:
        sql += " LIMIT ?"
        values.append(question.limit + 1)
    return Statement(sql, values)


def _condition(having: Having, column: str) -> Statement:
    values = [_bound(having, value) for value in having.values]
    marks = ", ".join("?" * len(values))
    if having.operator in ("eq", "neq"):
        return Statement(f"{column} {'NOT ' * (having.operator == 'neq')}IN ({marks})", values)
    compared = f"{column} LIKE ? ESCAPE '\\'"
    if having.operator != "like":
        compared = f"{column} {_OPERATORS[having.operator]} ?"
    return Statement(" OR ".join([compared] * len(values)) or "0", values)


def _bound(having: Having, text: str) -> Value:
    if having.dimension not in _NUMBERS or having.operator == "like":
        return text
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Unanswerable(f"{having.dimension} is a number, not {text!r}")
    return int(text)
