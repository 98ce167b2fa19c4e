"""The official Cloudflare library against a server of its own: gateways, keys, providers, billing (D1-D3, D9-D12).

Nothing of the library is changed but address and token, and answers are checked strictly against its types.
What it does with logs, datasets, evaluations and routes is in `test_e2e_management_logs.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
from cloudflare import (
    AsyncCloudflare,
    AuthenticationError,
    BadRequestError,
    Cloudflare,
    NotFoundError,
    PermissionDeniedError,
)
from cloudflare._resource import AsyncAPIResource, SyncAPIResource

from conftest import Connect, Serve
from support.access import Access, bearer
from support.gateway import Gateway
from support.upstream import Upstream
from support.waiting import comes

ADMIN = "an-admin-token-for-tests"
ACCOUNT = "acct"
SECRET = "sk-live-0123456789abcdef"

HERE = {
    "billing.credit_balance",
    "billing.invoice_history",
    "billing.invoice_preview",
    "billing.spending_limit.create",
    "billing.spending_limit.delete",
    "billing.spending_limit.get",
    "billing.topup.config.create",
    "billing.topup.config.delete",
    "billing.topup.config.get",
    "billing.topup.create",
    "billing.topup.status",
    "billing.usage_history",
    "create",
    "custom_providers.create",
    "custom_providers.delete",
    "custom_providers.get",
    "custom_providers.list",
    "delete",
    "get",
    "list",
    "provider_configs.create",
    "provider_configs.list",
    "update",
    "urls.get",
}
ELSEWHERE = {
    "datasets": {"create", "delete", "get", "list", "update"},
    "dynamic_routing": {
        "create",
        "create_deployment",
        "create_version",
        "delete",
        "get",
        "get_version",
        "list",
        "list_deployments",
        "list_versions",
        "update",
    },
    "evaluation_types": {"list"},
    "evaluations": {"create", "delete", "get", "list"},
    "logs": {"delete", "edit", "get", "list", "request", "response"},
}


@pytest.fixture
async def gateway(serve: Serve, upstream: Upstream) -> Gateway:
    """A server with its default configuration, but for where its providers are."""
    text = f'[server]\nallow_private_providers = true\n[providers.openai]\nbase_url = "{upstream.url}"\n'
    return await serve(text, environ={"PENSTOCK_ADMIN_TOKEN": ADMIN})


@asynccontextmanager
async def library(gateway: Gateway, token: str = ADMIN) -> AsyncIterator[AsyncCloudflare]:
    """Retries are left to those tests that are about them."""
    async with AsyncCloudflare(
        api_token=token, base_url=f"{gateway.url}/client/v4", max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[AsyncCloudflare]:
    """The library with the admin's token."""
    async with library(gateway) as found:
        yield found


def methods(resource: object, path: str = "") -> Iterator[str]:
    """What a part of the library can do, by dotted names."""
    for name in dir(type(resource)):
        if name.startswith(("_", "with_")):
            continue
        found = getattr(resource, name)
        if isinstance(found, SyncAPIResource | AsyncAPIResource):
            yield from methods(found, f"{path}{name}.")
        elif inspect.ismethod(found):
            yield f"{path}{name}"


async def make(client: AsyncCloudflare, name: str) -> None:
    """A plain gateway."""
    await client.ai_gateway.create(
        account_id=ACCOUNT,
        id=name,
        cache_invalidate_on_update=False,
        cache_ttl=0,
        collect_logs=True,
        rate_limiting_interval=0,
        rate_limiting_limit=0,
    )


async def comes_true(look: Callable[[], Awaitable[bool]], what: str) -> None:
    """Waits: a change is live within a second or so."""

    async def ask() -> bool | None:
        return await look() or None

    await comes(ask, what)


def test_every_method_of_the_library_is_looked_at() -> None:
    found = set(methods(Cloudflare(api_token="x").ai_gateway))
    assert found == HERE | {f"{part}.{name}" for part, names in ELSEWHERE.items() for name in names}


