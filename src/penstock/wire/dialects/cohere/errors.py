"""Cohere's errors: `{"message", "id"}`, whose meaning their status tells (dialects, A6, B11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.wire.dialects.answer_events import ErrorKind, Failure
from penstock.wire.dialects.failures import decoded, kind_of_status, unreadable
from penstock.wire.dialects.json_value import Json, Object

_CLOSED: Final = 499  # the client went away, or took too long
_REQUEST_IDS: Final = ("x-request-id", "x-debug-trace-id")
_UNKNOWN_STATUS: Final = 500


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Of any answer with a status from 400 on, whatever its body."""
    lines = {name.lower(): value for name, value in headers.items()}
    members = _members(body)
    request_id = next((lines[name] for name in _REQUEST_IDS if name in lines), "")
    return Failure(
        kind=ErrorKind.TIME if status == _CLOSED else kind_of_status(status),
        message=_message(members) or unreadable(status, body),
        status=status,
        request_id=_text(members.get("id")) or request_id,
    )


def failure_in_stream(data: bytes) -> Failure:
    """An error in place of an event."""
    members = _members(data)
    said = members.get("status_code")
    known = isinstance(said, int) and not isinstance(said, bool) and 400 <= said < 600
    status = said if known and isinstance(said, int) else _UNKNOWN_STATUS
    return Failure(
        kind=kind_of_status(status),
        message=_message(members) or "the provider's stream tells an error",
        status=status,
        request_id=_text(members.get("id")),
    )


def _members(body: bytes) -> Object:
    value = decoded(body)
    return value if isinstance(value, dict) else {}


def _message(members: Object) -> str:
    return _text(members.get("message")) or _text(members.get("error"))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
