"""The directory in one SQLite file: its verbs, and the number by which others see that it has changed.

Every verb opens the file, does one transaction and closes it: verbs are rare, so no connection has to survive
a fork or belong to a thread. Changes are on disk when a verb returns. How the file is opened is in
`file.py`, tables and rows are in `tables.py`, the audit is in
`audit.py`; nothing here opens what is sealed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from penstock.clock import Clock
from penstock.stores.audit_entry import AuditEntry
from penstock.stores.control_store import (
    IN_GATEWAY,
    SEAL_LABEL_BYTES,
    Add,
    AlreadyThere,
    AnyNoun,
    AtMost,
    Change,
    ChangedMeanwhile,
    ControlStoreDamaged,
    ControlStoreUnavailable,
    Edition,
    Need,
    NotThere,
    Noun,
    OneOfName,
    ProviderKey,
    Remove,
    Replace,
    Reseal,
    SealedNoun,
    SealedOtherwise,
    Snapshot,
    StoredGateway,
    TooMany,
    Unstorable,
)
from penstock.stores.sqlite.control_store.audit import Stamp, entries, record, record_reseal
from penstock.stores.sqlite.control_store.file import connect, has_gone, is_damaged, reason, remedy, version
from penstock.stores.sqlite.control_store.tables import (
    CUSTOM_PROVIDERS,
    GATEWAYS,
    MODEL_ALIASES,
    PROVIDER_KEYS,
    ROUTES,
    SEALED,
    TOKENS,
    Table,
    table_of,
)
from penstock.stores.sqlite.looking import is_empty, place_of

FILE_NAME: Final = "directory.db"

_LABELS = " UNION ".join(
    f"SELECT substr({table.sealed}, 1, {SEAL_LABEL_BYTES}) FROM {table.name} WHERE {table.sealed} IS NOT NULL"
    for table in SEALED
)

ITSELF = "penstock"


class SqliteControlStore:
    """The directory in one file, made when something is first added. May be used from any thread and process.

    `actor` is who its changes are entered in the audit as, `now_us` tells when: microseconds since the epoch.
    """

    def __init__(
        self,
        path: Path,
        actor: str = ITSELF,
        *,
        now_us: Callable[[], int] | None = None,
        busy_seconds: float = 5.0,
        copy: Path | None = None,
    ) -> None:
        """`copy`: where one is kept that can be read while the file is damaged, or has gone."""
        self._path = path
        self._actor = actor
        self._now_us = now_us or Clock().now_us
        self._busy_seconds = busy_seconds
        self._copy = copy

    def snapshot(self) -> Snapshot:
        try:
            return self.own_snapshot()
        except ControlStoreDamaged:
            if self._copy is None or not self._copy.exists():
                raise
            return SqliteControlStore(self._copy).own_snapshot()

    def own_snapshot(self) -> Snapshot:
        """Of itself, and never of its copy. Raises `ControlStoreDamaged`, also where only the copy is left."""
        if not self._exists():
            return Snapshot()
        with self._transaction("BEGIN") as db:
            (number,) = db.execute("SELECT number FROM version").fetchone()
            return Snapshot(
                number,
                _all(db, TOKENS),
                _all(db, PROVIDER_KEYS),
                _all(db, CUSTOM_PROVIDERS),
                _all(db, GATEWAYS),
                _all(db, ROUTES),
                _all(db, MODEL_ALIASES),
            )

    def version(self) -> int | None:
        return None if self._has_gone() else version(self._path)

    def edition(self) -> Edition | None:
        place, number = place_of(self._path), self.version()
        return None if number is None or place.identity is None else Edition(number, place)

    def all(self, kind: type[AnyNoun]) -> tuple[AnyNoun, ...]:
        try:
            return self._all(kind)
        except ControlStoreDamaged:
            if self._copy is None or not self._copy.exists():
                raise
            return SqliteControlStore(self._copy)._all(kind)

    def _all(self, kind: type[AnyNoun]) -> tuple[AnyNoun, ...]:
        if not self._exists():
            return ()
        with self._transaction("BEGIN") as db:
            return _all(db, table_of(kind))

    def audit(self, account: str | None, limit: int, before: int | None = None) -> list[AuditEntry]:
        if not self._exists():
            return []
        with self._transaction("BEGIN") as db:
            try:
                return entries(db, account, limit, before)
            except msgspec.MsgspecError as error:
                raise ControlStoreUnavailable(
                    "the directory holds a damaged audit entry: restore a copy of its file"
                ) from error

    def apply(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        with self._change() as (db, stamp):
            for change in changes:
                _apply(db, stamp, change)
            for change in changes:
                if isinstance(change, AtMost):
                    _check_number(db, change)
                if isinstance(change, OneOfName):
                    _check_name(db, change.name)
            if any(map(_may_seal, changes)):
                _check_labels(db)

    def reseal(self, change: Reseal) -> int:
        with self._change() as (db, stamp):
            old = _labels(db)
            count = _reseal(db, PROVIDER_KEYS, change)
            count += _reseal(db, CUSTOM_PROVIDERS, change)
            count += _reseal(db, GATEWAYS, change)
            if count:
                record_reseal(db, stamp, b"".join(old), b"".join(_labels(db)))
            return count

    def _exists(self) -> bool:
        with self._translated():
            if self._has_gone():
                raise has_gone()
            return self._path.exists()

    def _has_gone(self) -> bool:
        """Whether there was a directory, which is kept as a copy, and there is none: an empty one is another."""
        return self._has_copy() and (not self._path.is_file() or is_empty(self._path))

    def _has_copy(self) -> bool:
        return self._copy is not None and self._copy.exists()

    @contextmanager
    def _change(self) -> Iterator[tuple[sqlite3.Connection, Stamp]]:
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield db, Stamp(self._now_us(), self._actor)
            db.execute("UPDATE version SET number = number + 1")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._translated():
            if self._has_gone():
                raise has_gone()
            db = connect(self._path, self._busy_seconds, had=self._has_copy)
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
        except UnicodeDecodeError as error:  # what is read is no text; what is stored is encoded
            raise ControlStoreDamaged(
                f"the directory {self._path} holds what is no text: restore a copy"
            ) from error
        except (OverflowError, UnicodeError) as error:
            raise Unstorable(f"this cannot be stored: {reason(error)}") from None
        except sqlite3.Error as error:
            kind = ControlStoreDamaged if is_damaged(error) else ControlStoreUnavailable
            raise kind(f"the directory {self._path}: {error}; {remedy(error)}") from error
        except OSError as error:
            raise ControlStoreUnavailable(
                f"the directory {self._path}: {error.strerror}; check that this user may write there"
            ) from error


# -- changes


def _apply(db: sqlite3.Connection, stamp: Stamp, change: Change) -> None:
    match change:
        case Add(noun):
            _insert(db, table_of(type(noun)), noun)
            record(db, stamp, None, noun)
            _only_default(db, stamp, noun)
        case Replace(old, new):
            _replace(db, stamp, old, new)
            _only_default(db, stamp, new)
        case Remove(noun, alone):
            there = _find(db, table_of(type(noun)), noun.id)
            if isinstance(there, StoredGateway) and not alone:
                _remove_belongings(db, stamp, there)
            _remove(db, stamp, there)
        case Need(noun):
            _find(db, table_of(type(noun)), noun.id)


def _check_number(db: sqlite3.Connection, limit: AtMost) -> None:
    table = table_of(limit.kind)
    sql = f"SELECT count(*) FROM {table.name} WHERE account = ?"
    values, place = [limit.account], f"account {limit.account}"
    if limit.gateway is not None:
        sql += " AND gateway = ?"
        values, place = [*values, limit.gateway], f"gateway {limit.account}/{limit.gateway}"
    if db.execute(sql, values).fetchone()[0] > limit.most:
        raise TooMany(f"{place} has at most {limit.most} {_plural(table.what)}: remove one first")


def _check_name(db: sqlite3.Connection, name: str) -> None:
    if db.execute("SELECT count(*) FROM tokens WHERE name = ?", (name,)).fetchone()[0] > 1:
        raise AlreadyThere(f"there is a token {name!r} already: take another name")


def _plural(what: str) -> str:
    return f"{what}es" if what.endswith("s") else f"{what}s"


def _remove_belongings(db: sqlite3.Connection, stamp: Stamp, gateway: StoredGateway) -> None:
    """Nothing of it may be left over for a later gateway of the same name."""
    for table in map(table_of, IN_GATEWAY):
        sql = f"{_select(table)} WHERE account = ? AND gateway = ? ORDER BY seq"
        for row in db.execute(sql, (gateway.account, gateway.gateway)).fetchall():
            _remove(db, stamp, table.noun(row))


def _remove(db: sqlite3.Connection, stamp: Stamp, noun: Noun) -> None:
    db.execute(f"DELETE FROM {table_of(type(noun)).name} WHERE id = ?", (noun.id,))
    record(db, stamp, noun, None)


def _replace(db: sqlite3.Connection, stamp: Stamp, old: Noun, new: Noun) -> None:
    table = table_of(type(new))
    if _find(db, table, new.id) != old:
        raise ChangedMeanwhile(
            f"the {table.what} {new.id!r} was changed by somebody else meanwhile: try again"
        )
    _update(db, table, new)
    record(db, stamp, old, new)


def _only_default(db: sqlite3.Connection, stamp: Stamp, noun: Noun) -> None:
    """One alias stands for the default: the last one that was said to. Its keys are one pool, and all may."""
    if not isinstance(noun, ProviderKey) or not noun.is_default:
        return
    place = noun.account, noun.gateway, noun.provider
    for key in _all(db, PROVIDER_KEYS):
        same_place = (key.account, key.gateway, key.provider) == place
        if same_place and key.is_default and key.alias != noun.alias:
            demoted = msgspec.structs.replace(key, is_default=False, modified_us=stamp.at_us)
            _replace(db, stamp, key, demoted)


def _reseal(db: sqlite3.Connection, table: Table[AnyNoun], change: Reseal) -> int:
    """Seals what is sealed in a table anew; how many."""
    count = 0
    for noun in _all(db, table):
        assert isinstance(noun, SealedNoun)
        sealed = getattr(noun, table.sealed)
        if sealed is not None:
            again = change(sealed, noun.seal_context)
            db.execute(f"UPDATE {table.name} SET {table.sealed} = ? WHERE id = ?", (again, noun.id))
            count += 1
    return count


# -- rows


def _all(db: sqlite3.Connection, table: Table[AnyNoun]) -> tuple[AnyNoun, ...]:
    return tuple(table.noun(row) for row in db.execute(f"{_select(table)} ORDER BY seq"))


def _select(table: Table[AnyNoun]) -> str:
    return f"SELECT {', '.join(table.columns)} FROM {table.name}"


def _find(db: sqlite3.Connection, table: Table[AnyNoun], row_id: str) -> AnyNoun:
    found = db.execute(f"{_select(table)} WHERE id = ?", (row_id,)).fetchone()
    if found is None:
        raise NotThere(f"there is no {table.what} {row_id!r}: list them to see their ids")
    return table.noun(found)


def _insert(db: sqlite3.Connection, table: Table[AnyNoun], noun: AnyNoun) -> None:
    marks = ", ".join("?" * len(table.columns))
    sql = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"
    try:
        db.execute(sql, table.values(noun))
    except sqlite3.IntegrityError as error:
        raise _already_there(table, noun, error) from error


def _update(db: sqlite3.Connection, table: Table[AnyNoun], noun: AnyNoun) -> None:
    sets = ", ".join(f"{column} = ?" for column in table.columns)
    try:
        db.execute(f"UPDATE {table.name} SET {sets} WHERE id = ?", [*table.values(noun), noun.id])
    except sqlite3.IntegrityError as error:
        raise _already_there(table, noun, error) from error


def _already_there(table: Table[AnyNoun], noun: AnyNoun, error: sqlite3.IntegrityError) -> AlreadyThere:
    if str(error).endswith(f"{table.name}.id"):
        return AlreadyThere(f"there is a {table.what} {noun.id!r} already: take another id")
    return AlreadyThere(table.taken.format(noun))


# -- what is sealed


def _labels(db: sqlite3.Connection) -> list[bytes]:
    return [label for (label,) in db.execute(_LABELS)]


def _may_seal(change: Change) -> bool:
    """Whether something sealed may have come in. What is there already must never keep a row from going."""
    match change:
        case Add(noun) | Replace(_, noun):
            return isinstance(noun, SealedNoun)
    return False


def _check_labels(db: sqlite3.Connection) -> None:
    if len(_labels(db)) > 1:
        raise SealedOtherwise(
            "the stored secrets were sealed with another master key than this one: use that key, "
            "or remove them all before storing with a new one"
        )
