"""Bringing a SQLite file up to date, in numbered steps.

A migration is a function; its place in the sequence is its number, kept in `PRAGMA user_version`. Each runs
in one transaction. The steps themselves stand with the tables they make.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

Migration = Callable[[sqlite3.Connection], None]


class NewerFile(sqlite3.DatabaseError):
    """The file has seen steps that this program does not know."""


def version(db: sqlite3.Connection) -> int:
    """How many migrations the file has seen; 0 in a new file."""
    row = db.execute("PRAGMA user_version").fetchone()
    return int(row[0])


def check(db: sqlite3.Connection, known: int) -> int:
    """The file's version; raises `NewerFile` for one from a later program."""
    found = version(db)
    if found > known:
        raise NewerFile(
            f"the file has version {found}, this program knows {known}: it was written by a newer penstock"
        )
    return found


def migrate(db: sqlite3.Connection, steps: Sequence[Migration]) -> None:
    """Run the steps that the file has not seen, each in a transaction of its own. Raises `NewerFile`."""
    for number in range(check(db, len(steps)), len(steps)):
        db.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have taken this step while we waited for the lock.
            if version(db) == number:
                steps[number](db)
                db.execute(f"PRAGMA user_version = {number + 1}")
            db.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors (a full disk, for one).
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
