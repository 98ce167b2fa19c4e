"""Roll-ups by fewer dimensions than the cells have: by gateways alone, with models, with operations.

A question goes to the narrowest that has all it asks for. Of minutes that are asked for by operation there are few, so
they are taken from the cells. Names and SQL only; rows are written in `writer.py` and read in `reader.py`.
"""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from penstock.stores.rollup_counts import Cell
from penstock.stores.sqlite.rollups.schema import HOUR, MINUTE


class Narrow(NamedTuple):
    """One of them: its table, that of its names, which fields of a cell these are, and the finest level it has."""

    table: str
    names: str
    fields: tuple[str, ...]
    finest: int

    @property
    def dimensions(self) -> frozenset[str]:
        """What can be asked of it, for any account."""
        return frozenset(self.fields) - {"account"}

    def find(self, db: sqlite3.Connection, cell: Cell) -> int | None:
        """The number of a cell's names together, if they have one."""
        wanted = " AND ".join(f"{field} = ?" for field in self.fields)
        row = db.execute(f"SELECT id FROM {self.names} WHERE {wanted}", self._names_of(cell)).fetchone()
        return None if row is None else int(row[0])

    def number(self, db: sqlite3.Connection, cell: Cell) -> int:
        """The same, given to them where they have none."""
        found = self.find(db, cell)
        if found is not None:
            return found
        marks = ", ?" * len(self.fields)
        made = db.execute(f"INSERT INTO {self.names} VALUES (NULL{marks})", self._names_of(cell)).lastrowid
        assert made is not None
        return made

    def _names_of(self, cell: Cell) -> tuple[str, ...]:
        return tuple(getattr(cell, field) for field in self.fields)


NARROW: Final = (
    Narrow("place_rollups", "rollup_places", ("account", "gateway"), MINUTE),
    Narrow("model_rollups", "rollup_models", ("account", "gateway", "provider", "model"), MINUTE),
    Narrow("operation_rollups", "rollup_operations", ("account", "gateway", "operation"), HOUR),
)
"""The narrowest first."""
