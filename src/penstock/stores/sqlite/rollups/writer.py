"""The roll-ups in SQLite, writing side: adds calls, and corrects costs, within the ledger's own transaction.

Calls are added up in memory first (`rollup_counts.py`), so that SQLite sees a row for each cell, not for each
call. Nothing here begins or ends a transaction. Tables are in `schema.py`, questions are answered
in `reader.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

from penstock.stores.ledger import CallRow, NewCall
from penstock.stores.rollup_counts import (
    MINUTE_US,
    Caller,
    Cell,
    CellSums,
    Packed,
    added,
    counted,
    estimated_nano,
    is_rate_limited,
    is_unpriced,
    metadata_text,
    unpacked,
)
from penstock.stores.rollups import METADATA, OTHERS, Repriced
from penstock.stores.sketch import bytes_of
from penstock.stores.sqlite.rollups.memory import RollupMemory, find_caller, find_cell
from penstock.stores.sqlite.rollups.narrow import NARROW
from penstock.stores.sqlite.rollups.schema import DAY, HOUR, LEVELS, MINUTE, MINUTES
from penstock.stores.sqlite.rollups.sketches import add_sketches

_MOST = 2**62  # sums stay below what SQLite would turn into an inexact number


def _added(columns: Iterable[str]) -> str:
    return ", ".join(f"{name} = min({name} + excluded.{name}, {_MOST})" for name in columns)


_COLUMNS = (
    "requests", "errors", "cached", "rate_limited", "tokens_in", "tokens_out", "cached_tokens_in",
    "cached_tokens_out", "unpriced", "cost_nano",
)  # fmt: skip
_ESTIMATES = ("estimated", "estimated_tokens_in", "estimated_tokens_out", "estimated_cost_nano")
_ADD_CELLS = f"""
INSERT INTO rollups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET {_added(("requests", "tokens_in", "tokens_out", "unpriced", "cost_nano", *_ESTIMATES))},
duration = merged(duration, excluded.duration), first_byte = merged(first_byte, excluded.first_byte)"""
_ADD_NARROW = f"""
INSERT INTO {{}} (level, begins, number, {", ".join((*_COLUMNS, *_ESTIMATES))}, duration, first_byte)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET {_added((*_COLUMNS, *_ESTIMATES))},
duration = merged(duration, excluded.duration), first_byte = merged(first_byte, excluded.first_byte)"""
_ADD_CALLERS = f"""
INSERT INTO caller_rollups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET {_added((*_COLUMNS, *_ESTIMATES))}"""
_SETS = (
    f"cost_nano = min(cost_nano + ?, {_MOST}), unpriced = unpriced + ?, "
    f"estimated_cost_nano = max(min(estimated_cost_nano + ?, {_MOST}), 0)"
)
_REPRICE_CELL = f"UPDATE rollups SET {_SETS} WHERE level = ? AND begins = ? AND cell = ?"
_REPRICE_NARROW = f"UPDATE {{}} SET {_SETS} WHERE level = ? AND begins = ? AND number = ?"
_REPRICE_CALLER = (
    f"UPDATE caller_rollups SET {_SETS} WHERE level = ? AND caller = ? AND begins = ? AND value = ?"
)


_Rows = dict[tuple[int, int], CellSums]
"""By the minute they begin, and a number."""


class RollupWriter:
    """Adds calls to the roll-ups. What it remembers is checked against the file, whoever else has written it."""

    def __init__(self, values_a_day: int = 1000, names_a_day: int = 100) -> None:
        """Of each gateway and day, so many models and values of each caller key, and so many caller keys."""
        self._memory = RollupMemory(values_a_day, names_a_day)
        self._prepared: sqlite3.Connection | None = None

    def add(self, db: sqlite3.Connection, calls: Sequence[NewCall]) -> None:
        """Count calls that were not counted before. Within the transaction of `db` that stores them."""
        if not calls:
            return
        if self._prepared is not db:
            add_sketches(db)
            self._prepared = db
        self._memory.check(db)
        counts = counted(calls)
        cells, narrow = self._numbered(db, counts.cells)
        for level, rows in _levels(cells):
            db.executemany(_ADD_CELLS, [(level, *key, *_cell_row(sums)) for key, sums in rows.items()])
        for kind, minutes in zip(NARROW, narrow, strict=True):
            sql = _ADD_NARROW.format(kind.table)
            for level, rows in _levels(minutes):
                if level >= kind.finest:
                    db.executemany(sql, [(level, *key, *_narrow_row(sums)) for key, sums in rows.items()])
        by_hour = self._numbered_callers(db, counts.callers)
        for level, values in ((HOUR, by_hour), (DAY, _folded_callers(by_hour))):
            db.executemany(_ADD_CALLERS, [(level, *key, *_row(sums)) for key, sums in values.items()])

    def _numbered(
        self, db: sqlite3.Connection, cells: Mapping[tuple[int, Cell], CellSums]
    ) -> tuple[_Rows, Sequence[_Rows]]:
        """By the minute and number of a cell, and likewise for each of the narrower roll-ups."""
        by_cell: _Rows = {}
        narrow: list[_Rows] = [{} for _ in NARROW]
        for (minute, cell), sums in cells.items():
            numbers = self._memory.cell(db, minute, cell)
            for rows, number in zip((by_cell, *narrow), (numbers.cell, *numbers.narrow), strict=True):
                key = (minute, number)
                rows[key] = added(rows[key], sums) if key in rows else sums
        return by_cell, narrow

    def _numbered_callers(
        self, db: sqlite3.Connection, callers: Mapping[tuple[int, Caller], Mapping[str, Packed]]
    ) -> dict[tuple[int, int, str], Packed]:
        rows: dict[tuple[int, int, str], Packed] = {}
        for (hour, caller), values in callers.items():
            number = self._memory.caller(db, hour, caller)
            if number is None:
                continue
            for value, sums in values.items():
                key = (number, hour, self._memory.value(db, hour, number, value))
                rows[key] = rows.get(key, 0) + sums
        return rows

    def recost(self, db: sqlite3.Connection, changes: Sequence[Repriced]) -> None:
        """Correct the costs of calls that were counted, within the transaction of `db` that stores the new ones.

        Leaves alone what has no row: a call of before there were roll-ups. May be called in any process.
        """
        for call, now, source in changes:
            was = call.cost_nano
            unpriced = is_unpriced(call.status_code, now) - is_unpriced(call.status_code, was)
            # What earlier versions took for certain is not below zero when it is.
            estimated = estimated_nano(now, source) - estimated_nano(was, call.price_source)
            more = ((now or 0) - (was or 0), unpriced, estimated)
            if any(more):
                _recost_cell(db, call, more)
                _recost_callers(db, call, more)


def _recost_cell(db: sqlite3.Connection, call: CallRow, more: tuple[int, int, int]) -> None:
    refused = call.outcome == "refused"
    limited = is_rate_limited(call.status_code, refused=refused, error_code=call.error_code)
    place = (call.account, call.gateway, call.provider)
    flags = (call.cached, limited, not call.success)
    cell = Cell(*place, call.model or "", call.operation, call.status_code, *flags)
    names = (cell, cell._replace(operation=OTHERS), cell._replace(model=OTHERS))
    cells = [find_cell(db, one) for one in names]
    for level, begins in zip(LEVELS, _begins(call), strict=True):
        hit = _first_hit(db, _REPRICE_CELL, [(*more, level, begins, number) for number in cells])
        if hit is not None:
            for kind in NARROW:
                number = kind.find(db, names[hit])
                db.execute(_REPRICE_NARROW.format(kind.table), (*more, level, begins, number))


def _recost_callers(db: sqlite3.Connection, call: CallRow, more: tuple[int, int, int]) -> None:
    texts = ((METADATA + name, metadata_text(value)) for name, value in call.metadata.items())
    named = (("token", call.token), ("user", call.user), ("team", call.team), *texts)
    for key, value in named:
        number = find_caller(db, Caller(call.account, call.gateway, key))
        for level, begins in zip(LEVELS[HOUR:], _begins(call)[HOUR:], strict=True):
            rows = [(*more, level, number, begins, known) for known in (value, OTHERS)]
            _first_hit(db, _REPRICE_CALLER, rows)


def _first_hit(db: sqlite3.Connection, sql: str, rows: Sequence[tuple[int | str | None, ...]]) -> int | None:
    """Change the first of these rows that there is; which that was."""
    for place, row in enumerate(rows):
        if db.execute(sql, row).rowcount:
            return place
    return None


def _begins(call: CallRow) -> list[int]:
    """The beginning of a call's row of each level."""
    minute = call.created_us // MINUTE_US
    return [minute - minute % length for length in MINUTES]


