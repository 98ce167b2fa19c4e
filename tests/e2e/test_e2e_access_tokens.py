"""Tokens of the directory: who may call, where, and until when (Cloudflare 3.12, 2.6, A12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from penstock.access.tokens import id_of
from penstock.stores.control_store import Permission
from support.access import ACCOUNT, CHAT, Access, bearer, take_up
from support.checks import check_error, check_ids
from support.client import Answer, Header, request
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.upstream import Upstream

KEY = "sk-vendor-0123456789abcdef"
VENDOR = ("Authorization", f"Bearer {KEY}")
ADMIN = "the-admin-token-of-the-environment"
DAY = 86400.0


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


def secured(url: str, *slugs: str) -> str:
    """Two gateways that ask for a token, and one that does not."""
    asks = {"authentication": True}
    return gateways(gw=asks, other=asks, default={}) + providers(dict.fromkeys(("openai", *slugs), url))


async def ask(
    connect: Connect, gateway: InProcess, *headers: Header, target: str = CHAT, body: bytes = b"{}"
) -> Answer:
    return await (await connect(gateway.url)).ask("POST", target, *headers, body=body)


def refused(answer: Answer) -> None:
    check_error(answer, 401, 2009, "Unauthorized")


async def test_refusal_is_the_contracts_body(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.token()
    gateway = await open_gateway(secured(upstream.url))
    answer = await ask(connect, gateway, VENDOR)
    wanted = {
        "success": False,
        "result": [],
        "messages": [],
        "error": [{"code": 2009, "message": "Unauthorized"}],
        "name": "AiGatewayError",
        "httpCode": 401,
        "internalCode": 2009,
    }
    assert answer.status == 401
    assert wanted.items() <= answer.json().items()
    row = await gateway.row()
    assert row.id == check_ids(answer)
    assert (row.status_code, row.error_code, row.outcome) == (401, 2009, "refused")
    assert (row.authentication, row.token) == (False, None)
    assert upstream.connections == 0


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER   {}", "{}", "  Bearer {}  "])
async def test_token_in_the_gateways_own_header(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, form: str
) -> None:
    token = access.token(user="ada", team="research")
    gateway = await open_gateway(secured(upstream.url))
    answer = await ask(connect, gateway, ("cf-aig-authorization", form.format(token)), VENDOR)
    assert answer.status == 200
    seen = await upstream.only()
    assert seen.header("authorization") == f"Bearer {KEY}".encode()
    assert [name for name in seen.names if name.startswith(b"cf-aig-")] == []
    row = await gateway.row()
    assert (row.authentication, row.token, row.user, row.team) == (True, id_of(token), "ada", "research")


@pytest.mark.parametrize(
    ("slug", "name", "form"),
    [
        ("openai", "Authorization", "Bearer {}"),
        ("openai", "authorization", "{}"),
        ("openai", "x-api-key", "{}"),
        ("anthropic", "x-api-key", "{}"),
        ("google-ai-studio", "x-goog-api-key", "{}"),
        ("azure-openai", "api-key", "{}"),
        ("elevenlabs", "xi-api-key", "{}"),
        ("deepgram", "token", "{}"),
        ("deepgram", "Authorization", "Token {}"),
        ("fal", "Authorization", "Key {}"),
        ("replicate", "Authorization", "Token {}"),
        ("baseten", "Authorization", "Api-Key {}"),
        ("parallel", "x-api-key", "{}"),
        ("parallel", "Authorization", "Bearer {}"),
    ],
)
@pytest.mark.parametrize("admin", [False, True])
async def test_token_alone_where_the_providers_credential_stands(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    slug: str,
    name: str,
    form: str,
    admin: bool,
) -> None:
    """As each vendor's own library sends what it takes for the vendor's key."""
    token = ADMIN if admin else access.token()
    environ = {"PENSTOCK_ADMIN_TOKEN": ADMIN} if admin else None
    gateway = await open_gateway(secured(upstream.url, slug), environ)
    target = f"/v1/{ACCOUNT}/gw/{slug}/v1/res/dep/x"
    answer = await ask(connect, gateway, (name, form.format(token)), target=target)
    assert answer.status == 200
    seen = await upstream.only()
    assert token.encode() not in seen.head
    assert name.lower().encode() not in seen.names
    row = await gateway.row()
    assert (row.authentication, row.token) == (True, None if admin else id_of(token))


async def test_token_in_the_query_where_google_has_its_key(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Not a place for the gateway's token; it must not be told to the vendor all the same."""
    token = access.token()
    gateway = await open_gateway(secured(upstream.url, "google-ai-studio"))
    target = f"/v1/{ACCOUNT}/default/google-ai-studio/v1beta/models/m:generateContent?key={token}&alt=sse"
    await ask(connect, gateway, target=target)
    assert all(token.encode() not in seen.head for seen in upstream.requests)
    assert token not in repr(await gateway.calls(1))


