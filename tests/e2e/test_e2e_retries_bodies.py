"""What an attempt sends, when the answer may begin, and who leaves meanwhile (Cloudflare 3.4, 3.5)."""

from __future__ import annotations

import asyncio
import json

import pytest

from conftest import Connect, OpenGateway
from support.checks import check_error
from support.client import Broken, Client, Header, request
from support.clock import FakeClock
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import Act, Reply, head, raw, silence, sse, whole
from support.upstream import Upstream
from support.waiting import eventually

CHAT = "/v1/acct/gw/openai/chat/completions"
COMPAT = "/v1/acct/gw/compat/chat/completions"
FAILED = "Failed to get response from provider"
THREE: tuple[Header, ...] = (("cf-aig-max-attempts", "3"), ("cf-aig-retry-delay", "100"))
DOWN = whole(b"down", 503)
OK = whole(b"fine")
MEGABYTE = bytes(range(256)) * 4096


def limits(**fields: int) -> str:
    """A table of limits."""
    return "[server.limits]\n" + "".join(f"{name} = {value}\n" for name, value in fields.items())


def in_use(gateway: InProcess) -> int:
    """How many connections to providers are in use."""
    pools = gateway.parts.upstream.pools.values()
    return sum(connection.exchange is not None for pool in pools for connection in pool.connections)


# -- the request is sent again as it was


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\x00\r\n\xff", MEGABYTE], ids=["empty", "small", "bytes", "1 MB"]
)
async def test_declared_length(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes
) -> None:
    upstream.will(DOWN, raw(Act.BODY, Act.RESET), OK)
    gateway = await open_gateway(openai(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *THREE, body=body)
    assert (answer.status, answer.body) == (200, b"fine")
    assert [bytes(seen.body) for seen in upstream.requests] == [body] * 3
    assert len({seen.head for seen in upstream.requests}) == 1
    assert upstream.requests[0].header("content-length") == str(len(body)).encode()
    row = await gateway.row()
    assert (row.request_size, row.attempts) == (len(body), 3)
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies == (body, b"fine", False, False)


@pytest.mark.parametrize("pieces", [(), (b"one", b"\r\n0\r\n\r\n", b"three"), (MEGABYTE, b"x")], ids=len)
async def test_chunks_and_trailers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, pieces: tuple[bytes, ...]
) -> None:
    upstream.will(DOWN, DOWN, OK)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, *THREE, ("Transfer-Encoding", "chunked")))
    for data in pieces:
        await client.send_chunk(data)
        await gateway.catch_up()
    assert upstream.requests == []  # nothing goes out that could not be sent again
    await client.send(b"0\r\nX-Sum: 42\r\n\r\n")
    assert (await client.answer()).status == 200
    for seen in upstream.requests:
        assert await seen.whole_body() == b"".join(pieces)
        assert seen.header("content-length") is None
        assert [trailer.lower() for trailer in seen.trailers] == [b"x-sum: 42"]
    assert (await gateway.row()).attempts == 3


async def test_no_body_at_all(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(DOWN, DOWN)
    gateway = await open_gateway(openai(upstream.url))
    assert (await (await connect(gateway.url)).ask("GET", CHAT, *THREE)).status == 200
    for seen in upstream.requests:
        assert not {b"content-length", b"transfer-encoding"} & set(seen.names)
    assert len(upstream.requests) == 3


async def test_unified_body_is_rewritten_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(DOWN, DOWN, OK)
    gateway = await open_gateway(openai(upstream.url))
    body = b'{"model":"openai/gpt-5", "messages":[]}'
    assert (await (await connect(gateway.url)).ask("POST", COMPAT, *THREE, body=body)).status == 200
    sent = [bytes(seen.body) for seen in upstream.requests]
    assert [json.loads(data)["model"] for data in sent] == ["gpt-5"] * 3
    assert len(set(sent)) == 1
    assert (await gateway.row()).attempts == 3


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_too_large_to_keep(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, chunked: bool
) -> None:
    """It goes out as it comes, once."""
    upstream.will(DOWN, OK)
    gateway = await open_gateway(openai(upstream.url, limits(max_buffered_body_bytes=100_000)))
    client = await connect(gateway.url)
    framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(MEGABYTE)))
    await client.send(request("POST", CHAT, *THREE, framing))
    first, rest = MEGABYTE[:200_000], MEGABYTE[200_000:]
    await (client.send_chunk(first) if chunked else client.send(first))
    seen = await upstream.request()
    assert await seen.body_of(200_000) == first
    await (client.send_chunk(rest) if chunked else client.send(rest))
    if chunked:
        await client.send(b"0\r\n\r\n")
    answer = await client.answer()
    assert (answer.status, answer.body) == (503, b"down")
    assert await seen.whole_body() == MEGABYTE
    assert len(upstream.requests) == 1
    assert gateway.clock.slept == []
    assert (await gateway.row()).attempts == 1


