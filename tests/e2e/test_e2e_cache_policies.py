"""A hit among the other policies: who may have it, what it counts for, what makes it void (Cloudflare 3.1, 3.2)."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from recall_kit import (
    QUESTION,
    add_token,
    cache_status,
    caching,
    caller,
    numbering,
    store,
    take_up,
)

from conftest import Connect, OpenGateway
from penstock.access.vault import NONCE_BYTES, Vault
from penstock.settings import load
from penstock.stores.control_store import Add, CustomProvider, ProviderKey, RateLimit, Replace
from support.canned import chat_reply
from support.checks import check_error
from support.client import Header
from support.configuration import gateways, openai, providers
from support.gateway import prepare
from support.inprocess import InProcess
from support.upstream import Upstream

MASTER = bytes(range(32))
OWN_KEY = ("cf-aig-cache-key", "mine")
FOREIGN: tuple[Header, ...] = (("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"))


# -- limits hold on a hit


async def test_a_hit_counts_for_the_rate(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Cloudflare 6.1 G5: counted before the cache is asked."""
    text = caching(upstream.url, rate_limiting_limit=2, rate_limiting_interval=60)
    gateway = await open_gateway(text)
    client = await caller(gateway, connect)
    assert [cache_status(await client.ask()) for _ in range(2)] == ["MISS", "HIT"]
    refused = await client.ask()
    check_error(refused, 429, 2003, "Rate limited")
    assert cache_status(refused) is None
    assert len(upstream.requests) == 1
    assert [row.cached for row in await gateway.rows(3)] == [False, True, False]


async def test_a_hit_counts_for_the_rate_of_a_virtual_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(caching(upstream.url))
    token = add_token(gateway, 1, rate_limit=RateLimit(2, 60))
    client = await caller(gateway, connect)
    assert [cache_status(await client.ask(token)) for _ in range(2)] == ["MISS", "HIT"]
    check_error(await client.ask(token), 429, 2003, "Rate limited")
    assert cache_status(await client.ask()) == "HIT"


@pytest.mark.parametrize("restriction", [{"providers": ("anthropic",)}, {"models": ("openai/gpt-4*",)}])
@pytest.mark.parametrize("own", [(), (OWN_KEY,)])
async def test_what_a_virtual_key_may_not_call_it_does_not_get_from_the_cache(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    restriction: dict[str, object],
    own: tuple[Header, ...],
) -> None:
    gateway = await open_gateway(caching(upstream.url))
    free, bound = add_token(gateway, 1), add_token(gateway, 2, **restriction)
    client = await caller(gateway, connect)
    assert [cache_status(await client.ask(free, *own)) for _ in range(2)] == ["MISS", "HIT"]
    refused = await client.ask(bound, *own)
    assert (refused.status, refused.json()["internalCode"]) == (403, 9403)
    assert cache_status(refused) is None


