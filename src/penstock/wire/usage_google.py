"""Google's counts: `usageMetadata` of generateContent, `usage` of interactions, and Vertex' embeddings.

Thoughts are beside the candidates there, and the results of tools beside the prompt: both are added here.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.wire.tolerant_json import read
from penstock.wire.usage_counts import Count, Usage, holds_more, odd_among, special_tier, total_of

_TIERS = frozenset({"priority", "flex"})


class _Part(msgspec.Struct, rename="camel", gc=False):
    modality: str = ""
    token_count: Count = 0


class _UsageMetadata(msgspec.Struct, rename="camel", gc=False):
    prompt_token_count: Count | None = None
    candidates_token_count: Count | None = None
    total_token_count: Count | None = None
    thoughts_token_count: Count | None = None
    cached_content_token_count: Count | None = None
    tool_use_prompt_token_count: Count | None = None
    prompt_tokens_details: list[_Part] | None = None
    cache_tokens_details: list[_Part] | None = None
    candidates_tokens_details: list[_Part] | None = None
    tool_use_prompt_tokens_details: list[_Part] | None = None
    service_tier: object = None
    traffic_type: object = None  # Vertex


class _Share(msgspec.Struct, gc=False):
    modality: str = ""
    tokens: Count = 0


class _Interaction(msgspec.Struct, gc=False):
    total_input_tokens: Count | None = None
    total_output_tokens: Count | None = None
    total_tokens: Count | None = None
    total_thought_tokens: Count | None = None
    total_cached_tokens: Count | None = None
    total_tool_use_tokens: Count | None = None
    input_tokens_by_modality: list[_Share] | None = None
    output_tokens_by_modality: list[_Share] | None = None


class _Statistics(msgspec.Struct, gc=False):
    token_count: Count | None = None


class _Embeddings(msgspec.Struct, gc=False):
    statistics: _Statistics | None = None


class _Prediction(msgspec.Struct, gc=False):
    embeddings: _Embeddings | None = None


class _Predictions(msgspec.Struct, gc=False):
    predictions: list[_Prediction] | None = None


_COUNTED = frozenset(
    {"promptTokenCount", "toolUsePromptTokenCount", "candidatesTokenCount", "thoughtsTokenCount"}
)
_INTERACTED = frozenset(
    {"total_input_tokens", "total_output_tokens", "total_thought_tokens", "total_tool_use_tokens"}
)


def counts(data: msgspec.Raw) -> Usage:
    """The counts of one such object. May raise what `UNREADABLE` lists."""
    said, odd = read(_UsageMetadata, data)
    tokens_in = _sum(said.prompt_token_count, said.tool_use_prompt_token_count)
    tokens_out = _sum(said.candidates_token_count, said.thoughts_token_count)
    given = [*(said.prompt_tokens_details or ()), *(said.tool_use_prompt_tokens_details or ())]
    return Usage(
        tokens_in,
        tokens_out,
        total_of(said.total_token_count, tokens_in, tokens_out),
        said.thoughts_token_count,
        said.cached_content_token_count,
        input_audio_tokens=_of(given, "AUDIO"),
        input_image_tokens=_of(given, "IMAGE", "DOCUMENT"),
        input_video_tokens=_of(given, "VIDEO"),
        input_cached_audio_tokens=_of(said.cache_tokens_details, "AUDIO"),
        input_cached_image_tokens=_of(said.cache_tokens_details, "IMAGE", "DOCUMENT"),
        output_audio_tokens=_of(said.candidates_tokens_details, "AUDIO"),
        output_image_tokens=_of(said.candidates_tokens_details, "IMAGE", "DOCUMENT"),
        output_video_tokens=_of(said.candidates_tokens_details, "VIDEO"),
        service_tier=special_tier(_tier(said.service_tier), _tier(said.traffic_type)),
        unreadable=odd_among(odd, _COUNTED),
        cache_apart=holds_more(tokens_in, said.cached_content_token_count),
    )


def interaction(data: msgspec.Raw) -> Usage | None:
    """The counts of an interaction's `usage`; None for others. May raise `UNREADABLE`."""
    said, odd = read(_Interaction, data)
    if said.total_input_tokens is None and said.total_output_tokens is None:
        return None
    tokens_in = _sum(said.total_input_tokens, said.total_tool_use_tokens)
    tokens_out = _sum(said.total_output_tokens, said.total_thought_tokens)
    if said.total_tokens is not None and said.total_tokens < (tokens_in or 0) + (tokens_out or 0):
        tokens_out = said.total_output_tokens  # the thoughts are in it already
    return Usage(
        tokens_in,
        tokens_out,
        total_of(said.total_tokens, tokens_in, tokens_out),
        said.total_thought_tokens,
        said.total_cached_tokens,
        input_audio_tokens=_share(said.input_tokens_by_modality, "audio"),
        input_image_tokens=_share(said.input_tokens_by_modality, "image", "document"),
        input_video_tokens=_share(said.input_tokens_by_modality, "video"),
        output_audio_tokens=_share(said.output_tokens_by_modality, "audio"),
        output_image_tokens=_share(said.output_tokens_by_modality, "image"),
        unreadable=odd_among(odd, _INTERACTED),
        cache_apart=holds_more(tokens_in, said.total_cached_tokens),
    )


def embedded(body: bytes) -> Usage | None:
    """The tokens that Vertex tells for each text of `:predict`; None where there are none. May raise `UNREADABLE`."""
    said, odd = read(_Predictions, body)
    if odd:
        return None
    found = [
        prediction.embeddings.statistics.token_count
        for prediction in said.predictions or ()
        if prediction.embeddings is not None and prediction.embeddings.statistics is not None
    ]
    known = [count for count in found if count is not None]
    return Usage(sum(known), 0, sum(known)) if known and len(known) == len(found) else None


def _tier(said: object) -> str | None:
    """`SERVICE_TIER_PRIORITY`, `ON_DEMAND_PRIORITY` or `priority`, in one word; None for the usual one."""
    word = said.lower().rpartition("_")[2] if isinstance(said, str) else ""
    return word if word in _TIERS else None


def _share(parts: Sequence[_Share] | None, *modalities: str) -> int | None:
    return sum(part.tokens for part in parts or () if part.modality.lower() in modalities) or None


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _of(parts: Sequence[_Part] | None, *modalities: str) -> int | None:
    return sum(part.token_count for part in parts or () if part.modality in modalities) or None
