"""Providers that do not speak HTTP, or lie about it.

What is not a sound answer is a 502 of ours, or, once the answer has begun, visibly broken off. Bytes that
nobody asked for are never part of this answer, and never of the next.
"""

from __future__ import annotations

import asyncio

import pytest
from hostile_kit import (
    CHAT,
    MODELS,
    Complaints,
    busy,
    gateway_for,
    is_envelope,
    nothing_left,
    still_serves,
    table,
)

from conftest import Connect, OpenGateway
from support.client import Answer, Broken, Client, request
from support.inprocess import InProcess
from support.replies import Act, chunked, raw, silence, sized, whole
from support.upstream import Upstream

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
EMPTY = b"Content-Length: 0\r\n\r\n"

UNSOUND = {
    "garbage": b"\x16\x03\x01\x02\x00" * 20,
    "a greeting": b"220 mail.example ESMTP\r\n",
    "text": b"this is not HTTP at all\r\n\r\n",
    "another protocol": b"ICY 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "two digits": b"HTTP/1.1 20 OK\r\n" + EMPTY,
    "four digits": b"HTTP/1.1 2000 OK\r\n" + EMPTY,
    "status 099": b"HTTP/1.1 099 Odd\r\n" + EMPTY,
    "status 099 with a body": b"HTTP/1.1 099 Odd\r\nContent-Length: 5\r\n\r\nhello" + HELLO,
    "status 000": b"HTTP/1.1 000 Odd\r\n" + EMPTY,
    "LF only": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "a folded line": OK + b"X-A: b\r\n c\r\n" + EMPTY,
    "a space before the colon": OK + b"Content-Length : 5\r\n\r\nhello",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a list of lengths": OK + b"Content-Length: 5, 5\r\n\r\nhello",
    "a negative length": OK + b"Content-Length: -5\r\n\r\nhello",
    "length and chunked": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n",
    "gzip": OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
    "identity": OK + b"Transfer-Encoding: identity\r\n\r\nhello",
    "switching protocols": b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n\x00\x00",
    "switching without saying to what": b"HTTP/1.1 101 Switching\r\n\r\n" + HELLO,
    "endless headers": OK + b"X-A: b\r\n" * 20_000,
    "an endless header": OK + b"X-A: " + b"b" * 200_000,
    "an endless name": OK + b"X-" + b"a" * 200_000,
    "an endless reason": b"HTTP/1.1 200 " + b"O" * 200_000,
    "endless interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
    "endless interim headers": b"HTTP/1.1 103 Early\r\n" + b"Link: a\r\n" * 20_000,
}


async def is_unsound(client: Client, gateway: InProcess, status: int = 502) -> Answer:
    """Our answer in the provider's place, and a row that says so; the client's connection goes on."""
    answer = await client.answer()
    is_envelope(answer, status, 2005)
    row = await gateway.row()
    assert (row.status_code, row.success) == (status, False)
    assert busy(gateway) == 0
    return answer


@table(UNSOUND)
async def test_unsound_answers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(data, asyncio.Event()))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await is_unsound(client, gateway)
    await upstream.left()
    assert (await client.ask("GET", MODELS)).status == 200
    assert (upstream.connections, len(upstream.requests)) == (2, 2)


ENDINGS = {
    "at once": (),
    "within the status line": (b"HTTP/1.1 2",),
    "within the head": (OK + b"Content-Le",),
    "after an interim answer": (b"HTTP/1.1 100 Continue\r\n\r\n",),
    "within an interim answer": (b"HTTP/1.1 103 Early\r\nLin",),
}


@pytest.mark.parametrize("act", [Act.CLOSE, Act.RESET])
@pytest.mark.parametrize("steps", ENDINGS.values(), ids=ENDINGS.keys())
async def test_the_end_before_an_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, steps: tuple[bytes, ...], act: Act
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(*steps, act))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await is_unsound(client, gateway)
    assert len(upstream.requests) == 1
    await nothing_left(gateway)


SILENCES = {
    "from the start": (),
    "within the head": (OK + b"Content-Le",),
    "after interim answers": (b"HTTP/1.1 100 Continue\r\n\r\n" * 3,),
}


