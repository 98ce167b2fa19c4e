"""`usage` objects by the names of OpenAI, all who follow it, Anthropic, Cohere and Perplexity.

Typed and partial: what has no price is skipped, and what makes no sense is unknown, not zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Annotated

import msgspec

from penstock.wire.usage_counts import Count, Usage, first_known, holds_more, special_tier, total_of

_MAX_SECONDS = 2**53
_Number = Annotated[float, msgspec.Meta(ge=0, le=2**53)]


class _CachedDetails(msgspec.Struct, gc=False):
    audio_tokens: Count | None = None
    image_tokens: Count | None = None


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    audio_tokens: Count | None = None
    image_tokens: Count | None = None
    video_tokens: Count | None = None
    cached_tokens_details: _CachedDetails | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Count | None = None
    thinking_tokens: Count | None = None  # Anthropic
    audio_tokens: Count | None = None
    image_tokens: Count | None = None


_NO_INPUT_DETAILS, _NO_OUTPUT_DETAILS, _NO_CACHED_DETAILS = (
    _InputDetails(),
    _OutputDetails(),
    _CachedDetails(),
)


class _CacheCreation(msgspec.Struct, gc=False):
    ephemeral_1h_input_tokens: Count | None = None


class _ServerToolUse(msgspec.Struct, gc=False):
    web_search_requests: Count | None = None


class _Units(msgspec.Struct, gc=False):
    input_tokens: Count | None = None  # may be written as 12.0
    output_tokens: Count | None = None
    search_units: Count | None = None


# Members that make no sense, and what is unknown with them.
_NOTHING: frozenset[str] = frozenset()
_GOES_IN = frozenset({"connector_tokens", "billed_units", "billed_units.input_tokens"})
_COMES_OUT = frozenset({"billed_units", "billed_units.output_tokens"})
_SEARCH_OUT = _COMES_OUT | {"reasoning_tokens", "citation_tokens"}
_INS = _GOES_IN | {"prompt_tokens", "input_tokens", "tokens.input_tokens"}
_OUTS = _SEARCH_OUT | {"completion_tokens", "output_tokens", "tokens.output_tokens"}
_ADDED = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens"})  # beside the input


class _Iteration(msgspec.Struct, gc=False):
    type: str = ""
    input_tokens: Count = 0
    output_tokens: Count = 0
    cache_read_input_tokens: Count = 0
    cache_creation_input_tokens: Count = 0


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
    seconds: _Number | None = None  # the same, of models that count no tokens
    cached_tokens: Count | None = None  # beside the details, or in their place
    prompt_cache_hit_tokens: Count | None = None  # DeepSeek
    num_cached_tokens: Count | None = None  # Mistral, up to the next remark
    prompt_audio_seconds: object = None  # sometimes an empty object
    connector_tokens: Count | None = None
    connectors: dict[str, Count] | None = None
    service_tier: str | None = None
    speed: str | None = None
    cache_read_input_tokens: Count | None = None  # Anthropic, up to the next remark
    cache_creation_input_tokens: Count | None = None
    cache_creation: _CacheCreation | None = None
    server_tool_use: _ServerToolUse | None = None
    iterations: list[_Iteration] | None = None
    reasoning_tokens: Count | None = None  # Perplexity's, beside its completion_tokens
    citation_tokens: Count | None = None
    num_search_queries: Count | None = None
    billed_units: _Units | None = None  # Cohere
    tokens: _Units | None = None
    search_units: Count | None = None  # the same, at OpenRouter
    pages_processed: Count | None = None  # Mistral
    pages_processed_annotation: Count | None = None

    @property
    def names_no_end(self) -> bool:
        """Whether it tells neither what went in nor what came out by names of these."""
        return (
            self.prompt_tokens is None
            and self.input_tokens is None
            and self.output_tokens is None
            and self.completion_tokens is None
        )

    def after(self, earlier: TokenUsage) -> TokenUsage:
        """What this says and, where it says nothing, what an earlier event of the stream said."""
        said = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(earlier, **said)


def counts(usage: TokenUsage, service_tier: str | None, odd: Set[str] = _NOTHING) -> Usage:
    """The object's counts. `service_tier`: what the answer says of it elsewhere (OpenAI). `odd`: what of the object
    made no sense.
    """
    unreadable = len(odd & _ADDED) + _odd_compaction(usage, odd) if odd else 0
    usage = _with_compaction(usage) if usage.iterations else usage
    tokens_in, tokens_out = _ends(usage)
    if odd:
        tokens_in = None if odd & _GOES_IN else tokens_in
        tokens_out = (
            None if odd & (_COMES_OUT if usage.num_search_queries is None else _SEARCH_OUT) else tokens_out
        )
        unreadable += (tokens_in is None and bool(odd & _INS)) + (tokens_out is None and bool(odd & _OUTS))
    given = (
        usage.prompt_tokens_details
        or usage.input_tokens_details
        or usage.input_token_details
        or _NO_INPUT_DETAILS
    )
    made = usage.completion_tokens_details or usage.output_tokens_details or _NO_OUTPUT_DETAILS
    cached = given.cached_tokens if given.cached_tokens is not None else _cached(usage)
    within = given.cached_tokens_details or _NO_CACHED_DETAILS
    written = usage.cache_creation_input_tokens
    written = given.cache_write_tokens if written is None else written
    lasting = usage.cache_creation.ephemeral_1h_input_tokens if usage.cache_creation else None
    return Usage(
        tokens_in,
        tokens_out,
        total_of(usage.total_tokens, tokens_in, tokens_out),
        first_known(made.reasoning_tokens, made.thinking_tokens, usage.reasoning_tokens),
        cached,
        written,
        lasting or None,
        input_audio_tokens=given.audio_tokens or None,
        input_image_tokens=given.image_tokens or None,
        input_video_tokens=given.video_tokens or None,
        input_cached_audio_tokens=within.audio_tokens or None,
        input_cached_image_tokens=within.image_tokens or None,
        output_audio_tokens=made.audio_tokens or None,
        output_image_tokens=made.image_tokens or None,
        output_citation_tokens=usage.citation_tokens or None,
        web_searches=_searches(usage),
        input_audio_seconds=_audio_seconds(usage),
        search_units=_search_units(usage),
        input_pages=usage.pages_processed,
        input_annotated_pages=usage.pages_processed_annotation or None,
        unreadable=unreadable or None,
        service_tier=special_tier(usage.speed, usage.service_tier, service_tier),
        cache_apart=_leaves_cache_out(usage) or holds_more(tokens_in, cached, written),
    )


def _cached(usage: TokenUsage) -> int | None:
    """Tokens read from a cache, by all the names there are beside the details."""
    if usage.cache_read_input_tokens is not None:
        return usage.cache_read_input_tokens
    return first_known(usage.cached_tokens, usage.prompt_cache_hit_tokens, usage.num_cached_tokens)


def _searches(usage: TokenUsage) -> int | None:
    told = usage.server_tool_use.web_search_requests if usage.server_tool_use else None
    return told or usage.num_search_queries or (_connected(usage.connectors) if usage.connectors else None)


def _search_units(usage: TokenUsage) -> int | None:
    return usage.search_units if usage.billed_units is None else usage.billed_units.search_units


def _connected(connectors: Mapping[str, int]) -> int | None:
    return sum(count for name, count in connectors.items() if name.startswith("web_search")) or None


def _audio_seconds(usage: TokenUsage) -> int | None:
    """Speech that is charged by its length."""
    told = usage.prompt_audio_seconds
    if told is None and usage.seconds is None:
        return None
    if isinstance(told, int) and not isinstance(told, bool) and 0 < told <= _MAX_SECONDS:
        return told
    return None if usage.seconds is None else round(usage.seconds)


def _odd_compaction(usage: TokenUsage, odd: Set[str]) -> bool:
    shortened = any(one.type == "compaction" for one in usage.iterations or ())
    return shortened and any(name.startswith("iterations.") for name in odd)


def _with_compaction(usage: TokenUsage) -> TokenUsage:
    """Anthropic's own counts leave out what it took to shorten the conversation."""
    extra = [one for one in usage.iterations or () if one.type == "compaction"]
    if not extra:
        return usage
    return msgspec.structs.replace(
        usage,
        input_tokens=(usage.input_tokens or 0) + sum(one.input_tokens for one in extra),
        output_tokens=(usage.output_tokens or 0) + sum(one.output_tokens for one in extra),
        cache_read_input_tokens=(usage.cache_read_input_tokens or 0)
        + sum(one.cache_read_input_tokens for one in extra),
        cache_creation_input_tokens=(usage.cache_creation_input_tokens or 0)
        + sum(one.cache_creation_input_tokens for one in extra),
    )


