"""Spend limits as a caller meets them (Cloudflare 3.8, B12): which calls a rule is about, and the refusal."""

from __future__ import annotations

import json

import pytest
from limit_kit import (
    CHAT,
    GPT,
    costs,
    let_pass,
    metadata,
    new_key,
    place_clock,
    reload,
    rule,
    spend_refused,
    spending,
    universal,
    used,
)

from conftest import Connect, OpenGateway
from penstock.stores.control_store import SpendLimit
from support.checks import check_ids
from support.client import Answer, Client, Header
from support.replies import whole
from support.upstream import Upstream

COMPAT = "/v1/acct/gw/compat/chat/completions"
MESSAGES = "/v1/acct/gw/anthropic/v1/messages"


async def ask(client: Client, *headers: Header, path: str = CHAT, body: bytes = GPT) -> Answer:
    return await client.ask("POST", path, *headers, body=body)


PER_USER = {"id": "per-user", "metadata": {"user": {"mode": "partition"}}}


@pytest.mark.parametrize("technique", ["fixed", "sliding"])
async def test_each_user_has_so_much(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, technique: str
) -> None:
    """B12."""
    gateway = await open_gateway(spending(upstream.url, rule(0.001, 3600, technique, **PER_USER)))
    place_clock(gateway, 3600, 60)
    client = await connect(gateway.url)
    assert (await ask(client, metadata(user="a"), costs(0.001))).status == 200
    refused = await ask(client, metadata(user="a"), costs(0.001))
    spend_refused(refused, f"rule 'per-user' (cost limit 0.001 per 3600s, {technique}) for openai gpt-5")
    check_ids(refused)
    assert refused.header("retry-after") == {"fixed": "3540", "sliding": "3600"}[technique]
    assert (await ask(client, metadata(user="b"), costs(0.001))).status == 200
    for _ in range(3):
        assert (await ask(client, costs(0.001))).status == 200
        assert (await ask(client, metadata(team="a"), costs(0.001))).status == 200
    assert len(upstream.requests) == 8
    row = (await gateway.rows(9))[1]
    assert row.id == refused.header("cf-aig-log-id")
    assert (row.status_code, row.error_code, row.outcome, row.success) == (429, 2045, "refused", False)
    assert (row.metadata, row.cost, row.attempts, row.step) == ({"user": "a"}, None, 0, 0)
    let_pass(gateway, 3539.999999)
    assert (await ask(client, metadata(user="a"), costs(0.001))).status == 429
    let_pass(gateway, {"fixed": 0.000001, "sliding": 60.000001}[technique])
    assert (await ask(client, metadata(user="a"), costs(0.001))).status == 200


async def test_the_measured_message(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """To the letter, with the model as Workers AI calls it."""
    one = rule(0.002, 3600, "fixed", id="per-user")
    gateway = await open_gateway(
        spending(upstream.url, one) + f'[providers.workers-ai]\nbase_url = "{upstream.url}"\n'
    )
    client = await connect(gateway.url)
    path = "/v1/acct/gw/workers-ai/@cf/meta/llama-3.1-8b-instruct"
    assert (await ask(client, costs(0.002), path=path, body=b"{}")).status == 200
    answer = await ask(client, path=path, body=b"{}")
    spend_refused(
        answer,
        "rule 'per-user' (cost limit 0.002 per 3600s, fixed) for workers-ai @cf/meta/llama-3.1-8b-instruct",
    )


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (0.002, "0.002"),
        (5, "5"),
        (12.5, "12.5"),
        (1234.5678, "1234.5678"),
        (123456.25, "123456.25"),
        (999999, "999999"),
    ],
)
async def test_the_message_names_the_limit_as_it_was_set(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, limit: float, text: str
) -> None:
    gateway = await open_gateway(spending(upstream.url, rule(limit, 60, "sliding")))
    client = await connect(gateway.url)
    assert (await ask(client, costs(limit))).status == 200
    spend_refused(await ask(client), f"rule 'r' (cost limit {text} per 60s, sliding) for openai gpt-5")


@pytest.mark.parametrize("body", [b"{}", b"not json", b'{"model":7}', b"[" * 5000])
async def test_a_call_without_a_model(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes
) -> None:
    """It is counted, and refused, like any other; the message just ends earlier."""
    gateway = await open_gateway(spending(upstream.url, rule(1, 60)))
    client = await connect(gateway.url)
    assert (await ask(client, costs(1), body=body)).status == 200
    spend_refused(await ask(client, body=body), "rule 'r' (cost limit 1 per 60s, fixed) for openai")


# -- virtual keys