@pytest.mark.parametrize("steps", SILENCES.values(), ids=SILENCES.keys())
async def test_silence_before_an_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, steps: tuple[bytes, ...]
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(*steps, asyncio.Event()))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    await gateway.catch_up()
    gateway.advance(899)
    await gateway.catch_up()
    assert len(gateway.state.tasks) == 1
    gateway.advance(2)
    await is_unsound(client, gateway, 504)
    await upstream.left()


async def test_interim_answers_do_not_count_as_one(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """One now and then does not keep the call waiting for ever."""
    gateway = await gateway_for(open_gateway, upstream)
    gates = [asyncio.Event() for _ in range(20)]
    interim = [step for gate in gates for step in (gate, b"HTTP/1.1 102 Processing\r\n\r\n")]
    upstream.will(raw(*interim, asyncio.Event()))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    for gate in gates:
        gate.set()
        await gateway.catch_up()
        gateway.advance(50)
    await is_unsound(client, gateway, 504)


async def test_interim_answers_stay_here(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    early = b"HTTP/1.1 103 Early\r\nLink: a\r\nContent-Length: 5\r\n\r\n"
    upstream.will(raw(b"HTTP/1.1 100 Continue\r\n\r\n" + early + HELLO))
    client = await connect(gateway.url)
    await client.send(request("GET", MODELS))
    head = await client.head()
    assert (head.status, head.header("link"), head.header("content-length")) == (200, None, "5")
    assert await client.exactly(5) == b"hello"
    assert (await client.ask("GET", MODELS)).status == 200
    assert upstream.connections == 1


@pytest.mark.parametrize("status", [200, 299, 400, 418, 451, 503, 599, 600, 999])
async def test_any_final_status_passes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(whole(b"body", status))
    client = await connect(gateway.url)
    answer = await client.ask("GET", MODELS)
    assert (answer.status, answer.body) == (status, b"body")
    assert (await gateway.row()).status_code == status


# -- bytes nobody asked for


EXTRA = {
    "a byte": b"x",
    "the beginning of an answer": b"HTTP/1.1 2",
    "half a head": OK + b"X-Leak: ",
    "a head": OK + b"Content-Length: 6\r\nX-Leak: yes\r\n\r\n",
    "an answer": OK + b"Content-Length: 6\r\nX-Leak: yes\r\n\r\nleaked",
    "a chunked answer": OK + b"Transfer-Encoding: chunked\r\nX-Leak: yes\r\n\r\n6\r\nleaked\r\n0\r\n\r\n",
    "an empty answer": b"HTTP/1.1 204 No Content\r\nX-Leak: yes\r\n\r\n",
    "an interim answer": b"HTTP/1.1 100 Continue\r\nX-Leak: yes\r\n\r\n",
    "two answers": (OK + b"Content-Length: 6\r\nX-Leak: yes\r\n\r\nleaked") * 2,
}

ANSWERS = {
    "a length": HELLO,
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "no body": b"HTTP/1.1 204 No Content\r\n\r\n",
    "empty": OK + EMPTY,
}


async def gets_its_own(client: Client, upstream: Upstream) -> None:
    """The next call is answered with what is meant for it, on another connection."""
    answer = await client.ask("GET", MODELS)
    assert (answer.status, answer.body, answer.header("x-leak")) == (200, b"second", None)
    assert [seen.connection for seen in upstream.requests] == [0, 1]


@table(EXTRA)
@pytest.mark.parametrize("first", ANSWERS.values(), ids=ANSWERS.keys())
async def test_more_than_the_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, first: bytes, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(first + data), whole(b"second"))
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, body=b"{}")
    assert answer.body == (b"hello" if b"hello" in first else b"")
    assert (answer.header("x-leak"), answer.trailers) == (None, [])
    await gets_its_own(client, upstream)


@table(EXTRA)
@pytest.mark.parametrize("first", ANSWERS.values(), ids=ANSWERS.keys())
async def test_more_than_the_answer_while_it_is_relayed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, first: bytes, data: bytes
) -> None:
    """The end of the answer and the extra bytes come in one piece, after the rest has been passed on."""
    gateway = await gateway_for(open_gateway, upstream)
    gate = asyncio.Event()
    upstream.will(raw(first[:-3], gate, first[-3:] + data), whole(b"second"))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    await gateway.catch_up()
    gate.set()
    answer = await client.answer()
    assert answer.body == (b"hello" if b"hello" in first else b"")
    assert (answer.header("x-leak"), answer.trailers) == (None, [])
    await gets_its_own(client, upstream)


