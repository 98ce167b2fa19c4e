"""Calls into the tables of the SQLite ledger: each once, under a key of its own.

Nearly always the first choice of a key is free and all are inserted at once. What remains is a copy of a call
that is there already, or began in the same microsecond as another and must take another key. Part of a
caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Final

from penstock.stores.ledger import NewCall, Unstorable
from penstock.stores.sqlite.ledger.bodies import INSERT_BODIES, body_row
from penstock.stores.sqlite.ledger.keys import NUMBERS, around, first_choice, packed
from penstock.stores.sqlite.ledger.rows import Placed, RowMaker

_LAST_ARRIVAL: Final = "SELECT coalesce(max(number), 0) FROM arrivals"
_MOVED: Final = "SELECT id FROM moved WHERE id BETWEEN ? AND ?"
_COPY: Final = "SELECT 1 FROM calls WHERE key >= ? AND key < ? AND id = ?"


def inserted(db: sqlite3.Connection, rows: RowMaker, calls: Sequence[NewCall]) -> list[Placed]:
    """Store calls with their bodies; those that were not there yet."""
    if not calls:
        return []
    (last,) = db.execute(_LAST_ARRIVAL).fetchone()
    all_ = [_first_chosen(call, arrival) for arrival, call in enumerate(calls, last + 1)]
    moved = _moved(db, all_)
    new = _at_once(db, rows, [one for one in all_ if one.packed_id not in moved])
    if len(new) < len(all_):
        done = {one.arrival for one in new}
        new += _singly(db, rows, [one for one in all_ if one.arrival not in done])
    db.executemany("INSERT INTO arrivals VALUES (?, ?)", [(one.arrival, one.key) for one in new])
    bodies = [body_row(one.call, one.key) for one in new if one.call.record.bodies]
    db.executemany(INSERT_BODIES, bodies)
    counted = Counter((one.call.record.account, one.call.record.gateway) for one in new)
    places = [(count, rows.place(*place)) for place, count in counted.items()]
    db.executemany("UPDATE places SET calls = calls + ? WHERE id = ?", places)
    return new


def _first_chosen(call: NewCall, arrival: int) -> Placed:
    created_us = call.record.created_us
    packed_id = packed(call.record.id, created_us)
    return Placed(first_choice(packed_id, created_us), arrival, packed_id, call)


def _moved(db: sqlite3.Connection, calls: Sequence[Placed]) -> set[bytes]:
    """Which of them may be copies of calls that did not get the key of their first choice."""
    ids = [one.packed_id for one in calls]
    return {row[0] for row in db.execute(_MOVED, (min(ids), max(ids)))}


def _at_once(db: sqlite3.Connection, rows: RowMaker, calls: Sequence[Placed]) -> list[Placed]:
    """Those whose key was free."""
    if not calls or db.executemany(*rows.insert(calls)).rowcount == len(calls):
        return list(calls)
    keys = ", ".join(str(one.key) for one in calls)
    there: dict[int, int] = dict(
        db.execute(f"SELECT key, arrival FROM calls WHERE key IN ({keys})").fetchall()
    )
    return [one for one in calls if there[one.key] == one.arrival]


def _singly(db: sqlite3.Connection, rows: RowMaker, calls: Sequence[Placed]) -> list[Placed]:
    """Those that are no copies, under the next free keys."""
    new: list[Placed] = []
    for one in calls:
        if db.execute(_COPY, (*around(one.packed_id), one.packed_id)).fetchone() is None:
            placed = one._replace(key=_free_key(db, one))
            db.executemany(*rows.insert([placed]))
            new.append(placed)
    return new


def _free_key(db: sqlite3.Connection, one: Placed) -> int:
    """Another key of the same microsecond."""
    first = one.key & -NUMBERS
    rows = db.execute("SELECT key FROM calls WHERE key BETWEEN ? AND ?", (first, first + NUMBERS - 1))
    taken = {row[0] for row in rows}
    for step in range(NUMBERS):
        key = first | (one.key + step) & (NUMBERS - 1)
        if key not in taken:
            if step:
                db.execute("INSERT OR IGNORE INTO moved VALUES (?)", (one.packed_id,))
            return key
    raise Unstorable(f"{NUMBERS} calls began in the same microsecond")
