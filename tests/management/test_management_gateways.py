"""Gateways over the management API: list, create, look at, change and remove them."""

from __future__ import annotations

import asyncio
import re

import pytest
from management_kit import ACCOUNT, ENVIRON, GATEWAYS, PLAIN, Api

from conftest import OpenGateway
from penstock.stores.control_store import Add, StoredGateway
from support.access import take_up
from support.configuration import gateways

RULE = {"limit": 5, "limitType": "cost", "window": 3600}


@pytest.fixture
async def api(open_gateway: OpenGateway) -> Api:
    """An account of nothing but what a test makes."""
    return Api(await open_gateway("", ENVIRON))


@pytest.fixture
async def beside_file(open_gateway: OpenGateway) -> Api:
    """With a gateway in the configuration file."""
    return Api(await open_gateway(gateways(gw={"cache_ttl": 60}), ENVIRON))


async def test_a_gateway_is_made_looked_at_changed_and_removed(api: Api) -> None:
    made = await api.gateway_("g", cache_ttl=120)
    assert made["id"] == "g"
    assert made["is_default"] is False
    assert made["account_id"] == made["account_tag"] == "acct"
    assert made["cache_ttl"] == 120
    assert (await api.get(f"{GATEWAYS}/g")).result == made
    api.gateway.clock.ahead += 5
    changed = (await api.put(f"{GATEWAYS}/g", {**PLAIN, "collect_logs": False})).result
    assert changed["collect_logs"] is False
    assert changed["cache_ttl"] == 0  # a field left out gets its default
    assert changed["created_at"] == made["created_at"]
    assert str(changed["modified_at"]) > str(made["modified_at"])
    assert changed["internal_id"] == made["internal_id"]
    assert (await api.delete(f"{GATEWAYS}/g")).result == changed
    assert (await api.get(f"{GATEWAYS}/g")).problem(404, 7002)["message"] == "gateway not found"
    (await api.delete(f"{GATEWAYS}/g")).problem(404, 7002)
    (await api.put(f"{GATEWAYS}/g", PLAIN)).problem(404, 7002)


async def test_what_is_shown_can_be_sent_back(api: Api) -> None:
    made = await api.gateway_(
        "g",
        dlp={"enabled": True, "action": "BLOCK", "profiles": ["p"]},
        guardrails={"prompt": {"S1": "FLAG"}, "response": {"P1": "BLOCK"}},
        spend_limits={"enabled": True, "rules": [{**RULE, "metadata": {"team": {"mode": "partition"}}}]},
        retry_max_attempts=3,
        retry_backoff="linear",
        log_management=10_000,
        log_management_strategy="DELETE_OLDEST",
    )
    assert made["dlp"] == {"enabled": True, "action": "BLOCK", "profiles": ["p"]}
    assert (await api.put(f"{GATEWAYS}/g", made)).result == made


async def test_null_is_as_good_as_the_default(api: Api) -> None:
    made = await api.gateway_(
        "g",
        cache_ttl=None,
        rate_limiting_interval=None,
        rate_limiting_limit=None,
        rate_limiting_technique=None,
        guardrails=None,
        otel=None,
        stripe=None,
        spend_limits=None,
        store_id=None,
        retry_delay=None,
    )
    assert made["cache_ttl"] == 0
    assert made["rate_limiting_technique"] == "fixed"
    assert made["rate_limiting_limit"] == 0


async def test_everything_wrong_is_said_at_once(api: Api) -> None:
    body = {
        "id": "Not An Id",
        "cache_ttl": -1,
        "collect_logs": "yes",
        "rate_limiting_interval": 0,
        "zdr": 1,
        "x": 2,
    }
    wrong = (await api.post(GATEWAYS, body)).problems(400)
    assert {tuple(map(str, one["path"])) for one in wrong if isinstance(one["path"], list)} == {
        ("body", "id"),
        ("body", "cache_ttl"),
        ("body", "collect_logs"),
        ("body", "zdr"),
        ("body", "x"),
        ("body", "cache_invalidate_on_update"),
        ("body", "rate_limiting_limit"),
    }
    assert {one["code"] for one in wrong} == {7001}
    (await api.post(GATEWAYS, [])).problem(400, 7001)
    (await api.put(f"{GATEWAYS}/default", {})).problems(400)


