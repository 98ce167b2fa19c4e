"""Large bodies that are wrong: the engine says so at once, and others have their turns meanwhile."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from parallel_local.errors import ApiError
from parallel_local.web.body import decode, raw_body
from parallel_local.web.body_room import BodyRoom


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


class Counted:
    """An application that has read so many bodies, or parts of them, and answers when it may."""

    def __init__(self) -> None:
        self.reading = 0
        self.read = 0
        self.answers = asyncio.Event()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self.reading += 1
        while (await receive()).get("more_body"):
            pass
        self.read += 1
        await self.answers.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def calling(app: BodyRoom, piece: bytes, *pieces: bytes) -> None:
    """A call with a body in pieces."""
    left: list[Message] = [
        {"type": "http.request", "body": one, "more_body": True} for one in (piece, *pieces)
    ]
    left[-1]["more_body"] = False

    async def receive() -> Message:
        return left.pop(0)

    async def send(_message: Message) -> None:
        """Nobody reads it."""

    await app({"type": "http"}, receive, send)


async def turns() -> None:
    """All have had theirs, and nothing more happens by itself."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_few_large_bodies_are_taken_in_at_a_time_and_small_ones_wait_for_none() -> None:
    counted = Counted()
    app = BodyRoom(counted)
    async with asyncio.timeout(60), asyncio.TaskGroup() as calls:
        for _ in range(20):
            calls.create_task(calling(app, b"x" * 200_000, b"x"))
        await turns()
        assert (counted.reading, counted.read) == (20, 4)
        calls.create_task(calling(app, b"x" * 100, b"x"))
        calls.create_task(calling(app, b"x" * 200_000))  # it is here already
        await turns()
        assert counted.read == 6
        counted.answers.set()
    assert counted.read == 22
