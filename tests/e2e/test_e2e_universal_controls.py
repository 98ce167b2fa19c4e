"""What a step may ask for by itself, who may send steps, and what is kept (Cloudflare 1.7, 2.3, 3.12, 3.20, G15)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from penstock.stores.ledger import Bodies
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME
from support.checks import check_error
from support.client import Answer, Broken, Client, Header, request
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import Act, Reply, raw, silence, sse, whole
from support.upstream import Upstream

UNIVERSAL = "/v1/acct/gw"
TOKEN = "gateway-token-0123456789abcdef"
KEY = "sk-vendor-0123456789abcdef"
DOWN = whole(b"down", 503)
Step = dict[str, object]


def step(name: str = "m", **fields: object) -> Step:
    return {"provider": "openai", "endpoint": "chat/completions", "query": {"model": name}, **fields}


async def ask(client: Client, steps: object, *headers: Header) -> Answer:
    return await client.ask("POST", UNIVERSAL, *headers, body=json.dumps(steps).encode())


def about(seconds: Sequence[float]) -> object:
    return pytest.approx(list(seconds), rel=0.11)


async def kept(gateway: InProcess, count: int) -> list[Bodies | None]:
    """The bodies of each row, in the order of the steps."""
    calls = sorted(await gateway.calls(count), key=lambda call: call.step)
    reader = SqliteReader(gateway.data / FILE_NAME)
    try:
        return [reader.bodies(call.id) for call in calls]
    finally:
        reader.close()


# -- settings: config over the step's headers over the request's over the gateway's


GATEWAY = {"retry_max_attempts": 4, "retry_delay": 400, "retry_backoff": "linear"}
REQUEST: tuple[Header, ...] = (
    ("cf-aig-max-attempts", "3"),
    ("cf-aig-retry-delay", "300"),
    ("cf-aig-backoff", "exponential"),
)
OWN = {"cf-aig-max-attempts": "3", "cf-aig-retry-delay": "200", "cf-aig-backoff": "constant"}
CONFIG = {"maxAttempts": 2, "retryDelay": 100, "backoff": "constant"}


@pytest.mark.parametrize(
    ("outer", "headers", "config", "waits"),
    [
        ((), {}, {}, [0.4, 0.8, 1.2]),
        (REQUEST, {}, {}, [0.3, 0.6]),
        (REQUEST, OWN, {}, [0.2, 0.2]),
        (REQUEST, OWN, CONFIG, [0.1]),
        ((), {}, CONFIG, [0.1]),
        ((), {}, {"maxAttempts": 1}, []),
        ((), {"cf-aig-max-attempts": 2}, {}, [0.4]),
        (REQUEST, {"cf-aig-backoff": "constant"}, {}, [0.3, 0.3]),
        (REQUEST, {"CF-AIG-Retry-Delay": "200"}, {"backoff": "linear"}, [0.2, 0.4]),
        (REQUEST, {}, {"retryDelay": 0}, [0, 0]),
        (REQUEST, {}, {"maxAttempts": "2", "retryDelay": "100"}, [0.1]),
        (REQUEST, {}, {"maxAttempts": 9, "retryDelay": -1, "backoff": 3, "requestTimeout": []}, [0.3, 0.6]),
        (REQUEST, {}, {"maxAttempts": None, "unknown": {"a": [1]}}, [0.3, 0.6]),
    ],
)
async def test_precedence(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    outer: tuple[Header, ...],
    headers: dict[str, object],
    config: dict[str, object],
    waits: list[float],
) -> None:
    """Each setting by itself; the step after it is tried with what holds for that one."""
    upstream.will(*[DOWN] * (len(waits) + 1))
    text = gateways(gw=GATEWAY) + providers({"openai": upstream.url})
    gateway = await open_gateway(text)
    steps = [step("first", headers=headers, config=config), step("second")]
    answer = await ask(await connect(gateway.url), steps, *outer)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert gateway.clock.slept == about(waits)
    models = [json.loads(seen.body)["model"] for seen in upstream.requests]
    assert models == ["first"] * (len(waits) + 1) + ["second"]
    assert [row.attempts for row in await gateway.rows(2)] == [len(waits) + 1, 1]


@pytest.mark.parametrize("place", ["outer", "headers", "config"])
async def test_time_limit_of_a_step(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, place: str
) -> None:
    upstream.will(silence())
    gateway = await open_gateway(openai(upstream.url))
    outer = [("cf-aig-request-timeout", "250" if place == "outer" else "60000")]
    first: dict[str, object] = {}
    if place != "outer":
        first["headers"] = {"cf-aig-request-timeout": "250" if place == "headers" else "60000"}
    if place == "config":
        first["config"] = {"requestTimeout": 250}
    answer = await ask(await connect(gateway.url), [{**step(), **first}, step()], *outer)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert [row.status_code for row in await gateway.rows(2)] == [504, 200]


async def test_provider_that_asks_for_too_long_a_wait(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The next step does not wait for it."""
    upstream.will(whole(b"", 429, (("retry-after", "61"),)))
    gateway = await open_gateway(openai(upstream.url))
    answer = await ask(await connect(gateway.url), [step(config={"maxAttempts": 5}), step()])
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert gateway.clock.slept == []
    assert [row.attempts for row in await gateway.rows(2)] == [1, 1]


