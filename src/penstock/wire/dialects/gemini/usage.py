"""`usageMetadata` as counts: thoughts stand beside the candidates there, results of tools beside the prompt
(dialects, B9). What is absent is 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from penstock.wire.dialects.answer_events import Counted
from penstock.wire.dialects.gemini.answer_shapes import Share, UsageMetadata


def counted(usage: UsageMetadata, searches: int) -> Counted:
    """All of it, as it stands at the end."""
    thoughts = usage.thoughts_token_count or 0
    cached = usage.cached_content_token_count or 0
    return Counted(
        fresh=max(0, _input(usage) - cached),
        cache_read=cached,
        output=(usage.candidates_token_count or 0) + thoughts,
        reasoning=thoughts,
        audio_in=_of_audio(usage.prompt_tokens_details, usage.tool_use_prompt_tokens_details),
        audio_out=_of_audio(usage.candidates_tokens_details),
        tool_prompt=usage.tool_use_prompt_token_count,
        searches=searches or None,
    )


def counted_input(usage: UsageMetadata) -> Counted:
    """What is known of the prompt when the answer begins."""
    cached = usage.cached_content_token_count or 0
    return Counted(fresh=max(0, _input(usage) - cached), cache_read=cached)


def _input(usage: UsageMetadata) -> int:
    return (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0)


def _of_audio(*details: Sequence[Share] | None) -> int | None:
    found = [share.token_count for shares in details for share in shares or () if share.modality == "AUDIO"]
    return sum(found) if found else None
