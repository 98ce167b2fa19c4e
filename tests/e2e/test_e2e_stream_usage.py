"""Streams that are asked for their usage: the log knows it, the client sees what it would have seen without.

Through all the ways an answer may take: as it comes, all there at once, shared by calls in flight, from the cache.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable, Iterable

import brotli
import pytest
import zstandard
from recall_kit import all_stored, cache_status, in_flight

from conftest import Connect, OpenGateway
from support.checks import check_error
from support.client import Answer, Broken, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Act, Reply, Step, chunked, head, raw, sized, sse, whole
from support.upstream import Seen, Upstream
from support.waiting import eventually

CHAT = "/v1/acct/gw/openai/chat/completions"
QUESTION = b'{"model": "gpt-5", "messages": [], "stream": true}'
ASKING = b'{"model": "gpt-5", "messages": [], "stream": true,"stream_options":{"include_usage":true}}'
KEY = ("cf-aig-cache-key", "mine")
ASK = ("cf-aig-stream-usage", "ask")
OFF = ("cf-aig-stream-usage", "off")
EVENT_STREAM = (("content-type", "text/event-stream"),)
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


def events(*, asked: bool) -> list[bytes]:
    """What the provider answers, asked for its usage or not."""
    more = {"usage": None} if asked else {}
    chunks: list[dict[str, object]] = [
        {"id": "c1", "model": "gpt-5", "choices": [{"index": 0, "delta": {"content": text}}], **more}
        for text in ("Hel", "lo ", "there")
    ]
    if asked:
        chunks.append({"id": "c1", "model": "gpt-5", "choices": [], "usage": USAGE})
    return [b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks] + [b"data: [DONE]\n\n"]


PLAIN = b"".join(events(asked=False))
TOLD = b"".join(events(asked=True))


def serving(url: str, **fields: object) -> str:
    return gateways(gw={"stream_usage": "ask", **fields}) + providers({"openai": url})


def as_asked(upstream: Upstream, make: Callable[[list[bytes]], Reply] = lambda found: sse(*found)) -> None:
    """The provider tells its usage to who asks."""

    def answer(body: bytes) -> bytes:
        steps = make(events(asked=b"include_usage" in body)).steps
        return b"".join(step for step in steps if isinstance(step, bytes))

    acts = tuple(step for step in make([]).steps if isinstance(step, Act))
    upstream.otherwise = lambda seen: Reply((answer, *acts))


def bodies(requests: Iterable[Seen]) -> list[bytes]:
    return [bytes(seen.body) for seen in requests]


async def ask(
    connect: Connect, gateway: InProcess, *headers: tuple[str, str], body: bytes = QUESTION, path: str = CHAT
) -> Answer:
    client = await connect(gateway.url)
    await client.send(request("POST", path, *headers, body=body))
    return await client.answer()


# -- as it comes, and all there


@pytest.mark.parametrize(
    "make",
    [
        lambda found: sse(*found),
        lambda found: whole(b"".join(found), headers=EVENT_STREAM),
        lambda found: raw(head(200, EVENT_STREAM), *found, Act.CLOSE),
    ],
    ids=["chunked", "whole", "until close"],
)
async def test_the_log_knows_and_the_client_sees_nothing_of_it(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    make: Callable[[list[bytes]], Reply],
) -> None:
    as_asked(upstream, make)
    gateway = await open_gateway(serving(upstream.url))
    answer = await ask(connect, gateway)
    assert (answer.status, answer.body) == (200, PLAIN)
    assert answer.header("transfer-encoding") == "chunked"
    assert "content-length" not in answer.names
    assert bodies(upstream.requests) == [ASKING]
    assert upstream.requests[0].header("content-length") == b"%d" % len(ASKING)
    row = await gateway.row()
    assert (row.tokens_in, row.tokens_out, row.success) == (9, 3, True)
    kept = await gateway.bodies()
    assert kept is not None
    assert (kept.request, kept.response) == (QUESTION, TOLD)


async def test_the_head_waits_for_the_first_event_and_no_longer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate, second = asyncio.Event(), asyncio.Event()
    first, *rest = events(asked=True)
    upstream.will(sse(first[:9], gate, first[9:], second, *rest))
    gateway = await open_gateway(serving(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=QUESTION))
    await (await upstream.request()).whole_body()
    await gateway.catch_up()
    gate.set()
    assert (await client.head()).status == 200
    assert await client.chunk() == events(asked=False)[0]
    second.set()
    assert await client.chunk() == events(asked=False)[1]


@pytest.mark.parametrize("cut", range(1, len(TOLD), 7))
async def test_whatever_the_pieces(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, cut: int
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(TOLD[:cut], gate, TOLD[cut:]))
    gateway = await open_gateway(serving(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=QUESTION))
    await upstream.request()
    await gateway.catch_up()
    gate.set()
    assert (await client.answer()).body == PLAIN


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("identity, gzip", gzip.compress),
        ("gzip,", gzip.compress),
        ("br, GZIP", lambda data: gzip.compress(brotli.compress(data))),
        ("zstd", zstandard.compress),
        ("identity", bytes),
    ],
)
async def test_codings_are_undone(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    coding: str,
    coded: Callable[[bytes], bytes],
) -> None:
    body = coded(TOLD)
    headers = (*EVENT_STREAM, ("content-encoding", coding), ("etag", '"1"'))
    upstream.will(chunked(*(body[at : at + 1] for at in range(len(body))), headers=headers))
    gateway = await open_gateway(serving(upstream.url))
    answer = await ask(connect, gateway, ("accept-encoding", coding))
    assert (answer.status, answer.body) == (200, PLAIN)
    assert not {"content-encoding", "etag"} & set(answer.names)
    assert (await gateway.row()).tokens_out == 3


async def test_an_unknown_coding_is_refused(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(chunked(TOLD, headers=(*EVENT_STREAM, ("content-encoding", "dcb"))))
    gateway = await open_gateway(serving(upstream.url))
    answer = await ask(connect, gateway)
    assert "dcb" in check_error(answer, 502, 2005, "Failed to get response from provider")


async def test_a_broken_coding_before_anything_went_out_is_an_error(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(chunked(b"this is no gzip", headers=(*EVENT_STREAM, ("content-encoding", "gzip"))))
    gateway = await open_gateway(serving(upstream.url))
    answer = await ask(connect, gateway)
    assert "coding cannot be undone" in check_error(answer, 502, 2005, "Failed to get response from provider")
    assert (await gateway.row()).outcome == "provider_broke"


@pytest.mark.parametrize("body", [gzip.compress(TOLD)[:-9], TOLD[:200]], ids=["coding", "connection"])
async def test_an_answer_that_breaks_off_is_seen_to(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes
) -> None:
    coded = body.startswith(b"\x1f")
    coding = (("content-encoding", "gzip"),) if coded else ()
    steps: list[Step] = [body] if coded else [body, Act.RESET]
    upstream.will(chunked(*steps, headers=(*EVENT_STREAM, *coding), finished=coded))
    gateway = await open_gateway(serving(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=QUESTION))
    with pytest.raises(Broken) as broken:
        await client.answer()
    assert PLAIN.startswith(broken.value.received.partition(b"\r\n\r\n")[2]) or broken.value.received
    assert (await gateway.row()).outcome == "provider_broke"


async def test_a_provider_that_breaks_off_at_once_is_an_error(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(chunked(TOLD[:20], Act.RESET, headers=EVENT_STREAM, finished=False))
    gateway = await open_gateway(serving(upstream.url))
    check_error(await ask(connect, gateway), 502, 2005, "Failed to get response from provider")


async def test_a_client_that_leaves(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gate = asyncio.Event()
    first, *rest = events(asked=True)
    upstream.will(sse(first, gate, *rest))
    gateway = await open_gateway(serving(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=QUESTION))
    await client.head()
    client.leave()
    await upstream.left()
    await gateway.settled()
    row = await gateway.row()
    assert (row.outcome, row.status_code) == ("abandoned", 200)


async def test_a_slow_client_holds_back_a_small_body_that_grows(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    large = b"data: " + bytes(1000) * 64_000 + b"\n\n"
    body = brotli.compress(large, quality=1)
    upstream.will(sized(len(body), body, headers=(*EVENT_STREAM, ("content-encoding", "br"))))
    gateway = await open_gateway(serving(upstream.url))
    client = await connect(gateway.url, receive_buffer=4096)
    await client.send(request("POST", CHAT, body=QUESTION))
    await client.head()
    (lane,) = [one for one in gateway.lanes if one.congested] or gateway.lanes[-1:]
    await eventually(lambda: lane.congested or None, "a client that takes no more")
    assert lane.transport.get_write_buffer_size() < 8 * 1024 * 1024
    answer = b""
    while len(answer) < len(large):
        answer += await client.chunk()
    assert answer == large


async def test_an_error_in_the_stream_passes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    first, *_ = events(asked=True)
    error = b'event: error\ndata: {"error": {"message": "overloaded", "usage": 1}}\n\n'
    upstream.will(sse(first, error))
    gateway = await open_gateway(serving(upstream.url))
    assert (await ask(connect, gateway)).body == events(asked=False)[0] + error


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_what_is_no_stream_passes_as_it_is(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    body = b'{"choices":[],"usage":null}'
    upstream.will(whole(body, status, headers=(("content-type", "application/json"), ("etag", '"1"'))))
    gateway = await open_gateway(serving(upstream.url))
    answer = await ask(connect, gateway)
    assert (answer.status, answer.body, answer.header("etag")) == (status, body, '"1"')
    assert answer.header("content-length") == str(len(body))


# -- who is asked for it


@pytest.mark.parametrize(
    ("setting", "header", "asked"),
    [("off", (), False), ("off", (ASK,), True), ("ask", (OFF,), False), ("ask", (ASK,), True)],
)
async def test_the_request_goes_before_the_gateway(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    setting: str,
    header: tuple[tuple[str, str], ...],
    asked: bool,
) -> None:
    as_asked(upstream)
    gateway = await open_gateway(serving(upstream.url, stream_usage=setting))
    assert (await ask(connect, gateway, *header)).body == PLAIN
    assert bodies(upstream.requests) == [ASKING if asked else QUESTION]
    row = await gateway.row()
    assert (row.tokens_in, row.estimated) == ((9, False) if asked else (0, True))


async def test_who_asks_itself_sees_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    as_asked(upstream)
    gateway = await open_gateway(serving(upstream.url))
    assert (await ask(connect, gateway, body=ASKING)).body == TOLD
    assert bodies(upstream.requests) == [ASKING]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/acct/gw/openai/responses", QUESTION),
        ("/v1/acct/gw/openai/embeddings", QUESTION),
        ("/v1/acct/gw/mistral/v1/chat/completions", QUESTION),
        (CHAT, b'{"model":"gpt-5","stream":false}'),
        (CHAT, b"not json"),
    ],
)
async def test_others_are_left_alone(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, body: bytes
) -> None:
    text = gateways(gw={"stream_usage": "ask"})
    gateway = await open_gateway(text + providers({"openai": upstream.url, "mistral": upstream.url}))
    assert (await ask(connect, gateway, path=path, body=body)).status == 200
    assert bodies(upstream.requests) == [body]


async def test_a_legacy_completion_and_the_unified_endpoint(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    as_asked(upstream)
    gateway = await open_gateway(serving(upstream.url))
    assert (await ask(connect, gateway, path="/v1/acct/gw/openai/completions")).body == PLAIN
    unified = QUESTION.replace(b"gpt-5", b"openai/gpt-5")
    compat = "/v1/acct/gw/compat/chat/completions"
    assert (await ask(connect, gateway, path=compat, body=unified)).body == PLAIN
    assert [json.loads(body)["stream_options"] for body in bodies(upstream.requests)] == [
        {"include_usage": True}
    ] * 2
    assert [row.tokens_out for row in await gateway.rows(2)] == [3, 3]


async def test_a_step_of_a_universal_request(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    as_asked(upstream)
    gateway = await open_gateway(serving(upstream.url, stream_usage="off"))
    step = {"provider": "openai", "endpoint": "chat/completions", "query": json.loads(QUESTION)}
    body = json.dumps([{**step, "headers": dict([ASK])}]).encode()
    answer = await ask(connect, gateway, path="/v1/acct/gw", body=body)
    assert (answer.body, answer.header("cf-aig-step")) == (PLAIN, "0")
    assert (await gateway.row()).tokens_out == 3


async def test_another_attempt_asks_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"", 500), sse(*events(asked=True)))
    gateway = await open_gateway(serving(upstream.url, retry_max_attempts=2))
    assert (await ask(connect, gateway)).body == PLAIN
    assert bodies(upstream.requests) == [ASKING, ASKING]


async def test_an_old_client_reads_until_the_end(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    as_asked(upstream)
    gateway = await open_gateway(serving(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=QUESTION, version="1.0"))
    found = await client.head()
    assert "transfer-encoding" not in found.names
    assert await client.rest() == PLAIN


# -- shared, and kept


async def test_from_the_cache_as_well(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    as_asked(upstream)
    gateway = await open_gateway(serving(upstream.url, cache_ttl=3600))
    answers = []
    for _ in range(2):
        answers.append(await ask(connect, gateway))
        await all_stored(gateway)
    assert [cache_status(answer) for answer in answers] == ["MISS", "HIT"]
    assert [answer.body for answer in answers] == [PLAIN, PLAIN]
    assert len(upstream.requests) == 1
    assert [row.tokens_out for row in await gateway.rows(2)] == [3, 3]


async def test_answers_that_were_asked_for_are_kept_apart(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    as_asked(upstream)
    gateway = await open_gateway(serving(upstream.url, cache_ttl=3600))
    for headers in ((), (OFF,), ()):
        assert (await ask(connect, gateway, *headers)).body == PLAIN
        await all_stored(gateway)
    assert bodies(upstream.requests) == [ASKING, QUESTION]


@pytest.mark.parametrize("first", [QUESTION, ASKING])
@pytest.mark.parametrize("second", [QUESTION, ASKING])
@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_each_of_those_who_share_sees_what_it_asked_for(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    first: bytes,
    second: bytes,
    coding: str,
) -> None:
    gate, later = asyncio.Event(), asyncio.Event()
    body = gzip.compress(TOLD) if coding else TOLD
    headers = (*EVENT_STREAM, ("content-encoding", coding)) if coding else EVENT_STREAM
    upstream.will(Reply((gate, *chunked(body[:100], later, body[100:], headers=headers).steps)))
    gateway = await open_gateway(serving(upstream.url, cache_ttl=3600))
    clients = []
    for number, question in enumerate((first, second), 1):
        client = await connect(gateway.url)
        await client.send(request("POST", CHAT, KEY, ("accept-encoding", "gzip"), body=question))
        await in_flight(gateway, number)
        clients.append(client)
    gate.set()
    later.set()
    answers = [await client.answer() for client in clients]
    seen = [gzip.decompress(one.body) if "content-encoding" in one.names else one.body for one in answers]
    assert seen == [PLAIN if question is QUESTION else TOLD for question in (first, second)]
    assert [cache_status(answer) for answer in answers] == ["MISS", "HIT"]
    assert len(upstream.requests) == 1
    await all_stored(gateway)
    kept = await ask(connect, gateway, KEY)
    assert (kept.body, cache_status(kept)) == (PLAIN, "HIT")
    assert [row.tokens_out for row in await gateway.rows(3)] == [3, 3, 3]


async def test_who_shares_goes_on_when_the_first_has_left(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    one, *rest = events(asked=True)
    upstream.will(sse(one, gate, *rest))
    gateway = await open_gateway(serving(upstream.url, cache_ttl=3600))
    leaving = await connect(gateway.url)
    await leaving.send(request("POST", CHAT, body=QUESTION))
    await leaving.head()
    staying = await connect(gateway.url)
    await staying.send(request("POST", CHAT, body=QUESTION))
    await in_flight(gateway, 2)
    leaving.leave()
    await gateway.catch_up()
    gate.set()
    assert (await staying.answer()).body == PLAIN


async def test_a_client_that_cannot_understand_what_is_not_undone_gets_its_own(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """What is kept is no stream: nothing is filtered, nothing undone."""
    headers = (("content-type", "application/json"), ("content-encoding", "gzip"))
    upstream.will(whole(gzip.compress(b"{}"), headers=headers), whole(b"{}"))
    gateway = await open_gateway(serving(upstream.url, cache_ttl=3600))
    assert "content-encoding" in (await ask(connect, gateway, ("accept-encoding", "gzip"))).names
    await all_stored(gateway)
    answer = await ask(connect, gateway)
    assert (answer.body, cache_status(answer)) == (b"{}", "MISS")


@pytest.mark.parametrize("coding", ["dcb", "gzip"])
async def test_others_get_an_answer_whose_first_client_has_a_filter_that_cannot_see(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, coding: str
) -> None:
    gate = asyncio.Event()
    headers = (*EVENT_STREAM, ("content-encoding", coding))
    upstream.will(Reply((gate, *chunked(b"opaque", headers=headers).steps)))
    gateway = await open_gateway(serving(upstream.url, cache_ttl=3600))
    clients = []
    for number, question in enumerate((QUESTION, ASKING), 1):
        client = await connect(gateway.url)
        await client.send(request("POST", CHAT, KEY, ("accept-encoding", coding), body=question))
        await in_flight(gateway, number)
        clients.append(client)
    gate.set()
    check_error(await clients[0].answer(), 502, 2005, "Failed to get response from provider")
    answer = await clients[1].answer()
    assert (answer.body, cache_status(answer)) == (b"opaque", "HIT")


async def test_a_slow_client_of_a_kept_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    large = b"data: %b\n\n" % bytes(1 << 20) * 16 + b"data: [DONE]\n\n"
    upstream.will(chunked(large, headers=EVENT_STREAM))
    gateway = await open_gateway(serving(upstream.url, cache_ttl=3600))
    assert (await ask(connect, gateway)).body == large
    await all_stored(gateway)
    client = await connect(gateway.url, receive_buffer=4096)
    await client.send(request("POST", CHAT, body=QUESTION))
    assert (await client.head()).header("cf-aig-cache-status") == "HIT"
    await eventually(lambda: any(lane.congested for lane in gateway.lanes) or None, "a client that is slow")
    found = b""
    while len(found) < len(large):
        found += await client.chunk()
    assert found == large


async def test_nobody_needs_to_understand_a_coding_that_is_undone(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    headers = (*EVENT_STREAM, ("content-encoding", "gzip"))
    upstream.will(chunked(gzip.compress(TOLD), headers=headers))
    gateway = await open_gateway(serving(upstream.url, cache_ttl=3600))
    assert (await ask(connect, gateway, ("accept-encoding", "gzip"))).body == PLAIN
    await all_stored(gateway)
    answer = await ask(connect, gateway)
    assert (answer.body, cache_status(answer)) == (PLAIN, "HIT")
