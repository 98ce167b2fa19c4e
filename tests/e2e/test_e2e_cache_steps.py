"""The cache on the unified and the universal endpoint, beside retries (Cloudflare 1.4, 1.7, 2.3, 3.2)."""

from __future__ import annotations

import asyncio
import json

import pytest
from recall_kit import CHAT, JSON, QUESTION, TTL, cache_status, caching, caller, numbering

from conftest import Connect, OpenGateway
from support.client import Header
from support.configuration import gateways, providers
from support.replies import Act, head, raw, whole
from support.upstream import Upstream

COMPAT = "/v1/acct/gw/compat/chat/completions"
UNIVERSAL = "/v1/acct/gw"


async def test_compat_calls_are_cached(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    text = gateways(gw={"cache_ttl": 60}) + providers({"openai": upstream.url, "groq": upstream.url})
    gateway = await open_gateway(text)
    client = await caller(gateway, connect)
    for model, numbers in (("openai/gpt-5", [1, 1]), ("groq/gpt-5", [2, 2]), ("openai/gpt-6", [3, 3])):
        body = QUESTION.replace(b"gpt-5", model.encode())
        assert [(await client.ask(path=COMPAT, body=body)).json()["number"] for _ in range(2)] == numbers
    rows = await gateway.rows(6)
    assert [row.cached for row in rows] == [False, True] * 3
    assert all(row.compatibilityMode for row in rows)
    assert [row.provider for row in rows[:4]] == ["openai", "openai", "groq", "groq"]


def _step(provider: str = "openai", **headers: str) -> dict[str, object]:
    return {
        "provider": provider,
        "endpoint": "chat/completions",
        "headers": {"authorization": "Bearer sk-1", **headers},
        "query": {"model": "m"},
    }


async def test_universal_steps_are_cached_each(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"down", 503), whole(b"good", headers=JSON), whole(b"down", 503))
    gateway = await open_gateway(
        gateways(gw={"cache_ttl": 60}) + providers({"openai": upstream.url, "groq": upstream.url})
    )
    client = await caller(gateway, connect)
    body = json.dumps([_step(), _step("groq")]).encode()
    answers = [await client.ask(path=UNIVERSAL, body=body) for _ in range(2)]
    assert [cache_status(answer) for answer in answers] == ["MISS", "HIT"]
    assert [answer.body for answer in answers] == [b"good", b"good"]
    assert [answer.header("cf-aig-step") for answer in answers] == ["1", "1"]
    rows = await gateway.rows(4)
    assert [(row.step, row.cached, row.status_code) for row in rows] == [
        (0, False, 503),
        (1, False, 200),
        (0, False, 503),
        (1, True, 200),
    ]


@pytest.mark.parametrize(
    ("asked", "of_step", "expected"),
    [
        ((), {"cf-aig-cache-ttl": "0"}, [None, None]),
        ((TTL,), {"cf-aig-cache-ttl": "0"}, [None, None]),
        ((), {"cf-aig-skip-cache": "true"}, [None, None]),
        ((("cf-aig-cache-ttl", "0"),), {"cf-aig-cache-ttl": "60"}, ["MISS", "HIT"]),
        ((("cf-aig-skip-cache", "true"),), {"cf-aig-skip-cache": "false"}, ["MISS", "HIT"]),
        ((("cf-aig-skip-cache", "true"),), {}, [None, None]),
        ((), {"cf-aig-cache-key": "k"}, ["MISS", "HIT"]),
        ((), {}, ["MISS", "HIT"]),
    ],
)
async def test_a_step_has_the_last_word(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    asked: tuple[Header, ...],
    of_step: dict[str, str],
    expected: list[str | None],
) -> None:
    """Cloudflare 2.3: the step's headers go before the request's, and these before the gateway's setting."""
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    body = json.dumps([_step(**of_step)]).encode()
    found = [cache_status(await client.ask(*asked, path=UNIVERSAL, body=body)) for _ in range(2)]
    assert found == expected
    assert len(upstream.requests) == (1 if "HIT" in expected else 2)


async def test_a_failed_step_is_not_heard_out_for_ever(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Its body never ends; the next step does not wait for that."""
    never = (("content-length", "100"), *JSON)
    upstream.will(raw(head(500, never), b"some", asyncio.Event()), whole(b"good"))
    text = gateways(gw={"cache_ttl": 60}) + providers({"openai": upstream.url, "groq": upstream.url})
    client = await caller(await open_gateway(text), connect)
    answer = await client.ask(path=UNIVERSAL, body=json.dumps([_step(), _step("groq")]).encode())
    assert (answer.status, answer.body, answer.header("cf-aig-step")) == (200, b"good", "1")


async def test_what_came_after_a_retry_is_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"down", 503), raw(Act.CLOSE), whole(b"good"))
    gateway = await open_gateway(caching(upstream.url, retry_max_attempts=3))
    client = await caller(gateway, connect)
    answers = [await client.ask() for _ in range(2)]
    assert [(cache_status(answer), answer.body) for answer in answers] == [
        ("MISS", b"good"),
        ("HIT", b"good"),
    ]
    assert [row.attempts for row in await gateway.rows(2)] == [3, 0]


async def test_a_step_and_a_call_of_its_own_share_an_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    body = json.dumps([_step()], separators=(",", ":")).encode()
    assert cache_status(await client.ask(path=UNIVERSAL, body=body)) == "MISS"
    assert cache_status(await client.ask(body=b'{"model":"m"}')) == "HIT"
    assert cache_status(await client.ask(body=b'{"model":"m"}', path=CHAT, key="sk-2")) == "MISS"
