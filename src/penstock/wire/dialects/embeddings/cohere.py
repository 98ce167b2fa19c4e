"""Embeddings of Cohere's models, on Cohere's own service and on Bedrock, and Titan's there (dialects, A7).

Cohere takes 96 texts at once, Titan one. What they are for has to be said to Cohere: to be searched, where the caller
does not say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.embeddings.asked import EmbeddingsAsked, tell_rest
from penstock.wire.dialects.embeddings.seam import Embedded, EmbeddingCall, batches, counted, refuse_width
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped

_MOST_AT_ONCE: Final = 96
_DEFAULT_TYPE: Final = "search_document"
_EXTRA: Final = ("input_type", "truncate")
_ONE_WIDTH: Final = ("embed-english", "embed-multilingual")  # before version 4
_TITAN: Final = "amazon.titan-embed"
_TITAN_WITH_WIDTHS: Final = "amazon.titan-embed-text-v2"
_TOKENS: Final = "x-amzn-bedrock-input-token-count"


class _ByType(msgspec.Struct):
    float: list[msgspec.Raw] | None = None


class _BilledUnits(msgspec.Struct):
    input_tokens: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _BilledUnits | None = None


class _Answer(msgspec.Struct):
    embeddings: _ByType | list[msgspec.Raw]
    meta: _Meta | None = None


class _TitanAnswer(msgspec.Struct, rename="camel"):
    embedding: msgspec.Raw
    input_text_token_count: int | None = None


_decode: Final = msgspec.json.Decoder(_Answer).decode
_decode_titan: Final = msgspec.json.Decoder(_TitanAnswer).decode


class CohereEmbeddings:
    """`EmbeddingsOutbound` of Cohere itself."""

    def write_calls(
        self, asked: EmbeddingsAsked, target: Target, dropped: Dropped
    ) -> Sequence[EmbeddingCall]:
        """`/v2/embed`. Raises `Refused`."""
        return _calls(asked, target.model, "embed", {"model": target.model}, dropped)

    def read_answer(self, body: bytes, headers: Mapping[str, str], call: EmbeddingCall) -> Embedded:
        """Raises `msgspec.MsgspecError`, `Miscounted`."""
        return _embedded(body, call, None)


class BedrockEmbeddings:
    """`EmbeddingsOutbound` of Bedrock's InvokeModel."""

    def write_calls(
        self, asked: EmbeddingsAsked, target: Target, dropped: Dropped
    ) -> Sequence[EmbeddingCall]:
        """Raises `Refused`."""
        if _TITAN not in target.model:
            return _calls(asked, target.model, "invoke", {}, dropped)
        tell_rest(asked, dropped)
        said: Object = {}
        if _TITAN_WITH_WIDTHS not in target.model:
            refuse_width(asked)
        elif asked.width is not None:
            said["dimensions"] = asked.width
        return [
            EmbeddingCall(operation="invoke", body={"inputText": text, **said}, count=1)
            for text in asked.only_texts()
        ]

    def read_answer(self, body: bytes, headers: Mapping[str, str], call: EmbeddingCall) -> Embedded:
        """Raises `msgspec.MsgspecError`, `Miscounted`."""
        told = headers.get(_TOKENS, "")
        tokens = int(told) if told.isascii() and told.isdigit() and len(told) < 10 else None
        if "inputText" not in call.body:
            return _embedded(body, call, tokens)
        answer = _decode_titan(body)
        own = answer.input_text_token_count
        return Embedded(vectors=[answer.embedding], tokens=tokens if own is None else own)


def _calls(
    asked: EmbeddingsAsked, model: str, operation: str, said: Object, dropped: Dropped
) -> Sequence[EmbeddingCall]:
    tell_rest(asked, dropped, _EXTRA)
    said = {**said, "input_type": asked.input_type or _DEFAULT_TYPE, "embedding_types": ["float"]}
    if any(name in model for name in _ONE_WIDTH):
        refuse_width(asked)
    elif asked.width is not None:
        said["output_dimension"] = asked.width
    if isinstance(truncate := asked.as_written.get("truncate"), str):
        said["truncate"] = truncate
    found = []
    for some in batches(asked.only_texts(), _MOST_AT_ONCE):
        texts: list[Json] = [*some]
        found.append(EmbeddingCall(operation=operation, body={**said, "texts": texts}, count=len(some)))
    return found


def _embedded(body: bytes, call: EmbeddingCall, tokens: int | None) -> Embedded:
    answer = _decode(body)
    found = answer.embeddings.float or [] if isinstance(answer.embeddings, _ByType) else answer.embeddings
    units = answer.meta.billed_units if answer.meta is not None else None
    if tokens is None and units is not None and units.input_tokens is not None:
        tokens = int(units.input_tokens)
    return Embedded(vectors=counted(found, call), tokens=tokens)
