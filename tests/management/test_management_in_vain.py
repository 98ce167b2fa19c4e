"""What is stored and does nothing is said with the answer, whoever set it (Cloudflare 4.1, 4.2, 4.5)."""

from __future__ import annotations

import pytest
from management_kit import ENVIRON, GATEWAYS, PLAIN, Api

from conftest import OpenGateway
from support.configuration import gateways

KEY = {"alias": "a", "default_config": False, "provider_slug": "openai", "secret": "sk-0123456789abcdef"}
RULE = {"limit": 5, "limitType": "cost", "window": 3600}
IN_VAIN: dict[str, tuple[dict[str, object], str]] = {
    "guardrails": ({"guardrails": {"prompt": {"S1": "BLOCK"}, "response": {}}}, "in this version"),
    "dlp": ({"dlp": {"enabled": True, "action": "BLOCK", "profiles": ["p"]}}, "in this version"),
    "zdr": ({"zdr": True}, "in this version"),
    "log_classification": ({"log_classification": True}, "in this version"),
    "store_id": ({"store_id": "s"}, "in this version"),
    "stripe": (
        {"stripe": {"authorization": "sk_1", "usage_events": [{"payload": "{}"}]}},
        "in this version",
    ),
    "workers_ai_billing_mode": ({"workers_ai_billing_mode": "unified"}, "in this version"),
    "rate_limiting_limit": ({"rate_limiting_limit": 5}, "without rate_limiting_interval"),
    "rate_limiting_interval": ({"rate_limiting_interval": 60}, "without rate_limiting_limit"),
    "rate_limiting_technique": ({"rate_limiting_technique": "sliding"}, "without rate_limiting_limit"),
    "log_management_strategy": (
        {"log_management_strategy": "DELETE_OLDEST"},
        "without log_management",
    ),
    "spend_limits": ({"spend_limits": {"rules": [RULE]}}, "without enabled = true"),
    "logpush": ({"logpush": True}, "without a [log_push] job"),
}
WHOLE: dict[str, object] = {
    "rate_limiting_limit": 5,
    "rate_limiting_interval": 60,
    "rate_limiting_technique": "sliding",
    "log_management": 10_000,
    "log_management_strategy": "DELETE_OLDEST",
    "spend_limits": {"enabled": True, "rules": [RULE]},
    "guardrails": None,
    "dlp": None,
    "zdr": False,
}


@pytest.fixture
async def api(open_gateway: OpenGateway) -> Api:
    return Api(await open_gateway("", ENVIRON))


def told(messages: object) -> list[tuple[int, list[str]]]:
    assert isinstance(messages, list)
    return [(one["code"], one["path"]) for one in messages]


@pytest.mark.parametrize("field", IN_VAIN)
async def test_a_field_that_does_nothing(api: Api, field: str) -> None:
    """When it is set, and whenever the gateway is shown."""
    fields, why = IN_VAIN[field]
    made = (await api.post(GATEWAYS, {"id": "g", **PLAIN, **fields})).json
    assert made["success"] is True
    assert told(made["messages"]) == [(9200, [field])]
    (message,) = made["messages"]
    assert message["message"].startswith(f"gateway g: {field} has no effect ")
    assert why in message["message"]
    for answer in (
        await api.put(f"{GATEWAYS}/g", {**PLAIN, **fields}),
        await api.get(f"{GATEWAYS}/g"),
        await api.get(GATEWAYS),
    ):
        assert told(answer.json["messages"]) == [(9200, [field])]
    assert (await api.put(f"{GATEWAYS}/g", PLAIN)).json["messages"] == []
    assert (await api.get(f"{GATEWAYS}/g")).json["messages"] == []


async def test_what_is_said_in_full_is_no_matter(api: Api) -> None:
    assert (await api.post(GATEWAYS, {"id": "g", **PLAIN, **WHOLE})).json["messages"] == []


async def test_a_gateway_of_the_file_says_it_too(open_gateway: OpenGateway) -> None:
    pushes = '[log_push.a.folder]\npath = "x"\n'
    text = gateways(gw={"zdr": True, "rate_limiting_limit": 5, "logpush": True}) + pushes
    api = Api(await open_gateway(text, ENVIRON))
    shown = (await api.get(f"{GATEWAYS}/gw")).json
    assert told(shown["messages"]) == [(9200, ["zdr"]), (9200, ["rate_limiting_limit"])]


async def test_a_wrong_body_says_only_what_is_wrong(api: Api) -> None:
    answer = await api.post(GATEWAYS, {"id": "g", **PLAIN, "zdr": True, "cache_ttl": -1})
    answer.problem(400, 7001)
    assert answer.json["messages"] == []


async def test_a_stored_keys_period_without_a_limit(api: Api) -> None:
    await api.gateway_("g")
    path = f"{GATEWAYS}/g/provider_configs"
    made = (await api.post(path, {**KEY, "rate_limit_period": 5})).json
    assert told(made["messages"]) == [(9200, ["rate_limit_period"])]
    assert told((await api.get(path)).json["messages"]) == [(9200, ["rate_limit_period"])]
    one = f"{path}/{made['result']['id']}"
    assert (await api.put(one, {"rate_limit": 5})).json["messages"] == []
    assert told((await api.put(one, {"rate_limit": None})).json["messages"]) == [
        (9200, ["rate_limit_period"])
    ]


async def test_a_route_is_not_served(api: Api) -> None:
    await api.gateway_("g")
    elements = [
        {"id": "s", "type": "start", "outputs": {"next": {"elementId": "e"}}},
        {"id": "e", "type": "end", "outputs": {}},
    ]
    made = (await api.post(f"{GATEWAYS}/g/routes", {"name": "r", "elements": elements})).json
    assert told(made["messages"]) == [(9200, ["elements"])]
    assert "dynamic/r" in made["messages"][0]["message"]
