"""Calls whose answer is there already, or under way: who shares it pays nothing, and it is charged once."""

from __future__ import annotations

import asyncio

import pytest
from limit_kit import (
    CHAT,
    GPT,
    JSON,
    TASKS,
    answer,
    limited,
    per_token,
    post,
    spent,
    stream,
    task_run,
    tokens,
)

from conftest import Connect, OpenGateway
from support.client import request
from support.replies import Reply
from support.upstream import Upstream

RATES = per_token(per_token_in=0.000001, per_token_out=0.000002)


async def test_a_hit_is_served_to_who_has_nothing_left(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(answer(tokens(1000, 100)))
    gateway = await open_gateway(limited(upstream.url, 0.001, cache_ttl=300))
    client = await connect(gateway.url)
    asked = [await client.ask("POST", CHAT, JSON, RATES, body=GPT) for _ in range(3)]
    assert [one.header("cf-aig-cache-status") for one in asked] == ["MISS", "HIT", "HIT"]
    assert asked[1].body == asked[0].body
    assert await post(client, CHAT, GPT, RATES, ("cf-aig-skip-cache", "true")) == 429
    assert await post(client, CHAT, b'{"model":"gpt-5"}', RATES) == 429
    assert spent(gateway) == 1_200_000
    assert [(row.cost, row.cached) for row in await gateway.rows(5)] == [
        (0.0012, False),
        (0.0, True),
        (0.0, True),
        (None, False),
        (None, False),
    ]


@pytest.mark.parametrize("reply", [answer(tokens(1000, 100)), stream(tokens(1000, 100))])
async def test_who_shares_a_call_pays_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *reply.steps)))
    gateway = await open_gateway(limited(upstream.url, cache_ttl=300))
    clients = [await connect(gateway.url) for _ in range(4)]
    for client in clients:
        await client.send(request("POST", CHAT, JSON, RATES, body=GPT))
        await upstream.request(1)
    await gateway.catch_up()
    gate.set()
    assert [(await client.answer()).status for client in clients] == [200] * 4
    await gateway.settled()
    assert spent(gateway) == 1_200_000
    assert sorted(row.cost or 0 for row in await gateway.rows(4)) == [0, 0, 0, 0.0012]
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_task_with_an_idempotency_key_is_charged_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, at_once: bool
) -> None:
    """Sent twice, after one another or at once, it is one task: on the counter and in the log."""
    gate = asyncio.Event()
    upstream.will(Reply((gate, *task_run().steps)))
    gateway = await open_gateway(limited(upstream.url))
    clients = [await connect(gateway.url) for _ in range(2)]
    sent = request("POST", TASKS, JSON, ("Idempotency-Key", "k1"), body=b'{"input":"x","processor":"core"}')
    if not at_once:
        gate.set()
    for client in clients:
        await client.send(sent)
        if not at_once:
            assert (await client.answer()).status == 202
    await upstream.request(1)
    await gateway.catch_up()
    gate.set()
    if at_once:
        assert [(await client.answer()).status for client in clients] == [202, 202]
    await gateway.settled()
    assert len(upstream.requests) == 1
    assert spent(gateway) == 25_000_000
    assert sum(row.cost or 0 for row in await gateway.rows(2)) == 0.025


async def test_a_shared_call_costs_what_it_costs_though_its_first_client_left(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The answer came whole and tells its usage: that is counted, and it is in the log."""
    gate = asyncio.Event()
    upstream.will(Reply((gate, *answer(tokens(1000, 100)).steps)))
    gateway = await open_gateway(limited(upstream.url, cache_ttl=300))
    first, second = await connect(gateway.url), await connect(gateway.url)
    sent = request("POST", CHAT, JSON, RATES, body=GPT)
    await first.send(sent)
    await upstream.request(1)
    await second.send(sent)
    await gateway.catch_up()
    first.leave()
    await gateway.catch_up()
    gate.set()
    assert (await second.answer()).status == 200
    await gateway.settled()
    assert spent(gateway) == 1_200_000
    assert sum(row.cost or 0 for row in await gateway.rows(2)) == 0.0012
