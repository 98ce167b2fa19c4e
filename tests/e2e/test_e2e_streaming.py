"""Bytes as they come, in both directions: incremental, bounded, and honest about every kind of end."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from conftest import Connect, OpenGateway
from support.checks import check_error, check_ids, vendor_headers
from support.client import Broken, Client, request
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import Act, Reply, bodiless, chunked, head, raw, silence, sized, sse, whole
from support.upstream import Upstream
from support.waiting import eventually, soon

CHAT = "/v1/acct/gw/openai/chat/completions"
MODELS = "/v1/acct/gw/openai/models"
MEGABYTE = bytes(range(256)) * 4096


# -- up


async def test_request_flows_before_it_is_whole(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Content-Length", "10")), b"first")
    seen = await upstream.request()
    assert await seen.body_of(5) == b"first"
    assert not seen.complete
    await client.send(b"later")
    assert (await client.answer()).status == 200
    assert bytes(seen.body) == b"firstlater"
    assert seen.header("content-length") == b"10"


async def test_chunked_request_stays_chunked_with_its_trailers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")))
    await client.send_chunk(b"first")
    seen = await upstream.request()
    await seen.body_of(5)
    await client.send_chunk(b"later")
    await client.send(b"0\r\nX-Sum: 10\r\nAuthorization: smuggled\r\n\r\n")
    assert (await client.answer()).status == 200
    assert (bytes(seen.body), seen.trailers) == (b"firstlater", [b"X-Sum: 10"])
    assert seen.header("transfer-encoding") == b"chunked"
    assert b"content-length" not in seen.names


async def test_answer_may_come_before_the_request_is_whole(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    reply = whole(b"too large for me", 413)
    upstream.will(Reply(reply.steps, early=True))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Content-Length", "10")), b"first")
    answer = await client.answer()
    assert (answer.status, answer.body) == (413, b"too large for me")
    await client.send(b"later")
    assert (await client.ask("GET", MODELS)).status == 200
    assert upstream.connections == 2  # a request cut short leaves no connection anybody may use again


async def test_expect_100_continue(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Expect", "100-continue"), ("Content-Length", "4")))
    interim = await client.head()
    assert (interim.status, interim.headers) == (100, [])
    await client.send(b"body")
    assert (await client.answer()).status == 200
    seen = await upstream.only()
    assert seen.body == b"body"
    assert b"expect" not in seen.names


async def test_expect_100_continue_of_a_refused_call(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The answer comes at once, and no 100 asks for a body nobody wants."""
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    headers = (("Expect", "100-continue"), ("Content-Length", "4"))
    await client.send(request("POST", "/v1/acct/gw/nosuch/x", *headers))
    assert (await client.head()).status == 400


# -- down


async def test_events_pass_one_by_one(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gates = [asyncio.Event() for _ in range(20)]
    events = [b"event: e\nid: %d\ndata: \xe2\x82\xac%d\n\n: comment\n\n" % (n, n) for n in range(19)] + [
        b"data: [DONE]\n\n"
    ]
    upstream.will(sse(*(step for pair in zip(events, gates, strict=True) for step in pair)))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b'{"stream":true}'))
    assert (await client.head()).header("transfer-encoding") == "chunked"
    for event, gate in zip(events, gates, strict=True):
        assert await client.chunk() == event
        gate.set()
    assert await client.chunk() == b""
    row = await gateway.row()
    assert (row.outcome, row.response_size) == ("complete", len(b"".join(events)))


async def test_head_comes_before_the_body(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(sized(4, gate, b"body", headers=(("X-A", "1"),)))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("GET", MODELS))
    head_ = await client.head()
    assert (head_.header("x-a"), head_.header("content-length")) == ("1", "4")
    gate.set()
    assert await client.exactly(4) == b"body"


