"""What belongs to an account as a whole: the token, billing that bills nothing, and the audit."""

from __future__ import annotations

import json

import pytest
from management_kit import ACCOUNT, ENVIRON, GATEWAYS, PLAIN, Api

from conftest import OpenGateway

BILLING = f"{ACCOUNT}/ai-gateway/billing"
AUDIT = f"{ACCOUNT}/audit_logs"


@pytest.fixture
async def api(open_gateway: OpenGateway) -> Api:
    """Nothing but the built-in gateway."""
    return Api(await open_gateway("", ENVIRON))


# -- accounts


async def test_the_admin_token_verifies(api: Api) -> None:
    assert (await api.get("/user/tokens/verify")).result == {"id": "admin", "status": "active"}


async def test_accounts_are_there_as_soon_as_something_is_theirs(api: Api) -> None:
    assert [one["id"] for one in (await api.get("/accounts")).items] == ["local"]
    await api.gateway_("g")
    listed = await api.get("/accounts?direction=desc&per_page=1")
    assert [one["name"] for one in listed.items] == ["local"]
    assert listed.json["result_info"]["total_count"] == 2
    assert [one["id"] for one in (await api.get("/accounts?name=cc")).items] == ["acct"]


# -- billing


async def test_nothing_is_billed(api: Api) -> None:
    balance = (await api.get(f"{BILLING}/credit-balance")).result
    assert balance["balance"] == 1_000_000_000
    assert balance["payment_method"] is None
    assert (await api.get(f"{BILLING}/invoice-history?type=auto")).result["invoices"] == []
    preview = (await api.get(f"{BILLING}/invoice-preview")).result
    assert preview["amount_due"] == 0
    now = api.gateway.clock.now_us() / 1e6
    assert isinstance(preview["period_start"], int)
    assert isinstance(preview["period_end"], int)
    assert preview["period_start"] <= now < preview["period_end"]
    usage = f"{BILLING}/usage-history?value_grouping_window=day&start_time=1.0&end_time=2"
    assert (await api.get(usage)).result == {"history": []}
    (await api.get(f"{BILLING}/usage-history")).problem(400, 7001)
    (await api.get(usage.replace("1.0", "nan"))).problem(400, 7001)
    (await api.get(f"{BILLING}/invoice-history?type=paid")).problem(400, 7001)


async def test_the_month_of_an_invoice_ends_with_the_year(api: Api) -> None:
    api.gateway.clock.ahead = 1_798_761_599 - api.gateway.clock.now_us() / 1e6  # 2026-12-31 23:59:59
    preview = (await api.get(f"{BILLING}/invoice-preview")).result
    assert (preview["period_start"], preview["period_end"]) == (1_796_083_200, 1_798_761_600)


async def test_top_ups_are_not_needed_and_limits_are_not_pretended(api: Api) -> None:
    assert (await api.post(f"{BILLING}/topup", {"amount": 1000})).result["payment_intent_id"] == "none"
    status = (await api.post(f"{BILLING}/topup/status", {"payment_intent_id": "x"})).result
    assert status == {"payment_intent_id": "x", "status": "completed"}
    topup = {"amount": 1000, "threshold": 500}
    assert (await api.post(f"{BILLING}/topup/config", topup)).result == topup
    assert (await api.get(f"{BILLING}/topup/config")).result["amount"] is None
    assert (await api.delete(f"{BILLING}/topup/config")).status == 200
    limit = {"amount": 100, "duration": "daily", "strategy": "fixed"}
    refused = (await api.post(f"{BILLING}/spending-limit", limit)).problem(400, 7001)
    assert "spend_limits" in str(refused["message"])
    assert (await api.get(f"{BILLING}/spending-limit")).result["enabled"] is False
    assert (await api.delete(f"{BILLING}/spending-limit")).status == 200
    for path, body in (("topup", {"amount": 999}), ("topup/config", {"amount": 1000, "threshold": 499})):
        (await api.post(f"{BILLING}/{path}", body)).problem(400, 7001)


# -- audit


async def test_every_change_is_entered_with_who_made_it(api: Api) -> None:
    token = api.access.token(permissions=("edit",))
    mine = api.using(token)
    await mine.gateway_("g")
    await mine.put(f"{GATEWAYS}/g", {**PLAIN, "cache_ttl": 5})
    await api.delete(f"{GATEWAYS}/g")
    await mine.get(f"{GATEWAYS}/g")
    removed, changed, made = (await api.get(AUDIT)).items
    actor = {"id": f"token:{token[4:20]}", "type": "user"}
    assert [one["action"] for one in (made, changed, removed)] == [
        {"type": name, "result": True} for name in ("create", "update", "delete")
    ]
    assert made["actor"] == changed["actor"] == actor
    assert removed["actor"] == {"id": "admin", "type": "admin"}
    assert made["resource"] == {"type": "ai_gateway.gateway", "id": "g"}
    assert made["owner"] == {"id": "acct"}
    assert made["oldValueJson"] is None
    assert made["oldValue"] == ""
    assert json.loads(str(changed["newValue"])) == changed["newValueJson"]
    assert changed["newValueJson"]["fields"]["cache_ttl"] == 5  # type: ignore[index]
    assert removed["newValueJson"] is None
    assert (await api.get("/accounts/other/audit_logs")).items == []


async def test_a_change_that_changes_nothing_is_none(api: Api) -> None:
    made = await api.gateway_("g")
    api.gateway.clock.ahead += 5
    assert (await api.put(f"{GATEWAYS}/g", PLAIN)).result == made
    assert len((await api.get(AUDIT)).items) == 1


async def test_the_audit_has_pages_and_filters(api: Api) -> None:
    for number in range(5):
        await api.gateway_(f"g{number}")
        api.gateway.clock.ahead += 60
    await api.delete(f"{GATEWAYS}/g0")

    async def names(query: str) -> list[object]:
        return [one["resource"]["id"] for one in (await api.get(f"{AUDIT}?{query}")).items]  # type: ignore[index]

    assert await names("") == ["g0", "g4", "g3", "g2", "g1", "g0"]
    assert await names("direction=asc&per_page=2&page=2") == ["g2", "g3"]
    assert await names("per_page=4&page=2") == ["g1", "g0"]
    assert await names("page=3") == []
    assert await names("action.type=delete") == ["g0"]
    assert await names("actor.id=nobody") == []
    entry = (await api.get(f"{AUDIT}?per_page=1&page=3")).items[0]
    assert await names(f"id={entry['id']}") == ["g3"]
    when = str(entry["when"])
    assert await names(f"since={when}") == ["g0", "g4", "g3"]
    assert await names(f"before={when}") == ["g2", "g1", "g0"]
    assert await names("since=2020-01-31&before=2021-01-31") == []
    for query in ("since=yesterday", "per_page=1001", "direction=up", "before=", "zone.name=x"):
        (await api.get(f"{AUDIT}?{query}")).problem(400, 7001)
