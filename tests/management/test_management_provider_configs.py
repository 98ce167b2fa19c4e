"""Stored provider keys over the management API: sealed, used at once, and never shown again."""

from __future__ import annotations

import json

import pytest
from management_kit import ENVIRON, GATEWAYS, Api

from conftest import Connect, OpenGateway
from support.access import CHAT, from_here, holding, take_up
from support.configuration import gateways, providers
from support.service_accounts import account, pem
from support.upstream import Upstream

CONFIGS = f"{GATEWAYS}/gw/provider_configs"
SECRET = "sk-live-0123456789abcdef"
OTHER = "sk-next-fedcba9876543210"
KEY = {"alias": "default", "default_config": True, "provider_slug": "openai", "secret": SECRET}


@pytest.fixture
async def api(open_gateway: OpenGateway, upstream: Upstream) -> Api:
    """A gateway `acct/gw` that uses stored keys only."""
    text = gateways(gw={"byok_only": True}) + providers({"openai": upstream.url})
    return Api(await open_gateway(text, ENVIRON))


async def test_a_key_is_stored_used_changed_and_removed(
    api: Api, upstream: Upstream, connect: Connect
) -> None:
    made = await api.post(CONFIGS, KEY)
    shown = made.result
    assert shown["secret_preview"] == "…cdef"
    assert shown["secret_id"] == shown["id"]
    assert shown["gateway_id"] == "gw"
    assert (shown["default_config"], shown["rate_limit"], shown["rate_limit_period"]) == (True, None, 60)
    assert (await api.get(CONFIGS)).items == [shown]
    take_up(api.gateway)
    assert (await from_here(connect, api.gateway.url, CHAT)).status == 200
    assert upstream.requests[-1].header("authorization") == f"Bearer {SECRET}".encode()

    one = f"{CONFIGS}/{shown['id']}"
    changed = (await api.put(one, {"secret": OTHER})).result
    assert changed["secret_preview"] == "…3210"
    assert changed["id"] == shown["id"]
    take_up(api.gateway)
    assert (await from_here(connect, api.gateway.url, CHAT)).status == 200
    assert upstream.requests[-1].header("authorization") == f"Bearer {OTHER}".encode()

    assert (await api.delete(one)).result == changed
    assert (await api.get(CONFIGS)).items == []
    (await api.delete(one)).problem(404, 7002)
    (await api.put(one, {"secret": OTHER})).problem(404, 7002)
    said = made.text + str(changed) + (await api.get("/accounts/acct/audit_logs")).text
    assert SECRET not in said
    assert OTHER not in said
    assert holding(api.data, SECRET, OTHER) == []


async def test_what_is_not_the_secret_can_be_changed_alone(api: Api) -> None:
    made = (await api.post(CONFIGS, {**KEY, "rate_limit": 10.0, "rate_limit_period": 5})).result
    assert (made["rate_limit"], made["rate_limit_period"]) == (10, 5)
    one = f"{CONFIGS}/{made['id']}"
    changed = (await api.put(one, {"rate_limit": None, "alias": "batch", "default_config": False})).result
    assert (changed["rate_limit"], changed["alias"], changed["default_config"]) == (None, "batch", False)
    assert changed["secret_preview"] == made["secret_preview"]


async def test_a_secrets_id_is_kept_and_may_be_there_twice(api: Api) -> None:
    bare = (await api.post(CONFIGS, KEY)).result
    assert bare["secret_id"] == bare["id"]
    made = [(await api.post(CONFIGS, {**KEY, "secret_id": "my-secret"})).result for _ in range(2)]
    assert {one["secret_id"] for one in made} == {"my-secret"}
    assert len({one["id"] for one in (bare, *made)}) == 3
    without = {name: value for name, value in KEY.items() if name != "secret"}
    alone = (await api.post(CONFIGS, {**without, "secret_id": "my-secret"})).problem(400, 7001)
    assert alone["path"] == ["body", "secret"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("secret", ""),
        ("secret", "two\nlines"),
        ("secret", "nul\0"),
        ("secret", "{not json"),
        ("secret", "schlüssel-0123456789"),
        ("secret", 70_315),
        ("alias", ""),
        ("alias", "a\nb"),
        ("provider_slug", "nobody"),
        ("provider_slug", "custom-"),
        ("rate_limit", 0),
        ("rate_limit", 1.5),
        ("rate_limit", 10**30),
        ("rate_limit_period", 0),
        ("hosts", ["evil.example"]),
        ("secret_id", "../x"),
    ],
)
async def test_what_cannot_be_stored_is_said_without_the_secret(api: Api, field: str, value: object) -> None:
    refused = await api.post(CONFIGS, {**KEY, field: value})
    assert refused.problem(400, 7001)["path"][:2] == ["body", field]  # type: ignore[index]
    assert SECRET not in refused.text
    if field == "secret" and value:
        assert str(value) not in refused.text
    assert (await api.get(CONFIGS)).items == []


