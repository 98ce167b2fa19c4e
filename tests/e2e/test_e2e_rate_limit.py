"""Rate limits as a caller meets them (Cloudflare 3.3, B5): windows, the refusal, what counts and what does not."""

from __future__ import annotations

import asyncio

import pytest
from limit_kit import CHAT, GPT, configuration, let_pass, place_clock, rated, reload, universal

from conftest import Connect, OpenGateway
from support.checks import check_error, check_ids
from support.client import Answer, Client, request
from support.replies import silence, sse, whole
from support.shared_stores import counting
from support.upstream import Upstream

GW = "/v1/acct/gw"
COMPAT = "/v1/acct/gw/compat/chat/completions"


def check_refused(answer: Answer, limit: int, interval: int, seconds: int, *, name: str = "gateway") -> None:
    """The refusal of Cloudflare 3.3, with what our own headers say beside it."""
    what = "this gateway" if name == "gateway" else "this key"
    text = check_error(answer, 429, 2003, "Rate limited")
    assert text == f"{what} admits {limit} requests in {interval} s; try again in {seconds} s"
    assert answer.header("retry-after") == str(seconds)
    assert answer.header("ratelimit-policy") == f'"{name}";q={limit};w={interval}'
    assert answer.header("ratelimit") == f'"{name}";r=0;t={seconds}'


async def ask(client: Client, *headers: tuple[str, str], path: str = CHAT) -> Answer:
    return await client.ask("POST", path, *headers, body=GPT)


