"""Errors of Messages, of Claude's hosts too, to and from the inner form (dialects, A3, B11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.wire.dialects.amazon_errors import AMAZON_KINDS, amazon_word
from penstock.wire.dialects.answer_events import ErrorKind, Failure
from penstock.wire.dialects.failures import decoded, kind_of_status, unreadable
from penstock.wire.dialects.json_value import Json, Object

_WORDS: Final[Mapping[ErrorKind, str]] = {
    ErrorKind.BAD_REQUEST: "invalid_request_error",
    ErrorKind.KEY: "authentication_error",
    ErrorKind.MONEY: "billing_error",
    ErrorKind.PERMISSION: "permission_error",
    ErrorKind.NOT_FOUND: "not_found_error",
    ErrorKind.TOO_LARGE: "request_too_large",
    ErrorKind.TOO_MANY: "rate_limit_error",
    ErrorKind.INNER: "api_error",
    ErrorKind.OVERLOADED: "overloaded_error",
    ErrorKind.TIME: "timeout_error",
}
_KINDS: Final[Mapping[str, ErrorKind]] = {word: kind for kind, word in _WORDS.items()} | {
    **AMAZON_KINDS,
    "conflict_error": ErrorKind.BAD_REQUEST,
    # Google's
    "INVALID_ARGUMENT": ErrorKind.BAD_REQUEST,
    "FAILED_PRECONDITION": ErrorKind.BAD_REQUEST,
    "UNAUTHENTICATED": ErrorKind.KEY,
    "PERMISSION_DENIED": ErrorKind.PERMISSION,
    "NOT_FOUND": ErrorKind.NOT_FOUND,
    "RESOURCE_EXHAUSTED": ErrorKind.TOO_MANY,
    "INTERNAL": ErrorKind.INNER,
    "UNKNOWN": ErrorKind.INNER,
    "UNAVAILABLE": ErrorKind.OVERLOADED,
    "DEADLINE_EXCEEDED": ErrorKind.TIME,
}
_OWN_WORDS: Final = frozenset({*_WORDS.values(), "conflict_error"})
STATUSES: Final[Mapping[ErrorKind, int]] = {
    ErrorKind.BAD_REQUEST: 400,
    ErrorKind.KEY: 401,
    ErrorKind.MONEY: 402,
    ErrorKind.PERMISSION: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.TOO_MANY: 429,
    ErrorKind.INNER: 500,
    ErrorKind.OVERLOADED: 529,
    ErrorKind.TIME: 504,
}
_REQUEST_IDS: Final = ("request-id", "x-amzn-requestid", "x-request-id")


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Any answer with a status from 400 on, whatever its body; Anthropic's shape, Amazon's or Google's."""
    lines = {name.lower(): value for name, value in headers.items()}
    value = decoded(body)
    if isinstance(value, list) and value:
        value = value[0]  # Google's streams without events
    members = value if isinstance(value, dict) else {}
    error = members.get("error")
    details = error if isinstance(error, dict) else members
    word = (
        _text(details.get("status"))
        or (_text(details.get("type")) if isinstance(error, dict) else "")
        or amazon_word(lines, members)
    )
    message = _text(details.get("message")) or _text(members.get("Message")) or _text(error)
    return Failure(
        kind=_kind(word, status),
        message=message or unreadable(status, body),
        status=status,
        type=word,
        request_id=_text(members.get("request_id")) or _first(lines, _REQUEST_IDS),
    )


def failure_in_stream(word: str, message: str, request_id: str = "") -> Failure:
    """An error after the head of an answer, by its type."""
    kind = _KINDS.get(word, ErrorKind.INNER)
    return Failure(
        kind=kind,
        message=message or word or "the provider's stream tells an error",
        status=STATUSES[kind],
        type=word,
        request_id=request_id,
    )


def write_error(failure: Failure) -> Object:
    """The body. A provider's own words of another dialect stay readable beside the dialect's."""
    word = failure.type if _is_word(failure.type, failure.kind) else _WORDS[failure.kind]
    error: Object = {"type": word, "message": failure.message}
    if failure.type and failure.type != word:
        error["provider_type"] = failure.type
    if failure.code:
        error["code"] = failure.code
    if failure.param:
        error["param"] = failure.param
    found: Object = {"type": "error", "error": error}
    if failure.request_id:
        found["request_id"] = failure.request_id
    return found


def _is_word(word: str, kind: ErrorKind) -> bool:
    """Whether it is the dialect's own word for that, and not another's that is spelled like one."""
    return word in _OWN_WORDS and _KINDS[word] is kind


def _kind(word: str, status: int) -> ErrorKind:
    return _KINDS.get(word) or kind_of_status(status)


def _first(lines: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((lines[name] for name in names if name in lines), "")


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
