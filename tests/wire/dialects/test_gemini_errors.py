"""Google's errors: what they mean, and bodies that are none of Google's."""

from __future__ import annotations

import json

import pytest

from penstock.wire.dialects.answer_events import ErrorKind, Failure
from penstock.wire.dialects.gemini import GEMINI


def body(code: int, word: str, *details: dict[str, object]) -> bytes:
    return json.dumps({"error": {"code": code, "message": "m", "status": word, "details": details}}).encode()


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        (400, "INVALID_ARGUMENT", ErrorKind.BAD_REQUEST),
        (400, "FAILED_PRECONDITION", ErrorKind.BAD_REQUEST),
        (401, "UNAUTHENTICATED", ErrorKind.KEY),
        (403, "PERMISSION_DENIED", ErrorKind.PERMISSION),
        (404, "NOT_FOUND", ErrorKind.NOT_FOUND),
        (413, "INVALID_ARGUMENT", ErrorKind.TOO_LARGE),
        (429, "RESOURCE_EXHAUSTED", ErrorKind.TOO_MANY),
        (499, "CANCELLED", ErrorKind.TIME),
        (500, "INTERNAL", ErrorKind.INNER),
        (500, "UNKNOWN", ErrorKind.INNER),
        (503, "UNAVAILABLE", ErrorKind.OVERLOADED),
        (504, "DEADLINE_EXCEEDED", ErrorKind.TIME),
        (418, "NEW_WORD", ErrorKind.BAD_REQUEST),
    ],
)
def test_the_table(status: int, word: str, kind: ErrorKind) -> None:
    wanted = Failure(kind=kind, message="m", status=status, type=word)
    assert GEMINI.read_error(status, {}, body(status, word)) == wanted
    assert GEMINI.read_error(status, {}, b"[" + body(status, word) + b"]") == wanted


@pytest.mark.parametrize("reason", ["API_KEY_INVALID", "API_KEY_EXPIRED"])
def test_a_bad_key_is_a_bad_request_of_googles(reason: str) -> None:
    info: dict[str, object] = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
    failure = GEMINI.read_error(400, {}, body(400, "INVALID_ARGUMENT", info))
    assert (failure.kind, failure.status) == (ErrorKind.KEY, 400)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        ("17s", "17"),
        ("16.001s", "17"),
        ("0s", "0"),
        ("-1s", ""),
        ("x", ""),
        (17, ""),
        ("infs", ""),
        ("nans", ""),
    ],
)
def test_when_to_come_again(delay: object, seconds: str) -> None:
    info: dict[str, object] = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    assert GEMINI.read_error(429, {}, body(429, "RESOURCE_EXHAUSTED", {}, info)).retry_after == seconds


@pytest.mark.parametrize(
    ("status", "text", "message", "kind"),
    [
        (502, b"", "Bad Gateway", ErrorKind.INNER),
        (503, b"<html>oops</html>", "Service Unavailable: <html>oops</html>", ErrorKind.OVERLOADED),
        (500, b"x" * 999, "Internal Server Error: " + "x" * 200, ErrorKind.INNER),
        (401, b"{}", "Unauthorized: {}", ErrorKind.KEY),
        (404, b"\xff\xfe", "Not Found: \ufffd\ufffd", ErrorKind.NOT_FOUND),
        (599, b"[]", "status 599: []", ErrorKind.INNER),
        (429, b'{"error": {}}', "Too Many Requests", ErrorKind.TOO_MANY),
        (400, b'{"error": "invalid_grant", "error_description": "gone"}', "gone", ErrorKind.BAD_REQUEST),
        (400, b"[" * 100_000, "Bad Request: " + "[" * 200, ErrorKind.BAD_REQUEST),
    ],
)
def test_other_bodies(status: int, text: bytes, message: str, kind: ErrorKind) -> None:
    failure = GEMINI.read_error(status, {"X-Request-Id": "q1"}, text)
    assert (failure.message, failure.kind, failure.status) == (message, kind, status)
    assert failure.request_id == "q1"
