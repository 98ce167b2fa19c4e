"""Answers given again across worker processes, restarts and `kill -9`: real processes, real connections."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from recall_kit import Caller, cache_status

from conftest import Connect, Serve
from support.client import Answer
from support.configuration import openai
from support.gateway import Gateway
from support.replies import Reply, sse, whole
from support.upstream import Upstream

KEY = ("Idempotency-Key", "order-1")
TTL = ("cf-aig-cache-ttl", "3600")
CONNECTIONS = 24  # so many that both workers have some
MEBIBYTE = bytes(range(256)) * 4096


async def _callers(gateway: Gateway, connect: Connect, count: int = CONNECTIONS) -> list[Caller]:
    return [Caller(await connect(gateway.url)) for _ in range(count)]


async def _answers(asking: Sequence[Caller]) -> list[Answer]:
    return list(await asyncio.gather(*(one.client.answer() for one in asking)))


def _replayed(answers: Sequence[Answer]) -> int:
    return sum(answer.header("idempotent-replayed") == "true" for answer in answers)


async def test_two_workers_ask_once(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    """Under an `Idempotency-Key`, and for the cache: whichever worker a connection belongs to."""
    gates = [asyncio.Event() for _ in range(2)]
    upstream.will(
        Reply((gates[0], *whole(b"done once", 201).steps)),
        Reply((gates[1], *sse(b"data: 1\n\n", b"data: [DONE]\n\n").steps)),
    )
    gateway = await serve(openai(upstream.url), "--workers", "2")
    asking = await _callers(gateway, connect)
    for gate, header, body in zip(
        gates, (KEY, TTL), (b"done once", b"data: 1\n\ndata: [DONE]\n\n"), strict=True
    ):
        before = len(upstream.requests)
        for one in asking:
            await one.send(header)
        await upstream.request(before + 1)
        gate.set()
        answers = await _answers(asking)
        assert {answer.body for answer in answers} == {body}
        assert len(upstream.requests) == before + 1
        if header is KEY:
            assert {answer.status for answer in answers} == {201}
            assert _replayed(answers) == CONNECTIONS - 1
        else:
            assert sorted(str(cache_status(answer)) for answer in answers) == ["HIT"] * 23 + ["MISS"]
    refused = await asking[0].ask(KEY, body=b"other")
    assert refused.status == 409
    rows = await gateway.logs(2 * CONNECTIONS + 1)
    assert sum(row.attempts for row in rows) == 2
    assert sum(row.cached for row in rows) == 2 * CONNECTIONS - 2
    await gateway.stop()


async def test_answers_outlive_processes(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    """First the gateway is killed, then it is stopped; what callers had once they get again."""
    upstream.will(whole(MEBIBYTE), whole(b"cached"))
    text = openai(upstream.url)
    gateway = await serve(text)
    (client,) = await _callers(gateway, connect, 1)
    assert (await client.ask(KEY)).body == MEBIBYTE
    assert cache_status(await client.ask(TTL)) == "MISS"
    assert cache_status(await client.ask(TTL)) == "HIT"  # a turn later
    await gateway.kill_group()
    for _ in range(2):
        gateway = await serve(text)
        (client,) = await _callers(gateway, connect, 1)
        again, hit = await client.ask(KEY), await client.ask(TTL)
        assert (_replayed([again]), again.body == MEBIBYTE) == (1, True)
        assert (cache_status(hit), hit.body) == ("HIT", b"cached")
        assert (await client.ask(KEY, body=b"other")).status == 409
        await gateway.stop()
    assert len(upstream.requests) == 2


async def test_a_worker_killed_in_the_middle_leaves_no_half_answer(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    """Its key is not taken for used: who asks again waits for its lease to end, and another key need not wait."""
    upstream.will(sse(b"data: 1\n\n", asyncio.Event()), whole(b"later"))
    gateway = await serve(openai(upstream.url))
    (first,) = await _callers(gateway, connect, 1)
    await first.send(KEY, TTL)
    await first.client.head()
    assert await first.client.chunk() == b"data: 1\n\n"
    await gateway.kill_group()
    gateway = await serve(openai(upstream.url))
    second, third = await _callers(gateway, connect, 2)
    await second.send(KEY, TTL)
    answer = await third.ask(TTL)
    assert (cache_status(answer), answer.body) == ("MISS", b"later")