@pytest.mark.parametrize("own", [True, False])
async def test_both_headers_at_once(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, own: bool
) -> None:
    """A token in either is enough, and one in the other does not go out."""
    first, second = access.token("first"), access.token("second")
    gateway = await open_gateway(secured(upstream.url))
    shown = bearer(first) if own else bearer("pst_no_such")
    answer = await ask(connect, gateway, shown, ("Authorization", f"Bearer {second}"))
    assert answer.status == 200
    head = (await upstream.only()).head
    assert first.encode() not in head
    assert second.encode() not in head
    assert (await gateway.row()).token == id_of(first if own else second)


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        (("run",), 200),
        (("read",), 401),
        (("edit",), 401),
        (("metadata_read",), 401),
        (("read", "edit", "metadata_read"), 401),
        (("read", "run"), 200),
    ],
)
async def test_a_call_needs_the_permission_run(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    permissions: tuple[Permission, ...],
    status: int,
) -> None:
    token = access.token(permissions=permissions)
    gateway = await open_gateway(secured(upstream.url))
    answer = await ask(connect, gateway, bearer(token), VENDOR)
    assert answer.status == status
    assert len(upstream.requests) == (status == 200)
    if status == 401:
        refused(answer)


@pytest.mark.parametrize(
    ("accounts", "names", "gw", "other"),
    [
        ((), (), 200, 200),
        (("acct",), (), 200, 200),
        (("else",), (), 401, 401),
        ((), ("gw",), 200, 401),
        ((), ("acct/other",), 401, 200),
        ((), ("else/gw",), 401, 401),
        (("else",), ("gw",), 401, 401),
        ((), ("gw", "other"), 200, 200),
    ],
)
async def test_accounts_and_gateways(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    accounts: tuple[str, ...],
    names: tuple[str, ...],
    gw: int,
    other: int,
) -> None:
    token = access.token(accounts=accounts, gateways=names)
    gateway = await open_gateway(secured(upstream.url))
    found = [
        (await ask(connect, gateway, bearer(token), VENDOR, target=CHAT.replace("/gw/", f"/{name}/"))).status
        for name in ("gw", "other")
    ]
    assert found == [gw, other]


