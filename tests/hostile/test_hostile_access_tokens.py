"""Texts that are nearly a token, and tokens in nearly the right place: refused, and never told to a provider."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_kit import is_envelope, nothing_happened

from conftest import Connect, OpenGateway
from support.access import ACCOUNT, CHAT, UNIVERSAL, Access, bearer
from support.configuration import gateways, providers
from support.upstream import Upstream

OPEN = CHAT.replace("/gw/", "/default/")
VENDOR = "sk-vendor-0123456789abcdef"
Change = Callable[[str, str], str]

NEARLY: dict[str, Change] = {
    "shorter": lambda token, other: token[:-1],
    "longer": lambda token, other: token + "0",
    "upper case": lambda token, other: token.upper(),
    "lower case": lambda token, other: token.lower(),
    "the id alone": lambda token, other: token.rpartition("_")[0],
    "the id with another's secret": lambda token, other: (
        token.rpartition("_")[0] + "_" + other.rpartition("_")[2]
    ),
    "another's id with the secret": lambda token, other: (
        other.rpartition("_")[0] + "_" + token.rpartition("_")[2]
    ),
    "the secret alone": lambda token, other: token.rpartition("_")[2],
    "without the prefix": lambda token, other: token.removeprefix("pst_"),
    "another prefix": lambda token, other: token.replace("pst_", "pst-"),
    "two": lambda token, other: f"{token},{other}",
    "two with a blank": lambda token, other: f"{token} {other}",
    "in quotes": lambda token, other: f'"{token}"',
    "a digit of another script": lambda token, other: token[:-1] + "\xb2",
    "percent-encoded": lambda token, other: token.replace("_", "%5F"),
    "very long": lambda token, other: token + "a" * 40_000,
    "many of them": lambda token, other: f"{token[:-1]}x " * 500,
}
PLACES: dict[str, tuple[str, str]] = {
    "bare": ("Authorization", "{}"),
    "Bearer": ("Authorization", "Bearer {}"),
    "two blanks": ("Authorization", "Bearer  {}"),
    "a tab": ("Authorization", "Bearer\t{}"),
    "Bearer twice": ("Authorization", "Bearer Bearer {}"),
    "a comma after": ("Authorization", "Bearer {},"),
    "in quotes": ("Authorization", 'Bearer "{}"'),
    "as a parameter": ("Authorization", "Bearer token={}"),
    "beside a key": ("Authorization", f"Bearer {VENDOR}, {{}}"),
    "Token": ("Authorization", "Token {}"),
    "Key": ("Authorization", "Key {}"),
    "Basic": ("Authorization", "Basic {}"),
    "another vendor's header": ("x-goog-api-key", "{}"),
    "another vendor's header with a scheme": ("api-key", "Bearer {}"),
    "a cookie": ("Cookie", "session={}"),
}


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


def served(url: str) -> str:
    return gateways(gw={"authentication": True}, default={}) + providers({"openai": url})


@pytest.mark.parametrize("change", NEARLY.values(), ids=NEARLY.keys())
async def test_nearly_a_token(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, change: Change
) -> None:
    token, other = access.token("one"), access.token("two")
    gateway = await open_gateway(served(upstream.url))
    client = await connect(gateway.url)
    text = change(token, other)
    for name, value in (("cf-aig-authorization", f"Bearer {text}"), ("Authorization", f"Bearer {text}")):
        answer = await client.ask("POST", CHAT, (name, value), body=b"{}")
        is_envelope(answer, 401, 2009)
        assert text[:50].encode("latin-1") not in answer.body
    await nothing_happened(gateway, upstream)
    secrets = [one.rpartition("_")[2] for one in (token, other)]
    logged = repr(await gateway.calls(2))
    assert all(secret not in logged for secret in secrets)


@pytest.mark.parametrize(("name", "form"), PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("live", [True, False])
async def test_a_token_in_any_place_for_credentials_is_not_told_to_the_provider(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    name: str,
    form: str,
    live: bool,
) -> None:
    """Whether the call is then refused or goes out without it; also one that ended yesterday."""
    token = access.token(expires=None if live else 1)
    gateway = await open_gateway(served(upstream.url))
    gateway.advance(60)
    client = await connect(gateway.url)
    await client.ask("POST", OPEN, (name, form.format(token)), body=b"{}")
    assert all(token.encode() not in seen.head for seen in upstream.requests)
    assert token not in repr(await gateway.calls(1))


async def test_a_token_in_a_steps_header_is_not_told_to_the_provider(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    client = await connect(gateway.url)
    for members in (f'"authorization":"Bearer {token}"', f'"headers":{{"X-API-Key":"{token}"}}'):
        step = f'[{{"provider":"openai","endpoint":"x","query":{{}},{members}}}]'
        answer = await client.ask("POST", UNIVERSAL, bearer(token), body=step.encode())
        assert answer.status == 200
    assert len(upstream.requests) == 2
    assert all(token.encode() not in seen.head for seen in upstream.requests)


async def test_the_token_is_not_taken_from_where_it_has_no_meaning(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Neither path, body, nor a header that only sounds right."""
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    client = await connect(gateway.url)
    is_envelope(await client.ask("POST", f"{CHAT}/{token}", body=b"{}"), 401, 2009)
    for name in ("cf-aig-token", "cf-access-token", "x-authorization", "proxy-authorization", "x-cf-aig"):
        is_envelope(await client.ask("POST", CHAT, (name, f"Bearer {token}"), body=b"{}"), 401, 2009)
    is_envelope(await client.ask("POST", CHAT, body=f'{{"token":"{token}"}}'.encode()), 401, 2009)
    await nothing_happened(gateway, upstream)


