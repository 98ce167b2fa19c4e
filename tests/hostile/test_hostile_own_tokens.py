"""The gateway's own token, in any spelling and any place: no provider gets it, and nothing that is kept shows it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hostile_kit import is_envelope

from conftest import Connect, OpenGateway
from penstock.stores.sqlite.ledger.writer import FILE_NAME
from support.access import CHAT, UNIVERSAL, Access, bearer, steps
from support.client import Header, request
from support.configuration import openai
from support.inprocess import InProcess
from support.upstream import Upstream

ADMIN = "an-admin-token-of-24-ch."
Spell = Callable[[str], str]


def encoded(text: str) -> str:
    """Each character percent-encoded, with digits in lower case."""
    return "".join(f"%{ord(letter):02x}" for letter in text)


SPELLINGS: dict[str, Spell] = {
    "plain": lambda token: token,
    "underscores": lambda token: token.replace("_", "%5f").replace("-", "%2d"),
    "capital digits": lambda token: token.replace("_", "%5F").replace("-", "%2D"),
    "every letter": encoded,
    "twice": lambda token: quote(encoded(token)),
    "four times": lambda token: quote(quote(quote(encoded(token)))),
    "quoted": lambda token: f'"{token}"'.replace('"', "%22"),
    "in a list": lambda token: f"sk-x,{token}",
    "with a scheme": lambda token: f"Bearer+{token}",
}
HEADERS: dict[str, Callable[[str], Header]] = {
    "a list": lambda token: ("Authorization", f"Bearer sk-vendor-01, Bearer {token}"),
    "Basic": lambda token: ("Authorization", "Basic " + base64.b64encode(f"{token}:".encode()).decode()),
    "Basic as a password": lambda token: (
        "authorization",
        "bAsIc " + base64.b64encode(f"me:{token}".encode()).decode(),
    ),
    "quoted": lambda token: ("x-api-key", f'"{token}"'),
    "a cookie": lambda token: ("Cookie", f"a=b; session={token}"),
    "an encoded cookie": lambda token: ("Cookie", f"session={encoded(token)}"),
    "Google's": lambda token: ("x-goog-api-key", token),
    "Azure's": lambda token: ("api-key", token),
    "for a proxy": lambda token: ("Proxy-Authorization", f"Bearer {token}"),
    "an unknown one": lambda token: ("X-Whatever", f"token {token}"),
    "the user agent": lambda token: ("User-Agent", f"bot/1 ({token})"),
    "the referer": lambda token: ("Referer", f"https://x.example/?key={encoded(token)}"),
    "a protocol offered": lambda token: (
        "Sec-WebSocket-Protocol",
        f"realtime, openai-insecure-api-key.{token}",
    ),
    "the content type": lambda token: ("Content-Type", f"text/plain; a={token}"),
    "a trace": lambda token: ("traceparent", token),
    "the event": lambda token: ("cf-aig-event-id", token),
    "metadata": lambda token: ("cf-aig-metadata", json.dumps({"team": token})),
    "escaped metadata": lambda token: (
        "cf-aig-metadata",
        '{"team":"\\u00' + f"{ord(token[0]):02x}" + token[1:] + '"}',
    ),
    "a cache key": lambda token: ("cf-aig-cache-key", token),
    "the gateway's header misspelt": lambda token: ("cf_aig_authorization", f"Bearer {token}"),
    "a repeated call": lambda token: ("Idempotency-Key", token),
}


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


async def opened(open_gateway: OpenGateway, upstream: Upstream, *, admin: bool = True) -> InProcess:
    """With a token of the environment, which has no form, or without: then all that there may be has it."""
    return await open_gateway(openai(upstream.url), {"PENSTOCK_ADMIN_TOKEN": ADMIN} if admin else {})


def secret_of(token: str) -> bytes:
    return token.rpartition("_")[2].encode()


async def nothing_shows(gateway: InProcess, upstream: Upstream, token: str, rows: int = 1) -> None:
    """Neither what went to the provider, nor a row, nor a file of the data folder has the token."""
    secret = secret_of(token)
    for seen in upstream.requests:
        told = seen.head + bytes(seen.body) + b"".join(seen.trailers)
        assert secret not in told
        assert encoded(secret.decode()).encode() not in told
    found = repr(await gateway.calls(rows))
    assert secret.decode() not in found
    assert encoded(secret.decode()) not in found
    for name in ("journal", FILE_NAME):
        place = gateway.data / name
        for file in [place, *place.rglob("*")] if place.is_dir() else [place]:
            assert file.is_dir() or secret not in file.read_bytes(), file


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize("admin", [False, True], ids=["token", "admin"])
async def test_in_the_query(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, spell: Spell, admin: bool
) -> None:
    """It opens there, and stays here; the other parameters pass as they came."""
    token = ADMIN if admin else access.token()
    gateway = await opened(open_gateway, upstream, admin=admin)
    client = await connect(gateway.url)
    answer = await client.ask("POST", f"{CHAT}?a=%2Fb&key={spell(token)}&c=+", body=b"{}")
    assert answer.status == 200
    assert (await upstream.only()).target.endswith(b"?a=%2Fb&c=+")
    await nothing_shows(gateway, upstream, token)
    assert (await gateway.row()).authentication


async def test_as_the_name_of_a_parameter(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token()
    gateway = await opened(open_gateway, upstream, admin=False)
    client = await connect(gateway.url)
    assert (await client.ask("GET", f"{CHAT}?{token}&a=b&{encoded(token)}=1")).status == 200
    assert (await upstream.only()).target.endswith(b"?a=b")
    await nothing_shows(gateway, upstream, token)


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("admin", [False, True], ids=["token", "admin"])
async def test_in_a_header(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    header: Callable[[str], Header],
    admin: bool,
) -> None:
    token = ADMIN if admin else access.token()
    gateway = await opened(open_gateway, upstream, admin=admin)
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, ("X-Kept", "as_it%20came"), header(token), body=b"{}")
    assert answer.status == 200
    assert (await upstream.only()).header("x-kept") == b"as_it%20came"
    await nothing_shows(gateway, upstream, token)


@pytest.mark.parametrize("name", ["User-Agent", "Content-Type", "traceparent", "X-Any", "Authorization"])
async def test_in_a_header_of_this_connection_only(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str
) -> None:
    """It goes nowhere, and no row tells of it either."""
    token = access.token()
    gateway = await opened(open_gateway, upstream, admin=False)
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, ("Connection", name), (name, f"Bearer {token}"), body=b"{}")
    assert answer.status == 200
    await nothing_shows(gateway, upstream, token)


async def test_as_a_model(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Bodies go as they came; what a row tells of them has none."""
    token = access.token()
    gateway = await opened(open_gateway, upstream, admin=False)
    client = await connect(gateway.url)
    body = json.dumps({"model": token, "messages": []}).encode()
    collect = ("cf-aig-collect-log-payload", "false")
    assert (
        await client.ask("POST", CHAT, collect, ("content-type", "application/json"), body=body)
    ).status == 200
    assert secret_of(token).decode() not in repr(await gateway.calls(1))