async def test_gateway_without_authentication_takes_anybody(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A good token is noted, a wrong one does no harm, and neither goes out."""
    token = access.token(user="ada")
    gateway = await open_gateway(secured(upstream.url))
    target = CHAT.replace("/gw/", "/default/")
    for headers in ((), (bearer(token),), (bearer("pst_wrong"),), (bearer("nonsense"),)):
        assert (await ask(connect, gateway, *headers, VENDOR, target=target)).status == 200
    rows = await gateway.rows(4)
    assert [row.authentication for row in rows] == [False, True, False, False]
    assert [row.user for row in rows] == [None, "ada", None, None]
    assert {seen.header("authorization") for seen in upstream.requests} == {f"Bearer {KEY}".encode()}


async def test_expiry(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token(expires=DAY)
    gateway = await open_gateway(secured(upstream.url))
    gateway.advance(DAY - 60)
    assert (await ask(connect, gateway, bearer(token), VENDOR)).status == 200
    gateway.advance(120)
    refused(await ask(connect, gateway, bearer(token), VENDOR))
    refused(await ask(connect, gateway, ("Authorization", f"Bearer {token}")))
    assert len(upstream.requests) == 1


async def test_rotation_with_overlap(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    old = access.token()
    gateway = await open_gateway(secured(upstream.url))
    new = access.rotate(old, overlap=DAY)
    refused(await ask(connect, gateway, bearer(new), VENDOR))  # not taken up yet
    take_up(gateway)
    for token in (old, new):
        assert (await ask(connect, gateway, bearer(token), VENDOR)).status == 200
    gateway.advance(DAY + 60)
    refused(await ask(connect, gateway, bearer(old), VENDOR))
    assert (await ask(connect, gateway, bearer(new), VENDOR)).status == 200
    rows = await gateway.rows(5)
    assert {row.token for row in rows if row.status_code == 200} == {id_of(old)} == {id_of(new)}


async def test_rotation_without_overlap_and_revocation(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    old, bystander = access.token(), access.token("bystander")
    gateway = await open_gateway(secured(upstream.url))
    new = access.rotate(old, overlap=0)
    take_up(gateway)
    refused(await ask(connect, gateway, bearer(old), VENDOR))
    assert (await ask(connect, gateway, bearer(new), VENDOR)).status == 200
    access.revoke(new)
    take_up(gateway)
    refused(await ask(connect, gateway, bearer(new), VENDOR))
    assert (await ask(connect, gateway, bearer(bystander), VENDOR)).status == 200


async def test_revocation_holds_on_a_connection_that_stands(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token()
    access.token("bystander")
    gateway = await open_gateway(secured(upstream.url))
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, bearer(token), VENDOR, body=b"{}")).status == 200
    access.revoke(token)
    take_up(gateway)
    refused(await client.ask("POST", CHAT, bearer(token), VENDOR, body=b"{}"))


async def test_the_last_token_revoked_still_does_not_go_out(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """What looks like a token of the gateway's is never told to a provider, whoever is known just now."""
    token = access.token()
    gateway = await open_gateway(openai(upstream.url))
    access.revoke(token)
    take_up(gateway)
    await ask(connect, gateway, ("Authorization", f"Bearer {token}"))
    assert all(token.encode() not in seen.head for seen in upstream.requests)


async def test_admin_token_of_the_environment(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token()
    gateway = await open_gateway(secured(upstream.url), {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    for shown in (bearer(ADMIN), ("cf-aig-authorization", ADMIN), bearer(token)):
        assert (await ask(connect, gateway, shown, VENDOR)).status == 200
    assert (await ask(connect, gateway, ("Authorization", f"Bearer {ADMIN}"))).status == 200
    for wrong in (ADMIN[:-1], ADMIN + "x", ADMIN.upper()):
        refused(await ask(connect, gateway, bearer(wrong), VENDOR))
    assert all(ADMIN.encode() not in seen.head for seen in upstream.requests)
    assert [row.token for row in (await gateway.rows(7))[:3]] == [None, None, id_of(token)]


async def test_gateway_id_left_out_and_unknown(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Without an id it is `default` (Cloudflare 1.2); an unknown one is 2001 with or without a token."""
    token = access.token(gateways=("default",))
    gateway = await open_gateway(secured(upstream.url))
    answer = await ask(connect, gateway, bearer(token), VENDOR, target=f"/v1/{ACCOUNT}/openai/x")
    assert answer.status == 200
    row = await gateway.row()
    assert (row.gateway, row.token) == ("default", id_of(token))
    for headers in ((), (bearer(token),)):
        lost = await ask(connect, gateway, *headers, target=f"/v1/{ACCOUNT}/nosuch/openai/x")
        check_error(lost, 400, 2001, "Please configure AI Gateway in the Cloudflare dashboard")


async def test_refused_on_unified_and_universal_calls(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.token()
    gateway = await open_gateway(secured(upstream.url))
    client = await connect(gateway.url)
    for target in (f"/v1/{ACCOUNT}/gw/compat/chat/completions", f"/v1/{ACCOUNT}/gw"):
        await client.send(request("POST", target, VENDOR, body=b"not even JSON"))
        refused(await client.answer())
    assert upstream.connections == 0
