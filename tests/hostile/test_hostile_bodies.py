"""Bodies that are too large, or come too slowly, or not at all.

Time is the test's: what a client takes too long for ends when the sweepers say so. A body that has a limit is
refused at the head when it says its size, else as soon as it is over.
"""

from __future__ import annotations

import pytest
from hostile_kit import (
    CHAT,
    HEAD,
    MODELS,
    SMUGGLED,
    gateway_for,
    is_broken_off,
    is_envelope,
    is_refused,
    nothing_happened,
    nothing_left,
    settled,
    still_serves,
)

from conftest import Connect, OpenGateway
from support.client import request
from support.replies import raw, silence, whole
from support.upstream import Upstream

LIMIT = 10_000
COMPAT = "/v1/acct/gw/compat/chat/completions"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


async def test_declared_too_large(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """Refused before a byte of the body has come, and before the provider hears of it."""
    gateway = await gateway_for(open_gateway, upstream, max_body_bytes=LIMIT)
    client = await connect(gateway.url)
    await client.send(HEAD + b"Content-Length: %d\r\n\r\n" % (LIMIT + 1))
    await is_refused(client, 413, 9413)
    await nothing_happened(gateway, upstream)
    row = await gateway.row()
    assert (row.status_code, row.success) == (413, False)


async def test_declared_far_too_large_and_sent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_body_bytes=LIMIT)
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"b" * LIMIT * 10) + SMUGGLED)
    await is_refused(client, 413, 9413)
    await nothing_happened(gateway, upstream)


async def test_exactly_as_large_as_allowed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_body_bytes=LIMIT)
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, body=b"b" * LIMIT)).status == 200
    await client.send(CHUNKED)
    await client.send_chunk(b"b" * LIMIT)
    await client.send(b"0\r\n\r\n")
    assert (await client.answer()).status == 200
    assert [len(seen.body) for seen in upstream.requests] == [LIMIT, LIMIT]


@pytest.mark.parametrize("pieces", [1, 7])
async def test_undeclared_too_large(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, pieces: int
) -> None:
    """The provider's request is broken off: it never sees an end."""
    gateway = await gateway_for(open_gateway, upstream, max_body_bytes=LIMIT)
    client = await connect(gateway.url)
    await client.send(CHUNKED)
    await client.send_chunk(b"b")
    seen = await upstream.request()
    for _ in range(pieces):
        await client.send_chunk(b"b" * (LIMIT // pieces + 1))
    await is_refused(client, 413, 9413)
    await is_broken_off(seen)
    assert seen.size <= LIMIT
    row = await gateway.row()
    assert (row.status_code, row.success) == (413, False)


async def test_undeclared_too_large_at_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_body_bytes=LIMIT)
    client = await connect(gateway.url)
    body = b"b" * (LIMIT + 1)
    await client.send(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) + SMUGGLED)
    await is_refused(client, 413, 9413)
    await nothing_happened(gateway, upstream)


