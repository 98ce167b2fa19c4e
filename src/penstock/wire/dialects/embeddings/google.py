"""Embeddings of Google's models, on AI Studio and on Vertex (dialects, A7).

AI Studio takes 100 texts at once. Vertex takes one of `gemini-embedding-001` and five of older models; later ones have
a method of their own there, for one text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.embeddings.asked import EmbeddingsAsked, tell_rest
from penstock.wire.dialects.embeddings.seam import Embedded, EmbeddingCall, batches, counted
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped

_MOST_AT_ONCE: Final = 100
_MOST_OF_OLDER: Final = 5
_ONE_AT_ONCE: Final = "gemini-embedding-"
_BY_PREDICT: Final = "gemini-embedding-001"
_EXTRA: Final = ("task_type",)


class _Values(msgspec.Struct):
    values: msgspec.Raw


class _Usage(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None


class _Answer(msgspec.Struct, rename="camel"):
    embeddings: list[_Values] | None = None
    embedding: _Values | None = None
    usage_metadata: _Usage | None = None


class _Statistics(msgspec.Struct):
    token_count: int | None = None


class _Predicted(msgspec.Struct):
    values: msgspec.Raw
    statistics: _Statistics | None = None


class _Prediction(msgspec.Struct):
    embeddings: _Predicted


class _Predictions(msgspec.Struct):
    predictions: list[_Prediction]


_decode: Final = msgspec.json.Decoder(_Answer).decode
_decode_predictions: Final = msgspec.json.Decoder(_Predictions).decode


class GeminiEmbeddings:
    """`EmbeddingsOutbound` of AI Studio."""

    def write_calls(
        self, asked: EmbeddingsAsked, target: Target, dropped: Dropped
    ) -> Sequence[EmbeddingCall]:
        """`batchEmbedContents`. Raises `Refused` for tokens."""
        tell_rest(asked, dropped, _EXTRA)
        name = f"models/{target.model.rpartition('/')[2]}"
        calls = []
        for texts in batches(asked.only_texts(), _MOST_AT_ONCE):
            requests: list[Json] = [{"model": name, **_content(text, asked)} for text in texts]
            calls.append(
                EmbeddingCall(operation="batchEmbedContents", body={"requests": requests}, count=len(texts))
            )
        return calls

    def read_answer(self, body: bytes, headers: Mapping[str, str], call: EmbeddingCall) -> Embedded:
        """Raises `msgspec.MsgspecError`, `Miscounted`."""
        return _embedded(body, call)


class VertexEmbeddings:
    """`EmbeddingsOutbound` of Vertex."""

    def write_calls(
        self, asked: EmbeddingsAsked, target: Target, dropped: Dropped
    ) -> Sequence[EmbeddingCall]:
        """`predict`, or `embedContent` for the models that have it. Raises `Refused` for tokens."""
        tell_rest(asked, dropped, _EXTRA)
        model, texts = target.model.rpartition("/")[2], asked.only_texts()
        if model.startswith(_ONE_AT_ONCE) and model != _BY_PREDICT:
            return [
                EmbeddingCall(operation="embedContent", body=_content(text, asked), count=1) for text in texts
            ]
        most = 1 if model.startswith(_ONE_AT_ONCE) else _MOST_OF_OLDER
        return [_prediction(some, asked) for some in batches(texts, most)]

    def read_answer(self, body: bytes, headers: Mapping[str, str], call: EmbeddingCall) -> Embedded:
        """Raises `msgspec.MsgspecError`, `Miscounted`."""
        if call.operation == "embedContent":
            return _embedded(body, call)
        found = [one.embeddings for one in _decode_predictions(body).predictions]
        counts = [None if one.statistics is None else one.statistics.token_count for one in found]
        known = [count for count in counts if count is not None]
        return Embedded(
            vectors=counted([one.values for one in found], call),
            tokens=sum(known) if len(known) == len(counts) else None,
        )


def _content(text: str, asked: EmbeddingsAsked) -> Object:
    found: Object = {"content": {"parts": [{"text": text}]}}
    if asked.task_type:
        found["taskType"] = asked.task_type
    if asked.width is not None:
        found["outputDimensionality"] = asked.width
    return found


def _prediction(texts: Sequence[str], asked: EmbeddingsAsked) -> EmbeddingCall:
    task: Object = {"task_type": asked.task_type} if asked.task_type else {}
    instances: list[Json] = [{"content": text, **task} for text in texts]
    body: Object = {"instances": instances}
    if asked.width is not None:
        body["parameters"] = {"outputDimensionality": asked.width}
    return EmbeddingCall(operation="predict", body=body, count=len(texts))


def _embedded(body: bytes, call: EmbeddingCall) -> Embedded:
    answer = _decode(body)
    found = answer.embeddings if answer.embedding is None else [answer.embedding]
    usage = answer.usage_metadata
    return Embedded(
        vectors=counted([one.values for one in found or ()], call),
        tokens=None if usage is None else usage.prompt_token_count,
    )
