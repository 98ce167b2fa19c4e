"""A client's connection: how long it lives, what may be queued on it, and that no two calls ever mix."""

from __future__ import annotations

import asyncio

import pytest

from conftest import Connect, OpenGateway
from support.checks import check_error, check_ids
from support.client import Header, request
from support.configuration import openai
from support.replies import Reply, chunked, echo, sse, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
MODELS = "/v1/acct/gw/openai/models"
UPGRADE = (("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk"))
WEBSOCKET = (("Connection", "upgrade"), ("Upgrade", "websocket"))


@pytest.mark.parametrize("reply", [whole(b"ab"), chunked(b"a", b"b")], ids=["sized", "chunked"])
async def test_connection_close_of_the_client(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> None:
    upstream.will(reply)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, ("Connection", "close"), body=b"{}")
    assert (answer.body, answer.header("connection")) == (b"ab", "close")
    assert await client.rest() == b""
    assert (await (await connect(gateway.url)).ask("GET", MODELS)).status == 200
    assert upstream.connections == 1  # the provider's connection is another matter
    assert b"connection" not in upstream.requests[0].names


async def test_calls_and_pages_share_a_connection(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    paths = ("/healthz", MODELS, "/nothing", MODELS, "/readyz")
    await client.send(b"".join(request("GET", path) for path in paths))
    statuses = [(await client.answer()).status for _ in paths]
    assert statuses[:4] == [200, 200, 404, 200]
    assert len(upstream.requests) == 2


async def test_queued_calls_are_not_sent_when_the_client_leaves(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(sse(b"data: 1\n\n", asyncio.Event()))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}") * 3)
    await client.head()
    client.leave()
    await upstream.left(0)
    await gateway.catch_up()
    assert len(upstream.requests) == 1
    assert (await gateway.row()).outcome == "abandoned"


@pytest.mark.parametrize(
    ("headers", "framing"),
    [
        *((UPGRADE, framing) for framing in ("sized", "chunked", "none")),
        *((WEBSOCKET, framing) for framing in ("sized", "chunked")),  # a handshake is a GET
    ],
)
async def test_upgrade_nobody_speaks_is_an_ordinary_request(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    headers: tuple[Header, ...],
    framing: str,
) -> None:
    body = {"sized": b"12345", "chunked": b"5\r\n12345\r\n0\r\n\r\n", "none": b""}[framing]
    framed = {"sized": (("Content-Length", "5"),), "chunked": (("Transfer-Encoding", "chunked"),), "none": ()}
    method = "GET" if framing == "none" else "POST"
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    for _ in range(2):
        await client.send(request(method, CHAT, *headers, *framed[framing]), body)
        assert (await client.answer()).status == 200
    for seen in upstream.requests:
        assert bytes(seen.body) == (b"" if framing == "none" else b"12345")
        assert not {b"upgrade", b"connection", b"http2-settings"} & set(seen.names)
    assert len(upstream.requests) == 2


async def test_upgrade_offered_to_a_page(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    for path in ("/healthz", "/readyz", MODELS):
        assert (await client.ask("GET", path, *UPGRADE)).status in (200, 503)


async def test_upgrade_and_the_next_request_in_one_piece(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(echo(), echo())
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    first, second = (request("POST", CHAT, *UPGRADE, body=body) for body in (b"one", b"second"))
    await client.send(first + second)
    assert [(await client.answer()).body for _ in range(2)] == [b"one", b"second"]


async def test_upgrade_byte_by_byte(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(echo(), echo())
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    chunks = b"3\r\none\r\n0\r\nX-T: 1\r\n\r\n"
    data = request("POST", CHAT, *UPGRADE, ("Transfer-Encoding", "chunked")) + chunks
    data += request("POST", CHAT, *UPGRADE, body=b"second")
    await client.send(*(data[i : i + 1] for i in range(len(data))))
    assert [(await client.answer()).body for _ in range(2)] == [b"one", b"second"]
    assert upstream.requests[0].trailers == [b"X-T: 1"]


async def test_a_hundred_calls_at_once_do_not_mix(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    rounds, clients = 5, 100
    upstream.will(*[echo()] * (rounds * clients))
    gateway = await open_gateway(openai(upstream.url))

    async def talk(number: int) -> list[str]:
        client = await connect(gateway.url)
        ids = []
        for turn in range(rounds):
            body = b"%d-%d;" % (number, turn) * (number * 37 + 1)
            answer = await client.ask("POST", CHAT, body=body)
            assert answer.body == body
            ids.append(check_ids(answer))
        return ids

    ids = [id for found in await asyncio.gather(*map(talk, range(clients))) for id in found]
    rows = await gateway.rows(rounds * clients)
    assert sorted(row.id for row in rows) == sorted(ids)
    assert upstream.connections <= clients


async def test_more_calls_than_connections_allowed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *whole(b"first").steps)))
    gateway = await open_gateway(openai(upstream.url, "[server.limits]\nmax_connections = 1\n"))
    first, second = await connect(gateway.url), await connect(gateway.url)
    await first.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    answer = await second.ask("POST", CHAT, body=b"{}")
    assert answer.status in (502, 503)
    assert answer.json()["success"] is False
    gate.set()
    assert (await first.answer()).body == b"first"
    assert (await second.ask("POST", CHAT, body=b"{}")).status == 200


LIMITED = "[server.limits]\nmax_body_bytes = 1000\nmax_header_bytes = 2000\n"


async def test_body_beyond_the_limit_of_all_calls(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url, LIMITED))
    declared = await connect(gateway.url)
    await declared.send(request("POST", CHAT, ("Content-Length", "1001")))
    check_error(await declared.answer(), 413, 9413, "Request body too large")
    growing = await connect(gateway.url)
    await growing.send(request("POST", CHAT, ("Transfer-Encoding", "chunked")))
    await growing.send_chunk(b"x" * 1000)
    seen = await upstream.request()
    await growing.send_chunk(b"x")
    check_error(await growing.answer(), 413, 9413, "Request body too large")
    await upstream.left(0)
    assert not seen.complete
    assert [row.status_code for row in await gateway.rows(2)] == [413, 413]
    allowed = await (await connect(gateway.url)).ask("POST", CHAT, body=b"x" * 1000)
    assert allowed.status == 200


async def test_head_beyond_the_limit(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(openai(upstream.url, LIMITED))
    for data in (request("GET", MODELS, ("X-Big", "x" * 2000)), b"GET " + b"/v1/" * 1000):
        client = await connect(gateway.url)
        await client.send(data)
        check_error(await client.answer(), 431, 9431, "Request header fields too large")
        assert await client.rest() == b""
    assert upstream.requests == []
