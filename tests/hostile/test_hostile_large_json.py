"""Large JSON of many small parts: whoever has to read it says no, or reads it while others have their turns."""

from __future__ import annotations

import gzip
import json

import pytest
from hostile_kit import gateway_for, still_serves

from conftest import Connect, OpenGateway
from support.client import request as client_request
from support.configuration import gateways, providers
from support.loop_lag import LoopLag
from support.replies import whole
from support.upstream import Upstream

SIZE = 12_000_000
PIECE = 1_000_000
LIMIT = 0.5  # seconds of one turn, the test's own part of it included

SPENDING = {"spend_limits": {"enabled": True}}
RULE = '[[accounts.acct.gateways.gw.spend_limits.rules]]\nlimit = 100\nlimitType = "cost"\nwindow = 3600\n'


def filled(before: bytes, unit: bytes, after: bytes, size: int = SIZE) -> bytes:
    """A document of so many bytes, nearly all of them the same."""
    return before + unit * ((size - len(before) - len(after)) // len(unit)) + after


def members(size: int = SIZE) -> bytes:
    """Of an object, each with a name of its own."""
    return b",".join(b'"%07d":1' % number for number in range(size // 12))


CHAT = "compat/chat/completions"
MODEL = b'{"model":"openai/gpt-4o",'

CASES = {
    "chat: many members": (CHAT, MODEL + members() + b"}", 413),
    "chat: fewer, but more than anybody means": (CHAT, MODEL + members(1_000_000) + b"}", 400),
    "chat: one member, again and again": (CHAT, filled(MODEL, b'"a":1,', b'"b":1}'), 413),
    "chat: many numbers": (CHAT, filled(MODEL + b'"m":[', b"1,", b"1]}"), 413),
    "chat: many objects": (CHAT, filled(MODEL + b'"m":[', b"{},", b"1]}"), 413),
    "chat: a long text": (CHAT, filled(MODEL + b'"m":"', b"a", b'"}'), 200),
    "chat: a long text of escapes": (CHAT, filled(MODEL + b'"m":"', b"\\n", b'"}'), 200),
    "steps: numbers": ("", filled(b"[", b"1,", b"1]"), 413),
    "steps: objects": ("", filled(b"[", b"{},", b"1]", 900_000), 400),
    "steps: headers": (
        "",
        b'[{"provider":"openai","endpoint":"x","query":{},"headers":{' + members(3_000_000) + b"}}]",
        400,
    ),
    "steps: configuration": (
        "",
        b'[{"provider":"openai","endpoint":"x","query":{},"config":{' + members(3_000_000) + b"}}]",
        400,
    ),
    "steps: a long query": (
        "",
        filled(b'[{"provider":"openai","endpoint":"x","query":"', b"a", b'"}]'),
        200,
    ),
    "usage: many members": ("openai/chat/completions", b'{"stream":true,' + members() + b"}", 413),
    "usage: fewer": ("openai/chat/completions", b'{"stream":true,' + members(500_000) + b"}", 200),
}


@pytest.mark.parametrize(("target", "body", "status"), CASES.values(), ids=CASES.keys())
async def test_no_other_client_waits_for_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, target: str, body: bytes, status: int
) -> None:
    gateway = await open_gateway(gateways(gw={"stream_usage": "ask"}) + providers({"openai": upstream.url}))
    upstream.will(whole(b"{}"))
    client = await connect(gateway.url)
    path = f"/v1/acct/gw/{target}".rstrip("/")
    async with LoopLag() as lag:
        await client.send(client_request("POST", path, ("content-length", str(len(body)))))
        for start in range(0, len(body), PIECE):
            await client.send(body[start : start + PIECE])
        answer = await client.answer()
    assert (answer.status, lag.worst < LIMIT) == (status, True), (answer.body, lag.worst)
    await still_serves(gateway, connect)


PRICED = {
    "URLs": ("parallel/v1/extract", filled(b'{"urls":[', b'"a",', b'"a"]}'), ()),
    "inputs": ("parallel/v1/tasks/groups/x/runs", filled(b'{"inputs":[', b"{},", b"{}]}"), ()),
    "packed": (
        "openai/chat/completions",
        gzip.compress(filled(b'{"model":"gpt-4o","m":[', b"1,", b"1]}", 8_000_000)),
        (("content-encoding", "gzip"),),
    ),
}


@pytest.mark.parametrize(("target", "body", "headers"), PRICED.values(), ids=PRICED.keys())
async def test_what_cannot_be_priced_in_time_is_refused(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    target: str,
    body: bytes,
    headers: tuple[tuple[str, str], ...],
) -> None:
    text = gateways() + "[accounts.acct.gateways.gw.spend_limits]\nenabled = true\n" + RULE
    gateway = await open_gateway(text + providers({"openai": upstream.url, "parallel": upstream.url}))
    client = await connect(gateway.url)
    async with LoopLag() as lag:
        answer = await client.ask("POST", f"/v1/acct/gw/{target}", *headers, body=body)
    assert (answer.status, answer.json()["internalCode"]) == (413, 9413)
    assert lag.worst < LIMIT
    assert upstream.requests == []


async def test_a_large_chat_goes_on_with_another_model_and_every_other_byte(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    asked = {"messages": [{"role": "user", "content": 'a"\\{[' * 60_000}], "model": "openai/gpt-4o", "n": 1}
    body = json.dumps(asked, indent=1).encode()
    assert (await client.ask("POST", f"/v1/acct/gw/{CHAT}", body=body)).status == 200
    sent = bytes((await upstream.only()).body)
    assert sent == body.replace(b'"openai/gpt-4o"', b'"gpt-4o"')


async def test_a_body_in_chunks_of_one_byte_passes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(client_request("POST", "/v1/acct/gw/openai/x", ("transfer-encoding", "chunked")))
    client.writer.write(b"1\r\na\r\n" * 400_000 + b"0\r\n\r\n")
    assert (await client.answer()).status == 200
    assert (await upstream.only()).body == b"a" * 400_000


async def test_a_query_of_many_queries_is_no_fault_of_the_gateway(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    target = "/v1/acct/gw/openai/x?" + "u=?" * 15_000 + "key=sk-0123456789"
    assert (await client.ask("POST", target, body=b"{}")).status == 200
    assert "sk-0123456789" not in (await gateway.row()).path


BURSTS = {
    "empty events": b"data: {}\n\n",
    "events with usage": b'data: {"usage":null,"choices":[{"a":1}]}\n\n',
    "empty lines": b"\r",
}


@pytest.mark.parametrize("unit", BURSTS.values(), ids=BURSTS.keys())
async def test_a_burst_of_events_through_a_filter(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, unit: bytes
) -> None:
    gateway = await open_gateway(
        gateways(gw={"stream_usage": "ask", "cache_ttl": 3600}) + providers({"openai": upstream.url})
    )
    body = unit * (4_000_000 // len(unit))
    upstream.will(whole(body, headers=(("content-type", "text/event-stream"),)))
    client = await connect(gateway.url)
    async with LoopLag() as lag:
        for _ in range(2):  # from the provider, and from the cache
            asked = b'{"model":"gpt-4o","stream":true,"messages":[]}'
            await client.send(client_request("POST", "/v1/acct/gw/openai/chat/completions", body=asked))
            assert (await client.answer()).status == 200
    assert lag.worst < LIMIT
