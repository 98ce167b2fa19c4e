"""Looking at a SQLite file that is somebody else's: nothing is made, changed or brought up to date."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple

from penstock.stores.facts import Unreadable
from penstock.stores.sqlite.migrations import NewerFile

_DAMAGES: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_NOTADB)
_NOT_OURS: Final = ("no such ", "duplicate column", "malformed")  # all statements are ours: the schema is not
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_STEPS: Final = 10_000  # of SQLite's machine, between two looks at the clock

Identity = tuple[int, int]


@contextmanager
def looked_at(
    path: Path, busy_seconds: float, mode: Literal["ro", "rw"] = "ro"
) -> Iterator[sqlite3.Connection]:
    """The file, read-only. Raises `Unreadable`, also for what SQLite raises within.

    With `rw` a change that was cut off, by a crash in its commit, is undone first; read-only it cannot be read.
    """
    address = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None)) as db:
            yield db
    except (sqlite3.Error, UnicodeError) as error:  # the latter where the text of an error is damaged itself
        raise Unreadable(str(error)) from error


def is_damage(error: BaseException) -> bool:
    """Whether an error says that a file is no sound one. A newer program's may be sound, and so may a locked one."""
    if isinstance(error, OSError):
        return isinstance(error, IsADirectoryError)
    if isinstance(error, UnicodeError):
        return True
    if isinstance(error, NewerFile) or not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_ERROR:
        return str(error).startswith(_NOT_OURS)
    if code is None:
        return isinstance(error, sqlite3.OperationalError)  # what was read is no text
    return (code & 0xFF) in _DAMAGES


def is_busy(error: BaseException) -> bool:
    """Whether somebody else only has the file now."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _BUSY


def is_empty(path: Path) -> bool:
    """Whether there is a file, and nothing in it. SQLite would take it for a new one."""
    return path.is_file() and path.stat().st_size == 0


def identity(path: Path) -> Identity | None:
    """Which file is at a path; None for none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Place(NamedTuple):
    """How a file is: changed by anything but our own writing, it is suspect. All is nothing where there is none."""

    identity: Identity | None
    size: int
    written_ns: int


def place_of(path: Path) -> Place:
    """How it is now."""
    try:
        status = os.stat(path)
    except OSError:
        return Place(None, 0, 0)
    return Place((status.st_dev, status.st_ino), status.st_size, status.st_mtime_ns)


def fault(path: Path, seconds: float, *, thorough: bool = False) -> str | None:
    """What SQLite finds to be wrong with a file; empty if nothing, None where that was not to be told in time.

    Looks at how pages belong together; `thorough` also at whether indexes and references hold what they should.
    """
    if is_empty(path) or path.is_dir():
        return "it is empty" if path.is_file() else "it is a folder"
    until = _now() + seconds
    check = "integrity_check" if thorough else "quick_check"
    try:
        with looked_at(path, seconds) as db:
            db.set_progress_handler(lambda: int(_now() > until), _STEPS)
            (first,) = db.execute(f"PRAGMA {check}(1)").fetchone()
            if first == "ok" and thorough and db.execute("PRAGMA foreign_key_check").fetchone() is not None:
                first = "a row refers to another one that is not there"
            return "" if first == "ok" else " ".join(str(first).split())
    except Unreadable as error:
        cause = error.__cause__
        return str(error) if cause is None or is_damage(cause) or isinstance(cause, NewerFile) else None


def _now() -> float:
    """Seconds of a clock that never goes back, without loading what the program's own clock loads."""
    return os.times().elapsed