@table(EXTRA)
async def test_more_than_the_answer_later(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    gate = asyncio.Event()
    upstream.will(raw(HELLO, gate, data), whole(b"second"))
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, body=b"{}")).body == b"hello"
    gate.set()
    await upstream.left()
    await gets_its_own(client, upstream)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "answer",
    [HELLO, ANSWERS["chunked"], OK + b"Content-Length: 500\r\n\r\nhello"],
    ids=["length", "chunked", "part"],
)
async def test_a_body_for_head(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, answer: bytes, late: bool
) -> None:
    """The client would take it for the next answer."""
    gateway = await gateway_for(open_gateway, upstream)
    head, _, body = answer.partition(b"\r\n\r\n")
    steps = (head + b"\r\n\r\n", asyncio.Event(), body) if late else (answer,)
    upstream.will(raw(*steps), whole(b"second"))
    client = await connect(gateway.url)
    await client.send(request("HEAD", MODELS))
    assert (await client.head()).status == 200
    for step in steps:
        if isinstance(step, asyncio.Event):
            step.set()
            await upstream.left()
    await gets_its_own(client, upstream)


@pytest.mark.parametrize("framing", [b"Content-Length: 500", b"Transfer-Encoding: chunked"])
async def test_no_body_for_head(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, framing: bytes
) -> None:
    """What the headers tell of is not waited for: the next answer on the connection is one."""
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(OK + framing + b"\r\n\r\n"), whole(b"second"), raw(OK + framing + b"\r\n\r\n"))
    client = await connect(gateway.url)
    assert (await client.ask("HEAD", MODELS)).status == 200
    assert (await client.ask("GET", MODELS)).body == b"second"
    assert (await client.ask("HEAD", MODELS)).status == 200
    assert upstream.connections == 1


async def test_an_answer_without_length_for_head(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(OK + b"X-A: b\r\n\r\n"), whole(b"second"))
    client = await connect(gateway.url)
    assert (await client.ask("HEAD", MODELS)).header("x-a") == "b"
    assert (await client.ask("GET", MODELS)).body == b"second"


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n\r\nhello", ANSWERS["chunked"].removeprefix(OK)])
async def test_a_body_where_there_is_none(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int, framing: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(b"HTTP/1.1 %d X\r\n" % status + framing), whole(b"second"))
    client = await connect(gateway.url)
    assert (await client.ask("GET", MODELS)).status == status
    await gets_its_own(client, upstream)


