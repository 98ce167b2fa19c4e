"""The SQLite ledger's file: opened for writing or for reading, looked at, and what can go wrong with it.

Migrations are run when it is opened for writing. What a call holds is of no concern here.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from penstock.stores.condition_values import holds
from penstock.stores.facts import LedgerFacts
from penstock.stores.ledger import LedgerMissing, LedgerUnavailable, Unstorable
from penstock.stores.sqlite.ledger.keys import around, created_us, packed_if_id, unpacked
from penstock.stores.sqlite.ledger.marks import may_hold
from penstock.stores.sqlite.ledger.schema import MIGRATIONS
from penstock.stores.sqlite.looking import looked_at
from penstock.stores.sqlite.migrations import check, migrate

FILE_NAME: Final = "ledger.db"

_KEY: Final = "SELECT key FROM calls WHERE key >= ? AND key < ? AND id = ?"
_PAGE_BYTES: Final = 16 * 1024  # two bodies of a kilobyte each fill a quarter of a page of 4 kB in vain
_CHECKPOINT_PAGES: Final = 4000
_CACHE_KIB: Final = 16 * 1024
_WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024
_LOOK_SECONDS: Final = 2.0  # for a lock, by who only looks


def opened(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """The file for writing, made where there is none, brought up to date."""
    # SQLite would make the file readable by everyone; it holds people's prompts.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
    try:
        db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        migrate(db, MIGRATIONS)
    except BaseException:
        db.close()
        raise
    return db


def make_missing(path: Path, busy_seconds: float = 1.0) -> None:
    """An empty ledger where there is none, for those who look before anything is stored.

    Raises `LedgerUnavailable`.
    """
    try:
        opened_existing(path, busy_seconds, "ro").close()
    except LedgerMissing:
        with translated():
            opened(path, busy_seconds).close()


def opened_existing(path: Path, busy_seconds: float, mode: str) -> sqlite3.Connection:
    """The file of a ledger that is there, with mode `ro` or `rw`. Raises `LedgerUnavailable`."""
    if not path.exists():
        raise LedgerMissing(str(path))
    with translated():
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if check(db, len(MIGRATIONS)) < len(MIGRATIONS):
                raise LedgerMissing(str(path))
            db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        except BaseException:
            db.close()
            raise
        return db


def ledger_facts(path: Path) -> LedgerFacts | None:
    """None for a file of an older version. Raises `Unreadable`, also for that of a newer program."""
    with looked_at(path, _LOOK_SECONDS) as db:
        if check(db, len(MIGRATIONS)) < len(MIGRATIONS):
            return None
        (calls,) = db.execute("SELECT coalesce(max(number), 0) FROM arrivals").fetchone()
        (newest,) = db.execute("SELECT max(key) FROM calls").fetchone()
        positions = dict(db.execute("SELECT segment, bytes FROM positions"))
        return LedgerFacts(int(calls), None if newest is None else created_us(newest), positions)


def ledger_bytes(path: Path) -> int:
    """What the ledger takes of the disk."""
    taken = 0
    for part in (path, path.with_name(f"{path.name}-wal")):
        with suppress(FileNotFoundError):
            taken += part.stat().st_size
    return taken


def add_functions(db: sqlite3.Connection) -> None:
    """What plans (`query.py`) ask of a connection beside SQL."""
    db.create_function("holds", 2, _holds, deterministic=True)
    db.create_function("uuid_text", 1, unpacked, deterministic=True)
    db.create_function("marked", 2, may_hold, deterministic=True)


def key_of(db: sqlite3.Connection, call_id: str) -> int | None:
    """The key of a call; None where there is none."""
    data = packed_if_id(call_id)
    row = data and db.execute(_KEY, (*around(data), data)).fetchone()
    return int(row[0]) if row else None


@contextmanager
def transaction(db: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """All of it, or nothing."""
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself after some errors (a full disk, for one).
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def translated() -> Iterator[None]:
    """SQLite's errors as the ledger's own."""
    try:
        yield
    except (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError) as error:
        raise Unstorable(str(error)) from error
    except (OverflowError, UnicodeEncodeError) as error:
        raise Unstorable(str(error)) from error
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # the last: of a text in a damaged file
        raise LedgerUnavailable(str(error)) from error


def _holds(text: object, part: str) -> bool:
    return isinstance(text, str) and holds(text, part)