async def test_two_a_minute_and_the_third_waits_for_the_clock(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """B5."""
    gateway = await open_gateway(rated(upstream.url, 2, 60))
    place_clock(gateway, 60, 10)
    client = await connect(gateway.url)
    first = await ask(client)
    let_pass(gateway, 20)
    second, third = await ask(client), await ask(client)
    assert [first.status, second.status] == [200, 200]
    assert [one.header("ratelimit") for one in (first, second)] == [
        '"gateway";r=1;t=50',
        '"gateway";r=0;t=30',
    ]
    assert {one.header("ratelimit-policy") for one in (first, second)} == {'"gateway";q=2;w=60'}
    assert first.header("retry-after") is None
    check_refused(third, 2, 60, 30)
    check_ids(third)
    assert len(upstream.requests) == 2
    place_clock(gateway, 60, 0)
    assert [(await ask(client)).status for _ in range(3)] == [200, 200, 429]


async def test_a_refused_call_is_a_row(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(rated(upstream.url, 1, 60))
    client = await connect(gateway.url)
    await ask(client)
    refused = await ask(client, ("cf-aig-metadata", '{"team":"a"}'))
    row = (await gateway.rows(2))[1]
    assert row.id == check_ids(refused)
    assert (row.status_code, row.error_code, row.outcome, row.success) == (429, 2003, "refused", False)
    assert (row.provider, row.metadata, row.attempts, row.cached) == ("openai", {"team": "a"}, 0, False)
    assert (row.cost, row.tokens_in) == (None, None)


async def test_fixed_windows_begin_anew_at_the_boundary(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Aligned to the clock: twice the limit fits into two seconds around a boundary, and no more."""
    gateway = await open_gateway(rated(upstream.url, 3, 600))
    client = await connect(gateway.url)
    place_clock(gateway, 600, 599)
    assert [(await ask(client)).status for _ in range(3)] == [200] * 3
    check_refused(await ask(client), 3, 600, 1)
    place_clock(gateway, 600, 599.999999)
    check_refused(await ask(client), 3, 600, 1)
    place_clock(gateway, 600, 0)
    assert [(await ask(client)).status for _ in range(3)] == [200] * 3
    check_refused(await ask(client), 3, 600, 600)


async def test_sliding_windows_trail(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(rated(upstream.url, 2, 60, "sliding"))
    place_clock(gateway, 60, 40)
    client = await connect(gateway.url)
    assert (await ask(client)).header("ratelimit") == '"gateway";r=1;t=60'
    let_pass(gateway, 30)  # over a boundary of the clock
    assert (await ask(client)).header("ratelimit") == '"gateway";r=0;t=30'
    check_refused(await ask(client), 2, 60, 30)
    let_pass(gateway, 29.5)
    check_refused(await ask(client), 2, 60, 1)
    let_pass(gateway, 0.5)
    assert (await ask(client)).header("ratelimit") == '"gateway";r=0;t=30'
    check_refused(await ask(client), 2, 60, 30)
    let_pass(gateway, 30)
    assert [(await ask(client)).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("technique", ["fixed", "sliding"])
async def test_refused_calls_are_not_counted(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, technique: str
) -> None:
    gateway = await open_gateway(rated(upstream.url, 1, 60, technique))
    place_clock(gateway, 60, 0)
    client = await connect(gateway.url)
    assert (await ask(client)).status == 200
    for left in range(60, 0, -6):
        check_refused(await ask(client), 1, 60, left)
        let_pass(gateway, 6)
    assert (await ask(client)).status == 200
    assert len(upstream.requests) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"rate_limiting_limit": 0, "rate_limiting_interval": 60},
        {"rate_limiting_limit": 1, "rate_limiting_interval": 0},
        {"rate_limiting_limit": 1},
        {"rate_limiting_interval": 60},
    ],
)
async def test_off(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, fields: dict[str, object]
) -> None:
    gateway = await open_gateway(configuration({"openai": upstream.url}, fields))
    client = await connect(gateway.url)
    for _ in range(3):
        answer = await ask(client)
        assert answer.status == 200
        assert not {"ratelimit", "ratelimit-policy", "retry-after"} & set(answer.names)


@pytest.mark.parametrize("technique", ["fixed", "sliding"])
async def test_what_was_counted_outlives_a_change(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, technique: str
) -> None:
    other = {"fixed": "sliding", "sliding": "fixed"}[technique]
    gateway = await open_gateway(rated(upstream.url, 2, 600, technique))
    place_clock(gateway, 3600, 60)
    client = await connect(gateway.url)
    assert [(await ask(client)).status for _ in range(3)] == [200, 200, 429]
    reload(gateway, rated(upstream.url, 3, 600, technique))
    assert [(await ask(client)).status for _ in range(2)] == [200, 429]
    reload(gateway, rated(upstream.url, 1, 600, technique))
    assert (await ask(client)).status == 429
    reload(gateway, rated(upstream.url, 4, 600, other))
    assert [(await ask(client)).status for _ in range(2)] == [200, 429]
    reload(gateway, rated(upstream.url, 5, 3600, technique))
    assert [(await ask(client)).status for _ in range(2)] == [200, 429]
    reload(gateway, rated(upstream.url, 0, 3600, technique))
    assert [(await ask(client)).status for _ in range(2)] == [200, 200]
    reload(gateway, rated(upstream.url, 5, 3600, technique))
    assert (await ask(client)).status == 429


async def test_a_call_under_way_keeps_the_limit_it_began_with(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(gate, b"data: 1\n\n"))
    gateway = await open_gateway(rated(upstream.url, 1, 60))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=GPT))
    await upstream.request(1)
    reload(gateway, rated(upstream.url, 7, 60))
    gate.set()
    assert (await client.answer()).header("ratelimit-policy") == '"gateway";q=1;w=60'
    assert (await ask(client)).header("ratelimit-policy") == '"gateway";q=7;w=60'


async def test_hits_of_the_cache_are_counted(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(rated(upstream.url, 2, 60, cache_ttl=300))
    client = await connect(gateway.url)
    answers = [await ask(client) for _ in range(3)]
    assert [one.status for one in answers] == [200, 200, 429]
    assert [one.header("cf-aig-cache-status") for one in answers] == ["MISS", "HIT", None]
    assert [(one.header("ratelimit") or "")[:13] for one in answers] == [
        '"gateway";r=1',
        *['"gateway";r=0'] * 2,
    ]
    assert len(upstream.requests) == 1


async def test_calls_that_share_an_answer_are_each_counted(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(gate, b"data: 1\n\n"))
    gateway = await open_gateway(rated(upstream.url, 2, 60, cache_ttl=300))
    first, second, third = [await connect(gateway.url) for _ in range(3)]
    await first.send(request("POST", CHAT, body=GPT))
    await upstream.request(1)
    await second.send(request("POST", CHAT, body=GPT))
    await gateway.catch_up()
    assert (await ask(third)).status == 429
    gate.set()
    assert [(await one.answer()).status for one in (first, second)] == [200, 200]
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("status", [400, 404, 429, 500])
async def test_what_the_provider_refuses_was_a_call(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    upstream.will(whole(b"theirs", status))
    gateway = await open_gateway(rated(upstream.url, 1, 60))
    client = await connect(gateway.url)
    answer = await ask(client)
    assert (answer.status, answer.body) == (status, b"theirs")
    assert (await ask(client)).json()["internalCode"] == 2003


async def test_retries_are_one_call(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(whole(b"", 503), whole(b"", 503))
    gateway = await open_gateway(rated(upstream.url, 2, 6000, retry_max_attempts=3, retry_delay=100))
    place_clock(gateway, 6000, 0)
    client = await connect(gateway.url)
    answers = [await ask(client) for _ in range(3)]
    assert [one.status for one in answers] == [200, 200, 429]
    assert len(upstream.requests) == 4


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_every_method_counts(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str
) -> None:
    gateway = await open_gateway(rated(upstream.url, 1, 60))
    client = await connect(gateway.url)
    path = f"{GW}/openai/models/x"
    assert [(await client.ask(method, path)).status for _ in range(2)] == [200, 429]
    assert (await ask(client)).status == 429  # and the connection is still good


@pytest.mark.parametrize(
    ("path", "status"),
    [(f"{GW}/nosuch/x", 400), ("/v1/acct/nosuch/openai/x", 400), ("/v1/other/gw/openai/x", 400)],
)
async def test_what_leads_nowhere_takes_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, status: int
) -> None:
    gateway = await open_gateway(rated(upstream.url, 1, 60))
    client = await connect(gateway.url)
    for _ in range(3):
        assert (await ask(client, path=path)).status == status
    assert (await ask(client)).status == 200


async def test_strangers_take_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = rated(upstream.url, 1, 60, authentication=True)
    gateway = await open_gateway(text, {"PENSTOCK_ADMIN_TOKEN": "admin-0123456789"})
    client = await connect(gateway.url)
    for _ in range(3):
        assert (await ask(client, ("cf-aig-authorization", "Bearer nobody"))).status == 401
    mine = ("cf-aig-authorization", "Bearer admin-0123456789")
    assert [(await ask(client, mine)).status for _ in range(2)] == [200, 429]
    assert (await ask(client)).status == 401  # a stranger does not learn that the limit is reached


async def test_gateways_count_for_themselves(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    fields = {"rate_limiting_limit": 1, "rate_limiting_interval": 60}
    text = configuration({"openai": upstream.url}, fields, other=fields)
    text += "".join(
        f"[accounts.acct2.gateways.gw]\n{key} = {value}\n" if not index else f"{key} = {value}\n"
        for index, (key, value) in enumerate(fields.items())
    )
    gateway = await open_gateway(text)
    client = await connect(gateway.url)
    for name in ("acct/gw", "acct/other", "acct2/gw"):
        path = f"/v1/{name}/openai/chat/completions"
        assert [(await ask(client, path=path)).status for _ in range(2)] == [200, 429]


async def test_all_providers_and_ways_share_the_gateways_counter(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A unified call is one call, and so is a universal one, whatever its steps do."""
    upstream.will(whole(b"{}"), whole(b"{}"), whole(b"{}", 500), whole(b"{}", 500))
    gateway = await open_gateway(rated(upstream.url, 4, 60))
    client = await connect(gateway.url)
    steps = universal(("openai", {}), ("anthropic", {}), ("openai", {}))
    answers = [
        await ask(client, path=f"{GW}/anthropic/v1/messages"),
        await client.ask("POST", COMPAT, body=b'{"model":"openai/gpt-5","messages":[]}'),
        await client.ask("POST", GW, body=steps),
        await ask(client),
    ]
    assert [one.status for one in answers] == [200] * 4
    assert [(one.header("ratelimit") or "")[10:13] for one in answers] == ["r=3", "r=2", "r=1", "r=0"]
    assert answers[2].header("cf-aig-step") == "2"
    assert len(upstream.requests) == 6
    for path, body in ((CHAT, GPT), (COMPAT, b"{}"), (GW, steps), (f"{GW}/", b"not json")):
        check_error(await client.ask("POST", path, body=body), 429, 2003, "Rate limited")
    assert len(upstream.requests) == 6
    rows = await gateway.rows(4 + 2 + 4)
    assert [row.status_code for row in rows[-4:]] == [429] * 4


async def test_a_stream_is_not_cut_and_holds_its_place(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(b"data: 1\n\n", gate, b"data: 2\n\n"))
    gateway = await open_gateway(rated(upstream.url, 1, 60))
    place_clock(gateway, 60, 30)
    streaming, other = await connect(gateway.url), await connect(gateway.url)
    await streaming.send(request("POST", CHAT, body=GPT))
    head = await streaming.head()
    assert (head.status, head.header("ratelimit")) == (200, '"gateway";r=0;t=30')
    assert await streaming.chunk() == b"data: 1\n\n"
    check_refused(await ask(other), 1, 60, 30)
    let_pass(gateway, 30)
    assert [(await ask(other)).status for _ in range(2)] == [200, 429]
    gate.set()
    assert await streaming.chunk() == b"data: 2\n\n"
    assert await streaming.chunk() == b""


async def test_a_client_that_left_had_its_call(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(silence())
    gateway = await open_gateway(rated(upstream.url, 1, 60))
    leaving = await connect(gateway.url)
    await leaving.send(request("POST", CHAT, body=GPT))
    await upstream.request(1)
    leaving.leave()
    await upstream.left(0)
    assert (await ask(await connect(gateway.url))).status == 429


async def test_refused_before_the_body_is_sent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Who asks first whether to send gets the refusal in place of `100 Continue`."""
    gateway = await open_gateway(rated(upstream.url, 1, 60))
    assert (await ask(await connect(gateway.url))).status == 200
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Expect", "100-continue"), ("Content-Length", "1000000")))
    assert (await client.head()).status == 429


async def test_without_counters_nothing_is_let_through(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A limit that cannot be kept is not forgotten either."""
    gateway = await open_gateway(rated(upstream.url, 5, 60))
    client = await connect(gateway.url)
    counting(gateway).close()
    check_error(await ask(client), 503, 9503, "Service unavailable")
    gateway.sweep()
    assert upstream.requests == []
    row = await gateway.row()
    assert (row.status_code, row.error_code) == (503, 9503)


async def test_pipelined_calls_are_counted_one_by_one(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(rated(upstream.url, 2, 60))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=GPT) * 5)
    assert [(await client.answer()).status for _ in range(5)] == [200, 200, 429, 429, 429]
    assert len(upstream.requests) == 2


@pytest.mark.parametrize("technique", ["fixed", "sliding"])
async def test_the_longest_window_there_is(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, technique: str
) -> None:
    """What the settings accept, the counters can count."""
    gateway = await open_gateway(rated(upstream.url, 2, 316_224_000, technique))
    client = await connect(gateway.url)
    assert [(await ask(client)).status for _ in range(3)] == [200, 200, 429]