def _levels(minutes: _Rows) -> Iterator[tuple[int, _Rows]]:
    """The rows of each level."""
    hours = _folded(minutes, HOUR)
    yield from ((MINUTE, minutes), (HOUR, hours), (DAY, _folded(hours, DAY)))


def _folded(rows: _Rows, level: int) -> _Rows:
    folded: _Rows = {}
    for (begins, number), sums in rows.items():
        key = (begins - begins % MINUTES[level], number)
        folded[key] = added(folded[key], sums) if key in folded else sums
    return folded


def _folded_callers(rows: Mapping[tuple[int, int, str], Packed]) -> dict[tuple[int, int, str], Packed]:
    folded: dict[tuple[int, int, str], Packed] = {}
    for (number, begins, value), sums in rows.items():
        key = (number, begins - begins % MINUTES[DAY], value)
        folded[key] = folded.get(key, 0) + sums
    return folded


def _cell_row(sums: CellSums) -> tuple[int | bytes, ...]:
    requests, _, _, _, tokens_in, tokens_out, _, _, unpriced, cost_nano, *estimates = _row(sums.sums)
    sketches = (bytes_of(sums.duration), bytes_of(sums.first_byte))
    return (requests, tokens_in, tokens_out, unpriced, cost_nano, *sketches, *estimates)


def _narrow_row(sums: CellSums) -> tuple[int | bytes, ...]:
    return (*_row(sums.sums), bytes_of(sums.duration), bytes_of(sums.first_byte))


def _row(sums: Packed) -> list[int]:
    numbers = unpacked(sums)
    return numbers if max(numbers) <= _MOST else [min(number, _MOST) for number in numbers]
