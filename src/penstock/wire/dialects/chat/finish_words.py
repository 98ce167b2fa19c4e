"""Why a choice ended, in the words of the Chat dialect and of vendors who have their own (dialects, B8, C 31)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.answer_events import StopReason

_READ: Final = {
    "stop": StopReason.END,
    "length": StopReason.MAX_TOKENS,
    "tool_calls": StopReason.TOOL_CALLS,
    "function_call": StopReason.TOOL_CALLS,
    "content_filter": StopReason.REFUSED,
    # of vendors
    "end": StopReason.END,
    "eos": StopReason.END,
    "eos_token": StopReason.END,
    "end_turn": StopReason.END,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "max_tokens": StopReason.MAX_TOKENS,
    "model_length": StopReason.CONTEXT_FULL,
    "model_context_window_exceeded": StopReason.CONTEXT_FULL,
    "tool_use": StopReason.TOOL_CALLS,
    "tool_call": StopReason.TOOL_CALLS,
    "safety": StopReason.REFUSED,
    "refusal": StopReason.REFUSED,
    "sensitive": StopReason.REFUSED,
    "recitation": StopReason.REFUSED,
    "malformed_function_call": StopReason.MALFORMED,
}
_WRITTEN: Final = {
    StopReason.END: "stop",
    StopReason.STOP_SEQUENCE: "stop",
    StopReason.MAX_TOKENS: "length",
    StopReason.CONTEXT_FULL: "length",
    StopReason.TOOL_CALLS: "tool_calls",
    StopReason.PAUSED: "stop",
    StopReason.REFUSED: "content_filter",
    StopReason.MALFORMED: "stop",
}
OWN: Final = frozenset({"stop", "length", "tool_calls", "function_call", "content_filter"})
"""The words of the dialect itself."""


def read_word(word: str) -> StopReason:
    """What a word means; an unknown one is an ordinary end."""
    return _READ.get(word) or _READ.get(word.lower(), StopReason.END)


def write_word(reason: StopReason) -> str:
    """The dialect's own word."""
    return _WRITTEN[reason]