async def test_gateways(client: AsyncCloudflare, gateway: Gateway) -> None:
    started = datetime.now(UTC)
    made = await client.ai_gateway.create(
        account_id=ACCOUNT,
        id="g",
        cache_invalidate_on_update=True,
        cache_ttl=300,
        collect_logs=True,
        rate_limiting_interval=60,
        rate_limiting_limit=100,
        rate_limiting_technique="sliding",
        dlp={"enabled": True, "policies": []},
        guardrails={"prompt": {"s1": "FLAG"}, "response": {"p1": "BLOCK"}},
        otel=[{"url": "https://otel.example", "headers": {"x-key": SECRET}, "content_type": "protobuf"}],
        spend_limits={
            "enabled": True,
            "rules": [
                {
                    "limit": 2.5,
                    "limit_type": "cost",
                    "window": 3600,
                    "metadata": {"team": {"mode": "partition"}, "tier": {"mode": "filter", "values": ["a"]}},
                    "model": {"mode": "filter", "values": ["openai/gpt-5"]},
                }
            ],
        },
        stripe={"authorization": SECRET, "usage_events": [{"payload": "{}"}]},
        logpush_public_key=None,
        store_id=None,
    )
    assert made.is_default is False
    assert abs((made.created_at - started).total_seconds()) < 60
    assert made.otel is not None
    assert made.otel[0].headers == {"x-key": "********"}
    got = await client.ai_gateway.get("g", account_id=ACCOUNT)
    assert got.to_dict() == made.to_dict()
    changed = await client.ai_gateway.update(
        "g",
        account_id=ACCOUNT,
        cache_invalidate_on_update=False,
        cache_ttl=None,
        collect_logs=False,
        rate_limiting_interval=None,
        rate_limiting_limit=None,
    )
    assert (changed.cache_ttl, changed.collect_logs, changed.otel) == (0, False, None)
    await make(client, "h")
    assert [one.id async for one in client.ai_gateway.list(account_id=ACCOUNT, per_page=1)] == ["g", "h"]
    assert [one.id async for one in client.ai_gateway.list(account_id=ACCOUNT, search="h")] == ["h"]
    assert (await client.ai_gateway.list(account_id=ACCOUNT, page=3)).result == []
    url = await client.ai_gateway.urls.get("openai", account_id=ACCOUNT, gateway_id="g")
    assert url == f"{gateway.url}/v1/acct/g/openai"
    deleted = await client.ai_gateway.delete("g", account_id=ACCOUNT)
    assert deleted.to_dict() == changed.to_dict()


async def test_what_is_made_serves_calls_at_once(
    client: AsyncCloudflare, gateway: Gateway, upstream: Upstream, connect: Connect
) -> None:
    await make(client, "live")
    key = await client.ai_gateway.provider_configs.create(
        "live",
        account_id=ACCOUNT,
        alias="default",
        default_config=True,
        provider_slug="openai",
        secret=SECRET,
    )
    assert key.secret_preview == "…cdef"
    assert key.secret_id
    provider = await client.ai_gateway.custom_providers.create(
        account_id=ACCOUNT,
        name="Acme",
        slug="acme",
        base_url=upstream.url,
        enable=True,
        headers='{"x-team": "blue-0123456789"}',
    )
    assert provider.headers == '{"x-team":"********"}'
    line = await connect(gateway.url)
    token = bearer(Access(gateway.data).token())  # stored keys are for those who show a token

    async def sends(target: str, header: str, value: str) -> bool:
        """Does the provider get this header?"""
        answer = await line.ask("POST", target, token, body=b"{}")
        return answer.status == 200 and upstream.requests[-1].header(header) == value.encode()

    chat, own = "/v1/acct/live/openai/chat/completions", "/v1/acct/live/custom-acme/x"
    await comes_true(lambda: sends(chat, "authorization", f"Bearer {SECRET}"), "the stored key")
    await comes_true(lambda: sends(own, "x-team", "blue-0123456789"), "the custom provider")
    await client.ai_gateway.delete("live", account_id=ACCOUNT)

    async def is_gone() -> bool:
        return (await line.ask("POST", chat, token, body=b"{}")).status == 400

    await comes_true(is_gone, "the end of the gateway")


async def test_stored_keys_and_own_providers(client: AsyncCloudflare) -> None:
    await make(client, "g")
    configs, own = client.ai_gateway.provider_configs, client.ai_gateway.custom_providers
    for alias in ("default", "batch"):
        await configs.create(
            "g",
            account_id=ACCOUNT,
            alias=alias,
            default_config=alias == "default",
            provider_slug="openai",
            secret=SECRET,
            secret_id=f"secret-{alias}",
            rate_limit=10,
            rate_limit_period=60,
        )
    listed = [one async for one in configs.list("g", account_id=ACCOUNT, per_page=1)]
    assert [(one.alias, one.secret_id) for one in listed] == [
        ("default", "secret-default"),
        ("batch", "secret-batch"),
    ]
    made = await own.create(
        account_id=ACCOUNT,
        name="Acme",
        slug="acme",
        base_url="https://acme.example",
        beta=True,
        position=2,
        link="x",
    )
    assert (await own.get(made.id, account_id=ACCOUNT)).to_dict() == made.to_dict()
    assert [
        one.slug async for one in own.list(account_id=ACCOUNT, beta=True, enable=False, search="ACME")
    ] == ["acme"]
    assert (await own.delete(made.id, account_id=ACCOUNT)).id == made.id
    assert [one async for one in own.list(account_id=ACCOUNT)] == []


