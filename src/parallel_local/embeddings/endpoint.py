"""Embeddings by any server that speaks OpenAI's `POST /v1/embeddings`; the gateway beside the engine is one.

The only file of this package that opens connections. Texts leave the process here and nowhere else. The key is in a
header and in no message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import httpx
import msgspec
import numpy as np

from parallel_local.embeddings.embedder import Matrix, unit
from parallel_local.embeddings.settings import EmbeddingError
from parallel_local.model_server.settings import ModelSettings

_BATCH: Final = 64
_MOST_CHARS: Final = 8_000  # of one text: about what embedding models read
_SECONDS: Final = 60.0
_TRIES: Final = 3
_LARGEST_ANSWER: Final = 64_000_000
_AGAIN: Final = frozenset({408, 409, 429, 500, 502, 503, 504})


class _Row(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Row]


class Endpoint:
    """A model behind an address. Calls block: from worker threads only."""

    def __init__(self, settings: ModelSettings, transport: httpx.BaseTransport | None = None) -> None:
        self.name = f"endpoint:{settings.url}:{settings.model}"
        self._model = settings.model
        key = settings.key.reveal() if settings.key else ""
        self._client = httpx.Client(
            base_url=settings.url + "/",
            headers={"authorization": f"Bearer {key}"} if key else {},
            timeout=_SECONDS,
            transport=transport,
            trust_env=False,
        )

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Batches of the texts, in their order."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        parts = [self._batch(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        if len({part.shape[1] for part in parts}) != 1:
            raise EmbeddingError(f"{self._model}: vectors of different lengths")
        return unit(np.concatenate(parts))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _batch(self, texts: Sequence[str]) -> Matrix:
        # Servers refuse empty texts; a blank has no direction of its own either.
        clipped = [text[:_MOST_CHARS].strip() or " " for text in texts]
        body = msgspec.json.encode({"model": self._model, "input": clipped, "encoding_format": "float"})
        content = self._post(body)
        try:
            rows = sorted(msgspec.json.decode(content, type=_Answer).data, key=lambda row: row.index)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise EmbeddingError(f"{self._model}: the answer is no list of vectors") from error
        if [row.index for row in rows] != list(range(len(texts))):
            raise EmbeddingError(f"{self._model}: {len(rows)} vectors for {len(texts)} texts")
        lengths = {len(row.embedding) for row in rows}
        if len(lengths) != 1 or 0 in lengths:
            raise EmbeddingError(f"{self._model}: vectors of different lengths")
        return np.array([row.embedding for row in rows], dtype=np.float32)

    def _post(self, body: bytes) -> bytes:
        """The answer's body. What may pass is tried again at once, a few times: the caller has no more patience."""
        reason = ""
        for _ in range(_TRIES):
            try:
                with self._client.stream(
                    "POST", "embeddings", content=body, headers={"content-type": "application/json"}
                ) as reply:
                    if reply.status_code == 200:
                        return _limited(reply)
                    reason = f"status {reply.status_code}"
                    if reply.status_code not in _AGAIN:
                        break
            except httpx.HTTPError as error:
                reason = type(error).__name__
        raise EmbeddingError(f"{self._model} at {self._client.base_url.host}: {reason}")


def _limited(reply: httpx.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in reply.iter_bytes():
        size += len(chunk)
        if size > _LARGEST_ANSWER:
            raise EmbeddingError("the answer is too large")
        chunks.append(chunk)
    return b"".join(chunks)
