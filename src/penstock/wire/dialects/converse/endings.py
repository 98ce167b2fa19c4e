"""How an answer of Converse ends: why, and what it counted (dialects, B8, B9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.wire.dialects.answer_events import Counted, StopReason
from penstock.wire.dialects.converse.answer_shapes import Usage

_READ: Final[Mapping[str, StopReason]] = {
    "end_turn": StopReason.END,
    "tool_use": StopReason.TOOL_CALLS,
    "max_tokens": StopReason.MAX_TOKENS,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "guardrail_intervened": StopReason.REFUSED,
    "content_filtered": StopReason.REFUSED,
    "malformed_model_output": StopReason.MALFORMED,
    "malformed_tool_use": StopReason.MALFORMED,
    "model_context_window_exceeded": StopReason.CONTEXT_FULL,
    # Claude's own, where they come through
    "pause_turn": StopReason.PAUSED,
    "refusal": StopReason.REFUSED,
}
_LONG: Final = "1h"


def stop_reason(word: str) -> StopReason:
    """An unknown word is an end like any other; it is kept beside."""
    return _READ.get(word, StopReason.END)


def counted(usage: Usage) -> Counted:
    """Tokens: the input stands beside what was read from the cache and written to it."""
    long = [detail.input_tokens or 0 for detail in usage.cache_details or () if detail.ttl == _LONG]
    return Counted(
        fresh=usage.input_tokens,
        cache_read=usage.cache_read_input_tokens,
        cache_write=usage.cache_write_input_tokens,
        cache_write_1h=sum(long) if long else None,
        output=usage.output_tokens,
    )
