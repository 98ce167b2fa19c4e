"""Embeddings of providers that speak OpenAI's dialect: the caller's request goes on as it is, in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.embeddings.asked import EmbeddingsAsked
from penstock.wire.dialects.embeddings.seam import Embedded, EmbeddingCall, counted
from penstock.wire.dialects.loss import Dropped


class _One(msgspec.Struct):
    embedding: msgspec.Raw
    index: int = 0


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    total_tokens: int | None = None


class _Answer(msgspec.Struct):
    data: list[_One]
    model: str | None = None
    usage: _Usage | None = None


_decode: Final = msgspec.json.Decoder(_Answer).decode


class CompatibleEmbeddings:
    """`EmbeddingsOutbound`."""

    def write_calls(
        self, asked: EmbeddingsAsked, target: Target, dropped: Dropped
    ) -> Sequence[EmbeddingCall]:
        """One, with the model by the provider's name."""
        body = {**asked.as_written, "model": target.model}
        return [EmbeddingCall(operation="embeddings", body=body, count=asked.count)]

    def read_answer(self, body: bytes, headers: Mapping[str, str], call: EmbeddingCall) -> Embedded:
        """Raises `msgspec.MsgspecError`, `Miscounted`."""
        answer = _decode(body)
        usage = answer.usage or _Usage()
        found = sorted(answer.data, key=lambda one: one.index)
        return Embedded(
            vectors=counted([one.embedding for one in found], call),
            tokens=usage.prompt_tokens if usage.prompt_tokens is not None else usage.total_tokens,
            model=answer.model or "",
        )
