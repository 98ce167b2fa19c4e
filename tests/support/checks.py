"""What tests assert again and again: the gateway's identifiers and its error envelope."""

from __future__ import annotations

import re

from support.client import Answer, Head

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_OWN = ("cf-aig-log-id", "cf-aig-request-id", "cf-aig-event-id")


def check_ids(head: Head) -> str:
    """One call's three identifiers are one lower-case UUIDv7, and there is no step; the identifier."""
    values = {head.header(name) for name in _OWN}
    assert len(values) == 1, values
    (value,) = values
    assert value is not None
    assert UUID7.fullmatch(value), value
    assert "cf-aig-step" not in head.names
    return value


def check_error(answer: Answer, status: int, code: int, message: str) -> str:
    """The gateway's error envelope, exactly (Cloudflare 3.29), or what stands for it on the unified endpoint.

    Which of the two it has to be is asserted where errors of both are.
    """
    assert answer.header("content-type") == "application/json"
    envelope = answer.json()
    if isinstance(envelope["error"], dict):
        return check_unified_error(answer, status, code, message)
    description = envelope.pop("description")
    assert envelope == {
        "success": False,
        "result": [],
        "messages": [],
        "error": [{"code": code, "message": message}],
        "name": "AiGatewayError",
        "httpCode": status,
        "internalCode": code,
        "message": message,
    }
    assert answer.status == status
    assert isinstance(description, str)
    assert description
    return description


def check_unified_error(answer: Answer, status: int, code: int, message: str) -> str:
    """The same on the unified endpoint: in the caller's dialect, with Cloudflare's code and name beside it."""
    assert answer.header("content-type") == "application/json"
    body = answer.json()
    error, description = body.pop("error"), body.pop("description")
    is_anthropics = body.pop("type", "") == "error"
    assert body == {
        "success": False,
        "name": "AiGatewayError",
        "httpCode": status,
        "internalCode": code,
        "message": message,
    }
    assert answer.status == status
    assert set(error) >= ({"message", "type"} if is_anthropics else {"message", "type", "param", "code"})
    assert error["message"] == description
    assert isinstance(description, str)
    assert description
    return description


def vendor_headers(head: Head) -> list[tuple[str, str]]:
    """The headers that are not the gateway's own."""
    return [(name, value) for name, value in head.headers if name.lower() not in _OWN]
