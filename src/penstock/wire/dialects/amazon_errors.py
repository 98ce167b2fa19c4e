"""Errors of Bedrock: its words and their meaning, of whole answers and of exceptions in streams (dialects, A5).

Errors that the models' own makers wrote, which pass through Bedrock, are for those dialects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import ErrorKind, Failure
from penstock.wire.dialects.aws_event_stream import Frame
from penstock.wire.dialects.failures import decoded, kind_of_status, unreadable
from penstock.wire.dialects.json_value import Json, Object

AMAZON_KINDS: Final[Mapping[str, ErrorKind]] = {
    "ValidationException": ErrorKind.BAD_REQUEST,
    "ServiceQuotaExceededException": ErrorKind.BAD_REQUEST,
    "ConflictException": ErrorKind.BAD_REQUEST,
    "UnrecognizedClientException": ErrorKind.KEY,
    "ExpiredTokenException": ErrorKind.KEY,
    "InvalidSignatureException": ErrorKind.KEY,
    "IncompleteSignature": ErrorKind.KEY,
    "MissingAuthenticationTokenException": ErrorKind.KEY,
    "AccessDeniedException": ErrorKind.PERMISSION,
    "ResourceNotFoundException": ErrorKind.NOT_FOUND,
    "ThrottlingException": ErrorKind.TOO_MANY,
    "ModelNotReadyException": ErrorKind.TOO_MANY,
    "InternalServerException": ErrorKind.INNER,
    "InternalFailure": ErrorKind.INNER,
    "ModelErrorException": ErrorKind.INNER,
    "ModelStreamErrorException": ErrorKind.INNER,
    "ServiceUnavailableException": ErrorKind.OVERLOADED,
    "ModelTimeoutException": ErrorKind.TIME,
}
_STATUSES: Final[Mapping[str, int]] = {
    "ValidationException": 400,
    "ServiceQuotaExceededException": 400,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelStreamErrorException": 424,
    "ThrottlingException": 429,
    "ModelNotReadyException": 429,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
}
_UNKNOWN_STATUS: Final = 500
_TOO_LARGE: Final = 413
_REQUEST_ID: Final = "x-amzn-requestid"


def amazon_word(headers: Mapping[str, str], body: Object) -> str:
    """The name of an error, by the header (names in small letters) or the body; empty for none of Amazon's."""
    word = headers.get("x-amzn-errortype", "") or _text(body.get("__type"))
    return word.partition(":")[0].rpartition("#")[2]


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Of any answer with a status from 400 on, whatever its body."""
    lines = {name.lower(): value for name, value in headers.items()}
    value = decoded(body)
    members = value if isinstance(value, dict) else {}
    word = amazon_word(lines, members)
    kind = AMAZON_KINDS.get(word, kind_of_status(status))
    return Failure(
        kind=ErrorKind.TOO_LARGE if status == _TOO_LARGE else kind,
        message=_message(members) or unreadable(status, body),
        status=status,
        type=word,
        request_id=lines.get(_REQUEST_ID, ""),
    )


def exception_failure(frame: Frame) -> Failure:
    """An exception or an error in place of an event of a stream: its name begins with a small letter there."""
    headers = frame.headers
    name = headers.get(":exception-type") or headers.get(":error-code") or ""
    word = name[:1].upper() + name[1:]
    value = decoded(frame.payload)
    members = value if isinstance(value, dict) else {}
    failure = Failure(
        kind=AMAZON_KINDS.get(word, ErrorKind.INNER),
        message=_message(members)
        or headers.get(":error-message")
        or word
        or "the provider's stream tells an error",
        status=_STATUSES.get(word, _UNKNOWN_STATUS),
        type=word,
    )
    original = members.get("originalStatusCode")
    if isinstance(original, int) and not isinstance(original, bool) and 400 <= original <= 599:
        return msgspec.structs.replace(failure, kind=kind_of_status(original))
    return failure


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _message(body: Object) -> str:
    return _text(body.get("message")) or _text(body.get("Message")) or _text(body.get("originalMessage"))