async def test_metadata_of_steps(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(DOWN)
    gateway = await open_gateway(openai(upstream.url))
    steps = [step(headers={"cf-aig-metadata": '{"own":1}'}), step()]
    await ask(await connect(gateway.url), steps, ("cf-aig-metadata", '{"all":2}'))
    assert [row.metadata for row in await gateway.rows(2)] == [{"own": 1}, {"all": 2}]


# -- streams


async def test_streamed_success_arrives_as_it_comes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(DOWN, sse(b"data: 1\n\n", gate, b"data: 2\n\n"))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", UNIVERSAL, body=json.dumps([step(), step(), step()]).encode()))
    head = await client.head()
    assert (head.status, head.header("cf-aig-step")) == (200, "1")
    assert head.header("content-type") == "text/event-stream"
    assert await client.chunk() == b"data: 1\n\n"
    gate.set()
    assert await client.chunk() == b"data: 2\n\n"
    assert await client.chunk() == b""
    assert [row.response_size for row in await gateway.rows(2)] == [4, 18]


@pytest.mark.parametrize("end", [Act.CLOSE, Act.RESET])
async def test_nothing_follows_a_stream_that_has_begun(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, end: Act
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(b"data: 1\n\n", gate, end))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", UNIVERSAL, body=json.dumps([step(), step()]).encode()))
    assert (await client.head()).header("cf-aig-step") == "0"
    assert await client.chunk() == b"data: 1\n\n"
    gate.set()
    with pytest.raises(Broken):
        await client.chunk()
    row = await gateway.row()
    assert (row.step, row.outcome, row.success) == (0, "provider_broke", False)
    assert len(upstream.requests) == 1


async def test_step_fails_when_its_stream_breaks_before_its_first_byte(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(gate, Act.RESET), sse(b"data: second\n\n"))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", UNIVERSAL, body=json.dumps([step(), step()]).encode()))
    await upstream.request()
    gate.set()
    answer = await client.answer()
    assert (answer.status, answer.body, answer.header("cf-aig-step")) == (200, b"data: second\n\n", "1")
    assert [row.status_code for row in await gateway.rows(2)] == [502, 200]


# -- who may send steps


def secured(url: str) -> str:
    return gateways(gw={"authentication": True}) + providers({"openai": url})


@pytest.mark.parametrize("name", ["Authorization", "cf-aig-authorization"])
async def test_token_of_the_request_opens_all_steps(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str
) -> None:
    upstream.will(DOWN)
    gateway = await open_gateway(secured(upstream.url), {"PENSTOCK_ADMIN_TOKEN": TOKEN})
    steps = [step(headers={"Authorization": f"Bearer {KEY}"}), step()]
    answer = await ask(await connect(gateway.url), steps, (name, f"Bearer {TOKEN}"))
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    first, second = upstream.requests
    assert first.header("authorization") == f"Bearer {KEY}".encode()
    assert second.header("authorization") is None
    assert all(TOKEN.encode() not in seen.head for seen in upstream.requests)
    assert [row.authentication for row in await gateway.rows(2)] == [True, True]


@pytest.mark.parametrize(
    "headers", [{}, {"cf-aig-authorization": f"Bearer {TOKEN}"}, {"Authorization": f"Bearer {TOKEN}"}]
)
async def test_token_inside_a_step_opens_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, headers: dict[str, str]
) -> None:
    gateway = await open_gateway(secured(upstream.url), {"PENSTOCK_ADMIN_TOKEN": TOKEN})
    answer = await ask(await connect(gateway.url), [step(headers=headers)])
    check_error(answer, 401, 2009, "Unauthorized")
    assert upstream.connections == 0
    row = await gateway.row()
    assert (row.status_code, row.authentication, row.step) == (401, False, 0)


@pytest.mark.parametrize("name", ["cf-aig-authorization", "Authorization", "x-api-key"])
async def test_token_inside_a_step_goes_no_further(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str
) -> None:
    gateway = await open_gateway(secured(upstream.url), {"PENSTOCK_ADMIN_TOKEN": TOKEN})
    steps = [step(headers={name: f"Bearer {TOKEN}", "X-Own": "1"})]
    answer = await ask(await connect(gateway.url), steps, ("cf-aig-authorization", f"Bearer {TOKEN}"))
    assert answer.status == 200
    seen = await upstream.only()
    assert TOKEN.encode() not in seen.head
    assert seen.header("x-own") == b"1"


# -- what is kept