async def test_as_a_headers_name_and_in_a_trailer(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token()
    gateway = await opened(open_gateway, upstream)
    client = await connect(gateway.url)
    head = request("POST", CHAT, (token, "1"), ("Transfer-Encoding", "chunked"))
    trailers = f"2\r\n{{}}\r\n0\r\nX-T: {token}\r\nX-A: {ADMIN}\r\nX-U: u\r\n\r\n"
    await client.send(head + trailers.encode())
    assert (await client.answer()).status == 200
    assert (await upstream.only()).trailers == [b"X-U: u"]
    await nothing_shows(gateway, upstream, token)
    await nothing_shows(gateway, upstream, ADMIN)


@pytest.mark.parametrize("spell", [SPELLINGS["plain"], encoded, SPELLINGS["twice"]])
async def test_in_the_path(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, spell: Spell
) -> None:
    """Of a path nothing can be left out: refused."""
    token = access.token()
    gateway = await opened(open_gateway, upstream, admin=False)
    client = await connect(gateway.url)
    is_envelope(await client.ask("GET", f"/v1/acct/gw/openai/models/{spell(token)}/x"), 400, 9400)
    assert upstream.requests == []
    await nothing_shows(gateway, upstream, token)
    assert (await gateway.calls(1))[0].path == "v1/models/[redacted]/x" or "[redacted]" in repr(
        await gateway.calls(1)
    )


async def test_in_a_step(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token()
    gateway = await opened(open_gateway, upstream, admin=False)
    client = await connect(gateway.url)
    body = steps(("openai", f"x?a=b&key={encoded(token)}", {}))
    headed = json.loads(body)
    headed[0]["headers"] = {"x-any": token, "cf-aig-metadata": json.dumps({"a": token})}
    assert (
        await client.ask("POST", UNIVERSAL, bearer(token), body=json.dumps(headed).encode())
    ).status == 200
    assert (await upstream.only()).target.endswith(b"?a=b")
    await nothing_shows(gateway, upstream, token)


async def test_what_only_resembles_a_token_passes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream)
    client = await connect(gateway.url)
    values = ["pst_", "pst_short_x", "post_0123456789abcdef_x", "%70st%5f", "100%", "a\\u0070st_b"]
    for value in values:
        assert (await client.ask("GET", f"{CHAT}?a=pst_b%5f", ("X-Any", value))).status == 200
    assert [seen.header("x-any") for seen in upstream.requests] == [value.encode() for value in values]
    assert {seen.target.partition(b"?")[2] for seen in upstream.requests} == {b"a=pst_b%5f"}
