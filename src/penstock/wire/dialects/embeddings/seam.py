"""What every provider of embeddings offers: calls for a request, and the vectors in their answers.

One request may need several calls, since providers take so many texts at once and no more; all of them have to
succeed. How an error of such a call reads is the same as for the provider's other answers, and not said here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.embeddings.asked import EmbeddingsAsked
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused

T = TypeVar("T")


class EmbeddingCall(msgspec.Struct, frozen=True, kw_only=True):
    """One request to the provider."""

    operation: (
        str  # the last word of its address: `embeddings`, `batchEmbedContents`, `predict`, `embed`, `invoke`
    )
    body: Object
    count: int  # of vectors that its answer has to have


class Embedded(msgspec.Struct, frozen=True, kw_only=True):
    """What one call gave."""

    vectors: Sequence[msgspec.Raw]  # JSON arrays of numbers, or strings: float32 in base64
    tokens: int | None = None  # that it counted; None: untold
    model: str = ""  # as the provider says it


class Miscounted(Exception):
    """An answer with more or fewer vectors than texts were sent."""


class EmbeddingsOutbound(Protocol):
    """A provider of embeddings."""

    def write_calls(
        self, asked: EmbeddingsAsked, target: Target, dropped: Dropped
    ) -> Sequence[EmbeddingCall]:
        """In the order of the input. Raises `Refused`."""

    def read_answer(self, body: bytes, headers: Mapping[str, str], call: EmbeddingCall) -> Embedded:
        """Of a status below 400; names of headers in lower case. Raises `msgspec.MsgspecError`, `Miscounted`."""


def batches(values: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """The same in pieces of at most so many."""
    for at in range(0, len(values), most):
        yield values[at : at + most]


def counted(vectors: Sequence[msgspec.Raw], call: EmbeddingCall) -> Sequence[msgspec.Raw]:
    """The same, if they are as many as were asked for. Raises `Miscounted`."""
    if len(vectors) != call.count:
        raise Miscounted(f"the provider gave {len(vectors)} embeddings for {call.count} inputs")
    return vectors


def refuse_width(asked: EmbeddingsAsked) -> None:
    """For models that have one width only. Raises `Refused`."""
    if asked.width is not None:
        raise Refused("dimensions", "this model's embeddings have one width")
