"""Spend limits while calls are under way: nobody slips through, nothing stays set aside for ever (Cloudflare 3.8)."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest
from limit_kit import (
    CHAT,
    GPT,
    JSON,
    LONG,
    NANO,
    TASKS,
    answer,
    costs,
    let_pass,
    limited,
    metadata,
    new_key,
    per_token,
    reload,
    rule,
    spend_key,
    spending,
    spent,
    task_run,
    tokens,
    used,
)

from conftest import Connect, OpenGateway
from penstock.stores.control_store import SpendLimit
from penstock.stores.counters import Claim, Reservation, Window
from penstock.stores.lmdb.counters import LmdbCounters
from penstock.stores.lmdb.leases import ALIVE_US
from support.client import Header, request
from support.inprocess import InProcess
from support.replies import Reply, silence
from support.shared_stores import counting
from support.upstream import Upstream


@pytest.mark.parametrize(
    ("path", "body", "headers", "estimate"),
    [
        (CHAT, GPT, (costs(0.01),), 10_000_000),
        (TASKS, b'{"input":"x","processor":"core"}', (), 25_000_000),
        (
            CHAT,
            b'{"model":"m","max_tokens":1000}',  # 31 bytes, so eight tokens in
            (per_token(per_token_in=0.000001, per_token_out=0.000001),),
            1_008_000,
        ),
    ],
)
@pytest.mark.parametrize("room", [1, 7])
async def test_exactly_as_many_as_there_is_room_for(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    path: str,
    body: bytes,
    headers: tuple[Header, ...],
    estimate: int,
    room: int,
) -> None:
    """Thirty at once; while none of them has ended, only so many are let in."""
    gate = asyncio.Event()
    upstream.otherwise = lambda seen: Reply(
        (gate, *(task_run() if path == TASKS else answer(tokens(1, 0))).steps)
    )
    gateway = await open_gateway(limited(upstream.url, room * estimate / NANO))
    clients = [await connect(gateway.url) for _ in range(30)]
    for client in clients:
        await client.send(request("POST", path, JSON, *headers, body=body))
    answers = [asyncio.ensure_future(client.answer()) for client in clients]
    await upstream.request(room)
    await gateway.stands_still(lambda: sum(one.done() for one in answers))
    assert Counter(one.result().status for one in answers if one.done()) == {429: 30 - room}
    assert len(upstream.requests) == room
    assert spent(gateway) == room * estimate
    gate.set()
    counted = Counter(one.status for one in await asyncio.gather(*answers))
    await gateway.settled()
    assert counted == {429: 30 - room, 202 if path == TASKS else 200: room}
    true_cost = 1000 if estimate == 1_008_000 else estimate
    assert spent(gateway) == room * true_cost
    rows = await gateway.rows(30)
    assert round(sum(row.cost or 0 for row in rows) * NANO) == room * true_cost


async def test_a_guess_larger_than_what_is_left_is_let_in(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """An estimate alone does not turn a caller away while something is left; two of them at once do not both fit."""
    gate = asyncio.Event()
    upstream.will(Reply((gate, *answer(tokens(0, 100)).steps)))
    rates = per_token(per_token_in=0.000001, per_token_out=0.000001)
    gateway = await open_gateway(limited(upstream.url, 0.001))
    first, second = await connect(gateway.url), await connect(gateway.url)
    body = b'{"model":"m","max_tokens":9000}'
    await first.send(request("POST", CHAT, rates, body=body))
    await upstream.request(1)
    assert spent(gateway) == 1_000_000
    assert (await second.ask("POST", CHAT, rates, body=body)).status == 429
    gate.set()
    assert (await first.answer()).status == 200
    assert spent(gateway) == 100_000
    upstream.will(answer(tokens(0, 5000)))
    assert (await second.ask("POST", CHAT, rates, body=body)).status == 200
    assert spent(gateway) == 5_100_000  # overshot by one call, as the contract says
    assert (await second.ask("POST", CHAT, rates, body=body)).status == 429


async def test_a_known_price_larger_than_what_is_left_is_not(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(limited(upstream.url, 0.06))
    client = await connect(gateway.url)
    asked = []
    for processor in ("core", "core", "core", "base", "lite"):
        upstream.will(task_run(processor))
        body = json.dumps({"input": "x", "processor": processor}).encode()
        asked.append((await client.ask("POST", TASKS, JSON, body=body)).status)
        upstream._replies.clear()
    assert asked == [202, 202, 429, 202, 429]
    assert spent(gateway) == 60_000_000


async def test_all_counters_or_none(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """Users under one roof, at once: the roof and each user's own limit hold, and what is refused holds nothing."""
    gate = asyncio.Event()
    upstream.otherwise = lambda seen: Reply((gate, *answer(None).steps))
    rules = [
        rule(0.05, LONG, id="roof"),
        rule(0.02, LONG, id="each", metadata={"user": {"mode": "partition"}}),
    ]
    text = spending(upstream.url, *rules)
    gateway = await open_gateway(text)
    key, _ = new_key(gateway, spend=SpendLimit(0.01, LONG), metadata={"user": "keyed"})
    reload(gateway, text)
    callers: list[Header] = [("cf-aig-metadata", json.dumps({"user": user})) for user in "abc"] + [key]
    clients = [await connect(gateway.url) for _ in range(24)]
    for index, client in enumerate(clients):
        await client.send(request("POST", CHAT, callers[index % 4], costs(0.01), body=GPT))
    answers = [asyncio.ensure_future(client.answer()) for client in clients]
    await upstream.request(5)
    await gateway.stands_still(lambda: sum(one.done() for one in answers))
    own = {user: used(gateway, f"user={user}", name="each", window=LONG) for user in ("a", "b", "c", "keyed")}
    assert used(gateway, name="roof", window=LONG) == sum(own.values()) == 50_000_000
    assert max(own["a"], own["b"], own["c"]) <= 20_000_000
    assert own["keyed"] <= 10_000_000
    gate.set()
    counted = Counter(one.status for one in await asyncio.gather(*answers))
    assert counted == {200: 5, 429: 19}
    await gateway.settled()
    assert used(gateway, name="roof", window=LONG) == 50_000_000


