"""Stored provider keys: which credential a call goes with, under which header (Cloudflare 3.13, 1.3.3, B16)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from support.access import ACCOUNT, CHAT, COMPAT, UNIVERSAL, Access, bearer, steps, take_up
from support.checks import check_error
from support.client import Answer, Header, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Seen, Upstream

STORED = "sk-stored-0123456789abcdef"
SENT = "sk-sent-0123456789abcdef"
BASE = f"/v1/{ACCOUNT}/gw"
NO_CREDENTIALS = (400, 2040, "Configured BYOK credentials are unavailable")


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


def served(url: str, *slugs: str, **fields: object) -> str:
    """Gateways that ask for a token, before providers that are all the same server."""
    asks = {"authentication": True, **fields}
    return gateways(gw=asks, other=asks) + providers(dict.fromkeys(("openai", *slugs), url))


async def ask(
    connect: Connect,
    gateway: InProcess,
    token: str,
    *headers: Header,
    target: str = CHAT,
    body: bytes = b"{}",
) -> Answer:
    return await (await connect(gateway.url)).ask("POST", target, bearer(token), *headers, body=body)


def authorization(*seen: Seen) -> list[bytes | None]:
    return [one.header("authorization") for one in seen]


# -- precedence


async def test_a_sent_credential_goes_first(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("openai", STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    await ask(connect, gateway, token, ("Authorization", f"Bearer {SENT}"))
    await ask(connect, gateway, token)
    await ask(connect, gateway, token, ("Authorization", f"Bearer {token}"))
    await ask(connect, gateway, token, ("Authorization", "placeholder"))  # also a dummy one (Cloudflare 1.3)
    await ask(connect, gateway, token, ("Authorization", ""))
    sent, stored = f"Bearer {SENT}".encode(), f"Bearer {STORED}".encode()
    assert authorization(*upstream.requests) == [sent, stored, stored, b"placeholder", stored]
    assert [row.byok for row in await gateway.rows(5)] == [False, True, True, False, True]


@pytest.mark.parametrize(
    ("slug", "sent", "name", "value"),
    [
        ("openai", "authorization", "authorization", "Bearer {}"),
        ("anthropic", "x-api-key", "x-api-key", "{}"),
        ("anthropic", "authorization", "x-api-key", "{}"),
        ("google-ai-studio", "x-goog-api-key", "x-goog-api-key", "{}"),
        ("google-ai-studio", "authorization", "x-goog-api-key", "{}"),
        ("google-vertex-ai", "authorization", "authorization", "Bearer {}"),
        ("azure-openai", "api-key", "api-key", "{}"),
        ("azure-openai", "authorization", "api-key", "{}"),
        ("aws-bedrock", "authorization", "authorization", "Bearer {}"),
        ("baseten", "authorization", "authorization", "Bearer {}"),
        ("cartesia", "x-api-key", "x-api-key", "{}"),
        ("cohere", "authorization", "authorization", "Bearer {}"),
        ("deepgram", "authorization", "authorization", "Token {}"),
        ("deepgram", "token", "authorization", "Token {}"),
        ("elevenlabs", "xi-api-key", "xi-api-key", "{}"),
        ("fal", "authorization", "authorization", "Key {}"),
        ("groq", "authorization", "authorization", "Bearer {}"),
        ("huggingface", "authorization", "authorization", "Bearer {}"),
        ("ideogram", "api-key", "api-key", "{}"),
        ("parallel", "x-api-key", "x-api-key", "{}"),
        ("parallel", "authorization", "x-api-key", "{}"),
        ("replicate", "authorization", "authorization", "Bearer {}"),
        ("workers-ai", "authorization", "authorization", "Bearer {}"),
    ],
)
async def test_each_provider_gets_its_key_in_its_own_form(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    slug: str,
    sent: str,
    name: str,
    value: str,
) -> None:
    """And what the caller puts into any of the provider's credential headers goes first (1.3.3)."""
    access.key(slug, STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url, slug))
    target = f"{BASE}/{slug}/bedrock-runtime/us-east-1/model/m/invoke"
    assert (await ask(connect, gateway, token, target=target)).status == 200
    assert (await ask(connect, gateway, token, (sent, SENT), target=target)).status == 200
    first, second = upstream.requests
    assert first.header(name) == value.format(STORED).encode()
    assert [other for other in first.names if STORED.encode() in (first.header(other.decode()) or b"")] == [
        name.encode()
    ]
    assert second.header(sent) == SENT.encode()
    assert STORED.encode() not in second.head
    assert token.encode() not in first.head + second.head


@pytest.mark.parametrize("query", ["", "?alt=sse", "?monkey=1", "?alt=sse&api_key_hint=key%3D", "?key="])
async def test_googles_query_without_a_key(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, query: str
) -> None:
    access.key("google-ai-studio", STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url, "google-ai-studio"))
    target = f"{BASE}/google-ai-studio/v1beta/models/m:generateContent{query}"
    await ask(connect, gateway, token, target=target)
    assert (await upstream.only()).header("x-goog-api-key") == STORED.encode()


