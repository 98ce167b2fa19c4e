"""The unified endpoint (Cloudflare 1.4, A8 to A10) over providers that speak OpenAI's dialect."""

from __future__ import annotations

import asyncio
import json

import pytest

from conftest import Connect, OpenGateway
from support.checks import check_ids, check_unified_error
from support.client import request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import sse, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/compat/chat/completions"
EVENTS = (
    b'data: {"id":"1","choices":[{"delta":{"content":"Hel"}}]}\n\n',
    b'data: {"id":"1","choices":[{"delta":{"content":"lo \\u00e9"}}]}\n\n',
    b'data: {"id":"1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n',
)


async def _compat(open_gateway: OpenGateway, url: str, extra: str = "") -> InProcess:
    urls = {"parallel": url, "openai": f"{url}/v1", "anthropic": url, "custom-mine": f"{url}/base/v2"}
    return await open_gateway(gateways(gw={}, default={}) + providers(urls) + extra)


async def test_parallel_whole(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(whole(b'{"id": "x",\n"model": "speed"}', headers=(("Content-Type", "application/json"),)))
    gateway = await _compat(open_gateway, upstream.url)
    messages = b'[ {"role":"user","content":"h\\u0069 \xc3\xa9"} ]'
    body = b'{ "messages": %b,  "n": 1.0, "model":"parallel/speed"}' % messages
    answer = await (await connect(gateway.url)).ask(
        "POST",
        f"{CHAT}?x=1",
        ("Authorization", "Bearer key-1"),
        ("cf-aig-metadata", '{"a":1}'),
        ("Content-Type", "application/json"),
        body=body,
    )
    assert answer.body == b'{"id": "x",\n"model": "speed"}'
    seen = await upstream.only()
    assert (seen.method, seen.target) == (b"POST", b"/v1beta/chat/completions?x=1")
    assert seen.header("x-api-key") == b"key-1"
    assert seen.header("authorization") == b"Bearer key-1"
    assert not [name for name in seen.names if name.startswith(b"cf-")]
    assert int(seen.header("content-length") or 0) == len(seen.body)
    assert json.loads(seen.body) == {**json.loads(body), "model": "speed"}
    assert messages in seen.body  # other members keep their bytes
    assert b"1.0" in seen.body
    row = await gateway.row()
    assert row.id == check_ids(answer)
    assert (row.provider, row.model, row.compatibilityMode) == ("parallel", "parallel/speed", True)
    assert (row.path, row.metadata) == ("chat/completions?x=1", {"a": 1})
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.request == body  # the log keeps what the caller sent


async def test_parallel_streamed(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """Bytes are identical, and each event is here before the provider sends the next one."""
    gates = (asyncio.Event(), asyncio.Event())
    upstream.will(sse(EVENTS[0], gates[0], EVENTS[1], gates[1], EVENTS[2]))
    gateway = await _compat(open_gateway, upstream.url)
    client = await connect(gateway.url)
    body = b'{"model":"parallel/speed","stream":true,"messages":[]}'
    await client.send(request("POST", CHAT, ("x-api-key", "k"), body=body))
    head = await client.head()
    assert head.header("content-type") == "text/event-stream"
    assert await client.chunk() == EVENTS[0]
    gates[0].set()
    assert await client.chunk() == EVENTS[1]
    gates[1].set()
    assert await client.chunk() == EVENTS[2]
    assert await client.chunk() == b""
    row = await gateway.row()
    assert (row.id, row.outcome) == (check_ids(head), "complete")
    assert (row.tokens_in, row.tokens_out) == (3, 2)
    assert row.response_size == sum(map(len, EVENTS))


@pytest.mark.parametrize(
    ("model", "target", "name"),
    [
        ("openai/gpt-5", b"/v1/chat/completions", "gpt-5"),
        ("custom-mine/org/model@1", b"/base/v2/chat/completions", "org/model@1"),
    ],
)
async def test_model_after_the_first_slash_is_verbatim(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, model: str, target: bytes, name: str
) -> None:
    gateway = await _compat(open_gateway, upstream.url)
    body = json.dumps({"model": model, "messages": []}).encode()
    await (await connect(gateway.url)).ask("POST", CHAT, body=body)
    seen = await upstream.only()
    assert (seen.target, json.loads(seen.body)["model"]) == (target, name)


async def test_body_in_chunks_arrives_with_a_length(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await _compat(open_gateway, upstream.url)
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Transfer-Encoding", "chunked")))
    for piece in (b'{"model":"par', b'allel/speed"', b"}"):
        await client.send_chunk(piece)
    await client.send(b"0\r\n\r\n")
    assert (await client.answer()).status == 200
    seen = await upstream.only()
    assert b"transfer-encoding" not in seen.names
    assert seen.body == b'{"model":"speed"}'


async def test_left_out_gateway(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await _compat(open_gateway, upstream.url)
    body = b'{"model":"parallel/speed"}'
    answer = await (await connect(gateway.url)).ask("POST", "/v1/acct/compat/chat/completions", body=body)
    assert answer.status == 200
    assert (await gateway.row()).gateway == "default"


BAD_FORMAT = (400, 2019, "Chat completion bad format")
NO_PROVIDER = (400, 2008, "Invalid provider")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"model":"speed"}', BAD_FORMAT),
        (b'{"model":"/speed"}', BAD_FORMAT),
        (b'{"model":"parallel/"}', BAD_FORMAT),
        (b'{"model":""}', BAD_FORMAT),
        (b'{"model":5}', BAD_FORMAT),
        (b'{"messages":[]}', BAD_FORMAT),
        (b"[]", BAD_FORMAT),
        (b'"parallel/speed"', BAD_FORMAT),
        (b'{"model":"parallel/speed"', BAD_FORMAT),
        (b'{"model":"parallel/speed"} x', BAD_FORMAT),
        (b'{"model":"parallel/\xff"}', BAD_FORMAT),
        (b"", BAD_FORMAT),
        (b"[" * 100_000, BAD_FORMAT),
        (b'{"model":"nosuch/x"}', NO_PROVIDER),
        (b'{"model":"fal/claude"}', NO_PROVIDER),
        (b'{"model":"compat/parallel/speed"}', NO_PROVIDER),
    ],
    ids=lambda value: str(value[:24]) if isinstance(value, bytes) else "",
)
async def test_bodies_that_lead_nowhere(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    body: bytes,
    error: tuple[int, int, str],
) -> None:
    gateway = await _compat(open_gateway, upstream.url)
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, body=body)
    check_unified_error(answer, *error)
    row = await gateway.row()
    assert row.id == check_ids(answer)
    assert (row.error_code, row.compatibilityMode) == (error[1], True)
    assert upstream.requests == []
    assert (await client.ask("POST", CHAT, body=b'{"model":"parallel/speed"}')).status == 200


