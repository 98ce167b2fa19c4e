"""The directory in one SQLite file: its verbs, and the counter by which others see that it has changed.

Every verb opens the file, does one transaction and closes it: verbs are rare, so no connection has to survive
a fork or belong to a thread. Changes are on disk when a verb returns. Tables and rows are in
`sqlite_directory_schema.py`; nothing here opens what is sealed.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from penstock.stores.directory import (
    SEAL_LABEL_BYTES,
    AlreadyThere,
    ChangedMeanwhile,
    CustomProvider,
    DirectoryUnavailable,
    NotThere,
    ProviderKey,
    Reseal,
    SealedOtherwise,
    Snapshot,
    Token,
    Unstorable,
)
from penstock.stores.sqlite_directory_schema import (
    CUSTOM_PROVIDERS,
    MIGRATIONS,
    PROVIDER_KEYS,
    TOKENS,
    Noun,
    Table,
)
from penstock.stores.sqlite_migrations import NewerFile, migrate

FILE_NAME: Final = "directory.db"

_COUNTER = slice(24, 28)  # of the file's header: SQLite's "file change counter", big-endian
_LABELS = f"""
SELECT count(DISTINCT substr(sealed, 1, {SEAL_LABEL_BYTES})) FROM (
    SELECT sealed FROM provider_keys
    UNION ALL SELECT sealed_headers FROM custom_providers WHERE sealed_headers IS NOT NULL
)"""

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def change_counter(path: Path) -> int:
    """A number that differs after every change of the directory in the file `path`; 0 when there is none.

    Only for a process that does not itself have a verb of the directory under way: closing a file lets go of
    all POSIX locks that the process holds on it, SQLite's included. Raises OSError.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return int.from_bytes(file.read(_COUNTER.stop)[_COUNTER], "big")
    except FileNotFoundError:
        return 0


class SqliteDirectory:
    """The directory in one file, made when something is first added. May be used from any thread and process."""

    def __init__(self, path: Path, busy_seconds: float = 5.0) -> None:
        self._path = path
        self._busy_seconds = busy_seconds

    def snapshot(self) -> Snapshot:
        with self._translated():
            if not self._path.exists():
                return Snapshot()
        with self._transaction("BEGIN") as db:
            (version,) = db.execute("SELECT number FROM version").fetchone()
            return Snapshot(version, _all(db, TOKENS), _all(db, PROVIDER_KEYS), _all(db, CUSTOM_PROVIDERS))

    def add_token(self, token: Token) -> None:
        with self._change() as db:
            _insert(db, TOKENS, token)

    def replace_token(self, old: Token, new: Token) -> None:
        with self._change() as db:
            _update(db, TOKENS, old, new)

    def remove_token(self, token_id: str) -> None:
        with self._change() as db:
            _delete(db, TOKENS, token_id)

    def add_provider_key(self, key: ProviderKey) -> None:
        with self._change() as db:
            _insert(db, PROVIDER_KEYS, key)
            _check_labels(db)

    def replace_provider_key(self, old: ProviderKey, new: ProviderKey) -> None:
        with self._change() as db:
            _update(db, PROVIDER_KEYS, old, new)
            _check_labels(db)

    def remove_provider_key(self, key_id: str) -> None:
        with self._change() as db:
            _delete(db, PROVIDER_KEYS, key_id)

    def add_custom_provider(self, provider: CustomProvider) -> None:
        with self._change() as db:
            _insert(db, CUSTOM_PROVIDERS, provider)
            if provider.sealed_headers is not None:
                _check_labels(db)

    def replace_custom_provider(self, old: CustomProvider, new: CustomProvider) -> None:
        with self._change() as db:
            _update(db, CUSTOM_PROVIDERS, old, new)
            if new.sealed_headers is not None:
                _check_labels(db)

    def remove_custom_provider(self, provider_id: str) -> None:
        with self._change() as db:
            _delete(db, CUSTOM_PROVIDERS, provider_id)

    def reseal(self, change: Reseal) -> int:
        with self._change() as db:
            keys = [(change(key.sealed, key.seal_context), key.id) for key in _all(db, PROVIDER_KEYS)]
            headers = [
                (change(one.sealed_headers, one.seal_context), one.id)
                for one in _all(db, CUSTOM_PROVIDERS)
                if one.sealed_headers is not None
            ]
            db.executemany("UPDATE provider_keys SET sealed = ? WHERE id = ?", keys)
            db.executemany("UPDATE custom_providers SET sealed_headers = ? WHERE id = ?", headers)
            return len(keys) + len(headers)

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield db
            db.execute("UPDATE version SET number = number + 1")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._translated():
            db = _connect(self._path, self._busy_seconds)
            try:
                db.execute(begin)
                yield db
                db.execute("COMMIT")
            finally:
                db.close()  # which undoes what was not committed

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OverflowError, UnicodeError) as error:
            raise Unstorable(f"this cannot be stored: {_reason(error)}") from None
        except sqlite3.Error as error:
            raise DirectoryUnavailable(f"the directory {self._path}: {error}; {_remedy(error)}") from error
        except OSError as error:
            raise DirectoryUnavailable(
                f"the directory {self._path}: {error.strerror}; check that this user may write there"
            ) from error


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    _make(path)
    address = f"{path.absolute().as_uri()}?mode=rw"
    db = sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = DELETE")
        # A commit must survive a power cut: a new master key may already stand where the old one was.
        db.execute("PRAGMA synchronous = EXTRA")
        migrate(db, MIGRATIONS)
    except BaseException:
        db.close()
        raise
    return db