async def test_bodies_of_each_step(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(whole(b'{"no":1}', 500), raw(Act.RESET), whole(b'{"yes":1}'))
    gateway = await open_gateway(openai(upstream.url))
    await ask(await connect(gateway.url), [step("a"), step("b"), step("c")])
    first, second, third = await kept(gateway, 3)
    assert first is not None
    assert second is not None
    assert third is not None
    assert first == (b'{"model": "a"}', b'{"no":1}', False, False)
    assert second[0] == b'{"model": "b"}'
    assert third == (b'{"model": "c"}', b'{"yes":1}', False, False)
    rows = await gateway.rows(3)
    assert [row.request_size for row in rows] == [14] * 3
    assert (rows[0].response_size, rows[2].response_size) == (8, 9)


@pytest.mark.parametrize("size", [100_000, 3_000_000])
async def test_error_answers_are_kept_within_bounds(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, size: int
) -> None:
    upstream.will(whole(b"e" * size, 500))
    limit = 200_000
    gateway = await open_gateway(openai(upstream.url, f"[server.limits]\nmax_logged_body_bytes = {limit}\n"))
    answer = await ask(await connect(gateway.url), [step(), step()])
    assert answer.header("cf-aig-step") == "1"
    first, _ = await kept(gateway, 2)
    assert first is not None
    assert first[1] == b"e" * min(size, limit)
    assert first[3] is (size > limit)


async def test_no_log_of_a_request(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(DOWN)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await ask(client, [step(), step()], ("cf-aig-collect-log", "false"))
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert "cf-aig-log-id" not in answer.names
    assert answer.header("cf-aig-event-id") is not None
    logged = await client.ask("GET", "/v1/acct/gw/openai/models")
    assert (await gateway.row()).id == logged.header("cf-aig-log-id")


@pytest.mark.parametrize("outer", ["true", "false"])
async def test_no_log_of_a_step(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, outer: str
) -> None:
    upstream.will(DOWN)
    gateway = await open_gateway(openai(upstream.url))
    steps = [
        step(headers={"cf-aig-collect-log": "false" if outer == "true" else "true"}),
        step(),
    ]
    answer = await ask(await connect(gateway.url), steps, ("cf-aig-collect-log", outer))
    assert ("cf-aig-log-id" in answer.names) is (outer == "true")
    assert (await gateway.row()).step == (1 if outer == "true" else 0)


async def test_no_bodies_of_a_step(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(DOWN)
    gateway = await open_gateway(openai(upstream.url))
    steps = [step(headers={"cf-aig-collect-log-payload": "false"}), step()]
    await ask(await connect(gateway.url), steps)
    first, second = await kept(gateway, 2)
    assert first is None
    assert second is not None
    assert [row.response_size for row in await gateway.rows(2)] == [4, 2]


def _holding(folder: Path, secret: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


async def test_credentials_of_steps_are_nowhere(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Though query, path and the answers of both steps mention them."""
    keys = [f"sk-vendor-{number}-0123456789abcdef" for number in range(4)]
    upstream.will(whole(keys[0].encode(), 500), whole(keys[1].encode()))
    gateway = await open_gateway(secured(upstream.url), {"PENSTOCK_ADMIN_TOKEN": TOKEN})
    steps = [
        {**step(keys[0], headers={"Authorization": f"Bearer {keys[0]}"}), "endpoint": f"x?api_key={keys[2]}"},
        {**step(f"{keys[1]} {TOKEN}", headers={"x-api-key": keys[1]}), "endpoint": f"x?key={keys[3]}"},
    ]
    answer = await ask(await connect(gateway.url), steps, ("Authorization", f"Bearer {TOKEN}"))
    assert answer.body == keys[1].encode()
    assert [seen.target for seen in upstream.requests] == [
        f"/v1/x?api_key={keys[2]}".encode(),
        f"/v1/x?key={keys[3]}".encode(),
    ]
    assert [row.path for row in await gateway.rows(2)] == ["x?api_key=[redacted]", "x?key=[redacted]"]
    for secret in (*keys, TOKEN):
        assert _holding(gateway.data, secret) == [], secret


# -- who leaves


@pytest.mark.parametrize("how", ["reset", "close"])
async def test_client_leaves_in_the_middle_of_a_step(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str
) -> None:
    upstream.will(DOWN, silence())
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    steps = [step(), step(config={"maxAttempts": 5}), step()]
    await client.send(request("POST", UNIVERSAL, body=json.dumps(steps).encode()))
    seen = await upstream.request(2)
    if how == "reset":
        client.leave()
    else:
        await client.close()
    await gateway.settled()
    await upstream.left(seen.connection)
    assert len(upstream.requests) == 2
    found = await gateway.rows(2)
    assert [(row.step, row.status_code, row.outcome) for row in found] == [
        (0, 503, found[0].outcome),
        (1, 499, "abandoned"),
    ]


async def test_steps_wait_for_one_another(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Nothing is sent for a step before the one before it has failed."""
    gate = asyncio.Event()
    upstream.will(Reply((gate, *DOWN.steps)))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", UNIVERSAL, body=json.dumps([step(), step()]).encode()))
    await upstream.request()
    assert await gateway.stands_still(lambda: len(upstream.requests)) == 1
    gate.set()
    assert (await client.answer()).header("cf-aig-step") == "1"
