"""When an answer is given again, for how long, and to whom (Cloudflare 2.1, 3.2, B1 to B4)."""

from __future__ import annotations

import pytest
from recall_kit import CHAT, QUESTION, TTL, cache_status, caching, caller, numbering, off

from conftest import Connect, OpenGateway
from support.canned import chat_reply
from support.checks import check_ids
from support.client import Header
from support.configuration import gateways, openai, providers
from support.upstream import Upstream

OWN_KEY = ("cf-aig-cache-key", "mine")
MONTH = 2_592_000


# -- B1 to B4


async def test_b1_a_second_call_is_a_hit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    gateway = await open_gateway(openai(upstream.url))
    client = await caller(gateway, connect)
    first, second = await client.ask(TTL), await client.ask(TTL)
    assert [cache_status(first), cache_status(second)] == ["MISS", "HIT"]
    assert (first.body, second.body) == (b'{"number":1}', b'{"number":1}')
    assert (second.status, second.header("content-type")) == (200, "application/json")
    assert second.header("content-length") == "12"
    assert check_ids(first) != check_ids(second)
    assert len(upstream.requests) == 1
    miss, hit = await gateway.rows(2)
    assert (miss.id, miss.cached, miss.attempts) == (check_ids(first), False, 1)
    assert (hit.id, hit.cached, hit.cost, hit.attempts) == (check_ids(second), True, 0, 0)
    assert (hit.status_code, hit.success, hit.outcome, hit.provider) == (200, True, "complete", "openai")
    assert (hit.path, hit.response_size) == ("chat/completions", 12)


async def test_b2_not_for_another_vendor_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    answers = [await client.ask(TTL, key=key) for key in ("sk-1", "sk-2", "", "sk-1", "sk-2", "")]
    assert [cache_status(answer) for answer in answers] == ["MISS"] * 3 + ["HIT"] * 3
    assert [answer.json()["number"] for answer in answers] == [1, 2, 3] * 2


@pytest.mark.parametrize("skip", [("cf-aig-skip-cache", "true"), ("cf-skip-cache", "TRUE")])
async def test_b3_a_call_may_skip_the_cache(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, skip: Header
) -> None:
    numbering(upstream)
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    await client.ask(TTL)
    skipping = await client.ask(TTL, skip)
    assert (skipping.json(), cache_status(skipping)) == ({"number": 2}, None)
    after = await client.ask(TTL)
    assert (after.json(), cache_status(after)) == ({"number": 1}, "HIT")


