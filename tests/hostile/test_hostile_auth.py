"""A gateway that asks for its token, and callers that try everything else: 401, and the provider hears nothing.

Every refusal is a row of the log, and never shows what the right token would have been.
"""

from __future__ import annotations

import pytest
from hostile_kit import CHAT, HEAD, SMUGGLED, is_envelope, nothing_happened, settled, table

from conftest import Connect, OpenGateway
from support.client import request as client_request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.upstream import Upstream

TOKEN = "pst-0123456789abcdef"
NAME = b"cf-aig-authorization: "

WRONG = {
    "nothing": b"",
    "empty": NAME + b"\r\n",
    "only the scheme": NAME + b"Bearer\r\n",
    "another scheme": NAME + b"Basic pst-0123456789abcdef\r\n",
    "another token": NAME + b"Bearer pst-0123456789abcdeX\r\n",
    "a longer token": NAME + b"Bearer pst-0123456789abcdefg\r\n",
    "spaces inside": NAME + b"Bearer pst-0123456789 abcdef\r\n",
    "another letter case": NAME + b"Bearer PST-0123456789ABCDEF\r\n",
    "Latin-1": NAME + b"Bearer \xff\xfe\xe4\r\n",
    "a very long token": NAME + b"Bearer " + b"a" * 60_000 + b"\r\n",
    "another scheme in the other header": b"Authorization: Basic pst-0123456789abcdef\r\n",
    "a provider's key in the other header": b"Authorization: Bearer sk-0123456789abcdef\r\n",
    "a name that is nearly right": b"cf-aig-authorisation: Bearer pst-0123456789abcdef\r\n",
    "right, then wrong": NAME + b"Bearer pst-0123456789abcdef\r\n" + NAME + b"Bearer no\r\n",
    "in the trailers": b"",
}


async def guarded(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    """A gateway with authentication on."""
    text = gateways(gw={"authentication": True}) + providers({"openai": upstream.url})
    return await open_gateway(text, {"PENSTOCK_ADMIN_TOKEN": TOKEN})


@table(WRONG)
async def test_refused(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    data: bytes,
    request: pytest.FixtureRequest,
) -> None:
    gateway = await guarded(open_gateway, upstream)
    client = await connect(gateway.url)
    trailer = NAME + b"Bearer " + TOKEN.encode() + b"\r\n" if "trailers" in request.node.name else b""
    await client.send(HEAD + data + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + trailer + b"\r\n")
    answer = await client.answer()
    is_envelope(answer, 401, 2009)
    assert TOKEN.encode() not in answer.body
    await nothing_happened(gateway, upstream)
    row = await gateway.row()
    assert (row.status_code, row.success) == (401, False)


async def test_the_token_opens_and_goes_no_further(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await guarded(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(client_request("POST", CHAT, ("CF-AIG-Authorization", f"bearer  {TOKEN}"), body=b"{}"))
    assert (await client.answer()).status == 200
    assert TOKEN.encode() not in (await upstream.only()).head
    assert TOKEN not in repr(await gateway.calls(1))


@pytest.mark.parametrize(
    "path", ["/v1/acct/gw/nobody/x", "/v1/acct/gw/", "/v1/acct/gw/compat/models", "/v1/acct/gw/openai/../x"]
)
async def test_strangers_learn_nothing_of_routes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str
) -> None:
    gateway = await guarded(open_gateway, upstream)
    client = await connect(gateway.url)
    is_envelope(await client.ask("GET", path), 401, 2009)


async def test_a_large_body_of_a_stranger_is_not_sent_on(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Refused before the body has come; what follows on the connection is judged anew."""
    gateway = await guarded(open_gateway, upstream)
    client = await connect(gateway.url)
    body = SMUGGLED * 1000
    await client.send(client_request("POST", CHAT, ("Content-Length", str(len(body)))))
    is_envelope(await client.answer(), 401, 2009)
    await client.send(body)
    answer = await client.ask("POST", CHAT, ("cf-aig-authorization", f"Bearer {TOKEN}"), body=b"{}")
    assert answer.status == 200
    await settled(gateway)
    assert [bytes(seen.body) for seen in upstream.requests] == [b"{}"]


async def test_the_door_is_closed_between_two_calls(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """That one call of a connection showed the token says nothing about the next."""
    gateway = await guarded(open_gateway, upstream)
    client = await connect(gateway.url)
    shown = ("cf-aig-authorization", f"Bearer {TOKEN}")
    await client.send(
        client_request("POST", CHAT, shown, body=b"{}") + client_request("POST", CHAT, body=b"{}")
    )
    assert [(await client.answer()).status for _ in range(2)] == [200, 401]
    assert len(upstream.requests) == 1