def _ends(usage: TokenUsage) -> tuple[int | None, int | None]:
    """What went in and what came out."""
    if usage.billed_units or usage.tokens:
        billed, counted = usage.billed_units or _Units(), usage.tokens or _Units()
        return (
            counted.input_tokens if billed.input_tokens is None else billed.input_tokens,
            counted.output_tokens if billed.output_tokens is None else billed.output_tokens,
        )
    tokens_in, tokens_out = usage.prompt_tokens, usage.completion_tokens
    if tokens_out is None:
        tokens_out = usage.output_tokens
    if tokens_in is None:
        return usage.input_tokens, tokens_out
    if tokens_out is None:
        return tokens_in, None
    tokens_in += usage.connector_tokens or 0
    return tokens_in, tokens_out + _unseen(usage, tokens_in, tokens_out)


def _unseen(usage: TokenUsage, tokens_in: int, tokens_out: int) -> int:
    """What was generated beside the completion.

    Perplexity says so; of xAI and of Google's OpenAI dialect only the total tells that reasoning is not in
    `completion_tokens`. Mistral's total has the tokens of speech, which went in and are charged by the second.
    """
    if usage.num_search_queries is not None:
        return (usage.reasoning_tokens or 0) + (usage.citation_tokens or 0)
    if _audio_seconds(usage):
        return 0
    return max(0, (usage.total_tokens or 0) - tokens_in - tokens_out)


def _leaves_cache_out(usage: TokenUsage) -> bool:
    """Whether these are Anthropic's names, of which `input_tokens` counts only what no cache knew."""
    if usage.prompt_tokens is not None or usage.input_tokens is None:
        return False
    return bool(usage.cache_read_input_tokens or usage.cache_creation_input_tokens)