@pytest.mark.parametrize("framing", ["sized", "chunked"])
async def test_twenty_megabytes_up_and_down(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, framing: str
) -> None:
    pieces = [MEGABYTE] * 20
    upstream.will(chunked(*pieces) if framing == "chunked" else sized(20 * len(MEGABYTE), *pieces))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url, limit=1024 * 1024)
    body = b"".join(pieces)
    answer = await client.ask("POST", CHAT, body=body)
    assert answer.body == body
    assert bytes((await upstream.only()).body) == body
    row = await gateway.row()
    assert (row.request_size, row.response_size, row.outcome) == (len(body), len(body), "complete")
    bodies = await gateway.bodies()
    assert bodies is not None
    limit = 10 * 1024 * 1024
    assert bodies == (body[:limit], body[:limit], True, True)


async def test_compressed_bodies_pass_untouched(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    question, answered = gzip.compress(b'{"model":"m"}'), gzip.compress(b'{"usage":{"prompt_tokens":7}}')
    headers = (("Content-Encoding", "gzip"), ("Content-Type", "application/json"))
    upstream.will(whole(answered, headers=headers))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, *headers, ("Accept-Encoding", "br;q=0.5, gzip"), body=question)
    assert (answer.body, answer.header("content-encoding")) == (answered, "gzip")
    seen = await upstream.only()
    assert (bytes(seen.body), seen.header("accept-encoding")) == (question, b"br;q=0.5, gzip")
    row = await gateway.row()
    assert (row.model, row.tokens_in) == ("openai/m", 7)  # the log can read it all the same


async def test_trailers_of_the_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(
        chunked(
            b"a",
            trailers=b"X-Sum: 1\r\ncf-aig-step: 5\r\nSet-Cookie: a=1\r\n",
            headers=(("Trailer", "X-Sum"),),
        )
    )
    gateway = await open_gateway(openai(upstream.url))
    answer = await (await connect(gateway.url)).ask("GET", MODELS)
    assert (answer.body, answer.trailers, answer.header("trailer")) == (
        b"a",
        [b"X-Sum: 1", b"Set-Cookie: a=1"],
        "X-Sum",
    )


@pytest.mark.parametrize("status", [204, 304])
async def test_bodiless_answers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    length = (("Content-Length", "100"),) if status == 304 else ()
    upstream.will(raw(head(status, (("ETag", '"1"'), *length))), whole(b"next"))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("GET", MODELS)
    assert vendor_headers(answer) == [("ETag", '"1"'), *length]
    assert answer.status == status
    assert (await client.ask("GET", MODELS)).body == b"next"
    assert upstream.connections == 1


async def test_head_request_keeps_the_length_of_what_get_would_bring(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(raw(head(200, (("Content-Length", "12345"),))), whole(b"next"))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    assert (await client.ask("HEAD", MODELS)).header("content-length") == "12345"
    assert (await client.ask("GET", MODELS)).body == b"next"


async def test_interim_answers_stay_here(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    early = head(103, (("Link", "</x>; rel=preload"),)) + head(100)
    upstream.will(raw(early, *whole(b"final", headers=(("X-A", "1"),)).steps))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("GET", MODELS))
    first = await client.head()
    assert (first.status, first.header("link"), first.header("x-a")) == (200, None, "1")
    assert await client.exactly(5) == b"final"
    assert (await client.ask("GET", MODELS)).status == 200
    assert upstream.connections == 1


async def test_answer_of_an_http10_provider(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(raw(head(200, version="1.0"), b"until ", b"the end", Act.CLOSE))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("GET", MODELS)
    assert (answer.version, answer.body) == ("HTTP/1.1", b"until the end")
    assert (await gateway.row()).outcome == "complete"
    assert (await client.ask("GET", MODELS)).body == b"{}"
    assert upstream.connections == 2


async def test_provider_that_closes_after_its_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"bye", headers=(("Connection", "close"),)))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    first = await client.ask("GET", MODELS)
    assert (first.body, first.header("connection")) == (b"bye", None)
    assert (await client.ask("GET", MODELS)).status == 200
    assert upstream.connections == 2


# -- who waits for whom


