"""Gauges on the pages of tokens and gateways: a meter, the same in words, when there is room again; and their twins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import unescape

import pytest
from dashboard_kit import Elements
from settings_kit import Enter, Visitor, entering

from conftest import OpenGateway
from penstock.access.limit_counters import (
    LimitCounter,
    gateway_rate_counter,
    limit_window,
    rule_key,
    spend_prefix,
)
from penstock.control.limits import token_limits
from penstock.pricing.units import to_nano
from penstock.stores.control_store import RateLimit
from penstock.stores.counters import Claim
from support.access import Access
from support.configuration import gateways
from support.inprocess import InProcess

ADMIN = "the-admin-token"
AT = "/accounts/acct"
RULES = {
    "enabled": True,
    "rules": [
        {"id": "all", "limit": 50, "limitType": "cost", "window": 86400, "technique": "fixed"},
        {
            "id": "some",
            "limit": 5,
            "limitType": "cost",
            "window": 3600,
            "model": {"mode": "filter", "values": ["<b>gpt"]},
            "metadata": {"plan": {"mode": "filter", "values": ["free", "trial"]}},
        },
        {
            "id": "users",
            "limit": 2,
            "limitType": "cost",
            "window": 86400,
            "metadata": {"user": {"mode": "partition"}},
        },
    ],
}
FORM = {
    "name": "ada",
    "permissions": ["run"],
    "rate": "20",
    "rate_time": "1",
    "rate_time_unit": "hours",
    "spend": "0.5",
    "spend_time": "1",
    "spend_time_unit": "days",
    "max_active": "4",
}


@pytest.fixture
async def enter() -> AsyncIterator[Enter]:
    async with entering() as one:
        yield one


@pytest.fixture
async def gateway(open_gateway: OpenGateway) -> InProcess:
    return await open_gateway(gateways(free={}), {"PENSTOCK_ADMIN_TOKEN": ADMIN})


@pytest.fixture
async def admin(gateway: InProcess, enter: Enter) -> Visitor:
    return await enter(gateway, ADMIN)


async def use(gateway: InProcess, counter: LimitCounter, amount: int) -> None:
    claim = Claim(counter.key, amount, 1 << 60, counter.window)
    gateway.parts.counters.take([claim], gateway.clock.now_us())
    await gateway.catch_up()


def meters(page: str) -> list[tuple[str, str]]:
    """What each is called, and how full it is; those that do not see it hear the same."""
    found = Elements(page).of("meter")
    assert all((one["min"], one["max"], one["optimum"]) == ("0", "100", "0") for one in found)
    return [(one["aria-label"] or "", one["value"] or "") for one in found]


async def test_a_token_s_limits(admin: Visitor, gateway: InProcess) -> None:
    await admin.get(f"{AT}/tokens/new")
    await admin.send(f"{AT}/tokens", FORM, 200)
    (token,) = Access(gateway.data).control_store.snapshot().tokens
    limits = {one.name: one for one in token_limits(token)}
    for path in (f"{AT}/tokens", f"{AT}/tokens/{token.id}"):
        page = await admin.get(path)
        assert sorted(meters(page)) == [("requests, used: 0 %", "0"), ("spend, used: 0 %", "0")]
        assert "4 runs at once" in page
        assert "near its limit" not in page
    for name, amount in (("requests", 17), ("spend", to_nano("0.5"))):
        counter = limits[name].counter
        assert counter is not None
        await use(gateway, counter, amount)
    for path in (f"{AT}/tokens", f"{AT}/tokens/{token.id}"):
        page = await admin.get(path)
        assert sorted(meters(page)) == [("requests, used: 85 %", "85"), ("spend, used: 100 %", "100")]
        for said in (
            "17 of 20 requests an hour",
            "near its limit",
            "$0.5 of $0.5 a day",
            "used up",
            "resets in",
        ):
            assert said in page
    (row,) = (await admin.json(f"{AT}/tokens.json"))["tokens"]
    assert (row["requests"]["used"], row["requests"]["limit"], row["spend"]["left"]) == (17, 20, 0)
    assert f'datetime="{row["spend"]["resets_at"]}"' in await admin.get(f"{AT}/tokens")


async def test_a_gateway_s_limits(admin: Visitor, gateway: InProcess) -> None:
    fields = {"spend_limits": RULES, "rate_limiting_limit": 10, "rate_limiting_interval": 60}
    assert "no limit" in await admin.get(f"{AT}/gateways")
    api = "/client/v4/accounts/acct/ai-gateway/gateways"
    made = await admin.client.post(
        api,
        json={
            "id": "gw",
            "cache_invalidate_on_update": False,
            "cache_ttl": 0,
            "collect_logs": True,
            **fields,
        },
        headers={"authorization": f"Bearer {ADMIN}"},
    )
    assert made.status_code == 200, made.text
    await use(gateway, gateway_rate_counter("acct", "gw", RateLimit(10, 60)), 2)
    rule = LimitCounter(rule_key(spend_prefix("acct", "gw"), ["all"]), 0, limit_window(86400, "fixed"))
    await use(gateway, rule, to_nano("45"))
    page = await admin.get(f"{AT}/gateways/gw")
    assert meters(page) == [
        ("requests, used: 20 %", "20"), ("rule all, used: 90 %", "90"), ("rule some, used: 0 %", "0"),
    ]  # fmt: skip
    for said in (
        "$45 of $50 a day",
        "2 of 10 requests a minute",
        "$0 of $5 an hour, trailing",
        "model <b>gpt, plan free or trial",
        "each user has its own",
    ):
        assert said in unescape(page)
    assert "<b>gpt" not in page
    found = (await admin.json(f"{AT}/gateways/gw.json"))["limits"]
    assert [(one["name"], one["unit"], one["use"] and one["use"]["used"]) for one in found] == [
        ("requests", "requests", 2), ("rule all", "USD", 45.0), ("rule some", "USD", 0.0), ("rule users", "USD", None),
    ]  # fmt: skip
    listed = await admin.get(f"{AT}/gateways")
    assert meters(listed) == [("rule all, used: 90 %", "90")]
    assert "and 3 more" in listed
    lines = {one["id"]: one for one in (await admin.json(f"{AT}/gateways.json"))["gateways"]}
    assert [one["use"]["used"] for one in lines["gw"]["limits"]] == [45.0]
    assert lines["free"]["limits"] == []


async def test_many_gateways_with_limits_make_a_page_of_usual_size(
    open_gateway: OpenGateway, enter: Enter
) -> None:
    fields = {"rate_limiting_limit": 10, "rate_limiting_interval": 60}
    text = gateways("acct", **{f"gw{number}": fields for number in range(160)})
    gateway = await open_gateway(text, {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    for number in range(160):
        claim = gateway_rate_counter("acct", f"gw{number}", RateLimit(10, 60))
        gateway.parts.counters.take([Claim(claim.key, 9, 10, claim.window)], gateway.clock.now_us())
    await gateway.catch_up()
    page = await (await enter(gateway, ADMIN)).get(f"{AT}/gateways")
    assert len(page) < 150_000
    assert page.count("near its limit") == 150
    assert "And 10 more" in page
