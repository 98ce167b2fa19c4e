"""The SQLite ledger's reading side: listing, finding, showing.

Opens the file read-only, so that it works beside a shipper that writes; each verb sees one state of it. A query
becomes a plan in `query.py`, which is followed in `walk.py`. Nothing here knows how a call is shown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from penstock.stores.ledger import NEWEST_FIRST, Bodies, CallRow, Extremes, Newest, Order, Query
from penstock.stores.sqlite.ledger.bodies import bodies
from penstock.stores.sqlite.ledger.fields import ID_MARKS
from penstock.stores.sqlite.ledger.file import (
    add_functions,
    check_place,
    identities,
    key_of,
    opened_existing,
    translated,
)
from penstock.stores.sqlite.ledger.filter_ids import ID_CHARS, MARKED_DIGITS, marked_zones
from penstock.stores.sqlite.ledger.keys import beginning_with, created_us
from penstock.stores.sqlite.ledger.names import place_names
from penstock.stores.sqlite.ledger.order import extremes, in_order
from penstock.stores.sqlite.ledger.query import Plan, plan
from penstock.stores.sqlite.ledger.rows import COLUMNS, Row, calls
from penstock.stores.sqlite.ledger.walk import count, rows_within
from penstock.stores.sqlite.ledger.walk import rows as rows_of

_DIGITS: Final = frozenset("0123456789abcdef")


class SqliteReader:
    """A ledger file opened for reading only. May be used from any thread, one at a time."""

    def __init__(self, path: Path, busy_seconds: float = 5.0) -> None:
        self._db = opened_existing(path, busy_seconds, "ro")
        self._path, self._opened = path, identities(path)
        add_functions(self._db)
        self._planned: tuple[Query, int, Plan] | None = None

    def calls(
        self, where: Query, limit: int, *, offset: int = 0, order: Order = NEWEST_FIRST
    ) -> list[CallRow]:
        with self._view() as db:
            return self._calls(in_order(db, self._plan(db, where), COLUMNS, order, limit, offset))

    def newest(self, where: Query, limit: int, offset: int, effort: int) -> Newest:
        with self._view() as db:
            rows, given_up = rows_within(db, self._plan(db, where), COLUMNS, limit, offset, effort)
            return Newest(self._calls(rows), None if given_up is None else created_us(given_up))

    def count(self, where: Query, effort: int | None = None) -> int | None:
        with self._view() as db:
            return count(db, self._plan(db, where), effort)

    def extremes(self, where: Query, effort: int | None = None) -> Extremes | None:
        with self._view() as db:
            return extremes(db, self._plan(db, where), effort)

    def arrived(self, where: Query, after: int, limit: int) -> list[CallRow]:
        with self._view() as db:
            those = plan(db, where)
            sql = (
                f"SELECT {COLUMNS} FROM arrivals a CROSS JOIN calls c ON c.key = a.key AND c.arrival = a.number "
                "WHERE a.number > :after AND c.key >= :from AND c.key < :to "
                f"AND {those.rows} ORDER BY a.number LIMIT :limit"
            )
            given = {"after": after, "limit": limit, "from": those.span.start, "to": those.span.end}
            return self._calls(db.execute(sql, {**those.values, **given}).fetchall())

    def last_arrival(self) -> int:
        with self._view() as db:
            return int(db.execute("SELECT coalesce(max(number), 0) FROM arrivals").fetchone()[0])

    def get(self, call_id: str) -> CallRow | None:
        with self._view() as db:
            key = key_of(db, call_id)
            sql = f"SELECT {COLUMNS} FROM calls c WHERE c.key = ?"
            return None if key is None else self._calls(db.execute(sql, (key,)).fetchall())[0]

    def find(self, part: str, limit: int) -> list[str]:
        with self._view() as db:
            return _beginning(db, part, limit) or _ending(db, part, limit)

    def bodies(self, call_id: str) -> Bodies | None:
        with self._view() as db:
            sql = "SELECT form, request, response FROM bodies WHERE key = ?"
            row = db.execute(sql, (key_of(db, call_id),)).fetchone()
            return bodies(*row) if row else None

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _calls(self, rows: list[Row]) -> list[CallRow]:
        return calls(self._db, rows, place_names(self._db)) if rows else []

    def _plan(self, db: sqlite3.Connection, where: Query) -> Plan:
        """Looks through all names: once, where a list, its length and its extremes are asked for."""
        (state,) = db.execute("PRAGMA data_version").fetchone()
        if self._planned is None or self._planned[:2] != (where, state):
            self._planned = (where, state, plan(db, where))
        return self._planned[2]

    @contextmanager
    def _view(self) -> Iterator[sqlite3.Connection]:
        """One state of the file, whatever is written meanwhile."""
        check_place(self._path, self._opened)
        with translated(storing=False):
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")


def _beginning(db: sqlite3.Connection, part: str, limit: int) -> list[str]:
    span = beginning_with(part)
    if span is None:
        return []
    sql = "SELECT uuid_text(id) AS text FROM calls WHERE key >= ? AND key < ? AND substr(text, 1, ?) = ? LIMIT ?"
    return [row[0] for row in db.execute(sql, (*span, len(part), part, limit))]


def _ending(db: sqlite3.Connection, part: str, limit: int) -> list[str]:
    """Newest first; by their marks most blocks need not be looked at."""
    digits = part.replace("-", "")
    if not set(digits) <= _DIGITS or len(part) > ID_CHARS:
        return []
    rows = f"substr(hex(c.id), {-len(digits)}) = '{digits.upper()}'"
    rows += f" AND substr(uuid_text(c.id), {-len(part)}) = '{part}'"
    is_marked = "-" not in part[-MARKED_DIGITS:] and len(part) >= MARKED_DIGITS
    zones = marked_zones(ID_MARKS, int(part[-MARKED_DIGITS:], 16)) if is_marked else "1"
    those = plan(db, Query())._replace(rows=rows, zones=zones, is_counted=False)
    return [row[0] for row in rows_of(db, those, "uuid_text(c.id)", limit)]
