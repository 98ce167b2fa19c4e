"""OpenAI's answer with embeddings, put together from those of all calls (dialects, A7)."""

from __future__ import annotations

import array
import binascii
import sys
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from penstock.wire.dialects.embeddings.asked import EmbeddingsAsked
from penstock.wire.dialects.embeddings.seam import Embedded

_QUOTE: Final = b'"'
_numbers: Final = msgspec.json.Decoder(list[float]).decode
_text: Final = msgspec.json.Decoder(str).decode
_encode: Final = msgspec.json.Encoder().encode


class _Embedding(msgspec.Struct):
    object: Literal["embedding"]
    index: int
    embedding: msgspec.Raw


class _Usage(msgspec.Struct):
    prompt_tokens: int
    total_tokens: int


class _Answer(msgspec.Struct):
    object: Literal["list"]
    data: list[_Embedding]
    model: str
    usage: _Usage


class WrittenEmbeddings(msgspec.Struct, frozen=True):
    """The body of the answer, and what it lacks: `usage` where the provider counts nothing, which is 0 then."""

    body: bytes
    dropped: tuple[str, ...] = ()


def write_embeddings_answer(parts: Sequence[Embedded], asked: EmbeddingsAsked) -> WrittenEmbeddings:
    """From the answers to all calls, in their order. Raises `msgspec.MsgspecError` for vectors that are none."""
    vectors = [vector for part in parts for vector in part.vectors]
    counts = [part.tokens for part in parts]
    known = [count for count in counts if count is not None]
    answer = _Answer(
        object="list",
        data=[
            _Embedding("embedding", number, _in_form(vector, asked.form))
            for number, vector in enumerate(vectors)
        ],
        model=next((part.model for part in parts if part.model), asked.model),
        usage=_Usage(sum(known), sum(known)),
    )
    return WrittenEmbeddings(_encode(answer), () if len(known) == len(counts) else ("usage",))


def _in_form(vector: msgspec.Raw, form: str) -> msgspec.Raw:
    """As numbers, or as float32, little-endian, in base64. What is in the form that is wanted is not looked into."""
    written = bytes(vector)
    if written.startswith(_QUOTE):
        return vector if form == "base64" else msgspec.Raw(_encode(list(_floats(_text(written)))))
    if not written.startswith(b"["):
        raise msgspec.ValidationError("an embedding is no array")
    if form == "float":
        return vector
    numbers = array.array("f", _numbers(written))
    if sys.byteorder == "big":
        numbers.byteswap()
    return msgspec.Raw(_QUOTE + binascii.b2a_base64(numbers.tobytes(), newline=False) + _QUOTE)


def _floats(encoded: str) -> array.array[float]:
    numbers = array.array("f")
    try:
        numbers.frombytes(binascii.a2b_base64(encoded, strict_mode=True))
    except ValueError as error:
        raise msgspec.ValidationError(f"an embedding is no float32 in base64: {error}") from None
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
