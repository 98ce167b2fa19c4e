"""Clients that leave, and calls that are cancelled, at every point where a call can wait.

Whatever the moment: the provider's connection is not left in use, no task stays behind, the memory of the
record is given back, and there is exactly one row.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hostile_kit import (
    CHAT,
    HEAD,
    MODELS,
    Complaints,
    becomes,
    free_memory,
    is_broken_off,
    nothing_left,
    records,
    settled,
)

from conftest import Connect, OpenGateway
from support.client import Client, request
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import raw, sized, whole
from support.upstream import Upstream

COMPAT = "/v1/acct/gw/compat/chat/completions"
KEPT = 1_000_000


class Scene:
    """A gateway and its client."""

    def __init__(self, gateway: InProcess, client: Client) -> None:
        self.gateway = gateway
        self.client = client
        self.complaints = Complaints()

    async def is_clean(self, status: int | None, success: bool | None = False) -> None:
        """Nothing of the call is left but its one row; without a status: not even that."""
        await nothing_left(self.gateway)
        assert free_memory(self.gateway) == KEPT
        rows = await self.gateway.rows(0 if status is None else 1)
        assert [(row.status_code, row.success) for row in rows] == (
            [] if status is None else [(status, success)]
        )
        self.complaints.none()

    def go(self, how: str) -> None:
        """The client goes, in one of three ways."""
        if how == "reset":
            self.client.leave()
        elif how == "half-close":
            self.client.end_sending()
        else:
            self.client.writer.close()

    async def leaves(self, how: str) -> None:
        """The client goes, and the gateway has noticed."""
        self.go(how)
        await becomes(lambda: self.gateway.lanes == [], "the end of the client's connection")

    async def calls(self, count: int = 1) -> None:
        """Waits until so many calls are under way."""
        await becomes(lambda: len(self.gateway.state.tasks) == count, f"{count} calls")


async def scene(open_gateway: OpenGateway, connect: Connect, url: str, extra: str = "") -> Scene:
    """A gateway before the provider at `url`, which keeps little memory for the log."""
    limits = f"[server.limits]\nmax_capture_bytes = {KEPT}\n{extra}"
    gateway = await open_gateway(openai(url, limits))
    return Scene(gateway, await connect(gateway.url))


def stop_calls(gateway: InProcess) -> None:
    """What a server does at the end of its patience."""
    for task in tuple(gateway.state.tasks):
        task.cancel()


@asynccontextmanager
async def full_backlog() -> AsyncIterator[str]:
    """The URL of a port that takes no more connections: they neither stand nor fail."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    address = listener.getsockname()
    waiting = [socket.socket() for _ in range(4)]
    for client in waiting:
        client.setblocking(False)
        client.connect_ex(address)
    try:
        yield f"http://127.0.0.1:{address[1]}"
    finally:
        for open_socket in (*waiting, listener):
            open_socket.close()


WAYS = pytest.mark.parametrize("how", ["reset", "close", "half-close"])
FOR_GOOD = pytest.mark.parametrize("how", ["reset", "close"])  # who only sends no more is answered


async def test_before_anything(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    await here.leaves("close")
    await here.is_clean(None)


@WAYS
@pytest.mark.parametrize("size", [1, 30, 80])
async def test_in_the_head(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str, size: int
) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    await here.client.send(HEAD[:size])
    await here.gateway.catch_up()
    await here.leaves(how)
    await here.is_clean(None)
    assert upstream.requests == []


@WAYS
async def test_in_the_body(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    await here.client.send(HEAD + b"Content-Length: 200000\r\n\r\n" + b"b" * 150_000)
    seen = await upstream.request()
    await seen.body_of(150_000)
    await here.leaves(how)
    await is_broken_off(seen)
    await here.is_clean(499)


@WAYS
async def test_in_a_body_that_is_collected(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str
) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    await here.client.send(request("POST", COMPAT, ("Content-Length", "1000")) + b'{"model":')
    await here.calls()
    await here.leaves(how)
    await here.is_clean(499)
    assert upstream.requests == []


@FOR_GOOD
async def test_while_a_connection_is_made(open_gateway: OpenGateway, connect: Connect, how: str) -> None:
    async with full_backlog() as url:
        here = await scene(open_gateway, connect, url)
        await here.client.send(request("POST", CHAT, body=b"{}"))
        await here.calls()
        await here.gateway.catch_up()
        await here.leaves(how)
        await here.is_clean(499)


@FOR_GOOD
async def test_while_the_provider_is_silent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str
) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    upstream.will(raw(asyncio.Event(), early=True))
    await here.client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    await here.leaves(how)
    await upstream.left()
    await here.is_clean(499)


@FOR_GOOD
async def test_in_the_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str
) -> None:
    """What had come is what the row tells of."""
    here = await scene(open_gateway, connect, upstream.url)
    upstream.will(sized(500_000, b"x" * 200_000, asyncio.Event()))
    await here.client.send(request("POST", CHAT, body=b"{}"))
    assert (await here.client.head()).status == 200
    await here.client.exactly(200_000)
    await here.leaves(how)
    await upstream.left()
    await here.is_clean(200)
    bodies = await here.gateway.bodies()
    assert bodies is not None
    assert bodies.response == b"x" * 200_000


