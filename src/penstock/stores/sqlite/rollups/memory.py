"""What the writer of the roll-ups remembers between batches: numbers of names, and how full each day is.

Everything is read from the file when it is first needed, and read again when the file was written by somebody
else, or a transaction was undone. So a writer that starts anew goes on where the last one ended.
"""

from __future__ import annotations

import sqlite3
from sys import getsizeof
from typing import NamedTuple

from penstock.stores.rollup_counts import Caller, Cell
from penstock.stores.rollups import OTHERS
from penstock.stores.sqlite.rollups.narrow import NARROW
from penstock.stores.sqlite.rollups.schema import DAY

_DAY_MINUTES = 1440
_MOST_BYTES = 8 * 1024 * 1024  # of names; then it begins anew
_NAME_BYTES = 130  # in the tables of a dictionary or a set, half full as they may be
_CELL_BYTES = 720  # with the tuples of a cell, or a caller key, and its numbers

_FIND_CELL = (
    "SELECT id FROM rollup_cells WHERE account = ? AND gateway = ? AND provider = ? AND model = ? "
    "AND operation = ? AND status = ? AND cached = ? AND rate_limited = ? AND error = ?"
)
_NEW_CELL = "INSERT INTO rollup_cells VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FIND_CALLER = "SELECT id FROM rollup_callers WHERE account = ? AND gateway = ? AND key = ?"
_NEW_CALLER = "INSERT INTO rollup_callers VALUES (NULL, ?, ?, ?)"
_MODELS = f"""
SELECT DISTINCT model FROM model_rollups CROSS JOIN rollup_models ON id = number
WHERE level = {DAY} AND begins = ? AND account = ? AND gateway = ?"""
_PAIRS = f"""
SELECT DISTINCT model || char(10) || operation FROM rollups CROSS JOIN rollup_cells ON id = cell
WHERE level = {DAY} AND begins = ? AND account = ? AND gateway = ? AND operation <> '{OTHERS}'"""
_KEYS = f"""
SELECT key FROM rollup_callers WHERE account = ?2 AND gateway = ?3
AND EXISTS (SELECT 1 FROM caller_rollups WHERE level = {DAY} AND caller = id AND begins = ?1)"""
_VALUES = f"SELECT value FROM caller_rollups WHERE level = {DAY} AND begins = ? AND caller = ?"


def find_cell(db: sqlite3.Connection, cell: Cell) -> int | None:
    """The number of a cell, if it has one."""
    return _number(db.execute(_FIND_CELL, cell).fetchone())


def find_caller(db: sqlite3.Connection, caller: Caller) -> int | None:
    """The number of a caller key, if it has one."""
    return _number(db.execute(_FIND_CALLER, caller).fetchone())


class Numbers(NamedTuple):
    """Of a cell, and of its names in each of the narrower roll-ups."""

    cell: int
    narrow: tuple[int, ...]


class RollupMemory:
    """Numbers and limits of names. Call `check` at the beginning of each transaction."""

    def __init__(self, values_a_day: int, names_a_day: int) -> None:
        self._values_a_day = values_a_day
        self._names_a_day = names_a_day
        self._addition: int | None = None
        self._forget()

    def check(self, db: sqlite3.Connection) -> None:
        """Count this transaction in the file, and forget everything unless the last one counted was ours."""
        (number,) = db.execute("SELECT number FROM rollup_additions").fetchone()
        db.execute("UPDATE rollup_additions SET number = number + 1")
        if number != self._addition or self._bytes > _MOST_BYTES:
            self._forget()
        self._addition = number + 1

    def cell(self, db: sqlite3.Connection, minute: int, cell: Cell) -> Numbers:
        """Under what a cell is counted in that day; under others, where the day has models enough."""
        day = minute - minute % _DAY_MINUTES
        numbers = self._cells.get((day, cell))
        if numbers is not None:
            return numbers
        cell = self._admitted(db, day, cell)
        numbers = self._cells.get((day, cell))
        if numbers is None:
            numbers = self._cells[day, cell] = Numbers(
                find_cell(db, cell) or _inserted(db.execute(_NEW_CELL, cell)),
                tuple(kind.number(db, cell) for kind in NARROW),
            )
            self._bytes += _CELL_BYTES + getsizeof(cell.model)
        return numbers

    def _admitted(self, db: sqlite3.Connection, day: int, cell: Cell) -> Cell:
        """The cell with names that the day has room for. There are few operations, but callers name the models."""
        where = (day, cell.account, cell.gateway)
        if not self._admits(db, _MODELS, where, cell.model, self._values_a_day):
            return cell._replace(model=OTHERS)
        pair = f"{cell.model}\n{cell.operation}"
        if cell.model == OTHERS or self._admits(db, _PAIRS, where, pair, 2 * self._values_a_day):
            return cell
        return cell._replace(operation=OTHERS)

    def caller(self, db: sqlite3.Connection, hour: int, caller: Caller) -> int | None:
        """The number of a caller key; None where the day has keys enough."""
        day = hour - hour % _DAY_MINUTES
        if not self._admits(db, _KEYS, (day, caller.account, caller.gateway), caller.key, self._names_a_day):
            return None
        number = self._callers.get(caller)
        if number is None:
            number = find_caller(db, caller) or _inserted(db.execute(_NEW_CALLER, caller))
            self._callers[caller] = number
            self._bytes += _CELL_BYTES + getsizeof(caller.key)
        return number

    def value(self, db: sqlite3.Connection, hour: int, caller: int, value: str) -> str:
        """The value under which a caller key's is counted in that day."""
        day = hour - hour % _DAY_MINUTES
        return value if self._admits(db, _VALUES, (day, caller), value, self._values_a_day) else OTHERS

    def _admits(
        self, db: sqlite3.Connection, sql: str, where: tuple[int | str, ...], name: str, most: int
    ) -> bool:
        """Whether a name is one of its day's, or may still become one."""
        names = self._days.get((sql, where))
        if names is None:
            names = self._days[sql, where] = {row[0] for row in db.execute(sql, where)} - {OTHERS}
            self._bytes += _CELL_BYTES + sum(map(_name_bytes, names))
        if name in names or name == OTHERS:
            return True
        if len(names) >= most:
            return False
        names.add(name)
        self._bytes += _name_bytes(name)
        return True

    def _forget(self) -> None:
        self._cells: dict[tuple[int, Cell], Numbers] = {}
        self._callers: dict[Caller, int] = {}
        self._days: dict[tuple[str, tuple[int | str, ...]], set[str]] = {}
        self._bytes = 0


def _name_bytes(name: str) -> int:
    return _NAME_BYTES + getsizeof(name)


def _number(row: tuple[int] | None) -> int | None:
    return None if row is None else row[0]


def _inserted(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None
    return cursor.lastrowid
