"""Names of models over the management API: what may be, what is refused and why, and calls by a name just added."""

from __future__ import annotations

import json

import pytest
from management_kit import ACCOUNT, ENVIRON, Api

from conftest import Connect, OpenGateway
from support.access import bearer, take_up
from support.client import Answer
from support.configuration import gateways, providers
from support.replies import whole
from support.upstream import Upstream

NAMES = f"{ACCOUNT}/ai-gateway/models"
COMPAT = "/v1/acct/gw/compat"
JSON = (("Content-Type", "application/json"),)
SMART = {"name": "smart", "models": ["anthropic/claude-sonnet-4-5", "openai/gpt-5"]}
OF_FILE = '[models]\nfixed = "openai/gpt-4o"\n"gpt-4o" = "openai/gpt-4o"\n'


@pytest.fixture
async def api(open_gateway: OpenGateway, upstream: Upstream) -> Api:
    text = gateways(gw={}) + providers({"openai": upstream.url, "anthropic": upstream.url}) + OF_FILE
    return Api(await open_gateway(text, ENVIRON))


async def ask(api: Api, connect: Connect, model: str, *headers: tuple[str, str]) -> Answer:
    """A call by a name, after the gateway has taken up what was changed."""
    take_up(api.gateway)
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "x"}]}).encode()
    shown = (("Authorization", "Bearer sk-1"), *JSON, *headers)
    client = await connect(api.gateway.url)
    return await client.ask("POST", f"{COMPAT}/chat/completions", *shown, body=body)


async def listed(api: Api, connect: Connect) -> list[str]:
    """What `compat/models` has."""
    take_up(api.gateway)
    answer = await (await connect(api.gateway.url)).ask("GET", f"{COMPAT}/models")
    return [one["id"] for one in answer.json()["data"]]


async def test_a_name_from_its_making_to_its_end(api: Api, upstream: Upstream, connect: Connect) -> None:
    made = (await api.post(NAMES, {"name": "fast", "models": ["openai/gpt-5-mini"]})).result
    assert (made["name"], made["models"], made["account_id"]) == ("fast", ["openai/gpt-5-mini"], "acct")
    one = f"{NAMES}/{made['id']}"
    assert (await api.get(one)).result == made
    assert (await api.get(NAMES)).items == [made]
    assert (await api.get(f"{NAMES}?search=MINI")).items == [made]
    assert (await api.get(f"{NAMES}?name=fas")).items == []

    upstream.will(whole(b'{"id":"x"}', headers=JSON))
    assert (await ask(api, connect, "fast")).status == 200
    assert json.loads((await upstream.only()).body)["model"] == "gpt-5-mini"
    assert (await api.gateway.row()).model == "openai/gpt-5-mini"
    assert "fast" in await listed(api, connect)

    changed = (await api.put(one, {"name": "quick", "models": ["openai/gpt-5-nano"]})).result
    assert (changed["id"], changed["name"], changed["created_at"]) == (
        made["id"],
        "quick",
        made["created_at"],
    )
    assert (await ask(api, connect, "fast")).status == 400
    upstream.will(whole(b'{"id":"y"}', headers=JSON))
    assert (await ask(api, connect, "quick")).status == 200
    assert json.loads(upstream.requests[-1].body)["model"] == "gpt-5-nano"

    assert (await api.delete(one)).result == changed
    for reply in (await api.get(one), await api.delete(one), await api.put(one, SMART)):
        reply.problem(404, 7002)
    assert (await ask(api, connect, "quick")).status == 400
    assert "quick" not in await listed(api, connect)
    audited = [
        (entry["action"]["type"], entry["resource"]["type"], entry["resource"]["id"])
        for entry in (await api.get(f"{ACCOUNT}/audit_logs")).json["result"]
    ]
    assert audited == [
        (action, "ai_gateway.model_alias", made["id"]) for action in ("delete", "update", "create")
    ]


async def test_several_are_tried_in_turn(api: Api, upstream: Upstream, connect: Connect) -> None:
    assert (await api.post(NAMES, SMART)).status == 200
    upstream.will(whole(b"{}", status=500, headers=JSON))
    upstream.will(whole(b'{"id":"x"}', headers=JSON))
    assert (await ask(api, connect, "smart")).status == 200
    assert [json.loads(one.body)["model"] for one in upstream.requests] == ["claude-sonnet-4-5", "gpt-5"]


async def test_anything_else_goes_to_a_provider(api: Api, upstream: Upstream, connect: Connect) -> None:
    assert (await api.post(NAMES, {"name": "*", "models": ["openai"]})).status == 200
    upstream.will(whole(b'{"id":"x"}', headers=JSON))
    assert (await ask(api, connect, "whatever")).status == 200
    assert json.loads((await upstream.only()).body)["model"] == "whatever"


async def test_a_name_is_of_its_account_alone(api: Api, connect: Connect) -> None:
    other = NAMES.replace("acct", "elsewhere")
    made = (await api.post(other, {"name": "fast", "models": ["openai/gpt-5"]})).result
    assert (await api.get(NAMES)).items == []
    (await api.get(f"{NAMES}/{made['id']}")).problem(404, 7002)
    assert (await ask(api, connect, "fast")).status == 400
    assert (await api.post(NAMES, {"name": "fast", "models": ["openai/gpt-5"]})).status == 200


