"""Several requests on one connection without waiting: answered in order, each whole, none taken for another.

Gates in the provider's answers make the first slow; what must not happen is seen while it is.
"""

from __future__ import annotations

import asyncio

import pytest
from hostile_kit import CHAT, HEAD, MODELS, SMUGGLED, becomes, gateway_for, is_envelope, is_refused, settled

from conftest import Connect, OpenGateway
from support.client import Answer, Broken, Client, request
from support.replies import chunked, raw, sized, whole
from support.upstream import Upstream

HEALTH = request("GET", "/healthz")


async def bodies(client: Client, count: int) -> list[bytes]:
    """The bodies of the next answers, all of them good."""
    answers: list[Answer] = [await client.answer() for _ in range(count)]
    assert {answer.status for answer in answers} == {200}
    return [answer.body for answer in answers]


async def test_ten_in_one_write(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(*(whole(b"answer %d" % number) for number in range(5)))
    client = await connect(gateway.url)
    mixed = [part for number in range(5) for part in (request("POST", CHAT, body=b"%d" % number), HEALTH)]
    await client.send(b"".join(mixed))
    answers = await bodies(client, 10)
    assert answers[::2] == [b"answer %d" % number for number in range(5)]
    assert set(answers[1::2]) == {b'{"status":"ok"}'}
    assert [bytes(seen.body) for seen in upstream.requests] == [b"%d" % number for number in range(5)]
    assert len(await gateway.rows(5)) == 5


async def test_the_order_holds_when_the_first_is_slow(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    gate = asyncio.Event()
    upstream.will(raw(gate, *whole(b"slow").steps), whole(b"quick"))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"1") + HEALTH + request("POST", CHAT, body=b"2") + HEALTH)
    await upstream.request()
    await gateway.catch_up()
    assert len(upstream.requests) == 1
    gate.set()
    assert await bodies(client, 4) == [b"slow", b'{"status":"ok"}', b"quick", b'{"status":"ok"}']


@pytest.mark.parametrize("chunked_body", [False, True])
async def test_bodies_of_all_sizes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, chunked_body: bool
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    sizes = [0, 1, 20_000, 100_000, 5, 300_000, 0]
    data = b""
    for number, size in enumerate(sizes):
        body = b"%d" % number * size
        framed = b"%x\r\n%b\r\n0\r\n\r\n" % (size, body) if size else b"0\r\n\r\n"
        data += (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + framed
            if chunked_body
            else request("POST", CHAT, body=body)
        )
    sending = asyncio.create_task(client.send(data))
    assert await bodies(client, len(sizes)) == [b"{}"] * len(sizes)
    await sending
    assert [bytes(seen.body) for seen in upstream.requests] == [
        b"%d" % number * size for number, size in enumerate(sizes)
    ]


