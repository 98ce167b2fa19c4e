"""What RFC 9110 and 9112 ask of a server, on every path: hosts, forms of the target, methods, upgrades, sizes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hostile_kit import (
    CHAT,
    MODELS,
    SMUGGLED,
    gateway_for,
    gateway_limits,
    is_envelope,
    is_refused,
    nothing_happened,
    still_serves,
    table,
)

from conftest import Connect, OpenGateway
from support.client import Answer, Broken, Client, request
from support.upstream import Upstream

ADMIN = "an-operator-of-these-tests"
PAGES = ("/healthz", "/readyz", "/nothing", "/client/v4/accounts")
PATHS = pytest.mark.parametrize("path", [MODELS, "/v1/acct/gw", *PAGES])

HOSTS = {
    "none": b"",
    "empty": b"Host:\r\n",
    "blanks": b"Host:   \r\n",
    "two": b"Host: localhost\r\nHost: evil.example\r\n",
    "twice the same": b"Host: localhost\r\nhost: localhost\r\n",
    "a user name": b"Host: localhost:8787@evil.example\r\n",
    "blanks inside": b"Host: a b@c\r\n",
    "a list": b"Host: localhost, evil.example\r\n",
    "two ports": b"Host: localhost:80:80\r\n",
    "no number": b"Host: localhost:http\r\n",
    "too large a port": b"Host: localhost:65536\r\n",
    "a path": b"Host: localhost/v1\r\n",
    "a query": b"Host: localhost?a\r\n",
    "a fragment": b"Host: evil.example#localhost\r\n",
    "a backslash": b"Host: localhost\\evil.example\r\n",
    "an open bracket": b"Host: [::1\r\n",
    "behind a bracket": b"Host: [::1].evil.example\r\n",
    "a zone": b"Host: [fe80::1%25lo]\r\n",
    "half an escape": b"Host: localhost%2\r\n",
    "other letters": b"Host: b\xfccher.example\r\n",
    "very long": b"Host: " + b"a" * 3000 + b"\r\n",
}


@table(HOSTS)
@PATHS
async def test_hosts_that_are_none(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(f"GET {path} HTTP/1.1\r\n".encode() + data + b"\r\n" + SMUGGLED)
    await is_refused(client)
    await nothing_happened(gateway, upstream)
    assert await gateway.rows(0) == []


async def test_http_1_0_may_do_without(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert (await client.answer()).status == 200


@pytest.mark.parametrize("scheme", [b"http", b"HTTP"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_a_url_is_a_target(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, scheme: bytes, version: bytes
) -> None:
    """As a path is, with all that follows on the connection (RFC 9112, 3.2.2)."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    url = scheme + b"://127.0.0.1:8787/v1/acct/gw/openai/a%2Fb?c=%20"
    await client.send(
        b"POST " + url + b" HTTP/" + version + b"\r\nHost: any.example\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert (await client.answer()).status == 200
    seen = await upstream.only()
    assert (seen.target, bytes(seen.body)) == (b"/v1/a%2Fb?c=%20", b"{}")
    assert seen.header("host") == upstream.url.removeprefix("http://").encode()


async def test_urls_of_pages(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    for target, status in (
        (b"/healthz", 200),
        (b"/readyz?a=b", 503),
        (b"", 303),  # to the dashboard, where one signs in
        (b"?a", 303),
        (b"/nothing", 404),
    ):
        await client.send(b"GET http://localhost" + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await client.answer()).status == status


URLS = {
    "https": b"https://localhost/healthz",
    "a user name": b"http://me@localhost/healthz",
    "a password": b"http://me:pw@localhost/healthz",
    "no host": b"http:///healthz",
    "only a port": b"http://:8787/healthz",
    "another scheme": b"ftp://localhost/healthz",
    "a host that is none": b"http://localhost:x/healthz",
}


@table(URLS)
async def test_urls_that_are_refused(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(b"GET " + data + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    is_envelope(await client.answer(), 400, 9400)
    await nothing_happened(gateway, upstream)


async def test_a_url_does_not_replace_a_host_that_is_missing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(b"GET http://localhost/healthz HTTP/1.1\r\n\r\n" + SMUGGLED)
    await is_refused(client)


@PATHS
async def test_trace(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str) -> None:
    """What follows is answered: the connection is sound."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    upgrade = "Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: " + str(len(SMUGGLED))
    await client.send(request("TRACE", path))
    answer = await client.answer()
    if path.startswith("/v1/"):
        is_envelope(answer, 405, 9405)
    assert answer.status == (404 if path == "/nothing" else 405)
    assert answer.status == 404 or "GET" in (answer.header("allow") or "")
    await client.send(f"TRACE {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n\r\n".encode() + SMUGGLED)
    assert (await client.answer()).status == answer.status
    assert (await client.ask("GET", "/healthz")).status == 200
    await nothing_happened(gateway, upstream)


async def test_what_may_be_done_is_said(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    for path in ("/v1/acct/gw", "/v1/acct/gw/compat/chat/completions"):
        answer = await client.ask("GET", path)
        assert (answer.status, answer.header("allow")) == (405, "POST")


UPGRADES = {
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    "websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
}


@table(UPGRADES)
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("body", [b"", b"length", b"chunked"])
async def test_a_page_of_ours_does_not_take_up_upgrades(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes, path: str, body: bytes
) -> None:
    """Answered as HTTP/1.1, and so is what follows; a body is one, and never a request."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    framed = {
        b"": b"\r\n",
        b"length": b"Content-Length: %d\r\n\r\n%b" % (len(SMUGGLED), SMUGGLED),
        b"chunked": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED),
    }[body]
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
    await client.send(head + data + framed + request("GET", "/healthz") + request("GET", MODELS))
    assert (await client.answer()).status in (401, 404, 405)
    assert (await client.answer()).json() == {"status": "ok"}
    assert (await client.answer()).status == 200
    assert [seen.target for seen in upstream.requests] == [b"/v1/models"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("split", [False, True])
async def test_large_heads_of_pages(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, split: bool
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=4096)
    client = await connect(gateway.url)
    data = request("GET", path, *[("X-A", "a" * 990)] * 5)
    for piece in (data[:2000], data[2000:]) if split else (data,):
        await client.send(piece)
        await gateway.catch_up()
    await is_refused(client, 431, 9431)


ENDLESS = {
    "an extension": (b"5;", b"a" * 100),
    "extensions of small chunks": (b"", b"1;" + b"a" * 50 + b"\r\na\r\n"),
    "a size": (b"", b"0" * 100),
    "a trailer": (b"0\r\nX-A: ", b"a" * 100),
    "trailers": (b"0\r\n", b"X-A: b\r\n" * 10),
    "a name of a trailer": (b"0\r\n", b"a" * 100),
}
FRAMED = b"Host: localhost\r\nTransfer-Encoding: chunked\r\n"


async def answers_to_endless(client: Client, head: bytes, begin: bytes, more: bytes) -> list[Answer]:
    """All answers to a client that goes on sending until the connection ends, but not for ever."""

    async def send() -> None:
        await client.send(head + b"\r\n", begin)
        for _ in range(2000):
            await client.send(more)
            await asyncio.sleep(0)

    sending = asyncio.create_task(send())
    answers = []
    try:
        while True:
            answers.append(await client.answer())
    except Broken:
        assert client.reader.at_eof() or client.reader.exception() is not None
    await asyncio.gather(sending, return_exceptions=True)
    return answers


def starts() -> Iterator[tuple[str, bytes]]:
    """Heads that a chunked body follows: of calls and pages that wait for it, and that were refused before."""
    for path in (CHAT, "/v1/acct/gw", "/v1/acct/gw/compat/chat/completions", "/healthz", "/nothing"):
        yield path, f"POST {path} HTTP/1.1\r\n".encode() + FRAMED
    token = f"Authorization: Bearer {ADMIN}\r\n".encode()
    yield "a page that reads", b"POST /client/v4/graphql HTTP/1.1\r\n" + FRAMED + token
    yield "refused", f"POST {CHAT} HTTP/1.1\r\n".encode() + FRAMED + b"Origin: http://evil.example\r\n"
    yield "an upgrade", f"POST {CHAT} HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n".encode() + FRAMED


@pytest.mark.parametrize(("begin", "more"), ENDLESS.values(), ids=ENDLESS.keys())
@pytest.mark.parametrize("head", [data for _, data in starts()], ids=[name for name, _ in starts()])
async def test_endless_framing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, head: bytes, begin: bytes, more: bytes
) -> None:
    """Ends the connection, and is said where nothing was answered before."""
    gateway = await open_gateway(
        gateway_limits(upstream.url, max_header_bytes=4096), {"PENSTOCK_ADMIN_TOKEN": ADMIN}
    )
    client = await connect(gateway.url)
    statuses = [answer.status for answer in await answers_to_endless(client, head, begin, more)]
    assert statuses[-1:] == [431] or statuses in ([401], [404], [405]), statuses
    await still_serves(gateway, connect)


async def test_trailers_that_are_too_large_in_one_piece(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=4096)
    client = await connect(gateway.url)
    head = f"POST {CHAT} HTTP/1.1\r\n".encode() + FRAMED
    await client.send(head + b"\r\n2\r\n{}\r\n0\r\n" + b"X-A: b\r\n" * 1000 + b"\r\n" + SMUGGLED)
    await is_refused(client, 431, 9431)


async def test_small_chunks_are_no_framing_without_end(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """However many, in pieces of any size; and extensions of some length that belong to larger ones."""
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=4096)
    client = await connect(gateway.url)
    small, signed = (
        b"1\r\na\r\n" * 20_000,
        (b"400;chunk-signature=%b\r\n%b\r\n" % (b"0" * 64, b"a" * 1024)) * 200,
    )
    for path in (MODELS, "/healthz"):
        await client.send(
            f"POST {path} HTTP/1.1\r\n".encode() + FRAMED + b"\r\n", small[:7], small[7:], signed
        )
        await client.send(b"0\r\n\r\n")
        assert (await client.answer()).status in (200, 405)
    assert len((await upstream.only()).body) == 20_000 + 200 * 1024


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_does_not_throw_away_bodies_without_end(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    chunk = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    head = f"POST {path} HTTP/1.1\r\n".encode() + FRAMED
    with pytest.raises(ConnectionError):
        await client.send(head + b"\r\n", *[chunk] * 100)


BROKEN = {
    "a size that is none": b"zz\r\n",
    "no end of a chunk": b"2\r\n{}x",
    "two trailers in one": b"0\r\nA\r\n\r\n",
}


@table(BROKEN)
@pytest.mark.parametrize("behind", [b"", request("GET", MODELS)], ids=["alone", "behind a call"])
async def test_a_page_does_not_wait_for_what_cannot_come(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes, behind: bytes
) -> None:
    """The rest of its body cannot be found: it is refused at once, in its turn."""
    gateway = await open_gateway(gateway_limits(upstream.url), {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    client = await connect(gateway.url)
    token = f"Authorization: Bearer {ADMIN}\r\n".encode()
    await client.send(behind + b"POST /client/v4/graphql HTTP/1.1\r\n" + FRAMED + token + b"\r\n", data)
    if behind:
        assert (await client.answer()).status == 200
    await is_refused(client)


async def test_names_with_underscores(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """They pass, but for those that many servers take for one that is not passed on as any other."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    staying = (
        "x_api_key", "X_Api-Key", "api_key", "content_length", "Transfer_Encoding", "cf_aig_metadata", "user_agent",
        "proxy_authorization", "content_type", "x_forwarded_for", "xi_api_key", "idempotency_key",
    )  # fmt: skip
    passing = ("my_header", "X_A", "openai_organization", "_")
    await client.send(request("POST", MODELS, *[(name, "7") for name in staying + passing], body=b"{}"))
    assert (await client.answer()).status == 200
    seen = await upstream.only()
    assert [name for name in seen.names if b"_" in name] == [name.lower().encode() for name in passing]
    assert (seen.header("content-length"), bytes(seen.body)) == (b"2", b"{}")
    assert (await gateway.row()).metadata in ({}, None)


async def test_expectations_of_something_else_do_not_matter(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    for path in (MODELS, "/healthz"):
        assert (await client.ask("GET", path, ("Expect", "200-ok"))).status == 200
    assert (await upstream.only()).header("expect") is None
