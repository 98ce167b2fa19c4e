"""What was sent is paid: as estimated, unless it is known what it did cost. And no caller prices its own limit."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import pytest
from limit_kit import (
    CHAT,
    GPT,
    JSON,
    LONG,
    NANO,
    TASKS,
    answer,
    costs,
    limited,
    new_key,
    post,
    reload,
    rule,
    spending,
    spent,
    stream,
    tokens,
    used,
)

from conftest import Connect, OpenGateway
from penstock.stores.control_store import SpendLimit
from penstock.stores.counters import Window
from support.client import Client, Header, request
from support.inprocess import InProcess
from support.replies import Act, Reply, raw, silence, sse, whole
from support.upstream import Upstream

BODY = b'{"model":"gpt-5","max_tokens":50,"messages":[]}'
ESTIMATE = -(-len(BODY) // 4) * 1000 + 50 * 2000  # nano-dollars, by PRICES
TRUE = 12 * 1000 + 34 * 2000
PRICES = '["openai/gpt-5"]\ninput = 1\noutput = 2\n["openai/big"]\ninput = 100\noutput = 200\n'
PRICES += '["azure-openai/gpt-5"]\ninput = 1\noutput = 2\n'
UNIVERSAL = "/v1/acct/gw"
THRICE: tuple[Header, ...] = (("cf-aig-max-attempts", "3"), ("cf-aig-retry-delay", "0"))


@pytest.fixture
def prices(tmp_path: Path) -> str:
    """A table of the configuration that names a file with these prices."""
    file = tmp_path / "prices.toml"
    file.write_text(PRICES)
    return f"[pricing]\nfile = {json.dumps(str(file))}\n[breaker]\nconnect_failures = 0\nerror_share = 0\n"


def told(model: str = "gpt-5") -> Reply:
    return answer(tokens(12, 34), model)


# -- attempts


@pytest.mark.parametrize(
    ("replies", "count", "nano"),
    [
        ((silence(), silence(), told()), 3, 2 * ESTIMATE + TRUE),
        ((raw(Act.RESET), raw(Act.CLOSE), told()), 3, 2 * ESTIMATE + TRUE),
        ((raw(b"nonsense\r\n\r\n", Act.CLOSE), told()), 2, ESTIMATE + TRUE),
        ((whole(b"", 504), whole(b"", 524), told()), 3, 2 * ESTIMATE + TRUE),
        ((whole(b"", 503), whole(b"", 429), told()), 3, TRUE),
        ((whole(b"", 500), whole(b"", 500), whole(b"", 500)), 3, 0),
        ((whole(b"", 504), whole(b"", 504), whole(b"", 504)), 3, 3 * ESTIMATE),
        ((silence(), whole(b"", 400)), 2, ESTIMATE),
        ((raw(Act.RESET),) * 3, 3, 3 * ESTIMATE),
        ((silence(), answer(None)), 2, 2 * ESTIMATE),
    ],
)
async def test_each_attempt_that_was_sent_counts(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    prices: str,
    replies: tuple[Reply, ...],
    count: int,
    nano: int,
) -> None:
    """A status says that nothing was done, unless it is of somebody who waited for who does it."""
    upstream.will(*replies)
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    await post(await connect(gateway.url), CHAT, BODY, ("cf-aig-request-timeout", "100"), *THRICE)
    await gateway.settled()
    assert len(upstream.requests) == count
    assert spent(gateway) == nano


async def test_another_attempt_is_set_aside_for_anew(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    """And not made, where no room is left."""
    upstream.will(silence(), silence())
    gateway = await open_gateway(limited(upstream.url, 1.5 * ESTIMATE / NANO, extra=prices))
    client = await connect(gateway.url)
    headers = (("cf-aig-request-timeout", "100"), ("cf-aig-max-attempts", "5"), ("cf-aig-retry-delay", "0"))
    assert await post(client, CHAT, BODY, *headers) == 429
    assert len(upstream.requests) == 2
    assert spent(gateway) == 2 * ESTIMATE
    assert await post(client, CHAT, BODY) == 429


async def test_a_token_that_asks_for_attempts_in_no_time(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    text = spending(upstream.url, extra=prices, enabled=False)
    gateway = await open_gateway(text)
    key, _ = new_key(gateway, spend=SpendLimit(0.0001, 86400))
    reload(gateway, text)
    upstream.otherwise = lambda seen: silence()
    client = await connect(gateway.url)
    headers = (
        key,
        ("cf-aig-request-timeout", "50"),
        ("cf-aig-max-attempts", "5"),
        ("cf-aig-retry-delay", "0"),
    )
    assert [await post(client, CHAT, BODY, *headers) for _ in range(2)] == [429, 429]
    assert len(upstream.requests) == 1


async def test_what_was_not_sent_is_not_paid(
    open_gateway: OpenGateway, connect: Connect, prices: str
) -> None:
    gateway = await open_gateway(limited("http://127.0.0.1:1", extra=prices))
    assert await post(await connect(gateway.url), CHAT, BODY, *THRICE) == 502
    assert spent(gateway) == 0


async def test_each_step_that_was_sent_counts(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    upstream.will(silence(), raw(Act.RESET), whole(b"", 500), told())
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    query = json.loads(BODY)
    step = {"provider": "openai", "endpoint": "chat/completions", "headers": {}, "query": query}
    hasty = {**step, "config": {"requestTimeout": 100}}
    sent = json.dumps([hasty, step, step, step]).encode()
    assert await post(await connect(gateway.url), UNIVERSAL, sent) == 200
    each = -(-len(json.dumps(query)) // 4) * 1000 + 50 * 2000
    assert spent(gateway) == 2 * each + TRUE


# -- leaving


async def test_leaving_early_is_paid_and_stops_the_next(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    """Whatever was left: what was guessed to be more is counted in full."""
    text = spending(upstream.url, extra=prices, enabled=False)
    gateway = await open_gateway(text)
    key, name = new_key(gateway, spend=SpendLimit(ESTIMATE / 2 / NANO, LONG))
    reload(gateway, text)
    upstream.otherwise = lambda seen: silence()
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, key, JSON, body=BODY))
    await upstream.request(1)
    client.leave()
    await upstream.left(0)
    await gateway.settled()
    assert of_key(gateway, name) == ESTIMATE
    assert await post(await connect(gateway.url), CHAT, BODY, key) == 429
    assert len(upstream.requests) == 1


async def test_leaving_while_an_attempt_is_waited_for(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    """What has failed before was paid; what was never sent is not."""
    upstream.will(raw(Act.RESET), silence())
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, JSON, *THRICE, body=BODY))
    await upstream.request(2)
    client.leave()
    await gateway.settled()
    assert spent(gateway) == 2 * ESTIMATE


async def test_leaving_before_anything_was_sent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, JSON, ("Content-Length", str(len(BODY)))) + BODY[:5])
    await gateway.catch_up()
    client.leave()
    await gateway.settled()
    assert (spent(gateway), upstream.requests) == (0, [])


async def test_who_waits_behind_another_on_a_connection_has_sent_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    upstream.otherwise = lambda seen: silence()
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, JSON, body=BODY) * 3)
    await upstream.request(1)
    client.leave()
    await gateway.settled()
    assert spent(gateway) == ESTIMATE


@pytest.mark.parametrize("leader_leaves_first", [True, False])
async def test_a_call_that_several_share_is_paid_once_when_all_have_left(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str, leader_leaves_first: bool
) -> None:
    upstream.otherwise = lambda seen: silence()
    gateway = await open_gateway(limited(upstream.url, extra=prices, cache_ttl=300))
    both = [await connect(gateway.url) for _ in range(2)]
    await both[0].send(request("POST", CHAT, JSON, body=BODY))
    await upstream.request(1)
    await both[1].send(request("POST", CHAT, JSON, body=BODY))
    await gateway.catch_up()
    for client in both if leader_leaves_first else reversed(both):
        client.leave()
        await gateway.catch_up()
    await gateway.settled()
    assert len(upstream.requests) == 1
    assert spent(gateway) == ESTIMATE


async def test_a_call_goes_on_for_who_joined_and_is_paid_as_it_did_cost(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    gate = asyncio.Event()
    reply = told().steps[0]
    assert isinstance(reply, bytes)
    upstream.will(raw(gate, reply))
    gateway = await open_gateway(limited(upstream.url, extra=prices, cache_ttl=300))
    leader, joined = await connect(gateway.url), await connect(gateway.url)
    await leader.send(request("POST", CHAT, JSON, body=BODY))
    await upstream.request(1)
    await joined.send(request("POST", CHAT, JSON, body=BODY))
    await gateway.catch_up()
    leader.leave()
    await gateway.catch_up()
    gate.set()
    assert (await joined.answer()).status == 200
    await gateway.settled()
    assert spent(gateway) == TRUE


# -- streams whose end is not seen, or does not tell


def event(text: object) -> bytes:
    return b"data: %b\n\n" % json.dumps(text).encode()


async def leave_after(client: Client, gateway: InProcess, count: int) -> None:
    await client.send(request("POST", CHAT, JSON, body=BODY))
    assert (await client.head()).status == 200
    for _ in range(count):
        await client.chunk()
    client.leave()
    await gateway.settled()


async def test_of_a_stream_that_is_left_what_has_come_counts_if_that_is_more(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    """Each event is a token at least, whatever the request asked for."""
    chunk = event({"model": "gpt-5", "choices": [{"index": 0, "delta": {"content": "a"}}]})
    upstream.will(sse(chunk * 400, asyncio.Event()))
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    await leave_after(await connect(gateway.url), gateway, 1)
    assert spent(gateway) == -(-len(BODY) // 4) * 1000 + 400 * 2000


async def test_of_a_stream_that_is_left_what_it_told_counts_if_that_is_more(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    upstream.will(sse(event({"model": "gpt-5", "choices": [], "usage": tokens(9000, 100)}), asyncio.Event()))
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    await leave_after(await connect(gateway.url), gateway, 1)
    assert spent(gateway) == 9000 * 1000 + 100 * 2000


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_a_stream_without_usage_counts_what_has_come(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str, coding: str
) -> None:
    """As with `include_usage` false: 50 tokens were asked for, and 300 came."""
    data = event({"model": "gpt-5", "choices": [{"delta": {"content": "a"}}]}) * 300
    headers: tuple[Header, ...] = (("content-type", "text/event-stream"),)
    if coding:
        data, headers = gzip.compress(data), (*headers, ("content-encoding", coding))
    upstream.will(whole(data, headers=headers))
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    assert await post(await connect(gateway.url), CHAT, BODY) == 200
    await gateway.settled()
    assert spent(gateway) == -(-len(BODY) // 4) * 1000 + 300 * 2000


# -- what a request says of itself


@pytest.mark.parametrize(
    ("members", "output"),
    [
        ('"max_tokens":100000,"max_tokens":1', 100_000),
        ('"max_tokens":1,"max_tokens":100000', 100_000),
        ('"max_completion_tokens":1,"max_tokens":3000', 3000),
        ('"MAX_TOKENS":3000', 3000),
        ('"max_tokens":"3000"', 3000),
        ('"max_tokens":3000.0', 3000),
        ('"max_tokens":3000,"max_output_tokens":-1', 3000),
        ('"max_tokens":3000,"generationConfig":7', 3000),
        ('"max_tokens":-5', 1024),
        ('"max_tokens":null', 1024),
        ('"max_tokens":10,"n":100', 1000),
        ('"max_tokens":10,"best_of":20', 200),
        ('"n":2', 2048),
    ],
)
async def test_what_is_asked_for_is_read_as_the_most_it_may_mean(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str, members: str, output: int
) -> None:
    upstream.will(answer(None))
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    body = f'{{"model":"gpt-5",{members}}}'.encode()
    assert await post(await connect(gateway.url), CHAT, body) == 200
    await gateway.settled()
    assert spent(gateway) == -(-len(body) // 4) * 1000 + output * 2000


@pytest.mark.parametrize(
    "tail",
    ["chat/completions/models/unknown:x", "chat/completions/model/unknown/invoke", "@cf/unknown"],
)
async def test_a_path_of_another_provider_names_no_model(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str, tail: str
) -> None:
    upstream.will(told())
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    assert await post(await connect(gateway.url), f"/v1/acct/gw/openai/{tail}", BODY) == 200
    await gateway.settled()
    assert spent(gateway) == TRUE
    assert (await gateway.row()).model == "openai/gpt-5"


async def test_the_model_that_answers_counts_where_it_is_dearer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    """A body that names two models asks for the one that the provider reads."""
    upstream.will(told("big"))
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    assert await post(await connect(gateway.url), CHAT, b'{"model":"big","model":"gpt-5"}') == 200
    await gateway.settled()
    assert spent(gateway) == 100 * TRUE


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b'{"model":"big","model":"gpt-5"}', 2),
        (b'{"model":"gpt-5","Model":"big"}', 2),
        (b'{"mod\\u0065l":"big","model":"gpt-5"}', 2),
        (b'{"model":"gpt-5","tools":[{"model":{"type":"string"}}]}', 1),
        (BODY, 1),
    ],
)
async def test_a_rule_for_a_model_counts_what_may_ask_for_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str, data: bytes, count: int
) -> None:
    upstream.will(told())
    only = {"mode": "filter", "values": ["big"]}
    rules = rule(100, LONG), rule(100, LONG, id="dear", model=only)
    gateway = await open_gateway(spending(upstream.url, *rules, extra=prices))
    assert await post(await connect(gateway.url), CHAT, data) == 200
    await gateway.settled()
    assert (spent(gateway), used(gateway, name="dear", window=LONG)) == (TRUE, TRUE * (count - 1))


async def test_a_deployment_is_priced_by_the_model_that_answers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    """What the body says of a model is not what Azure goes by."""
    upstream.will(told("gpt-5"), told("gpt-5"))
    text = limited(upstream.url, extra=f'[providers.azure-openai]\nbase_url = "{upstream.url}"\n{prices}')
    gateway = await open_gateway(text)
    client = await connect(gateway.url)
    for number, model in enumerate((b"", b'"model":"cheapest",'), 1):
        path = "/v1/acct/gw/azure-openai/res/mine/chat/completions"
        assert await post(client, path, b'{%b"messages":[]}' % model) == 200
        await gateway.settled()
        assert spent(gateway) == number * TRUE


@pytest.mark.parametrize("path", [CHAT, TASKS])
async def test_a_body_too_large_to_be_read(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str, path: str
) -> None:
    """At Parallel nothing else tells the price, neither before nor after."""
    upstream.will(told())
    limits = "[server.limits]\nmax_buffered_body_bytes = 1000\n"
    gateway = await open_gateway(limited(upstream.url, 1, extra=prices + limits))
    data = b" " * 300_000 + (GPT if path == CHAT else b'{"input":"x","processor":"ultra8x"}')
    assert await post(await connect(gateway.url), path, data) == (200 if path == CHAT else 429)
    await gateway.settled()
    assert spent(gateway) == (TRUE if path == CHAT else 0)


@pytest.mark.parametrize("coding", ["br", "zstd", "x", "gzip, gzip"])
@pytest.mark.parametrize("path", [CHAT, TASKS])
async def test_a_body_that_cannot_be_read_is_refused_where_prices_are_limited(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str, path: str, coding: str
) -> None:
    gateway = await open_gateway(limited(upstream.url, extra=prices))
    client = await connect(gateway.url)
    refused = await client.ask("POST", path, JSON, ("content-encoding", coding), body=GPT)
    assert (refused.status, refused.json()["internalCode"]) == (429, 2045)
    assert "cannot be read" in refused.json()["description"]
    assert upstream.requests == []


# -- the caller's own prices

FREE: tuple[Header, ...] = (
    ("cf-aig-custom-cost", '{"total_cost":0}'),
    ("cf-aig-custom-cost", '{"per_token_in":0,"per_token_out":0}'),
    ("cf-aig-custom-cost", '{"per_token_in":1e-18}'),
    ("cf-aig-custom-cost", '{"per_cache_read_token":0}'),
)


def of_key(gateway: InProcess, name: str) -> int:
    return gateway.parts.counters.used(
        b"spend key " + name.encode(), Window(LONG, False), gateway.clock.now_us()
    )


@pytest.mark.parametrize("header", FREE)
@pytest.mark.parametrize("reply", [told(), stream(tokens(12, 34))], ids=["whole", "stream"])
async def test_no_caller_prices_its_own_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str, header: Header, reply: Reply
) -> None:
    """The row, and the gateway's rules, have what the caller says (Cloudflare 2.1, 3.19)."""
    upstream.will(reply)
    text = limited(upstream.url, extra=prices)
    gateway = await open_gateway(text)
    key, name = new_key(gateway, spend=SpendLimit(TRUE / NANO, LONG))
    reload(gateway, text)
    client = await connect(gateway.url)
    assert await post(client, CHAT, BODY, key, header) == 200
    await gateway.settled()
    assert (of_key(gateway, name), spent(gateway)) == (TRUE, 0)
    assert await post(client, CHAT, BODY, key, header) == 429
    rows = await gateway.rows(2)
    assert (rows[0].cost, rows[0].custom_cost) == (0, True)