async def test_in_an_answer_that_is_not_read(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    size = 32 * 1024 * 1024
    upstream.will(sized(size, *([b"x" * 65536] * (size // 65536))))
    slow = await connect(here.gateway.url, receive_buffer=4096, limit=1024)
    await slow.send(request("GET", MODELS))
    await slow.head()

    def buffered() -> int:
        return max(lane.transport.get_write_buffer_size() for lane in here.gateway.lanes)

    await here.gateway.stands_still(buffered)
    assert buffered() < 4 * 1024 * 1024
    slow.leave()
    await upstream.left()
    await here.is_clean(200)


async def test_a_client_that_reads_no_more(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """It stays, but takes nothing: at the end of our patience the call is broken off on both sides."""
    here = await scene(open_gateway, connect, upstream.url)
    size = 32 * 1024 * 1024
    upstream.will(sized(size, *([b"x" * 65536] * (size // 65536))))
    slow = await connect(here.gateway.url, receive_buffer=4096, limit=1024)
    await slow.send(request("GET", MODELS))
    await slow.head()
    await here.gateway.stands_still(
        lambda: max(lane.transport.get_write_buffer_size() for lane in here.gateway.lanes)
    )
    for _ in range(3):
        here.gateway.advance(590)
        await here.gateway.catch_up()
        if not upstream.is_open():
            break
    await upstream.left()
    await here.is_clean(200)


@WAYS
async def test_in_the_queue(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str
) -> None:
    """Each request that reached the provider is a call, and nothing else is."""
    here = await scene(open_gateway, connect, upstream.url)
    gate = asyncio.Event()
    upstream.will(raw(gate, *whole(b"{}").steps))
    await here.client.send(request("POST", CHAT, body=b"{}") * 3)
    await upstream.request()
    await here.gateway.catch_up()
    here.go(how)
    await here.gateway.catch_up()
    if how == "half-close":
        gate.set()
    await becomes(lambda: here.gateway.lanes == [], "the end of the client's connection")
    await nothing_left(here.gateway)
    assert len(records(here.gateway)) == len(upstream.requests) == (3 if how == "half-close" else 1)
    assert free_memory(here.gateway) == KEPT
    here.complaints.none()


@WAYS
async def test_after_the_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str
) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    assert (await here.client.ask("POST", CHAT, body=b"{}")).status == 200
    await here.leaves(how)
    assert upstream.is_open()
    await here.is_clean(200, success=True)


async def test_right_after_sending(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """Request and end arrive in one go: there is one row or none, and nothing is left."""
    here = await scene(open_gateway, connect, upstream.url)
    here.client.writer.write(request("POST", CHAT, body=b"{}"))
    here.client.end_sending()
    await becomes(lambda: here.gateway.lanes == [], "the end of the client's connection")
    await nothing_left(here.gateway)
    assert len(records(here.gateway)) <= 1


# -- the server's own end


async def test_stopping_while_the_provider_is_silent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    upstream.will(raw(asyncio.Event(), early=True))
    await here.client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    stop_calls(here.gateway)
    answer = await here.client.answer()
    assert (answer.status, answer.json()["internalCode"]) == (503, 9503)
    await upstream.left()
    await here.is_clean(503)


async def test_stopping_in_the_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    upstream.will(sized(100, b"x" * 50, asyncio.Event()))
    await here.client.send(request("POST", CHAT, body=b"{}"))
    await here.client.head()
    await here.client.exactly(50)
    stop_calls(here.gateway)
    assert await here.client.rest() == b""
    await upstream.left()
    await here.is_clean(200)


async def test_stopping_while_a_connection_is_made(open_gateway: OpenGateway, connect: Connect) -> None:
    async with full_backlog() as url:
        here = await scene(open_gateway, connect, url)
        await here.client.send(request("POST", CHAT, body=b"{}"))
        await here.calls()
        await here.gateway.catch_up()
        stop_calls(here.gateway)
        assert (await here.client.answer()).status == 503
        await here.is_clean(503)


async def test_stopping_in_a_body_that_is_collected(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    await here.client.send(request("POST", COMPAT, ("Content-Length", "1000")) + b'{"model":')
    await here.calls()
    await here.gateway.catch_up()
    stop_calls(here.gateway)
    assert (await here.client.answer()).status == 503
    await here.is_clean(503)


# -- the turns between the end of a call and its record


@pytest.mark.parametrize("turns", range(12))
async def test_leaving_at_any_turn_of_a_quick_call(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, turns: int
) -> None:
    """The connection is cut so many turns of the loop after the provider has answered."""
    here = await scene(open_gateway, connect, upstream.url)
    gate = asyncio.Event()
    upstream.will(raw(gate, *whole(b"{}").steps))
    await here.client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    (lane,) = here.gateway.lanes
    gate.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    lane.transport.abort()
    await becomes(lambda: here.gateway.lanes == [], "the end of the client's connection")
    await nothing_left(here.gateway)
    assert free_memory(here.gateway) == KEPT
    row = await here.gateway.row()
    assert (row.status_code, row.success) in ((499, False), (200, True), (200, False))
    here.complaints.none()


@pytest.mark.parametrize("turns", range(12))
async def test_stopping_at_any_turn_of_a_quick_call(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, turns: int
) -> None:
    here = await scene(open_gateway, connect, upstream.url)
    gate = asyncio.Event()
    upstream.will(raw(gate, *whole(b"{}").steps))
    await here.client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    gate.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    stop_calls(here.gateway)
    answer = await here.client.answer()
    assert answer.status in (200, 503)
    await settled(here.gateway)
    row = await here.gateway.row()
    assert row.status_code == answer.status
    here.complaints.none()
