"""What is set aside before a call, and what is counted after it (Cloudflare 3.8, 3.19, Parallel 3.2)."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from pathlib import Path

import pytest
from limit_kit import (
    CHAT,
    GPT,
    JSON,
    LONG,
    NANO,
    SEARCH,
    TASKS,
    answer,
    configuration,
    costs,
    found,
    limited,
    per_token,
    post,
    rule,
    spent,
    stream,
    task_run,
    tokens,
)

from conftest import Connect, OpenGateway
from penstock.pricing.configured import open_prices
from support.client import Broken, Header, request
from support.replies import Act, Reply, raw, silence, sse, whole
from support.upstream import Upstream

RATES = per_token(per_token_in=0.000001, per_token_out=0.000002)
PRICES = '["openai/gpt-5"]\ninput = 1\noutput = 2\n'  # USD for a million: 1000 and 2000 nano-dollars a token


def search(**fields: object) -> bytes:
    return json.dumps({"objective": "x", "search_queries": ["y"], **fields}).encode()


def priced(folder: Path, text: str = PRICES) -> str:
    """A table of the configuration that names a file with these prices."""
    file = folder / "prices.toml"
    file.write_text(text)
    return f"[pricing]\nfile = {json.dumps(str(file))}\n"


# -- what is counted


@pytest.mark.parametrize(
    ("path", "body", "reply", "headers", "nano"),
    [
        (CHAT, GPT, answer(tokens(1000, 100)), (RATES,), 1_200_000),
        (CHAT, GPT, stream(tokens(1000, 100)), (RATES,), 1_200_000),
        (CHAT, GPT, answer(tokens(0, 0)), (RATES,), 0),
        (CHAT, GPT, answer(tokens(10**6, 10**6)), (RATES,), 3 * NANO),  # more than was set aside
        (CHAT, GPT, answer(tokens(7, 7)), (costs(0.5),), NANO // 2),
        (CHAT, GPT, answer(None), (costs(0.5),), NANO // 2),
        (CHAT, GPT, stream(None), (costs(0.5),), NANO // 2),
        (CHAT, GPT, whole(b"\xff\x00", 200), (costs(0.5),), NANO // 2),
        (CHAT, GPT, whole(b"", 204), (costs(0.5),), NANO // 2),
        (SEARCH, search(), found(3), (), 5_000_000),
        (SEARCH, search(mode="turbo"), found(0), (), 1_000_000),
        (SEARCH, search(advanced_settings={"max_results": 20}), found(20), (), 15_000_000),
        (SEARCH, search(advanced_settings={"max_results": 20}), found(10), (), 5_000_000),
        (SEARCH, search(), found(10, extra=4), (), 9_000_000),
        (TASKS, b'{"input":"x","processor":"lite"}', task_run("lite"), (), 5_000_000),
        (TASKS, b'{"input":"x","processor":"ultra8x-fast"}', task_run("ultra8x-fast"), (), 2_400_000_000),
        (TASKS, b'{"input":"x","processor":"core"}', task_run("core"), (costs(0.001),), 1_000_000),
        (CHAT, b'{"model":"nobody-knows"}', answer(tokens(10, 10), "nor-anybody"), (), 0),
        (CHAT, b'{"model":"nobody-knows"}', answer(tokens(10, 10)), (), 112_500),
    ],
)
async def test_what_a_call_costs_is_counted(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    path: str,
    body: bytes,
    reply: Reply,
    headers: tuple[Header, ...],
    nano: int,
) -> None:
    """And its row has the same cost, but for 0 of what is not known."""
    upstream.will(reply)
    gateway = await open_gateway(limited(upstream.url))
    assert 200 <= await post(await connect(gateway.url), path, body, *headers) < 300
    await gateway.settled()
    assert spent(gateway) == nano
    row = await gateway.row()
    assert row.cost == (None if b"nobody" in body else nano / NANO)
    assert row.custom_cost is any("custom" in name for name, _ in headers)


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_operators_prices(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path, streamed: bool
) -> None:
    upstream.will((stream if streamed else answer)(tokens(1000, 100)))
    gateway = await open_gateway(limited(upstream.url, extra=priced(tmp_path)))
    assert await post(await connect(gateway.url), CHAT, GPT) == 200
    await gateway.settled()
    assert spent(gateway) == 1000 * 1000 + 100 * 2000


async def test_an_answer_without_usage_and_text_is_charged_as_estimated(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    """A token for four bytes, and all the output that was asked for."""
    upstream.will(answer(None))
    gateway = await open_gateway(limited(upstream.url, extra=priced(tmp_path)))
    body = b'{"model":"gpt-5","max_tokens":50,"messages":[]}'
    assert await post(await connect(gateway.url), CHAT, body) == 200
    await gateway.settled()
    assert spent(gateway) == -(-len(body) // 4) * 1000 + 50 * 2000
    assert (await gateway.row()).cost is None


async def test_an_answer_without_usage_is_charged_by_its_text(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    """As its row says: nobody is shut out by what might have come."""
    upstream.will(stream(None))
    gateway = await open_gateway(limited(upstream.url, extra=priced(tmp_path)))
    body = b'{"model":"gpt-5","max_tokens":50,"messages":[{"role":"user","content":"Who goes there?"}]}'
    assert await post(await connect(gateway.url), CHAT, body) == 200
    await gateway.settled()
    gateway.prices = open_prices(gateway.settings, os.environ)
    row = await gateway.row()
    assert (row.tokens_in, row.tokens_out, row.estimated) == (8, 1, True)
    assert spent(gateway) == 8 * 1000 + 1 * 2000 == round((row.cost or 0) * NANO)


@pytest.mark.parametrize(
    ("header", "nano"),
    [
        (RATES, 0),
        (("cf-aig-custom-cost", "free"), 112_000),
        (("cf-aig-custom-cost", '{"per_token_in":-1}'), 112_000),
        (("cf-aig-custom-cost", "{}"), 112_000),
    ],
)
async def test_callers_prices_charge_nothing_where_no_tokens_are_told(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    header: Header,
    nano: int,
) -> None:
    """Cloudflare 3.19. A header that is malformed is no price: it changes nothing (2.4)."""
    upstream.will(answer(None))
    gateway = await open_gateway(limited(upstream.url, extra=priced(tmp_path)))
    body = b'{"model":"gpt-5","max_tokens":50,"messages":[]}'
    assert await post(await connect(gateway.url), CHAT, body, header) == 200
    await gateway.settled()
    assert spent(gateway) == nano
    assert (await gateway.row()).cost is None


async def test_a_stream_that_is_left_is_charged_as_estimated(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    """What the provider has begun to say will be on its bill."""
    gate = asyncio.Event()
    upstream.will(sse(b"data: 1\n\n", gate))
    gateway = await open_gateway(limited(upstream.url, extra=priced(tmp_path)))
    client = await connect(gateway.url)
    body = b'{"model":"gpt-5","max_tokens":50,"stream":true}'
    await client.send(request("POST", CHAT, JSON, body=body))
    assert (await client.head()).status == 200
    await client.chunk()
    client.leave()
    await gateway.settled()
    assert spent(gateway) == -(-len(body) // 4) * 1000 + 50 * 2000
    assert (await gateway.row()).cost is None


async def test_a_call_without_a_model_is_priced_by_the_one_that_answered(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    """The row has that price; the limit must not forget what the row knows."""
    upstream.will(answer(tokens(1000, 100), "gpt-5"))
    gateway = await open_gateway(limited(upstream.url, extra=priced(tmp_path)))
    assert await post(await connect(gateway.url), CHAT, b'{"prompt":{"id":"pmpt_1"}}') == 200
    await gateway.settled()
    assert spent(gateway) == 1_200_000


@pytest.mark.parametrize("path", [CHAT, TASKS])
async def test_a_compressed_request_is_no_way_around(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path, path: str
) -> None:
    """The body is the same request, whatever its encoding; the provider charges for it."""
    plain = {CHAT: GPT, TASKS: b'{"input":"x","processor":"core"}'}[path]
    upstream.will(answer(tokens(1000, 100)) if path == CHAT else task_run())
    gateway = await open_gateway(limited(upstream.url, extra=priced(tmp_path)))
    client = await connect(gateway.url)
    assert await post(client, path, gzip.compress(plain), ("content-encoding", "gzip")) in (200, 202)
    await gateway.settled()
    assert spent(gateway) == {CHAT: 1_200_000, TASKS: 25_000_000}[path]


async def test_a_large_request_is_no_way_around(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    """A body that is too large to be read before the call is counted no less."""
    limits = "[server.limits]\nmax_buffered_body_bytes = 1000\n"
    upstream.will(answer(tokens(1000, 100)))
    gateway = await open_gateway(limited(upstream.url, extra=priced(tmp_path) + limits))
    body = json.dumps({"model": "gpt-5", "input": "x" * 5000}).encode()
    assert await post(await connect(gateway.url), CHAT, body) == 200
    await gateway.settled()
    assert spent(gateway) == 1_200_000


async def test_an_answer_in_gzip_tells_its_usage(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    body = gzip.compress(json.dumps({"model": "gpt-5", "usage": tokens(1000, 100)}).encode())
    upstream.will(whole(body, headers=(JSON, ("content-encoding", "gzip"))))
    gateway = await open_gateway(limited(upstream.url))
    assert await post(await connect(gateway.url), CHAT, GPT, RATES) == 200
    await gateway.settled()
    assert spent(gateway) == 1_200_000


async def test_reading_is_free(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(limited(upstream.url, 0.025))
    client = await connect(gateway.url)
    upstream.will(task_run())
    assert await post(client, TASKS, b'{"input":"x","processor":"core"}') == 202
    assert spent(gateway) == 25_000_000
    upstream.will(whole(b'{"run_id":"trun_1","status":"completed"}', headers=(JSON,)))
    assert (await client.ask("GET", f"{TASKS}/trun_1")).status == 200  # though nothing is left
    await gateway.settled()
    assert spent(gateway) == 25_000_000


# -- what is given back


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429, 500, 503])
async def test_a_call_that_failed_costs_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    body = json.dumps({"error": "x", "usage": tokens(1000, 100)}).encode()
    upstream.will(whole(body, status, headers=(JSON,)))
    gateway = await open_gateway(limited(upstream.url, 1))
    client = await connect(gateway.url)
    assert await post(client, CHAT, GPT, costs(1)) == status
    assert spent(gateway) == 0
    assert await post(client, CHAT, GPT, costs(1)) == 200
    assert await post(client, CHAT, GPT, costs(1)) == 429
    assert [row.cost for row in await gateway.rows(3)] == [None, 1.0, None]


async def test_a_provider_that_is_not_there_costs_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(limited("http://127.0.0.1:1", 1))
    client = await connect(gateway.url)
    assert await post(client, CHAT, GPT, costs(1)) == 502
    assert spent(gateway) == 0


@pytest.mark.parametrize("reply", [raw(Act.CLOSE), raw(Act.RESET), raw(b"nonsense\r\n\r\n", Act.CLOSE)])
async def test_a_provider_that_breaks_before_its_answer_is_charged_as_estimated(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> None:
    """It had the request, and may have done the work."""
    upstream.will(reply)
    gateway = await open_gateway(limited(upstream.url, 1))
    client = await connect(gateway.url)
    assert await post(client, CHAT, GPT, costs(1)) == 502
    assert spent(gateway) == NANO


async def test_a_timeout_is_charged_as_estimated(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(silence())
    gateway = await open_gateway(limited(upstream.url, 1))
    client = await connect(gateway.url)
    assert await post(client, CHAT, GPT, costs(1), ("cf-aig-request-timeout", "250")) == 504
    assert spent(gateway) == NANO


@pytest.mark.parametrize("cache_ttl", [0, 300])
async def test_a_client_that_leaves_before_the_answer_is_charged_as_estimated(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, cache_ttl: int
) -> None:
    upstream.will(silence())
    gateway = await open_gateway(limited(upstream.url, 1, cache_ttl=cache_ttl))
    leaving = await connect(gateway.url)
    await leaving.send(request("POST", CHAT, costs(1), body=GPT))
    await upstream.request(1)
    assert spent(gateway) == NANO  # set aside
    leaving.leave()
    await upstream.left(0)
    await gateway.settled()
    assert spent(gateway) == NANO
    assert await post(await connect(gateway.url), CHAT, GPT, costs(1)) == 429


async def test_a_credential_that_is_missing_costs_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Refused by the gateway itself, after the limits were asked."""
    gateway = await open_gateway(limited(upstream.url, 1, byok_only=True))
    client = await connect(gateway.url)
    assert await post(client, CHAT, GPT, costs(1)) == 400
    assert spent(gateway) == 0