async def test_slow_client_holds_the_provider_back(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(sized(100 * len(MEGABYTE), *[MEGABYTE] * 100))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url, receive_buffer=65536)
    await client.send(request("GET", MODELS))
    await client.head()
    assert await gateway.stands_still(lambda: upstream.sent) < 50 * len(MEGABYTE)
    rest = await client.exactly(100 * len(MEGABYTE))
    assert rest == MEGABYTE * 100
    assert (await gateway.row()).outcome == "complete"


async def test_slow_provider_holds_the_client_back(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply(whole(b"done").steps, reading=gate))
    upstream.keep_bodies = False
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    size = 100 * len(MEGABYTE)
    await client.send(request("POST", CHAT, ("Content-Length", str(size))))
    sending = asyncio.get_running_loop().create_task(client.send(*[MEGABYTE] * 100))
    assert await gateway.stands_still(lambda: client.sent) < 50 * len(MEGABYTE)
    gate.set()
    await soon(sending)
    assert (await client.answer()).body == b"done"
    assert (await upstream.only()).size == size


# -- who leaves


async def _stream_begun(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> tuple[InProcess, Client]:
    upstream.will(reply)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b'{"stream":true}'))
    return gateway, client


async def test_client_leaves_in_the_middle_of_a_stream(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    reply = sse(b"data: 1\n\n", asyncio.Event())
    gateway, client = await _stream_begun(open_gateway, upstream, connect, reply)
    await client.head()
    assert await client.chunk() == b"data: 1\n\n"
    assert upstream.is_open(0)
    client.leave()
    await upstream.left(0)
    row = await gateway.row()
    assert (row.outcome, row.success, row.status_code) == ("abandoned", False, 200)
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.response == b"data: 1\n\n"


async def test_client_leaves_before_the_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway, client = await _stream_begun(open_gateway, upstream, connect, silence())
    await upstream.request()
    client.leave()
    await upstream.left(0)
    row = await gateway.row()
    assert (row.outcome, row.success, row.status_code) == ("abandoned", False, 499)


async def test_client_leaves_in_the_middle_of_its_request(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Content-Length", "10")), b"first")
    seen = await upstream.request()
    await seen.body_of(5)
    client.leave()
    await upstream.left(0)
    row = await gateway.row()
    assert (row.outcome, row.request_size) == ("abandoned", 5)
    assert not seen.complete


async def test_client_that_closed_its_sending_side_only_gets_its_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    gateway, client = await _stream_begun(
        open_gateway, upstream, connect, Reply((gate, *whole(b"late").steps))
    )
    await upstream.request()
    client.end_sending()
    gate.set()
    try:
        assert (await client.answer()).body == b"late"
    except Broken:
        assert (
            await gateway.row()
        ).outcome == "abandoned"  # taking it for a departure is allowed, if it is told


@pytest.mark.parametrize(
    "reply",
    [
        sse(b"data: 1\n\n", Act.CLOSE, finished=False),
        sse(b"data: 1\n\n", Act.RESET, finished=False),
        raw(*sse(b"data: 1\n\n", finished=False).steps, b"5\r\nab", Act.CLOSE),
        raw(*sse(b"data: 1\n\n", finished=False).steps, b"zz\r\n"),
        sized(100, b"data: 1\n\n", Act.CLOSE),
        sized(100, b"data: 1\n\n", Act.RESET),
    ],
    ids=["chunked-closed", "chunked-reset", "inside-a-chunk", "unsound-chunk", "sized-closed", "sized-reset"],
)
async def test_provider_dies_in_the_middle_of_its_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> None:
    """Never a clean 200: what had come is passed on, then the client sees that it was cut."""
    gate = asyncio.Event()
    steps = (*reply.steps[:2], gate, *reply.steps[2:])
    gateway, client = await _stream_begun(open_gateway, upstream, connect, Reply(steps))
    answering = asyncio.get_running_loop().create_task(client.answer())
    await eventually(lambda: True if upstream.sent else None, "the first event")
    gate.set()
    with pytest.raises(Broken) as caught:
        await soon(answering)
    assert caught.value.received.startswith(b"data: 1\n\n")
    row = await gateway.row()
    assert (row.status_code, row.outcome, row.success, row.error_code) == (200, "provider_broke", False, 2005)


async def test_http10_client_gets_a_reset_for_a_cut_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Its answer ends with the connection, so an orderly end would look like a whole answer."""
    gate = asyncio.Event()
    upstream.will(sse(b"data: 1\n\n", gate, Act.CLOSE, finished=False))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}", version="1.0"))
    await client.head()
    assert await client.exactly(9) == b"data: 1\n\n"
    gate.set()
    with pytest.raises(Broken):
        await client.rest()
    assert (await gateway.row()).outcome == "provider_broke"


async def test_http10_client_gets_an_answer_that_ends_with_the_connection(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(chunked(b"one ", b"two"), whole(b"sized"))
    gateway = await open_gateway(openai(upstream.url))
    for wanted in (b"one two", b"sized"):
        client = await connect(gateway.url)
        answer = await client.ask("GET", MODELS, version="1.0")
        assert (answer.body, answer.header("transfer-encoding")) == (wanted, None)
        assert await client.rest() == b""


async def test_provider_dies_before_its_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(raw(Act.CLOSE), raw(Act.RESET), raw(b"HTTP/1.1 200 OK\r\nX-A", Act.CLOSE))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    for _ in range(3):
        answer = await client.ask("POST", CHAT, body=b"{}")
        check_error(answer, 502, 2005, "Failed to get response from provider")
        check_ids(answer)
    assert len(upstream.requests) == 3
    assert {row.outcome for row in await gateway.rows(3)} == {"provider_broke"}


# -- connections to the provider


async def test_connections_are_used_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    for _ in range(3):
        assert (await (await connect(gateway.url)).ask("POST", CHAT, body=b"{}")).status == 200
    assert upstream.connections == 1


async def test_idle_connections_are_closed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.ask("GET", MODELS)
    gateway.advance(29)
    assert upstream.is_open(0)
    gateway.advance(2)
    await upstream.left(0)
    assert (await client.ask("GET", MODELS)).status == 200


async def test_connection_the_provider_closed_while_idle(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.ask("POST", CHAT, body=b"{}")
    await upstream.drop_idle(0)
    await gateway.catch_up()
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    assert upstream.connections == 2


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_stale_connection_is_replaced_for_what_may_be_repeated(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str
) -> None:
    fresh = whole(b"fresh")
    upstream.will(whole(b"{}"), raw(Act.CLOSE), bodiless(fresh) if method == "HEAD" else fresh)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.ask("GET", MODELS)
    answer = await client.ask(method, MODELS, body=b"again" if method == "PUT" else None)
    assert (answer.status, answer.header("content-length")) == (200, "5")
    assert [seen.connection for seen in upstream.requests] == [0, 0, 1]
    assert len({seen.head for seen in upstream.requests[1:]}) == 1
    assert len({bytes(seen.body) for seen in upstream.requests[1:]}) == 1
    assert len(await gateway.rows(2)) == 2


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_stale_connection_never_sends_a_post_twice(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str
) -> None:
    upstream.will(whole(b"{}"), raw(Act.CLOSE))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.ask("GET", MODELS)
    answer = await client.ask(method, CHAT, body=b"{}")
    check_error(answer, 502, 2005, "Failed to get response from provider")
    assert [seen.method for seen in upstream.requests] == [b"GET", method.encode()]


async def test_fresh_connection_that_dies_is_not_tried_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(raw(Act.CLOSE))
    gateway = await open_gateway(openai(upstream.url))
    assert (await (await connect(gateway.url)).ask("GET", MODELS)).status == 502
    assert len(upstream.requests) == 1


async def test_bytes_nobody_asked_for_spoil_a_connection(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """An answer that stands behind another one must never become the answer to somebody else."""
    stray = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison"
    (answer,) = whole(b"{}").steps
    assert isinstance(answer, bytes)
    upstream.will(raw(answer + stray))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    assert (await client.ask("GET", MODELS)).body == b"{}"
    assert (await client.ask("GET", MODELS)).body == b"{}"
    assert upstream.connections == 2
