"""Streams from the cache: the same bytes, as a stream, with whole events (Cloudflare 3.2, 6.1 G3)."""

from __future__ import annotations

import asyncio
import json

import openai as openai_sdk
import pytest
from recall_kit import QUESTION, TTL, Caller, all_stored, cache_status, caller, numbering

from conftest import Connect, OpenGateway
from support.canned import EVENTS, stream_reply
from support.client import Broken, Client, Head
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import Act, Reply, chunked, sized, sse
from support.upstream import Upstream

STREAM = json.dumps({**json.loads(QUESTION), "stream": True}).encode()
SSE = (("content-type", "text/event-stream; charset=utf-8"),)
WHOLE = b"".join(EVENTS)


async def chunks(client: Client) -> tuple[Head, list[bytes]]:
    """A chunked answer, chunk by chunk."""
    head = await client.head()
    assert head.header("transfer-encoding") == "chunked"
    found = []
    while data := await client.chunk():
        found.append(data)
    return head, found


async def hit(client: Caller) -> list[bytes]:
    """The chunks of a hit."""
    await client.send(TTL, body=STREAM)
    head, found = await chunks(client.client)
    assert head.status == 200
    assert head.header("cf-aig-cache-status") == "HIT"
    assert head.header("content-length") is None
    return found