@pytest.mark.parametrize("reply", [answer(None), silence(), raw(Act.RESET)])
async def test_a_caller_who_says_a_price_pays_what_was_sent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str, reply: Reply
) -> None:
    upstream.will(reply)
    text = spending(upstream.url, extra=prices, enabled=False)
    gateway = await open_gateway(text)
    key, name = new_key(gateway, spend=SpendLimit(1, LONG))
    reload(gateway, text)
    await post(await connect(gateway.url), CHAT, BODY, key, FREE[0], ("cf-aig-request-timeout", "100"))
    await gateway.settled()
    assert of_key(gateway, name) == ESTIMATE


async def test_a_token_that_may_set_costs_is_taken_at_its_word(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    """For Parallel and in a step too; without a price of its own the book counts."""
    text = limited(upstream.url, extra=prices)
    gateway = await open_gateway(text)
    key, name = new_key(gateway, spend=SpendLimit(1, LONG), permissions=("run", "set_costs"))
    reload(gateway, text)
    client = await connect(gateway.url)
    upstream.will(told(), told(), told(), whole(b"{}"))
    counted = []
    for header in (costs(0.25), FREE[1]):
        assert await post(client, CHAT, BODY, key, header) == 200
        await gateway.settled()
        counted.append((of_key(gateway, name), spent(gateway)))
    assert counted == [(NANO // 4, NANO // 4)] * 2
    step = {"provider": "openai", "endpoint": "chat/completions", "query": json.loads(BODY)}
    assert await post(client, UNIVERSAL, json.dumps([step]).encode(), key, costs(0.25)) == 200
    body = b'{"input":"x","processor":"ultra8x"}'
    assert await post(client, TASKS, body, key, costs(0.25)) == 200
    await gateway.settled()
    assert (of_key(gateway, name), spent(gateway)) == (NANO * 3 // 4, NANO * 3 // 4)
    assert await post(client, CHAT, BODY, key, costs(0.5)) == 429
    upstream.will(told())
    assert await post(client, CHAT, BODY, key) == 200
    await gateway.settled()
    assert of_key(gateway, name) == NANO * 3 // 4 + TRUE


async def test_parallels_price_is_not_the_callers_either(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    text = spending(upstream.url, extra=prices, enabled=False)
    gateway = await open_gateway(text)
    key, _ = new_key(gateway, spend=SpendLimit(0.01, 86400))
    reload(gateway, text)
    body = b'{"input":"x","processor":"ultra8x"}'
    assert await post(await connect(gateway.url), TASKS, body, key, FREE[0]) == 429
    assert upstream.requests == []


async def test_a_step_does_not_price_its_callers_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    upstream.will(told())
    text = spending(upstream.url, extra=prices, enabled=False)
    gateway = await open_gateway(text)
    key, name = new_key(gateway, spend=SpendLimit(1, LONG))
    reload(gateway, text)
    headers = {"cf-aig-custom-cost": '{"total_cost":0}', "cf-aig-collect-log": "false"}
    step = {
        "provider": "openai",
        "endpoint": "chat/completions",
        "headers": headers,
        "query": json.loads(BODY),
    }
    assert await post(await connect(gateway.url), UNIVERSAL, json.dumps([step]).encode(), key) == 200
    await gateway.settled()
    assert of_key(gateway, name) == TRUE


async def test_a_price_that_is_dearer_than_the_book_counts(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    upstream.will(told())
    text = spending(upstream.url, extra=prices, enabled=False)
    gateway = await open_gateway(text)
    key, name = new_key(gateway, spend=SpendLimit(2, LONG))
    reload(gateway, text)
    client = await connect(gateway.url)
    assert [await post(client, CHAT, BODY, key, costs(2)) for _ in range(2)] == [200, 429]
    assert of_key(gateway, name) == 2 * NANO


async def test_what_a_key_has_no_room_for_is_taken_from_no_rule(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, prices: str
) -> None:
    text = limited(upstream.url, 1, extra=prices)
    gateway = await open_gateway(text)
    key, name = new_key(gateway, spend=SpendLimit(5, LONG))
    reload(gateway, text)
    client = await connect(gateway.url)
    assert await post(client, CHAT, BODY, key, costs(3)) == 429  # the rule's
    assert (spent(gateway), of_key(gateway, name)) == (0, 0)
    assert await post(client, CHAT, BODY, key, costs(1)) == 200
    assert (spent(gateway), of_key(gateway, name)) == (NANO, NANO)
