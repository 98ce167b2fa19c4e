"""One request that asks for many calls: there are so many of them, so much waiting, and a clear end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from support.access import ACCOUNT, UNIVERSAL, Access, from_here, take_up
from support.checks import check_error
from support.client import Answer
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import Act, raw, silence, whole
from support.upstream import Upstream

MOST = 100
PATIENT = "[breaker]\nconnect_failures = 0\nerror_share = 0\n"


async def ask(gateway: InProcess, connect: Connect, count: int, **config: object) -> Answer:
    step = {
        "provider": "openai",
        "endpoint": "chat/completions",
        "headers": {},
        "query": {},
        "config": config,
    }
    return await (await connect(gateway.url)).ask("POST", UNIVERSAL, body=json.dumps([step] * count).encode())


def spent(answer: Answer) -> None:
    text = check_error(answer, 429, 9429, "Too many calls for one request")
    assert "100 times" in text


@pytest.mark.parametrize("reply", [whole(b"", 503), raw(Act.RESET)])
@pytest.mark.parametrize(
    ("count", "attempts", "step"), [(300, 5, 20), (300, 3, 34), (300, 1, 100), (1000, 5, 20)]
)
async def test_one_request_is_sent_a_hundred_times_at_most(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    reply: object,
    count: int,
    attempts: int,
    step: int,
) -> None:
    """The step after that is refused, and none follows it."""
    upstream.otherwise = lambda seen: reply  # type: ignore[assignment,return-value]
    gateway = await open_gateway(openai(upstream.url, PATIENT))
    answer = await ask(gateway, connect, count, maxAttempts=attempts, retryDelay=0)
    spent(answer)
    assert answer.header("cf-aig-step") == str(step)
    assert len(upstream.requests) == MOST
    rows = await gateway.rows(step + 1)
    assert sum(row.attempts for row in rows) == MOST
    last = rows[-1]
    assert (last.status_code, last.error_code, last.attempts, last.outcome) == (429, 9429, 0, "refused")


async def test_the_last_step_of_all_gives_what_there_is(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.otherwise = lambda seen: whole(b"down", 503)
    gateway = await open_gateway(openai(upstream.url, PATIENT))
    answer = await ask(gateway, connect, 20, maxAttempts=5, retryDelay=0)
    assert (answer.status, answer.body) == (503, b"down")
    assert len(upstream.requests) == MOST


async def test_an_attempt_too_many_is_not_made_within_a_step(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """34 steps of three: the last one has one, and gives what that brought."""
    upstream.otherwise = lambda seen: whole(b"down", 503)
    gateway = await open_gateway(openai(upstream.url, PATIENT))
    answer = await ask(gateway, connect, 34, maxAttempts=3, retryDelay=0)
    assert (answer.status, answer.body, len(upstream.requests)) == (503, b"down", MOST)


async def test_steps_that_are_not_sent_do_not_count(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url, PATIENT))
    step = {"provider": "nobody", "endpoint": "x", "headers": {}, "query": {}}
    body = json.dumps([step] * 300 + [{**step, "provider": "openai"}]).encode()
    answer = await (await connect(gateway.url)).ask("POST", UNIVERSAL, body=body)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "300")


@pytest.mark.parametrize("backoff", ["constant", "exponential"])
async def test_one_request_waits_ten_minutes_at_most(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, backoff: str
) -> None:
    """Where that is over, each step is tried once and gives way to the next at once."""
    upstream.otherwise = lambda seen: whole(b"down", 503)
    gateway = await open_gateway(openai(upstream.url, PATIENT))
    answer = await ask(gateway, connect, 40, maxAttempts=5, retryDelay=60_000, backoff=backoff)
    assert (answer.status, answer.body) == (503, b"down")
    assert 540 < sum(gateway.clock.slept) <= 600
    rows = await gateway.rows(40)
    assert [row.attempts for row in rows][:2] == [5, 5]
    assert {row.attempts for row in rows[3:]} == {1}


async def test_a_lone_call_waits_as_long_as_it_asked(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.otherwise = lambda seen: whole(b"down", 503)
    gateway = await open_gateway(openai(upstream.url, PATIENT))
    await ask(gateway, connect, 1, maxAttempts=5, retryDelay=60_000)
    assert len(upstream.requests) == 5


async def test_the_time_limits_of_many_steps(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """What is timed out was sent, and counts."""
    upstream.otherwise = lambda seen: silence()
    gateway = await open_gateway(openai(upstream.url, PATIENT))
    spent(await ask(gateway, connect, 101, requestTimeout=1, retryDelay=0))
    assert len(upstream.requests) <= MOST


async def test_keys_that_are_replaced_count_as_well(
    tmp_path: Path, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Of 60 stored keys, each of which may be refused for each of five attempts."""
    access = Access(tmp_path / "gateway-0" / "data")
    for number in range(60):
        access.key("openai", f"sk-vendor-{number}-0123456789abcdef", hosts=("127.0.0.1",))
    upstream.otherwise = lambda seen: whole(b"no", 429, (("retry-after", "0"),))
    gateway = await open_gateway(gateways(gw={}) + providers({"openai": upstream.url}) + PATIENT)
    take_up(gateway)
    step = {"provider": "openai", "endpoint": "x", "headers": {}, "query": {}, "config": {"maxAttempts": 5}}
    body = json.dumps([step] * 10).encode()
    answer = await from_here(connect, gateway.url, f"/v1/{ACCOUNT}/gw", body=body)
    spent(answer)
    assert len(upstream.requests) == MOST