async def test_just_small_enough_to_keep(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(DOWN, DOWN, OK)
    gateway = await open_gateway(openai(upstream.url, limits(max_buffered_body_bytes=100_000)))
    body = MEGABYTE[:100_000]
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *THREE, body=body)
    assert answer.status == 200
    assert [bytes(seen.body) for seen in upstream.requests] == [body] * 3


async def test_body_that_waits_to_be_invited(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(DOWN, DOWN, OK)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    headers = (("Expect", "100-continue"), ("Content-Length", "5"))
    await client.send(request("POST", CHAT, *THREE, *headers))
    assert (await client.head()).status == 100
    assert upstream.requests == []
    await client.send(b"12345")
    assert (await client.head()).status == 200  # one invitation, whatever the number of attempts
    assert await client.exactly(4) == b"fine"
    assert [bytes(seen.body) for seen in upstream.requests] == [b"12345"] * 3
    assert all(b"expect" not in seen.names for seen in upstream.requests)


# -- the answer


async def test_stream_after_a_failure_arrives_as_it_comes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    upstream.will(DOWN, sse(b"data: 1\n\n", gates[0], b"data: 2\n\n", gates[1], b"data: [DONE]\n\n"))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, *THREE, body=b"{}"))
    assert (await client.head()).status == 200
    assert await client.chunk() == b"data: 1\n\n"
    gates[0].set()
    assert await client.chunk() == b"data: 2\n\n"
    gates[1].set()
    assert await client.chunk() == b"data: [DONE]\n\n"
    assert await client.chunk() == b""
    row = await gateway.row()
    assert (row.attempts, row.outcome, row.response_size) == (2, "complete", 32)


@pytest.mark.parametrize("end", [Act.RESET, Act.CLOSE])
async def test_nothing_is_repeated_after_the_first_byte(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, end: Act
) -> None:
    gate = asyncio.Event()
    upstream.will(DOWN, sse(b"data: 1\n\n", gate, end), OK)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, *THREE, body=b"{}"))
    await client.head()
    assert await client.chunk() == b"data: 1\n\n"
    gate.set()
    with pytest.raises(Broken) as cut:
        await client.chunk()
    assert cut.value.received == b""
    row = await gateway.row()
    assert (row.attempts, row.outcome, row.success) == (2, "provider_broke", False)
    assert len(upstream.requests) == 2


async def test_sized_answer_that_breaks_is_cut(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((head(200, (("content-length", "10"),)) + b"12345", gate, Act.CLOSE)), OK)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, *THREE, body=b"{}"))
    await client.head()
    assert await client.exactly(5) == b"12345"
    gate.set()
    with pytest.raises(Broken):
        await client.exactly(5)
    assert len(upstream.requests) == 1


