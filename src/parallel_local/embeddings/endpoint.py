"""Embeddings by any server that speaks OpenAI's `POST /v1/embeddings`; the gateway beside the engine is one.

Texts leave the process here and nowhere else. How a server is called, and called again, is `model_server`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from parallel_local.clock import Clock, SystemClock
from parallel_local.embeddings.embedder import Matrix, unit
from parallel_local.embeddings.settings import EmbeddingError
from parallel_local.model_server.blocking import BlockingModelServer
from parallel_local.model_server.settings import ModelSettings
from parallel_local.model_server.transport import ModelError

_BATCH: Final = 64
_MOST_CHARS: Final = 8_000  # of one text: about what embedding models read
_LARGEST_ANSWER: Final = 64_000_000


class _Row(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Row]


class Endpoint:
    """A model behind an address. Calls block: from worker threads only."""

    def __init__(self, settings: ModelSettings, clock: Clock | None = None) -> None:
        self.name = f"endpoint:{settings.url}:{settings.model}"
        self._model = settings.model
        self._server = BlockingModelServer(settings, clock or SystemClock(), _LARGEST_ANSWER)

    def embed(self, texts: Sequence[str], seconds: float) -> Matrix:
        """Batches of the texts, in their order, each of them within `seconds`."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        starts = range(0, len(texts), _BATCH)
        parts = [self._batch(texts[start : start + _BATCH], seconds) for start in starts]
        if len({part.shape[1] for part in parts}) != 1:
            raise EmbeddingError(f"{self._model}: vectors of different lengths")
        return unit(np.concatenate(parts))

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def _batch(self, texts: Sequence[str], seconds: float) -> Matrix:
        # Servers refuse empty texts; a blank has no direction of its own either.
        clipped = [text[:_MOST_CHARS].strip() or " " for text in texts]
        body = {"model": self._model, "input": clipped, "encoding_format": "float"}
        try:
            content = self._server.post("/embeddings", body, seconds)
            rows = sorted(msgspec.json.decode(content, type=_Answer).data, key=lambda row: row.index)
        except ModelError as error:
            raise EmbeddingError(f"{self._model}: {error.cause}") from error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise EmbeddingError(f"{self._model}: the answer is no list of vectors") from error
        if [row.index for row in rows] != list(range(len(texts))):
            raise EmbeddingError(f"{self._model}: {len(rows)} vectors for {len(texts)} texts")
        lengths = {len(row.embedding) for row in rows}
        if len(lengths) != 1 or 0 in lengths:
            raise EmbeddingError(f"{self._model}: vectors of different lengths")
        return np.array([row.embedding for row in rows], dtype=np.float32)
