"""The SQLite ledger's file: opened for writing or for reading, looked at, and what can go wrong with it.

Migrations are run when it is opened for writing. What a call holds is of no concern here.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import msgspec

from penstock.stores.aside import note, set_aside
from penstock.stores.condition_values import holds
from penstock.stores.facts import LedgerFacts
from penstock.stores.ledger import (
    LedgerDamaged,
    LedgerMissing,
    LedgerReplaced,
    LedgerUnavailable,
    Unstorable,
)
from penstock.stores.sqlite.ledger.keys import around, created_us, packed_if_id, unpacked
from penstock.stores.sqlite.ledger.marks import may_hold
from penstock.stores.sqlite.ledger.schema import MIGRATIONS
from penstock.stores.sqlite.looking import Identity, identity, is_damage, is_empty, looked_at
from penstock.stores.sqlite.migrations import check, migrate, version

FILE_NAME: Final = "ledger.db"
PARTS: Final = ("-wal", "-shm", "-journal")
"""What stands behind its name in those of the files that SQLite keeps beside it."""

_KEY: Final = "SELECT key FROM calls WHERE key >= ? AND key < ? AND id = ?"
_PAGE_BYTES: Final = 16 * 1024  # two bodies of a kilobyte each fill a quarter of a page of 4 kB in vain
Identities = tuple[Identity | None, Identity | None]
"""Of the file, and of what those who have it open share."""

_CHECKPOINT_PAGES: Final = 4000
_CACHE_KIB: Final = 16 * 1024
_WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024
_texts = msgspec.json.Decoder(tuple[str, ...]).decode
_text: Final = partial(str, encoding="utf-8", errors="replace")  # one damaged text must not hide all others
_UNFIT: Final = (OverflowError, UnicodeError, TypeError, LookupError, struct.error)
_LOOK_SECONDS: Final = 2.0  # for a lock, by who only looks


def opened(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """The file for writing, made where there is none, brought up to date. Raises `LedgerDamaged`, too."""
    try:
        # SQLite would make the file readable by everyone; it holds people's prompts.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if is_empty(path) or path.is_dir():
            raise LedgerDamaged("it is empty" if path.is_file() else "it is a folder") from None
    for part in (path.with_name(path.name + part) for part in PARTS):
        if part.is_dir():  # which SQLite would never get past
            set_aside(part, "it is a folder")
    db = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
    try:
        db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        if version(db) == 0 and db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise LedgerDamaged("it holds something else than a ledger")
        migrate(db, MIGRATIONS)
    except BaseException:
        db.close()
        raise
    return db


def make_missing(path: Path, busy_seconds: float = 1.0) -> str:
    """An empty ledger where there is none, for those who look before anything is stored.

    In the place of an empty file, too: that is to be said. Raises `LedgerUnavailable`.
    """
    said = ""
    try:
        opened_existing(path, busy_seconds, "ro").close()
    except LedgerMissing:
        if is_empty(path):
            said = note(path, "it was empty").text
            path.unlink()
        with translated(storing=False):
            opened(path, busy_seconds).close()
    return said


def opened_existing(path: Path, busy_seconds: float, mode: str) -> sqlite3.Connection:
    """The file of a ledger that is there, with mode `ro` or `rw`. Raises `LedgerUnavailable`."""
    if not path.exists():
        raise LedgerMissing(str(path))
    with translated(storing=False):
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
            db.text_factory = _text
        except BaseException:
            db.close()
            raise
        return db


def ledger_facts(path: Path, busy_seconds: float = _LOOK_SECONDS) -> LedgerFacts | None:
    """None for a file of an older version. Raises `Unreadable`, also for that of a newer program."""
    with looked_at(path, busy_seconds) as db:
        if check(db, len(MIGRATIONS)) < len(MIGRATIONS):
            return None
        (calls,) = db.execute("SELECT coalesce(max(number), 0) FROM arrivals").fetchone()
        (newest,) = db.execute("SELECT max(key) FROM calls").fetchone()
        positions = dict(db.execute("SELECT segment, bytes FROM positions"))
        return LedgerFacts(int(calls), None if newest is None else created_us(newest), positions)


def identities(path: Path) -> Identities:
    """Which files a ledger consists of."""
    return identity(path), identity(path.with_name(f"{path.name}-shm"))


def check_place(path: Path, opened: Identities) -> None:
    """Raises `LedgerReplaced` where what was opened is not what is at its path any more."""
    now = identities(path)
    if now[0] != opened[0] or (opened[1] is not None and now[1] != opened[1]):
        raise LedgerReplaced("another file has taken its place, or it was deleted")


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
def translated(*, storing: bool = True) -> Iterator[None]:
    """SQLite's errors as the ledger's own. Where nothing of a caller's is stored, only damage can be at odds."""
    try:
        yield
    except (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError) as error:
        raise (Unstorable if storing else LedgerDamaged)(str(error)) from error
    except UnicodeDecodeError as error:  # of a text in a damaged file
        raise LedgerDamaged(str(error)) from error
    except (*_UNFIT, msgspec.MsgspecError) as error:
        raise (Unstorable if storing else LedgerDamaged)(str(error)) from error
    except (sqlite3.Error, OSError) as error:
        raise (LedgerDamaged if is_damage(error) else LedgerUnavailable)(str(error)) from error


def _holds(text: object, parts: str) -> bool:
    return isinstance(text, str) and holds(text, _parts(parts))


@lru_cache(maxsize=16)
def _parts(parts: str) -> tuple[str, ...]:
    """A JSON array: SQLite has no lists."""
    return _texts(parts)
