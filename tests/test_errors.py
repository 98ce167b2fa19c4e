"""The table of errors, and the one shape in which a caller sees them (Cloudflare 3.29).

Every row is checked, so that a new one cannot differ.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path

import pytest

from penstock import errors
from penstock.errors import Fault, GatewayError, Source

GUIDE = Path(__file__).parents[1] / "docs" / "guides" / "errors.md"
FAULTS = {name: fault for name, fault in vars(errors).items() if isinstance(fault, Fault)}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_the_envelope(fault: Fault) -> None:
    body = json.loads(GatewayError(fault, 'what is "wrong"\n').body())
    assert body == {
        "success": False,
        "result": [],
        "messages": [],
        "error": [{"code": fault.code, "message": fault.message}],
        "name": "AiGatewayError",
        "httpCode": fault.status,
        "internalCode": fault.code,
        "message": fault.message,
        "description": 'what is "wrong"\n',
    }


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_status_and_source_agree(fault: Fault) -> None:
    assert HTTPStatus(fault.status).phrase
    assert (fault.status < 500) == (fault.source is Source.CLIENT)
    assert fault.status >= 400
    assert 2000 <= fault.code < 3000 or fault.code == 9000 + fault.status
    assert fault.message


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (errors.UNKNOWN_GATEWAY, 400, 2001),
        (errors.INVALID_PROVIDER, 400, 2008),
        (errors.UNAUTHORIZED, 401, 2009),
        (errors.BAD_CHAT_FORMAT, 400, 2019),
        (errors.PROVIDER_UNREACHABLE, 502, 2005),
        (errors.PROVIDER_TIMEOUT, 504, 2005),
    ],
)
def test_codes_that_clients_know(fault: Fault, status: int, code: int) -> None:
    assert (fault.status, fault.code) == (status, code)


def test_what_cannot_be_followed_by_another_request() -> None:
    closing = {name for name, fault in FAULTS.items() if fault.close}
    assert closing == {"BAD_HTTP", "BODY_TOO_LARGE", "BUSY", "HEAD_TOO_LARGE", "REQUEST_TIMEOUT"}


def test_without_detail_the_message_is_the_description() -> None:
    error = GatewayError(errors.UNAUTHORIZED)
    assert json.loads(error.body())["description"] == str(error) == "Unauthorized"


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_the_guide_says_what_to_do(fault: Fault) -> None:
    rows = [line for line in GUIDE.read_text().splitlines() if f"| {fault.code} | {fault.message} |" in line]
    assert [row for row in rows if row.startswith(f"| {fault.status} |")]
