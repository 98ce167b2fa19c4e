"""Large bodies that are wrong: the engine says so at once, and others have their turns meanwhile."""

from __future__ import annotations

import msgspec
import pytest
from starlette.requests import Request

from parallel_local.errors import ApiError
from parallel_local.web.body import decode, raw_body


class Asked(msgspec.Struct):
    """Something with numbers."""

    a: list[int]


def request(body: bytes) -> Request:
    """A request that brings this body."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def test_more_values_than_anybody_means_are_not_decoded() -> None:
    with pytest.raises(ApiError) as refused:
        await raw_body(request(b"[" + b"1," * 100_001 + b"1]"))
    assert "more than 100000 values" in str(refused.value.problems)


async def test_a_long_text_passes() -> None:
    body = b'"' + b"a" * 20_000_000 + b'"'
    assert await raw_body(request(body)) == body


def test_of_a_large_body_the_first_mistake_is_told() -> None:
    with pytest.raises(ApiError) as refused:
        decode(b'{"a":[' + b'"x",' * 40_000 + b'"x"]}', Asked)
    assert len(refused.value.problems) == 1
