"""The run ledger's file: made, opened, found to be another one, and set aside where it is damaged.

Many processes write it, and each of them may find the damage: under a lock the first one sets the file aside and makes
another one, which the others take up. What is kept in it is of no concern here; what of it can be saved is in
`salvage.py`.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from penstock.stores.aside import set_aside
from penstock.stores.runs import RunsUnavailable
from penstock.stores.sqlite.looking import Place, fault, is_damage, is_empty, place_of
from penstock.stores.sqlite.migrations import check, migrate, version
from penstock.stores.sqlite.runs.salvage import salvage
from penstock.stores.sqlite.runs.schema import MIGRATIONS

FILE_NAME: Final = "runs.db"
PARTS: Final = ("-wal", "-shm", "-journal")
"""What stands behind its name in those of the files that SQLite keeps beside it."""

_LOCK: Final = "stores.lock"  # of workers that mend what they share
_LOST: Final = (
    "runs that cannot be read from it are unknown, and answer to everybody who has the provider's key"
)
_LOOK_SECONDS: Final = 1.0
_CACHE_KIB: Final = 4 * 1024  # in each worker
_WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024
_text: Final = partial(str, encoding="utf-8", errors="replace")  # one damaged text must not hide all others

log = logging.getLogger("penstock.stores")


class RunsDamaged(RunsUnavailable):
    """The file is no sound run ledger."""


class RunsFile:
    """The file as one process has it that writes to it: opened when first asked for, and again when it is another."""

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._busy_seconds = busy_seconds
        self._db: sqlite3.Connection | None = None
        self._places = place_of(path), place_of(self._log)

    def connection(self) -> sqlite3.Connection:
        """Raises `RunsUnavailable`, and `RunsDamaged` where it is not what was opened any more."""
        if self._db is not None:
            self._look()
        if self._db is None:
            with _locked(self._path.with_name(_LOCK)):
                self._db = self._open()
                self._places = place_of(self._path), place_of(self._log)
        return self._db

    def begin_anew(self, why: str) -> None:
        """Sets aside what is damaged, unless somebody else has been quicker. Raises `RunsUnavailable`."""
        self.close()
        with _locked(self._path.with_name(_LOCK)):
            if place_of(self._path).identity == self._places[0].identity:
                self._db = self._anew(why)
                self._places = place_of(self._path), place_of(self._log)

    def close(self) -> None:
        """Let go of it."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _look(self) -> None:
        now = place_of(self._path), place_of(self._log)
        if now == self._places:
            return
        (file, log_), (was, log_was) = now, self._places
        if file.identity is not None and file.identity != was.identity:
            log.error("%s is another file than it was: it is opened anew", self._path)
            self._leave_log(log_, log_was)
            self.close()
            return
        self._places = now
        if file.identity is None:
            raise RunsDamaged("it was deleted while it was used")
        if file.size < was.size:
            raise RunsDamaged(f"it was cut from {was.size} to {file.size} bytes")
        if log_.identity != log_was.identity:
            log.error("%s was replaced or deleted while it was used", self._log)
            self.close()  # what it held is written into the file then, if nobody else has that open
            if found := fault(self._path, _LOOK_SECONDS):
                raise RunsDamaged(found)

    def _leave_log(self, now: Place, was: Place) -> None:
        """Only the file was replaced: its log would be taken for one of the new file."""
        if now.identity is None or now.identity != was.identity:
            return
        with _translated(), _locked(self._path.with_name(_LOCK)):
            if place_of(self._log).identity == was.identity:
                log.error("%s", set_aside(self._log, f"its {self._path.name} was taken away").text)
                self._path.with_name(f"{self._path.name}-shm").unlink(missing_ok=True)

    def _open(self) -> sqlite3.Connection:
        try:
            return _opened(self._path, self._busy_seconds)
        except RunsDamaged as error:
            return self._anew(str(error))

    def _anew(self, why: str) -> sqlite3.Connection:
        with _translated():
            done = set_aside(self._path, why, _LOST, PARTS)
        log.error("%s", done.text)
        db = _opened(self._path, self._busy_seconds)
        if done.moved_to and (saved := salvage(self._path.with_name(done.moved_to), db)):
            log.error("%s: %d runs could be read from %s", self._path.name, saved, done.moved_to)
        return db


def opened_to_read(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """The file read-only. Raises `RunsUnavailable`, also as long as there is none."""
    with _translated():
        if not path.exists():
            raise RunsUnavailable(f"there is no {path}: no run was made yet")
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if check(db, len(MIGRATIONS)) < len(MIGRATIONS):
                raise RunsUnavailable(f"{path} is of an older version: a start brings it up to date")
            _prepare(db)
        except BaseException:
            db.close()
            raise
        return db


@contextmanager
def transaction(db: sqlite3.Connection, begin: str) -> Iterator[None]:
    """All of it, or nothing. Raises `RunsUnavailable`, and `RunsDamaged`."""
    with _translated():
        db.execute(begin)
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors (a full disk, for one).
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def runs_bytes(path: Path) -> int:
    """What it takes of the disk."""
    return sum(place_of(one).size for one in (path, path.with_name(f"{path.name}-wal")))


@contextmanager
def _translated() -> Iterator[None]:
    """SQLite's errors as the store's own, and those of values that have no place in it."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise (RunsDamaged if is_damage(error) else RunsUnavailable)(str(error)) from error
    except (OverflowError, UnicodeError, msgspec.MsgspecError) as error:
        raise RunsUnavailable(f"this cannot be stored: {error}") from error


def _opened(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """The file for writing, made where there is none, brought up to date."""
    with _translated():
        try:
            # SQLite would make the file readable by everyone; it holds people's questions and answers.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            if is_empty(path) or path.is_dir():
                raise RunsDamaged("it is empty" if path.is_file() else "it is a folder") from None
        for part in (path.with_name(path.name + part) for part in PARTS):
            if part.is_dir():  # which SQLite would never get past
                set_aside(part, "it is a folder")
        db = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
            if version(db) == 0 and db.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise RunsDamaged("it holds something else than runs")
            migrate(db, MIGRATIONS)
            _prepare(db)
        except BaseException:
            db.close()
            raise
        return db


def _prepare(db: sqlite3.Connection) -> None:
    db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    db.text_factory = _text


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock among processes. Without one, where its file cannot be had, two might mend at once."""
    descriptor = -1
    try:
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)
