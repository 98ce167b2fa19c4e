"""Who may take how long. Time is the test's: nothing here waits for a clock."""

from __future__ import annotations

import asyncio

import pytest

from conftest import Connect, OpenGateway
from support.checks import check_error
from support.client import Broken, request
from support.configuration import openai
from support.replies import Reply, silence, sse, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
RESULT = "/v1/acct/gw/openai/v1/tasks/runs/r/result?timeout=600"
LATE = "Failed to get response from provider"


async def test_long_poll_of_ten_minutes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *whole(b"", 408).steps)))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("GET", RESULT))
    await upstream.request()
    for _ in range(60):
        gateway.advance(10)
    gate.set()
    assert (await client.answer()).status == 408  # as it is: the SDK's logic depends on it


async def test_provider_that_never_answers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(silence())
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    gateway.advance(899)
    assert upstream.is_open(0)
    gateway.advance(2)
    check_error(await client.answer(), 504, 2005, LATE)
    await upstream.left(0)
    row = await gateway.row()
    assert (row.status_code, row.outcome, row.duration) == (504, "provider_broke", 901_000)


async def test_provider_that_falls_silent_in_the_middle(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(sse(b"data: 1\n\n", asyncio.Event()))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await client.head()
    assert await client.chunk() == b"data: 1\n\n"
    gateway.advance(599)
    assert upstream.is_open(0)
    gateway.advance(2)
    with pytest.raises(Broken):
        await client.chunk()
    await upstream.left(0)
    assert (await gateway.row()).outcome == "provider_broke"


async def test_slow_client_is_no_silent_provider(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Content-Length", "5000000")), b"x" * 2_000_000)
    await (await upstream.request()).body_of(2_000_000)
    gateway.advance(1000)  # within what a body at 500 bytes a second may take
    await client.send(b"x" * 3_000_000)
    assert (await client.answer()).status == 200


@pytest.mark.parametrize("start", [b"POST", b"POST " + CHAT.encode() + b" HTTP/1.1\r\nHost: x\r\n"])
async def test_head_that_does_not_come(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, start: bytes
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(start)
    await gateway.catch_up()
    gateway.advance(29)
    gateway.advance(2)
    check_error(await client.answer(), 408, 9408, "Request timeout")
    assert await client.rest() == b""


async def test_body_that_does_not_come(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Content-Length", "10")), b"first")
    await (await upstream.request()).body_of(5)
    gateway.advance(29)
    assert upstream.is_open(0)
    gateway.advance(3)
    check_error(await client.answer(), 408, 9408, "Request timeout")
    await upstream.left(0)
    assert (await gateway.row()).status_code == 408


async def test_idle_client_is_let_go(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(openai(upstream.url))
    silent, idle = await connect(gateway.url), await connect(gateway.url)
    await idle.ask("GET", "/v1/acct/gw/openai/models")
    await gateway.catch_up()
    gateway.advance(74)
    assert len(gateway.lanes) == 2
    gateway.advance(2)
    assert (await silent.rest(), await idle.rest()) == (b"", b"")


async def test_client_that_waits_for_its_answer_is_not_idle(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *whole(b"late").steps)))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    for _ in range(5):
        gateway.advance(100)
    gate.set()
    assert (await client.answer()).body == b"late"


async def test_connecting_takes_too_long(open_gateway: OpenGateway, connect: Connect) -> None:
    """192.0.2.1 is reserved for documentation: nobody answers there."""
    text = openai("http://192.0.2.1:9", "[server.timeouts]\nconnect = 0.05\n")
    gateway = await open_gateway(text)
    answer = await (await connect(gateway.url)).ask("POST", CHAT, body=b"{}")
    assert answer.json()["internalCode"] == 2005
    assert answer.status in (502, 504)  # 502 where the machine has no way out at all