async def test_an_id_is_taken_once_and_kept(api: Api) -> None:
    await api.gateway_("g")
    again = (await api.post(GATEWAYS, {"id": "g", **PLAIN})).problem(400, 7001)
    assert "already" in str(again["message"])
    assert (await api.put(f"{GATEWAYS}/g", {**PLAIN, "id": "h"})).problem(400, 7001)["path"] == ["body", "id"]
    await api.gateway_("h")
    other = await api.post("/accounts/other/ai-gateway/gateways", {"id": "g", **PLAIN})
    assert other.result["account_id"] == "other"


async def test_lists_have_pages_and_a_search(api: Api) -> None:
    for name in ("alpha", "beta", "gamma"):
        await api.gateway_(name)
    first = await api.get(f"{GATEWAYS}?per_page=2")
    assert [one["id"] for one in first.items] == ["alpha", "beta"]
    assert first.json["result_info"] == {
        "page": 1,
        "per_page": 2,
        "count": 2,
        "total_count": 3,
        "total_pages": 2,
    }
    assert [one["id"] for one in (await api.get(f"{GATEWAYS}?per_page=2&page=2")).items] == ["gamma"]
    assert (await api.get(f"{GATEWAYS}?page=3")).items == []
    assert (await api.get(f"{GATEWAYS}?page=1000000000")).items == []
    assert [one["id"] for one in (await api.get(f"{GATEWAYS}?search=mm")).items] == ["gamma"]
    for query in ("per_page=101", "per_page=0", "page=0", "page=10000000000", "page=x", "colour=red"):
        (await api.get(f"{GATEWAYS}?{query}")).problem(400, 7001)


async def test_the_built_in_gateway_can_be_changed_and_comes_back(api: Api) -> None:
    path = "/accounts/local/ai-gateway/gateways/default"
    built_in = (await api.get(path)).result
    assert built_in["is_default"] is True
    (await api.delete(path)).problem(400, 7001)
    assert (await api.put(path, {**PLAIN, "cache_ttl": 7})).result["cache_ttl"] == 7
    assert [one["id"] for one in (await api.get(path.removesuffix("/default"))).items] == ["default"]
    assert (await api.delete(path)).result["cache_ttl"] == 7
    assert (await api.get(path)).result == built_in


async def test_what_stands_in_the_file_is_changed_there(beside_file: Api) -> None:
    api = beside_file
    shown = (await api.get(f"{GATEWAYS}/gw")).result
    assert shown["cache_ttl"] == 60
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(shown["internal_id"]))
    for refused in (
        await api.put(f"{GATEWAYS}/gw", PLAIN),
        await api.delete(f"{GATEWAYS}/gw"),
    ):
        assert "penstock.toml" in str(refused.problem(400, 7001)["message"])
    (await api.post(GATEWAYS, {"id": "gw", **PLAIN})).problem(400, 7001)
    await api.gateway_("g")
    assert [one["id"] for one in (await api.get(GATEWAYS)).items] == ["gw", "g"]


async def test_a_stored_gateway_that_the_file_covers_up_can_be_removed(beside_file: Api) -> None:
    api = beside_file
    hidden = StoredGateway(id="h", account="acct", gateway="gw", fields={}, created_us=1, modified_us=1)
    api.access.control_store.apply([Add(hidden)])
    key = api.access.key("openai", "sk-of-the-gateway-in-the-file", gateway="gw")
    assert "penstock.toml" in str((await api.put(f"{GATEWAYS}/gw", PLAIN)).problem(400, 7001)["message"])
    assert (await api.delete(f"{GATEWAYS}/gw")).result == {"id": "gw"}
    left = api.access.control_store.snapshot()
    assert left.gateways == ()
    assert [one.id for one in left.provider_keys] == [key]  # which the one of the file uses
    assert (await api.get(f"{GATEWAYS}/gw")).result["cache_ttl"] == 60


@pytest.mark.parametrize("name", ["chat", "models", "v1", "run"])
async def test_paths_of_unified_calls_are_no_names(api: Api, name: str) -> None:
    told = str((await api.post(GATEWAYS, {**PLAIN, "id": name})).problem(400, 7001)["message"])
    assert "with which paths of unified calls begin" in told
    elsewhere = f"/accounts/{name}/ai-gateway/gateways"
    told = str((await api.post(elsewhere, {**PLAIN, "id": "g"})).problem(400, 7001)["message"])
    assert "names no account and no gateway" in told
    assert api.access.control_store.snapshot().gateways == ()


async def test_an_older_gateway_of_such_a_name_can_be_removed(api: Api) -> None:
    old = StoredGateway(id="h", account="acct", gateway="chat", fields={}, created_us=1, modified_us=1)
    api.access.control_store.apply([Add(old)])
    (await api.put(f"{GATEWAYS}/chat", PLAIN)).problem(400, 7001)
    assert (await api.delete(f"{GATEWAYS}/chat")).result == {"id": "chat"}
    assert api.access.control_store.snapshot().gateways == ()


