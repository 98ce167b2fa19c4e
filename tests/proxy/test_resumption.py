"""Streams that go on with another answer, through filters: these see one stream, and their word is the last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from conftest import Connect, OpenGateway
from penstock.errors import FORBIDDEN, GatewayError
from penstock.proxy.body_filter import EndAnswer, Logged
from penstock.proxy.call import Call, Route
from penstock.proxy.routing import World
from support.client import request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Act, sse
from support.resumable_streams import GROUP_PATH, a_group, events_in
from support.upstream import Upstream

TARGET = f"/v1/acct/gw/parallel{GROUP_PATH}"
KEPT = a_group()
WHOLE = b"".join(KEPT.events)


class Asking:
    """Asks somebody about each piece; `most` pieces are enough."""

    content_type = b""
    logged: Logged = "before"
    held = 0

    def __init__(self, most: int) -> None:
        self.left = most

    async def feed(self, data: bytes) -> bytes:
        await asyncio.sleep(0)
        if not self.left:
            raise EndAnswer(b"data: enough\n\n", GatewayError(FORBIDDEN, "enough"))
        self.left -= 1
        return data.upper()

    def finish(self) -> bytes | Awaitable[bytes]:
        return b": the end\n\n"


class Hook:
    """Puts that filter on every call."""

    name, always = "tested", True

    def __init__(self, most: int) -> None:
        self.most = most

    def wants(self, call: Call, route: Route) -> bool:
        return True

    def rewrite(self, call: Call, route: Route, body: bytes | None) -> None:
        call.filters = (lambda status, content_type, lines: Asking(self.most),)


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(gateways(gw={}) + providers({"parallel": upstream.url}))


def filtered(gateway: InProcess, most: int) -> None:
    pipeline = gateway.parts.pipeline
    changed = [replace(one, request_hooks=(Hook(most),)) for one in pipeline.world.gateways]
    pipeline.world = World({(one.account, one.id): one for one in changed}, pipeline.world.registry)


def will_break(upstream: Upstream) -> None:
    start = KEPT.events[0] + KEPT.events[1]
    upstream.will(sse(start, KEPT.events[2][:-5], Act.CLOSE, finished=False), sse(*KEPT.events[2:]))


async def test_filters_see_one_stream(gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
    filtered(gateway, 100)
    will_break(upstream)
    answer = await (await connect(gateway.url)).ask("GET", TARGET)
    assert answer.body == WHOLE.upper() + b": the end\n\n"
    assert len(upstream.requests) == 2


@pytest.mark.parametrize("most", [0, 1, 2])
async def test_a_filter_that_ends_the_answer_ends_it_for_good(
    gateway: InProcess, upstream: Upstream, connect: Connect, most: int
) -> None:
    filtered(gateway, most)
    will_break(upstream)
    answer = await (await connect(gateway.url)).ask("GET", TARGET)
    if most:
        assert events_in(answer.body)[-1] == b"enough"
    else:
        assert answer.status == 403
    await gateway.rows(1)


async def test_a_client_that_leaves_behind_a_filter_ends_it(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    filtered(gateway, 100)
    upstream.will(sse(KEPT.events[0], Act.CLOSE, finished=False), sse(KEPT.events[1], asyncio.Event()))
    client = await connect(gateway.url)
    await client.send(request("GET", TARGET))
    await upstream.request(2)
    client.leave()
    await gateway.settled()
    await upstream.left(1)
    assert not (await gateway.row()).success
