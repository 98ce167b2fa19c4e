"""Heads that are too large, never end, ask for another protocol, or carry something for somebody else.

Nothing of them reaches a provider but what was meant for it; sizes are refused before they are kept.
"""

from __future__ import annotations

import pytest
from hostile_kit import (
    CHAT,
    HEAD,
    MODELS,
    SMUGGLED,
    Complaints,
    gateway_for,
    is_envelope,
    is_refused,
    nothing_happened,
    settled,
    still_serves,
    table,
)

from conftest import Connect, OpenGateway
from support.client import Broken, Client, request
from support.replies import raw, whole
from support.upstream import Upstream

LIMIT = 4096
LINE = f"GET {MODELS} HTTP/1.1\r\nHost: localhost\r\n".encode()

TOO_LARGE = {
    "one huge header": LINE + b"X-A: " + b"a" * LIMIT + b"\r\n\r\n",
    "a huge name": LINE + b"X-" + b"a" * LIMIT + b": b\r\n\r\n",
    "many small ones": LINE + b"X-A: b\r\n" * (LIMIT // 8) + b"\r\n",
    "many empty ones": LINE + b"X:\r\n" * (LIMIT // 4) + b"\r\n",
    "a huge request line": f"GET {MODELS}?".encode() + b"a" * LIMIT + b" HTTP/1.1\r\n\r\n",
    "a header that never ends": LINE + b"X-A: " + b"a" * LIMIT,
    "a name that never ends": LINE + b"X-" + b"a" * LIMIT,
    "headers that never end": LINE + b"X-A: b\r\n" * (LIMIT // 8),
    "a request line that never ends": f"GET {MODELS}?".encode() + b"a" * LIMIT,
}


@table(TOO_LARGE)
@pytest.mark.parametrize("piece", [LIMIT * 4, 1000], ids=["at once", "in pieces"])
async def test_too_large(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes, piece: int
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=LIMIT)
    client = await connect(gateway.url)
    for start in range(0, len(data), piece):
        client.writer.write(data[start : start + piece])
        await gateway.catch_up()
    await is_refused(client, 431, 9431)
    await nothing_happened(gateway, upstream)
    await still_serves(gateway, connect)


async def test_just_small_enough(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=LIMIT)
    client = await connect(gateway.url)
    value = "a" * (LIMIT - len(request("GET", MODELS, ("X-A", ""))))
    for _ in range(3):
        assert (await client.ask("GET", MODELS, ("X-A", value))).status == 200
    assert [seen.header("x-a") for seen in upstream.requests] == [value.encode()] * 3


async def test_the_limit_holds_for_each_head_alone(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Bytes of a body, or of an earlier head, are not counted, however they arrive."""
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=LIMIT)
    client = await connect(gateway.url)
    body = b"b" * (LIMIT * 3)
    second = request("GET", MODELS, ("X-A", "a" * 1000))
    await client.send(request("POST", CHAT, body=body) + second[:500])
    assert (await client.answer()).status == 200
    await client.send(second[500:])
    assert (await client.answer()).status == 200
    assert bytes(upstream.requests[0].body) == body


async def test_a_page_of_ours_behind_a_large_body(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=LIMIT)
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"b" * (LIMIT * 3)) + request("GET", "/healthz"))
    assert [(await client.answer()).status for _ in range(2)] == [200, 200]


async def test_too_large_for_a_page_of_ours(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=LIMIT)
    client = await connect(gateway.url)
    await client.send(b"GET /healthz HTTP/1.1\r\nX-A: " + b"a" * LIMIT)
    assert (await client.answer()).status in (400, 431)
    assert await client.rest() == b""
    await still_serves(gateway, connect)


# -- upgrades


UPGRADES = {
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n",
    "websocket": b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    "several": b"Connection: keep-alive, Upgrade\r\nUpgrade: h2c, websocket, foo/1\r\n",
    "without connection": b"Upgrade: websocket\r\n",
}


@table(UPGRADES)
async def test_upgrades_are_not_taken_up(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    """The request stands as HTTP/1.1; the provider never hears of the offer, and the next request is one."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(HEAD + data + b"Content-Length: 0\r\n\r\n" + request("GET", MODELS))
    assert [(await client.answer()).status for _ in range(2)] == [200, 200]
    first, second = upstream.requests
    assert {b"upgrade", b"connection", b"http2-settings"} & set(first.names) == set()
    assert second.target == b"/v1/models"
    assert len(await gateway.rows(2)) == 2


@table(UPGRADES)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_a_body_behind_an_upgrade_is_a_body(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes, chunked: bool
) -> None:
    """Or it is refused, and the connection with it. It is never a request."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    size = len(SMUGGLED)
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (size, SMUGGLED) if chunked else SMUGGLED
    line = b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"Content-Length: %d\r\n\r\n" % size
    await client.send(HEAD + data + line + framed)
    answer = await client.answer()
    assert b"/v1/smuggled" not in [seen.target for seen in upstream.requests]
    if answer.status == 200:
        assert bytes((await upstream.only()).body) == SMUGGLED
    else:
        is_envelope(answer, 400, 9400)
        assert await client.rest() == b""
        assert upstream.requests == []


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 5\r\n\r\n", b"hello"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX-T: u\r\n\r\n"),
    ],
    ids=["length", "chunked"],
)
async def test_an_upgrade_with_a_body_in_pieces(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, framing: bytes, body: bytes
) -> None:
    """Cut at every place from the head's last line on, and followed by another request."""
    gateway = await gateway_for(open_gateway, upstream)
    start = HEAD + b"Connection: upgrade\r\nUpgrade: h2c\r\n"
    data = start + framing + body + request("GET", MODELS)
    for place in range(len(start), len(start + framing + body) + 10):
        client = await connect(gateway.url)
        await client.send(data[:place])
        await gateway.catch_up()
        await client.send(data[place:])
        assert [(await client.answer()).status for _ in range(2)] == [200, 200]
        first, second = upstream.requests[-2:]
        assert (bytes(first.body), second.target) == (b"hello", b"/v1/models")
        assert first.trailers == ([b"X-T: u"] if b"X-T" in body else [])
        client.leave()


async def test_an_upgrade_with_a_body_that_breaks_its_framing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    complaints = Complaints()
    gateway = await gateway_for(open_gateway, upstream)
    for framing in (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"Transfer-Encoding: gzip\r\n\r\nhello"):
        client = await connect(gateway.url)
        await client.send(HEAD + b"Connection: upgrade\r\nUpgrade: h2c\r\n" + framing + SMUGGLED)
        await is_refused(client)
    await nothing_happened(gateway, upstream)
    complaints.none()


async def test_many_upgrades_at_once(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    complaints = Complaints()
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    one = b"GET /v1/x HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    await client.send(one * 1500)
    for _ in range(1500):
        assert (await client.answer()).status == 400
    await settled(gateway)
    complaints.none()


async def test_an_upgrade_and_the_end_of_the_connection(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    first = LINE + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    last = request("GET", MODELS, ("Connection", "close"))
    await client.send(first + last + SMUGGLED)
    assert [(await client.answer()).status for _ in range(2)] == [200, 200]
    assert await client.rest() == b""
    assert [seen.target for seen in upstream.requests] == [b"/v1/models"] * 2


# -- injection


EVENT_IDS = {
    "too long": b"e" * 257,
    "other letters": "ereignis-ä".encode(),
    "Latin-1": b"\xe4\xff\x80",
    "a tab": b"a\tb",
}


@table(EVENT_IDS)
async def test_event_ids_that_are_not_taken_over(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(LINE + b"cf-aig-event-id: " + data + b"\r\n\r\n")
    answer = await client.answer()
    assert answer.status == 200
    assert answer.header("cf-aig-event-id") == answer.header("cf-aig-log-id")
    row = await gateway.row()
    assert row.event_id == row.id
    assert (await upstream.only()).header("cf-aig-event-id") is None


METADATA = {
    "huge numbers": b'{"a":99999999999999999999999999}',
    "negative ones": b'{"a":-99999999999999999999999999}',
    "line ends": b'{"a":"b\\r\\nX-Evil: c"}',
    "NUL": b'{"\\u0000":"\\u0000"}',
    "no JSON": b"{]",
    "no UTF-8": b'{"a":"\xff\xfe"}',
    "half a pair": b'{"a":"\\ud83d"}',
    "deep": b'{"a":' * 2000,
    "a long value": b'{"a":"' + b"b" * 30_000 + b'"}',
    "a huge exponent": b'{"a":1e400}',
    "a small exponent": b'{"a":1e-400}',
}


@table(METADATA)
async def test_odd_metadata_costs_neither_answer_nor_row(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(LINE + b"cf-aig-metadata: " + data + b"\r\n\r\n")
    answer = await client.answer()
    assert (answer.status, answer.body) == (200, b"{}")
    assert "x-evil" not in answer.names
    assert (await gateway.row()).status_code == 200
    assert "cf-aig-metadata" not in [name.decode() for name in (await upstream.only()).names]


@pytest.mark.parametrize(
    "lines",
    [b"X-A: b\r\n X-Evil: c\r\n", b"X-A: b\rX-Evil: c\r\n", b"X-A: b\nX-Evil: c\r\n", b"X-A: b\x00\r\n"],
)
async def test_a_provider_cannot_break_lines(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, lines: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 2\r\n\r\n{}"))
    client = await connect(gateway.url)
    answer = await client.ask("GET", MODELS)
    assert (answer.status, answer.json()["internalCode"]) == (502, 2005)
    assert {"x-a", "x-evil"} & set(answer.names) == set()


async def test_a_provider_cannot_answer_in_our_name(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    forged = (("cf-aig-log-id", "forged"), ("CF-AIG-Event-Id", "forged"), ("Cf-Aig-Request-Id", "forged"))
    upstream.will(whole(b"{}", headers=(*forged, ("x-a", "b"))))
    client = await connect(gateway.url)
    answer = await client.ask("GET", MODELS)
    row = await gateway.row()
    assert {answer.header(f"cf-aig-{name}-id") for name in ("log", "request", "event")} == {row.id}
    assert answer.header("x-a") == "b"


async def test_header_bytes_pass_as_they_came(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(raw(b"HTTP/1.1 200 OK\r\nX-Back: \xff\xe4 \t b\r\nContent-Length: 0\r\n\r\n"))
    client = await connect(gateway.url)
    await client.send(LINE + b"X-There: \xff\xe4 \t b\r\nX-Empty:\r\nx-There: again\r\n\r\n")
    answer = await client.answer()
    assert b"X-Back: \xff\xe4 \t b\r\n" in answer.raw + b"\r\n"
    pairs = [pair for pair in (await upstream.only()).headers if pair[0].lower().startswith(b"x-")]
    assert pairs == [(b"X-There", b"\xff\xe4 \t b"), (b"X-Empty", b""), (b"x-There", b"again")]


async def broken_or_refused(client: Client) -> bool:
    """The connection ended, with a refusal or without an answer."""
    try:
        answer = await client.answer()
    except Broken:
        return True
    return answer.status == 400


async def test_a_tls_client_is_no_http_client(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200))
    assert await broken_or_refused(client)
    await nothing_happened(gateway, upstream)
    await still_serves(gateway, connect)
