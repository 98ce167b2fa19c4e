"""Requests whose end can be understood in two ways: refused, never guessed.

Each would be a smuggled request in a gateway that read it differently from the provider. What is odd but has
one meaning only is passed on, framed anew.
"""

from __future__ import annotations

from hostile_kit import (
    HEAD,
    SMUGGLED,
    gateway_for,
    is_broken_off,
    is_refused,
    nothing_happened,
    still_serves,
    table,
)

from conftest import Connect, OpenGateway
from support.client import Broken
from support.upstream import Upstream

BODY = b'{"model":"m"}'
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"

LENGTHS = {
    "length and chunked": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
    "chunked and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + LAST,
    "two equal lengths": b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
    "a list of lengths": b"Content-Length: 5, 5\r\n\r\nhello",
    "a negative length": b"Content-Length: -5\r\n\r\nhello",
    "a plus sign": b"Content-Length: +5\r\n\r\nhello",
    "a hexadecimal length": b"Content-Length: 0x5\r\n\r\nhello",
    "two numbers": b"Content-Length: 5 5\r\n\r\nhello",
    "an underscore": b"Content-Length: 1_0\r\n\r\nhello",
    "no number": b"Content-Length: five\r\n\r\nhello",
    "an empty length": b"Content-Length:\r\n\r\nhello",
    "a huge length": b"Content-Length: 99999999999999999999\r\n\r\nhello",
    "a length in other digits": "Content-Length: ٥\r\n\r\nhello".encode(),
}

ENCODINGS = {
    "gzip, then chunked": b"gzip, chunked",
    "chunked twice": b"chunked, chunked",
    "chunked, then identity": b"chunked, identity",
    "identity": b"identity",
    "gzip": b"gzip",
    "a parameter": b"chunked;q=1",
    "a tab behind": b"chunked\t",
    "a vertical tab": b"\x0bchunked",
    "nearly chunked": b"xchunked",
    "quoted": b'"chunked"',
    "empty": b"",
    "folded": b"\r\n chunked",
}

LINES = {
    "a folded line": b"X-A: one\r\n two\r\n",
    "a folded first line": b" X-A: one\r\n",
    "a space before the colon": b"X-A : one\r\n",
    "a tab before the colon": b"X-A\t: one\r\n",
    "a bare CR": b"X-A: one\rX-B: two\r\n",
    "a bare LF": b"X-A: one\nX-B: two\r\n",
    "NUL in a value": b"X-A: o\x00ne\r\n",
    "NUL in a name": b"X\x00A: one\r\n",
    "a control character": b"X-A: o\x01ne\r\n",
    "no name": b": one\r\n",
    "no colon": b"X-A\r\n",
    "a name with a space": b"X A: one\r\n",
    "a name with other letters": b"X-\xe4: one\r\n",
    "CR CR LF": b"X-A: one\r\r\n",
}

CHUNKS = {
    "no hexadecimal number": b"g\r\nhello\r\n",
    "an empty size": b"\r\nhello\r\n",
    "a negative size": b"-5\r\nhello\r\n",
    "a plus sign": b"+5\r\nhello\r\n",
    "a prefix": b"0x5\r\nhello\r\n",
    "an underscore": b"0_5\r\nhello\r\n",
    "a space before the size": b" 5\r\nhello\r\n",
    "a space behind the size": b"5 ;a\r\nhello\r\n",
    "a size beyond 64 bits": b"fffffffffffffffff\r\nhello\r\n",
    "a size line ending in LF": b"5\nhello\r\n",
    "data ending in LF": b"5\r\nhello\n",
    "more data than its size": b"5\r\nhello!\r\n",
    "less data than its size": b"5\r\nhell\r\n0\r\n",
    "CR in an extension": b"5;a\rb\r\nhello\r\n",
    "LF in an extension": b"5;a\nb\r\nhello\r\n",
    "NUL in an extension": b"5;a\x00\r\nhello\r\n",
    "an open quote": b'5;a="\r\nhello\r\n',
}

TRAILERS = {
    "a length": b"Content-Length: 5\r\n",
    "a folded line": b"X-A: one\r\n two\r\n",
    "a bare LF": b"X-A: one\nX-B: two\r\n",
    "a space before the colon": b"X-A : one\r\n",
}


