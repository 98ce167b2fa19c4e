"""What the steps of a universal request send, and how long they may take (Cloudflare 1.7, 3.5, A15)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from conftest import Connect, OpenGateway
from support.checks import check_error
from support.client import Answer, Client, Header, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Reply, silence, whole
from support.upstream import Upstream

UNIVERSAL = "/v1/acct/gw"
FAILED = "Failed to get response from provider"
Step = dict[str, object]
Providers = dict[str, Upstream]


@pytest.fixture
async def two() -> AsyncIterator[Providers]:
    """A provider of its own for each of two slugs."""
    found = {slug: await Upstream.start() for slug in ("openai", "groq")}
    yield found
    for server in found.values():
        await server.close()


def configuration(two: Providers) -> str:
    return gateways() + providers({slug: server.url for slug, server in two.items()})


def step(provider: str, **fields: object) -> Step:
    return {"provider": provider, "endpoint": "chat/completions", "query": {"model": provider}, **fields}


async def ask(client: Client, steps: object, *headers: Header) -> Answer:
    return await client.ask("POST", UNIVERSAL, *headers, body=json.dumps(steps).encode())


async def rows(gateway: InProcess, count: int) -> list[tuple[str, int, int]]:
    """Provider, status and step of all rows."""
    return [(row.provider, row.status_code, row.step) for row in await gateway.rows(count)]


# -- what a step sends


async def test_query_goes_out_as_it_was_written(
    open_gateway: OpenGateway, two: Providers, connect: Connect
) -> None:
    query = '{ "b":1e2,\n\t"a" : "\\u00e4/\\/", "a":  [] , "big":123456789012345678901234567890}'
    body = '[{"provider":"openai","endpoint":"x","query": %s }, {}]'.replace(", {}", "") % query
    gateway = await open_gateway(configuration(two))
    client = await connect(gateway.url)
    assert (await client.ask("POST", UNIVERSAL, body=body.encode())).status == 200
    seen = await two["openai"].only()
    assert bytes(seen.body) == query.encode()
    assert seen.header("content-length") == str(len(query)).encode()
    assert seen.header("content-type") == b"application/json"
    assert seen.method == b"POST"
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies[0] == query.encode()


async def test_only_the_steps_own_headers_go_out(
    open_gateway: OpenGateway, two: Providers, connect: Connect
) -> None:
    two["openai"].will(whole(b"", 500))
    gateway = await open_gateway(configuration(two))
    own = {
        "Authorization": "Bearer step-1",
        "X-Step": "one",
        "X-Number": 7,
        "X-Flag": True,
        "Content-Type": "application/x-own",
        "cf-aig-metadata": '{"a":1}',
        "cf-aig-cache-ttl": "0",
        "Host": "evil.test",
        "Content-Length": "3",
        "Transfer-Encoding": "chunked",
        "Connection": "close",
        "Expect": "100-continue",
    }
    outer = (
        ("Authorization", "Bearer outer"),
        ("X-Outer", "1"),
        ("x-api-key", "outer"),
        ("Cookie", "c=1"),
        ("Accept-Encoding", "br"),
        ("Content-Type", "application/json"),
    )
    steps = [step("openai", headers=own), step("groq", authorization="Bearer step-2")]
    assert (await ask(await connect(gateway.url), steps, *outer)).status == 200
    first, second = await two["openai"].only(), await two["groq"].only()
    assert {name: value for name, value in first.headers if name != b"host"} == {
        b"authorization": b"Bearer step-1",
        b"x-step": b"one",
        b"x-number": b"7",
        b"x-flag": b"true",
        b"content-type": b"application/x-own",
        b"content-length": str(len(first.body)).encode(),
    }
    assert first.header("host") == two["openai"].url.removeprefix("http://").encode()
    assert set(second.names) == {b"host", b"authorization", b"content-type", b"content-length"}
    assert second.header("authorization") == b"Bearer step-2"
    assert [row.metadata for row in await gateway.rows(2)] == [{"a": 1}, {}]


# -- time limits


async def test_slow_step_is_given_up(open_gateway: OpenGateway, two: Providers, connect: Connect) -> None:
    """A15."""
    two["openai"].will(silence())
    gateway = await open_gateway(configuration(two))
    steps = [step("openai", config={"requestTimeout": 250}), step("groq")]
    answer = await ask(await connect(gateway.url), steps)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    await two["openai"].left(0)
    first, second = await gateway.rows(2)
    assert (first.status_code, first.error_code, first.outcome) == (504, 2005, "provider_broke")
    assert (second.status_code, second.outcome) == (200, "complete")


async def test_server_deadline_of_a_step(open_gateway: OpenGateway, two: Providers, connect: Connect) -> None:
    two["openai"].will(silence())
    gateway = await open_gateway(configuration(two))
    client = await connect(gateway.url)
    await client.send(request("POST", UNIVERSAL, body=json.dumps([step("openai"), step("groq")]).encode()))
    await two["openai"].request()
    gateway.advance(0)
    gateway.advance(901)
    answer = await client.answer()
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert await rows(gateway, 2) == [("openai", 504, 0), ("groq", 200, 1)]


@pytest.mark.parametrize(
    ("config", "open_steps"),
    [({"requestTimeout": 250, "maxAttempts": 2, "retryDelay": 0}, 3), ({"requestTimeout": 250}, 2)],
    ids=["attempts", "once"],
)
async def test_time_limit_of_all_attempts_while_another_step_follows(
    open_gateway: OpenGateway,
    two: Providers,
    connect: Connect,
    config: dict[str, int],
    open_steps: int,
) -> None:
    """Only the last attempt of the last step takes as long as it takes."""
    gate = asyncio.Event()
    two["openai"].otherwise = lambda seen: silence()
    two["groq"].will(silence(), Reply((gate, *whole(b"late").steps)))
    gateway = await open_gateway(configuration(two))
    client = await connect(gateway.url)
    steps = [
        step("openai", config=config),
        step("groq", config={**config, "maxAttempts": 2, "retryDelay": 0}),
    ]
    await client.send(request("POST", UNIVERSAL, body=json.dumps(steps).encode()))
    await two["groq"].request(2)
    check_error(
        await ask(await connect(gateway.url), [step("openai", config={"requestTimeout": 250})]),
        504,
        2005,
        FAILED,
    )
    gate.set()
    answer = await client.answer()
    assert (answer.status, answer.body, answer.header("cf-aig-step")) == (200, b"late", "1")
    assert len(two["openai"].requests) == open_steps
