"""Errors of providers in Parallel's words, and whether another one may be asked (search and runs A6, rule 9)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.search.errors import Failed, failure, failure_body, gives_way


def failed(status: int, body: object, *, stored: bool = False, own_shape: bool = False) -> Failed:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failure("exa", status, {}, data, stored=stored, own_shape=own_shape)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (
            {"requestId": "r", "error": "no credits", "tag": "NO_MORE_CREDITS"},
            "NO_MORE_CREDITS",
            "no credits",
        ),
        (
            {"error": {"type": "t", "code": "c", "message": "m", "detail": "d"}, "requestId": "r"},
            "c",
            "m",
        ),
        ({"detail": {"error": "plan limit"}}, None, "plan limit"),
        ({"detail": "plain"}, None, "plain"),
        (
            {
                "type": "ErrorResponse",
                "error": {"id": "i", "status": 429, "code": "RATE_LIMITED", "detail": "d"},
            },
            "RATE_LIMITED",
            "d",
        ),
        ({"error": {"message": "m", "type": "invalid", "code": 401}}, "401", "m"),
        ({"code": 16, "message": "Invalid API key (C.1)"}, "16", "Invalid API key (C.1)"),
        ({"error": {"code": ["x"], "message": 5}}, None, "Payment Required"),
        (b"<html>limited</html>", None, "Payment Required: <html>limited</html>"),
        (b"", None, "Payment Required"),
        (b"\xff\xfe", None, "Payment Required"),
    ],
)
def test_what_a_provider_says_is_found(body: object, code: str | None, words: str) -> None:
    one = failed(402, body)
    assert one.upstream_code == code
    assert one.message.startswith(f"exa: {words}")


@pytest.mark.parametrize(
    ("status", "stored", "told"),
    [
        (400, False, 502),
        (422, True, 502),
        (401, True, 502),
        (403, True, 502),
        (401, False, 401),
        (403, False, 401),
        (402, False, 402),
        (432, True, 402),
        (433, True, 402),
        (429, False, 429),
        (408, False, 504),
        (504, False, 504),
        (500, False, 502),
        (503, False, 502),
        (529, False, 502),
        (404, False, 502),
        (405, True, 502),
        (418, True, 502),
    ],
)
def test_the_status_that_the_caller_gets(status: int, stored: bool, told: int) -> None:
    assert failed(status, {}, stored=stored).status == told


def test_a_question_in_the_callers_own_words_is_the_callers_fault() -> None:
    assert failed(422, {}, own_shape=True).status == 422
    assert failed(400, {}, own_shape=True).status == 400


def test_a_stored_key_that_is_refused_is_called_that() -> None:
    assert "credential refused" in failed(401, {"error": "bad"}, stored=True).message


@pytest.mark.parametrize("status", [402, 408, 429, 432, 433, 500, 502, 503, 504, 529, 599])
@pytest.mark.parametrize("stored", [True, False])
def test_another_may_be_asked(status: int, stored: bool) -> None:
    assert gives_way(status, stored=stored)


@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 422, 451])
@pytest.mark.parametrize("stored", [True, False])
def test_another_would_say_the_same(status: int, stored: bool) -> None:
    assert not gives_way(status, stored=stored)


@pytest.mark.parametrize("status", [401, 403])
def test_another_may_be_asked_where_the_gateways_own_key_was_refused(status: int) -> None:
    assert gives_way(status, stored=True)
    assert not gives_way(status, stored=False)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "1.2"}, "2"),
        ({"retry-after": "0"}, "0"),
        ({"retry-after": "61"}, "60"),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, ""),
        ({"retry-after": "-1"}, ""),
        ({"retry-after": "9" * 400}, ""),
        ({"x-ratelimit-reset": "5"}, "5"),
        ({"x-ratelimit-reset": "5, 9", "x-ratelimit-remaining": "2, 0"}, "9"),
        ({"x-ratelimit-reset": "5, 9", "x-ratelimit-remaining": "2, 2"}, ""),
        ({"x-ratelimit-reset": "soon"}, ""),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], wait: str) -> None:
    assert failure("brave", 429, headers, b"{}", stored=False, own_shape=False).wait == wait
    assert failure("brave", 500, headers, b"{}", stored=False, own_shape=False).wait == ""


@given(st.integers(400, 599), st.binary(max_size=200), st.booleans(), st.booleans())
def test_law_every_error_is_one_of_parallels(status: int, body: bytes, stored: bool, own_shape: bool) -> None:
    one = failed(status, body, stored=stored, own_shape=own_shape)
    told = json.loads(failure_body(one, "call-1"))
    assert told["type"] == "error"
    assert told["error"]["ref_id"] == "call-1"
    assert told["error"]["detail"] == {
        "provider": "exa",
        "upstream_status": status,
        "upstream_code": one.upstream_code,
    }
    assert 400 <= one.status < 600
    assert 0 < len(one.message) <= 500
