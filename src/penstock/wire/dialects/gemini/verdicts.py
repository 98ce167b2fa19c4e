"""Why a candidate ended, or a prompt was blocked: Google's words (dialects, B8)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.answer_events import Stopped, StopReason
from penstock.wire.dialects.gemini.answer_shapes import PromptFeedback

UNSAID: Final = frozenset({None, "", "FINISH_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED"})

_SAFETY: Final = frozenset(
    {
        "SAFETY",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "RECITATION",
        "LANGUAGE",
        "MODEL_ARMOR",
        "ESCALATION",
    }
)
_SAFETY_OF_IMAGES: Final = "IMAGE_"
_MALFORMED: Final = frozenset(
    {
        "OTHER",
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE",
    }
)


def stopped(word: str, message: str, choice: int, *, called: bool) -> Stopped:
    """The end of a candidate. There is no word for calls: they are seen by themselves."""
    return Stopped(reason=_reason(word, called), choice=choice, native=word, explanation=message)


def _reason(word: str, called: bool) -> StopReason:
    if word in _SAFETY or word.startswith(_SAFETY_OF_IMAGES):
        return StopReason.REFUSED
    if word == "MAX_TOKENS":
        return StopReason.MAX_TOKENS
    if word in _MALFORMED:
        return StopReason.MALFORMED
    return StopReason.TOOL_CALLS if called else StopReason.END


def blocked(feedback: PromptFeedback | None) -> Stopped | None:
    """The end of an answer whose prompt was blocked; an empty reason is none."""
    if feedback is None or feedback.block_reason is None or feedback.block_reason in UNSAID:
        return None
    return Stopped(
        reason=StopReason.REFUSED,
        native=feedback.block_reason,
        explanation=feedback.block_reason_message or "",
    )