async def test_the_file_goes_first(api: Api, upstream: Upstream, connect: Connect) -> None:
    """What it says stands for itself: a name of the directory does not get between."""
    for name in ("openai/gpt-4o", "gpt-5"):
        assert (await api.post(NAMES, {"name": name, "models": ["anthropic/claude-haiku-4-5"]})).status == 200
    refused = await api.post(NAMES, {"name": "fixed", "models": ["openai/gpt-5"]})
    problem = refused.problem(400, 7001)
    assert problem["path"] == ["body", "name"]
    assert "penstock.toml" in str(problem["message"])
    upstream.will(whole(b'{"id":"x"}', headers=JSON))
    assert (await ask(api, connect, "fixed")).status == 200
    assert json.loads((await upstream.only()).body)["model"] == "gpt-4o"
    assert (await api.post(NAMES, {"name": "by-file", "models": ["fixed"]})).status == 200
    upstream.will(whole(b'{"id":"x"}', headers=JSON))
    assert (await ask(api, connect, "by-file")).status == 200
    assert json.loads(upstream.requests[-1].body)["model"] == "gpt-4o"


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"name": "a", "models": ["opnai/gpt-5"]}, "models", 'did you mean "openai"'),
        ({"name": "a", "models": ["gpt-5"]}, "models", "neither provider/model nor another name"),
        ({"name": "a", "models": ["openai/"]}, "models", "names no model"),
        ({"name": "a", "models": ["custom-nope/x"]}, "models", "no provider"),
        ({"name": "a", "models": ["*"]}, "models", "neither provider/model"),
        ({"name": "*", "models": ["openai/gpt-5"]}, "models", "no provider is called"),
        ({"name": "a", "models": []}, "models", "1"),
        ({"name": "a", "models": [f"openai/{n}" for n in range(17)]}, "models", "16"),
        ({"name": "a", "models": "openai/gpt-5"}, "models", "array"),
        ({"name": "a b", "models": ["openai/gpt-5"]}, "name", "256"),
        ({"name": "", "models": ["openai/gpt-5"]}, "name", "256"),
        ({"name": "a" * 257, "models": ["openai/gpt-5"]}, "name", "256"),
        ({"name": "a\u0000", "models": ["openai/gpt-5"]}, "name", "256"),
        ({"models": ["openai/gpt-5"]}, "name", "lacks"),
        ({"name": "a", "models": ["openai/gpt-5"], "more": 1}, "more", ""),
    ],
)
async def test_what_cannot_be(api: Api, body: dict[str, object], field: str, said: str) -> None:
    problem = (await api.post(NAMES, body)).problem(400, 7001)
    path = problem["path"]
    assert isinstance(path, list)
    assert path[:2] == ["body", field]
    assert said in str(problem["message"])
    assert (await api.get(NAMES)).items == []


async def test_names_stand_for_names_but_never_for_themselves(api: Api) -> None:
    first = (await api.post(NAMES, {"name": "a", "models": ["openai/gpt-5"]})).result
    assert (await api.post(NAMES, {"name": "b", "models": ["a"]})).status == 200
    one = f"{NAMES}/{first['id']}"
    circle = (await api.put(one, {"name": "a", "models": ["b"]})).problem(400, 7001)
    assert "leads back to itself" in str(circle["message"])
    held = (await api.delete(one)).problem(400, 7001)
    assert '"b" would be wrong' in str(held["message"])
    (await api.put(one, {"name": "c", "models": ["openai/gpt-5"]})).problem(400, 7001)
    twice = (await api.post(NAMES, {"name": "b", "models": ["openai/gpt-5"]})).problem(400, 7001)
    assert "already" in str(twice["message"])
    assert [(row["name"], row["models"]) for row in (await api.get(NAMES)).items] == [
        ("a", ["openai/gpt-5"]),
        ("b", ["a"]),
    ]


async def test_limits_of_a_token_hold_for_the_model_that_is_meant(
    api: Api, upstream: Upstream, connect: Connect
) -> None:
    token = api.access.token(models=("openai/gpt-5-mini",))
    of_names = api.access.token(models=("cheap", "dear"))
    for name, model in (("cheap", "openai/gpt-5-mini"), ("dear", "openai/gpt-5")):
        assert (await api.post(NAMES, {"name": name, "models": [model]})).status == 200
    upstream.will(whole(b'{"id":"x"}', headers=JSON))
    assert (await ask(api, connect, "cheap", bearer(token))).status == 200
    assert (await ask(api, connect, "dear", bearer(token))).status == 403
    assert (await ask(api, connect, "dear", bearer(of_names))).status == 403
    assert len(upstream.requests) == 1


async def test_a_provider_that_has_gone_since(api: Api, upstream: Upstream, connect: Connect) -> None:
    """Calls are told so; the name can still be looked at and changed, and holds back no other."""
    acme = api.access.provider("acme", upstream.url)
    made = (await api.post(NAMES, {"name": "ours", "models": ["custom-acme/m"]})).result
    upstream.will(whole(b'{"id":"x"}', headers=JSON))
    assert (await ask(api, connect, "ours")).status == 200
    gone = f"{ACCOUNT}/ai-gateway/custom-providers/{acme.id}"
    assert (await api.delete(gone)).status == 200
    answer = await ask(api, connect, "ours")
    assert answer.status == 400
    assert b"custom-acme" in answer.body
    assert (await api.post(NAMES, {"name": "fast", "models": ["openai/gpt-5"]})).status == 200
    one = f"{NAMES}/{made['id']}"
    (await api.put(one, {"name": "ours", "models": ["custom-acme/other"]})).problem(400, 7001)
    assert (await api.put(one, {"name": "ours", "models": ["openai/gpt-5"]})).status == 200
    upstream.will(whole(b'{"id":"x"}', headers=JSON))
    assert (await ask(api, connect, "ours")).status == 200
