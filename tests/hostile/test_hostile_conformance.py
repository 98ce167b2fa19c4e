"""What RFC 9110 and 9112 ask of a server, on every path: hosts, forms of the target, methods, upgrades, sizes."""

from __future__ import annotations

import pytest
from hostile_kit import MODELS, SMUGGLED, gateway_for, is_envelope, is_refused, nothing_happened, table

from conftest import Connect, OpenGateway
from support.client import request
from support.upstream import Upstream

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
        (b"", 404),
        (b"?a", 404),
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
    is_envelope(answer, 405, 9405)
    assert "GET" in (answer.header("allow") or "")
    await client.send(f"TRACE {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n\r\n".encode() + SMUGGLED)
    assert (await client.answer()).status == 405
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