async def test_retries_are_charged_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"", 503), whole(b"", 503), answer(None))
    gateway = await open_gateway(limited(upstream.url, 1, retry_max_attempts=3, retry_delay=100))
    client = await connect(gateway.url)
    assert await post(client, CHAT, GPT, costs(1)) == 200
    assert len(upstream.requests) == 3
    assert spent(gateway) == NANO


# -- what else there is


async def test_bodies_that_are_not_kept_are_charged_all_the_same(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    hidden = (("cf-aig-collect-log-payload", "false"), ("cf-aig-collect-log", "false"))
    for number, header in enumerate(hidden, 1):
        upstream.will(answer(tokens(1000, 100)))
        gateway = await open_gateway(limited(upstream.url))
        assert await post(await connect(gateway.url), CHAT, GPT, RATES, header) == 200, number
        await gateway.settled()
        assert spent(gateway) == 1_200_000
        if number == 1:
            row = await gateway.row()
            assert (row.cost, row.custom_cost) == (0.0012, True)


async def test_a_gateway_whose_limits_are_not_its_own_is_left_alone(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    limits = {"enabled": True, "rules": [rule(1, LONG)]}
    text = configuration({"openai": upstream.url}, {"spend_limits": limits}, other={})
    gateway = await open_gateway(text)
    client = await connect(gateway.url)
    assert [await post(client, CHAT, GPT, costs(1)) for _ in range(2)] == [200, 429]
    other = CHAT.replace("/gw/", "/other/")
    assert [await post(client, other, GPT, costs(1)) for _ in range(2)] == [200, 200]
    assert spent(gateway) == NANO


@pytest.mark.parametrize("act", [Act.CLOSE, Act.RESET])
async def test_a_stream_that_breaks_off_is_charged_as_estimated(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path, act: Act
) -> None:
    upstream.will(sse(b"data: 1\n\n", act, finished=False))
    gateway = await open_gateway(limited(upstream.url, extra=priced(tmp_path)))
    client = await connect(gateway.url)
    body = b'{"model":"gpt-5","max_tokens":50,"stream":true}'
    await client.send(request("POST", CHAT, JSON, body=body))
    with pytest.raises(Broken):
        await client.answer()
    await gateway.settled()
    assert spent(gateway) == -(-len(body) // 4) * 1000 + 50 * 2000
    assert (await gateway.row()).cost is None
