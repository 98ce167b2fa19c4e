"""Request targets that could mean one thing here and another at the provider.

Whatever cannot name a route is refused before anything is sent; what may pass arrives exactly as it came.
"""

from __future__ import annotations

import pytest
from hostile_kit import (
    SMUGGLED,
    gateway_for,
    is_envelope,
    is_refused,
    nothing_happened,
    settled,
    still_serves,
    table,
)

from conftest import Connect, OpenGateway
from support.client import Client, request
from support.upstream import Upstream

BASE = b"/v1/acct/gw/openai/"

NOT_PATHS = {
    "a URL of TLS": b"https://localhost/v1/acct/gw/openai/models",
    "another scheme": b"ftp://evil.example/v1/",
    "asterisk": b"*",
    "a fragment": BASE + b"models#top",
    "a fragment behind a query": BASE + b"models?a=b#top",
    "only a fragment": b"/v1/#",
}

CLIMBING = {
    "dots": BASE + b"../secret",
    "one dot": BASE + b"./models",
    "dots at the end": BASE + b"..",
    "encoded dots": BASE + b"%2e%2e/secret",
    "capital digits": BASE + b"%2E%2E/secret",
    "half encoded": BASE + b".%2e/secret",
    "encoded slash": BASE + b"..%2fsecret",
    "encoded slash before": BASE + b"models%2f../secret",
    "everything encoded": BASE + b"models%2f%2e%2e%2fsecret",
    "encoded backslash": BASE + b"..%5csecret",
    "a dot and a backslash": BASE + b"%2e.%5c",
    "backslash": BASE + b"..\\secret",
    "a parameter": BASE + b"..;a=b/secret",
    "an encoded parameter": BASE + b"..%3ba/secret",
    "out of the gateway": b"/v1/acct/gw/../other/openai/models",
    "out of the provider": b"/v1/acct/gw/openai/../anthropic/v1/messages",
    "encoded line end": BASE + b"a%0d%0aX-Evil:%20yes",
    "encoded NUL": BASE + b"a%00b",
}

UNKNOWN = {
    "no account": (b"/v1/", 2001),
    "no gateway of an account that is none": (b"/v1/other", 2001),
    "an empty account": (b"/v1//gw/openai/models", 2001),
    "an empty gateway of an account that is none": (b"/v1/other//openai/models", 2001),
    "another account": (b"/v1/other/gw/openai/models", 2001),
    "another gateway": (b"/v1/acct/other/openai/models", 2001),
    "an encoded account": (b"/v1/%61cct/gw/openai/models", 2001),
    "an encoded gateway": (b"/v1/acct/g%77/openai/models", 2001),
    "an encoded slash in the account": (b"/v1/acct%2fgw/openai/models", 2001),
    "capital letters": (b"/v1/acct/GW/openai/models", 2001),
    "an encoded provider": (b"/v1/acct/gw/open%61i/models", 2008),
    "an encoded slash behind the provider": (b"/v1/acct/gw/openai%2fmodels", 2008),
    "another provider": (b"/v1/acct/gw/nobody/models", 2008),
    "a provider in capitals": (b"/v1/acct/gw/OpenAI/models", 2008),
    "a very long provider": (b"/v1/acct/gw/" + b"a" * 30_000, 2008),
}

AS_IT_CAME = {
    "an encoded slash": b"models%2Fgpt%2f4",
    "double encoding": b"%252e%252e%252fsecret",
    "empty segments": b"models//gpt///4/",
    "an incomplete escape": b"models/%2",
    "no escape": b"models/%zz%",
    "encoded letters": b"mod%65ls",
    "three dots": b".../models",
    "dots inside": b"a..b/.c/d.",
    "reserved characters": b"a:b@c!$&'()*+,;=~-._|[]{}",
    "a query with everything": b"models?a=%0d%0a&b=../..&c=%2e%2e/&d=?/&&=",
    "an empty query": b"models?a",
    "an encoded query mark": b"models%3Fa=b",
}


