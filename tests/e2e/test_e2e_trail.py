"""What a call's trail tells afterwards: what policies did, what was tried, and when (shown by `penstock explain`)."""

from __future__ import annotations

import json

import pytest
from limit_kit import CHAT, GPT, JSON, configuration, costs, limited, rated

from conftest import Connect, OpenGateway
from support.canned import chat_reply
from support.client import Header
from support.configuration import openai as one_provider
from support.replies import whole
from support.upstream import Upstream

TRACEPARENT: Header = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


async def test_a_plain_call_has_none(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """Nothing was asked of policies, so nothing is remembered, and nothing paid for."""
    upstream.will(whole(b"fine"))
    gateway = await open_gateway(one_provider(upstream.url))
    client = await connect(gateway.url)
    await client.ask("POST", CHAT, TRACEPARENT, body=GPT)
    (call,) = await gateway.calls(1)
    assert call.trail == ()
    assert "traceparent" not in call.controls


async def test_attempts_are_told_with_their_times(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Each attempt, how it ended, and the pauses between."""
    upstream.will(whole(b"down", 503), whole(b"fine"))
    gateway = await open_gateway(one_provider(upstream.url))
    client = await connect(gateway.url)
    retries = (("cf-aig-max-attempts", "2"), ("cf-aig-retry-delay", "100"))
    assert (await client.ask("POST", CHAT, *retries, body=GPT)).status == 200
    (call,) = await gateway.calls(1)
    assert [event.what for event in call.trail] == ["attempt", "answer", "wait", "attempt", "answer"]
    details = [event.detail for event in call.trail]
    assert details[0] == f"1 {upstream.url}"
    assert details[1] == "503"
    assert details[2].endswith(" ms")
    assert details[3:] == [f"2 {upstream.url}", "200"]
    offsets = [event.offset_us for event in call.trail]
    assert offsets == sorted(offsets)
    assert offsets[3] - offsets[2] == pytest.approx(100_000, rel=0.11)


async def test_miss_and_hit(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """The cache's verdict of each call."""
    upstream.will(chat_reply())
    gateway = await open_gateway(configuration({"openai": upstream.url}, {"cache_ttl": 60}))
    client = await connect(gateway.url)
    for _ in range(2):
        assert (await client.ask("POST", CHAT, JSON, body=GPT)).status == 200
    first, second = await gateway.calls(2)
    assert [event.what for event in first.trail] == ["cache", "attempt", "answer"]
    assert first.trail[0].detail == "MISS"
    assert [(event.what, event.detail) for event in second.trail] == [("cache", "HIT")]


async def test_limits_say_what_is_left(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A rate limit's count, a spend limit's reservation."""
    upstream.will(whole(b"{}"), whole(b"{}"))
    gateway = await open_gateway(rated(upstream.url, 10, 60))
    client = await connect(gateway.url)
    await client.ask("POST", CHAT, body=GPT)
    (call,) = await gateway.calls(1)
    assert [(event.what, event.detail) for event in call.trail] == [("rate_limit", "gateway 9 of 10 left")]

    gateway = await open_gateway(limited(upstream.url))
    client = await connect(gateway.url)
    await client.ask("POST", CHAT, costs(0.25), body=GPT)
    (call,) = await gateway.calls(1)
    assert call.trail[0].what == "spend_limit"
    assert call.trail[0].detail == "0.250000000 USD set aside of r"


async def test_steps_have_their_own(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """The first step tells what the request as a whole went through, too."""
    upstream.will(whole(b"down", 503), whole(b"fine"))
    gateway = await open_gateway(rated(upstream.url, 10, 60))
    client = await connect(gateway.url)
    step = {"provider": "openai", "endpoint": "chat/completions", "headers": {}, "query": {"model": "m"}}
    body = json.dumps([step, step]).encode()
    assert (await client.ask("POST", "/v1/acct/gw", JSON, body=body)).status == 200
    first, second = await gateway.calls(2)
    assert [event.what for event in first.trail] == ["rate_limit", "attempt", "answer"]
    assert [event.what for event in second.trail] == ["attempt", "answer"]
    assert first.event_id == second.event_id


async def test_the_callers_trace_is_remembered_where_traces_are_exported(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """And only there; a caller's nonsense is cut."""
    upstream.will(whole(b"{}"), whole(b"{}"))
    otel = [{"url": "http://127.0.0.1:9/v1/traces", "headers": {}}]
    gateway = await open_gateway(configuration({"openai": upstream.url}, {"otel": otel}))
    client = await connect(gateway.url)
    await client.ask("POST", CHAT, TRACEPARENT, body=GPT)
    await client.ask("POST", CHAT, ("traceparent", "x" * 1000), body=GPT)
    first, second = await gateway.calls(2)
    assert first.controls["traceparent"] == TRACEPARENT[1]
    assert second.controls["traceparent"] == "x" * 128