async def test_billing(client: AsyncCloudflare) -> None:
    billing = client.ai_gateway.billing
    assert (await billing.credit_balance(account_id=ACCOUNT)).balance > 0
    assert (await billing.invoice_history(account_id=ACCOUNT, type="all")).invoices == []
    assert (await billing.invoice_preview(account_id=ACCOUNT)).amount_due == 0
    usage = await billing.usage_history(
        account_id=ACCOUNT, value_grouping_window="hour", start_time=0.0, end_time=None
    )
    assert usage.history == []
    with (
        pytest.warns(DeprecationWarning, match="deprecated"),
        pytest.raises(BadRequestError, match="spend_limits"),
    ):
        await billing.spending_limit.create(
            account_id=ACCOUNT, amount=100, duration="daily", strategy="fixed"
        )
    assert (await billing.spending_limit.get(account_id=ACCOUNT)).enabled is False
    await billing.spending_limit.delete(account_id=ACCOUNT)
    assert (await billing.topup.create(account_id=ACCOUNT, amount=1000)).payment_intent_id
    assert (await billing.topup.status(account_id=ACCOUNT, payment_intent_id="x")).status == "completed"
    assert (await billing.topup.config.create(account_id=ACCOUNT, amount=1000, threshold=500)).amount == 1000
    assert (await billing.topup.config.get(account_id=ACCOUNT)).amount is None
    await billing.topup.config.delete(account_id=ACCOUNT)


async def test_the_account_around_it(client: AsyncCloudflare, gateway: Gateway) -> None:
    await make(client, "g")
    verified = await client.user.tokens.verify()
    assert verified is not None
    assert verified.status == "active"
    assert [one.id async for one in client.accounts.list()] == ["acct", "local"]
    (entry,) = [
        one async for one in client.audit_logs.list(account_id=ACCOUNT, per_page=1, since="2026-01-01")
    ]
    assert entry.action is not None
    assert entry.resource is not None
    assert (entry.action.type, entry.resource.type, entry.resource.id) == (
        "create",
        "ai_gateway.gateway",
        "g",
    )
    answer = await client.post(
        "/graphql",
        cast_to=httpx.Response,
        body={
            "query": "query($tag: string!) { viewer { accounts(filter: {accountTag: $tag}) {"
            " aiGatewayRequestsAdaptiveGroups(limit: 10, filter: {}) { count } } } }",
            "variables": {"tag": "acct"},
        },
    )
    assert answer.json()["errors"] is None


async def test_the_file_is_followed_when_it_is_read_again(client: AsyncCloudflare, gateway: Gateway) -> None:
    gateway.configure("[accounts.acct.gateways.filed]\ncache_ttl = 77\n")
    gateway.signal(signal.SIGHUP)

    async def is_followed() -> bool:
        return [one.id async for one in client.ai_gateway.list(account_id=ACCOUNT)] == ["filed"]

    await comes_true(is_followed, "the new configuration")
    assert (await client.ai_gateway.get("filed", account_id=ACCOUNT)).cache_ttl == 77
    assert [one.id async for one in client.accounts.list()] == ["acct"]


async def test_errors_are_those_that_the_library_knows(client: AsyncCloudflare, gateway: Gateway) -> None:
    with pytest.raises(NotFoundError) as missing:
        await client.ai_gateway.get("nowhere", account_id=ACCOUNT)
    assert missing.value.errors[0].code == 7002
    await make(client, "g")
    with pytest.raises(BadRequestError) as taken:
        await make(client, "g")
    assert taken.value.errors[0].code == 7001
    async with library(gateway, "nonsense") as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.ai_gateway.get("g", account_id=ACCOUNT)
    async with library(gateway, Access(gateway.data).token(permissions=("run",))) as caller:
        with pytest.raises(PermissionDeniedError):
            await caller.ai_gateway.get("g", account_id=ACCOUNT)


async def test_of_many_changes_at_once_none_fails_with_the_librarys_own_retries(
    client: AsyncCloudflare, gateway: Gateway
) -> None:
    await make(client, "g")
    async with AsyncCloudflare(api_token=ADMIN, base_url=f"{gateway.url}/client/v4", max_retries=10) as many:

        async def change(seconds: int) -> None:
            await many.ai_gateway.update(
                "g",
                account_id=ACCOUNT,
                cache_invalidate_on_update=False,
                cache_ttl=seconds,
                collect_logs=True,
                rate_limiting_interval=0,
                rate_limiting_limit=0,
            )

        await asyncio.gather(*map(change, range(60, 64)))
    assert (await client.ai_gateway.get("g", account_id=ACCOUNT)).cache_ttl in {60, 61, 62, 63}
