"""Shared calls whose clients leave, or read slowly: the others notice nothing, and nobody's call goes on for nobody."""

from __future__ import annotations

import asyncio

import pytest
from recall_kit import (
    QUESTION,
    TTL,
    Caller,
    becomes,
    cache_status,
    caching,
    caller,
    callers,
    in_flight,
    numbering,
)

from conftest import Connect, OpenGateway
from support.checks import check_ids
from support.client import Client
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import Reply, chunked, silence, sized, sse, whole
from support.upstream import Upstream

PIECE = bytes(range(256)) * 256
MANY = 16 * 16  # pieces: sixteen megabytes
SHORT_LOG = "[server.limits]\nmax_logged_body_bytes = 0\n"


async def gone(gateway: InProcess, client: Client, left: int) -> None:
    """The client leaves, and the gateway has noticed."""
    client.leave()
    await becomes(lambda: len(gateway.lanes) == left, f"{left} connections")


# -- before the head


async def test_the_first_leaves_before_the_head(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *whole(b"answer").steps)))
    gateway = await open_gateway(caching(upstream.url))
    first, second, third = await callers(gateway, connect, 3)
    for one in (first, second, third):
        await one.send()
        await upstream.request(1)
    await in_flight(gateway, 3)
    await gone(gateway, first.client, 2)
    assert upstream.is_open(0)
    gate.set()
    answers = [await one.client.answer() for one in (second, third)]
    assert [(cache_status(answer), answer.body) for answer in answers] == [("HIT", b"answer")] * 2
    again = await second.ask()
    assert (cache_status(again), again.body) == ("HIT", b"answer")
    assert len(upstream.requests) == 1
    rows = await gateway.rows(4)
    assert sorted(row.outcome for row in rows) == ["abandoned", "complete", "complete", "complete"]
    (led,) = [row for row in rows if row.outcome == "abandoned"]
    assert (led.cached, led.attempts) == (False, 1)


async def test_all_leave_before_the_head(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(silence())
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url))
    asking = await callers(gateway, connect, 3)
    for one in asking:
        await one.send()
        await upstream.request(1)
    await in_flight(gateway, 3)
    await gone(gateway, asking[0].client, 2)
    await gone(gateway, asking[2].client, 1)
    assert upstream.is_open(0)
    await gone(gateway, asking[1].client, 0)
    await upstream.left(0)
    await gateway.settled()
    answer = await (await caller(gateway, connect)).ask()
    assert (cache_status(answer), answer.json()) == ("MISS", {"number": 2})
    rows = await gateway.rows(4)
    assert [row.outcome for row in rows] == ["abandoned"] * 3 + ["complete"]
    assert [row.status_code for row in rows[:3]] == [499] * 3


async def test_one_who_joined_leaves(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *whole(b"answer").steps)))
    gateway = await open_gateway(caching(upstream.url))
    first, second = await callers(gateway, connect, 2)
    await first.send()
    await upstream.request(1)
    await second.send()
    await in_flight(gateway, 2)
    await gone(gateway, second.client, 1)
    gate.set()
    assert (await first.client.answer()).body == b"answer"
    assert cache_status(await first.ask()) == "HIT"


async def test_one_joins_after_the_first_has_left(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(b"data: 1\n\n", gate, b"data: 2\n\n"))
    gateway = await open_gateway(caching(upstream.url))
    first, second, third = await callers(gateway, connect, 3)
    for one in (first, second):
        await one.send()
        await one.client.head()
        assert await one.client.chunk() == b"data: 1\n\n"
    await gone(gateway, first.client, 2)
    await third.send()
    assert (await third.client.head()).header("cf-aig-cache-status") == "HIT"
    assert await third.client.chunk() == b"data: 1\n\n"
    await gone(gateway, second.client, 1)
    gate.set()
    assert await third.client.chunk() == b"data: 2\n\n"
    assert await third.client.chunk() == b""
    assert len(upstream.requests) == 1


# -- in the middle of the body


async def test_the_first_leaves_in_the_middle(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gates = [asyncio.Event() for _ in range(2)]
    upstream.will(sized(15, b"first", gates[0], b"-then", gates[1], b"-last"))
    gateway = await open_gateway(caching(upstream.url))
    first, second = await callers(gateway, connect, 2)
    for one in (first, second):
        await one.send()
        await one.client.head()
        assert await one.client.exactly(5) == b"first"
    await gone(gateway, first.client, 1)
    for gate, expected in zip(gates, (b"-then", b"-last"), strict=True):
        gate.set()
        assert await second.client.exactly(5) == expected
    again = await second.ask()
    assert (cache_status(again), again.body) == ("HIT", b"first-then-last")
    rows = await gateway.rows(3)
    assert sorted(row.outcome for row in rows) == ["abandoned", "complete", "complete"]
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
async def test_all_leave_in_the_middle(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, order: tuple[int, ...]
) -> None:
    upstream.will(sse(b"data: 1\n\n", asyncio.Event()))
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url))
    budget = gateway.parts.pipeline._budget
    free = budget.free
    asking = await callers(gateway, connect, 3)
    for one in asking:
        await one.send()
        await one.client.head()
    for left, number in zip((2, 1, 0), order, strict=True):
        assert upstream.is_open(0)
        await gone(gateway, asking[number].client, left)
    await upstream.left(0)
    await gateway.settled()
    answer = await (await caller(gateway, connect)).ask()
    assert (cache_status(answer), answer.json()) == ("MISS", {"number": 2})
    await gateway.settled()
    assert budget.free == free


