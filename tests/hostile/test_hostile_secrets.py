"""What callers and providers echo must not carry credentials into the log, however it is cut or spelled.

Looked for in all that is kept: the row, the path with its query, and both bodies.
"""

from __future__ import annotations

import asyncio

import pytest
from hostile_kit import CHAT, gateway_for

from conftest import Connect, OpenGateway
from support.client import Client
from support.client import request as client_request
from support.inprocess import InProcess
from support.replies import chunked, whole
from support.upstream import Upstream

SECRET = "sk-0123456789abcdefghijklmnopqrstuvwxyz"
BEARER = ("Authorization", f"Bearer {SECRET}")


async def everything_logged(gateway: InProcess) -> bytes:
    """The row and its bodies, as one text."""
    (call,) = await gateway.calls(1)
    bodies = await gateway.bodies()
    assert bodies is not None
    return repr(call).encode() + bodies.request + bodies.response


async def ask(client: Client, target: str, *headers: tuple[str, str], body: bytes) -> None:
    """A call that succeeds."""
    assert (await client.ask("POST", target, *headers, body=body)).status == 200


async def test_credentials_are_not_logged_wherever_they_stand(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(whole(b'{"error":"invalid key ' + SECRET.encode() + b'"}'))
    client = await connect(gateway.url)
    own = ("cf-aig-authorization", "Bearer gateway-token-1234567")
    body = f'{{"key":"{SECRET}","gateway":"gateway-token-1234567"}}'.encode()
    await ask(client, f"{CHAT}?key={SECRET}&a=b", BEARER, own, body=body)
    logged = await everything_logged(gateway)
    assert SECRET.encode() not in logged
    assert b"gateway-token-1234567" not in logged
    assert (await upstream.only()).header("authorization") == f"Bearer {SECRET}".encode()
    assert bytes((await upstream.only()).body) == body


@pytest.mark.parametrize("before", range(0, 40, 8))
@pytest.mark.parametrize("side", ["request", "answer", "stream"])
async def test_a_secret_at_the_place_where_a_body_is_cut(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, side: str, before: int
) -> None:
    """The part of it that is kept would be nearly the whole of it."""
    gateway = await gateway_for(open_gateway, upstream, max_logged_body_bytes=60)
    body = b"x" * (60 - before) + SECRET.encode() + b"y" * 40
    gate = asyncio.Event()
    upstream.will(
        {"request": whole(b"{}"), "answer": whole(body), "stream": chunked(b"x", gate, body[1:])}[side]
    )
    client = await connect(gateway.url)
    await client.send(client_request("POST", CHAT, BEARER, body=body if side == "request" else b"{}"))
    await upstream.request()
    await gateway.catch_up()
    gate.set()
    assert (await client.answer()).status == 200
    assert SECRET.encode()[:9] not in await everything_logged(gateway)


@pytest.mark.parametrize("size", [1, 3, 7])
async def test_a_secret_that_comes_in_pieces(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, size: int
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    echo = b"invalid key " + SECRET.encode()
    upstream.will(chunked(*(echo[start : start + size] for start in range(0, len(echo), size))))
    client = await connect(gateway.url)
    await ask(client, CHAT, BEARER, body=b"{}")
    assert SECRET.encode() not in await everything_logged(gateway)
