"""Clients that end their sending side after the request: answered, and told from those who are gone for good."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing

import pytest
from hostile_kit import CHAT, HEAD, MODELS, Complaints, becomes, is_broken_off, nothing_left

from conftest import Connect, OpenGateway
from penstock.proxy.downstream.other_end import OtherEnd
from support.client import Broken, Client, request
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import raw, sized, sse, whole
from support.upstream import Upstream

KNOWN = pytest.mark.parametrize("known", [True, False], indirect=True, ids=["of this machine", "of another"])


@pytest.fixture(autouse=True)
def known(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the kernel knows who holds the client's socket: as it is for clients of this machine, or of another."""
    known: bool = getattr(request, "param", True)
    if not known:
        monkeypatch.setattr(OtherEnd, "is_abandoned", lambda _: None)
    return known


async def opened(open_gateway: OpenGateway, connect: Connect, url: str) -> tuple[InProcess, Client]:
    gateway = await open_gateway(openai(url))
    return gateway, await connect(gateway.url)


async def ended(gateway: InProcess) -> None:
    await becomes(lambda: gateway.lanes == [], "the end of the client's connection")
    await nothing_left(gateway)


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_a_call(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, version: str) -> None:
    gateway, client = await opened(open_gateway, connect, upstream.url)
    gate = asyncio.Event()
    upstream.will(raw(gate, *whole(b'{"a":1}').steps))
    await client.send(request("POST", CHAT, body=b"{}", version=version))
    client.end_sending()
    await upstream.request()
    await gateway.catch_up()
    gate.set()
    head = await client.head()
    assert (head.status, await client.rest()) == (200, b'{"a":1}')
    await ended(gateway)
    assert (await gateway.row()).success


