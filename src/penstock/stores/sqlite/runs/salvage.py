"""Taking over what can be read of a damaged file of runs: whose they are is known nowhere else.

Rows up to the damage, and from the end back to it; not all belong together any more, which nobody minds. Bounded in
time, for others wait. Setting the file aside, and making the one that takes its place, is in `file.py`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from penstock.stores.sqlite.migrations import version
from penstock.stores.sqlite.runs.rests import TABLES
from penstock.stores.sqlite.runs.rows import run_of
from penstock.stores.sqlite.runs.schema import MIGRATIONS

SECONDS: Final = 10.0

_KEPT_IN_ORDER: Final = (
    "runs",
    "creates",
    "strangers",
    "results",
    "executions",
    "hooks",
    "hook_marks",
    "hook_events",
)  # by the key that is its row's number
_OTHERS: Final = ("ordered", "moments", *TABLES)
_STEPS: Final = 1000  # of SQLite's machine, between two looks at the clock

_Row = tuple[str | int | bytes | None, ...]


def salvage(damaged: Path, db: sqlite3.Connection, seconds: float = SECONDS) -> int:
    """Puts it into the new file that is open; how many runs. Whatever goes wrong leaves the rest out."""
    until = os.times().elapsed + seconds
    address = f"{damaged.absolute().as_uri()}?mode=ro"
    with suppress(sqlite3.Error, OSError, UnicodeError), closing(sqlite3.connect(address, uri=True)) as old:
        old.set_progress_handler(lambda: int(os.times().elapsed > until), _STEPS)
        old.text_factory = db.text_factory
        if 0 < version(old) <= len(MIGRATIONS):  # an older one has what no later step has made
            for table in (*_KEPT_IN_ORDER, *_OTHERS):
                _take_over(old, db, table)
    return int(db.execute("SELECT count(*) FROM runs").fetchone()[0])


def _take_over(old: sqlite3.Connection, db: sqlite3.Connection, table: str) -> None:
    """As many of its rows as can be read, and then stored."""
    names = [str(row[1]) for row in db.execute(f"PRAGMA table_info({table})")]
    packed = names.index("run") if table in ("runs", "strangers") else None
    listed = ", ".join(names)
    add = f"INSERT OR IGNORE INTO {table} ({listed}) VALUES ({', '.join('?' * len(names))})"
    db.execute("BEGIN IMMEDIATE")
    try:
        for row in _rows(old, table, listed):
            if packed is None or run_of(str(row[packed])) is not None:
                db.execute(add, row)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _rows(old: sqlite3.Connection, table: str, listed: str) -> Iterator[_Row]:
    orders = ("ASC", "DESC") if table in _KEPT_IN_ORDER else ("ASC",)
    for order in orders:
        by = f" NOT INDEXED ORDER BY rowid {order}" if len(orders) > 1 else ""
        try:
            yield from old.execute(f"SELECT {listed} FROM {table}{by}")
        except (sqlite3.DatabaseError, UnicodeError):
            continue
        return
