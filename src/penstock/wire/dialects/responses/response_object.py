"""The `response` object around the items of an answer: all members that strict clients want (dialects, A2, C 102).

What the caller asked for is repeated as the caller wrote it (C 26). Whole answers and the events of streams share it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import Began, Counted, ErrorKind, Failure, Stopped, StopReason
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.json_value import Json, Object

_PREFIX: Final = "resp_"
_AS_EVER: Final[Object] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "temperature": None,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}
"""Members that are repeated, and what they are where the caller does not say."""

REPEATED: Final = (*_AS_EVER, "reasoning", "text")
"""All that stand in an answer as the caller wrote them."""

_PLAIN_TEXT: Final[Object] = {"format": {"type": "text"}}
_NO_REASONING: Final[Object] = {"effort": None, "summary": None}
_TIERS: Final = {
    "auto": "auto",
    "default": "default",
    "flex": "flex",
    "scale": "scale",
    "priority": "priority",
    "fast": "priority",
    "standard": "default",  # Anthropic's and Google's word
}
_FINISH_WORDS: Final = frozenset({"", "stop", "length", "tool_calls", "function_call", "content_filter"})
"""OpenAI's own, which the status tells as well."""

_CODES: Final = {
    ErrorKind.BAD_REQUEST: "invalid_prompt",
    ErrorKind.TOO_LARGE: "invalid_prompt",
    ErrorKind.TOO_MANY: "rate_limit_exceeded",
    ErrorKind.MONEY: "insufficient_quota",
}
_OWN_CODES: Final = frozenset(
    {"context_length_exceeded", "insufficient_quota", "invalid_prompt", "rate_limit_exceeded", "server_error"}
)
_SERVER_ERROR: Final = "server_error"
_UNSAID: Final = "the model made nothing of use"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer ended."""

    status: str
    cut: str = ""  # why it is not whole
    error: Object | None = None


def verdict(stopped: Stopped | None, *, said: bool) -> Verdict:
    """Of an answer that came to its end (dialects, B8). `said`: there is something in it for the caller."""
    reason = StopReason.END if stopped is None else stopped.reason
    native = "" if stopped is None else stopped.native
    match reason:
        case StopReason.MAX_TOKENS | StopReason.CONTEXT_FULL:
            return Verdict(status="incomplete", cut="max_output_tokens")
        case StopReason.REFUSED:
            return Verdict(status="incomplete", cut="content_filter")
        case StopReason.PAUSED:
            return Verdict(status="incomplete", cut=native or "pause_turn")
        case StopReason.MALFORMED if not said:
            why = (stopped.explanation if stopped is not None else "") or native
            message = f"{_UNSAID}: {why}" if why else _UNSAID
            return Verdict(status="failed", error={"code": _SERVER_ERROR, "message": message})
        case _:
            return Verdict(status="completed")


def error_of(failure: Failure) -> Object:
    """`error` of an answer that broke off; the provider's own words stay beside OpenAI's codes."""
    own = failure.code if failure.code in _OWN_CODES else _CODES.get(failure.kind, _SERVER_ERROR)
    error: Object = {"code": own, "message": failure.message}
    if failure.type and failure.type != own:
        error["provider_type"] = failure.type
    if failure.request_id:
        error["request_id"] = failure.request_id
    return error


def explanation(stopped: Stopped | None) -> str:
    """Why the model would not answer, where it says so at the end."""
    refused = stopped is not None and stopped.reason is StopReason.REFUSED
    return stopped.explanation if stopped is not None and refused else ""


def response_id(began: Began, asked: Conversation) -> str:
    """The surface's prefix, and the provider's own id behind it (dialects, B1 10)."""
    number = began.id or asked.call_id
    return number if number.startswith(_PREFIX) else _PREFIX + number


def response(
    began: Began,
    asked: Conversation,
    output: list[Json],
    end: Verdict,
    counted: Counted | None = None,
) -> Object:
    """All of it."""
    said = asked.repeated
    return {
        "id": response_id(began, asked),
        "object": "response",
        "created_at": began.created or asked.asked_at,
        "status": end.status,
        "background": False,
        "completed_at": None,
        "error": end.error,
        "incomplete_details": {"reason": end.cut} if end.cut else None,
        "model": began.model or asked.model,
        "output": output,
        "previous_response_id": None,
        "reasoning": {**_NO_REASONING, **_object(said.get("reasoning"))},
        "service_tier": _TIERS.get(began.service_tier),
        "store": False,
        "text": {**_PLAIN_TEXT, **_object(said.get("text"))},
        "usage": _usage(counted),
        **{name: said.get(name, plain) for name, plain in _AS_EVER.items()},
    }


def beside(stopped: Stopped | None, extra: Object, written: Object) -> Object:
    """Members that only this provider has, and its own word for why it ended."""
    found: Object = {name: value for name, value in extra.items() if name not in written}
    if stopped is not None and stopped.native not in _FINISH_WORDS:
        found["native_finish_reason"] = stopped.native
    return found


def _object(value: Json) -> Object:
    """What the caller said in an object; `null` says nothing."""
    return {name: one for name, one in value.items() if one is not None} if isinstance(value, dict) else {}


def _usage(counted: Counted | None) -> Object | None:
    """`usage`: totals are made here, from what is in them. None where the provider told no counts.

    Details are members that strict clients want, so that what is untold is 0 in them.
    """
    if counted is None:
        return None
    cached, written = counted.cache_read or 0, counted.cache_write or 0
    given = (counted.fresh or 0) + cached + written
    made = counted.output or 0
    heard: Object = {} if counted.audio_in is None else {"audio_tokens": counted.audio_in}
    said: Object = {} if counted.audio_out is None else {"audio_tokens": counted.audio_out}
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written, **heard},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": counted.reasoning or 0, **said},
        "total_tokens": given + made,
    }