async def test_model_given_twice_means_the_same_to_gateway_and_provider(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await _compat(open_gateway, upstream.url)
    body = b'{"model":"openai/a","model":"parallel/b"}'
    await (await connect(gateway.url)).ask("POST", CHAT, body=body)
    seen = await upstream.only()
    assert (seen.target, bytes(seen.body)) == (b"/v1beta/chat/completions", b'{"model":"b"}')


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "message"),
    [
        ("GET", "chat/completions", 405, 9405, "Method not allowed"),
        ("PUT", "chat/completions", 405, 9405, "Method not allowed"),
        ("POST", "", 404, 9404, "Not found"),
        ("GET", "responses", 405, 9405, "Method not allowed"),
        ("GET", "messages", 405, 9405, "Method not allowed"),
        ("DELETE", "embeddings", 405, 9405, "Method not allowed"),
        ("POST", "responses/x", 404, 9404, "Not found"),
        ("POST", "completions", 404, 9404, "Not found"),
    ],
)
async def test_what_is_not_served(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    method: str,
    path: str,
    status: int,
    code: int,
    message: str,
) -> None:
    gateway = await _compat(open_gateway, upstream.url)
    answer = await (await connect(gateway.url)).ask(method, f"/v1/acct/gw/compat/{path}", body=b"{}")
    check_unified_error(answer, status, code, message)


LIMITED = "[server.limits]\nmax_buffered_body_bytes = 100000\n"


async def test_declared_body_beyond_the_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await _compat(open_gateway, upstream.url, LIMITED)
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Content-Length", "100001")))
    check_unified_error(await client.answer(), 413, 9413, "Request body too large")
    assert (await gateway.row()).status_code == 413


async def test_growing_body_beyond_the_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await _compat(open_gateway, upstream.url, LIMITED)
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Transfer-Encoding", "chunked")))
    for _ in range(3):
        await client.send_chunk(b" " * 40_000)
    check_unified_error(await client.answer(), 413, 9413, "Request body too large")
    assert await client.rest() == b""
    assert upstream.requests == []


async def test_body_at_the_limit(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await _compat(open_gateway, upstream.url, LIMITED)
    body = b'{"model":"parallel/speed"}'.ljust(100_000)
    assert (await (await connect(gateway.url)).ask("POST", CHAT, body=body)).status == 200
    assert (await upstream.only()).body == body.replace(b"parallel/", b"")
