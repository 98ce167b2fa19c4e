"""What errors of all dialects share: what a status means by itself, and bodies that nobody can read."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import ErrorKind
from penstock.wire.dialects.json_value import Json, from_json

_BY_STATUS: Final[Mapping[int, ErrorKind]] = {
    401: ErrorKind.KEY,
    402: ErrorKind.MONEY,
    403: ErrorKind.PERMISSION,
    404: ErrorKind.NOT_FOUND,
    408: ErrorKind.TIME,
    413: ErrorKind.TOO_LARGE,
    424: ErrorKind.INNER,
    429: ErrorKind.TOO_MANY,
    498: ErrorKind.KEY,
    499: ErrorKind.TIME,
    503: ErrorKind.OVERLOADED,
    504: ErrorKind.TIME,
    524: ErrorKind.TIME,
    529: ErrorKind.OVERLOADED,
}
_MOST_SHOWN: Final = 200  # characters of a body that nobody can read


def kind_of_status(status: int) -> ErrorKind:
    """What a status means (dialects, B11)."""
    return _BY_STATUS.get(status, ErrorKind.INNER if status >= 500 else ErrorKind.BAD_REQUEST)


def unreadable(status: int, body: bytes) -> str:
    """The message of an error that is not of the provider's shape: the status in words, and how the body begins."""
    try:
        words = HTTPStatus(status).phrase
    except ValueError:
        words = f"status {status}"
    begin = body[: 4 * _MOST_SHOWN].decode(errors="replace").strip()[:_MOST_SHOWN]
    return f"{words}: {begin}" if begin else words


def decoded(body: bytes) -> Json:
    """The JSON of a body; None for what is none."""
    try:
        return from_json(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