@pytest.mark.parametrize("query", [f"?key={SENT}", f"?alt=sse&key={SENT}"])
async def test_googles_query_with_a_key(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, query: str
) -> None:
    access.key("google-ai-studio", STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url, "google-ai-studio"))
    target = f"{BASE}/google-ai-studio/v1beta/models/m:generateContent{query}"
    await ask(connect, gateway, token, target=target)
    seen = await upstream.only()
    assert seen.header("x-goog-api-key") is None
    assert SENT.encode() in seen.target
    assert (await gateway.row()).byok is False


# -- aliases


async def test_alias(access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    access.key("openai", STORED)
    access.key("openai", "sk-batch-0123456789", alias="batch")
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    for alias in ("batch", "default"):
        assert (await ask(connect, gateway, token, ("cf-aig-byok-alias", alias))).status == 200
    assert authorization(*upstream.requests) == [b"Bearer sk-batch-0123456789", f"Bearer {STORED}".encode()]
    assert [name for seen in upstream.requests for name in seen.names if name.startswith(b"cf-aig")] == []


@pytest.mark.parametrize("others", [(), ("anthropic",), ("openai", "anthropic")])
@pytest.mark.parametrize("alias", ["nosuch", "DEFAULT"])
async def test_an_alias_that_is_not_there(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    others: tuple[str, ...],
    alias: str,
) -> None:
    """Also on a gateway with no stored key of this provider, or none at all."""
    for other in others:
        access.key(other, STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    answer = await ask(connect, gateway, token, ("cf-aig-byok-alias", alias))
    assert alias in check_error(answer, *NO_CREDENTIALS)
    assert STORED.encode() not in answer.raw + answer.body
    assert upstream.requests == []
    row = await gateway.row()
    assert (row.status_code, row.error_code, row.byok, row.attempts) == (400, 2040, False, 0)


async def test_alias_default_when_there_is_none(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The very case of which 2040 is known (Cloudflare 3.13)."""
    access.key("openai", STORED, alias="batch")
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    check_error(await ask(connect, gateway, token, ("cf-aig-byok-alias", "default")), *NO_CREDENTIALS)


# -- whose key


async def test_keys_of_one_gateway_and_of_an_account(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("openai", "sk-of-gw-0123456789", gateway="gw")
    access.key("anthropic", "sk-of-all-0123456789")
    access.key("openai", "sk-elsewhere-0123456789", account="else")
    token = access.token()
    gateway = await open_gateway(served(upstream.url, "anthropic"))
    for name in ("gw", "other"):
        for slug in ("openai", "anthropic"):
            await ask(connect, gateway, token, target=f"/v1/{ACCOUNT}/{name}/{slug}/v1/x")
    found = [seen.header("authorization") or seen.header("x-api-key") for seen in upstream.requests]
    assert found == [b"Bearer sk-of-gw-0123456789", b"sk-of-all-0123456789", None, b"sk-of-all-0123456789"]
    assert [row.byok for row in await gateway.rows(4)] == [True, True, False, True]


async def test_a_default_alias_of_the_gateway_goes_before_one_of_the_account(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("openai", "sk-of-all-0123456789", alias="all", is_default=True)
    access.key("openai", "sk-of-gw-0123456789", alias="mine", gateway="gw", is_default=True)
    access.key("anthropic", "sk-other-0123456789", alias="all", is_default=True)
    token = access.token()
    gateway = await open_gateway(served(upstream.url, "anthropic"))
    for name, slug in (("gw", "openai"), ("other", "openai"), ("gw", "anthropic")):
        await ask(connect, gateway, token, target=f"/v1/{ACCOUNT}/{name}/{slug}/v1/x")
    found = [seen.header("authorization") or seen.header("x-api-key") for seen in upstream.requests]
    assert found == [b"Bearer sk-of-gw-0123456789", b"Bearer sk-of-all-0123456789", b"sk-other-0123456789"]


async def test_a_key_is_taken_up_and_given_up_while_the_gateway_runs(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    await ask(connect, gateway, token)
    row_id = access.key("openai", STORED)
    take_up(gateway)
    await ask(connect, gateway, token)
    access.remove_key(row_id)
    take_up(gateway)
    await ask(connect, gateway, token)
    assert authorization(*upstream.requests) == [None, f"Bearer {STORED}".encode(), None]


# -- no purse but one's own


@pytest.mark.parametrize("gateway_says", [False, True])
@pytest.mark.parametrize("header", [None, "true", "false", "TRUE", "1"])
async def test_no_wholesale(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    gateway_says: bool,
    header: str | None,
) -> None:
    """The header can only tighten what the gateway says (Cloudflare 2.1, 2.3)."""
    token = access.token()
    gateway = await open_gateway(served(upstream.url, byok_only=gateway_says))
    said = () if header is None else (("cf-aig-no-wholesale", header),)
    strict = gateway_says or header in ("true", "TRUE")
    answer = await ask(connect, gateway, token, *said)
    if strict:
        check_error(answer, *NO_CREDENTIALS)
    assert len(upstream.requests) == (not strict)
    assert (await ask(connect, gateway, token, *said, ("Authorization", f"Bearer {SENT}"))).status == 200
    access.key("openai", STORED)
    take_up(gateway)
    assert (await ask(connect, gateway, token, *said)).status == 200
    assert authorization(*upstream.requests[-2:]) == [f"Bearer {SENT}".encode(), f"Bearer {STORED}".encode()]


async def test_no_wholesale_on_unified_and_universal_calls(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    strict = ("cf-aig-no-wholesale", "true")
    for target, body in (
        (COMPAT, b'{"model":"openai/m"}'),
        (UNIVERSAL, steps(("openai", "x", {}))),
        (
            UNIVERSAL,
            b'[{"provider":"openai","endpoint":"x","headers":{"cf-aig-no-wholesale":"false"},"query":{}}]',
        ),
    ):
        answer = await ask(connect, gateway, token, strict, target=target, body=body)
        check_error(answer, *NO_CREDENTIALS)
    assert upstream.requests == []


# -- every way to call


async def test_stored_key_on_unified_and_universal_calls(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Each step has its own provider's key; a step's own credential goes first."""
    access.key("openai", STORED)
    access.key("anthropic", "sk-ant-0123456789")
    access.key("openai", "sk-batch-0123456789", alias="batch")
    token = access.token()
    gateway = await open_gateway(served(upstream.url, "anthropic"))
    await ask(connect, gateway, token, target=COMPAT, body=b'{"model":"openai/m"}')
    upstream.will(whole(b"{}", 500), whole(b"{}", 500), whole(b"{}", 500))
    rows = [
        {"provider": "openai", "endpoint": "x", "headers": {}, "query": {}},
        {"provider": "anthropic", "endpoint": "v1/messages", "headers": {}, "query": {}},
        {
            "provider": "openai",
            "endpoint": "x",
            "headers": {"Authorization": f"Bearer {SENT}"},
            "query": {},
        },
        {"provider": "openai", "endpoint": "x", "headers": {"cf-aig-byok-alias": "batch"}, "query": {}},
    ]
    answer = await ask(connect, gateway, token, target=UNIVERSAL, body=json.dumps(rows).encode())
    assert (answer.status, answer.header("cf-aig-step")) == (200, "3")
    assert authorization(*upstream.requests) == [
        f"Bearer {STORED}".encode(),
        f"Bearer {STORED}".encode(),
        None,
        f"Bearer {SENT}".encode(),
        b"Bearer sk-batch-0123456789",
    ]
    assert upstream.requests[2].header("x-api-key") == b"sk-ant-0123456789"
    assert [row.byok for row in await gateway.rows(5)] == [True, True, True, False, True]


async def test_token_alone_and_stored_key(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A13 on the wire: what the caller's library takes for the vendor's key is the gateway's token."""
    access.key("openai", STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("Authorization", f"Bearer {token}"), body=b'{"model":"m"}'))
    assert (await client.answer()).status == 200
    seen = await upstream.only()
    assert seen.header("authorization") == f"Bearer {STORED}".encode()
    assert bytes(seen.body) == b'{"model":"m"}'
    row = await gateway.row()
    assert (row.authentication, row.byok, row.wholesale) == (True, True, False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_the_callers_affair(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    """Followed here, they would take a stored key wherever they lead."""
    access.key("openai", STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    location = f"{upstream.url}/elsewhere"
    upstream.will(whole(b"gone", status, (("Location", location),)))
    answer = await ask(connect, gateway, token)
    assert (answer.status, answer.header("location"), answer.body) == (status, location, b"gone")
    await upstream.only()


ENTRA = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJodHRwcyJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("secret", "name", "value"), [(ENTRA, "authorization", f"Bearer {ENTRA}"), (STORED, "api-key", STORED)]
)
async def test_azure_takes_keys_and_tokens_of_entra(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    secret: str,
    name: str,
    value: str,
) -> None:
    """Stored, and as callers send them."""
    access.key("azure-openai", secret)
    token = access.token()
    gateway = await open_gateway(served(upstream.url, "azure-openai"))
    target = f"{BASE}/azure-openai/res/dep/chat/completions"
    await ask(connect, gateway, token, target=target)
    await ask(connect, gateway, token, (name, value), target=target)
    other = {"authorization": "api-key", "api-key": "authorization"}[name]
    for seen in upstream.requests:
        assert (seen.header(name), seen.header(other)) == (value.encode(), None)
