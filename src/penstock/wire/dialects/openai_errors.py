"""Errors as callers of OpenAI's dialects get them (dialects, B11): its types and codes.

What the provider called it stays beside them as `provider_type`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.wire.dialects.answer_events import ErrorKind, Failure
from penstock.wire.dialects.json_value import Object

# Type and code, as OpenAI writes them.
_WRITTEN: Final[Mapping[ErrorKind, tuple[str, str | None]]] = {
    ErrorKind.BAD_REQUEST: ("invalid_request_error", None),
    ErrorKind.KEY: ("authentication_error", "invalid_api_key"),
    ErrorKind.MONEY: ("insufficient_quota", "insufficient_quota"),
    ErrorKind.PERMISSION: ("permission_error", None),
    ErrorKind.NOT_FOUND: ("not_found_error", "model_not_found"),
    ErrorKind.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    ErrorKind.TOO_MANY: ("rate_limit_error", "rate_limit_exceeded"),
    ErrorKind.INNER: ("server_error", None),
    ErrorKind.OVERLOADED: ("server_error", "overloaded"),
    ErrorKind.TIME: ("server_error", "timeout"),
}


def write_error(failure: Failure) -> Object:
    """The body."""
    kind, code = _WRITTEN[failure.kind]
    error: Object = {
        "message": failure.message,
        "type": kind,
        "param": failure.param or None,
        "code": code or failure.code or None,
    }
    if failure.type and failure.type != kind:
        error["provider_type"] = failure.type
    if failure.request_id:
        error["request_id"] = failure.request_id
    return {"error": error}