async def test_a_key_has_its_own_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = spending(upstream.url, rule(5))
    gateway = await open_gateway(text)
    one, _ = new_key(gateway, spend=SpendLimit(2, 3600))
    two, _ = new_key(gateway, spend=SpendLimit(2, 3600))
    reload(gateway, text)
    client = await connect(gateway.url)
    assert [(await ask(client, one, costs(1))).status for _ in range(2)] == [200, 200]
    for _ in range(3):
        spend_refused(
            await ask(client, one, costs(1)), "rule 'key' (cost limit 2 per 3600s, fixed) for openai gpt-5"
        )
    assert used(gateway) == 2 * 10**9  # refused by the key, so nothing of the gateway's
    assert [(await ask(client, two, costs(1))).status for _ in range(2)] == [200, 200]
    assert (await ask(client, costs(1))).status == 200
    spend_refused(await ask(client, costs(1)), "rule 'r' (cost limit 5 per 3600s, fixed) for openai gpt-5")


async def test_a_key_is_limited_where_the_gateway_is_not(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = spending(upstream.url, enabled=False)
    gateway = await open_gateway(text)
    key, _ = new_key(gateway, spend=SpendLimit(2, 3600))
    reload(gateway, text)
    client = await connect(gateway.url)
    assert [(await ask(client, key, costs(1))).status for _ in range(3)] == [200, 200, 429]
    assert (await ask(client, costs(1))).status == 200


async def test_metadata_of_a_key_goes_before_the_callers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Who is stamped as one user cannot spend as another."""
    text = spending(upstream.url, rule(1, metadata={"user": {"mode": "partition"}}))
    gateway = await open_gateway(text)
    key, _ = new_key(gateway, metadata={"user": "alice"})
    reload(gateway, text)
    client = await connect(gateway.url)
    assert (await ask(client, key, costs(1), metadata(user="bob"))).status == 200
    assert (await ask(client, key, costs(1), metadata(user="carol"))).status == 429
    assert (await ask(client, costs(1), metadata(user="bob"))).status == 200
    assert (await ask(client, costs(1), metadata(user="alice"))).status == 429


# -- universal


async def test_a_refused_step_falls_through(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    one = rule(1, id="openai-only", provider={"mode": "filter", "values": ["openai"]})
    gateway = await open_gateway(spending(upstream.url, one))
    client = await connect(gateway.url)
    assert (await ask(client, costs(1))).status == 200
    upstream.will(whole(b'{"from":"anthropic"}'))
    steps = universal(("openai", {}), ("openai", {}), ("anthropic", {}))
    answer = await client.ask("POST", "/v1/acct/gw", body=steps)
    assert (answer.status, answer.json()) == (200, {"from": "anthropic"})
    assert answer.header("cf-aig-step") == "2"
    rows = (await gateway.rows(4))[1:]
    assert sorted((row.step, row.status_code, row.error_code) for row in rows) == [
        (0, 429, 2045),
        (1, 429, 2045),
        (2, 200, None),
    ]
    assert {row.event_id for row in rows} == {answer.header("cf-aig-event-id")}


@pytest.mark.parametrize("count", [1, 3])
async def test_all_steps_refused(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, count: int
) -> None:
    gateway = await open_gateway(spending(upstream.url, rule(1)))
    client = await connect(gateway.url)
    assert (await ask(client, costs(1))).status == 200
    answer = await client.ask("POST", "/v1/acct/gw", body=universal(*[("openai", {})] * count))
    spend_refused(answer, "rule 'r' (cost limit 1 per 3600s, fixed) for openai gpt-5")
    assert answer.header("cf-aig-step") == str(count - 1)
    assert len(upstream.requests) == 1
    rows = (await gateway.rows(1 + count))[1:]
    assert [(row.step, row.status_code, row.error_code) for row in rows] == [
        (n, 429, 2045) for n in range(count)
    ]
    assert rows[-1].id == answer.header("cf-aig-log-id")


async def test_each_step_pays_for_itself(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """By its own prices and metadata; a failed step pays nothing."""
    upstream.will(whole(b"{}", 500), whole(b"{}"))
    gateway = await open_gateway(spending(upstream.url, rule(9, metadata={"user": {"mode": "partition"}})))
    client = await connect(gateway.url)
    first = {"cf-aig-custom-cost": json.dumps({"total_cost": 2}), "cf-aig-metadata": '{"user":"a"}'}
    second = {"cf-aig-custom-cost": json.dumps({"total_cost": 3}), "cf-aig-metadata": '{"user":"b"}'}
    answer = await client.ask("POST", "/v1/acct/gw", body=universal(("openai", first), ("openai", second)))
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert (used(gateway, "user=a"), used(gateway, "user=b")) == (0, 3 * 10**9)
    assert [row.cost for row in await gateway.rows(2)] == [None, 3.0]
