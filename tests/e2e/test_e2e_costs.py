"""What a call costs by its row in the log (Cloudflare 3.19, B9; Parallel 3.2)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from limit_kit import (
    CHAT,
    GPT,
    JSON,
    NANO,
    SEARCH,
    TASKS,
    answer,
    costs,
    found,
    one_row,
    per_token,
    plain,
    rule,
    spending,
    stream,
    task_run,
    tokens,
    used,
)

from conftest import Connect, OpenGateway, Serve
from penstock.calls.log_record import LogRecord
from penstock.pricing.configured import open_prices
from support.client import Header
from support.replies import Act, Reply, sse, whole
from support.upstream import Upstream

B9 = per_token(per_token_in=0.000001, per_token_out=0.000002)
CARD = "parallel card 2026-11-10"


async def logged(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, body: bytes, *headers: Header
) -> LogRecord:
    """The row of one call."""
    gateway = await open_gateway(plain(upstream.url))
    return await one_row(gateway, await connect(gateway.url), path, body, *headers)


# -- prices of the caller's own


@pytest.mark.parametrize(
    "reply", [answer(tokens(1200, 34)), stream(tokens(1200, 34))], ids=["whole", "stream"]
)
async def test_custom_cost(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> None:
    """B9."""
    upstream.will(reply)
    row = await logged(open_gateway, upstream, connect, CHAT, GPT, B9)
    assert (row.tokens_in, row.tokens_out) == (1200, 34)
    assert (row.cost, row.custom_cost) == (0.001268, True)
    assert row.price_source == "cf-aig-custom-cost"
    assert b"cf-aig" not in (await upstream.only()).head


@pytest.mark.parametrize(
    ("rates", "details", "cost"),
    [
        # 1000 in, of which 400 were read from a cache; 10 out.
        ({"per_token_in": 2e-6, "per_token_out": 3e-6}, True, 1000 * 2e-6 + 10 * 3e-6),
        (
            {"per_token_in": 2e-6, "per_token_out": 3e-6, "per_cache_read_token": 1e-6},
            True,
            600 * 2e-6 + 400e-6 + 30e-6,
        ),
        (
            {"per_token_in": 2e-6, "per_token_out": 3e-6, "per_cache_write_token": 9e-6},
            True,
            1000 * 2e-6 + 30e-6,
        ),
        ({"per_token_in": 2e-6, "per_cache_read_token": 0}, True, 600 * 2e-6),
        ({"per_cache_read_token": 1e-6}, True, 400e-6),
        ({"per_token_out": 3e-6}, False, 30e-6),
        ({"per_token_in": 0, "per_token_out": 0}, False, 0.0),
        ({"per_token_in": 5e-10}, False, 5e-7),  # less than a nano-dollar a token
        ({"total_cost": 0.25}, False, 0.25),
        ({"total_cost": 0.25, "per_token_in": 1}, False, 0.25),
        ({"total_cost": 0}, False, 0.0),
        ({"per_token_in": 2e-6, "unheard_of": "x"}, False, 2e-3),
    ],
)
async def test_rates(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    rates: dict[str, float],
    details: bool,
    cost: float,
) -> None:
    upstream.will(
        answer(tokens(1000, 10, **({"prompt_tokens_details": {"cached_tokens": 400}} if details else {})))
    )
    header = ("cf-aig-custom-cost", json.dumps(rates))
    row = await logged(open_gateway, upstream, connect, CHAT, GPT, header)
    assert row.cost == pytest.approx(cost, abs=1e-12)
    assert row.custom_cost is True


async def test_cached_tokens_that_stand_apart_are_not_taken_out(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Anthropic's `input_tokens` never included them."""
    usage = {
        "input_tokens": 100,
        "output_tokens": 10,
        "cache_read_input_tokens": 400,
        "cache_creation_input_tokens": 50,
    }
    upstream.will(whole(json.dumps({"model": "claude", "usage": usage}).encode(), headers=(JSON,)))
    rates = per_token(
        per_token_in=1e-6, per_token_out=2e-6, per_cache_read_token=1e-7, per_cache_write_token=3e-6
    )
    row = await logged(open_gateway, upstream, connect, "/v1/acct/gw/anthropic/v1/messages", b"{}", rates)
    assert row.cost == pytest.approx(100e-6 + 20e-6 + 40e-6 + 150e-6, abs=1e-12)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "{}",
        "[]",
        "null",
        "0.5",
        "free",
        '{"per_token_in":',
        '{"per_token_in":"1"}',
        '{"per_token_in":true}',
        '{"per_token_in":null}',
        '{"per_token_in":-0.1,"per_token_out":1}',
        '{"per_token_in":1e400}',
        '{"per_token_in":NaN}',
        '{"total_cost":-1}',
        '{"total_cost":{"usd":1}}',
        '{"total_cost":1,"x":"' + "y" * 2000 + '"}',
        '{"total_cost":' + "[" * 3000,
    ],
)
async def test_a_malformed_price_is_ignored(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, value: str
) -> None:
    upstream.will(found(3))
    body = b'{"objective":"x"}'
    row = await logged(open_gateway, upstream, connect, SEARCH, body, ("cf-aig-custom-cost", value))
    assert (row.cost, row.custom_cost, row.price_source) == (0.005, False, CARD)


