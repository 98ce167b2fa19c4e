"""Counts of tokens between the Chat dialect's `usage` and the inner form (dialects, B9)."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import Counted
from penstock.wire.dialects.json_value import Object
from penstock.wire.tolerant_json import UNREADABLE
from penstock.wire.usage_tokens import TokenUsage, counts

_decode: Final = msgspec.json.Decoder(TokenUsage).decode


def read_usage(raw: bytes | msgspec.Raw) -> Counted | None:
    """The counts of a `usage` object of any vendor; None where it tells nothing, or makes no sense."""
    try:
        told = _decode(raw)
    except UNREADABLE:
        return None
    usage = counts(told, None)
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    cached, written = usage.input_cached_tokens, usage.input_cache_write_tokens
    fresh = usage.input_tokens
    if fresh is not None and not usage.cache_apart:
        fresh -= (cached or 0) + (written or 0)
    return Counted(
        fresh=fresh,
        cache_read=cached,
        cache_write=written,
        cache_write_1h=usage.input_cache_write_1h_tokens,
        output=usage.output_tokens,
        reasoning=usage.output_reasoning_tokens,
        audio_in=usage.input_audio_tokens,
        audio_out=usage.output_audio_tokens,
        searches=usage.web_searches,
    )


def write_usage(counted: Counted) -> Object:
    """The `usage` object: totals are made here, from what is in them; what is untold is absent."""
    prompt = (counted.fresh or 0) + (counted.cache_read or 0) + (counted.cache_write or 0)
    written = counted.output or 0
    usage: Object = {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
    }
    given = {
        "cached_tokens": counted.cache_read,
        "cache_write_tokens": counted.cache_write,
        "audio_tokens": counted.audio_in,
    }
    made = {"reasoning_tokens": counted.reasoning, "audio_tokens": counted.audio_out}
    for name, details in (("prompt_tokens_details", given), ("completion_tokens_details", made)):
        known: Object = {key: value for key, value in details.items() if value is not None}
        if known:
            usage[name] = known
    return usage
