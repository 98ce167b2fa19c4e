"""Rate limits with real worker processes: exactly the limit under load, over restarts and killed workers."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter

import pytest
from limit_kit import CHAT, GPT, rated

from conftest import Connect, Serve
from support.checks import check_error
from support.client import Broken, Client, request
from support.gateway import Gateway
from support.replies import Reply, whole
from support.upstream import Seen, Upstream
from support.waiting import eventually

YEARS = 100_000_000  # seconds: no test sees such a window end
LIMIT = 200
CALLERS = 500
WORKERS = 8
LOST = -1


async def callers(gateway: Gateway, connect: Connect, count: int) -> list[Client]:
    return [await connect(gateway.url) for _ in range(count)]


async def answered(client: Client) -> int:
    """The status of what comes; `LOST` when the connection breaks."""
    try:
        return (await client.answer()).status
    except Broken:
        return LOST


async def one_status(client: Client) -> int:
    try:
        await client.send(request("POST", CHAT, body=GPT))
    except ConnectionError:
        return LOST
    return await answered(client)


@pytest.mark.parametrize("technique", ["fixed", "sliding"])
async def test_exactly_the_limit_is_let_in(
    serve: Serve, upstream: Upstream, connect: Connect, technique: str
) -> None:
    gateway = await serve(rated(upstream.url, LIMIT, YEARS, technique), "--workers", str(WORKERS))
    await gateway.workers(WORKERS)
    clients = await callers(gateway, connect, CALLERS)
    counted = Counter(await asyncio.gather(*map(one_status, clients)))
    assert counted == {200: LIMIT, 429: CALLERS - LIMIT}, gateway.stderr
    assert len(upstream.requests) == LIMIT
    # Every worker knows that nothing is left, by whatever connection it is asked.
    again = Counter(await asyncio.gather(*map(one_status, clients[:50])))
    assert again == {429: 50}
    rows = await gateway.logs(CALLERS + 50)
    assert Counter(row.status_code for row in rows) == {200: LIMIT, 429: CALLERS + 50 - LIMIT}


@pytest.mark.parametrize("technique", ["fixed", "sliding"])
async def test_a_killed_worker_does_not_change_the_limit(
    serve: Serve, upstream: Upstream, connect: Connect, technique: str
) -> None:
    """Killed while calls are under way: the others go on, and no more than the limit is let in, lost calls included."""
    gateway = await serve(rated(upstream.url, LIMIT, YEARS, technique), "--workers", "4")
    victim = (await gateway.workers(4))[0]
    killed = False

    def answer(seen: Seen) -> Reply:
        nonlocal killed
        if len(upstream.requests) >= 50 and not killed:
            killed = True
            os.kill(victim, signal.SIGKILL)
        return whole(b"{}")

    upstream.otherwise = answer
    clients = await callers(gateway, connect, 300)
    counted = Counter(await asyncio.gather(*map(one_status, clients)))
    assert killed
    assert set(counted) <= {200, 429, LOST}
    for client in await callers(gateway, connect, 100):
        counted[await one_status(client)] += 1
    lost = counted[LOST]
    assert LIMIT - lost <= counted[200] <= LIMIT
    assert len(upstream.requests) <= LIMIT
    assert counted[429] > 0
    await gateway.workers(4)
    last = await (await connect(gateway.url)).ask("POST", CHAT, body=GPT)
    check_error(last, 429, 2003, "Rate limited")


@pytest.mark.parametrize("technique", ["fixed", "sliding"])
async def test_what_was_counted_outlives_the_gateway(
    serve: Serve, upstream: Upstream, connect: Connect, technique: str
) -> None:
    text = rated(upstream.url, 3, YEARS, technique)
    first = await serve(text)
    client = await connect(first.url)
    assert [await one_status(client) for _ in range(2)] == [200, 200]
    await first.stop()
    second = await serve(text)
    client = await connect(second.url)
    assert await one_status(client) == 200
    await second.kill_group()
    third = await serve(text)
    client = await connect(third.url)
    assert await one_status(client) == 429


async def test_a_reloaded_limit_holds_in_every_worker(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(rated(upstream.url, 5, YEARS, "sliding"), "--workers", "2")
    client = await connect(gateway.url)
    assert [await one_status(client) for _ in range(6)] == [200] * 5 + [429]
    gateway.configure(rated(upstream.url, 9, YEARS, "sliding"))
    await both_reloaded(gateway)
    counted = Counter([await one_status(one) for one in await callers(gateway, connect, 20)])
    assert counted == {200: 4, 429: 16}


async def both_reloaded(gateway: Gateway) -> None:
    """Waits until each of two workers has said so."""
    said = "the configuration was reloaded"
    await eventually(lambda: True if gateway.stderr.count(said) > 1 else None, "two reloads")