async def test_who_may_not_call_gets_nothing_from_the_cache(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(caching(upstream.url, authentication=True))
    token = add_token(gateway, 1)
    client = await caller(gateway, connect)
    await client.ask(token)
    check_error(await client.ask(), 401, 2009, "Unauthorized")
    assert cache_status(await client.ask(token)) == "HIT"


async def test_an_exhausted_spend_limit_does_not_keep_a_hit_back(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Cloudflare 3.1: a hit costs nothing."""
    rule = '{limit=0.00001, limitType="cost", window=3600}'
    text = (
        gateways(gw={"cache_ttl": 60})
        + f"[accounts.acct.gateways.gw.spend_limits]\nenabled = true\nrules = [{rule}]\n"
        + providers({"openai": upstream.url})
    )
    gateway = await open_gateway(text)
    client = await caller(gateway, connect)
    upstream.will(chat_reply())
    cost = ("cf-aig-custom-cost", '{"per_token_in":1,"per_token_out":1}')
    small = json.dumps({**json.loads(QUESTION), "max_tokens": 1}).encode()
    assert cache_status(await client.ask(cost, body=small)) == "MISS"
    refused = await client.ask(cost, body=b'{"model":"gpt-5"}')
    assert (refused.status, refused.json()["internalCode"]) == (429, 2045)
    assert cache_status(await client.ask(cost, body=small)) == "HIT"


# -- whose credential


async def test_a_gateway_token_in_the_place_of_a_vendor_key_is_none(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Callers without a vendor key of their own share what they get."""
    gateway = await open_gateway(caching(upstream.url))
    tokens = [add_token(gateway, number)[1].removeprefix("Bearer ") for number in (1, 2)]
    client = await caller(gateway, connect)
    statuses = [cache_status(await client.ask(key=text)) for text in (*tokens, "")]
    assert statuses == ["MISS", "HIT", "HIT"]
    assert cache_status(await client.ask(key="sk-1")) == "MISS"


@pytest.mark.parametrize("own", [(), (OWN_KEY,)])
async def test_every_credential_counts(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, own: tuple[Header, ...]
) -> None:
    """A library that must have a key sends `none` in one header, and the real one in another."""
    text = gateways(gw={"cache_ttl": 60}) + providers({"anthropic": upstream.url})
    client = await caller(await open_gateway(text), connect)
    path = "/v1/acct/gw/anthropic/v1/messages"

    async def status(*headers: Header) -> str | None:
        return cache_status(await client.ask(*headers, *own, path=path, key="none"))

    assert await status(("x-api-key", "sk-ant-1")) == "MISS"
    assert await status(("x-api-key", "sk-ant-1")) == "HIT"
    assert await status(("x-api-key", "sk-ant-2")) == "MISS"
    assert await status() == "MISS"
    first = cache_status(await client.ask(("x-api-key", "none"), *own, path=path, key="sk-a"))
    second = cache_status(await client.ask(("x-api-key", "none"), *own, path=path, key="sk-b"))
    assert (first, second) == ("MISS", "MISS")


@pytest.mark.parametrize("own", [(), (OWN_KEY,)])
async def test_a_credential_in_the_query_counts(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, own: tuple[Header, ...]
) -> None:
    text = gateways(gw={"cache_ttl": 60}) + providers({"google-ai-studio": upstream.url})
    client = await caller(await open_gateway(text), connect)
    path = "/v1/acct/gw/google-ai-studio/v1beta/models/m:generateContent"

    async def status(query: str) -> str | None:
        return cache_status(await client.ask(*own, path=path + query, key=""))

    assert [await status("?key=AIza-1"), await status("?key=AIza-1")] == ["MISS", "HIT"]
    others = [
        "?key=AIza-2",
        "",
        "?key=%E2%82%AC",
        "?key=%FF",
        "?a=%zz&key=1",
        "?key=AIza-1%0Aauthorization:x",
    ]
    assert [await status(query) for query in others] == ["MISS"] * len(others)


@pytest.mark.parametrize("own", [(), (OWN_KEY,)])
@pytest.mark.parametrize("name", ["x-api-key", "api-key", "Cookie"])
async def test_credentials_for_a_provider_of_ones_own_count(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, own: tuple[Header, ...], name: str
) -> None:
    """Nobody knows where it takes them."""
    text = gateways(gw={"cache_ttl": 60, "forward_cookies": True}) + providers({"custom-own": upstream.url})
    client = await caller(await open_gateway(text), connect)
    path = "/v1/acct/gw/custom-own/v1/chat/completions"
    found = [
        cache_status(await client.ask((name, value), *own, path=path, key="")) for value in ("k1", "k1", "k2")
    ]
    assert found == ["MISS", "HIT", "MISS"]


def _with_stored_key(gateway: InProcess, monkeypatch: pytest.MonkeyPatch, alias: str = "default") -> None:
    """Stores a key for openai in the gateway's directory."""
    monkeypatch.setenv("PENSTOCK_MASTER_KEY", MASTER.hex())
    bare = ProviderKey(
        id=alias,
        account="acct",
        gateway="",
        provider="openai",
        alias=alias,
        sealed=b"",
        preview="…",
        created_us=1,
        modified_us=1,
    )
    nonce = alias.encode().ljust(NONCE_BYTES)[:NONCE_BYTES]
    sealed = Vault(MASTER).seal(f"sk-stored-{alias}".encode(), bare.seal_context, nonce)
    store(gateway).apply([Add(msgspec.structs.replace(bare, sealed=sealed))])
    take_up(gateway)


async def test_a_page_of_another_site_reads_no_answers_of_stored_keys(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may not use the stored key, so it may not have what others got with it either."""
    gateway = await open_gateway(caching(upstream.url))
    _with_stored_key(gateway, monkeypatch)
    token = add_token(gateway, 1)
    client = await caller(gateway, connect)
    assert cache_status(await client.ask(token, key="")) == "MISS"
    assert (await upstream.only()).header("authorization") == b"Bearer sk-stored-default"
    refused = await client.ask(*FOREIGN, key="")
    assert (refused.status, cache_status(refused)) == (401, None)
    check_error(refused, 401, 2009, "Unauthorized")
    assert cache_status(await client.ask(token, key="")) == "HIT"


async def test_stored_keys_of_two_names_do_not_share(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await open_gateway(caching(upstream.url))
    for alias in ("default", "team"):
        _with_stored_key(gateway, monkeypatch, alias)
    token, team = add_token(gateway, 1), ("cf-aig-byok-alias", "team")
    client = await caller(gateway, connect)
    assert cache_status(await client.ask(token, key="")) == "MISS"
    assert cache_status(await client.ask(token, team, key="")) == "MISS"
    assert [seen.header("authorization") for seen in upstream.requests] == [
        b"Bearer sk-stored-default",
        b"Bearer sk-stored-team",
    ]
    assert cache_status(await client.ask(token, team, key="")) == "HIT"
    # With a key of one's own the stored one is not used, whatever its name.
    assert cache_status(await client.ask(token, team, key="sk-1")) == "MISS"
    gone = await client.ask(token, ("cf-aig-byok-alias", "nobody"), key="")
    assert gone.status == 400


# -- what makes answers void


async def _reconfigured(gateway: InProcess, folder: Path, text: str) -> None:
    """The gateway takes up another configuration file."""
    overrides = {"server.data": str(gateway.data)}
    gateway.settings = load(prepare(folder / "changed", text), environ={}, overrides=overrides)
    take_up(gateway)


@pytest.mark.parametrize(("flag", "expected"), [(True, "MISS"), (False, "HIT")])
@pytest.mark.parametrize("own", [(), (OWN_KEY,)])
async def test_cache_invalidate_on_update(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    flag: bool,
    expected: str,
    own: tuple[Header, ...],
) -> None:
    gateway = await open_gateway(caching(upstream.url, cache_invalidate_on_update=flag))
    client = await caller(gateway, connect)
    await client.ask(*own)
    take_up(gateway)
    assert cache_status(await client.ask(*own)) == "HIT"
    changed = caching(upstream.url, cache_invalidate_on_update=flag, retry_max_attempts=2)
    await _reconfigured(gateway, tmp_path, changed)
    assert cache_status(await client.ask(*own)) == expected


async def test_a_cache_that_is_switched_off_answers_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    gateway = await open_gateway(caching(upstream.url))
    client = await caller(gateway, connect)
    await client.ask()
    await _reconfigured(gateway, tmp_path, openai(upstream.url))
    assert cache_status(await client.ask()) is None
    assert len(upstream.requests) == 2


@pytest.mark.parametrize("own", [(), (OWN_KEY,)])
async def test_a_changed_custom_provider_makes_its_answers_void(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, own: tuple[Header, ...]
) -> None:
    """Cloudflare 3.2: a change of a custom provider drops that provider's entries."""
    numbering(upstream)
    gateway = await open_gateway(gateways(gw={"cache_ttl": 60}))
    mine = CustomProvider(
        id="p1",
        account="acct",
        slug="mine",
        name="mine",
        base_url=f"{upstream.url}/one",
        enable=True,
        allow_private=True,
        created_us=1,
        modified_us=1,
    )
    store(gateway).apply([Add(mine)])
    take_up(gateway)
    client = await caller(gateway, connect)
    path = "/v1/acct/gw/custom-mine/chat/completions"
    assert [cache_status(await client.ask(*own, path=path)) for _ in range(2)] == ["MISS", "HIT"]
    changed = msgspec.structs.replace(mine, base_url=f"{upstream.url}/two", modified_us=2)
    store(gateway).apply([Replace(mine, changed)])
    take_up(gateway)
    answer = await client.ask(*own, path=path)
    assert (cache_status(answer), answer.json()) == ("MISS", {"number": 2})
    assert [seen.target.split(b"/")[1] for seen in upstream.requests] == [b"one", b"two"]


async def test_a_provider_of_the_file_with_other_headers_is_another(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    gateway = await open_gateway(caching(upstream.url))
    token = add_token(gateway, 1)
    client = await caller(gateway, connect)
    await client.ask(token)
    await _reconfigured(gateway, tmp_path, caching(upstream.url, 'headers = {"x-team" = "b"}\n'))
    changed = await client.ask(token)
    assert (changed.status, cache_status(changed)) == (200, "MISS"), changed.body
    assert upstream.requests[1].header("x-team") == b"b"