async def test_a_failed_call_makes_room_at_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *answer(None, status=500).steps)), answer(None))
    gateway = await open_gateway(limited(upstream.url, 1))
    first, second = await connect(gateway.url), await connect(gateway.url)
    await first.send(request("POST", CHAT, costs(1), body=GPT))
    await upstream.request(1)
    assert (await second.ask("POST", CHAT, costs(1), body=GPT)).status == 429
    gate.set()
    assert (await first.answer()).status == 500
    assert (await second.ask("POST", CHAT, costs(1), body=GPT)).status == 200


async def test_a_rule_changed_meanwhile_is_settled_where_it_was_reserved(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *answer(None).steps)))
    gateway = await open_gateway(limited(upstream.url, 5))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, costs(1), body=GPT))
    await upstream.request(1)
    reload(gateway, spending(upstream.url, rule(5, LONG, id="other")))
    gate.set()
    assert (await client.answer()).status == 200
    await gateway.settled()
    assert (spent(gateway), used(gateway, name="other", window=LONG)) == (NANO, 0)


async def test_costs_count_in_the_window_in_which_a_call_ends(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Set aside in one window, settled in the next: nothing is lost, and nothing goes below zero."""
    gate = asyncio.Event()
    upstream.will(Reply((gate, *answer(tokens(0, 500)).steps)))
    rates = per_token(per_token_in=0.000001, per_token_out=0.000001)
    gateway = await open_gateway(spending(upstream.url, rule(1, 60, "fixed")))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, rates, body=b'{"model":"m","max_tokens":9000}'))
    await upstream.request(1)
    let_pass(gateway, 60)
    assert used(gateway, window=60) == 0
    gate.set()
    assert (await client.answer()).status == 200
    await gateway.settled()
    assert used(gateway, window=60) == 500_000


async def test_who_has_nothing_left_may_share_a_call_under_way(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """As with a hit: it costs nothing. An identical call that would be made for them is refused."""
    gate = asyncio.Event()
    each = rule(1, LONG, metadata={"user": {"mode": "partition"}})
    gateway = await open_gateway(spending(upstream.url, each, cache_ttl=300))
    client, sharing = await connect(gateway.url), await connect(gateway.url)
    poor, rich = metadata(user="poor"), metadata(user="rich")
    assert (await client.ask("POST", CHAT, poor, costs(1), body=b"{}")).status == 200
    assert (await client.ask("POST", CHAT, poor, costs(1), body=GPT)).status == 429
    upstream.will(Reply((gate, *answer(None).steps)))
    await client.send(request("POST", CHAT, rich, costs(1), body=GPT))
    await upstream.request(2)
    await sharing.send(request("POST", CHAT, poor, costs(1), body=GPT))
    await gateway.catch_up()
    gate.set()
    assert [(await one.answer()).status for one in (client, sharing)] == [200, 200]
    assert len(upstream.requests) == 2
    assert spent(gateway, "user=poor") == spent(gateway, "user=rich") == NANO


# -- workers that are no more


def dead_worker(gateway: InProcess, usd: float) -> tuple[LmdbCounters, Reservation]:
    """A worker that set something aside on the rule `r` and is not heard of again."""
    environment = counting(gateway)
    worker = LmdbCounters(environment, b"another worker")
    now = gateway.clock.now_us()
    claim = Claim(spend_key(), round(usd * NANO), 100 * NANO, Window(LONG, False))
    worker.beat(now)
    reservation = worker.reserve([claim], now)
    assert isinstance(reservation, Reservation)
    return worker, reservation


async def test_what_a_killed_worker_had_set_aside_comes_back(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(limited(upstream.url, 1))
    client = await connect(gateway.url)
    worker, reservation = dead_worker(gateway, 0.5)
    assert (await client.ask("POST", CHAT, costs(0.75), body=GPT)).status == 429
    gateway.clock.ahead += (ALIVE_US - 1_000_000) / 1e6
    gateway.sweep()
    assert (await client.ask("POST", CHAT, costs(0.75), body=GPT)).status == 429
    gateway.clock.ahead += 2
    gateway.sweep()
    assert spent(gateway) == 0
    assert (await client.ask("POST", CHAT, costs(0.75), body=GPT)).status == 200
    worker.settle(reservation, NANO, gateway.clock.now_us())  # it was only late
    assert spent(gateway) == 1_750_000_000
    worker.settle(reservation, NANO, gateway.clock.now_us())
    assert spent(gateway) == 1_750_000_000


async def test_a_living_worker_keeps_what_it_has_set_aside(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Also over a call that takes an hour."""
    upstream.will(silence())
    gateway = await open_gateway(
        limited(upstream.url, 1) + "[server.timeouts]\nfirst_byte = 86400\nidle = 86400\n"
    )
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, costs(1), body=GPT))
    await upstream.request(1)
    for _ in range(720):
        gateway.clock.ahead += 5
        gateway.parts.counters.beat(gateway.clock.now_us())
        gateway.parts.counters.reap(gateway.clock.now_us())
    assert spent(gateway) == NANO


async def test_without_counters_nothing_is_let_through(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(limited(upstream.url, 1))
    counting(gateway).close()
    answer = await (await connect(gateway.url)).ask("POST", CHAT, costs(1), body=GPT)
    assert (answer.status, answer.json()["internalCode"]) == (503, 9503)
    assert upstream.requests == []


async def test_an_answer_is_not_lost_when_its_cost_cannot_be_counted(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *answer(tokens(1, 1)).steps)))
    gateway = await open_gateway(limited(upstream.url, 1))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, costs(0.5), body=GPT))
    await upstream.request(1)
    counting(gateway).close()
    gate.set()
    assert (await client.answer()).status == 200
    assert (await gateway.row()).cost == 0.5