async def test_too_large_after_the_answer_began(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Too late for an answer of ours: the provider's is broken off, visibly."""
    gateway = await gateway_for(open_gateway, upstream, max_body_bytes=LIMIT)
    upstream.will(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", early=True))
    client = await connect(gateway.url)
    await client.send(CHUNKED)
    await client.send_chunk(b"b")
    assert (await client.head()).status == 200
    assert await client.chunk() == b"hi"
    await client.send_chunk(b"b" * LIMIT)
    rest = await client.rest()
    assert b"0\r\n\r\n" not in rest
    await upstream.left()
    row = await gateway.row()
    assert (row.status_code, row.success) == (200, False)


@pytest.mark.parametrize("declared", [True, False])
async def test_too_large_to_be_read_whole(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, declared: bool
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_buffered_body_bytes=LIMIT)
    client = await connect(gateway.url)
    body = b'{"model":"openai/gpt","pad":"' + b"b" * LIMIT + b'"}'
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    if declared:
        await client.send(request("POST", COMPAT, body=body))
    else:
        await client.send(request("POST", COMPAT, ("Transfer-Encoding", "chunked")) + framed)
    await is_refused(client, 413, 9413)
    await nothing_happened(gateway, upstream)


# -- slow clients


async def test_a_head_byte_by_byte(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    for byte in request("GET", MODELS)[:32]:
        await client.send(bytes([byte]))
        await gateway.catch_up()
        gateway.advance(1)
    await is_refused(client, 408, 9408)
    await nothing_happened(gateway, upstream)


async def test_a_body_byte_by_byte(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(HEAD + b"Content-Length: 1000\r\n\r\n")
    seen = await upstream.request()
    for count in range(30):
        await client.send(b"b")
        await seen.body_of(count + 1)
        gateway.advance(1)
    gateway.advance(2)
    await is_refused(client, 408, 9408)
    await is_broken_off(seen)
    assert seen.size == 30
    row = await gateway.row()
    assert (row.status_code, row.success) == (408, False)


async def test_a_body_at_the_slowest_rate_that_is_allowed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(HEAD + b"Content-Length: 60000\r\n\r\n")
    seen = await upstream.request()
    for count in range(120):
        await client.send(b"b" * 500)
        await seen.body_of(500 * (count + 1))
        gateway.advance(1)
    assert (await client.answer()).status == 200


async def test_trailers_byte_by_byte(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(CHUNKED + b"0\r\nX-A: ")
    await upstream.request()
    for _ in range(32):
        await client.send(b"b")
        await gateway.catch_up()
        gateway.advance(1)
    await is_refused(client, 408, 9408)


async def test_a_body_that_never_comes_for_the_unified_endpoint(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(request("POST", COMPAT, ("Content-Length", "100")) + b'{"model":')
    await gateway.catch_up()
    gateway.advance(31)
    await is_refused(client, 408, 9408)
    await nothing_happened(gateway, upstream)
    assert (await gateway.row()).status_code == 408


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n"])
async def test_an_idle_connection_is_closed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, sent: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    if sent:
        await client.send(sent)
        await gateway.catch_up()
    gateway.advance(74)
    assert len(gateway.lanes) == 1
    gateway.advance(2)
    assert await client.rest() == b""
    await nothing_happened(gateway, upstream)


async def test_a_connection_idle_after_an_answer_is_closed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    assert (await client.ask("GET", MODELS)).status == 200
    gateway.advance(74)
    assert (await client.ask("GET", MODELS)).status == 200
    gateway.advance(76)
    assert await client.rest() == b""


async def test_the_provider_may_take_longer_than_the_client(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(silence())
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    for _ in range(89):
        gateway.advance(10)
        await gateway.catch_up()
    assert len(gateway.state.tasks) == 1
    gateway.advance(20)
    is_envelope(await client.answer(), 504, 2005)


async def test_a_client_that_stays_after_a_refusal(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """What it still sends is thrown away; when it does not leave, the connection is closed."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(HEAD + b"Content-Length: 5, 5\r\n\r\n")
    await is_refused(client)
    await client.send(SMUGGLED * 100)
    await gateway.catch_up()
    assert len(gateway.lanes) == 1
    gateway.advance(6)
    await still_serves(gateway, connect)
    assert gateway.lanes == []
    await nothing_happened(gateway, upstream)


async def test_a_request_behind_a_refused_body_is_never_served(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_body_bytes=LIMIT)
    client = await connect(gateway.url)
    await client.send(HEAD + b"Content-Length: %d\r\n\r\n" % (LIMIT + 1))
    await is_refused(client, 413, 9413)
    await client.send(b"b" * (LIMIT + 1) + SMUGGLED)
    await gateway.catch_up()
    await nothing_happened(gateway, upstream)


# -- what is expected of us


async def test_a_client_that_waits_to_be_asked(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_body_bytes=LIMIT)
    client = await connect(gateway.url)
    await client.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert (await client.head()).status == 100
    await client.send(b"hello")
    assert (await client.head()).status == 200
    seen = await upstream.only()
    assert (bytes(seen.body), seen.header("expect")) == (b"hello", None)


async def test_a_client_that_waits_to_be_asked_is_refused_first(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_body_bytes=LIMIT)
    client = await connect(gateway.url)
    await client.send(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (LIMIT + 1))
    assert (await client.head()).status == 413
    await nothing_happened(gateway, upstream)


async def test_a_body_that_nobody_read_is_not_the_next_request(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    body = SMUGGLED * 10
    await client.send(request("POST", "/v1/acct/gw/nobody/x", ("Content-Length", str(len(body)))))
    is_envelope(await client.answer(), 400, 2008)
    await client.send(body)
    assert (await client.ask("GET", MODELS)).status == 200
    assert [seen.target for seen in upstream.requests] == [b"/v1/models"]


async def test_a_provider_that_answers_before_it_has_the_body(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The answer passes, the rest of the body is thrown away, and the provider's connection is not used again."""
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(
        raw(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}", early=True), whole(b"second")
    )
    client = await connect(gateway.url)
    await client.send(HEAD + b"Content-Length: 1000\r\n\r\n" + b"b" * 10)
    assert ((await client.answer()).status, upstream.connections) == (401, 1)
    await upstream.left(0)
    await client.send(b"b" * 990)
    assert (await client.ask("GET", MODELS)).body == b"second"
    assert upstream.connections == 2
    await is_broken_off(upstream.requests[0])
    await settled(gateway)
    assert [row.status_code for row in await gateway.rows(2)] == [401, 200]


async def test_an_unwanted_body_without_end(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Of a body that nobody wants we read only so much."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(request("POST", "/v1/acct/gw/nobody/x", ("Content-Length", str(2**40))))
    is_envelope(await client.answer(), 400, 2008)
    sent = 0
    try:
        while sent < 2**26:
            await client.send(b"b" * 2**20)
            sent += 2**20
    except ConnectionError:
        pass
    assert sent < 2**26
    await nothing_left(gateway)
