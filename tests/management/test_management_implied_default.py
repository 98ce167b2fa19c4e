"""The `default` that nobody has set up, over the management API: there for whoever uses it (Cloudflare 1.2, 4.3)."""

from __future__ import annotations

import pytest
from management_kit import ACCOUNT, ADMIN, ENVIRON, GATEWAYS, PLAIN, Api

from conftest import Connect, OpenGateway
from support.access import take_up
from support.configuration import gateways, providers
from support.upstream import Upstream

DEFAULT = f"{GATEWAYS}/default"
KEY = {"alias": "default", "default_config": True, "provider_slug": "openai", "secret": "sk-0123456789abcdef"}
ELEMENTS = [
    {"id": "s", "type": "start", "outputs": {"next": {"elementId": "e"}}},
    {"id": "e", "type": "end", "outputs": {}},
]
SIZES = """{ viewer { accounts(filter: {accountTag: "acct"}) {
  aiGatewaySizeAdaptiveGroups(limit: 9, filter: {}) { max { rows } dimensions { gateway } }
} } }"""
PUT_INTO: dict[str, dict[str, object]] = {
    "provider_configs": KEY,
    "datasets": {"name": "d", "enable": True, "filters": []},
    "routes": {"name": "r", "elements": ELEMENTS},
}


@pytest.fixture
async def api(open_gateway: OpenGateway, upstream: Upstream) -> Api:
    """A file that names another gateway."""
    return Api(await open_gateway(gateways(gw={}) + providers({"openai": upstream.url}), ENVIRON))


async def call(api: Api, connect: Connect, *headers: tuple[str, str], account: str = "acct") -> int:
    client = await connect(api.gateway.url)
    shown = ("cf-aig-authorization", f"Bearer {ADMIN}")
    target = f"/v1/{account}/default/openai/v1/chat/completions"
    return (await client.ask("POST", target, shown, *headers, body=b"{}")).status


async def test_logs_of_calls_that_used_it(api: Api, connect: Connect) -> None:
    assert (await api.get(f"{DEFAULT}/logs")).items == []
    assert await call(api, connect) == 200
    row = await api.gateway.row()
    (found,) = (await api.get(f"{DEFAULT}/logs")).items
    assert found["id"] == row.id
    assert (await api.get(f"{DEFAULT}/logs/{row.id}")).result["id"] == row.id
    assert (await api.get(f"{DEFAULT}/logs/{row.id}/request")).text == "{}"
    assert (await api.patch(f"{DEFAULT}/logs/{row.id}", {"feedback": 1})).result["feedback"] == 1
    (await api.get(f"{GATEWAYS}/other/logs")).problem(404, 7002)
    (await api.get("/accounts/nobody/ai-gateway/gateways/default/logs")).problem(404, 7002)
    told = (await api.call("POST", "/graphql", {"query": SIZES})).json
    (account,) = told["data"]["viewer"]["accounts"]
    sizes = {
        one["dimensions"]["gateway"]: one["max"]["rows"] for one in account["aiGatewaySizeAdaptiveGroups"]
    }
    assert sizes["default"] == 1
    assert (await api.call("DELETE", f"{DEFAULT}/logs")).json["success"] is True
    assert (await api.get(f"{DEFAULT}/logs")).items == []


async def test_it_is_shown_and_not_listed(api: Api) -> None:
    found = (await api.get(DEFAULT)).result
    assert (found["id"], found["is_default"], found["authentication"]) == ("default", True, True)
    assert [one["id"] for one in (await api.get(GATEWAYS)).items] == ["gw"]
    assert (await api.call("GET", f"{DEFAULT}/url/openai")).json["result"].endswith("/v1/acct/default/openai")
    for path in ("provider_configs", "datasets", "routes", "evaluations"):
        assert (await api.get(f"{DEFAULT}/{path}")).status == 200
    (await api.get("/accounts/nobody/ai-gateway/gateways/default")).problem(404, 7002)
    (await api.delete(DEFAULT)).problem(404, 7002)


@pytest.mark.parametrize("kind", PUT_INTO)
async def test_what_is_put_into_it_makes_it(
    api: Api, connect: Connect, upstream: Upstream, kind: str
) -> None:
    """With what it was before: nobody gets in who did not."""
    assert (await api.post(f"{DEFAULT}/{kind}", PUT_INTO[kind])).status == 200
    assert [one["id"] for one in (await api.get(GATEWAYS)).items] == ["gw", "default"]
    found = (await api.get(DEFAULT)).result
    assert (found["authentication"], found["cache_ttl"], found["collect_logs"]) == (True, 0, True)
    assert (await api.post(f"{DEFAULT}/{kind}", {**PUT_INTO[kind], "alias": "b"})).status in (200, 400)
    take_up(api.gateway)
    assert await call(api, connect) == 200
    if kind == "provider_configs":
        assert (await upstream.only()).header("authorization") == b"Bearer sk-0123456789abcdef"
    client = await connect(api.gateway.url)
    refused = await client.ask("POST", "/v1/acct/default/openai/v1/x", body=b"{}")
    assert refused.status == 401
    assert (await api.delete(DEFAULT)).status == 200
    assert (await api.get(f"{DEFAULT}/logs")).status == 200


async def test_a_wrong_body_makes_nothing(api: Api) -> None:
    (await api.post(f"{DEFAULT}/provider_configs", {**KEY, "provider_slug": "nope"})).problem(400, 7001)
    assert [one["id"] for one in (await api.get(GATEWAYS)).items] == ["gw"]


async def test_it_can_be_set_up(api: Api) -> None:
    changed = (await api.put(DEFAULT, {**PLAIN, "cache_ttl": 60, "authentication": True})).result
    assert (changed["cache_ttl"], changed["authentication"]) == (60, True)
    assert (await api.delete(DEFAULT)).status == 200
    made = (await api.post(GATEWAYS, {"id": "default", **PLAIN})).result
    assert made["is_default"] is True
    assert (await api.get(f"{ACCOUNT}/ai-gateway/gateways/default")).result == made


async def test_a_token_of_other_gateways_sees_nothing_of_it(api: Api) -> None:
    token = api.access.token(permissions=("read", "edit"), gateways=("gw",))
    limited = api.using(token)
    assert (await limited.get(f"{DEFAULT}/logs")).status == 403
    assert (await limited.get(DEFAULT)).status == 403
