"""Why an answer ended, in the words of Messages and in those of the inner form (dialects, B8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.wire.dialects.answer_events import StopReason

TO_INNER: Final[Mapping[str, StopReason]] = {
    "end_turn": StopReason.END,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "max_tokens": StopReason.MAX_TOKENS,
    "model_context_window_exceeded": StopReason.CONTEXT_FULL,
    "tool_use": StopReason.TOOL_CALLS,
    "pause_turn": StopReason.PAUSED,
    "refusal": StopReason.REFUSED,
}
_TO_WORDS: Final[Mapping[StopReason, str]] = {reason: word for word, reason in TO_INNER.items()} | {
    StopReason.MALFORMED: "end_turn"
}
_BY_CONTENT: Final = (StopReason.END, StopReason.TOOL_CALLS)


def read(word: str) -> StopReason:
    """An unknown word is an end like any other; it is kept beside."""
    return TO_INNER.get(word, StopReason.END)


def word_for(reason: StopReason | None, *, calls: bool, refused: bool) -> str:
    """The word for an answer with or without calls that the caller is to answer, and with or without a refusal."""
    if refused:
        return _TO_WORDS[StopReason.REFUSED]
    if reason is None or reason in _BY_CONTENT:
        return _TO_WORDS[StopReason.TOOL_CALLS if calls else StopReason.END]
    return _TO_WORDS[reason]
