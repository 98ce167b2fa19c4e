"""The full-text index: one SQLite file with FTS5, rebuilt from the folder whenever files change.

The only file that speaks SQL to the index. The file is a cache: an unreadable or outdated one is made anew.
Calls block on disk and are made from worker threads; every thread borrows a connection of its own.
"""

import json
import queue
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec

from parallel_local.documents.document import Document, Entity
from parallel_local.documents.folder import FileStamp
from parallel_local.documents.markdown import passages
from parallel_local.text.languages import language_of
from parallel_local.text.tokens import stems
from parallel_local.text.vocabulary import acronyms

_VERSION = 2
_SCHEMA = """
CREATE TABLE documents (id INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, mtime_ns INTEGER, size INTEGER,
    url TEXT NOT NULL, title TEXT NOT NULL, date TEXT, text TEXT NOT NULL, entities TEXT NOT NULL,
    acronyms TEXT NOT NULL, language TEXT NOT NULL);
CREATE TABLE passages (id INTEGER PRIMARY KEY, document INTEGER NOT NULL, heading TEXT NOT NULL,
    text TEXT NOT NULL);
CREATE INDEX passages_by_document ON passages (document);
CREATE VIRTUAL TABLE words USING fts5 (title, heading, body, tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, 'row');
"""
_INSERT = """
INSERT INTO documents (path, mtime_ns, size, url, title, date, text, entities, acronyms, language)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_MATCH = """
SELECT w.rowid, p.document, p.heading, p.text, -bm25(words, 5.0, 3.0, 1.0) AS score
FROM words AS w JOIN passages AS p ON p.id = w.rowid
WHERE words MATCH ? AND p.document IN (SELECT value FROM json_each(?))
ORDER BY score DESC, w.rowid LIMIT ?
"""


class Card(msgspec.Struct, frozen=True):
    """What is kept in memory about each document."""

    id: int
    path: str
    url: str
    title: str
    date: str | None
    entities: tuple[Entity, ...]
    acronyms: dict[str, str]
    language: str = ""


class Hit(msgspec.Struct, frozen=True):
    """A passage that contains at least one term; a higher BM25 `score` is better."""

    passage: int
    document: int
    heading: str
    text: str
    score: float


class Index:
    """Open with `Index.open`, close with `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._closed = False

    @classmethod
    def open(cls, path: Path) -> "Index":
        """The index at `path`, created when it is absent, unreadable or of another version."""
        index = cls(path)
        if not index._usable():
            index.close()
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            index = cls(path)
            with index._borrow() as connection:
                connection.executescript(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        return index

    def close(self) -> None:
        """Close every connection: an idle one now, a borrowed one when it comes back."""
        self._closed = True
        self._close_idle()

    def stamps(self) -> dict[str, FileStamp]:
        """Path → stamp of every indexed file."""
        with self._borrow() as connection:
            rows = connection.execute("SELECT path, mtime_ns, size FROM documents")
            return {row[0]: FileStamp(*row) for row in rows}

    def replace(self, removed: Iterable[str], added: Iterable[tuple[FileStamp, Document]]) -> None:
        """Forget the removed paths and index the added documents, all or nothing."""
        with self._borrow() as connection, connection:
            for path in removed:
                _forget(connection, path)
            for stamp, document in added:
                _forget(connection, stamp.path)
                _insert(connection, stamp, document)

    def cards(self) -> list[Card]:
        """All documents without their text, by path."""
        with self._borrow() as connection:
            rows = connection.execute(
                "SELECT id, path, url, title, date, entities, acronyms, language FROM documents ORDER BY path"
            )
            return [_card(row) for row in rows]

    def text(self, document: int) -> str:
        """The whole text of a document; empty when it is gone."""
        with self._borrow() as connection:
            row = connection.execute("SELECT text FROM documents WHERE id = ?", (document,)).fetchone()
            return str(row[0]) if row else ""

    def match(self, expression: str, documents: Sequence[int], limit: int) -> list[Hit]:
        """The best passages of the given documents for an FTS5 expression."""
        if not expression:
            return []
        with self._borrow() as connection:
            return [
                Hit(*row) for row in connection.execute(_MATCH, (expression, json.dumps(documents), limit))
            ]

    def passages_of(self, document: int) -> list[Hit]:
        """Every passage of a document in reading order, unscored."""
        with self._borrow() as connection:
            rows = connection.execute(
                "SELECT id, document, heading, text, 0.0 FROM passages WHERE document = ? ORDER BY id",
                (document,),
            )
            return [Hit(*row) for row in rows]

    def frequencies(self, words: Iterable[str]) -> dict[str, int]:
        """Word → number of passages that contain it, for the words that occur."""
        with self._borrow() as connection:
            rows = connection.execute(
                "SELECT term, doc FROM vocabulary WHERE term IN (SELECT value FROM json_each(?))",
                (json.dumps(sorted(set(words))),),
            )
            return {row[0]: row[1] for row in rows}

    def passage_count(self) -> int:
        """Number of passages in the index."""
        with self._borrow() as connection:
            return int(connection.execute("SELECT count(*) FROM passages").fetchone()[0])

    def _usable(self) -> bool:
        try:
            with self._borrow() as connection:
                return bool(connection.execute("PRAGMA user_version").fetchone()[0] == _VERSION)
        except sqlite3.DatabaseError:
            return False

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


def _forget(connection: sqlite3.Connection, path: str) -> None:
    with closing(connection.execute("SELECT id FROM documents WHERE path = ?", (path,))) as rows:
        found = [row[0] for row in rows]
    for document in found:
        connection.execute(
            "DELETE FROM words WHERE rowid IN (SELECT id FROM passages WHERE document = ?)", (document,)
        )
        connection.execute("DELETE FROM passages WHERE document = ?", (document,))
        connection.execute("DELETE FROM documents WHERE id = ?", (document,))


def _insert(connection: sqlite3.Connection, stamp: FileStamp, document: Document) -> None:
    language = language_of(document.text)
    cursor = connection.execute(
        _INSERT,
        (
            *msgspec.structs.astuple(stamp),
            *(document.url, document.title, document.date, document.text),
            *(msgspec.json.encode(document.entities).decode(), json.dumps(acronyms(document.text)), language),
        ),
    )
    title = " ".join(stems(document.title, language))
    for passage in passages(document.text):
        row = connection.execute(
            "INSERT INTO passages (document, heading, text) VALUES (?, ?, ?)",
            (cursor.lastrowid, passage.heading, passage.text),
        )
        connection.execute(
            "INSERT INTO words (rowid, title, heading, body) VALUES (?, ?, ?, ?)",
            (
                row.lastrowid,
                title,
                " ".join(stems(passage.heading, language)),
                " ".join(stems(passage.text, language)),
            ),
        )


def _card(row: tuple[int, str, str, str, str | None, str, str, str]) -> Card:
    entities = msgspec.json.decode(row[5], type=tuple[Entity, ...])
    defined = msgspec.json.decode(row[6], type=dict[str, str])
    return Card(*row[:5], entities=entities, acronyms=defined, language=row[7])
