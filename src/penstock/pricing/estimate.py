"""What a call will cost at most, or nearly: what a spend limit sets aside before it is made (Cloudflare 3.8).

A guess from the request alone, on the high side for text: four bytes a token go in, and all comes out that was
asked for. Pure. What the call then really costs is in `call_cost.py`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from penstock.pricing.call_cost import PARALLEL, call_cost
from penstock.pricing.custom_cost import CustomCost
from penstock.pricing.price_book import PriceBook
from penstock.wire.usage import Usage

UNSAID_OUTPUT_TOKENS = 1024
"""Of a request that sets no limit to its answer."""

_BYTES_PER_TOKEN = 4

_Limit = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class _GenerationConfig(msgspec.Struct, gc=False):
    max_output_tokens: _Limit | None = msgspec.field(name="maxOutputTokens", default=None)


class _InferenceConfig(msgspec.Struct, gc=False):
    max_tokens: _Limit | None = msgspec.field(name="maxTokens", default=None)


class _Request(msgspec.Struct, gc=False):
    max_tokens: _Limit | None = None
    max_completion_tokens: _Limit | None = None
    max_output_tokens: _Limit | None = None
    google: _GenerationConfig | None = msgspec.field(name="generationConfig", default=None)
    bedrock: _InferenceConfig | None = msgspec.field(name="inferenceConfig", default=None)


_decode = msgspec.json.Decoder(_Request).decode


def estimate(
    book: PriceBook,
    provider: str,
    path_tail: str,
    model: str | None,
    request_body: bytes,
    custom: CustomCost | None,
    when_us: int,
) -> int | None:
    """Nano-dollars to set aside; None where the price is unknown. Arguments as those of `call_cost`."""
    is_guessed = custom is not None or provider != PARALLEL
    usage = guessed_usage(path_tail, request_body) if is_guessed else None
    priced = call_cost(book, provider, path_tail, model, request_body, usage, custom, when_us)
    return None if priced is None else priced.nano


def guessed_usage(path_tail: str, request_body: bytes) -> Usage:
    """The tokens that a request may use. Embeddings are not generated: nothing comes out."""
    tokens_in = -(-len(request_body) // _BYTES_PER_TOKEN)
    return Usage(tokens_in, 0 if "embed" in path_tail.lower() else _asked_output(request_body))


def _asked_output(request_body: bytes) -> int:
    try:
        request = _decode(request_body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return UNSAID_OUTPUT_TOKENS
    return (
        request.max_completion_tokens
        or request.max_tokens
        or request.max_output_tokens
        or (request.google.max_output_tokens if request.google else None)
        or (request.bedrock.max_tokens if request.bedrock else None)
        or UNSAID_OUTPUT_TOKENS
    )
