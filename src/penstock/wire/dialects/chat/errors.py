"""Errors of the Chat dialect, in all the forms in which vendors write them, and the one in streams (dialects, B11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.wire.dialects.answer_events import ErrorKind, Failure
from penstock.wire.dialects.failures import decoded, kind_of_status, unreadable
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.openai_errors import write_error
from penstock.wire.dialects.sse_writing import data_event

# What vendors say in a type or a code, whatever the status.
_WORDS: Final[Mapping[str, ErrorKind]] = {
    "insufficient_quota": ErrorKind.MONEY,
    "billing_hard_limit_reached": ErrorKind.MONEY,
    "billing_not_active": ErrorKind.MONEY,
    "invalid_api_key": ErrorKind.KEY,
    "model_not_found": ErrorKind.NOT_FOUND,
    "rate_limit_exceeded": ErrorKind.TOO_MANY,
    "overloaded": ErrorKind.OVERLOADED,
}
_IN_STREAMS: Final[Mapping[str, ErrorKind]] = {
    **_WORDS,
    "invalid_request_error": ErrorKind.BAD_REQUEST,
    "content_filter": ErrorKind.BAD_REQUEST,
    "context_length_exceeded": ErrorKind.BAD_REQUEST,
    "authentication_error": ErrorKind.KEY,
    "rate_limit_error": ErrorKind.TOO_MANY,
    "overloaded_error": ErrorKind.OVERLOADED,
}
_STATUSES: Final[Mapping[ErrorKind, int]] = {
    ErrorKind.BAD_REQUEST: 400,
    ErrorKind.KEY: 401,
    ErrorKind.MONEY: 402,
    ErrorKind.PERMISSION: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.TOO_MANY: 429,
    ErrorKind.INNER: 500,
    ErrorKind.OVERLOADED: 503,
    ErrorKind.TIME: 504,
}
_BROKEN_STATUS: Final = 502
_REQUEST_IDS: Final = ("x-request-id", "request-id", "apim-request-id", "x-requestid")


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Of any answer with a status from 400 on."""
    lines = {name.lower(): value for name, value in headers.items()}
    error = _error_in(decoded(body))
    request_id = next((lines[name] for name in _REQUEST_IDS if name in lines), "")
    if error is None:
        kind, message = kind_of_status(status), unreadable(status, body)
        return Failure(kind=kind, message=message, status=status, request_id=request_id)
    kind_said = next((_WORDS[word] for word in _words(error) if word in _WORDS), None)
    return Failure(
        kind=kind_said or kind_of_status(status),
        message=_message(error) or unreadable(status, body),
        status=status,
        type=_said(error.get("type")),
        code=_code(error),
        param=_said(error.get("param")),
        request_id=request_id,
    )


def failure_of(error: Json) -> Failure:
    """Of the `error` of an answer whose head was well: its status is what it says, or what it would have been."""
    found = _error_in({"error": error}) or {}
    code = found.get("code")
    if isinstance(code, str) and code.isdecimal():
        code = int(code[:4])
    known = isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600
    kind = next((_IN_STREAMS[word] for word in _words(found) if word in _IN_STREAMS), None)
    if kind is None:
        kind = kind_of_status(code) if known and isinstance(code, int) else ErrorKind.INNER
    return Failure(
        kind=kind,
        message=_message(found) or "the provider reports an error",
        status=code if known and isinstance(code, int) else _STATUSES[kind],
        type=_said(found.get("type")),
        code=_code(found),
        param=_said(found.get("param")),
    )


def failure_of_event(data: bytes) -> Failure:
    """Of an event of which the whole is the error."""
    return failure_of(decoded(data))


def broken(why: str) -> Failure:
    """An answer that is not one, or ended too early."""
    return Failure(
        kind=ErrorKind.INNER, message=f"the provider's answer is broken: {why}", status=_BROKEN_STATUS
    )


def error_event(failure: Failure) -> bytes:
    """An error within a stream; nothing follows."""
    return data_event(write_error(failure))


def _error_in(value: Json) -> Object | None:
    """The object that tells the error; None where there is none."""
    if isinstance(value, list) and value:
        value = value[0]  # Google's own tree of this dialect
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str):
        return {**value, "message": value.get("message") or error}
    return value if "message" in value or "detail" in value else None


def _message(error: Object) -> str:
    """What a vendor says, and what one that only passes errors on was told."""
    message = _said(error.get("message")) or _details(error.get("detail")) or _details(error.get("message"))
    metadata = error.get("metadata")
    raw = _said(metadata.get("raw")) if isinstance(metadata, dict) else ""
    return f"{message}: {raw}" if raw and raw not in message else message


def _details(detail: Json) -> str:
    """`detail`, as FastAPI writes it: a text, or a list of what is wrong where."""
    if isinstance(detail, dict):
        return _details(detail.get("detail")) or _said(detail.get("message"))
    if not isinstance(detail, list):
        return _said(detail)
    found = []
    for one in detail:
        if isinstance(one, dict):
            place = one.get("loc")
            where = ".".join(map(str, place)) if isinstance(place, list) else ""
            found.append(": ".join(filter(None, (where, _said(one.get("msg"))))))
    return "; ".join(found)


def _words(error: Object) -> tuple[str, ...]:
    return (_said(error.get("code")), _said(error.get("type")))


def _code(error: Object) -> str:
    """A word; several vendors write the status there, which is told already."""
    code = _said(error.get("code"))
    return "" if code.isdecimal() else code


def _said(value: Json) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""
