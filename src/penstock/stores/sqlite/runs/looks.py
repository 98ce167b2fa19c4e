"""Which runs are to be looked at, by whom and when; and which are old enough to be forgotten.

Within a transaction of somebody else's. How often a run is looked at is decided elsewhere.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from penstock.runs.run import Outcome
from penstock.stores.runs import Due
from penstock.stores.sqlite.runs.rows import run_of
from penstock.stores.sqlite.runs.shelf import Shelf

_DUE: Final = (
    "SELECT key, run, failures FROM runs WHERE next_us IS NOT NULL AND next_us <= ?"
    " ORDER BY next_us, key LIMIT ?"
)
_LEASE: Final = "UPDATE runs SET holder = ?, next_us = ? WHERE key = ?"
_UNREADABLE: Final = "UPDATE runs SET next_us = NULL WHERE key = ?"
_LOOKED: Final = (
    "UPDATE runs SET next_us = CASE WHEN next_us IS NULL THEN NULL ELSE ? END, failures = ?, holder = ''"
    " WHERE key = ?"
)

_WAITS: Final = (
    "SELECT 1 FROM ordered o JOIN creates c ON c.key = o.call"
    " WHERE o.run = r.key AND c.waiting_us IS NOT NULL"
)
_OLDEST: Final = (
    "SELECT r.key FROM runs r WHERE r.ended_us IS NOT NULL AND r.ended_us < ?"
    f" AND NOT EXISTS ({_WAITS})"
    " AND NOT EXISTS (SELECT 1 FROM runs k WHERE k.parent = r.id AND k.parent <> '')"
    " ORDER BY r.ended_us, r.key LIMIT ?"
)
_EMPTY_CREATES: Final = (
    "DELETE FROM creates WHERE key IN ("
    f"SELECT key FROM creates c WHERE sent_us < ? AND outcome <> '{Outcome.INTENT.value}' AND waiting_us IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM ordered WHERE call = c.key) ORDER BY sent_us LIMIT ?)"
)
_OLD_STRANGERS: Final = "DELETE FROM strangers WHERE seen_us < ?"


def due(db: sqlite3.Connection, now_us: int, holder: str, lease_us: int, limit: int) -> list[Due]:
    """Leased to the holder: it is nobody else's turn until the lease ends, and anybody's then."""
    found = []
    for key, packed, failures in db.execute(_DUE, (now_us, limit)).fetchall():
        run = run_of(packed)
        if run is None:
            db.execute(_UNREADABLE, (key,))
        else:
            db.execute(_LEASE, (holder, now_us + lease_us, key))
            found.append(Due(run, failures))
    return found


def looked(db: sqlite3.Connection, shelf: Shelf, run_id: str, next_us: int, failures: int, flag: str) -> None:
    """Where it has come to its end meanwhile, nobody looks again."""
    known = shelf.find(run_id)
    if known is not None:
        key, run = known
        if flag:
            shelf.flag(key, run, flag)
        db.execute(_LOOKED, (next_us, failures, key))


def forget(db: sqlite3.Connection, shelf: Shelf, before_us: int, limit: int) -> int:
    """The oldest ended runs, and requests of which no run is left; how many runs. A group outlives its runs."""
    keys = [key for (key,) in db.execute(_OLDEST, (before_us, limit))]
    for key in keys:
        shelf.delete(key)
    db.execute(_EMPTY_CREATES, (before_us, limit))
    db.execute(_OLD_STRANGERS, (before_us,))
    return len(keys)