async def test_the_gateway_stops_under_a_shared_call(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(sse(b"data: 1\n\n", asyncio.Event()))
    gateway = await open_gateway(caching(upstream.url))
    asking = await callers(gateway, connect, 3)
    for one in asking:
        await one.send()
        await one.client.head()
    await gateway.stop()
    await upstream.left(0)
    assert not gateway.state.tasks


# -- slow clients


async def test_a_slow_client_does_not_hold_up_a_fast_one(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    pieces = [PIECE] * 80
    upstream.will(chunked(*pieces))
    gateway = await open_gateway(openai(upstream.url, SHORT_LOG))
    slow = Caller(await connect(gateway.url, receive_buffer=4096))
    await slow.send(TTL)
    await slow.client.head()
    fast = await caller(gateway, connect)
    answer = await fast.ask(TTL)
    assert cache_status(answer) == "HIT"
    assert answer.body == b"".join(pieces)
    body = b""
    while data := await slow.client.chunk():
        body += data
    assert body == b"".join(pieces)
    assert len(upstream.requests) == 1
    rows = await gateway.rows(2)
    assert {row.outcome for row in rows} == {"complete"}


async def test_who_joined_slowly_does_not_hold_up_the_first(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(chunked(b"go", gate, *[PIECE] * MANY))
    gateway = await open_gateway(openai(upstream.url, SHORT_LOG))
    fast = await caller(gateway, connect)
    await fast.send(TTL)
    await fast.client.head()
    slow = Caller(await connect(gateway.url, receive_buffer=4096))
    await slow.send(TTL)
    await slow.client.head()
    gate.set()
    assert await fast.client.chunk() == b"go"
    while await fast.client.chunk():
        pass
    await gone(gateway, slow.client, 1)
    again = await fast.ask(TTL)
    assert (cache_status(again), again.body == b"go" + PIECE * MANY) == ("HIT", True)


async def test_a_lone_slow_client_pauses_the_provider(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Though the answer is to be kept, no more of it is taken than somebody reads."""
    total = len(PIECE) * MANY
    upstream.will(sized(total, *[PIECE] * MANY))
    gateway = await open_gateway(openai(upstream.url, SHORT_LOG))
    slow = Caller(await connect(gateway.url, receive_buffer=4096))
    await slow.send(TTL)
    await slow.client.head()
    sent = await gateway.stands_still(lambda: upstream.sent)
    assert sent < total
    assert await slow.client.exactly(total) == PIECE * MANY
    again = await (await caller(gateway, connect)).ask(TTL)
    assert (cache_status(again), len(again.body)) == ("HIT", total)


async def test_the_provider_goes_on_when_the_only_reader_joins(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The slow first one leaves meanwhile."""
    total = len(PIECE) * MANY
    upstream.will(sized(total, *[PIECE] * MANY))
    gateway = await open_gateway(openai(upstream.url, SHORT_LOG))
    slow = Caller(await connect(gateway.url, receive_buffer=4096))
    await slow.send(TTL)
    await slow.client.head()
    assert await gateway.stands_still(lambda: upstream.sent) < total
    fast = await caller(gateway, connect)
    await fast.send(TTL)
    await fast.client.head()
    assert await fast.client.exactly(100_000) == (PIECE * 2)[:100_000]
    slow.client.leave()
    rest = await fast.client.exactly(total - 100_000)
    assert rest == (PIECE * MANY)[100_000:]


# -- more than is kept


@pytest.mark.parametrize("capture", [0, 1_000_000])
async def test_more_than_is_kept_reaches_all_who_had_joined(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, capture: int
) -> None:
    """Who comes too late for its beginning makes a call of its own."""
    limits = f"[server.limits]\nmax_capture_bytes = {capture}\nmax_logged_body_bytes = 0\n"
    gates = asyncio.Event(), asyncio.Event()
    body = PIECE * 64
    upstream.will(chunked(b"start", gates[0], *[PIECE] * 64, gates[1], b"end"), whole(b"own"))
    gateway = await open_gateway(openai(upstream.url, limits))
    first, second, late = await callers(gateway, connect, 3)
    for one in (first, second):
        await one.send(TTL)
        await one.client.head()
        assert await one.client.chunk() == b"start"
    gates[0].set()
    for one in (first, second):
        had = b""
        while len(had) < len(body):
            had += await one.client.chunk()
        assert had == body
    await late.send(TTL)
    answer = await late.client.answer()
    assert (cache_status(answer), answer.body) == ("MISS", b"own")
    gates[1].set()
    for one in (first, second):
        assert await one.client.chunk() == b"end"
        assert await one.client.chunk() == b""
    assert len(upstream.requests) == 2
    rows = await gateway.rows(3)
    assert {row.outcome for row in rows} == {"complete"}
    check_ids(answer)


async def test_the_slowest_sets_the_pace_of_what_is_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Nothing of it may pile up: who does not read holds the others, until it leaves."""
    limits = "[server.limits]\nmax_capture_bytes = 0\nmax_logged_body_bytes = 0\n"
    gate = asyncio.Event()
    total = 5 + len(PIECE) * MANY
    upstream.will(sized(total, b"start", gate, *[PIECE] * MANY))
    gateway = await open_gateway(openai(upstream.url, limits))
    fast, slow = await caller(gateway, connect), Caller(await connect(gateway.url, receive_buffer=4096))
    for one in (fast, slow):
        await one.send(TTL, body=QUESTION)
        await one.client.head()
        assert await one.client.exactly(5) == b"start"
    gate.set()
    assert await fast.client.exactly(len(PIECE)) == PIECE
    assert await gateway.stands_still(lambda: upstream.sent) < total
    slow.client.leave()
    assert await fast.client.exactly(total - 5 - len(PIECE)) == PIECE * (MANY - 1)
