"""Google's `usageMetadata` (generateContent and its streams).

Thoughts are beside the candidates there, and the results of tools beside the prompt: both are added here.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.wire.usage_counts import Count, Usage, holds_more, total_of


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


_decode = msgspec.json.Decoder(_UsageMetadata).decode


def counts(data: msgspec.Raw) -> Usage:
    """The counts of one such object. May raise what `UNREADABLE` lists."""
    said = _decode(data)
    tokens_in = _sum(said.prompt_token_count, said.tool_use_prompt_token_count)
    tokens_out = _sum(said.candidates_token_count, said.thoughts_token_count)
    return Usage(
        tokens_in,
        tokens_out,
        total_of(said.total_token_count, tokens_in, tokens_out),
        said.thoughts_token_count,
        said.cached_content_token_count,
        input_audio_tokens=_of(said.prompt_tokens_details, "AUDIO"),
        input_image_tokens=_of(said.prompt_tokens_details, "IMAGE", "DOCUMENT"),
        input_video_tokens=_of(said.prompt_tokens_details, "VIDEO"),
        input_cached_audio_tokens=_of(said.cache_tokens_details, "AUDIO"),
        output_audio_tokens=_of(said.candidates_tokens_details, "AUDIO"),
        output_image_tokens=_of(said.candidates_tokens_details, "IMAGE"),
        output_video_tokens=_of(said.candidates_tokens_details, "VIDEO"),
        cache_apart=holds_more(tokens_in, said.cached_content_token_count),
    )


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _of(parts: Sequence[_Part] | None, *modalities: str) -> int | None:
    return sum(part.token_count for part in parts or () if part.modality in modalities) or None
