"""Universal requests made to break: bodies of every wrong shape, steps without end, secrets, and who leaves when."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hostile_kit import (
    Complaints,
    free_memory,
    gateway_for,
    is_envelope,
    is_refused,
    nothing_left,
    records,
    still_serves,
    table,
)

from conftest import Connect, OpenGateway
from support.client import Answer, Client, Header, request
from support.configuration import gateways, openai, providers
from support.replies import Act, Reply, head, raw, silence, sse, whole
from support.upstream import Upstream

UNIVERSAL = "/v1/acct/gw"
DOWN = whole(b"down", 503)
ENDLESS = b"1\r\nx\r\n"
Step = dict[str, object]


def step(name: str = "m", **fields: object) -> Step:
    return {"provider": "openai", "endpoint": "chat/completions", "query": {"model": name}, **fields}


async def ask(client: Client, steps: object, *headers: Header) -> Answer:
    return await client.ask("POST", UNIVERSAL, *headers, body=json.dumps(steps).encode())


SECRET = "sk-0123456789abcdef"
GOOD = b'{"provider":"openai","endpoint":"x","query":{}}'
WRONG = {
    "nothing": b"",
    "blanks": b" \n ",
    "an empty array": b"[]",
    "not JSON": b"hello",
    "cut short": GOOD[:-1],
    "a cut array": b"[" + GOOD + b",",
    "something behind it": b"[" + GOOD + b"] []",
    "null": b"null",
    "a number": b"7",
    "a string": b'"[]"',
    "an array of arrays": b"[[" + GOOD + b"]]",
    "an array of strings": b'["openai"]',
    "an empty object": b"{}",
    "null among the steps": b"[" + GOOD + b",null]",
    "no provider": b'[{"endpoint":"x","query":{}}]',
    "no endpoint": b'[{"provider":"openai","query":{}}]',
    "no query": b'[{"provider":"openai","endpoint":"x"}]',
    "a query of null": b'[{"provider":"openai","endpoint":"x","query":null}]',
    "a provider that is a number": b'[{"provider":7,"endpoint":"x","query":{}}]',
    "a provider with a path": b'[{"provider":"openai/../x","endpoint":"x","query":{}}]',
    "an empty provider": b'[{"provider":"","endpoint":"x","query":{}}]',
    "an endpoint that is a number": b'[{"provider":"openai","endpoint":7,"query":{}}]',
    "an endpoint that climbs": b'[{"provider":"openai","endpoint":"../../admin","query":{}}]',
    "an endpoint that climbs, encoded": b'[{"provider":"openai","endpoint":"%2e%2e/x","query":{}}]',
    "an endpoint of two lines": b'[{"provider":"openai","endpoint":"x HTTP/1.1\\r\\nX-A: b","query":{}}]',
    "an endpoint with a blank": b'[{"provider":"openai","endpoint":"x y","query":{}}]',
    "an endpoint with a NUL": b'[{"provider":"openai","endpoint":"x\\u0000","query":{}}]',
    "an endpoint that is not ASCII": '[{"provider":"openai","endpoint":"ä","query":{}}]'.encode(),
    "headers that are an array": b'[{"provider":"openai","endpoint":"x","query":{},"headers":[]}]',
    "a header of two lines": b'[{"provider":"openai","endpoint":"x","query":{},"headers":{"a":"b\\r\\nc: d"}}]',
    "a header's name of two lines": b'[{"provider":"openai","endpoint":"x","query":{},"headers":{"a\\r\\nb":"c"}}]',
    "a header with a NUL": b'[{"provider":"openai","endpoint":"x","query":{},"headers":{"a":"\\u0000"}}]',
    "a header that is an object": b'[{"provider":"openai","endpoint":"x","query":{},"headers":{"a":{}}}]',
    "a header without a name": b'[{"provider":"openai","endpoint":"x","query":{},"headers":{"":"a"}}]',
    "a config that is a string": b'[{"provider":"openai","endpoint":"x","query":{},"config":"fast"}]',
    "not UTF-8": b'[{"provider":"\xff\xfe","endpoint":"x","query":{}}]',
    "half a surrogate": b'[{"provider":"openai","endpoint":"\\ud800","query":{}}]',
    "very deep": b"[" * 100_000,
    "a very deep query": b'[{"provider":"openai","endpoint":"x","query":' + b"[" * 100_000 + b"}]",
    "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}


@table(WRONG)
async def test_wrong_body(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    """Said before the first step goes out, even if that one is right."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    is_envelope(await client.ask("POST", UNIVERSAL, body=data), 400, 9400)
    await nothing_left(gateway)
    assert upstream.connections == 0
    row = await gateway.row()
    assert (row.status_code, row.error_code, row.provider, row.success) == (400, 9400, "", False)
    assert (await client.ask("GET", "/v1/acct/gw/openai/models")).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/acct/gw", "/v1/acct/gw/"])