async def test_the_answer_in_pieces(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """Sent after the answer has begun, too."""
    gateway, client = await opened(open_gateway, connect, upstream.url)
    gates = asyncio.Event(), asyncio.Event()
    upstream.will(sized(6, b"ab", gates[0], b"cd", gates[1], b"ef"))
    await client.send(request("POST", CHAT, body=b"{}"))
    assert (await client.head()).status == 200
    client.end_sending()
    for gate in gates:
        await gateway.catch_up()
        gate.set()
    assert await client.rest() == b"abcdef"
    await ended(gateway)
    assert (await gateway.row()).success


async def test_all_that_was_asked_before(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Calls and pages in their order; the connection ends behind the last of them."""
    gateway, client = await opened(open_gateway, connect, upstream.url)
    gate = asyncio.Event()
    upstream.will(raw(gate, *whole(b"{}").steps))
    page, call = request("GET", "/healthz"), request("GET", MODELS)
    await client.send(request("POST", CHAT, body=b"{}") + page + call + page)
    client.end_sending()
    await upstream.request()
    await gateway.catch_up()
    gate.set()
    answers = [await client.answer() for _ in range(4)]
    assert [answer.status for answer in answers] == [200] * 4
    assert answers[1].json() == answers[3].json() == {"status": "ok"}
    assert await client.rest() == b""
    await ended(gateway)


@pytest.mark.parametrize("target", ["/healthz", "/readyz", "/nothing", "/client/v4/accounts"])
async def test_a_page(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, target: str) -> None:
    gateway, client = await opened(open_gateway, connect, upstream.url)
    await client.send(request("GET", target))
    client.end_sending()
    assert (await client.answer()).status in (200, 401, 404, 503)  # the last: there is no ledger yet
    assert await client.rest() == b""
    await ended(gateway)


@pytest.mark.parametrize(
    "cut",
    [HEAD[:30], HEAD + b"Content-Length: 10\r\n\r\nhalf", b"POST /client/v4/graphql HTTP/1.1\r\nHost: localhost\r\n"
     b"Content-Length: 10\r\n\r\nhalf"],
    ids=["a head", "a body", "a body for a page"],
)  # fmt: skip
async def test_what_is_not_whole_is_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, cut: bytes
) -> None:
    """What came before it is answered all the same."""
    complaints = Complaints()
    gateway, client = await opened(open_gateway, connect, upstream.url)
    gate = asyncio.Event()
    upstream.will(raw(gate, *whole(b"{}").steps))
    await client.send(request("POST", CHAT, body=b"{}") + cut)
    client.end_sending()
    await upstream.request()
    await gateway.catch_up()
    gate.set()
    assert (await client.answer()).status == 200
    assert await client.rest() == b""
    await ended(gateway)
    assert len(upstream.requests) == 1
    complaints.none()


async def test_the_upload_of_a_call_that_runs_already_is_broken_off(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway, client = await opened(open_gateway, connect, upstream.url)
    await client.send(HEAD + b"Content-Length: 10\r\n\r\nhalf")
    seen = await upstream.request()
    await seen.body_of(4)
    client.end_sending()
    await is_broken_off(seen)
    with pytest.raises(Broken):
        await client.answer()
    await ended(gateway)


@KNOWN
async def test_a_client_that_is_gone_is_noticed_while_the_provider_is_silent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, known: bool
) -> None:
    """At once, or by something that means nothing, is sent after a second, and comes back as a reset."""
    gateway, client = await opened(open_gateway, connect, upstream.url)
    upstream.will(raw(asyncio.Event(), early=True))
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    begun = asyncio.get_running_loop().time()
    client.writer.close()
    await upstream.left()
    assert (asyncio.get_running_loop().time() - begun < 1.0) == known
    await ended(gateway)
    row = await gateway.row()
    assert (row.status_code, row.success) == (499, False)


@KNOWN
async def test_a_client_that_is_gone_is_noticed_in_a_stream_that_pauses(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, known: bool
) -> None:
    gateway, client = await opened(open_gateway, connect, upstream.url)
    upstream.will(sse(b"data: 1\n\n", asyncio.Event()))
    await client.send(request("POST", CHAT, body=b"{}"))
    await client.head()
    assert await client.chunk() == b"data: 1\n\n"
    client.writer.close()
    await upstream.left()
    await ended(gateway)


async def test_a_client_that_waits_long_is_answered_all_the_same(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """It gets an interim answer meanwhile, and a chunk whose size begins with a zero; both mean nothing."""
    gateway, client = await opened(open_gateway, connect, upstream.url)
    gates = asyncio.Event(), asyncio.Event()
    upstream.will(raw(gates[0], *sse(b"data: 1\n\n", gates[1], b"data: [DONE]\n\n").steps))
    await client.send(request("POST", CHAT, body=b"{}"))
    client.end_sending()
    assert (await client.head()).status == 100
    gates[0].set()
    assert (await client.head()).status == 200
    assert await client.chunk() == b"data: 1\n\n"
    assert await client.exactly(1) == b"0"
    gates[1].set()
    assert await client.chunk() == b"data: [DONE]\n\n"
    assert await client.chunk() == b""
    assert await client.rest() == b""
    await ended(gateway)
    assert (await gateway.row()).success


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_of_a_program_of_this_machine_the_kernel_knows(address: str) -> None:
    """That its socket is still held is not mistaken for the opposite, and what is elsewhere is unknown."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with (
        closing(socket.create_server((address, 0), family=family)) as server,
        closing(socket.create_connection(server.getsockname()[:2])) as client,
    ):
        other, _ = server.accept()
        with closing(other):
            end = OtherEnd(other)
            assert end.is_abandoned() is False
            client.shutdown(socket.SHUT_WR)
            assert other.recv(1) == b""
            assert end.is_abandoned() is False
            client.close()
            await becomes(lambda: end.is_abandoned() is True, "that nobody holds it")
            other.close()
            await becomes(lambda: end.is_abandoned() is not False, "that it is gone")


async def test_who_sends_no_more_and_then_goes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Also in an answer of known length that pauses, into which nothing can be said."""
    gateway, client = await opened(open_gateway, connect, upstream.url)
    upstream.will(sized(6, b"ab", asyncio.Event()))
    await client.send(request("POST", CHAT, body=b"{}"))
    assert (await client.head()).status == 200
    client.end_sending()
    await gateway.catch_up()
    client.writer.close()
    await upstream.left()
    await ended(gateway)
