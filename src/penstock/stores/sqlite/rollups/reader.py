"""The roll-ups in SQLite, reading side: answers questions.

Opens the ledger's file read-only, beside a shipper that writes. Questions become SQL in `query.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import add
from pathlib import Path
from typing import NamedTuple

import msgspec

from penstock.stores.rollup_counts import MINUTE_US
from penstock.stores.rollups import CallerKey, Group, Question, Sums, TooManyGroups, widened
from penstock.stores.sketch import Sketch, lanes_from
from penstock.stores.sqlite.ledger.file import opened_existing, transaction, translated
from penstock.stores.sqlite.rollups.query import (
    Statement,
    caller_key,
    callers_statements,
    cells_statements,
    reduced,
)
from penstock.stores.sqlite.rollups.schema import DAY, MINUTES
from penstock.stores.sqlite.rollups.sketches import add_sketches

_DAY_US = MINUTES[DAY] * MINUTE_US
_KEYS = f"""
SELECT DISTINCT key FROM rollup_callers WHERE ifnull(account = ?, 1) AND EXISTS
(SELECT 1 FROM caller_rollups WHERE level = {DAY} AND caller = id AND begins >= ?) ORDER BY key"""

_NAMES = tuple(name for name in Sums.__struct_fields__ if name not in ("duration", "first_byte"))
_NUMBERS = len(_NAMES)


class _Key(NamedTuple):
    begins: int  # the bucket, in minutes
    values: tuple[str, ...]


class _Found(NamedTuple):
    """The numbers of `Sums` in their order, and the lanes of its sketches."""

    numbers: Sequence[int]
    lanes: tuple[int, ...] = ()


class SqliteRollups:
    """The roll-ups of a ledger's file, for reading only; in any thread, but in one at a time."""

    def __init__(self, path: Path, busy_seconds: float = 5.0) -> None:
        """Raises `LedgerMissing` where there is no ledger, and `LedgerUnavailable`."""
        self._db = opened_existing(path, busy_seconds, "ro")
        add_sketches(self._db)

    def ask(self, question: Question) -> list[Group]:
        key = caller_key(question)
        question = widened(question)
        with translated(storing=False), transaction(self._db, "BEGIN"):
            if key is None:
                found = self._found(question, cells_statements(question))
            else:
                found = self._found_by(question, key)
        return _groups(question, found)

    def caller_keys(self, account: str | None, since_us: int) -> Sequence[CallerKey]:
        day = since_us // _DAY_US * MINUTES[DAY]
        with translated(storing=False):
            return [key for (key,) in self._db.execute(_KEYS, (account, day))]

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _found_by(self, question: Question, key: str) -> dict[_Key, _Found]:
        named = self._found(question, callers_statements(question, key))
        found = dict(named)
        for group, sums in self._without(question, key, named).items():
            found[group] = _sum(found[group], sums) if group in found else sums
        return found

    def _without(self, question: Question, key: str, named: Mapping[_Key, _Found]) -> Mapping[_Key, _Found]:
        """The calls without the key: what is left of all when those that have it are taken away."""
        others = reduced(question, key)
        if others is None:
            return {}
        at = question.by.index(key) if key in question.by else None
        if others.having == question.having:  # nothing is asked of the key: these are all that have it
            having = _folded(named, at)
        else:
            having = self._found(others, callers_statements(others, key))
        left = self._found(others, cells_statements(others))
        for group, sums in having.items():
            left[group] = _Found([one - other for one, other in zip(left[group][0], sums[0], strict=True)])
        return {
            _Key(begins, values if at is None else (*values[:at], "", *values[at:])): sums
            for (begins, values), sums in left.items()
            if sums.numbers[0] > 0
        }

    def _found(self, question: Question, statements: Sequence[Statement]) -> dict[_Key, _Found]:
        width = 1 + len(question.by)
        found: dict[_Key, _Found] = {}
        for statement in statements:
            for row in self._db.execute(statement.sql, statement.values):
                numbers = [int(number) for number in row[width : width + _NUMBERS]]
                lanes = tuple(lanes_from(data) for data in row[width + _NUMBERS :])
                group, sums = _Key(row[0], tuple(map(str, row[1:width]))), _Found(numbers, lanes)
                found[group] = _sum(found[group], sums) if group in found else sums
        if question.limit is not None and len(found) > question.limit:
            raise TooManyGroups(
                f"there are more than {question.limit} groups: take a longer bucket or less time"
            )
        return found


def _sum(first: _Found, second: _Found) -> _Found:
    lanes = tuple(map(add, first.lanes, second.lanes)) if first.lanes else ()
    return _Found(list(map(add, first.numbers, second.numbers)), lanes)


def _folded(named: Mapping[_Key, _Found], at: int | None) -> Mapping[_Key, _Found]:
    """The same without the value that stands there: all of them together."""
    if at is None:
        return named
    found: dict[_Key, _Found] = {}
    for (begins, values), sums in named.items():
        group = _Key(begins, (*values[:at], *values[at + 1 :]))
        found[group] = _sum(found[group], sums) if group in found else sums
    return found


def _groups(question: Question, found: Mapping[_Key, _Found]) -> list[Group]:
    groups = []
    for key in sorted(found):
        begins_us = question.since_us if question.bucket is None else key.begins * MINUTE_US
        groups.append(Group(begins_us, key.values, _sums(found[key])))
    return groups


def _sums(found: _Found) -> Sums:
    sums = msgspec.convert(dict(zip(_NAMES, found.numbers, strict=True)), Sums)
    if not found.lanes:
        return sums
    duration, first_byte = map(Sketch, found.lanes)
    return msgspec.structs.replace(sums, duration=duration, first_byte=first_byte)
