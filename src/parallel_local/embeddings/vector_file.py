"""The vectors of passages on disk: one SQLite file, by what was embedded.

A key is the digest of model and text, so that a text that changes, or another model, simply is not there yet. The
file is a cache: one that cannot be read is made anew. Nothing of models or of searching here.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from parallel_local.embeddings.embedder import Halves, Matrix
from parallel_local.private import private_file

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
)
_AT_ONCE: Final = 500
Key = bytes


def key_of(model: str, text: str) -> Key:
    """What a vector is kept under."""
    digest = hashlib.blake2b(model.encode(), digest_size=16)
    digest.update(b"\0")
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.digest()


class VectorFile:
    """Open with a path, close with `close`. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = _connect(path)
        except sqlite3.DatabaseError:
            for suffix in ("", "-wal", "-shm", "-journal"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            self._connection = _connect(path)

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def keys(self) -> set[Key]:
        """All that is kept."""
        return {row[0] for row in self._connection.execute("SELECT key FROM vectors")}

    def put(self, vectors: Mapping[Key, Matrix]) -> None:
        """Keep vectors, all or none."""
        rows = [(key, vector.astype(np.float16).tobytes()) for key, vector in vectors.items()]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def get(self, keys: Sequence[Key]) -> dict[Key, Halves]:
        """Those of the keys that are kept."""
        found: dict[Key, Halves] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            for key, body in self._connection.execute(
                f"SELECT key, vector FROM vectors WHERE key IN ({marks})",
                some,
            ):
                found[key] = np.frombuffer(body, dtype=np.float16)
        return found

    def forget(self, keys: Iterable[Key]) -> None:
        """Drop what no passage has any more."""
        with self._connection:
            self._connection.executemany("DELETE FROM vectors WHERE key = ?", [(key,) for key in keys])


def _connect(path: Path) -> sqlite3.Connection:
    private_file(path)
    connection = sqlite3.connect(path, check_same_thread=False, timeout=30.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_SCHEMA)
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection
