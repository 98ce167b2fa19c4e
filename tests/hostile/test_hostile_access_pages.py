"""Web pages of other sites that reach this machine's gateway through a browser: nothing for them.

A page can send to loopback, and under a name of its own that points there (DNS rebinding). What it cannot do is
leave out or forge `Host`, `Origin` and `Sec-Fetch-Site`. A call with the gateway's token may come from anywhere.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import Connect, OpenGateway
from penstock.wire.own_tokens import TOKEN_PREFIX
from support.access import ACCOUNT, CHAT, COMPAT, UNIVERSAL, Access, bearer, from_here, here, steps
from support.checks import check_error
from support.client import Answer, Header, request
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import sse, whole
from support.upstream import Upstream

STORED = "sk-stored-0123456789abcdef"
PAGE = ("Origin", "https://evil.example")
CROSS = ("Sec-Fetch-Site", "cross-site")


@pytest.fixture
def access(tmp_path: Path) -> Access:
    access = Access(tmp_path / "gateway-0" / "data")
    access.key("openai", STORED)
    return access


@pytest.fixture
async def gateway(access: Access, open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(openai(upstream.url))


def refused(answer: Answer) -> None:
    check_error(answer, 401, 2009, "Unauthorized")
    assert "own_hosts" in answer.json()["description"]
    assert STORED.encode() not in answer.raw + answer.body


def raw(host: bytes, *headers: Header) -> bytes:
    """A call with this `Host` line, or none."""
    data = request("POST", CHAT, *headers, body=b"{}")
    return data.replace(b"Host: localhost\r\n", host)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Sec-Fetch-Site", "none"),),
        (("Sec-Fetch-Site", "same-origin"),),
        (("User-Agent", "curl/8"), ("Accept", "*/*"), ("Referer", "https://evil.example")),
    ],
)
async def test_programs_of_this_machine(
    gateway: InProcess, upstream: Upstream, connect: Connect, headers: tuple[Header, ...]
) -> None:
    assert (await from_here(connect, gateway.url, CHAT, *headers)).status == 200
    assert (await upstream.only()).header("authorization") == f"Bearer {STORED}".encode()
    row = await gateway.row()
    assert (row.byok, row.authentication) == (True, False)


@pytest.mark.parametrize("name", ["localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "[::1]"])
@pytest.mark.parametrize("port", ["", ":1", ":65535"])
async def test_names_of_this_machine(
    gateway: InProcess, upstream: Upstream, connect: Connect, name: str, port: str
) -> None:
    client = await connect(gateway.url)
    await client.send(raw(f"Host: {name}{port}\r\n".encode()))
    assert (await client.answer()).status == 200
    await client.send(raw(f"Host: {name}{port}\r\n".encode(), ("Origin", f"http://{name}{port}")))
    assert (await client.answer()).status == 200
    assert len(upstream.requests) == 2


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "LOCALHOST.evil.example",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]:8787",
        "localtest.me",
        "localhost.localdomain",
        "localhost%00",
        "localhost:",
        "evil.example:8787",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io",
        "localhost.",
        "notlocalhost",
        "127.0.0.1,evil.example",
        "0.0.0.0",
        "192.168.0.1",
        "10.0.0.1:8787",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "gateway.test",
    ],
)
async def test_another_name(gateway: InProcess, upstream: Upstream, connect: Connect, host: str) -> None:
    """Under which some page may have been loaded."""
    client = await connect(gateway.url)
    await client.send(raw(f"Host: {host}\r\n".encode()))
    refused(await client.answer())
    assert upstream.requests == []


async def test_a_request_of_http_1_0_without_a_name(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    client = await connect(gateway.url)
    await client.send(raw(b"").replace(b"HTTP/1.1", b"HTTP/1.0"))
    refused(await client.answer())
    assert upstream.requests == []


@pytest.mark.parametrize("own_first", [True, False])
async def test_two_names(gateway: InProcess, upstream: Upstream, connect: Connect, own_first: bool) -> None:
    """Which of them is meant nobody can say (RFC 9112, 3.2)."""
    own, other = f"Host: {urlsplit(gateway.url).netloc}\r\n".encode(), b"Host: evil.example\r\n"
    client = await connect(gateway.url)
    await client.send(raw(own + other if own_first else other + own))
    assert (await client.answer()).status == 400
    assert upstream.requests == []


@pytest.mark.parametrize(
    "headers",
    [
        (PAGE,),
        (CROSS,),
        (PAGE, CROSS),
        (("Origin", "null"),),
        (("Origin", ""),),
        (("Origin", "http://localhost:3000"),),
        (("Origin", "http://127.0.0.1"),),
        (("Origin", "file://"),),
        (("Origin", "chrome-extension://abcdef"),),
        (("Sec-Fetch-Site", "same-site"),),
        (("Sec-Fetch-Site", "anything"),),
        (("Sec-Fetch-Site", ""),),
        (("sec-fetch-site", "none"), ("origin", "https://evil.example")),
        (CROSS, ("Sec-Fetch-Site", "same-origin")),
        (("Sec-Fetch-Site", "same-origin"), CROSS),
        (("Origin", "http://localhost"), PAGE),
    ],
)
async def test_pages_of_other_sites(
    gateway: InProcess, upstream: Upstream, connect: Connect, headers: tuple[Header, ...]
) -> None:
    refused(await from_here(connect, gateway.url, CHAT, *headers))
    answer = await from_here(connect, gateway.url, f"/v1/{ACCOUNT}/gw/openai/models", *headers, method="GET")
    assert answer.status == 401
    assert upstream.requests == []
    rows = await gateway.rows(2)
    assert {(row.error_code, row.byok, row.attempts) for row in rows} == {(2009, False, 0)}


@pytest.mark.parametrize("page", [PAGE, CROSS])
async def test_pages_by_every_way_to_call(
    gateway: InProcess, upstream: Upstream, connect: Connect, page: Header
) -> None:
    """A step's own headers say nothing about where the call comes from."""
    compat = b'{"model":"openai/m"}'
    forged = (
        b'[{"provider":"openai","endpoint":"x","query":{},"headers":'
        b'{"host":"localhost","sec-fetch-site":"none","origin":"http://localhost"}}]'
    )
    for target, body in ((COMPAT, compat), (UNIVERSAL, steps(("openai", "x", {}))), (UNIVERSAL, forged)):
        refused(await from_here(connect, gateway.url, target, page, body=body))
    for control in ("cf-aig-byok-alias", "cf-aig-max-attempts", "cf-aig-cache-ttl", "idempotency-key"):
        value = {"cf-aig-byok-alias": "default", "cf-aig-cache-ttl": "60"}.get(control, "3")
        refused(await from_here(connect, gateway.url, CHAT, page, (control, value)))
    assert upstream.requests == []