async def test_a_stream_is_given_again_as_a_stream(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The first caller has each event as it comes; the second has all, a chunk for each."""
    gates = [asyncio.Event() for _ in EVENTS]
    upstream.will(stream_reply(gates))
    gateway = await open_gateway(openai(upstream.url))
    client = await caller(gateway, connect)
    await client.send(TTL, body=STREAM)
    gates[0].set()
    head = await client.client.head()
    assert head.header("cf-aig-cache-status") == "MISS"
    for event, gate in zip(EVENTS, [*gates[1:], asyncio.Event()], strict=True):
        assert await client.client.chunk() == event
        gate.set()
    assert await client.client.chunk() == b""
    for _ in range(2):
        assert await hit(client) == list(EVENTS)
    assert len(upstream.requests) == 1
    rows = await gateway.rows(3)
    assert [row.cached for row in rows] == [False, True, True]
    assert [row.cost for row in rows[1:]] == [0, 0]
    assert {row.response_size for row in rows} == {len(WHOLE)}
    assert [(row.tokens_in, row.tokens_out) for row in rows[1:]] == [
        (rows[0].tokens_in, rows[0].tokens_out)
    ] * 2


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
async def test_events_are_whole_however_they_came(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, size: int, newline: bytes
) -> None:
    """The provider split them anywhere, also between the two ends of a line."""
    events = [event.replace(b"\n", newline) for event in (b": ping\n\n", *EVENTS)]
    data = b"".join(events)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    upstream.will(chunked(*pieces, headers=SSE))
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    await client.send(TTL, body=STREAM)
    _, first = await chunks(client.client)
    assert b"".join(first) == data
    assert await hit(client) == events


async def test_a_last_event_without_its_end_is_kept_as_it_is(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(sse(b"data: 1\n\ndata: 2\n\ndata: [DONE]"))
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    await client.ask(TTL, body=STREAM)
    assert await hit(client) == [b"data: 1\n\n", b"data: 2\n\n", b"data: [DONE]"]


async def test_an_empty_stream_is_no_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(sse())
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    assert (await client.ask(TTL, body=STREAM)).body == b""
    upstream.will(sse())
    again = await client.ask(TTL, body=STREAM)
    assert (cache_status(again), again.body) == ("MISS", b"")


async def test_a_stream_of_declared_length_has_chunks_the_second_time(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(sized(len(WHOLE), WHOLE, headers=SSE))
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    assert (await client.ask(TTL, body=STREAM)).body == WHOLE
    assert await hit(client) == list(EVENTS)


@pytest.mark.parametrize("largest", [500_000, 3_000_000])
async def test_a_large_stream(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, largest: int
) -> None:
    """One large event among five thousand small ones. In a stream of more than a megabyte nobody counts them."""
    events = [b"data: %d\n\n" % number for number in range(5000)]
    events[2500] = b"data: " + b"x" * largest + b"\n\n"
    events[-1] = EVENTS[-1]
    data = b"".join(events)
    pieces = [data[start : start + 100_003] for start in range(0, len(data), 100_003)]
    upstream.will(chunked(*pieces, headers=SSE))
    gateway = await open_gateway(openai(upstream.url))
    client = await caller(gateway, connect)
    assert (await client.ask(TTL, body=STREAM)).body == data
    await all_stored(gateway)  # before that a hit shares the pieces as they came
    again = await hit(client)
    assert b"".join(again) == data
    if len(data) < 1_000_000:
        assert again == events


async def test_a_stream_to_http_1_0_ends_with_the_connection(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(sse(*EVENTS))
    gateway = await open_gateway(openai(upstream.url))
    await (await caller(gateway, connect)).ask(TTL, body=STREAM)
    older = await caller(gateway, connect)
    await older.client.send(Caller.question(TTL, body=STREAM).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    answer = await older.client.answer()
    assert (cache_status(answer), answer.body) == ("HIT", WHOLE)
    assert "transfer-encoding" not in answer.names


@pytest.mark.parametrize("end", [Act.CLOSE, Act.RESET])
async def test_a_stream_that_broke_off_is_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, end: Act
) -> None:
    upstream.will(Reply((*sse(EVENTS[0], EVENTS[1], finished=False).steps, end)))
    numbering(upstream)
    gateway = await open_gateway(openai(upstream.url))
    with pytest.raises(Broken):
        await (await caller(gateway, connect)).ask(TTL, body=STREAM)
    answer = await (await caller(gateway, connect)).ask(TTL, body=STREAM)
    assert (cache_status(answer), answer.json()) == ("MISS", {"number": 2})


async def test_streams_and_whole_answers_are_different_calls(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(sse(*EVENTS))
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    await client.ask(TTL, body=STREAM)
    assert cache_status(await client.ask(TTL)) == "MISS"
    assert await hit(client) == list(EVENTS)


async def test_a_client_that_leaves_during_a_hit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    data = (b"data: " + b"x" * 20_000 + b"\n\n") * 200 + EVENTS[-1]
    upstream.will(sse(data))
    gateway = await open_gateway(openai(upstream.url))
    await (await caller(gateway, connect)).ask(TTL, body=STREAM)
    leaving = Caller(await connect(gateway.url, receive_buffer=4096))
    await leaving.send(TTL, body=STREAM)
    await leaving.client.head()
    leaving.client.leave()
    await gateway.settled()
    assert b"".join(await hit(await caller(gateway, connect))) == data
    assert len(upstream.requests) == 1


# -- the official library


async def _sdk(gateway: InProcess, path: str) -> openai_sdk.AsyncOpenAI:
    return openai_sdk.AsyncOpenAI(api_key="sk-1", base_url=f"{gateway.url}/v1/acct/gw/{path}")


@pytest.mark.parametrize(("path", "model"), [("openai", "gpt-5"), ("compat", "openai/gpt-5")])
async def test_the_official_library_streams_the_same_chunks_twice(
    open_gateway: OpenGateway, upstream: Upstream, path: str, model: str
) -> None:
    upstream.will(stream_reply())
    text = gateways(gw={"cache_ttl": 60}) + providers({"openai": upstream.url})
    gateway = await open_gateway(text)
    told = []
    async with await _sdk(gateway, path) as sdk:
        for expected in ("MISS", "HIT"):
            raw = await sdk.chat.completions.with_raw_response.create(
                model=model,
                messages=[{"role": "user", "content": "Hello"}],
                stream=True,
                extra_headers={TTL[0]: TTL[1]},
            )
            assert raw.headers["cf-aig-cache-status"] == expected
            told.append([chunk.model_dump() async for chunk in raw.parse()])
    assert told[0] == told[1]
    assert "".join(chunk["choices"][0]["delta"]["content"] or "" for chunk in told[1]) == "Hello there"
    assert len(upstream.requests) == 1
    assert [row.cached for row in await gateway.rows(2)] == [False, True]
