"""Tokens as Messages counts them, to and from the inner form (dialects, B9)."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import Counted
from penstock.wire.dialects.json_value import Json, Object


class CacheCreation(msgspec.Struct, gc=False):
    ephemeral_1h_input_tokens: int | None = None


class OutputDetails(msgspec.Struct, gc=False):
    thinking_tokens: int | None = None


class ServerToolUse(msgspec.Struct, gc=False):
    web_search_requests: int | None = None


class Usage(msgspec.Struct):
    """`usage`, of an answer or of an event: sums so far, members may be null or absent."""

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    output_tokens_details: OutputDetails | None = None
    server_tool_use: ServerToolUse | None = None
    service_tier: str | None = None


_WRITTEN: Final = frozenset(Usage.__struct_fields__) - {"service_tier"}


def counted(usage: Usage) -> Counted:
    """What it tells."""
    return Counted(
        fresh=usage.input_tokens,
        cache_read=usage.cache_read_input_tokens,
        cache_write=usage.cache_creation_input_tokens,
        cache_write_1h=None
        if usage.cache_creation is None
        else usage.cache_creation.ephemeral_1h_input_tokens,
        output=usage.output_tokens,
        reasoning=None
        if usage.output_tokens_details is None
        else usage.output_tokens_details.thinking_tokens,
        searches=None if usage.server_tool_use is None else usage.server_tool_use.web_search_requests,
    )


def beside(usage: Json) -> Object:
    """Members of a `usage` that the inner form does not have."""
    if not isinstance(usage, dict):
        return {}
    return {name: value for name, value in usage.items() if name not in _WRITTEN and value is not None}


def written(told: Counted | None) -> Object:
    """`usage`. The dialect wants both sums, also where the provider tells none."""
    if told is None:
        return {"input_tokens": 0, "output_tokens": 0}
    found: Object = {"input_tokens": told.fresh or 0}
    if told.cache_write is not None:
        found["cache_creation_input_tokens"] = told.cache_write
    if told.cache_read is not None:
        found["cache_read_input_tokens"] = told.cache_read
    if told.cache_write_1h is not None:
        found["cache_creation"] = {
            "ephemeral_5m_input_tokens": max(0, (told.cache_write or 0) - told.cache_write_1h),
            "ephemeral_1h_input_tokens": told.cache_write_1h,
        }
    found["output_tokens"] = told.output or 0
    if told.reasoning is not None:
        found["output_tokens_details"] = {"thinking_tokens": told.reasoning}
    if told.searches is not None:
        found["server_tool_use"] = {"web_search_requests": told.searches}
    return found
