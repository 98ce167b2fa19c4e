"""Policies whose store is not at hand: `admit` and `reserve` may be waited for, and whoever waits may leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from conftest import Connect, OpenGateway
from penstock.errors import RATE_LIMITED, SPEND_LIMITED, Fault, GatewayError
from penstock.proxy.call import Call, Gateway
from penstock.proxy.routing import World
from support.client import Client, request
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream
from support.waiting import eventually

CHAT = "/v1/acct/gw/openai/chat/completions"
LEFT = 499


class Remote:
    """A limit whose store takes a moment to answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.cancelled = 0
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.settled: list[int] = []

    def admit(self, _call: Call) -> Awaitable[None]:
        return self._wait()

    def reserve(self, _call: Call) -> Awaitable[None]:
        return self._wait()

    def settle(self, call: Call) -> None:
        self.settled.append(call.status)

    async def _wait(self) -> None:
        self.asked += 1
        try:
            await self.answer
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


@pytest.fixture(params=["admit", "reserve"])
async def held(
    request: pytest.FixtureRequest, open_gateway: OpenGateway, upstream: Upstream
) -> tuple[InProcess, Remote]:
    """A gateway whose calls wait for the remote limit, in one phase or the other."""
    gateway = await open_gateway(openai(upstream.url))
    remote = Remote()
    pipeline = gateway.parts.pipeline
    changed = [_held(one, remote, request.param) for one in pipeline.world.gateways]
    pipeline.world = World({(one.account, one.id): one for one in changed}, pipeline.world.registry)
    return gateway, remote


def _held(gateway: Gateway, remote: Remote, phase: str) -> Gateway:
    if phase == "admit":
        return replace(gateway, admit=(remote.admit,))
    return replace(gateway, spending=remote)


async def waiting(remote: Remote) -> None:
    await eventually(lambda: remote.asked or None, "a policy that is asked")


async def ask(connect: Connect, gateway: InProcess) -> Client:
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    return client


async def test_a_call_waits_until_it_is_let_in(
    held: tuple[InProcess, Remote], upstream: Upstream, connect: Connect
) -> None:
    gateway, remote = held
    upstream.will(whole(b"hello"))
    client = await ask(connect, gateway)
    await waiting(remote)
    await gateway.catch_up()
    assert upstream.requests == []
    remote.answer.set_result(None)
    answer = await client.answer()
    assert (answer.status, answer.body) == (200, b"hello")
    assert (await gateway.row()).status_code == 200


@pytest.mark.parametrize("fault", [RATE_LIMITED, SPEND_LIMITED])
async def test_a_refusal_that_was_waited_for_is_an_answer(
    held: tuple[InProcess, Remote], upstream: Upstream, connect: Connect, fault: Fault
) -> None:
    gateway, remote = held
    client = await ask(connect, gateway)
    await waiting(remote)
    remote.answer.set_exception(GatewayError(fault, headers=b"retry-after: 7\r\n"))
    answer = await client.answer()
    assert (answer.status, answer.header("retry-after")) == (429, "7")
    assert upstream.requests == []
    assert (await gateway.row()).status_code == 429


async def test_a_client_that_leaves_is_waited_for_no_longer(
    held: tuple[InProcess, Remote], upstream: Upstream, connect: Connect
) -> None:
    gateway, remote = held
    client = await ask(connect, gateway)
    await waiting(remote)
    client.leave()
    await gateway.settled()
    assert remote.cancelled == 1
    assert upstream.requests == []
    assert (await gateway.row()).status_code == LEFT
