"""Google's errors: `{"error": {code, message, status, details}}`, also in an array (dialects, A4, B11)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from penstock.wire.dialects.answer_events import ErrorKind, Failure
from penstock.wire.dialects.failures import decoded, kind_of_status, unreadable
from penstock.wire.dialects.json_value import Json, Object

_KINDS: Final[Mapping[str, ErrorKind]] = {
    "INVALID_ARGUMENT": ErrorKind.BAD_REQUEST,
    "FAILED_PRECONDITION": ErrorKind.BAD_REQUEST,
    "OUT_OF_RANGE": ErrorKind.BAD_REQUEST,
    "UNAUTHENTICATED": ErrorKind.KEY,
    "PERMISSION_DENIED": ErrorKind.PERMISSION,
    "NOT_FOUND": ErrorKind.NOT_FOUND,
    "RESOURCE_EXHAUSTED": ErrorKind.TOO_MANY,
    "CANCELLED": ErrorKind.TIME,
    "INTERNAL": ErrorKind.INNER,
    "UNKNOWN": ErrorKind.INNER,
    "UNAVAILABLE": ErrorKind.OVERLOADED,
    "DEADLINE_EXCEEDED": ErrorKind.TIME,
}
_BAD_KEYS: Final = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED"})
_REQUEST_IDS: Final = ("x-request-id", "x-goog-request-id", "request-id")


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Of an answer with a status from 400 on, whatever its body."""
    names = {name.lower(): value for name, value in headers.items()}
    request_id = next((names[name] for name in _REQUEST_IDS if name in names), "")
    error = _error_of(body)
    if error is None:
        return Failure(
            kind=kind_of_status(status),
            message=unreadable(status, body),
            status=status,
            request_id=request_id,
        )
    return _failure(error, status, request_id)


def failure_in(error: bytes) -> Failure:
    """Of the member `error` of an answer that began well."""
    found = decoded(error)
    if not isinstance(found, dict):
        return Failure(
            kind=ErrorKind.INNER, message=_said(found) or "the provider reports an error", status=502
        )
    code = found.get("code")
    known = isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600
    return _failure(found, int(str(code)) if known else 502, "")


def _error_of(body: bytes) -> Object | None:
    found = decoded(body)
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        return None
    error = found.get("error")
    if isinstance(error, str):  # as OAuth has it
        return {"message": _said(found.get("error_description")) or error, "status": error}
    return error if isinstance(error, dict) else None


def _failure(error: Object, status: int, request_id: str) -> Failure:
    word = _said(error.get("status"))
    details = error.get("details")
    listed = [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    kind = _KINDS.get(word, kind_of_status(status)) if status != 413 else ErrorKind.TOO_LARGE
    if any(one.get("reason") in _BAD_KEYS for one in listed):
        kind = ErrorKind.KEY
    return Failure(
        kind=kind,
        message=_said(error.get("message")) or word or unreadable(status, b""),
        status=status,
        type=word,
        request_id=request_id,
        retry_after=next((delay for one in listed if (delay := _delay(one))), ""),
    )


def _delay(detail: Object) -> str:
    """`retryDelay` of `RetryInfo`, in whole seconds up."""
    delay = detail.get("retryDelay")
    if not isinstance(delay, str) or not delay.endswith("s"):
        return ""
    try:
        seconds = float(delay[:-1])
    except ValueError:
        return ""
    return str(math.ceil(seconds)) if 0 <= seconds < 1e9 else ""


def _said(value: Json) -> str:
    return value if isinstance(value, str) else ""
