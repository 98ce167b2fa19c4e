"""Custom providers over the management API: where they may lead, what is shown of them, and that they are called."""

from __future__ import annotations

import json

import pytest
from management_kit import ACCOUNT, ENVIRON, Api

from conftest import Connect, OpenGateway
from support.access import from_here, holding, take_up
from support.configuration import gateways, providers
from support.upstream import Upstream

PROVIDERS = f"{ACCOUNT}/ai-gateway/custom-providers"
SECRET = "acme-secret-0123456789"
ACME = {"name": "Acme", "slug": "acme", "base_url": "https://api.acme.example/v1"}
MASKED = '{"x-api-key":"********"}'


@pytest.fixture
async def api(open_gateway: OpenGateway) -> Api:
    """Providers may lead to public addresses only."""
    text = gateways(gw={}) + providers({"custom-fixed": "https://fixed.example"})
    return Api(await open_gateway(text, ENVIRON))


@pytest.fixture
async def private(open_gateway: OpenGateway) -> Api:
    """Providers may lead to this machine."""
    return Api(await open_gateway("[server]\nallow_private_providers = true\n" + gateways(gw={}), ENVIRON))


async def test_a_provider_is_added_called_changed_and_removed(
    private: Api, upstream: Upstream, connect: Connect
) -> None:
    api = private
    headers = json.dumps({"X-Api-Key": SECRET})
    body = {**ACME, "base_url": upstream.url, "enable": True, "headers": headers, "beta": True, "position": 3}
    made = await api.post(PROVIDERS, body)
    shown = made.result
    assert shown["headers"] == MASKED
    assert (shown["slug"], shown["enable"], shown["beta"], shown["position"]) == ("acme", True, True, 3)
    assert shown["logo"] is None
    one = f"{PROVIDERS}/{shown['id']}"
    assert (await api.get(one)).result == shown
    take_up(api.gateway)
    assert (await from_here(connect, api.gateway.url, "/v1/acct/gw/custom-acme/x")).status == 200
    assert upstream.requests[-1].header("x-api-key") == SECRET.encode()

    off = (await api.patch(one, {"enable": False, "description": "ours", "beta": None})).result
    assert (off["enable"], off["description"], off["beta"], off["headers"]) == (False, "ours", None, MASKED)
    take_up(api.gateway)
    assert (await from_here(connect, api.gateway.url, "/v1/acct/gw/custom-acme/x")).status == 400

    assert (await api.delete(one)).result == off
    (await api.get(one)).problem(404, 7002)
    (await api.patch(one, {"enable": True})).problem(404, 7002)
    (await api.delete(one)).problem(404, 7002)
    assert SECRET not in made.text + (await api.get(f"{ACCOUNT}/audit_logs")).text
    assert holding(api.data, SECRET) == []


async def test_headers_stay_where_they_were_given_for(
    private: Api, upstream: Upstream, connect: Connect
) -> None:
    api = private
    made = (
        await api.post(
            PROVIDERS,
            {**ACME, "base_url": upstream.url, "enable": True, "headers": f'{{"X-Api-Key":"{SECRET}"}}'},
        )
    ).result
    one = f"{PROVIDERS}/{made['id']}"
    both = json.dumps({"X-API-KEY": "********", "x-team": "blue"})
    assert json.loads(str((await api.patch(one, {"headers": both, "slug": "acme2"})).result["headers"])) == {
        "x-api-key": "********",
        "x-team": "********",
    }
    assert (await api.patch(one, {"slug": "acme3"})).status == 200
    take_up(api.gateway)
    assert (await from_here(connect, api.gateway.url, "/v1/acct/gw/custom-acme3/x")).status == 200
    assert upstream.requests[-1].header("x-api-key") == SECRET.encode()
    assert upstream.requests[-1].header("x-team") == b"blue"

    elsewhere = {"base_url": "http://127.0.0.1:9"}
    assert (await api.patch(one, elsewhere)).problem(400, 7001)["path"] == ["body", "headers"]
    masked = await api.patch(one, {**elsewhere, "headers": MASKED})
    assert masked.problem(400, 7001)["path"] == ["body", "headers", "x-api-key"]
    assert (await api.patch(one, {**elsewhere, "headers": None})).result["headers"] is None


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.acme.example",
        "https://127.0.0.1",
        "https://localhost/v1",
        "https://10.1.2.3/v1",
        "https://[::1]/v1",
        "https://0x7f.1/v1",
        "https://169.254.169.254/latest",
        "http+unix://%2Fvar%2Frun%2Fx.sock",
        "ftp://acme.example",
        "https://user:pw@acme.example",
        "https://acme.example/../x",
        "https://acme.example?x",
        "javascript:alert(1)",
        "",
        "https://acme.example/\u0000",
    ],
)
async def test_addresses_that_are_not_out_in_the_world(api: Api, base_url: str) -> None:
    refused = await api.post(PROVIDERS, {**ACME, "base_url": base_url})
    assert refused.problem(400, 7001)["path"] == ["body", "base_url"]
    assert "pw@" not in refused.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Acme"),
        ("slug", "a/b"),
        ("slug", "fixed"),
        ("name", ""),
        ("name", "a\nb"),
        ("headers", "not json"),
        ("headers", "[]"),
        ("headers", '{"a": 1}'),
        ("headers", '{"host": "x"}'),
        ("headers", '{"cf-aig-x": "x"}'),
        ("headers", '{"a": "x\\r\\ny: z"}'),
        ("headers", '{"a": "********"}'),
        ("headers", {"a": "b"}),
        ("position", -1),
        ("enable", "yes"),
        ("description", 1),
    ],
)
async def test_what_cannot_be_a_provider(api: Api, field: str, value: object) -> None:
    refused = (await api.post(PROVIDERS, {**ACME, field: value})).problem(400, 7001)
    assert refused["path"][:2] == ["body", field]  # type: ignore[index]
    assert (await api.get(PROVIDERS)).items == []


