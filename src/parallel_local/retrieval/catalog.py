"""The catalogue: every document with its passages, in one SQLite file. The only file that speaks SQL to it.

A passage's number is its document's times `PASSAGES`, plus its place; numbers of documents are never used twice.
Calls block on disk and are made from worker threads; every thread borrows a connection of its own.
"""

import json
import queue
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import overload

import msgspec

from parallel_local.documents.document import Entity
from parallel_local.documents.folder import FileStamp
from parallel_local.retrieval.card import Card, Hit
from parallel_local.retrieval.units import Cut

PASSAGES = 1 << 32
_CARDS_AT_A_TIME = 1000
_BEHIND_ALL = 1 << 62  # no document has so high a number
_VERSION = 6
_SCHEMA = """
CREATE TABLE documents (id INTEGER PRIMARY KEY, path TEXT NOT NULL, mtime_ns INTEGER, size INTEGER,
    url TEXT NOT NULL, page TEXT NOT NULL, title TEXT NOT NULL, date TEXT, language TEXT NOT NULL,
    entities TEXT NOT NULL, acronyms TEXT NOT NULL, tail TEXT NOT NULL);
CREATE INDEX documents_by_path ON documents (path);
CREATE INDEX documents_by_page ON documents (page, path);
CREATE INDEX documents_by_date ON documents (date);
CREATE INDEX documents_by_language ON documents (language);
CREATE INDEX documents_with_entities ON documents (path) WHERE entities != '[]';
CREATE INDEX documents_with_acronyms ON documents (path) WHERE acronyms != '{}';
CREATE TABLE passages (id INTEGER PRIMARY KEY, heading TEXT NOT NULL, lead TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE numbers (next INTEGER NOT NULL, words INTEGER NOT NULL);
INSERT INTO numbers VALUES (1, 0);
"""
_CARD = "SELECT id, path, url, title, date, entities, acronyms, language FROM documents"
_INSERT = "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PASSAGES = (
    f"SELECT id, id / {PASSAGES}, heading, text, 0.0 FROM passages WHERE id BETWEEN ? AND ? ORDER BY id"
)


class Entry(msgspec.Struct, frozen=True):
    """A document as it is written down: its card, its file, and its passages."""

    card: Card
    stamp: FileStamp
    page: str
    cuts: list[Cut]
    tail: str


