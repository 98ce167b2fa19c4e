"""`usage` objects by the names of OpenAI, all who follow it, Anthropic, Cohere and Perplexity.

Typed and partial: what has no price is skipped, and an object with a wrong type in it is unreadable as a
whole, which is unknown, not zero.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from penstock.wire.usage_counts import Count, Usage, first_known, holds_more, special_tier, total_of

_Number = Annotated[float, msgspec.Meta(ge=0, le=2**53)]  # Cohere's counts may be written as floats


class _CachedDetails(msgspec.Struct, gc=False):
    audio_tokens: Count | None = None
    image_tokens: Count | None = None


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    audio_tokens: Count | None = None
    image_tokens: Count | None = None
    cached_tokens_details: _CachedDetails | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Count | None = None
    thinking_tokens: Count | None = None  # Anthropic
    audio_tokens: Count | None = None
    image_tokens: Count | None = None


class _CacheCreation(msgspec.Struct, gc=False):
    ephemeral_1h_input_tokens: Count | None = None


class _ServerToolUse(msgspec.Struct, gc=False):
    web_search_requests: Count | None = None


class _Units(msgspec.Struct, gc=False):
    input_tokens: _Number | None = None
    output_tokens: _Number | None = None


class TokenUsage(msgspec.Struct, gc=False):
    """One such object. A vendor fills its part of the fields."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    total_tokens: Count | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None
    input_token_details: _InputDetails | None = None  # OpenAI's transcriptions
    service_tier: str | None = None
    speed: str | None = None
    cache_read_input_tokens: Count | None = None  # Anthropic, up to the next remark
    cache_creation_input_tokens: Count | None = None
    cache_creation: _CacheCreation | None = None
    server_tool_use: _ServerToolUse | None = None
    reasoning_tokens: Count | None = None  # Perplexity's, beside its completion_tokens
    citation_tokens: Count | None = None
    num_search_queries: Count | None = None
    billed_units: _Units | None = None  # Cohere
    tokens: _Units | None = None

    def after(self, earlier: TokenUsage) -> TokenUsage:
        """What this says and, where it says nothing, what an earlier event of the stream said."""
        said = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(earlier, **said)


def counts(usage: TokenUsage, service_tier: str | None) -> Usage:
    """The object's counts. `service_tier`: what the answer says of it elsewhere (OpenAI)."""
    tokens_in, tokens_out = _ends(usage)
    given = usage.prompt_tokens_details or usage.input_tokens_details or usage.input_token_details
    made = usage.completion_tokens_details or usage.output_tokens_details or _OutputDetails()
    cached = given.cached_tokens if given else usage.cache_read_input_tokens
    given = given or _InputDetails()
    within = given.cached_tokens_details or _CachedDetails()
    written = first_known(usage.cache_creation_input_tokens, given.cache_write_tokens)
    lasting = usage.cache_creation or _CacheCreation()
    tools = usage.server_tool_use or _ServerToolUse()
    return Usage(
        tokens_in,
        tokens_out,
        total_of(usage.total_tokens, tokens_in, tokens_out),
        first_known(made.reasoning_tokens, made.thinking_tokens, usage.reasoning_tokens),
        cached,
        written,
        lasting.ephemeral_1h_input_tokens or None,
        input_audio_tokens=given.audio_tokens or None,
        input_image_tokens=given.image_tokens or None,
        input_cached_audio_tokens=within.audio_tokens or None,
        input_cached_image_tokens=within.image_tokens or None,
        output_audio_tokens=made.audio_tokens or None,
        output_image_tokens=made.image_tokens or None,
        output_citation_tokens=usage.citation_tokens or None,
        web_searches=tools.web_search_requests or usage.num_search_queries or None,
        service_tier=special_tier(usage.speed, usage.service_tier, service_tier),
        cache_apart=_leaves_cache_out(usage) or holds_more(tokens_in, cached, written),
    )


def _ends(usage: TokenUsage) -> tuple[int | None, int | None]:
    """What went in and what came out."""
    if usage.billed_units or usage.tokens:
        billed, counted = usage.billed_units or _Units(), usage.tokens or _Units()
        return (
            _whole(counted.input_tokens if billed.input_tokens is None else billed.input_tokens),
            _whole(counted.output_tokens if billed.output_tokens is None else billed.output_tokens),
        )
    tokens_in = first_known(usage.prompt_tokens, usage.input_tokens)
    tokens_out = first_known(usage.completion_tokens, usage.output_tokens)
    if tokens_out is None or usage.prompt_tokens is None:
        return tokens_in, tokens_out
    return tokens_in, tokens_out + _unseen(usage, usage.prompt_tokens, tokens_out)


def _unseen(usage: TokenUsage, tokens_in: int, tokens_out: int) -> int:
    """What was generated beside the completion.

    Perplexity says so; of xAI and of Google's OpenAI dialect only the total tells that reasoning is not in
    `completion_tokens`.
    """
    if usage.num_search_queries is not None:
        return (usage.reasoning_tokens or 0) + (usage.citation_tokens or 0)
    return max(0, (usage.total_tokens or 0) - tokens_in - tokens_out)


def _leaves_cache_out(usage: TokenUsage) -> bool:
    """Whether these are Anthropic's names, of which `input_tokens` counts only what no cache knew."""
    if usage.prompt_tokens is not None or usage.input_tokens is None:
        return False
    return bool(usage.cache_read_input_tokens or usage.cache_creation_input_tokens)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