async def test_an_address_that_the_operator_allowed_is_not_passed_on(api: Api) -> None:
    row = api.access.provider("inner", "http://10.0.0.7:8000")
    one = f"{PROVIDERS}/{row.id}"
    assert (await api.patch(one, {"slug": "inside", "enable": False})).status == 200
    (await api.patch(one, {"base_url": "http://10.0.0.8:8000"})).problem(400, 7001)
    assert (await api.patch(one, {"base_url": "https://acme.example"})).status == 200
    (await api.patch(one, {"base_url": "http://10.0.0.7:8000"})).problem(400, 7001)


async def test_slugs_are_taken_once_in_an_account(api: Api) -> None:
    assert (await api.post(PROVIDERS, ACME)).result["enable"] is False
    assert "already" in str((await api.post(PROVIDERS, ACME)).problem(400, 7001)["message"])
    other = PROVIDERS.replace("acct", "other")
    made = (await api.post(other, ACME)).result
    (await api.get(f"{PROVIDERS}/{made['id']}")).problem(404, 7002)


async def test_lists_are_filtered_and_ordered(api: Api) -> None:
    for slug, more in (("b", {"enable": True}), ("c", {"beta": True}), ("a", {"position": 5})):
        await api.post(PROVIDERS, {**ACME, "slug": slug, "name": f"Name {slug}", **more})

    async def slugs(query: str) -> list[object]:
        return [one["slug"] for one in (await api.get(f"{PROVIDERS}?{query}")).items]

    assert await slugs("") == ["b", "c", "a"]
    assert await slugs("order_by=name%20ASC") == ["a", "b", "c"]
    assert await slugs("order_by=slug%20desc&per_page=2") == ["c", "b"]
    assert await slugs("order_by=position%20DESC&per_page=1") == ["a"]
    assert await slugs("order_by=created_at") == await slugs("order_by=modified_at") == ["b", "c", "a"]
    assert await slugs("enable=true") == ["b"]
    assert await slugs("beta=true") == ["c"]
    assert await slugs("beta=false") == ["b", "a"]
    assert await slugs("search=NAME%20C") == ["c"]
    assert await slugs("page=2") == []
    (await api.get(f"{PROVIDERS}?order_by=headers")).problem(400, 7001)
    (await api.get(f"{PROVIDERS}?order_by=name%20sideways")).problem(400, 7001)


async def test_without_the_master_key_providers_can_still_be_listed_and_removed(api: Api) -> None:
    made = (await api.post(PROVIDERS, {**ACME, "headers": '{"a": "bcdefgh"}'})).result
    (api.data / "master.key").unlink()
    (listed,) = (await api.get(PROVIDERS)).items
    assert listed["headers"] is None
    assert (await api.patch(f"{PROVIDERS}/{made['id']}", {"enable": True})).status == 200
    assert (await api.delete(f"{PROVIDERS}/{made['id']}")).status == 200