async def send_target(client: Client, target: bytes) -> None:
    """A GET of exactly this target."""
    await client.send(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")


@pytest.mark.parametrize(
    ("target", "status", "code"), [(b"/v1/acct", 405, 9405), (b"/v1/acct//openai/models", 404, 9404)]
)
async def test_a_gateway_that_is_left_out_is_the_default_one(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, target: bytes, status: int, code: int
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await send_target(client, target)
    is_envelope(await client.answer(), status, code)
    assert not upstream.requests


@table(NOT_PATHS | CLIMBING)
async def test_refused(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await send_target(client, data)
    is_envelope(await client.answer(), 400, 9400)
    await nothing_happened(gateway, upstream)
    assert (await client.ask("GET", "/v1/acct/gw/openai/models")).status == 200


@pytest.mark.parametrize(("target", "code"), UNKNOWN.values(), ids=UNKNOWN.keys())
async def test_leading_nowhere(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, target: bytes, code: int
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await send_target(client, target)
    is_envelope(await client.answer(), 400, code)
    await nothing_happened(gateway, upstream)
    assert (await client.ask("GET", "/v1/acct/gw/openai/models")).status == 200


@table(AS_IT_CAME)
async def test_the_tail_is_passed_as_it_came(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await send_target(client, BASE + b"v1/" + data)
    assert (await client.answer()).status == 200
    assert (await upstream.only()).target == b"/v1/" + data


@pytest.mark.parametrize("byte", [*range(0x01, 0x21), 0x7F, 0x80, 0xC3, 0xFF])
async def test_bytes_that_must_be_encoded(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, byte: int
) -> None:
    """Line ends included: the rest of the line is never a header, and never a request of its own."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await send_target(client, BASE + b"mod%cels" % byte)
    is_envelope(await client.answer(), 400, 9400)
    await nothing_happened(gateway, upstream)


async def test_injection_through_the_tail(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(
        b"GET " + BASE + b"models HTTP/1.1\r\nHost: localhost\r\nX-Evil: 1\r\n\r\n" + SMUGGLED[:-2]
    )
    assert (await client.answer()).status == 200
    assert [seen.target for seen in upstream.requests] == [b"/v1/models"]
    await client.send(b"\r\n")
    assert (await client.answer()).status == 200
    assert [seen.target for seen in upstream.requests] == [b"/v1/models", b"/v1/smuggled"]


async def test_a_very_long_target_within_the_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    target = BASE + b"v1/" + b"a" * 60_000
    await send_target(client, target)
    assert (await client.answer()).status == 200
    assert (await upstream.only()).target == target.removeprefix(BASE[:-1])
    assert (await gateway.row()).path.endswith("a" * 60_000)


CONNECTS = {
    "an authority": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "with a length": b"CONNECT evil.example:443 HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody",
    "with chunks": b"CONNECT evil.example:443 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a path": b"CONNECT /v1/acct/gw/openai/models HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@table(CONNECTS)
async def test_connect(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes) -> None:
    """Bytes behind a CONNECT belong to the tunnel that was not opened: they are never a request."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(data + SMUGGLED)
    await is_refused(client)
    await client.send(SMUGGLED)
    await gateway.catch_up()
    await nothing_happened(gateway, upstream)
    await still_serves(gateway, connect)


async def test_doubled_slashes_before_the_account_are_another_page(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    for target in (b"//v1/acct/gw/openai/models", b"/%761/acct/gw/openai/models", b"/v1", b"/V1/acct/gw"):
        await send_target(client, target)
        assert (await client.answer()).status == 404
    await nothing_happened(gateway, upstream)


async def test_the_host_header_decides_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(request("GET", "/v1/acct/gw/openai/models", ("Host", "evil.example"), ("X-A", "b")))
    answer = await client.answer()
    if answer.status == 200:
        seen = await upstream.only()
        assert seen.header("host") == upstream.url.removeprefix("http://").encode()
    else:
        is_envelope(answer, 400, 9400)
        assert upstream.requests == []
    await settled(gateway)
