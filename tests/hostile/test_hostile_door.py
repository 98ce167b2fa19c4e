"""Without a token: programs of this machine and the operator's own names come in, whatever lies behind the door.

Behind it may be a keyless server of this machine, a stored key, an answer that was kept. A call with a token comes
from anywhere.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_kit import is_envelope

from conftest import Connect, OpenGateway
from support.access import COMPAT, UNIVERSAL, Access, bearer, steps
from support.client import Answer, Header, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.upstream import Upstream

BOX = "/v1/acct/gw/custom-box/api/chat"
FOREIGN = b"Host: evil.example:8787\r\n"
OWN = '[server]\nown_hosts = ["ai.example", "10.0.0.5:8787"]\n'

FORWARDED: dict[str, Header] = {
    "X-Forwarded-For": ("X-Forwarded-For", "203.0.113.7"),
    "in lower case": ("x-forwarded-for", "127.0.0.1"),
    "X-Forwarded-Host": ("X-Forwarded-Host", "localhost"),
    "X-Forwarded-Proto": ("X-Forwarded-Proto", "https"),
    "X-Forwarded-Server": ("X-Forwarded-Server", "proxy"),
    "Forwarded": ("Forwarded", "for=203.0.113.7;proto=https"),
    "Via": ("Via", "1.1 proxy"),
    "X-Real-IP": ("X-Real-IP", "203.0.113.7"),
    "CF-Connecting-IP": ("CF-Connecting-IP", "203.0.113.7"),
    "True-Client-IP": ("True-Client-IP", "203.0.113.7"),
    "X-Client-IP": ("X-Client-IP", "203.0.113.7"),
    "Fastly-Client-IP": ("Fastly-Client-IP", "203.0.113.7"),
    "an empty one": ("X-Forwarded-For", ""),
}


async def gateway_of_a_box(open_gateway: OpenGateway, upstream: Upstream, extra: str = "") -> InProcess:
    """A gateway without authentication before a server that asks nobody for a key."""
    return await open_gateway(extra + gateways() + providers({"custom-box": upstream.url}))


async def sent(
    connect: Connect,
    gateway: InProcess,
    host: bytes,
    *headers: Header,
    target: str = BOX,
    body: bytes = b"{}",
) -> Answer:
    """The answer to a call with exactly this `Host` line."""
    client = await connect(gateway.url)
    await client.send(request("POST", target, *headers, body=body).replace(b"Host: localhost\r\n", host))
    return await client.answer()


@pytest.mark.parametrize(
    ("target", "body"),
    [
        (BOX, b"{}"),
        (COMPAT, b'{"model":"custom-box/m"}'),
        (UNIVERSAL, steps(("custom-box", "api/chat", {}))),
        ("/v1/acct/gw/nobody/x", b"{}"),
        ("/v1/acct/gw/compat/models", b"{}"),
    ],
)
async def test_no_way_in_under_another_name(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, target: str, body: bytes
) -> None:
    gateway = await gateway_of_a_box(open_gateway, upstream)
    page = (("Origin", "http://evil.example:8787"), ("Sec-Fetch-Site", "same-origin"), ("x-api-key", "any"))
    answer = await sent(connect, gateway, FOREIGN, *page, target=target, body=body)
    is_envelope(answer, 401, 2009)
    assert "own_hosts" in answer.json()["description"]
    assert upstream.requests == []
    for kept in (("cf-aig-cache-ttl", "60"), ("Idempotency-Key", "one")):
        is_envelope(await sent(connect, gateway, FOREIGN, *page, kept, target=target, body=body), 401, 2009)
    assert upstream.connections == 0
    assert (await sent(connect, gateway, b"Host: LOCALHOST:8787\r\n")).status == 200


@pytest.mark.parametrize("header", FORWARDED.values(), ids=FORWARDED.keys())
async def test_what_a_proxy_passed_on_is_no_program_of_this_machine(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, header: Header
) -> None:
    gateway = await gateway_of_a_box(open_gateway, upstream)
    is_envelope(await sent(connect, gateway, b"Host: 127.0.0.1\r\n", header), 401, 2009)
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        (b"Host: ai.example\r\n", (), 200),
        (b"Host: AI.Example\r\n", (("X-Forwarded-For", "203.0.113.7"),), 200),
        (b"Host: ai.example\r\n", (("X-Forwarded-Host", "ai.example"), ("Via", "1.1 proxy")), 200),
        (b"Host: ai.example\r\n", (("Forwarded", 'for=1.2.3.4;host="ai.example"'),), 200),
        (b"Host: 10.0.0.5:8787\r\n", (), 200),
        (b"Host: ai.example\r\n", (("X-Forwarded-Host", "evil.example"),), 401),
        (b"Host: ai.example\r\n", (("X-Forwarded-Host", "ai.example, evil.example"),), 401),
        (b"Host: ai.example\r\n", (("Forwarded", "for=1.2.3.4; Host=evil.example"),), 401),
        (b"Host: ai.example\r\n", (("Origin", "https://evil.example"),), 401),
        (b"Host: 10.0.0.6:8787\r\n", (), 401),
        (b"Host: localhost\r\n", (("X-Forwarded-Host", "ai.example"),), 401),
    ],
)
async def test_names_of_the_operator_behind_a_proxy(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    host: bytes,
    headers: tuple[Header, ...],
    status: int,
) -> None:
    gateway = await gateway_of_a_box(open_gateway, upstream, OWN)
    assert (await sent(connect, gateway, host, *headers)).status == status
    assert len(upstream.requests) == (status == 200)


async def test_who_shows_a_token_comes_from_anywhere(
    tmp_path: Path, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access = Access(tmp_path / "gateway-0" / "data")
    token, dead = access.token(), access.token(permissions=("read",))
    gateway = await gateway_of_a_box(open_gateway, upstream)
    away = (("X-Forwarded-For", "203.0.113.7"), ("Origin", "https://evil.example"))
    for shown in (bearer(token), ("Authorization", f"Bearer {token}"), ("x-api-key", token)):
        assert (await sent(connect, gateway, FOREIGN, *away, shown)).status == 200
    is_envelope(await sent(connect, gateway, FOREIGN, *away, bearer(dead)), 401, 2009)
    assert len(upstream.requests) == 3


NOWHERE = (
    "nosuch/openai/x",
    "nosuch/nosuch/x",
    "nosuch/",
    "gw2/custom-box/api/chat",
    "",
    "//gw/x",
    "%61cct/gw/x",
)


@pytest.mark.parametrize("extra", ["", gateways(locked={"authentication": True})], ids=["alone", "mixed"])
async def test_a_page_of_another_site_learns_no_names(
    tmp_path: Path, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, extra: str
) -> None:
    """What there is and what there is not look the same; programs of this machine, and good tokens, are told."""
    access = Access(tmp_path / "gateway-0" / "data")
    token, other = access.token(), access.token(accounts=("elsewhere",))
    gateway = await gateway_of_a_box(open_gateway, upstream, extra)
    refused = (await sent(connect, gateway, FOREIGN)).json()
    for path in NOWHERE:
        target = f"/v1/{path}"
        for shown in ((), (bearer("pst_0_0"),), (bearer(other),), (("cf-aig-collect-log", "true"),)):
            answer = await sent(connect, gateway, FOREIGN, *shown, target=target)
            is_envelope(answer, 401, 2009)
            assert answer.json() == refused, target
            assert answer.header("cf-aig-log-id") is None
        assert (await sent(connect, gateway, b"Host: localhost\r\n", target=target)).status == 400
        assert (await sent(connect, gateway, FOREIGN, bearer(token), target=target)).status == 400
    answer = await sent(
        connect, gateway, FOREIGN, ("cf-aig-event-id", "mine"), target="/v1/nosuch/gw/openai/x"
    )
    assert (answer.header("cf-aig-event-id"), answer.header("cf-aig-log-id")) == ("mine", None)
    asked = ("cf-aig-collect-log", "true")
    answer = await sent(connect, gateway, b"Host: localhost\r\n", asked, target="/v1/nosuch/gw/openai/x")
    is_envelope(answer, 400, 2001)
    assert answer.header("cf-aig-log-id") is None
    assert (await gateway.row()).status_code == 401  # the first one, of a gateway that there is
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("authority", "status"),
    [(b"127.0.0.1:8787", 200), (b"LocalHost", 200), (b"evil.example", 401), (b"127.0.0.1.nip.io:8787", 401)],
)
@pytest.mark.parametrize("header", [b"Host: localhost\r\n", FOREIGN])
async def test_the_host_of_a_url_goes_before_the_header(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    authority: bytes,
    status: int,
    header: bytes,
) -> None:
    gateway = await gateway_of_a_box(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(b"GET http://" + authority + BOX.encode() + b" HTTP/1.1\r\n" + header + b"\r\n")
    assert (await client.answer()).status == status
    assert [seen.target for seen in upstream.requests] == [b"/api/chat"] * (status == 200)


async def test_a_page_of_ours_says_why_to_programs_of_this_machine_only(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_of_a_box(open_gateway, upstream)
    client = await connect(gateway.url)
    here = request("GET", "/readyz")
    for data in (
        here.replace(b"Host: localhost\r\n", FOREIGN),
        request("GET", "/readyz", ("Origin", "http://evil.example")),
        request("GET", "/readyz", ("X-Forwarded-For", "203.0.113.7")),
    ):
        await client.send(data)
        assert set((await client.answer()).json()) == {"status"}
    await client.send(here)
    told = {"status", "checks", "reasons", "unwritten_records", "degraded", "set_aside"}
    assert set((await client.answer()).json()) == told


async def test_programs_may_call_by_name(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The gateway's address as clients write it, without and with a port."""
    gateway = await gateway_of_a_box(open_gateway, upstream)
    for name in ("127.0.0.1", "127.0.0.1:8787", "localhost", "localhost:8787", "[::1]", "[::1]:8787"):
        assert (await sent(connect, gateway, f"Host: {name}\r\n".encode())).status == 200
