"""Opening the directory's file: made if it is not there, brought up to date if it is older.

Whether it is current is seen with plain SQL. Alembic, which takes 25 MB and a third of a second to load, is
loaded only for a file that is not. Also what whoever reads that it cannot be used should do.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from penstock.stores.aside import set_aside
from penstock.stores.facts import Unreadable
from penstock.stores.sqlite.control_store.migrations.new_file import STEPS, statements
from penstock.stores.sqlite.looking import is_damage, looked_at
from penstock.stores.sqlite.migrations import NewerFile

PARTS: Final = ("-journal", "-wal", "-shm")
"""What stands behind its name in those of the files that SQLite may have beside it."""

_VERSION_TABLE = "alembic_version"
_BUSY_SECONDS = 2.0
_NOT_AT_ALL = 0.0
_LOCKED: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class ForeignFile(sqlite3.DatabaseError):
    """A SQLite file that is no directory."""


def connect(path: Path, busy_seconds: float, *, had: Callable[[], bool]) -> sqlite3.Connection:
    """A connection to the file, which is made and brought up to date. Raises OSError, sqlite3.Error.

    `had` tells whether there was a directory before: then an empty file is not made one, but is a `ForeignFile`. It is
    asked when the file was found to be empty, since it may be emptied at any moment.
    """
    _make(path)
    for part in (path.with_name(path.name + part) for part in PARTS):
        if part.is_dir():  # which SQLite would never get past
            set_aside(part, "it is a folder")
    address = f"{path.absolute().as_uri()}?mode=rw"
    db = sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = DELETE")
        # A commit must survive a power cut: a new master key may already stand where the old one was.
        db.execute("PRAGMA synchronous = EXTRA")
        _bring_up_to_date(db, had)
    except BaseException:
        db.close()
        raise
    return db


def has_gone() -> ForeignFile:
    """That there was a directory, and is none now."""
    return ForeignFile("it has gone, and was there before")


def version(path: Path) -> int | None:
    """The number of the last change; 0 where there is no file, None where it cannot be told now.

    Only looks: nothing is made, brought up to date or waited for. Asked through SQLite and not read off the file's
    bytes, for closing a file lets go of all locks that the process holds on it, those of another thread's verb too.
    """
    try:
        if not path.exists():
            return 0
        with looked_at(path, _NOT_AT_ALL) as db:
            row = db.execute("SELECT number FROM version").fetchone()
    except (Unreadable, OSError):
        return None
    return row[0] if row and isinstance(row[0], int) else None


def is_current_file(path: Path) -> bool:
    """Whether the file has the newest version. Only looks, but for undoing a change that was cut off.

    Raises `Unreadable`, also for a newer program's.
    """
    with looked_at(path, _BUSY_SECONDS, "rw") as db:
        return is_current(db)


def is_current(db: sqlite3.Connection) -> bool:
    """Whether the file has seen all steps; an empty one has not. Raises `NewerFile`, `ForeignFile`."""
    return _step(db) == STEPS[-1]


def _step(db: sqlite3.Connection) -> str | None:
    """The last step the file has seen; None when it is empty."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return None
    if _VERSION_TABLE not in tables:
        raise ForeignFile("the file holds something else than a directory")
    row = db.execute(f"SELECT version_num FROM {_VERSION_TABLE}").fetchone()
    step = "" if row is None else str(row[0])
    if step not in STEPS:
        raise NewerFile(
            f"the file has version {step}, this program knows {STEPS[-1]}: it was written by a newer penstock"
        )
    return step


def _bring_up_to_date(db: sqlite3.Connection, had: Callable[[], bool]) -> None:
    step = _step(db)
    if step is None:
        if had():
            raise has_gone()
        _fill(db)
    elif step != STEPS[-1]:
        from penstock.stores.sqlite.control_store.migrations.steps import take  # noqa: PLC0415 - see above

        take(db)


def _fill(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    if _step(db) is None:  # another process may have been quicker while we waited for the lock
        for statement in statements():
            db.execute(statement)
    db.execute("COMMIT")


def _make(path: Path) -> None:
    """An empty file that others cannot read, as SQLite would let them.

    Never opened here: closing it would let go of the locks of another thread's connection.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.mknod(path, stat.S_IFREG | 0o600)


# -- what went wrong


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether the file is no sound directory."""
    return isinstance(error, ForeignFile) or is_damage(error)


def remedy(error: sqlite3.Error) -> str:
    """What whoever reads of this error could do."""
    if isinstance(error, NewerFile):
        return "update this program"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without what extends it
    if code in _LOCKED:
        return "another program is changing it, try again"
    if code == sqlite3.SQLITE_FULL:
        return "make room on its disk"
    if is_damaged(error):
        return "restore a copy of the file, or move it away to begin with an empty directory"
    return "check that this user may write the file and its folder"


def reason(error: OverflowError | UnicodeError) -> str:
    """Why something cannot be stored."""
    return "a number is too large" if isinstance(error, OverflowError) else "a text is not valid Unicode"