async def test_spend_rules_get_ids_and_keep_them(api: Api) -> None:
    def limits(*rules: dict[str, object]) -> dict[str, object]:
        return {"enabled": True, "rules": list(rules)}

    def ids(shown: dict[str, object]) -> list[str]:
        found = shown["spend_limits"]
        assert isinstance(found, dict)
        return [rule["id"] for rule in found["rules"]]

    by_model = {**RULE, "model": {"mode": "filter", "values": ["openai/gpt-4o"]}}
    first, second = ids(await api.gateway_("g", spend_limits=limits(RULE, by_model)))
    assert re.fullmatch(r"[0-9a-f]{8}", first)
    assert first != second
    raised = {**by_model, "limit": 50}
    kept = await api.put(f"{GATEWAYS}/g", {**PLAIN, "spend_limits": limits(raised, {**RULE, "id": "mine"})})
    assert ids(kept.result) == [second, "mine"]
    day = {**RULE, "window": 86400}
    more = ids((await api.put(f"{GATEWAYS}/g", {**PLAIN, "spend_limits": limits(raised, day, RULE)})).result)
    assert more[0] == second
    assert more[2] == "mine"
    assert more[1] not in (first, second, "mine")


async def test_of_two_changes_at_once_both_are_answered_and_one_stands(api: Api) -> None:
    await api.gateway_("g")
    both = [{**PLAIN, "cache_ttl": 100 + number} for number in range(4)]
    replies = await asyncio.gather(*(api.put(f"{GATEWAYS}/g", body) for body in both))
    done = [reply.result["cache_ttl"] for reply in replies if reply.status == 200]
    assert done
    for reply in replies:
        assert reply.status in (200, 409), reply.text
    assert (await api.get(f"{GATEWAYS}/g")).result["cache_ttl"] in done


async def test_what_was_changed_is_served(api: Api) -> None:
    await api.gateway_("g")
    take_up(api.gateway)
    world = api.gateway.parts.pipeline.world
    assert {(one.account, one.id) for one in world.gateways} == {("local", "default"), ("acct", "g")}


async def test_a_removed_gateway_takes_what_belonged_to_it_along(api: Api) -> None:
    await api.gateway_("g")
    key = {"alias": "a", "default_config": False, "provider_slug": "openai", "secret": "sk-0123456789abcdef"}
    assert (await api.post(f"{GATEWAYS}/g/provider_configs", key)).status == 200
    await api.delete(f"{GATEWAYS}/g")
    await api.gateway_("g")
    assert (await api.get(f"{GATEWAYS}/g/provider_configs")).items == []


async def test_the_address_of_a_provider_is_that_of_this_server(api: Api) -> None:
    await api.gateway_("g")
    url = f"{api.gateway.url}/v1/acct/g"
    for name in ("openai", "compat", "grok", "google-ai-studio"):
        assert (await api.get(f"{GATEWAYS}/g/url/{name}")).json["result"] == f"{url}/{name}"
    (await api.get(f"{GATEWAYS}/g/url/nobody")).problem(404, 7002)
    (await api.get(f"{GATEWAYS}/nowhere/url/openai")).problem(404, 7002)


async def test_a_token_of_some_gateways_sees_only_these(api: Api) -> None:
    for name in ("mine", "yours"):
        await api.gateway_(name)
    token = api.access.token(permissions=("edit",), gateways=("acct/mine",))
    own = api.using(token)
    listed = await own.get(GATEWAYS)
    assert [one["id"] for one in listed.items] == ["mine"]
    assert listed.json["result_info"]["total_count"] == 1
    assert (await own.put(f"{GATEWAYS}/mine", PLAIN)).status == 200
    (await own.get(f"{GATEWAYS}/yours")).problem(403, 10000)
    (await own.post(GATEWAYS, {"id": "new", **PLAIN})).problem(403, 10000)
    (await own.get(f"{ACCOUNT}/ai-gateway/custom-providers")).problem(403, 10000)


async def test_where_strangers_come_a_gateway_asks_for_a_token(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(
        '[server]\nhost = "0.0.0.0"\n' + gateways(gw={"authentication": True}), ENVIRON
    )
    api = Api(gateway)
    assert (await api.gateway_("g"))["authentication"] is True
    refused = await api.put(f"{GATEWAYS}/g", {**PLAIN, "authentication": False})
    assert refused.problem(400, 7001)["path"] == ["body", "authentication"]
