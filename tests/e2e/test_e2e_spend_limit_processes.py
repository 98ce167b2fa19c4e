"""Spend limits with real worker processes: exact between them, over restarts, and with killed workers."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from pathlib import Path

from limit_kit import CHAT, GPT, NANO, SECOND, answer, costs, rule, spend_key, spending

from conftest import Connect, Serve
from penstock.stores.counters import Window
from penstock.stores.lmdb import counters as lmdb_counters
from penstock.stores.lmdb.counters import DATABASES, LmdbCounters
from penstock.stores.lmdb.environment import open_environment
from support.checks import check_error
from support.client import Broken, Client, request
from support.replies import Reply
from support.upstream import Upstream
from support.waiting import eventually

WINDOW = 100_000_000
PRICE = 10_000_000
LOST = -1
REFUSED = "Spend limit exceeded: rule 'r' (cost limit {} per 100000000s, fixed) for openai gpt-5"


def text(url: str, room: int) -> str:
    """A limit with room for so many calls of 0.01 USD."""
    return spending(url, rule(room * PRICE / NANO, WINDOW))


async def answered(client: Client) -> int:
    try:
        return (await client.answer()).status
    except Broken:
        return LOST


async def held_calls(
    url: str, connect: Connect, upstream: Upstream, gate: asyncio.Event, count: int
) -> list[asyncio.Task[int]]:
    """So many calls at once, whose answers wait for the gate."""
    upstream.otherwise = lambda seen: Reply((gate, *answer(None).steps))
    clients = [await connect(url) for _ in range(count)]
    await asyncio.gather(
        *(client.send(request("POST", CHAT, costs(PRICE / NANO), body=GPT)) for client in clients)
    )
    return [asyncio.ensure_future(answered(client)) for client in clients]


def used(data: Path, *, reaped: bool = False) -> int:
    """What is on the counter; `reaped`: after the leases of all who are not heard of for eleven seconds."""
    now_us = time.time_ns() // 1000
    with open_environment(data / lmdb_counters.FOLDER, lmdb_counters.MAP_BYTES, DATABASES) as environment:
        counters = LmdbCounters(environment, b"the test")
        if reaped:
            counters.reap(now_us + 11 * SECOND)
        return counters.used(spend_key(), Window(WINDOW, False), now_us)


async def one_call(url: str, connect: Connect) -> int:
    client = await connect(url)
    return (await client.ask("POST", CHAT, costs(PRICE / NANO), body=GPT)).status


async def test_exactly_as_many_as_there_is_room_for(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    """Eight workers, three hundred callers, room for sixty; and no more after a restart."""
    gateway = await serve(text(upstream.url, 60), "--workers", "8")
    await gateway.workers(8)
    gate = asyncio.Event()
    calls = await held_calls(gateway.url, connect, upstream, gate, 300)
    await eventually(lambda: True if sum(call.done() for call in calls) >= 240 else None, "240 refusals")
    await upstream.request(60)
    assert used(gateway.data) == 60 * PRICE
    gate.set()
    assert Counter(await asyncio.gather(*calls)) == {200: 60, 429: 240}
    assert len(upstream.requests) == 60
    await gateway.stop()
    assert used(gateway.data) == 60 * PRICE
    again = await serve(text(upstream.url, 60))
    client = await connect(again.url)
    refused = await client.ask("POST", CHAT, costs(PRICE / NANO), body=GPT)
    check_error(refused, 429, 2045, REFUSED.format("0.6"))
    rows = await again.logs(301)
    assert round(sum(row.cost or 0 for row in rows) * NANO) == 60 * PRICE


async def test_what_a_killed_worker_held_comes_back(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    """After its lease; those of the others are counted when they end."""
    gateway = await serve(text(upstream.url, 20), "--workers", "2")
    victim = (await gateway.workers(2))[0]
    gate = asyncio.Event()
    calls = await held_calls(gateway.url, connect, upstream, gate, 20)
    await upstream.request(20)
    os.kill(victim, signal.SIGKILL)
    await gateway.workers(2)
    assert used(gateway.data) == 20 * PRICE
    assert await one_call(gateway.url, connect) == 429
    assert used(gateway.data, reaped=True) == 0
    gate.set()
    counted = Counter(await asyncio.gather(*calls))
    assert set(counted) <= {200, LOST}
    assert sum(counted.values()) == 20
    rows = await gateway.logs(1 + counted[200])
    assert sum(row.status_code == 200 for row in rows) == counted[200]
    assert used(gateway.data) == counted[200] * PRICE
    if counted[LOST]:
        assert await one_call(gateway.url, connect) == 200
