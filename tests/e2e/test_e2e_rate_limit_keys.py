"""Rate limits of virtual keys, beside the gateway's: each counts for itself, and both or neither."""

from __future__ import annotations

from limit_kit import (
    CHAT,
    GPT,
    change_rate,
    configuration,
    let_pass,
    new_key,
    place_clock,
    rated,
    reload,
    universal,
)

from conftest import Connect, OpenGateway
from penstock.stores.control_store import RateLimit
from support.checks import check_error
from support.client import Answer, Client, Header
from support.upstream import Upstream


async def ask(client: Client, *headers: Header, path: str = CHAT) -> Answer:
    return await client.ask("POST", path, *headers, body=GPT)


def who_refuses(answer: Answer) -> str:
    """The limit that was reached, `gateway` or `key`; all parts of the refusal must agree."""
    text = check_error(answer, 429, 2003, "Rate limited")
    name = (answer.header("ratelimit-policy") or "").split('"')[1]
    assert text.startswith({"gateway": "this gateway admits ", "key": "this key admits "}[name])
    assert (answer.header("ratelimit") or "").startswith(f'"{name}";r=0;t=')
    return name


async def test_a_key_has_its_own_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = configuration({"openai": upstream.url}, {})
    gateway = await open_gateway(text)
    one, _ = new_key(gateway, rate=RateLimit(2, 60))
    two, _ = new_key(gateway, rate=RateLimit(1, 60, "sliding"))
    free, _ = new_key(gateway)
    reload(gateway, text)
    place_clock(gateway, 60, 10)
    client = await connect(gateway.url)
    answers = [await ask(client, one) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.header("ratelimit") for answer in answers[:2]] == ['"key";r=1;t=50', '"key";r=0;t=50']
    assert who_refuses(answers[2]) == "key"
    assert answers[2].header("retry-after") == "50"
    assert [(await ask(client, two)).status for _ in range(2)] == [200, 429]
    for headers in ((free,), ()):
        answer = await ask(client, *headers)
        assert answer.status == 200
        assert "ratelimit" not in answer.names
    let_pass(gateway, 50)
    assert [(await ask(client, one)).status, (await ask(client, two)).status] == [200, 429]
    let_pass(gateway, 10)
    assert (await ask(client, two)).status == 200


async def test_a_refused_key_takes_nothing_from_the_gateway(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = rated(upstream.url, 3, 60)
    gateway = await open_gateway(text)
    key, token = new_key(gateway, rate=RateLimit(1, 3600))
    reload(gateway, text)
    place_clock(gateway, 3600, 10)
    client = await connect(gateway.url)
    first = await ask(client, key)
    assert first.header("ratelimit-policy") == '"gateway";q=3;w=60, "key";q=1;w=3600'
    assert first.header("ratelimit") == '"gateway";r=2;t=50, "key";r=0;t=3590'
    assert {who_refuses(await ask(client, key)) for _ in range(5)} == {"key"}
    assert [(await ask(client)).status for _ in range(2)] == [200, 200]
    assert who_refuses(await ask(client)) == "gateway"
    rows = await gateway.rows(9)
    assert [row.token for row in rows] == [token] * 6 + [None] * 3
    assert len(upstream.requests) == 3


async def test_a_full_gateway_takes_nothing_from_the_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = rated(upstream.url, 1, 60)
    gateway = await open_gateway(text)
    key, _ = new_key(gateway, rate=RateLimit(1, 3600))
    reload(gateway, text)
    place_clock(gateway, 3600, 10)
    client = await connect(gateway.url)
    assert (await ask(client)).status == 200
    assert {who_refuses(await ask(client, key)) for _ in range(5)} == {"gateway"}
    let_pass(gateway, 60)
    assert (await ask(client, key)).status == 200
    let_pass(gateway, 60)
    assert who_refuses(await ask(client, key)) == "key"
    assert (await ask(client)).status == 200


async def test_a_key_counts_over_all_gateways(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = configuration({"openai": upstream.url}, {}, other={})
    gateway = await open_gateway(text)
    key, _ = new_key(gateway, rate=RateLimit(2, 60))
    reload(gateway, text)
    client = await connect(gateway.url)
    paths = (CHAT, CHAT.replace("/gw/", "/other/"))
    assert [(await ask(client, key, path=path)).status for path in paths] == [200, 200]
    assert [who_refuses(await ask(client, key, path=path)) for path in paths] == ["key", "key"]


async def test_a_universal_call_is_one_of_the_keys(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = rated(upstream.url, 9, 60)
    gateway = await open_gateway(text)
    key, _ = new_key(gateway, rate=RateLimit(1, 60))
    other, _ = new_key(gateway, rate=RateLimit(1, 60))
    reload(gateway, text)
    client = await connect(gateway.url)
    stolen = {"cf-aig-authorization": other[1]}
    body = universal(("openai", stolen), ("openai", {}))
    answer = await client.ask("POST", "/v1/acct/gw", key, body=body)
    assert answer.status == 200
    assert who_refuses(await client.ask("POST", "/v1/acct/gw", key, body=body)) == "key"
    assert (await ask(client, other)).status == 200  # a step cannot spend somebody else's


async def test_a_key_in_the_place_of_the_providers_is_limited_too(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = configuration({"openai": upstream.url}, {})
    gateway = await open_gateway(text)
    key, _ = new_key(gateway, rate=RateLimit(2, 60))
    reload(gateway, text)
    client = await connect(gateway.url)
    ways = [("Authorization", key[1]), ("x-api-key", key[1].removeprefix("Bearer ")), key]
    assert [(await ask(client, way)).status for way in ways] == [200, 200, 429]


async def test_a_changed_key_keeps_what_was_counted(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = configuration({"openai": upstream.url}, {})
    gateway = await open_gateway(text)
    key, token_id = new_key(gateway, rate=RateLimit(1, 60, "sliding"))
    reload(gateway, text)
    client = await connect(gateway.url)
    assert [(await ask(client, key)).status for _ in range(2)] == [200, 429]
    change_rate(gateway, token_id, RateLimit(2, 60, "sliding"))
    reload(gateway, text)
    assert [(await ask(client, key)).status for _ in range(2)] == [200, 429]