async def test_wrong_method(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str, path: str
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    is_envelope(await client.ask(method, path, body=b"[" + GOOD + b"]"), 405, 9405)
    assert upstream.connections == 0
    assert (await gateway.row()).status_code == 405


@pytest.mark.parametrize(
    "broken",
    [
        '{"provider":"openai","endpoint":"x","query":{},"headers":{"Authorization":"SECRET\\n"}}',
        '{"provider":"openai","endpoint":"x","query":{},"headers":{"Authorization":["SECRET"]}}',
        '{"provider":"openai","endpoint":"x","headers":{"Authorization":"Bearer SECRET"}}',
        '{"provider":"SECRET!","endpoint":"x","query":{}}',
        '{"provider":"openai","endpoint":"../?key=SECRET","query":{}}',
        '{"provider":"openai","endpoint":"x","query":{},"authorization":["SECRET"]}',
        '{"provider":"openai","endpoint":"x","query":{},"headers":"SECRET"}',
        '"SECRET"',
        "SECRET",
    ],
)
async def test_credentials_of_wrong_steps_are_nowhere(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, broken: str
) -> None:
    """A body that cannot be read as steps is not kept, and no message quotes it."""
    gateway = await gateway_for(open_gateway, upstream)
    first = json.dumps(step(headers={"Authorization": f"Bearer {SECRET}"}))
    body = f"[{first}, {broken.replace('SECRET', SECRET)}]".encode()
    answer = await (await connect(gateway.url)).ask("POST", UNIVERSAL, body=body)
    is_envelope(answer, 400, 9400)
    assert SECRET.encode() not in answer.body
    assert SECRET not in repr(await gateway.calls(1))
    assert _holding(gateway.data) == []


def _holding(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


async def test_unknown_steps_keep_no_credentials(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    own = {"Authorization": f"Bearer {SECRET}", "cf-aig-authorization": f"Bearer {SECRET}"}
    steps = [
        {**step(SECRET, headers=own), "provider": "nosuch", "endpoint": f"x?api_key={SECRET}"},
        {**step("nosuch/x", headers=own, authorization=f"Bearer {SECRET}"), "provider": "compat"},
        step(headers=own),
    ]
    answer = await ask(await connect(gateway.url), steps)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "2")
    await gateway.calls(3)
    assert _holding(gateway.data) == []


# -- many and large


async def test_a_hundred_steps(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(*[DOWN] * 99, whole(b"fine"))
    text = openai(upstream.url, "[breaker]\nerror_share = 0\n")
    gateway = await open_gateway(text)
    answer = await ask(await connect(gateway.url), [step(str(number)) for number in range(100)])
    assert (answer.status, answer.body, answer.header("cf-aig-step")) == (200, b"fine", "99")
    sent = [json.loads(seen.body)["model"] for seen in upstream.requests]
    assert sent == [str(number) for number in range(100)]
    rows = await gateway.rows(100)
    assert [row.step for row in rows] == list(range(100))
    assert len({row.id for row in rows}) == 100
    assert {row.event_id for row in rows} == {answer.header("cf-aig-event-id")}


async def test_hundreds_of_steps_that_nobody_knows(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Others have their turn meanwhile, and whoever leaves ends it."""
    gateway = await gateway_for(open_gateway, upstream)
    nobody = {**step(), "provider": "nosuch"}
    answer = await ask(await connect(gateway.url), [nobody] * 500)
    is_envelope(answer, 400, 2008)
    assert answer.header("cf-aig-step") == "499"
    assert len(records(gateway)) == 500


async def test_large_queries(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(DOWN, DOWN)
    gateway = await gateway_for(open_gateway, upstream)
    free = free_memory(gateway)
    large = [step("a" * 3_000_000), step("b" * 3_000_000), step("c" * 3_000_000)]
    answer = await ask(await connect(gateway.url), large)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "2")
    assert [len(seen.body) for seen in upstream.requests] == [3_000_013] * 3
    await nothing_left(gateway)
    assert free_memory(gateway) == free


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_body_too_large_to_be_read_whole(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, framing: str
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_buffered_body_bytes=10_000)
    client = await connect(gateway.url)
    if framing == "length":
        await client.send(request("POST", UNIVERSAL, ("Content-Length", "20000")))
    else:
        await client.send(request("POST", UNIVERSAL, ("Transfer-Encoding", "chunked")))
        await client.send_chunk(b" " * 20_000)
    await is_refused(client, 413, 9413)
    assert upstream.connections == 0
    await still_serves(gateway, connect)


# -- failed steps that do not want to end


CACHED = ("cf-aig-cache-ttl", "60")


@pytest.mark.parametrize("headers", [(), (CACHED,)], ids=["plain", "cached"])
@pytest.mark.parametrize("status", [400])
async def test_error_answer_that_does_not_end(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int, headers: tuple[Header, ...]
) -> None:
    """The next step waits for it two seconds of real time, not for ever; what came is kept."""
    endless = raw(head(status, (("transfer-encoding", "chunked"),)), ENDLESS, asyncio.Event())
    upstream.will(endless)
    gateway = await gateway_for(open_gateway, upstream)
    answer = await ask(await connect(gateway.url), [step(), step()], *headers)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    await upstream.left(0)
    await nothing_left(gateway)
    first, _ = await gateway.rows(2)
    assert (first.status_code, first.success) == (status, False)


@pytest.mark.parametrize("status", [500])
async def test_error_answer_without_its_body(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    upstream.will(raw(head(status, (("content-length", "10"),)), asyncio.Event()))
    gateway = await gateway_for(open_gateway, upstream)
    answer = await ask(await connect(gateway.url), [step(), step()])
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert [row.status_code for row in await gateway.rows(2)] == [status, 200]


async def test_error_answer_far_too_large(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """More than anybody keeps: it is not read to its end."""
    upstream.will(raw(head(500, (("content-length", "2000000000"),)), *[b"x" * 65_536] * 30_000))
    gateway = await gateway_for(open_gateway, upstream)
    free = free_memory(gateway)
    answer = await ask(await connect(gateway.url), [step(), step()])
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    await nothing_left(gateway)
    assert free_memory(gateway) == free
    assert upstream.sent < 64_000_000


async def test_error_answer_that_breaks(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    broken = Reply((head(500, (("content-length", "100"),)) + b"half", Act.RESET))
    upstream.will(broken, whole(b"fine"))
    gateway = await gateway_for(open_gateway, upstream)
    answer = await ask(await connect(gateway.url), [step(), step()])
    assert (answer.status, answer.body, answer.header("cf-aig-step")) == (200, b"fine", "1")
    first, _ = await gateway.rows(2)
    assert first.success is False


# -- a step's own key for not being repeated


async def test_failed_answer_kept_under_a_key_is_a_failed_step_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """What was no answer the first time is none the second time."""
    upstream.will(whole(b"wrong", 400), whole(b"one"), whole(b"two"))
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    steps = [step("a", headers={"Idempotency-Key": "k"}), step("b")]
    assert (await ask(client, steps)).header("cf-aig-step") == "1"
    again = await ask(client, steps)
    assert (again.status, again.header("cf-aig-step")) == (200, "1")
    assert [row.status_code for row in await gateway.rows(4)] == [400, 200] * 2


@pytest.mark.parametrize("failure", [raw(Act.RESET), whole(b"", 500)], ids=["reset", "500"])
async def test_key_of_one_step_does_not_keep_the_next_going(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, failure: Reply
) -> None:
    """A call with such a key goes on without its client; the step after it has none."""
    upstream.will(failure, silence())
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    steps = [step(headers={"Idempotency-Key": "k"}), step(), step()]
    await client.send(request("POST", UNIVERSAL, body=json.dumps(steps).encode()))
    seen = await upstream.request(2)
    client.leave()
    await upstream.left(seen.connection)
    await nothing_left(gateway)
    assert len(upstream.requests) == 2
    assert [row.outcome for row in await gateway.rows(2)][1] == "abandoned"


# -- who leaves when


@pytest.mark.parametrize("moment", ["body", "step 0", "error body", "step 1", "stream"])
async def test_client_leaves(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, moment: str
) -> None:
    complaints = Complaints()
    stuck = asyncio.Event()
    replies = {
        "body": (),
        "step 0": (silence(),),
        "error body": (raw(head(500, (("content-length", "9"),)) + b"x", stuck),),
        "step 1": (raw(Act.RESET), silence()),
        "stream": (DOWN, sse(b"data: 1\n\n", stuck)),
    }[moment]
    upstream.will(*replies)
    gateway = await gateway_for(open_gateway, upstream)
    free = free_memory(gateway)
    client = await connect(gateway.url)
    data = request("POST", UNIVERSAL, body=json.dumps([step()] * 4).encode())
    await client.send(data[:-5] if moment == "body" else data)
    if moment == "body":
        await gateway.catch_up()
    elif moment == "stream":
        await client.head()
        await client.chunk()
    else:
        await upstream.request(len(replies))
    client.leave()
    await nothing_left(gateway)
    assert len(upstream.requests) == len(replies)
    assert free_memory(gateway) == free
    rows = await gateway.rows(max(1, len(replies)))
    assert [row.success for row in rows] == [False] * len(rows)
    complaints.none()


async def test_steps_of_a_stranger(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """Refused before the body has come."""
    text = gateways(gw={"authentication": True}) + providers({"openai": upstream.url})
    gateway = await open_gateway(text, {"PENSTOCK_ADMIN_TOKEN": "pst-0123456789abcdef"})
    client = await connect(gateway.url)
    await client.send(request("POST", UNIVERSAL, ("Content-Length", "100")))
    is_envelope(await client.answer(), 401, 2009)
    assert upstream.connections == 0


async def test_body_that_waits_to_be_invited(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(DOWN)
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    body = json.dumps([step(), step()]).encode()
    await client.send(
        request("POST", UNIVERSAL, ("Expect", "100-continue"), ("Content-Length", str(len(body))))
    )
    assert (await client.head()).status == 100
    await client.send(body)
    answer = await client.answer()
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
