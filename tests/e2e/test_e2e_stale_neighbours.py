"""Pooled connections that the provider closes as soon as it is asked on them: no second attempt goes out on one."""

from __future__ import annotations

import asyncio

import pytest

from conftest import Connect, OpenGateway
from support.client import Header, request
from support.configuration import openai
from support.replies import Act, Reply, raw, whole
from support.upstream import Seen, Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
TWICE: tuple[Header, ...] = (("cf-aig-max-attempts", "2"), ("cf-aig-retry-delay", "1"))
POOLED = 6


@pytest.fixture
def stale(upstream: Upstream) -> Upstream:
    """Answers once on each connection."""
    seen_on: set[int] = set()

    def answer(seen: Seen) -> Reply:
        if seen.connection in seen_on:
            return raw(Act.CLOSE)
        seen_on.add(seen.connection)
        return whole(b"{}")

    upstream.otherwise = answer
    return upstream


async def pooled(open_gateway: OpenGateway, connect: Connect, upstream: Upstream) -> str:
    """A gateway with six idle connections."""
    gateway = await open_gateway(openai(upstream.url))
    gate, otherwise = asyncio.Event(), upstream.otherwise
    upstream.otherwise = lambda seen: Reply((gate, *otherwise(seen).steps))
    clients = [await connect(gateway.url) for _ in range(POOLED)]
    for number, client in enumerate(clients, 1):
        await client.send(request("POST", CHAT, body=b"{}"))
        await upstream.request(number)
    gate.set()
    assert [(await client.answer()).status for client in clients] == [200] * POOLED
    upstream.otherwise = otherwise
    return gateway.url


async def test_a_second_attempt(open_gateway: OpenGateway, connect: Connect, stale: Upstream) -> None:
    client = await connect(await pooled(open_gateway, connect, stale))
    assert [(await client.ask("POST", CHAT, *TWICE, body=b"{}")).status for _ in range(4)] == [200] * 4
    assert len(stale.requests) == POOLED + 2 * 4


async def test_a_second_attempt_while_others_give_back_what_is_stale(
    open_gateway: OpenGateway, connect: Connect, stale: Upstream
) -> None:
    """Several at once, all on stale connections."""
    url = await pooled(open_gateway, connect, stale)
    clients = [await connect(url) for _ in range(POOLED)]
    asking = [client.ask("POST", CHAT, *TWICE, body=b"{}") for client in clients]
    assert [answer.status for answer in await asyncio.gather(*asking)] == [200] * POOLED


async def test_a_second_attempt_after_an_answer(
    open_gateway: OpenGateway, connect: Connect, stale: Upstream
) -> None:
    """What was answered with an error is not repeated on a connection that is older than the error."""
    client = await connect(await pooled(open_gateway, connect, stale))
    stale.will(whole(b"{}", 503, (("connection", "close"),)))
    assert (await client.ask("POST", CHAT, *TWICE, body=b"{}")).status == 200


async def test_the_next_call_does_not_find_the_neighbours_of_a_stale_one(
    open_gateway: OpenGateway, connect: Connect, stale: Upstream
) -> None:
    """A lone POST is not sent twice; the one that follows it finds out nothing anew."""
    client = await connect(await pooled(open_gateway, connect, stale))
    assert [(await client.ask("POST", CHAT, body=b"{}")).status for _ in range(3)] == [502, 200, 502]
    assert len(stale.requests) == POOLED + 3


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_may_be_repeated_is(
    open_gateway: OpenGateway, connect: Connect, stale: Upstream, method: str
) -> None:
    client = await connect(await pooled(open_gateway, connect, stale))
    assert [(await client.ask(method, CHAT)).status for _ in range(3)] == [200] * 3