def _make(path: Path) -> None:
    """An empty file that others cannot read, as SQLite would let them.

    Never opened here: closing it would let go of the locks of another thread's connection.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.mknod(path, stat.S_IFREG | 0o600)


def _all(db: sqlite3.Connection, table: Table[Noun]) -> tuple[Noun, ...]:
    rows = db.execute(f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY seq")
    return tuple(table.noun(row) for row in rows)


def _insert(db: sqlite3.Connection, table: Table[Noun], noun: Noun) -> None:
    marks = ", ".join("?" * len(table.columns))
    sql = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"
    try:
        db.execute(sql, table.values(noun))
    except sqlite3.IntegrityError as error:
        raise _already_there(table, noun) from error


def _update(db: sqlite3.Connection, table: Table[Noun], old: Noun, new: Noun) -> None:
    found = db.execute(
        f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE id = ?", (new.id,)
    ).fetchone()
    if found is None:
        raise _not_there(table, new.id)
    if table.noun(found) != old:
        raise ChangedMeanwhile(
            f"the {table.what} {new.id!r} was changed by somebody else meanwhile: try again"
        )
    sets = ", ".join(f"{column} = ?" for column in table.columns)
    try:
        db.execute(f"UPDATE {table.name} SET {sets} WHERE id = ?", [*table.values(new), new.id])
    except sqlite3.IntegrityError as error:
        raise _already_there(table, new) from error


def _delete(db: sqlite3.Connection, table: Table[Noun], row_id: str) -> None:
    if not db.execute(f"DELETE FROM {table.name} WHERE id = ?", (row_id,)).rowcount:
        raise _not_there(table, row_id)


def _check_labels(db: sqlite3.Connection) -> None:
    (labels,) = db.execute(_LABELS).fetchone()
    if labels > 1:
        raise SealedOtherwise(
            "the stored secrets were sealed with another master key than this one: use that key, "
            "or remove them all before storing with a new one"
        )


def _already_there(table: Table[Noun], noun: Noun) -> AlreadyThere:
    if isinstance(noun, CustomProvider):
        return AlreadyThere(
            f"account {noun.account} has a custom provider {noun.slug!r} already: change or remove that one"
        )
    return AlreadyThere(f"there is a {table.what} {noun.id!r} already: take another id")


def _not_there(table: Table[Noun], row_id: str) -> NotThere:
    return NotThere(f"there is no {table.what} {row_id!r}: list them to see their ids")


def _remedy(error: sqlite3.Error) -> str:
    if isinstance(error, NewerFile):
        return "update this program"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without what extends it
    if code in _LOCKED:
        return "another program is changing it, try again"
    if code == sqlite3.SQLITE_FULL:
        return "make room on its disk"
    if code in _DAMAGED:
        return "restore a copy of the file, or move it away to begin with an empty directory"
    return "check that this user may write the file and its folder"


def _reason(error: OverflowError | UnicodeError) -> str:
    return "a number is too large" if isinstance(error, OverflowError) else "a text is not valid Unicode"