class Catalog:
    """Open with `Catalog.open`, close with `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._closed = False

    @classmethod
    def open(cls, path: Path) -> "Catalog":
        """The catalogue at `path`, made when there is none; raises `DatabaseError` when it cannot be used."""
        fresh = not path.exists()
        path.touch(mode=0o600)
        path.chmod(0o600)
        catalog = cls(path)
        try:
            with catalog._borrow() as connection:
                if fresh:
                    connection.executescript(_SCHEMA)
                    connection.execute(f"PRAGMA user_version = {_VERSION}")
                if connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                    raise sqlite3.DatabaseError("of another version")
        except BaseException:
            catalog.close()
            raise
        return catalog

    def close(self) -> None:
        """Close every connection: an idle one now, a borrowed one when it comes back."""
        self._closed = True
        self._close_idle()

    def stamps(self) -> dict[str, FileStamp]:
        """Path → stamp of every document's file."""
        with self._borrow() as connection:
            rows = connection.execute("SELECT path, mtime_ns, size FROM documents")
            return {row[0]: FileStamp(*row) for row in rows}

    @contextmanager
    def writing(self) -> Iterator["CatalogWriter"]:
        """Changes are made in here, by one at a time; what was not committed at its end is undone."""
        with self._borrow() as connection:
            yield CatalogWriter(connection)
            connection.rollback()

    def count(self) -> int:
        """How many documents there are."""
        return self._number("SELECT count(*) FROM documents")

    def file_count(self) -> int:
        """How many files they are of."""
        return self._number("SELECT count(DISTINCT path) FROM documents")

    def words_state(self) -> int:
        """The state of the inverted index that it was committed with."""
        return self._number("SELECT words FROM numbers")

    def cards(self, path: str, number: int, most: int) -> list[Card]:
        """Cards in order of path and number, from the one behind these on."""
        with self._borrow() as connection:
            rows = connection.execute(
                f"{_CARD} WHERE (path, id) > (?, ?) ORDER BY path, id LIMIT ?", (path, number, most)
            )
            return [_card(row) for row in rows]

    def newest(self, most: int) -> list[Card]:
        """The cards with the latest dates first, those without a date last."""
        with self._borrow() as connection:
            rows = connection.execute(f"{_CARD} ORDER BY date DESC, path, id LIMIT ?", (most,))
            return [_card(row) for row in rows]

    def cards_with_entities(self) -> list[Card]:
        """Cards of the documents that name entities, in order of path."""
        with self._borrow() as connection:
            rows = connection.execute(f"{_CARD} WHERE entities != '[]' ORDER BY path, id")
            return [_card(row) for row in rows]

    def numbered(self, numbers: Iterable[int]) -> dict[int, Card]:
        """Number → card, of those that there are."""
        with self._borrow() as connection:
            rows = connection.execute(
                f"{_CARD} WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(numbers)),)
            )
            return {row[0]: _card(row) for row in rows}

    def published(self, page: str) -> list[Card]:
        """The documents that are published at a page, in order of path."""
        with self._borrow() as connection:
            rows = connection.execute(f"{_CARD} WHERE page = ? ORDER BY path, id", (page,))
            return [_card(row) for row in rows]

    def has_page_below(self, start: str) -> bool:
        """Whether any document is published at a page that starts so."""
        with self._borrow() as connection:
            row = connection.execute(
                "SELECT 1 FROM documents WHERE page >= ? AND page < ? LIMIT 1", (start, start + "\U0010ffff")
            ).fetchone()
            return row is not None

    def text(self, number: int) -> str:
        """The whole text of a document; empty when it is gone."""
        with self._borrow() as connection:
            rows = connection.execute(
                "SELECT lead, text FROM passages WHERE id BETWEEN ? AND ? ORDER BY id", _bounds(number)
            )
            parts = [part for row in rows for part in row]
            tail = connection.execute("SELECT tail FROM documents WHERE id = ?", (number,)).fetchone()
            return "".join(parts) + str(tail[0]) if tail else ""

    def passages(self, spans: Sequence[tuple[int, int]]) -> list[Hit]:
        """The passages from one number to another, for each span, unscored."""
        with self._borrow() as connection:
            return [Hit(*row) for span in spans for row in connection.execute(_PASSAGES, span)]

    def passage_numbers(self) -> list[int]:
        """The numbers of all passages."""
        with self._borrow() as connection:
            return [row[0] for row in connection.execute("SELECT id FROM passages ORDER BY id")]

    def passage_texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Number → text, of those that there are."""
        with self._borrow() as connection:
            rows = connection.execute(
                "SELECT id, text FROM passages WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(numbers),),
            )
            return dict(rows.fetchall())

    def acronyms(self) -> dict[str, str]:
        """Acronym → words, of all documents."""
        with self._borrow() as connection:
            rows = connection.execute("SELECT acronyms FROM documents WHERE acronyms != '{}' ORDER BY path")
            return {short: long for row in rows for short, long in json.loads(row[0]).items()}

    def languages(self) -> tuple[str, ...]:
        """The languages of the documents."""
        with self._borrow() as connection:
            rows = connection.execute("SELECT DISTINCT language FROM documents WHERE language != ''")
            return tuple(sorted(row[0] for row in rows))

    def newest_date(self) -> str | None:
        """The latest date of any document."""
        with self._borrow() as connection:
            row = connection.execute("SELECT max(date) FROM documents").fetchone()
            return None if row[0] is None else str(row[0])

    def _number(self, sql: str) -> int:
        with self._borrow() as connection:
            return int(connection.execute(sql).fetchone()[0])

    @contextmanager
    def _borrow(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.put(connection)
        if self._closed:
            self._close_idle()

    def _close_idle(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False, timeout=30.0)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
        except BaseException:
            connection.close()
            raise
        return connection


class Cards(Sequence[Card]):
    """The cards of a catalogue as it is now, in order of path, read when they are looked at: not kept in memory."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __len__(self) -> int:
        return self._catalog.count()

    def __iter__(self) -> Iterator[Card]:
        return self._from("", 0)

    def behind(self, path: str) -> Iterator[Card]:
        """Those of the files behind a path."""
        return self._from(path, _BEHIND_ALL)

    def _from(self, path: str, number: int) -> Iterator[Card]:
        while found := self._catalog.cards(path, number, _CARDS_AT_A_TIME):
            yield from found
            path, number = found[-1].path, found[-1].id

    @overload
    def __getitem__(self, index: int) -> Card: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Card]: ...

    def __getitem__(self, index: int | slice) -> Card | Sequence[Card]:
        return list(self)[index]


class CatalogWriter:
    """Changes of a catalogue; others see them from `commit` on."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._next = int(connection.execute("SELECT next FROM numbers").fetchone()[0])

    def numbers(self, path: str) -> list[int]:
        """The numbers of the documents of a file."""
        return [
            row[0] for row in self._connection.execute("SELECT id FROM documents WHERE path = ?", (path,))
        ]

    def take_number(self) -> int:
        """A number for a new document."""
        self._next += 1
        return self._next - 1

    def forget(self, number: int) -> None:
        """Forget a document with its passages."""
        self._connection.execute("DELETE FROM passages WHERE id BETWEEN ? AND ?", _bounds(number))
        self._connection.execute("DELETE FROM documents WHERE id = ?", (number,))

    def add(self, entry: Entry) -> None:
        """Write down a document with its passages."""
        card, stamp = entry.card, entry.stamp
        row = (
            *(card.id, card.path, stamp.mtime_ns, stamp.size, card.url, entry.page, card.title, card.date),
            *(card.language, _entities(card), json.dumps(card.acronyms) if card.acronyms else "{}"),
            entry.tail,
        )
        self._connection.execute(_INSERT, row)
        first = card.id * PASSAGES
        self._connection.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?)",
            ((first + place, cut.heading, cut.lead, cut.text) for place, cut in enumerate(entry.cuts)),
        )

    def commit(self, words_state: int) -> None:
        """Make it count, together with a state of the inverted index."""
        self._connection.execute("UPDATE numbers SET next = ?, words = ?", (self._next, words_state))
        self._connection.commit()


def _entities(card: Card) -> str:
    return msgspec.json.encode(card.entities).decode() if card.entities else "[]"


def _bounds(number: int) -> tuple[int, int]:
    return number * PASSAGES, (number + 1) * PASSAGES - 1


def _card(row: tuple[int, str, str, str, str | None, str, str, str]) -> Card:
    number, path, url, title, date, entities, acronyms, language = row
    return Card(
        id=number,
        path=path,
        url=url,
        title=title,
        date=date,
        entities=msgspec.json.decode(entities, type=tuple[Entity, ...]) if entities != "[]" else (),
        acronyms=json.loads(acronyms) if acronyms != "{}" else {},
        language=language,
    )
