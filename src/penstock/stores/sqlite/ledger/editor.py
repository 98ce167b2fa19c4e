"""The SQLite ledger's changing side: notes on calls, deleting, new prices.

Works beside the shipper, which waits while a transaction here lasts: so they are short, and much is done in
small steps. Zones are kept right; which calls are meant is found before anything is locked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from penstock.stores.ledger import NEWEST_FIRST, Note, Order, Query, Recost
from penstock.stores.rollups import Repriced
from penstock.stores.sqlite.ledger import zones as sqlite_zones
from penstock.stores.sqlite.ledger.blocks import remove_empty, tallies_of
from penstock.stores.sqlite.ledger.file import (
    add_functions,
    check_place,
    identities,
    key_of,
    opened_existing,
    transaction,
    translated,
)
from penstock.stores.sqlite.ledger.keys import since
from penstock.stores.sqlite.ledger.metadata_numbers import MetadataNumbers
from penstock.stores.sqlite.ledger.names import Names, place_names
from penstock.stores.sqlite.ledger.order import in_order
from penstock.stores.sqlite.ledger.query import plan
from penstock.stores.sqlite.ledger.rows import COLUMNS, Value, calls
from penstock.stores.sqlite.rollups.writer import RollupWriter

Thing = TypeVar("Thing")

_AT_ONCE: Final = 150
_PRICES_AT_ONCE: Final = 50  # roll-ups are corrected with them
_ARRIVALS_AT_ONCE: Final = 10_000
_FORGET: Final = """
DELETE FROM arrivals WHERE number IN (
    SELECT number FROM arrivals WHERE number <= ? AND number < (SELECT max(number) FROM arrivals)
    ORDER BY number LIMIT ?
)"""
_COUNT_AS: Final = "INSERT OR IGNORE INTO counted SELECT key, metadata FROM calls WHERE key = ?"
_AS_COUNTED: Final = (
    f"SELECT {COLUMNS.replace('c.metadata', 'iif(n.key IS NULL, c.metadata, n.metadata)')} "
    "FROM calls c LEFT JOIN counted n ON n.key = c.key"
)
_OLD_BODIES: Final = "SELECT key FROM bodies WHERE key < ? ORDER BY key LIMIT ?"


class SqliteEditor:
    """A ledger file opened for changing. May be used from any thread, one at a time."""

    def __init__(self, path: Path, busy_seconds: float = 5.0) -> None:
        self._db = opened_existing(path, busy_seconds, "rw")
        self._path, self._opened = path, identities(path)
        add_functions(self._db)
        self._rollups = RollupWriter()

    def annotate(self, call_id: str, note: Note) -> bool:
        with self._change() as db:
            key = key_of(db, call_id)
            values = _noted(db, note)
            if key is None:
                return False
            if "metadata" in values:
                db.execute(_COUNT_AS, (key,))
            if values:
                with _zones_kept(db, [key]):
                    sets = ", ".join(f"{column} = ?" for column in values)
                    db.execute(f"UPDATE calls SET {sets} WHERE key = ?", (*values.values(), key))
            return True

    def delete(self, where: Query, limit: int, order: Order = NEWEST_FIRST) -> int:
        with translated(storing=False), transaction(self._db, "BEGIN"):
            keys = [row[0] for row in in_order(self._db, plan(self._db, where), "c.key", order, limit)]
        return sum(map(self._delete, _in_steps(sorted(keys))))

    def delete_bodies(self, before_us: int, limit: int) -> int:
        with translated(storing=False):
            keys = [row[0] for row in self._db.execute(_OLD_BODIES, (since(before_us), limit))]
        done = 0
        for some in _in_steps(keys):
            with self._change() as db:
                done += db.executemany("DELETE FROM bodies WHERE key = ?", [(key,) for key in some]).rowcount
        return done

    def forget_arrivals(self, until: int) -> None:
        forgotten = _ARRIVALS_AT_ONCE
        while forgotten == _ARRIVALS_AT_ONCE:
            with self._change() as db:
                forgotten = db.execute(_FORGET, (until, _ARRIVALS_AT_ONCE)).rowcount

    def recost(self, changes: Sequence[Recost]) -> int:
        return sum(map(self._recost, _in_steps(changes, _PRICES_AT_ONCE)))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _delete(self, keys: Sequence[int]) -> int:
        listed = ", ".join(map(str, keys))
        with self._change() as db:
            taken = tallies_of(db, keys)
            for block, found in taken.items():
                sqlite_zones.take(db, block, found)
            counted = f"SELECT count(*), place FROM calls WHERE key IN ({listed}) GROUP BY place"
            db.executemany("UPDATE places SET calls = calls - ? WHERE id = ?", db.execute(counted).fetchall())
            for table in ("bodies", "counted"):
                db.execute(f"DELETE FROM {table} WHERE key IN ({listed})")
            deleted = db.execute(f"DELETE FROM calls WHERE key IN ({listed})").rowcount
            remove_empty(db, taken)
            return deleted

    def _recost(self, changes: Sequence[Recost]) -> int:
        with self._change() as db:
            found = {key: change for change in changes if (key := key_of(db, change.call_id)) is not None}
            sql = f"{_AS_COUNTED} WHERE c.key IN ({', '.join(map(str, found))}) ORDER BY c.key"
            were = calls(db, db.execute(sql).fetchall(), place_names(db))
            names = Names(db)
            with _zones_kept(db, list(found)):
                values = [
                    (change.cost_nano, names.number("price_source", change.price_source or ""), key)
                    for key, change in found.items()
                ]
                db.executemany("UPDATE calls SET cost_nano = ?, price_source = ? WHERE key = ?", values)
            prices = [found[key] for key in sorted(found)]
            repriced = [
                Repriced(was, now.cost_nano, now.price_source) for was, now in zip(were, prices, strict=True)
            ]
            self._rollups.recost(db, repriced)
            return len(found)

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        check_place(self._path, self._opened)
        with translated(), transaction(self._db):
            yield self._db


def _noted(db: sqlite3.Connection, note: Note) -> dict[str, Value]:
    """The columns to set."""
    values: dict[str, Value] = {}
    if note.feedback is not msgspec.UNSET:
        values["feedback"] = note.feedback
    if note.score is not msgspec.UNSET:
        values["score"] = note.score
    if note.metadata is not msgspec.UNSET:
        values["metadata"] = MetadataNumbers(Names(db)).text(note.metadata)
    return values


@contextmanager
def _zones_kept(db: sqlite3.Connection, keys: Sequence[int]) -> Iterator[None]:
    """Zones count again what is changed meanwhile of some calls."""
    before = tallies_of(db, keys)
    yield
    for block, found in tallies_of(db, keys).items():
        sqlite_zones.take(db, block, before[block])
        sqlite_zones.add(db, block, found)


def _in_steps(things: Sequence[Thing], size: int = _AT_ONCE) -> Iterator[Sequence[Thing]]:
    return (things[start : start + size] for start in range(0, len(things), size))