async def test_b4_a_key_of_ones_own_stands_for_the_request(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """On a gateway whose cache is off, and for five minutes."""
    numbering(upstream)
    gateway = await open_gateway(openai(upstream.url))
    client = await caller(gateway, connect)
    first = await client.ask(OWN_KEY, body=b'{"a":1}')
    second = await client.ask(OWN_KEY, body=b'{"b":2}', path=CHAT + "?x=1")
    assert [cache_status(first), cache_status(second)] == ["MISS", "HIT"]
    assert second.json() == {"number": 1}
    other = await client.ask(("cf-aig-cache-key", "other"), body=b'{"a":1}')
    assert (cache_status(other), other.json()) == ("MISS", {"number": 2})
    gateway.clock.ahead += 299
    last = await client.ask(OWN_KEY)
    assert (cache_status(last), last.header("age")) == ("HIT", "299")
    gateway.clock.ahead += 1
    assert cache_status(await client.ask(OWN_KEY)) == "MISS"


# -- on, off, how long


async def test_off_unless_asked_for(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    numbering(upstream)
    gateway = await open_gateway(openai(upstream.url))
    client = await caller(gateway, connect)
    answers = [await client.ask() for _ in range(2)]
    assert [(cache_status(answer), answer.json()["number"]) for answer in answers] == [(None, 1), (None, 2)]
    assert "age" not in answers[1].names
    assert [row.cached for row in await gateway.rows(2)] == [False, False]


async def test_on_for_a_gateway_with_a_time(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    text = gateways(gw={"cache_ttl": 120}) + providers({"openai": upstream.url})
    gateway = await open_gateway(text)
    client = await caller(gateway, connect)
    assert cache_status(await client.ask()) == "MISS"
    for seconds, age in ((0, "0"), (1.5, "1"), (118, "119")):
        gateway.clock.ahead += seconds
        answer = await client.ask()
        assert (cache_status(answer), answer.header("age")) == ("HIT", age)
    gateway.clock.ahead += 0.5
    assert cache_status(await client.ask()) == "MISS"
    assert len(upstream.requests) == 2


async def test_a_hit_makes_an_answer_no_younger(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    gateway = await open_gateway(openai(upstream.url))
    client = await caller(gateway, connect)
    for seconds, expected in ((0, "MISS"), (59, "HIT"), (1, "MISS")):
        gateway.clock.ahead += seconds
        assert cache_status(await client.ask(TTL)) == expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((("cf-aig-cache-ttl", "60"),), 60),
        ((("cf-aig-cache-ttl", str(MONTH)),), MONTH),
        ((("CF-AIG-Cache-TTL", " 75 "),), 75),
        ((("cf-cache-ttl", "90"),), 90),
        ((("cf-cache-ttl", "90"), ("cf-aig-cache-ttl", "70")), 70),
        ((("cf-aig-cache-ttl", "70"), ("cf-cache-ttl", "90")), 70),
        ((OWN_KEY, ("cf-aig-cache-ttl", "70")), 70),
        ((OWN_KEY,), 300),
    ],
)
async def test_how_long_a_request_may_ask_for(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    headers: tuple[Header, ...],
    seconds: int,
) -> None:
    """Cloudflare 2.1: from a minute to a month, and the deprecated name."""
    gateway = await open_gateway(openai(upstream.url))
    client = await caller(gateway, connect)
    assert cache_status(await client.ask(*headers)) == "MISS"
    gateway.clock.ahead += seconds - 1
    assert cache_status(await client.ask(*headers)) == "HIT"
    gateway.clock.ahead += 1
    assert cache_status(await client.ask(*headers)) == "MISS"


@pytest.mark.parametrize(
    "headers",
    [
        (("cf-aig-cache-ttl", "59"),),
        (("cf-aig-cache-ttl", "1"),),
        (("cf-aig-cache-ttl", str(MONTH + 1)),),
        (("cf-aig-cache-ttl", "-60"),),
        (("cf-aig-cache-ttl", "60.5"),),
        (("cf-aig-cache-ttl", "6e1"),),
        (("cf-aig-cache-ttl", "soon"),),
        (("cf-aig-cache-ttl", ""),),
        (("cf-aig-cache-ttl", "9" * 40),),
        (("cf-aig-cache-ttl", "\xb2\xb2\xb2"),),
        (("cf-aig-cache-key", ""),),
        (("cf-aig-cache-key", "k" * 1025),),
        (("cf-aig-cache-key", "\xff\xfe"),),
        (("cf-aig-skip-cache", "perhaps"),),
    ],
)
async def test_malformed_values_are_as_if_not_sent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, headers: tuple[Header, ...]
) -> None:
    """Cloudflare 2.4: the gateway's own setting holds, on as well as off."""
    gateway = await open_gateway(caching(upstream.url))
    client = await caller(gateway, connect)
    assert [cache_status(await client.ask(*headers, path=off())) for _ in range(2)] == [None, None]
    assert [cache_status(await client.ask(*headers)) for _ in range(2)] == ["MISS", "HIT"]


@pytest.mark.parametrize("zero", [("cf-aig-cache-ttl", "0"), ("cf-cache-ttl", "0")])
@pytest.mark.parametrize("more", [(), (OWN_KEY,)])
async def test_zero_means_no_cache(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    zero: Header,
    more: tuple[Header, ...],
) -> None:
    numbering(upstream)
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    await client.ask(*more)
    answer = await client.ask(zero, *more)
    assert (cache_status(answer), answer.json()) == (None, {"number": 2})
    assert (await client.ask(*more)).json() == {"number": 1}


async def test_a_call_that_skips_leaves_nothing_behind(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    await client.ask(TTL, ("cf-aig-skip-cache", "true"))
    assert cache_status(await client.ask(TTL)) == "MISS"


async def test_a_request_may_not_skip_with_false(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    skip = ("cf-aig-skip-cache", "false")
    assert [cache_status(await client.ask(TTL, skip)) for _ in range(2)] == ["MISS", "HIT"]


# -- what is the same call


@pytest.mark.parametrize(
    "headers",
    [
        (("cf-aig-metadata", '{"team":"other"}'),),
        (("cf-aig-event-id", "another"),),
        (("User-Agent", "another/2"),),
        (("cf-aig-collect-log-payload", "false"),),
        (("cf-aig-request-timeout", "5000"),),
        (("cf-aig-max-attempts", "3"),),
        (("cf-aig-cache-ttl", "90"),),
        (("cf-aig-custom-cost", '{"per_token_in":1,"per_token_out":1}'),),
        (("X-Request-Id", "7"),),
        (("Connection", "keep-alive"),),
    ],
)
async def test_what_changes_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, headers: tuple[Header, ...]
) -> None:
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    await client.ask()
    assert cache_status(await client.ask(*headers)) == "HIT"


@pytest.mark.parametrize(
    ("headers", "path", "body"),
    [
        ((("anthropic-version", "2099-01-01"),), CHAT, QUESTION),
        ((("anthropic-beta", "b1"),), CHAT, QUESTION),
        ((("OpenAI-Beta", "assistants=v2"),), CHAT, QUESTION),
        ((("openai-organization", "org"),), CHAT, QUESTION),
        ((("openai-project", "p"),), CHAT, QUESTION),
        ((("Accept", "text/event-stream"),), CHAT, QUESTION),
        ((), CHAT + "?x=1", QUESTION),
        ((), CHAT.replace("chat/completions", "responses"), QUESTION),
        ((), CHAT, QUESTION + b" "),
        ((), CHAT, QUESTION.replace(b"gpt-5", b"gpt-6")),
        ((), CHAT, b""),
        ((), CHAT.replace("openai", "groq"), QUESTION),
        ((), CHAT.replace("/gw/", "/two/"), QUESTION),
        ((), CHAT.replace("/acct/", "/other/"), QUESTION),
    ],
)
async def test_what_makes_another_call(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    headers: tuple[Header, ...],
    path: str,
    body: bytes,
) -> None:
    numbering(upstream)
    on = {"cache_ttl": 3600}
    text = gateways(gw=on, two=on) + gateways("other", gw=on)
    gateway = await open_gateway(text + providers({"openai": upstream.url, "groq": upstream.url}))
    client = await caller(gateway, connect)
    await client.ask()
    answer = await client.ask(*headers, path=path, body=body)
    assert (cache_status(answer), answer.json()) == ("MISS", {"number": 2})
    again = await client.ask(*headers, path=path, body=body)
    assert (cache_status(again), again.json()) == ("HIT", {"number": 2})


@pytest.mark.parametrize("own", [(), (OWN_KEY,)])
@pytest.mark.parametrize(
    "path", [CHAT.replace("/gw/", "/two/"), CHAT.replace("/acct/", "/other/")], ids=["gateway", "account"]
)
async def test_nobody_else_gets_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, own: tuple[Header, ...], path: str
) -> None:
    """Also with a key of one's own, which anybody can guess."""
    on = {"cache_ttl": 3600}
    text = gateways(gw=on, two=on) + gateways("other", gw=on) + providers({"openai": upstream.url})
    client = await caller(await open_gateway(text), connect)
    await client.ask(*own)
    assert cache_status(await client.ask(*own, key="sk-2")) == "MISS"
    assert cache_status(await client.ask(*own, path=path)) == "MISS"


# -- methods


@pytest.mark.parametrize("headers", [(), (TTL,), (OWN_KEY,)])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_methods_that_are_never_cached(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    method: str,
    headers: tuple[Header, ...],
) -> None:
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    for _ in range(2):
        answer = await client.ask(*headers, method=method, body=None if method == "HEAD" else b"{}")
        assert (answer.status, cache_status(answer)) == (200, None)
    assert len(upstream.requests) == 2


async def test_get_is_cached_only_when_asked(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    client = await caller(await open_gateway(caching(upstream.url)), connect)

    async def get(*headers: Header) -> tuple[str | None, int]:
        answer = await client.ask(*headers, method="GET", body=None)
        return cache_status(answer), answer.json()["number"]

    assert [await get(), await get()] == [(None, 1), (None, 2)]
    assert [await get(TTL), await get(TTL)] == [("MISS", 3), ("HIT", 3)]
    assert [await get(OWN_KEY), await get(OWN_KEY)] == [("MISS", 4), ("HIT", 4)]
    posted = await client.ask(TTL)
    assert cache_status(posted) == "MISS"


@pytest.mark.parametrize(
    ("provider", "tail"),
    [
        ("openai", "files"),
        ("openai", "v1/batches"),
        ("openai", "v1/fine_tuning/jobs"),
        ("openai", "videos"),
    ],
)
async def test_what_makes_something_is_cached_only_when_asked(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, provider: str, tail: str
) -> None:
    numbering(upstream)
    text = gateways(gw={"cache_ttl": 60}) + providers({"openai": upstream.url, "parallel": upstream.url})
    client = await caller(await open_gateway(text), connect)
    path = f"/v1/acct/gw/{provider}/{tail}"
    first, second = [await client.ask(path=path) for _ in range(2)]
    assert [cache_status(first), cache_status(second)] == [None, None]
    assert first.json() != second.json()
    assert [cache_status(await client.ask(TTL, path=path)) for _ in range(2)] == ["MISS", "HIT"]


async def test_a_search_is_cached_unasked(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = gateways(gw={"cache_ttl": 60}) + providers({"parallel": upstream.url})
    client = await caller(await open_gateway(text), connect)
    path = "/v1/acct/gw/parallel/v1beta/search"
    assert [cache_status(await client.ask(path=path)) for _ in range(2)] == ["MISS", "HIT"]


async def test_the_log_keeps_what_a_hit_answered(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(chat_reply())
    gateway = await open_gateway(caching(upstream.url))
    client = await caller(gateway, connect)
    cost = ("cf-aig-custom-cost", '{"per_token_in":0.5,"per_token_out":1}')
    await client.ask(cost)
    await client.ask(cost, ("cf-aig-metadata", '{"team":"b"}'), ("User-Agent", "second"))
    miss, hit = await gateway.rows(2)
    assert hit.model == miss.model is not None
    assert (miss.cost, hit.cost) == (7.5, 0)
    assert (hit.tokens_in, hit.tokens_out) == (9, 3)
    assert (hit.metadata, hit.user_agent) == ({"team": "b"}, "second")
    assert (hit.request_size, hit.response_size) == (miss.request_size, miss.response_size)
    assert hit.response_content_type == miss.response_content_type