@pytest.mark.parametrize(
    ("reply", "headers"),
    [
        (answer(tokens(10, 10)), ()),  # nobody knows this model
        (answer(None), (B9,)),  # the vendor returns no usage: nothing is charged
        (stream(None), (B9,)),
        (answer({"prompt_tokens": "many"}), (B9,)),
        (answer(tokens(10, 10), status=500), (B9,)),
        (answer(tokens(10, 10), status=400), (costs(1),)),
        (
            sse(b'data: {"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n', Act.CLOSE, finished=False),
            (B9,),
        ),
        (sse(b"data: 1\n\n", Act.RESET, finished=False), (costs(1),)),
    ],
)
async def test_unknown_is_null_and_not_zero(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply, headers: tuple[Header, ...]
) -> None:
    upstream.will(reply)
    gateway = await open_gateway(plain(upstream.url))
    client = await connect(gateway.url)
    await client.send(b"")
    await client.send(_chat(*headers))
    await client.head()
    await gateway.settled()
    row = await gateway.row()
    assert (row.cost, row.price_source) == (None, None)
    assert row.custom_cost is False


def _chat(*headers: Header) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in (JSON, *headers))
    body = b'{"model":"nobody-knows"}'
    head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def test_a_cached_answer_costs_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Whatever it cost the first time, and whatever price comes along (B1)."""
    upstream.will(answer(tokens(1000, 0)))
    gateway = await open_gateway(plain(upstream.url))
    client = await connect(gateway.url)
    for header in (B9, B9, costs(5)):
        await client.ask("POST", CHAT, JSON, ("cf-aig-cache-ttl", "60"), header, body=GPT)
    rows = await gateway.rows(3)
    assert [(row.cost, row.cached) for row in rows] == [(0.001, False), (0.0, True), (0.0, True)]
    assert [row.custom_cost for row in rows] == [True, False, False]
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("header", [costs(0.25), B9], ids=["total", "tokens"])
async def test_a_row_without_bodies_has_its_cost(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, header: Header, limited: bool
) -> None:
    """B11 keeps the row, and the cost is of the row, not of the bodies."""
    upstream.will(answer(tokens(1000, 100)))
    text = spending(upstream.url, rule(100)) if limited else plain(upstream.url)
    gateway = await open_gateway(text)
    client = await connect(gateway.url)
    await client.ask("POST", CHAT, JSON, header, ("cf-aig-collect-log-payload", "false"), body=GPT)
    row = await gateway.row()
    assert (row.cost, row.custom_cost) == (0.25 if header == costs(0.25) else 0.0012, True)


# -- Parallel's card


@pytest.mark.parametrize(
    ("path", "body", "reply", "cost"),
    [
        ("v1/search", {"objective": "x"}, found(10), 0.005),
        ("v1/search", {"objective": "x", "mode": "fast"}, found(2), 0.001),
        ("v1/search", {"objective": "x", "mode": "turbo"}, found(13), 0.004),
        ("v1/search", {"objective": "x", "mode": "basic"}, found(10, extra=2), 0.007),
        ("v1/search?x=1", {"objective": "x", "mode": "advanced"}, found(0), 0.005),
        ("v1/search", {"objective": "x", "mode": "unheard-of"}, found(1), None),
        ("v1beta/search", {"objective": "x", "processor": "pro"}, found(1), 0.005),
        ("v1/images/search", {"query": "x", "mode": "fast"}, whole(b"{}", headers=(JSON,)), 0.001),
        ("v1/places/search", {"query": "x"}, whole(b"{}", headers=(JSON,)), None),
        ("v1/decisions", {"input": "x"}, whole(b"{}", headers=(JSON,)), None),
        (
            "v1/responses",
            {"input": "x", "reasoning": {"effort": "high"}},
            whole(b"{}", headers=(JSON,)),
            0.25,
        ),
        ("v1beta/chat/completions", {"model": "base"}, answer(tokens(1, 1), "base"), 0.01),
        (
            "v1beta/tasks/groups/tg_1/runs",
            {"inputs": [{"processor": "lite"}, {"processor": "pro"}]},
            task_run(),
            0.105,
        ),
    ],
)
async def test_the_card(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    path: str,
    body: dict[str, object],
    reply: Reply,
    cost: float | None,
) -> None:
    upstream.will(reply)
    sent = json.dumps(body).encode()
    row = await logged(open_gateway, upstream, connect, f"/v1/acct/gw/parallel/{path}", sent)
    assert (row.cost, row.custom_cost) == (cost, False)
    is_run = path.endswith("/runs")  # which costs something only once it has ended
    assert row.price_source == (None if cost is None else f"{CARD}, estimate" if is_run else CARD)


@pytest.mark.parametrize(
    ("processor", "cost"),
    [("lite", 0.005), ("base", 0.01), ("core", 0.025), ("core-fast", 0.025), ("ultra8x", 2.4), ("odd", None)],
)
async def test_tasks_by_processor(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, processor: str, cost: float | None
) -> None:
    upstream.will(task_run(processor))
    body = json.dumps({"input": "x", "processor": processor}).encode()
    row = await logged(open_gateway, upstream, connect, TASKS, body)
    assert (row.status_code, row.cost) == (202, cost)


async def test_polling_a_task_is_free(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b'{"run_id":"trun_1","status":"completed","processor":"core"}', headers=(JSON,)))
    row = await logged(open_gateway, upstream, connect, f"{TASKS}/trun_1", b"")
    assert row.cost in (0, None)  # the card says 0; nothing may be charged for it
    assert not row.custom_cost


async def test_a_refused_task_costs_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(task_run(status=402))
    row = await logged(open_gateway, upstream, connect, TASKS, b'{"input":"x","processor":"core"}')
    assert (row.cost, row.price_source) == (None, None)


# -- the row, the counter and the prices of the machine


async def test_rows_by_the_operators_prices(
    serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    """Over the shipper process: the operator's price, the caller's before it, and the counter counts the same."""
    file = tmp_path / "own.toml"
    file.write_text('["openai/gpt-5"]\ninput = 2\noutput = 8\n')
    upstream.otherwise = lambda seen: answer(tokens(1000, 100), "gpt-5" if b"gpt-5" in seen.body else "x")
    extra = f"[pricing]\nfile = {json.dumps(str(file))}\n"
    gateway = await serve(spending(upstream.url, rule(0.0096, 100_000_000, "sliding"), extra=extra))
    client = await connect(gateway.url)
    bodies = [GPT, GPT, b'{"model":"nobody-knows"}']
    asked = [(await client.ask("POST", CHAT, JSON, body=body)).status for body in bodies]
    assert asked == [200, 200, 200]
    assert (await client.ask("POST", CHAT, JSON, B9, body=b'{"model":"x"}')).status == 200  # the last 0.0012
    assert (await client.ask("POST", CHAT, JSON, body=GPT)).status == 200
    assert (await client.ask("POST", CHAT, JSON, body=GPT)).status == 429
    rows = await gateway.logs(6)
    assert [row.cost for row in rows] == [0.0028, 0.0028, None, 0.0012, 0.0028, None]
    assert [row.price_source for row in rows] == [
        "own.toml",
        "own.toml",
        None,
        "cf-aig-custom-cost",
        "own.toml",
        None,
    ]


async def test_the_counter_and_the_log_agree(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Over calls of all kinds, what the limit has counted is the sum of the rows' costs."""
    gateway = await open_gateway(spending(upstream.url, rule(1000), cache_ttl=300))
    gateway.prices = open_prices(gateway.settings, os.environ)
    client = await connect(gateway.url)
    task = b'{"input":"x","processor":"core"}'
    calls: list[tuple[str, bytes, Reply | None, tuple[Header, ...]]] = [
        (CHAT, GPT, answer(tokens(123, 45)), (B9,)),
        (CHAT, GPT, None, (B9,)),
        (CHAT, b'{"model":"a"}', stream(tokens(7, 8)), (B9,)),
        (CHAT, b'{"model":"b"}', answer(tokens(1, 1)), ()),
        (CHAT, b'{"model":"c"}', answer(tokens(1, 1), status=503), (B9,)),
        (CHAT, b'{"model":"d"}', answer(tokens(10, 0)), (per_token(per_token_in=4.444e-10),)),
        (TASKS, task, task_run(), ()),
        (TASKS, task, task_run(), (costs(0.123456789),)),
        (SEARCH, b'{"objective":"x"}', found(12), ()),
        (SEARCH, b'{"objective":"x"}', None, ()),
    ]
    for path, body, reply, headers in calls:
        if reply is not None:
            upstream.will(reply)
        await client.ask("POST", path, JSON, *headers, body=body)
    await gateway.settled()
    rows = await gateway.rows(len(calls))
    assert used(gateway) == sum(round((row.cost or 0) * NANO) for row in rows)
    assert [row.cached for row in rows].count(True) == 2
