"""Status 200 and the end of the bytes do not make an answer: what its dialect says of its end decides what is kept.

The caller gets every byte as it came in any case; what is asked here is whether the same question is asked again,
and what the rows say.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable

import brotli
import pytest
import zstandard
from recall_kit import JSON, QUESTION, TTL, all_stored, becomes, cache_status, caller, callers, in_flight

from conftest import Connect, OpenGateway
from penstock.calls.log_record import LogRecord
from support.client import Answer, request
from support.configuration import gateways, providers
from support.ended_streams import DONE, OPENAI_ERROR, STREAMS, USED, Told, chat
from support.inprocess import InProcess
from support.replies import Act, Reply, Step, chunk, chunked, head, raw, sized, sse, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/v1/chat/completions"
KEY = ("Idempotency-Key", "k")
ASK = b'{"model":"gpt-4o-mini","stream":true,"messages":[]}'
SLUGS = sorted(
    {told.path.partition("/")[0] for told in STREAMS.values()} | {"parallel", "huggingface", "replicate"}
)
SOUND = b"".join((chat(), chat("stop"), USED, DONE))
FAILED = chat() + OPENAI_ERROR
CUT = chat()
NO_PAYLOAD = ("cf-aig-collect-log-payload", "false")
EACH = pytest.mark.parametrize("told", STREAMS.values(), ids=STREAMS)
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "br, gzip": lambda data: gzip.compress(brotli.compress(data)),
}
Verdict = tuple[bool, str, str | None]
GOOD: Verdict = (True, "complete", None)
SHORT: Verdict = (False, "cut_short", None)
BROKEN: Verdict = (False, "provider_failed", "server_error")
CASES = pytest.mark.parametrize(
    ("body", "verdict"), [(SOUND, GOOD), (FAILED, BROKEN), (CUT, SHORT)], ids=["whole", "failed", "cut"]
)


def text_of(url: str, extra: str = "") -> str:
    urls = {slug: url + ("/openai/v1" if slug == "azure-openai" else "") for slug in SLUGS}
    return gateways(gw={}, kept={"cache_ttl": 300}) + providers({**urls, "custom-own": url}) + extra


async def opened(open_gateway: OpenGateway, upstream: Upstream, extra: str = "") -> InProcess:
    return await open_gateway(text_of(upstream.url, extra))


def streamed(told: Told, *events: bytes) -> Reply:
    return chunked(*events, headers=(("content-type", told.kind),))


def said(row: LogRecord) -> Verdict:
    """What a row says of how its call ended."""
    found = (row.success, row.outcome, row.provider_error)
    assert row.status_code == 200
    return found


async def both(
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    reply: Reply,
    path: str,
    body: bytes,
    *headers: tuple[str, str],
) -> tuple[list[Answer], int]:
    """The same question twice, to a provider that answers alike; how often that was asked."""
    before = len(upstream.requests)
    upstream.will(reply, reply)
    client = await caller(gateway, connect)
    answers = [await client.ask(*headers, path=path, body=body) for _ in range(2)]
    await all_stored(gateway)
    asked = len(upstream.requests) - before
    if asked == 1:
        upstream._replies.clear()
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].body == answers[1].body
    return answers, asked


# -- every dialect


@EACH
async def test_a_whole_stream_is_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, told: Told
) -> None:
    gateway = await opened(open_gateway, upstream)
    reply = streamed(told, *told.events)
    for header in (TTL, KEY):
        answers, asked = await both(
            gateway, upstream, connect, reply, f"/v1/acct/gw/{told.path}", told.body, header
        )
        assert answers[0].body == b"".join(told.events)
        assert asked == 1
    assert {said(row) for row in await gateway.rows(4)} == {GOOD}


@EACH
async def test_a_stream_without_its_end_is_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, told: Told
) -> None:
    gateway = await opened(open_gateway, upstream)
    reply = streamed(told, *told.events[:-1])
    for header in (TTL, KEY):
        answers, asked = await both(
            gateway, upstream, connect, reply, f"/v1/acct/gw/{told.path}", told.body, header
        )
        assert answers[0].body == b"".join(told.events[:-1])
        assert asked == 2
        assert not any(answer.header("idempotent-replayed") for answer in answers)
    found = {said(row) for row in await gateway.rows(4)}
    assert found == ({SHORT} if len(told.events) > 1 or told.kind != "application/json" else {GOOD})


@pytest.mark.parametrize(
    ("told", "failure", "error"),
    [
        pytest.param(told, failure, error, id=f"{name} {number}")
        for name, told in STREAMS.items()
        for number, (failure, error) in enumerate(told.failures)
    ],
)
async def test_an_error_in_a_stream_is_passed_on_and_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, told: Told, failure: bytes, error: str
) -> None:
    gateway = await opened(open_gateway, upstream)
    reply = streamed(told, told.events[0], failure)
    path = f"/v1/acct/gw/{told.path}"
    for header in (TTL, KEY):
        answers, asked = await both(gateway, upstream, connect, reply, path, told.body, header)
        assert answers[0].body == told.events[0] + failure
        assert asked == 2
    upstream.will(reply)
    await (await caller(gateway, connect)).ask(path=path, body=told.body)
    rows = await gateway.rows(5)
    assert {said(row) for row in rows} == {(False, "provider_failed", error)}
    for row in await gateway.calls(5):
        assert row.trail[-1].what == "failure"
        assert error in row.trail[-1].detail


# -- documents


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("openai/v1/chat/completions", b'{"error":{"message":"x","type":"server_error"}}', "server_error"),
        ("openai/v1/embeddings", b'{"error":{"message":"x","code":"busy"}}', "busy"),
        (
            "anthropic/v1/messages",
            b'{"type":"error","error":{"type":"api_error","message":"x"}}',
            "api_error",
        ),
        ("cohere/v2/rerank", b'{"error":"busy"}', "busy"),
        ("workers-ai/@cf/m/m", b'{"result":null,"success":false,"errors":[{"code":3040}]}', "3040"),
        ("replicate/v1/predictions", b'{"id":"p","status":"failed","error":"no memory"}', "error"),
        (
            "google-ai-studio/v1beta/models/m:generateContent",
            b'{"error":{"code":500,"status":"INTERNAL"}}',
            "INTERNAL",
        ),
        ("custom-own/v1/anything", b'{"error":{"type":"odd"}}', "odd"),
        ("parallel/v1/search", b'{"type":"error","error":{"ref_id":"r","message":"x"}}', "error"),
    ],
)
async def test_a_document_that_is_an_error_is_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, body: bytes, error: str
) -> None:
    gateway = await opened(open_gateway, upstream)
    for header in (TTL, KEY):
        _, asked = await both(
            gateway, upstream, connect, whole(body, headers=JSON), f"/v1/acct/gw/{path}", QUESTION, header
        )
        assert asked == 2
    rows = await gateway.rows(4)
    assert {said(row) for row in rows} == {(False, "provider_failed", error)}
    assert {row.cost for row in rows} == {None}


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":null,"choices":[{"message":{"content":"{\\"error\\":{\\"type\\":\\"x\\"}}"},"finish_reason":"length"}]}',
        b'{"choices":[{"message":{"content":"error"},"finish_reason":"length"}],"errors":[]}',
        b"error",
        b"",
    ],
)
async def test_what_speaks_of_errors_is_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes
) -> None:
    gateway = await opened(open_gateway, upstream)
    for header in (TTL, KEY):
        _, asked = await both(gateway, upstream, connect, whole(body, headers=JSON), CHAT, QUESTION, header)
        assert asked == 1
    assert {said(row) for row in await gateway.rows(4)} == {GOOD}


async def test_reading_what_has_failed_is_no_failure(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    body = b'{"id":"r","status":"failed","error":{"code":"server_error","message":"x"}}'
    gateway = await opened(open_gateway, upstream)
    client = await caller(gateway, connect)
    for path in ("openai/v1/responses/r", "replicate/v1/predictions/p", "openai/v1/files/f/content"):
        upstream.will(whole(body, headers=JSON))
        await client.ask(path=f"/v1/acct/gw/{path}", body=None, method="GET")
    assert {said(row) for row in await gateway.rows(3)} == {GOOD}


async def test_a_row_of_a_bad_status_tells_the_type_as_well(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream)
    client = await caller(gateway, connect)
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    for headers in ((), (NO_PAYLOAD,)):
        upstream.will(whole(body, 529, JSON))
        await client.ask(*headers, path="/v1/acct/gw/anthropic/v1/messages")
    for row in await gateway.rows(2):
        assert (row.status_code, row.outcome, row.success) == (529, "complete", False)
        assert row.provider_error == "overloaded_error"


# -- framing and codings


@CASES
@pytest.mark.parametrize(
    "headers", [(), (TTL,), (KEY,), (NO_PAYLOAD,)], ids=["plain", "cache", "key", "no payload"]
)
async def test_an_end_without_framing_is_believed_if_the_dialect_says_so(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    body: bytes,
    verdict: Verdict,
    headers: tuple[tuple[str, str], ...],
) -> None:
    gateway = await opened(open_gateway, upstream)
    start = head(headers=(("content-type", "text/event-stream"), ("connection", "close")))
    reply = raw(start + body, Act.CLOSE)
    _, asked = await both(gateway, upstream, connect, reply, CHAT, ASK, *headers)
    assert asked == (1 if verdict == GOOD and headers in ((TTL,), (KEY,)) else 2)
    assert {said(row) for row in await gateway.rows(2)} == {verdict}


@pytest.mark.parametrize("begun", [b'{"choices":[{"mess', b'{"a":1}'])
async def test_a_document_without_framing_is_whole_where_it_closes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, begun: bytes
) -> None:
    gateway = await opened(open_gateway, upstream)
    reply = raw(head(headers=(*JSON, ("connection", "close"))) + begun, Act.CLOSE)
    for header in (TTL, KEY):
        _, asked = await both(gateway, upstream, connect, reply, CHAT, QUESTION, header)
        assert asked == (1 if begun.endswith(b"}") else 2)
    assert {said(row) for row in await gateway.rows(4)} == {GOOD if begun.endswith(b"}") else SHORT}


@CASES
@pytest.mark.parametrize("coding", CODINGS)
async def test_streams_in_a_coding(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    body: bytes,
    verdict: Verdict,
    coding: str,
) -> None:
    gateway = await opened(open_gateway, upstream)
    headers = (("content-type", "text/event-stream"), ("content-encoding", coding))
    packed = CODINGS[coding](body)
    accept = ("accept-encoding", "gzip, br, zstd")
    for reply in (chunked(packed, headers=headers), sized(len(packed), packed, headers=headers)):
        for header in (TTL, (KEY[0], f"k{len(upstream.requests)}"), NO_PAYLOAD):
            answers, asked = await both(
                gateway, upstream, connect, reply, f"{CHAT}?{len(upstream.requests)}", ASK, header, accept
            )
            assert answers[0].body == packed
            assert asked == (1 if verdict == GOOD and header is not NO_PAYLOAD else 2)
    rows = await gateway.rows(12)
    assert {said(row) for row in rows} == {verdict}


@CASES
@pytest.mark.parametrize(
    "extra", ["", "\n[server.limits]\nmax_logged_body_bytes = 0\n"], ids=["logged", "not logged"]
)
@pytest.mark.parametrize("headers", [(), (NO_PAYLOAD,)], ids=["payload", "no payload"])
async def test_rows_tell_it_of_long_streams_whatever_the_log_keeps(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    body: bytes,
    verdict: Verdict,
    extra: str,
    headers: tuple[tuple[str, str], ...],
) -> None:
    gateway = await opened(open_gateway, upstream, extra)
    upstream.will(sse(*[chat() * 100] * 200, body))
    answer = await (await caller(gateway, connect)).ask(*headers, path=CHAT, body=ASK)
    assert answer.body.endswith(body)
    assert said(await gateway.row()) == verdict


# -- joined calls, steps, the unified endpoint


@CASES
async def test_who_shares_a_call_shares_its_end(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes, verdict: Verdict
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(chat(), gate, body))
    gateway = await opened(open_gateway, upstream)
    asking = await callers(gateway, connect, 3)
    for one in asking:
        await one.send(TTL, path=CHAT, body=ASK)
    await in_flight(gateway, 3)
    gate.set()
    for one in asking:
        assert (await one.client.answer()).body == chat() + body
    assert {said(row) for row in await gateway.rows(3)} == {verdict}
    await all_stored(gateway)
    upstream.will(sse(SOUND))
    again = await asking[0].ask(TTL, path=CHAT, body=ASK)
    assert cache_status(again) == ("HIT" if verdict == GOOD else "MISS")


@pytest.mark.parametrize("header", [TTL, KEY], ids=["cache", "key"])
@pytest.mark.parametrize("more", [(), (NO_PAYLOAD,)], ids=["payload", "no payload"])
@pytest.mark.parametrize(
    ("kind", "body", "verdict"),
    [
        ("application/json", b'{"choices":[{"mess', SHORT),
        ("application/json", b'{"choices":[]}', GOOD),
        ("application/json", b'{"error":{"type":"server_error"}}', BROKEN),
        ("text/event-stream", CUT, SHORT),
        ("text/event-stream", SOUND, GOOD),
    ],
    ids=["half a document", "a document", "an error", "half a stream", "a stream"],
)
async def test_who_shares_an_answer_without_framing_is_told_what_it_is(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    kind: str,
    body: bytes,
    verdict: Verdict,
    more: tuple[tuple[str, str], ...],
    header: tuple[str, str],
) -> None:
    gate = asyncio.Event()
    upstream.will(raw(head(headers=(("content-type", kind), ("connection", "close"))), gate, body, Act.CLOSE))
    gateway = await opened(open_gateway, upstream)
    asking = await callers(gateway, connect, 3)
    for one in asking:
        await one.send(header, *more, path=CHAT, body=ASK)
    await in_flight(gateway, 3)
    gate.set()
    for one in asking:
        assert (await one.client.answer()).body == body
    assert len(upstream.requests) == 1
    assert {said(row) for row in await gateway.rows(3)} == {verdict}


LARGE = chat() * (26 * 1024 * 1024 // len(chat()))


@pytest.mark.parametrize("joins", [1, 2])
@CASES
async def test_a_key_is_spent_by_no_failure_however_large_its_answer_was(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes, verdict: Verdict, joins: int
) -> None:
    """One that is whole, and too large to be kept, spends it."""
    gateway = await opened(open_gateway, upstream)
    asking = await callers(gateway, connect, joins)
    upstream.will(sse(LARGE, body))
    for one in asking:
        await one.send(KEY, path=CHAT, body=ASK)
    answers = await asyncio.gather(*(one.client.answer() for one in asking))
    await all_stored(gateway)
    assert all(answer.body.endswith(body) for answer in answers)
    upstream.will(sse(SOUND))
    again = await asking[0].ask(KEY, path=CHAT, body=ASK)
    assert again.status == (409 if verdict == GOOD else 200)
    assert {said(row) for row in (await gateway.rows(joins + 1))[:joins]} == {verdict}


@CASES
async def test_nor_where_there_was_no_memory_to_keep_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes, verdict: Verdict
) -> None:
    gateway = await opened(open_gateway, upstream)
    budget = gateway.parts.answers._budget
    budget.take(budget.free)
    upstream.will(sse(chat() * 1000, body), sse(SOUND))
    client = await caller(gateway, connect)
    statuses = [(await client.ask(KEY, path=CHAT, body=ASK)).status for _ in range(2)]
    assert statuses == [200, 409 if verdict == GOOD else 200]


@CASES
async def test_a_step_whose_stream_fails_is_told_so(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes, verdict: Verdict
) -> None:
    gateway = await opened(open_gateway, upstream)
    client = await connect(gateway.url)
    steps = b'[{"provider":"openai","endpoint":"chat/completions","query":%b}]' % ASK
    for _ in range(2):
        upstream.will(sse(body))
        answer = await client.ask("POST", "/v1/acct/kept", body=steps)
        assert answer.body == body
    assert len(upstream.requests) == (1 if verdict == GOOD else 2)
    assert {said(row) for row in await gateway.rows(2)} == {verdict}


@CASES
async def test_the_unified_endpoint(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes, verdict: Verdict
) -> None:
    gateway = await opened(open_gateway, upstream)
    client = await connect(gateway.url)
    for _ in range(2):
        upstream.will(sse(body))
        answer = await client.ask(
            "POST", "/v1/acct/kept/compat/chat/completions", body=ASK.replace(b"gpt-4o", b"openai/gpt-4o")
        )
        assert answer.body == body
    assert len(upstream.requests) == (1 if verdict == GOOD else 2)
    assert {said(row) for row in await gateway.rows(2)} == {verdict}


@CASES
@pytest.mark.parametrize("path", ["custom-own/whatever", "openai/v1/not/known"])
async def test_what_no_table_knows_is_told_by_its_shape(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes, verdict: Verdict, path: str
) -> None:
    gateway = await opened(open_gateway, upstream)
    _, asked = await both(gateway, upstream, connect, sse(body), f"/v1/acct/gw/{path}", ASK, TTL)
    assert asked == (1 if verdict == GOOD else 2)
    assert {said(row) for row in await gateway.rows(2)} == {verdict}


@pytest.mark.parametrize("path", ["parallel/chat/completions", "custom-own/events"])
async def test_where_nothing_says_how_it_ends_the_end_of_the_bytes_will_do(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str
) -> None:
    gateway = await opened(open_gateway, upstream)
    body = chat() if "parallel" in path else b"data: 1\n\n"
    _, asked = await both(gateway, upstream, connect, sse(body), f"/v1/acct/gw/{path}", ASK, TTL)
    assert asked == 1
    assert {said(row) for row in await gateway.rows(2)} == {GOOD}


HALVES = {
    "openai/v1/chat/completions": b'{"id":"c","choices":[{"message":{"content":"x',
    "openai/v1/embeddings": b'{"object":"list","data":[{"embedding":[0.1,0.2],"index":0',
    "anthropic/v1/messages": b'{"id":"m","type":"message","content":[{"type":"text","text":"x"}],',
    "google-ai-studio/v1beta/models/m:generateContent": b'{"candidates":[{"content":{"parts":[{"text":"x"',
    "parallel/v1/search": b'{"search_id":"s","results":[{"url":"https://x.test"}]',
    "custom-own/whatever": b'{"a":1',
}


@pytest.mark.parametrize(("path", "half"), HALVES.items(), ids=HALVES.keys())
@pytest.mark.parametrize("framed", [whole, chunked])
@pytest.mark.parametrize("packed", [False, True])
async def test_a_document_that_is_not_closed_is_cut_whatever_its_framing_says(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    path: str,
    half: bytes,
    framed: Callable[..., Reply],
    packed: bool,
) -> None:
    gateway = await opened(open_gateway, upstream)
    coding = (("content-encoding", "gzip"),) if packed else ()
    sent = gzip.compress(half, mtime=0) if packed else half
    reply = framed(sent, headers=(("content-type", "application/json"), *coding))
    answers, asked = await both(gateway, upstream, connect, reply, f"/v1/acct/gw/{path}", ASK, TTL)
    assert (answers[0].body, asked) == (sent, 2)
    assert {said(row) for row in await gateway.rows(2)} == {(False, "cut_short", None)}


@pytest.mark.parametrize("end", [b"}", b"}\n", b"} \r\n\r\n"])
async def test_a_document_may_have_spaces_behind_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, end: bytes
) -> None:
    gateway = await opened(open_gateway, upstream)
    reply = whole(b'{"id":"c","choices":[]' + end, headers=(("content-type", "application/json"),))
    _, asked = await both(
        gateway, upstream, connect, reply, "/v1/acct/gw/openai/v1/chat/completions", ASK, TTL
    )
    assert asked == 1
    assert {said(row) for row in await gateway.rows(2)} == {GOOD}


# -- clients that leave


async def left_after(
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    reply: Reply,
    seen: bytes,
    *headers: tuple[str, str],
    path: str = CHAT,
    body: bytes = ASK,
) -> LogRecord:
    """The row of a call whose client leaves as soon as it has seen so much."""
    upstream.will(reply)
    client = await connect(gateway.url)
    await client.send(request("POST", path, ("Authorization", "Bearer sk-1"), *headers, body=body))
    await client.head()
    had = b""
    while len(had) < len(seen):
        had += await client.chunk()
    assert had == seen
    client.leave()
    return await gateway.row()


def held_back(body: bytes, *headers: tuple[str, str], kind: str = "text/event-stream") -> Reply:
    """All of a stream, and never its closing chunk."""
    start = head(headers=(("content-type", kind), ("transfer-encoding", "chunked"), *headers))
    steps: tuple[Step, ...] = (start + chunk(body), asyncio.Event())
    return Reply(steps)


@pytest.mark.parametrize("headers", [(), (TTL,), (NO_PAYLOAD,)], ids=["plain", "cache", "no payload"])
async def test_who_leaves_after_the_last_event_has_had_it_all(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, headers: tuple[tuple[str, str], ...]
) -> None:
    gateway = await opened(open_gateway, upstream)
    body = chat().replace(b'"m"', b'"gpt-4o-mini"') + USED + DONE
    row = await left_after(gateway, upstream, connect, held_back(body), body, *headers)
    assert said(row) == GOOD
    assert (row.tokens_in, row.tokens_out) == (1000, 100)


@EACH
async def test_so_it_is_in_each_dialect(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, told: Told
) -> None:
    gateway = await opened(open_gateway, upstream)
    body = b"".join(told.events)
    reply = held_back(body, kind=told.kind)
    row = await left_after(
        gateway, upstream, connect, reply, body, path=f"/v1/acct/gw/{told.path}", body=told.body
    )
    assert said(row) == GOOD


@EACH
async def test_who_leaves_before_the_last_event_has_abandoned_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, told: Told
) -> None:
    if len(told.events) == 1:
        return
    gateway = await opened(open_gateway, upstream)
    body = b"".join(told.events[:-1])
    reply = held_back(body, kind=told.kind)
    row = await left_after(
        gateway, upstream, connect, reply, body, path=f"/v1/acct/gw/{told.path}", body=told.body
    )
    assert said(row) == (False, "abandoned", None)


@pytest.mark.parametrize("coding", CODINGS)
async def test_so_it_is_in_each_coding(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, coding: str
) -> None:
    gateway = await opened(open_gateway, upstream)
    body = CODINGS[coding](SOUND)
    row = await left_after(gateway, upstream, connect, held_back(body, ("content-encoding", coding)), body)
    assert said(row) == GOOD


async def test_who_leaves_because_of_an_error_was_not_the_one_who_gave_up(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream)
    row = await left_after(gateway, upstream, connect, held_back(FAILED), FAILED)
    assert said(row) == BROKEN


async def test_who_leaves_a_document_has_abandoned_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream)
    body = b'{"choices":[]}'
    row = await left_after(gateway, upstream, connect, held_back(body, kind="application/json"), body)
    assert said(row) == (False, "abandoned", None)


async def test_who_leaves_before_others_have_all_has_abandoned_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(chat(), gate, SOUND))
    gateway = await opened(open_gateway, upstream)
    asking = await callers(gateway, connect, 2)
    for one in asking:
        await one.send(TTL, path=CHAT, body=ASK)
    await in_flight(gateway, 2)
    await asking[0].client.head()
    assert await asking[0].client.chunk() == chat()
    asking[0].client.leave()
    await becomes(lambda: len(gateway.lanes) == 1, "one connection")
    gate.set()
    assert (await asking[1].client.answer()).body == chat() + SOUND
    rows = await gateway.rows(2)
    assert {said(row)[:2] for row in rows} == {(False, "abandoned"), (True, "complete")}


async def test_who_leaves_after_the_last_event_of_a_call_with_a_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The call goes on, for the key's sake; in the end the provider breaks off."""
    gate = asyncio.Event()
    start = head(headers=(("content-type", "text/event-stream"), ("transfer-encoding", "chunked")))
    upstream.will(Reply((start + chunk(SOUND), gate, Act.RESET)))
    gateway = await opened(open_gateway, upstream)
    client = await caller(gateway, connect)
    await client.send(KEY, path=CHAT, body=ASK)
    await client.client.head()
    assert await client.client.chunk() == SOUND
    client.client.leave()
    await becomes(lambda: not gateway.lanes, "no connection")
    gate.set()
    assert said(await gateway.row()) == GOOD
