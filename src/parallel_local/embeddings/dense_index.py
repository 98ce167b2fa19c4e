"""The dense side of the index: keeps a vector for each passage, and finds passages near a text.

Joins a model, the file of vectors and the matrix. The one way into this package: who imports it loads `numpy` and the
like, which is done where vectors are asked for and nowhere else. `refresh` may take long and is called from one worker
thread at a time; `search` goes on meanwhile, on what there was before. A model that fails never fails a search: it is
said in the log, once for a cause, and words alone decide.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from parallel_local.clock import Clock, SystemClock
from parallel_local.embeddings.embedder import Embedder, Matrix, unit
from parallel_local.embeddings.endpoint import Endpoint
from parallel_local.embeddings.nearest import Nearest
from parallel_local.embeddings.settings import EmbeddingError, EmbeddingSettings
from parallel_local.embeddings.static_model import StaticModel
from parallel_local.embeddings.vector_file import Key, VectorFile, key_of
from parallel_local.private import private_folder
from parallel_local.retrieval.meaning import Embedded, Meaning, Nearby, Passages

log = logging.getLogger("parallel_local.embeddings")

_FILE: Final = "vectors.db"
_BATCH: Final = 256
_REMEMBERED: Final = 1_000
_SECONDS_FOR_PASSAGES: Final = 120.0
_SECONDS_FOR_A_QUERY: Final = 5.0
_REST: Final = timedelta(seconds=30)  # for a model that failed: searches do not wait for it again and again


class DenseIndex:
    """Open with a model and a file; `close` closes both."""

    def __init__(self, embedder: Embedder, file: VectorFile, clock: Clock | None = None) -> None:
        self._embedder = embedder
        self._clock = clock or SystemClock()
        self._rests_until: datetime | None = None
        self._file = file
        self._keys: dict[int, Key] = {}  # of the passages that have a vector
        self._nearest = Nearest((), ())
        self._told = ""
        self._remembering = threading.Lock()
        self._remembered: dict[tuple[str, ...], Matrix] = {}

    def close(self) -> None:
        """Release model and file."""
        self._embedder.close()
        self._file.close()

    def refresh(self, passages: Passages, tell: Callable[[Embedded], None]) -> bool:
        """Have a vector for each passage: new texts are embedded, those that are gone are forgotten.

        Where the model fails, what has its vector is found by it, and the rest by its words.
        """
        numbers = passages.passage_numbers()
        keys = {number: self._keys[number] for number in numbers if number in self._keys}
        new = [number for number in numbers if number not in keys]
        if not new and len(keys) == len(self._keys):
            return True
        known = self._file.keys()
        works = True
        for done, batch in _batches(new):
            if works:
                tell(Embedded(done, len(new)))
            texts = passages.passage_texts(batch)
            fresh = {number: key_of(self._embedder.name, text) for number, text in texts.items()}
            missing = {key: texts[number] for number, key in fresh.items() if key not in known}
            if missing and works:
                works = self._embed(missing)
                known.update(missing if works else ())
            keys.update((number, key) for number, key in fresh.items() if key in known)
        if works:
            tell(Embedded(len(new), len(new)))
        self._file.forget(known.difference(keys.values()))
        self._nearest, self._keys = self._load(keys), keys
        return works

    def search(self, texts: Sequence[str], limit: int, spans: Sequence[tuple[int, int]]) -> Nearby | None:
        """Passages near the texts taken together, and the nearest one of each span; None where the model fails."""
        nearest = self._nearest
        resting = self._rests_until
        if not len(nearest.passages) or (resting and self._clock.now() < resting):
            return None
        try:
            query = unit(self._vectors(tuple(dict.fromkeys(texts))).sum(axis=0, keepdims=True))
        except EmbeddingError as error:
            self._rests_until = self._clock.now() + _REST
            self._tell(str(error))
            return None
        self._rests_until, self._told = None, ""
        return nearest.search(query[0], limit, spans)

    def _embed(self, texts: Mapping[Key, str]) -> bool:
        """Make and keep vectors; false where the model fails."""
        try:
            vectors = self._embedder.embed(list(texts.values()), _SECONDS_FOR_PASSAGES)
        except EmbeddingError as error:
            self._tell(str(error))
            return False
        self._file.put(dict(zip(texts, vectors, strict=True)))
        return True

    def _load(self, keys: Mapping[int, Key]) -> Nearest:
        """The matrix, with the rows that were in it. Passages whose vectors are shorter than others have none."""
        rows = self._nearest.rows()
        kept = self._file.get(list(dict.fromkeys(key for number, key in keys.items() if number not in rows)))
        found = {number: rows[number] if number in rows else kept.get(key) for number, key in keys.items()}
        there = {number: row for number, row in found.items() if row is not None}
        length = max(map(len, there.values()), default=0)
        usable = {number: row for number, row in there.items() if len(row) == length}
        return Nearest(list(usable), list(usable.values()))

    def _vectors(self, texts: tuple[str, ...]) -> Matrix:
        """Vectors of queries. Those asked last are remembered: one task asks about one subject many times."""
        with self._remembering:
            known = self._remembered.get(texts)
        if known is None:
            known = self._embedder.embed(texts, _SECONDS_FOR_A_QUERY)
            with self._remembering:
                self._remembered[texts] = known
                while len(self._remembered) > _REMEMBERED:
                    self._remembered.pop(next(iter(self._remembered)))
        return known

    def _tell(self, cause: str) -> None:
        if cause != self._told:
            log.warning("no vectors, words alone decide: %s", cause)
            self._told = cause


def _batches(numbers: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    """With how many come before."""
    return ((start, numbers[start : start + _BATCH]) for start in range(0, len(numbers), _BATCH))


def open_meaning(settings: EmbeddingSettings, data: Path) -> Meaning:
    """The dense side of a library whose data lies in `data`. Raises `EmbeddingError`."""
    server = settings.server
    embedder: Embedder = StaticModel.open(settings.place) if server is None else Endpoint(server)
    try:
        private_folder(data)
        return DenseIndex(embedder, VectorFile(data / _FILE))
    except BaseException:
        embedder.close()
        raise
