"""What can be said of a SQLite file from outside: its version, and how far the ledger has come.

Opens read-only, changes nothing and brings nothing up to date. Calls are read in `sqlite/ledger/reader.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from penstock.stores.facts import LedgerFacts, Unreadable
from penstock.stores.sqlite.control_store.file import is_current
from penstock.stores.sqlite.ledger.keys import created_us
from penstock.stores.sqlite.ledger.schema import MIGRATIONS as LEDGER_MIGRATIONS
from penstock.stores.sqlite.migrations import check

_BUSY_SECONDS = 2.0


def ledger_facts(path: Path) -> LedgerFacts | None:
    """None for a file of an older version. Raises `Unreadable`, also for that of a newer program."""
    with _opened(path) as db:
        if check(db, len(LEDGER_MIGRATIONS)) < len(LEDGER_MIGRATIONS):
            return None
        (calls,) = db.execute("SELECT coalesce(max(number), 0) FROM arrivals").fetchone()
        (newest,) = db.execute("SELECT max(key) FROM calls").fetchone()
        positions = dict(db.execute("SELECT segment, bytes FROM positions"))
        return LedgerFacts(int(calls), None if newest is None else created_us(newest), positions)


def is_current_control_store(path: Path) -> bool:
    """Whether the directory's file has the newest version. Raises `Unreadable`, also for a newer program's."""
    with _opened(path) as db:
        return is_current(db)


def ledger_bytes(path: Path) -> int:
    """What the ledger takes of the disk."""
    taken = 0
    for part in (path, path.with_name(f"{path.name}-wal")):
        with suppress(FileNotFoundError):
            taken += part.stat().st_size
    return taken


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as error:
        raise Unreadable(str(error)) from error