@pytest.mark.parametrize("page", [PAGE, CROSS])
@pytest.mark.parametrize("keeping", [("cf-aig-cache-ttl", "60"), ("Idempotency-Key", "one")])
async def test_pages_do_not_get_what_was_kept_for_others(
    gateway: InProcess, upstream: Upstream, connect: Connect, page: Header, keeping: Header
) -> None:
    """An answer that a stored key paid for is as little theirs as the key."""
    upstream.will(whole(b'{"private":1}'))
    assert (await from_here(connect, gateway.url, CHAT, keeping)).body == b'{"private":1}'
    answer = await from_here(connect, gateway.url, CHAT, page, keeping)
    refused(answer)
    assert b"private" not in answer.body
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("page", [PAGE, CROSS])
@pytest.mark.parametrize("keeping", [("cf-aig-cache-ttl", "60"), ("Idempotency-Key", "one")])
async def test_pages_do_not_join_the_calls_of_others(
    gateway: InProcess, upstream: Upstream, connect: Connect, page: Header, keeping: Header
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(b"data: private\n\n", gate, b"data: too\n\n"))
    client = await connect(gateway.url)
    await client.send(here(request("POST", CHAT, keeping, body=b"{}"), gateway.url))
    await client.head()
    stranger = await connect(gateway.url)
    await stranger.send(here(request("POST", CHAT, page, keeping, body=b"{}"), gateway.url))
    try:
        assert (await stranger.head()).status == 401
    finally:
        gate.set()
    assert [await client.chunk() for _ in range(3)] == [b"data: private\n\n", b"data: too\n\n", b""]