async def test_aliases_of_providers_count_and_hosts_are_held_to_their_vendor(api: Api) -> None:
    made = (
        await api.post(CONFIGS, {**KEY, "provider_slug": "azure-openai", "hosts": ["a.openai.azure.com"]})
    ).result
    assert made["hosts"] == ["a.openai.azure.com"]
    one = f"{CONFIGS}/{made['id']}"
    assert (await api.put(one, {"hosts": ["a.example"]})).problem(400, 7001)["path"] == ["body", "hosts"]
    assert (await api.post(CONFIGS, {**KEY, "provider_slug": "xai"})).status in (200, 400)


async def test_keys_of_other_gateways_and_of_the_account_are_not_here(api: Api) -> None:
    api.access.key("openai", SECRET)
    await api.gateway_("other")
    theirs = (await api.post(f"{GATEWAYS}/other/provider_configs", KEY)).result
    assert (await api.get(CONFIGS)).items == []
    (await api.delete(f"{CONFIGS}/{theirs['id']}")).problem(404, 7002)
    (await api.post(f"{GATEWAYS}/nowhere/provider_configs", KEY)).problem(404, 7002)


async def test_without_the_master_key_keys_can_still_be_listed_and_removed(api: Api) -> None:
    made = (await api.post(CONFIGS, KEY)).result
    (api.data / "master.key").unlink()
    refused = await api.post(CONFIGS, KEY)
    assert refused.status == 500
    assert "master key" in refused.text
    assert (await api.get(CONFIGS)).items == [made]
    assert (await api.delete(f"{CONFIGS}/{made['id']}")).status == 200


# -- credentials of several parts


AWS = {"accessKeyId": "AKIAEXAMPLE0123", "secretAccessKey": "aws-secret-0123456789", "region": "us-east-1"}


async def test_a_credential_of_several_parts_is_stored_sealed(api: Api) -> None:
    body = {**KEY, "provider_slug": "aws-bedrock", "secret": json.dumps(AWS)}
    made = await api.post(CONFIGS, body)
    assert made.result["secret_preview"] == "{…}"
    other = await api.post(CONFIGS, {**body, "provider_slug": "google-vertex-ai", "secret": account()})
    assert other.result["provider_slug"] == "google-vertex-ai"
    assert holding(api.data, AWS["secretAccessKey"], pem().split("\n")[1]) == []


@pytest.mark.parametrize(
    ("provider", "secret", "said"),
    [
        ("openai", json.dumps(AWS), "one line"),
        ("custom-mine", json.dumps(AWS), "one line"),
        ("aws-bedrock", json.dumps({"accessKeyId": "AKIA"}), "secretAccessKey missing"),
        ("google-vertex-ai", json.dumps(AWS), "client_email and private_key missing"),
        ("google-vertex-ai", account(token_uri="https://evil.example/"), "token_uri"),
        ("google-ai-studio", account(), "one line"),
    ],
)
async def test_one_that_no_call_could_go_out_with_is_not_stored(
    api: Api, provider: str, secret: str, said: str
) -> None:
    problem = (await api.post(CONFIGS, {**KEY, "provider_slug": provider, "secret": secret})).problem(
        400, 7001
    )
    assert problem["path"] == ["body", "secret"]
    assert said in str(problem["message"])
    assert "evil" not in str(problem)
    assert AWS["secretAccessKey"] not in str(problem)
    assert (await api.get(CONFIGS)).items == []


async def test_nor_put_in_a_keys_place(api: Api) -> None:
    made = (await api.post(CONFIGS, KEY)).result
    (await api.put(f"{CONFIGS}/{made['id']}", {"secret": json.dumps(AWS)})).problem(400, 7001)