async def test_a_length_that_only_this_hop_should_know(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Connection may name content-length; the client must still find the end."""
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(OK + b"Connection: content-length\r\nContent-Length: 5\r\n\r\nhello"), whole(b"second"))
    client = await connect(gateway.url)
    await client.send(request("GET", MODELS))
    head = await client.head()
    assert (head.header("content-length"), head.header("transfer-encoding")) != (None, None)
    assert await client.exactly(5) == b"hello"


# -- answers that break off


BROKEN_OFF = {
    "a short body": (OK + b"Content-Length: 50\r\n\r\nhello",),
    "a chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\nhal",),
    "no last chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",),
    "no end of the trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n",),
}


async def is_cut(client: Client, gateway: InProcess) -> None:
    """The client sees a cut answer, never a whole one; the row says so."""
    with pytest.raises(Broken) as caught:
        await client.answer()
    assert caught.value.received in (b"hello", b"hellohal", b"")
    assert await client.rest() == b""
    row = await gateway.row()
    assert (row.status_code, row.success) == (200, False)
    await nothing_left(gateway)


@pytest.mark.parametrize("act", [Act.CLOSE, Act.RESET])
@pytest.mark.parametrize("steps", BROKEN_OFF.values(), ids=BROKEN_OFF.keys())
async def test_answers_that_break_off(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, steps: tuple[bytes, ...], act: Act
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    gate = asyncio.Event()
    upstream.will(raw(*steps, gate, act))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    await gateway.catch_up()
    gate.set()
    await is_cut(client, gateway)


BAD_CHUNKS = {
    "no size": b"zz\r\n",
    "a negative size": b"-5\r\nhello\r\n",
    "too much data": b"5\r\nhello!!\r\n",
    "a size beyond 64 bits": b"fffffffffffffffff\r\n",
    "LF only": b"5\nhello\n",
    "a length in the trailers": b"0\r\nContent-Length: 5\r\n\r\n",
}


@table(BAD_CHUNKS)
async def test_chunks_that_are_none(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    gate = asyncio.Event()
    upstream.will(raw(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", gate, data, asyncio.Event()))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    await gateway.catch_up()
    gate.set()
    with pytest.raises(Broken) as caught:
        await client.answer()
    assert caught.value.received.startswith(b"hello")
    await upstream.left()
    row = await gateway.row()
    assert (row.status_code, row.success) == (200, False)
    await nothing_left(gateway)


async def test_silence_in_the_answer(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(chunked(b"hello", asyncio.Event()))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    assert (await client.head()).status == 200
    assert await client.chunk() == b"hello"
    gateway.advance(599)
    await gateway.catch_up()
    assert len(gateway.state.tasks) == 1
    gateway.advance(2)
    with pytest.raises(Broken):
        await client.chunk()
    await upstream.left()
    row = await gateway.row()
    assert (row.status_code, row.success) == (200, False)


@pytest.mark.parametrize("endless", [b"X-A: b\r\n" * 60_000, b"X-A: " + b"b" * 480_000])
async def test_endless_trailers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, endless: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", endless, asyncio.Event())
    )
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    with pytest.raises(Broken):
        await client.answer()
    await upstream.left()
    assert not (await gateway.row()).success


async def test_trailers_pass_but_for_framing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    trailers = (
        b"X-Checksum: 1\r\nHost: a\r\nConnection: x-checksum\r\ncf-aig-log-id: forged\r\nTrailer: b\r\n"
    )
    upstream.will(chunked(b"hello", trailers=trailers))
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, body=b"{}")
    assert (answer.body, answer.trailers) == (b"hello", [b"X-Checksum: 1"])


async def test_until_close(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """An answer without a length ends with its connection; broken off, it is no whole answer."""
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(b"HTTP/1.0 200 OK\r\n\r\nhello", Act.CLOSE), raw(OK + b"\r\nhello", Act.CLOSE))
    client = await connect(gateway.url)
    for _ in range(2):
        answer = await client.ask("POST", CHAT, body=b"{}")
        assert (answer.status, answer.body, answer.header("transfer-encoding")) == (200, b"hello", "chunked")
    gate = asyncio.Event()
    upstream.will(raw(OK + b"\r\nhello", gate, Act.RESET))
    await client.send(request("POST", CHAT, body=b"{}"))
    await client.head()
    assert await client.chunk() == b"hello"
    gate.set()
    with pytest.raises(Broken):
        await client.chunk()
    assert [row.success for row in await gateway.rows(3)] == [True, True, False]


async def test_desynchronised_answers_reach_nobody_else(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Ten calls of ten clients, each answered twice over: everybody gets the first answer to its own request."""
    gateway = await gateway_for(open_gateway, upstream)
    for number in range(10):
        own, other = b"own %d" % number, b"not %d" % number
        upstream.will(raw(*whole(own).steps, *whole(other).steps))
    for number in range(10):
        client = await connect(gateway.url)
        answer = await client.ask("POST", CHAT, body=b"%d" % number)
        assert answer.body == b"own %d" % number
        assert bytes(upstream.requests[-1].body) == b"%d" % number
    assert len(await gateway.rows(10)) == 10


async def test_the_event_loop_never_complains(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    complaints = Complaints()
    gateway = await gateway_for(open_gateway, upstream)
    for data in UNSOUND.values():
        upstream.will(raw(data, Act.CLOSE))
        client = await connect(gateway.url)
        await client.send(request("POST", CHAT, body=b"{}"))
        await client.head()
        client.leave()
    await still_serves(gateway, connect)
    complaints.none()


async def test_a_silent_provider_does_not_hold_others_up(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(silence(), sized(5, b"hello"))
    waiting, served = await connect(gateway.url), await connect(gateway.url)
    await waiting.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    assert (await served.ask("POST", CHAT, body=b"{}")).body == b"hello"
    gateway.advance(901)
    is_envelope(await waiting.answer(), 504, 2005)