async def test_an_error_in_the_middle(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """An error of the call costs the call; the connection goes on."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    lost = request("POST", "/v1/acct/gw/nobody/x", body=b"{}")
    await client.send(request("GET", MODELS) + lost + HEALTH + request("GET", MODELS))
    assert (await client.answer()).status == 200
    is_envelope(await client.answer(), 400, 2008)
    assert await bodies(client, 2) == [b'{"status":"ok"}', b"{}"]
    assert len(await gateway.rows(3)) == 3


@pytest.mark.parametrize(
    "broken",
    [
        HEAD + b"Content-Length: 1, 1\r\n\r\nx",
        b"\x00\x01garbage\r\n\r\n",
        HEAD + b"X : y\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
    ],
    ids=["lengths", "garbage", "a colon", "chunks", "connect"],
)
async def test_no_request_in_the_middle(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, broken: bytes
) -> None:
    """What came before is answered first, slow as it may be; what comes after is nothing."""
    gateway = await gateway_for(open_gateway, upstream)
    gate = asyncio.Event()
    upstream.will(raw(gate, *whole(b"slow").steps))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"1") + broken + SMUGGLED)
    await upstream.request()
    for _ in range(20):
        await gateway.catch_up()
        gateway.advance(10)
    gate.set()
    assert await bodies(client, 1) == [b"slow"]
    await is_refused(client)
    assert len(upstream.requests) == 1
    assert len(await gateway.rows(1)) == 1


@pytest.mark.parametrize(
    "broken",
    [
        b"GET /healthz HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\nx",
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ],
)
async def test_no_request_to_a_page_of_ours_in_the_middle(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, broken: bytes
) -> None:
    """An answer to it must not come before, and be taken for, the answer to the first."""
    gateway = await gateway_for(open_gateway, upstream)
    gate = asyncio.Event()
    upstream.will(raw(gate, *whole(b"slow").steps))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"1") + broken + SMUGGLED)
    await upstream.request()
    await gateway.catch_up()
    gate.set()
    assert await bodies(client, 1) == [b"slow"]
    assert (await client.answer()).status in (200, 400)
    await settled(gateway)
    assert {seen.target for seen in upstream.requests} <= {b"/v1/chat/completions", b"/v1/smuggled"}


async def test_the_end_of_the_connection_in_the_middle(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    last = request("GET", MODELS, ("Connection", "close"))
    await client.send(request("GET", MODELS) + last + SMUGGLED * 3)
    assert (await client.answer()).header("connection") is None
    assert (await client.answer()).header("connection") == "close"
    assert await client.rest() == b""
    assert [seen.target for seen in upstream.requests] == [b"/v1/models"] * 2
    assert len(await gateway.rows(2)) == 2


async def test_http_1_0_has_one_request(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(chunked(b"one", b"two"))
    client = await connect(gateway.url)
    await client.send(request("GET", MODELS, ("Connection", "keep-alive"), version="1.0") + SMUGGLED)
    answer = await client.answer()
    assert (answer.body, answer.header("transfer-encoding")) == (b"onetwo", None)
    assert answer.header("connection") == "close"
    assert len(upstream.requests) == 1


async def test_a_broken_answer_ends_the_line(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The requests behind it are never sent: their answers could be taken for the rest of it."""
    gateway = await gateway_for(open_gateway, upstream)
    gate = asyncio.Event()
    upstream.will(sized(10, b"half", gate))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"1") + SMUGGLED * 3)
    assert (await client.head()).status == 200
    await upstream.request()
    await upstream.drop_idle()
    with pytest.raises(Broken):
        await client.exactly(10)
    await settled(gateway)
    assert len(upstream.requests) == 1
    (row,) = await gateway.rows(1)
    assert not row.success


@pytest.mark.parametrize("how", ["reset", "close"])
async def test_a_client_that_leaves_takes_all_its_requests_along(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str
) -> None:
    """Also the one that is being answered while others wait behind it."""
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(asyncio.Event(), early=True))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"1") + SMUGGLED * 3)
    await upstream.request()
    if how == "reset":
        client.leave()
    else:
        client.writer.close()
    await upstream.left()
    await settled(gateway)
    assert len(upstream.requests) == 1
    assert (await gateway.row()).status_code == 499


async def test_a_client_that_does_not_read_holds_the_provider_back(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Also when its next request waits already: memory must not fill with what it does not take."""
    gateway = await gateway_for(open_gateway, upstream)
    size = 32 * 1024 * 1024
    piece = b"x" * 65536
    upstream.will(sized(size, *([piece] * (size // len(piece)))))
    client = await connect(gateway.url, receive_buffer=4096, limit=1024)
    await client.send(request("GET", MODELS) + HEALTH)
    await client.head()

    def buffered() -> int:
        return max((lane.transport.get_write_buffer_size() for lane in gateway.lanes), default=0)

    await gateway.stands_still(buffered)
    assert buffered() < 4 * 1024 * 1024
    client.leave()
    await becomes(lambda: gateway.lanes == [], "the end of the connection")
    await settled(gateway)


async def test_a_head_that_we_did_not_read_is_not_slow(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """While answers are pending we do not read: the half of a head that has come is not the client's fault."""
    gateway = await gateway_for(open_gateway, upstream)
    gate = asyncio.Event()
    upstream.will(raw(gate, *whole(b"slow").steps))
    client = await connect(gateway.url)
    last = request("GET", MODELS)
    await client.send(request("GET", MODELS) + HEALTH + last[:20])
    await upstream.request()
    await gateway.catch_up()
    for _ in range(10):
        gateway.advance(10)
    gate.set()
    assert await bodies(client, 2) == [b"slow", b'{"status":"ok"}']
    await client.send(last[20:])
    assert await bodies(client, 1) == [b"{}"]


async def test_thousands_of_requests_at_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    small = b"GET /v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n"
    await client.send(small * 2000)
    for _ in range(2000):
        assert (await client.answer()).status == 400
    await settled(gateway)
