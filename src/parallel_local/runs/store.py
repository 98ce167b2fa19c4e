"""Records and event logs of runs, in one SQLite file that outlives the process.

The only file that speaks SQL to the run database. A record is any typed structure under a kind and an id; an
event is a line of a named stream. Calls are short, keyed reads and writes, made on the event loop itself, so
that a state and the event that tells of it are always written together.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from parallel_local.sqlite_file import open_file

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    kind TEXT NOT NULL, id TEXT NOT NULL, parent TEXT, active INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS records_active ON records (kind) WHERE active = 1;
CREATE INDEX IF NOT EXISTS records_parent ON records (kind, parent) WHERE parent IS NOT NULL;
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, subject TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS events_stream ON events (stream, seq);
CREATE INDEX IF NOT EXISTS events_subject ON events (stream, subject, seq) WHERE subject <> '';
"""
Record = TypeVar("Record", bound=msgspec.Struct)

log = logging.getLogger("parallel_local.runs")


class Event(msgspec.Struct, frozen=True):
    """A line of a stream; `seq` grows over the whole file, `subject` says what the event is about."""

    seq: int
    subject: str
    body: bytes


class RunStore:
    """Open with a path, close with `close`. Every write is durable in the order it was made."""

    def __init__(self, path: Path) -> None:
        self._connection = open_file(path, _SCHEMA)

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Writes inside are one transaction; do not await in between. Inside another one it is part of that."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # Nothing to do where SQLite has rolled back by itself (for a full disk, say). What a failed commit
            # leaves open would take in all that is written later, and keep none of it.
            self._connection.rollback()
            raise

    def put(
        self, kind: str, id_: str, record: msgspec.Struct, *, active: bool, parent: str | None = None
    ) -> None:
        """Insert or replace a record."""
        self._connection.execute(
            "INSERT OR REPLACE INTO records (kind, id, parent, active, body) VALUES (?, ?, ?, ?, ?)",
            (kind, id_, parent, int(active), msgspec.json.encode(record)),
        )

    def get(self, kind: str, id_: str, type_: type[Record]) -> Record | None:
        """A record, or None."""
        rows = self._connection.execute("SELECT body FROM records WHERE kind = ? AND id = ?", (kind, id_))
        row = rows.fetchone()
        return msgspec.json.decode(row[0], type=type_) if row else None

    def remove(self, kind: str, id_: str) -> None:
        """Drop a record; its events stay."""
        self._connection.execute("DELETE FROM records WHERE kind = ? AND id = ?", (kind, id_))

    def all(self, kind: str, type_: type[Record]) -> list[Record]:
        """Every record of a kind, in no particular order."""
        rows = self._connection.execute("SELECT body FROM records WHERE kind = ?", (kind,))
        return list(_readable(kind, rows, type_))

    def active(self, kind: str, type_: type[Record]) -> list[Record]:
        """The records of a kind that were stored as active."""
        rows = self._connection.execute("SELECT body FROM records WHERE kind = ? AND active = 1", (kind,))
        return list(_readable(kind, rows, type_))

    def children(self, kind: str, parent: str, type_: type[Record]) -> list[Record]:
        """The records of a kind below a parent, in no particular order."""
        rows = self._connection.execute(
            "SELECT body FROM records WHERE kind = ? AND parent = ?", (kind, parent)
        )
        return list(_readable(kind, rows, type_))

    def append(self, stream: str, event: msgspec.Struct, subject: str = "") -> int:
        """Add an event to a stream; its sequence number."""
        cursor = self._connection.execute(
            "INSERT INTO events (stream, subject, body) VALUES (?, ?, ?)",
            (stream, subject, msgspec.json.encode(event)),
        )
        return int(cursor.lastrowid or 0)

    def events(self, stream: str, after: int = 0, limit: int = 500) -> Sequence[Event]:
        """Events of a stream behind a sequence number, oldest first."""
        rows = self._connection.execute(
            "SELECT seq, subject, body FROM events WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?",
            (stream, after, limit),
        )
        return [Event(*row) for row in rows]

    def newest(self, stream: str, limit: int) -> Sequence[Event]:
        """The last events of a stream, newest first."""
        rows = self._connection.execute(
            "SELECT seq, subject, body FROM events WHERE stream = ? ORDER BY seq DESC LIMIT ?",
            (stream, limit),
        )
        return [Event(*row) for row in rows]

    def latest(self, stream: str, subject: str) -> Event | None:
        """The last event of a stream about a subject."""
        rows = self._connection.execute(
            "SELECT seq, subject, body FROM events WHERE stream = ? AND subject = ? AND subject <> ''"
            " ORDER BY seq DESC LIMIT 1",
            (stream, subject),
        )
        row = rows.fetchone()
        return Event(*row) if row else None

    def forget(self, stream: str, subject: str | None = None) -> None:
        """Drop the events of a stream, all or those about one subject."""
        if subject is None:
            self._connection.execute("DELETE FROM events WHERE stream = ?", (stream,))
        else:
            about = "DELETE FROM events WHERE stream = ? AND subject = ? AND subject <> ''"
            self._connection.execute(about, (stream, subject))

    def last(self, stream: str) -> int | None:
        """The newest sequence number of a stream, or None."""
        row = self._connection.execute("SELECT max(seq) FROM events WHERE stream = ?", (stream,)).fetchone()
        return int(row[0]) if row[0] is not None else None


def _readable(kind: str, rows: Iterable[tuple[bytes]], type_: type[Record]) -> Iterator[Record]:
    """The records of these rows. One that cannot be read, another version's say, must not hide the others."""
    for (body,) in rows:
        try:
            yield msgspec.json.decode(body, type=type_)
        except (msgspec.DecodeError, RecursionError) as error:
            log.error(
                "a record of the kind %s cannot be read and is left alone: %s", kind, type(error).__name__
            )
