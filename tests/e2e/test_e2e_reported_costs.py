"""What a provider says that it charges, in the row of the call and in what a spend limit counts."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from limit_kit import JSON, configuration, one_row, per_token, post, rule, spent

from conftest import Connect, OpenGateway
from support.replies import Reply, sse, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openrouter/chat/completions"
AUTO = b'{"model":"openrouter/auto","messages":[]}'
USED = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
LONG = 1_000_000


def answered(usage: Mapping[str, object], is_streamed: bool) -> Reply:
    body: dict[str, object] = {"model": "deepseek/deepseek-chat", "choices": [], "usage": {**USED, **usage}}
    if not is_streamed:
        return whole(json.dumps(body).encode(), headers=(JSON,))
    chunks = ({**body, "usage": None}, body)
    return sse(*(b"data: %b\n\n" % json.dumps(one).encode() for one in chunks), b"data: [DONE]\n\n")


def gateway_of(url: str, limit: float | None = None) -> str:
    fields: dict[str, object] = {}
    if limit is not None:
        fields = {"spend_limits": {"enabled": True, "rules": [rule(limit, LONG)]}}
    return configuration({"openrouter": url, "grok": url, "parallel": url}, fields)


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        ({"cost": 0.0123}, 0.0123),
        ({"cost": 0}, 0.0),
        ({"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, 0.021),
    ],
)
async def test_the_row_has_it(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    is_streamed: bool,
    usage: Mapping[str, object],
    usd: float,
) -> None:
    upstream.will(answered(usage, is_streamed))
    gateway = await open_gateway(gateway_of(upstream.url))
    row = await one_row(gateway, await connect(gateway.url), CHAT, AUTO)
    assert (row.cost, row.price_source, row.custom_cost) == (usd, "reported by openrouter", False)
    assert (row.tokens_in, row.tokens_out) == (1000, 100)


async def test_it_is_there_without_bodies_too(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(answered({"cost": 0.0123}, False))
    gateway = await open_gateway(gateway_of(upstream.url))
    header = ("cf-aig-collect-log-payload", "false")
    row = await one_row(gateway, await connect(gateway.url), CHAT, AUTO, header)
    assert (row.cost, row.price_source) == (0.0123, "reported by openrouter")


async def test_the_callers_price_goes_before_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(answered({"cost": 0.0123}, False))
    gateway = await open_gateway(gateway_of(upstream.url))
    prices = per_token(per_token_in=1e-6, per_token_out=1e-6)
    row = await one_row(gateway, await connect(gateway.url), CHAT, AUTO, prices)
    assert (row.cost, row.price_source) == (0.0011, "cf-aig-custom-cost")


async def test_images_of_grok_tell_ticks_and_nothing_else(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    body = {"data": [{"url": "https://x.test/1"}], "usage": {"cost_in_usd_ticks": 700_000_000}}
    upstream.will(whole(json.dumps(body).encode(), headers=(JSON,)))
    gateway = await open_gateway(gateway_of(upstream.url))
    path = "/v1/acct/gw/grok/v1/images/generations"
    row = await one_row(gateway, await connect(gateway.url), path, b'{"model":"grok-2-image","prompt":"x"}')
    assert (row.cost, row.price_source) == (0.07, "reported by grok")


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_a_spend_limit_counts_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, is_streamed: bool
) -> None:
    upstream.will(*[answered({"cost": 0.0123}, is_streamed)] * 3)
    gateway = await open_gateway(gateway_of(upstream.url, limit=0.02))
    client = await connect(gateway.url)
    statuses = []
    for _ in range(3):
        statuses.append(await post(client, CHAT, AUTO))
        await gateway.settled()
    assert statuses == [200, 200, 429]
    assert spent(gateway) == 24_600_000
