"""The analytics endpoint and GraphQL: who may ask of what. The sums themselves are tested with the roll-ups."""

from __future__ import annotations

import pytest
from management_kit import ACCOUNT, ADMIN, ENVIRON, Api, Reply

from conftest import Connect, OpenGateway
from support.client import request
from support.configuration import gateways, providers
from support.upstream import Upstream

ANALYTICS = f"{ACCOUNT}/ai-gateway/analytics"
QUERY = """query ($tag: string!) { viewer { accounts(filter: {accountTag: $tag}) {
  aiGatewayRequestsAdaptiveGroups(limit: 100, filter: {}) { count dimensions { gateway } }
  aiGatewaySizeAdaptiveGroups(limit: 100, filter: {}) { max { rows } dimensions { gateway } }
} } }"""


@pytest.fixture
async def api(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> Api:
    """Two calls through `acct/gw`, one through `acct/other`."""
    text = gateways(gw={}, other={}) + providers({"openai": upstream.url})
    api = Api(await open_gateway(text, ENVIRON))
    client = await connect(api.gateway.url)
    for gateway in ("gw", "gw", "other"):
        await client.send(request("POST", f"/v1/acct/{gateway}/openai/chat/completions", body=b"{}"))
        await client.answer()
    await api.gateway.calls(3)
    return api


async def asked(api: Api, tag: str = "acct") -> Reply:
    return await api.post("/graphql", {"query": QUERY, "variables": {"tag": tag}})


def counts(reply: Reply, dataset: str = "Requests") -> dict[str, int]:
    """Gateways and their counts."""
    assert reply.status == 200
    assert reply.json["errors"] is None, reply.text
    (account,) = reply.json["data"]["viewer"]["accounts"]
    groups = account[f"aiGateway{dataset}AdaptiveGroups"]
    return {
        one["dimensions"]["gateway"]: one["count"] if "count" in one else one["max"]["rows"] for one in groups
    }


async def test_what_calls_add_up_to(api: Api) -> None:
    report = (await api.get(f"{ANALYTICS}?by=gateway&since=1h&until=2100-01-01")).result
    groups = report["groups"]
    assert isinstance(groups, list)
    found = {one["dimensions"]["gateway"]: one["requests"] for one in groups}
    assert found == {"gw": 2, "other": 1}
    for query in ("by=colour", "bucket=2h", "since=now&until=1h", "flavour=x", "status=abc"):
        (await api.get(f"{ANALYTICS}?{query}")).problem(400, 7001)


async def test_graphql_has_its_own_envelope(api: Api) -> None:
    api.gateway.clock.ahead += 60
    reply = await asked(api)
    assert counts(reply) == {"gw": 2, "other": 1}
    assert counts(reply, "Size") == {"gw": 2, "other": 1}
    wrong = await api.post("/graphql", {"query": "{ viewer { nothing } }"})
    assert wrong.status == 200
    assert wrong.json["data"] is None
    assert wrong.json["errors"]
    (await api.post("/graphql", {"variables": {}})).problem(400, 7001)


async def test_a_token_of_some_gateways_gets_their_sums(api: Api) -> None:
    api.gateway.clock.ahead += 60
    token = api.access.token(permissions=("metadata_read",), gateways=("acct/gw",))
    mine = api.using(token)
    report = (await mine.get(f"{ANALYTICS}?until=2100-01-01")).result
    assert isinstance(report["totals"], dict)
    assert report["totals"]["requests"] == 2
    reply = await asked(mine)
    assert counts(reply) == {"gw": 2}
    assert counts(reply, "Size") == {"gw": 2}
    nowhere = api.using(api.access.token(permissions=("read",), gateways=("elsewhere/gw",)))
    (await nowhere.get(f"{ANALYTICS}?until=2100-01-01")).problem(403, 10000)
    assert counts(await asked(nowhere)) == {}


async def test_who_may_not_ask(api: Api) -> None:
    caller = api.using(api.access.token(permissions=("run",)))
    (await caller.get(ANALYTICS)).problem(403, 10000)
    (await asked(caller)).problem(403, 10000)
    foreign = api.using(api.access.token(permissions=("read",), accounts=("theirs",)))
    (await foreign.get(ANALYTICS)).problem(403, 10000)
    assert (await asked(foreign)).json["errors"][0]["extensions"]["code"] == "authz"
    assert counts(await asked(foreign, "theirs")) == {}
    (await asked(api.using(None))).problem(401, 10000)


async def test_before_the_first_call_everything_is_empty(open_gateway: OpenGateway) -> None:
    api = Api(await open_gateway("", ENVIRON), ADMIN)
    report = (await api.get(ANALYTICS)).result
    assert report["groups"] == []
    assert counts(await asked(api)) == {}