async def refuses(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes) -> None:
    """This is refused, and what stands behind it is never a request."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(data + SMUGGLED)
    await is_refused(client)
    await nothing_happened(gateway, upstream)
    await still_serves(gateway, connect)


@table(LENGTHS)
async def test_lengths(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes) -> None:
    await refuses(open_gateway, upstream, connect, HEAD + data)


@table(ENCODINGS)
async def test_encodings(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    await refuses(open_gateway, upstream, connect, HEAD + b"Transfer-Encoding: " + data + b"\r\n\r\n" + LAST)


async def test_two_encodings(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    lines = b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
    await refuses(open_gateway, upstream, connect, HEAD + lines + LAST)


@table(LINES)
async def test_lines(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes) -> None:
    await refuses(open_gateway, upstream, connect, HEAD + data + b"Content-Length: 0\r\n\r\n")


@table(CHUNKS)
async def test_chunks(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes) -> None:
    await refuses(open_gateway, upstream, connect, CHUNKED + data)


@table(TRAILERS)
async def test_trailers(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes) -> None:
    await refuses(open_gateway, upstream, connect, CHUNKED + b"0\r\n" + data + b"\r\n")


@table(CHUNKS)
async def test_chunks_after_the_call_has_begun(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(CHUNKED)
    await client.send_chunk(BODY)
    seen = await upstream.request()
    await seen.body_of(len(BODY))
    await client.send(data + SMUGGLED)
    await is_refused(client)
    await is_broken_off(seen)
    assert bytes(seen.body).startswith(BODY)
    assert len(upstream.requests) == 1
    row = await gateway.row()
    assert (row.status_code, row.success) == (400, False)


SAME_MEANING = {
    "mixed case": b"Transfer-Encoding: cHuNKed\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "spaces around": b"Transfer-Encoding:   chunked   \r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "extensions": b'Transfer-Encoding: chunked\r\n\r\n5;a=1;b="c;d"\r\nhello\r\n0;last\r\n\r\n',
    "leading zeros": b"Transfer-Encoding: chunked\r\n\r\n00000005\r\nhello\r\n000\r\n\r\n",
    "capital digits": b"Transfer-Encoding: chunked\r\n\r\n00005\r\nhello\r\n0\r\n\r\n",
}


@table(SAME_MEANING)
async def test_odd_chunked_bodies_are_framed_anew(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(HEAD + data)
    assert (await client.answer()).status == 200
    seen = await upstream.only()
    assert seen.header("transfer-encoding") == b"chunked"
    assert seen.header("content-length") is None
    assert (bytes(seen.body), seen.trailers) == (b"hello", [])
    assert (await gateway.row()).success


async def test_a_length_with_spaces_is_written_anew(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(HEAD + b"Content-Length:  0005  \r\n\r\nhello")
    assert (await client.answer()).status == 200
    seen = await upstream.only()
    assert (seen.header("content-length"), bytes(seen.body)) == (b"5", b"hello")


async def test_trailers_that_may_not_be_trailers_stay_here(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    trailers = (
        b"Host: evil.example\r\nAuthorization: Bearer stolen\r\nKeep-Alive: 1\r\n"
        b"cf-aig-authorization: Bearer x\r\nX-Checksum: 1\r\nContent-Type: text/html\r\nTE: trailers\r\n"
    )
    await client.send(CHUNKED + b"5\r\nhello\r\n0\r\n" + trailers + b"\r\n")
    assert (await client.answer()).status == 200
    seen = await upstream.only()
    assert (bytes(seen.body), seen.trailers) == (b"hello", [b"X-Checksum: 1"])
    assert (await client.ask("GET", "/v1/acct/gw/openai/models")).status == 200


async def test_the_end_of_the_connection_in_the_trailers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Too late to be told: the next request is answered, or the connection closed, but nobody waits."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(CHUNKED + b"0\r\nConnection: close\r\n\r\n")
    assert (await client.answer()).status == 200
    await client.send(SMUGGLED)
    try:
        assert (await client.answer()).status == 200
    except Broken:
        assert len(upstream.requests) == 1


async def test_a_transfer_encoding_in_the_trailers_changes_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(CHUNKED + b"0\r\nTransfer-Encoding: chunked\r\n\r\n" + SMUGGLED)
    answers = [(await client.answer()).status]
    if answers == [200]:
        answers.append((await client.answer()).status)
        assert answers == [200, 200]
        assert [seen.method for seen in upstream.requests] == [b"POST", b"GET"]
        assert upstream.requests[0].trailers == []
    else:
        assert answers == [400]
        assert await client.rest() == b""


async def test_endless_trailers(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=4096)
    client = await connect(gateway.url)
    await client.send(CHUNKED + b"0\r\n" + b"X-A: one\r\n" * 4096)
    answer = await is_refused(client, 431, 9431)
    assert "head" in answer.json()["description"]
    await still_serves(gateway, connect)


async def test_one_endless_trailer(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=4096)
    client = await connect(gateway.url)
    await client.send(CHUNKED, b"0\r\nX-A: ", *[b"a" * 65536] * 16)
    await is_refused(client, 431, 9431)
    await still_serves(gateway, connect)


VERSIONS = {
    "none": b"GET /v1/acct/gw/openai/models\r\n",
    "0.9": b"GET /v1/acct/gw/openai/models HTTP/0.9\r\n",
    "1.2": b"GET /v1/acct/gw/openai/models HTTP/1.2\r\n",
    "2.0": b"GET /v1/acct/gw/openai/models HTTP/2.0\r\n",
    "preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n",
    "lower case": b"GET /v1/acct/gw/openai/models http/1.1\r\n",
    "a space behind": b"GET /v1/acct/gw/openai/models HTTP/1.1 \r\n",
    "no target": b"GET HTTP/1.1\r\n",
    "an unknown method": b"SMUGGLE /v1/acct/gw/openai/models HTTP/1.1\r\n",
    "a method in lower case": b"get /v1/acct/gw/openai/models HTTP/1.1\r\n",
    "a tab between": b"GET\t/v1/acct/gw/openai/models HTTP/1.1\r\n",
    "LF only": b"GET /v1/acct/gw/openai/models HTTP/1.1\nHost: localhost\n\n",
}


@table(VERSIONS)
async def test_request_lines(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    """Answered with 400 and the end of the connection: we speak HTTP/1.0 and HTTP/1.1."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(data + b"\r\n" + SMUGGLED)
    await is_refused(client)
    await nothing_happened(gateway, upstream)