async def test_a_key_of_their_own_lets_no_page_in(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    """What is behind the gateway may take any key, and be private all the same."""
    own = ("Authorization", "Bearer sk-theirs-01")
    refused(await from_here(connect, gateway.url, CHAT, PAGE, CROSS, own))
    assert upstream.requests == []
    assert (await from_here(connect, gateway.url, CHAT, own)).status == 200
    assert (await upstream.only()).header("authorization") == b"Bearer sk-theirs-01"


async def test_authenticated_calls_come_from_anywhere(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token()
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    for shown in (bearer(token), ("Authorization", f"Bearer {token}")):
        await client.send(raw(b"Host: ai.example\r\n", shown, PAGE, CROSS))
        assert (await client.answer()).status == 200
    assert [seen.header("authorization") for seen in upstream.requests] == [f"Bearer {STORED}".encode()] * 2


async def test_a_wrong_token_is_no_token(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Neither one that may not call, nor something that looks like one; one that has ended is told so."""
    reader = access.token(permissions=("read",))
    elsewhere = access.token(gateways=("other",))
    ended = access.token(expires=1)
    gateway = await open_gateway(openai(upstream.url))
    gateway.advance(60)
    made_up = f"{TOKEN_PREFIX.decode()}{'a' * 16}_{'b' * 43}"
    for token in (reader, elsewhere, ended, made_up, reader[:-1]):
        for shown in (bearer(token), ("Authorization", f"Bearer {token}")):
            client = await connect(gateway.url)
            await client.send(here(request("POST", CHAT, shown, PAGE, body=b"{}"), gateway.url))
            answer = await client.answer()
            if token == ended:
                check_error(answer, 401, 2009, "Unauthorized")
                assert "has expired" in answer.json()["description"]
            else:
                refused(answer)
    assert upstream.requests == []


async def test_names_the_operator_gave_are_its_own(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = '[server]\nown_hosts = ["ai.example:8787"]\n' + openai(upstream.url)
    gateway = await open_gateway(text)
    wanted: list[tuple[bytes, tuple[Header, ...], int]] = [
        (b"Host: ai.example:8787\r\n", (), 200),
        (b"Host: AI.example:8787\r\n", (), 200),
        (b"Host: ai.example:8787\r\n", (("Origin", "https://ai.example:8787"),), 200),
        (b"Host: ai.example:8787\r\n", (PAGE,), 401),
        (b"Host: ai.example:8787\r\n", (CROSS,), 401),
        (b"Host: ai.example\r\n", (), 401),
        (b"Host: x.ai.example:8787\r\n", (), 401),
    ]
    for host, headers, status in wanted:
        client = await connect(gateway.url)
        await client.send(raw(host, *headers))
        assert (await client.answer()).status == status, (host, headers)


async def test_headers_of_an_own_provider_are_a_stored_credential_too(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """They may hold credentials (Cloudflare 3.15), so pages must not spend them either."""
    access.provider("acme", upstream.url, headers={"x-api-key": "sk-acme-0123456789"})
    file = (
        gateways()
        + providers({"custom-file": upstream.url})
        + '[providers.custom-file.headers]\nx-api-key = "sk-file-0123456789"\n'
    )
    gateway = await open_gateway(file)
    for slug in ("custom-acme", "custom-file"):
        calls = [
            (f"/v1/{ACCOUNT}/gw/{slug}/x", b"{}"),
            (COMPAT, f'{{"model":"{slug}/m"}}'.encode()),
            (UNIVERSAL, steps((slug, "x", {}))),
        ]
        for target, body in calls:
            assert (await from_here(connect, gateway.url, target, body=body)).status == 200
            for headers in ((PAGE,), (CROSS,), (PAGE, ("Authorization", "Bearer sk-theirs-01"))):
                refused(await from_here(connect, gateway.url, target, *headers, body=body))
    assert len(upstream.requests) == 6
