"""Which documents came, changed and went, and in which order: what lets a monitor go on from where it was.

A number grows with each change that is seen; a document carries the number of its own last one. Kept beside the
index, so that what changed while the program was not running is seen too. The only file that speaks SQL to it; calls
block on disk and are made from worker threads.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

import msgspec

from parallel_local.retrieval.card import Card
from parallel_local.retrieval.library import Library
from parallel_local.sqlite_file import open_file

_SCHEMA = """
CREATE TABLE IF NOT EXISTS marks (
    url TEXT PRIMARY KEY, digest BLOB NOT NULL, seq INTEGER NOT NULL, came INTEGER NOT NULL, gone INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS marks_seq ON marks (seq);
"""
_PUT = """
INSERT INTO marks (url, digest, seq, came, gone) VALUES (:url, :digest, :seq, :seq, :gone)
ON CONFLICT (url) DO UPDATE SET digest = :digest, seq = :seq, gone = :gone,
    came = CASE WHEN gone AND NOT :gone THEN :seq ELSE came END
"""
_DIGEST_BYTES = 16
_MOST_GONE = 100_000  # that are still known of
_MOST_LOOKS = 3  # while it changes under our eyes


class Changes(msgspec.Struct, frozen=True):
    """What happened behind a number: documents that are there, and addresses that are not any more.

    `came`: which of them were not there before; `moved`: from an address that is gone to where its text stands now.
    """

    seq: int
    present: tuple[Card, ...]
    came: frozenset[str]
    gone: tuple[str, ...]
    moved: dict[str, str]


class Journal:
    """The journal of one library. Opened when it is first asked; any thread may ask."""

    def __init__(self, library: Library, path: Path) -> None:
        self._library = library
        self._path = path
        self._lock = Lock()
        self._opened: sqlite3.Connection | None = None
        self._version: int | None = None
        self._seen: dict[str, int] = {}  # address → number of the document as it was looked at

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def since(self, seq: int | None) -> Changes:
        """What changed behind `seq` until now; nothing for None, which is a beginning."""
        with self._lock:
            connection = self._connection()
            self._come_up_to_date()
            newest = _newest(connection)
            if seq is None or seq >= newest:
                return Changes(newest, (), frozenset(), (), {})
            rows = connection.execute(
                "SELECT url, digest, came, gone FROM marks WHERE seq > ?", (seq,)
            ).fetchall()
        there = {url: digest for url, digest, _, gone in rows if not gone}
        came = frozenset(url for url, _, first, gone in rows if first > seq and not gone)
        by_digest = {there[url]: url for url in came}
        gone = [(url, digest) for url, digest, _, is_gone in rows if is_gone]
        moved = {url: by_digest[digest] for url, digest in gone if digest in by_digest}
        present = tuple(
            card for url in sorted(there) if (card := self._library.by_url(url)) and card.url == url
        )
        return Changes(newest, present, came, tuple(url for url, _ in gone), moved)

    def _come_up_to_date(self) -> None:
        """Write down what has changed about the documents."""
        for _ in range(_MOST_LOOKS):
            version = self._library.version
            if version == self._version:
                break
            self._look(self._connection())
            self._version = version

    def _look(self, connection: sqlite3.Connection) -> None:
        """Compare the documents with what was known of them. Of those that were looked at before, none is read."""
        known: dict[str, tuple[bytes, int]] = {
            url: (digest, gone)
            for url, digest, gone in connection.execute("SELECT url, digest, gone FROM marks")
        }
        digests: dict[str, bytes] = {}
        seen: dict[str, int] = {}
        for card in self._library.cards:
            seen[card.url] = card.id
            if self._seen.get(card.url) != card.id:  # a document that changes gets another number
                digests[card.url] = self._digest(card)
        changed = [(url, digest, 0) for url, digest in digests.items() if known.get(url) != (digest, 0)]
        gone = [(url, digest, 1) for url, (digest, out) in known.items() if not out and url not in seen]
        if changed or gone:
            _write(connection, [*changed, *gone])
        self._seen = seen

    def _digest(self, card: Card) -> bytes:
        text = self._library.text(card)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()

    def _connection(self) -> sqlite3.Connection:
        """Open. Where it was damaged it is known then what is there, not what was."""
        if self._opened is None:
            self._opened = open_file(self._path, _SCHEMA)
        return self._opened


def _newest(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM marks").fetchone()[0])


def _write(connection: sqlite3.Connection, marks: Iterable[tuple[str, bytes, int]]) -> None:
    """All of it under the next number; of what is gone, the oldest is forgotten in the end."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        seq = _newest(connection) + 1
        rows = [{"url": url, "digest": digest, "seq": seq, "gone": gone} for url, digest, gone in marks]
        connection.executemany(_PUT, rows)
        connection.execute(
            "DELETE FROM marks WHERE gone AND url NOT IN"
            " (SELECT url FROM marks WHERE gone ORDER BY seq DESC LIMIT ?)",
            (_MOST_GONE,),
        )