@pytest.mark.parametrize("query", ["?token={}", "?a=1&key={}&b=%20", "?cf-aig-authorization={}"])
async def test_a_token_in_the_query_is_not_told_to_the_provider(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, query: str
) -> None:
    """What else is in the query stays as it is."""
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    client = await connect(gateway.url)
    await client.ask("POST", OPEN + query.format(token), body=b"{}")
    assert token not in repr(await gateway.calls(1))
    for seen in upstream.requests:
        assert token.encode() not in seen.target
        assert all(part in seen.target for part in (b"a=1", b"b=%20") if part in query.encode())


@pytest.mark.parametrize("text", ["pst_time", "my_pst_file", "pst_", "utc_to_pst_and_back", "PST_x"])
async def test_what_only_looks_a_little_like_a_token_passes(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, text: str
) -> None:
    """Query and credentials go on as they came (Cloudflare 1.3), whatever letters they have."""
    access.token()
    fields = {"forward_cookies": True}
    gateway = await open_gateway(gateways(default=fields) + providers({"openai": upstream.url}))
    client = await connect(gateway.url)
    headers = (("Authorization", f"Bearer sk-{text}-0123456789"), ("Cookie", f"zone={text}; a=b"))
    answer = await client.ask("POST", f"{OPEN}?q={text}&a=b", *headers, body=b"{}")
    assert answer.status == 200
    seen = await upstream.only()
    assert seen.target.endswith(f"?q={text}&a=b".encode())
    assert seen.header("authorization") == headers[0][1].encode()
    assert seen.header("cookie") == headers[1][1].encode()


async def test_many_tokens_and_callers(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Each is known by its own id: no caller is taken for another, on one connection or several."""
    tokens = [access.token(user=f"user-{number}") for number in range(8)]
    gateway = await open_gateway(served(upstream.url))
    shared = await connect(gateway.url)
    for token in [*tokens, *reversed(tokens)]:
        assert (await shared.ask("POST", CHAT, bearer(token), body=b"{}")).status == 200
    rows = await gateway.rows(16)
    names = [f"user-{number}" for number in range(8)]
    assert [row.user for row in rows] == [*names, *reversed(names)]
    assert {row.account for row in rows} == {ACCOUNT}