async def test_answers_that_are_not_shown_leave_nothing_behind(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Failures with more of a body to come: their connections are not used again."""
    upstream.will(*[Reply((head(503, (("content-length", "9000"),)) + b"x" * 100, asyncio.Event()))] * 2, OK)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, *THREE, body=b"{}")
    assert (answer.status, answer.body) == (200, b"fine")
    assert in_use(gateway) == 0
    await upstream.left(0)
    await upstream.left(1)
    assert [seen.connection for seen in upstream.requests] == [0, 1, 2]
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies[1] == b"fine"


# -- a pooled connection that has died


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("PUT", 200), ("POST", 502)])
async def test_dead_pooled_connection(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str, status: int
) -> None:
    """The one repetition nobody has to ask for, where it does no harm."""
    upstream.will(OK, raw(Act.RESET), OK)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    assert (await client.ask("GET", CHAT)).status == 200
    assert (await client.ask(method, CHAT, body=b"{}")).status == status
    assert len(upstream.requests) == (3 if status == 200 else 2)
    assert gateway.clock.slept == []
    assert [row.attempts for row in await gateway.rows(2)] == [1, 1]


async def test_dead_pooled_connection_with_retries(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(OK, raw(Act.RESET), OK)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    assert (await client.ask("GET", CHAT)).status == 200
    assert (await client.ask("POST", CHAT, *THREE, body=b"{}")).status == 200
    assert [row.attempts for row in await gateway.rows(2)] == [1, 2]


# -- deadlines of the server


async def test_silence_before_the_first_byte(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The server's own patience, 900 seconds, is for each attempt."""
    upstream.will(silence(), silence(), OK)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, *THREE, body=b"{}"))
    for attempt in (1, 2):
        await upstream.request(attempt)
        gateway.advance(899)
        assert upstream.is_open(attempt - 1)
        gateway.advance(2)
        await upstream.left(attempt - 1)
    assert (await client.answer()).status == 200
    assert (await gateway.row()).attempts == 3


async def test_silence_after_the_head(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """From there on it is the shorter patience between two pieces."""
    stuck = raw(head(200, (("content-length", "9"),)), asyncio.Event())
    upstream.will(stuck, OK)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, *THREE, body=b"{}"))
    await upstream.request()
    await eventually(lambda: True if _heard(gateway) else None, "the head of the answer")
    gateway.advance(599)
    assert upstream.is_open(0)
    gateway.advance(2)
    assert (await client.answer()).body == b"fine"
    assert (await gateway.row()).attempts == 2


def _heard(gateway: InProcess) -> bool:
    """Whether something of an answer has come."""
    pools = gateway.parts.upstream.pools.values()
    return any(connection.heard for pool in pools for connection in pool.connections)


async def test_silence_of_all_attempts(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.otherwise = lambda seen: silence()
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, *THREE, body=b"{}"))
    for attempt in (1, 2, 3):
        await upstream.request(attempt)
        gateway.advance(0)
        gateway.advance(901)
    check_error(await client.answer(), 504, 2005, FAILED)
    row = await gateway.row()
    assert (row.status_code, row.attempts, row.outcome) == (504, 3, "provider_broke")


# -- clients that leave


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Waits between attempts do not end; set when one has begun."""
    begun = asyncio.Event()

    async def wait(clock: FakeClock, seconds: float) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(FakeClock, "sleep", wait)
    return begun


async def _go(client: Client, how: str) -> None:
    if how == "reset":
        client.leave()
    else:
        await client.close()


@pytest.mark.parametrize("how", ["reset", "close"])
async def test_client_leaves_during_a_wait(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, waiting: asyncio.Event, how: str
) -> None:
    upstream.will(DOWN)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, *THREE, body=b"{}"))
    await waiting.wait()
    await _go(client, how)
    await gateway.settled()
    assert len(upstream.requests) == 1
    assert in_use(gateway) == 0
    row = await gateway.row()
    assert (row.status_code, row.outcome, row.attempts, row.success) == (499, "abandoned", 1, False)


@pytest.mark.parametrize("how", ["reset", "close"])
async def test_client_leaves_during_an_attempt(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str
) -> None:
    upstream.will(DOWN, silence())
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, *THREE, body=b"{}"))
    seen = await upstream.request(2)
    await _go(client, how)
    await gateway.settled()
    await upstream.left(seen.connection)
    assert len(upstream.requests) == 2
    assert in_use(gateway) == 0
    row = await gateway.row()
    assert (row.status_code, row.outcome, row.attempts) == (499, "abandoned", 2)
