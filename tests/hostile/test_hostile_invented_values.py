"""Metadata that callers invent without end: what it does to their own limits, and that others notice nothing.

The store of the counters is small here, so that few calls fill what one account may have of it.
"""

from __future__ import annotations

import json

import pytest

from conftest import Connect, OpenGateway
from penstock.stores.lmdb import counters as lmdb_counters
from support.client import Answer, Client
from support.configuration import providers
from support.upstream import Upstream

BODY = b'{"model":"gpt-5","messages":[]}'
MAP_BYTES = 512 * 1024  # for a rule that is alone, room for about two hundred values
INVENTED = 700

RULE = """
[accounts.{account}.gateways.{gateway}.spend_limits]
enabled = true
[[accounts.{account}.gateways.{gateway}.spend_limits.rules]]
id = "each-user"
limit = 2
limitType = "cost"
window = 86400
technique = "{technique}"
metadata.user = {{ mode = "partition" }}
"""
GATEWAYS = (("evil", "one"), ("evil", "two"), ("good", "one"))

pytestmark = pytest.mark.parametrize("technique", ["fixed", "sliding"])


@pytest.fixture(autouse=True)
def small_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmdb_counters, "MAP_BYTES", MAP_BYTES)


def configuration(upstream: Upstream, technique: str) -> str:
    rules = (RULE.format(account=one[0], gateway=one[1], technique=technique) for one in GATEWAYS)
    return "".join(rules) + providers({"openai": upstream.url})


async def ask(client: Client, where: str, user: object, usd: float = 1) -> Answer:
    headers = (
        ("content-type", "application/json"),
        ("cf-aig-custom-cost", json.dumps({"total_cost": usd})),
        ("cf-aig-metadata", json.dumps({"user": user})),
    )
    return await client.ask("POST", f"/v1/{where}/openai/chat/completions", *headers, body=BODY)


async def statuses(client: Client, where: str, user: object) -> list[int]:
    return [(await ask(client, where, user)).status for _ in range(3)]


async def invent(client: Client, where: str) -> list[int]:
    """What calls with ever new users get, each of a cost that its limit allows twice."""
    return [(await ask(client, where, f"new-{number}")).status for number in range(INVENTED)]


async def test_only_who_invents_is_held_sooner_and_nobody_gets_a_503(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, technique: str
) -> None:
    gateway = await open_gateway(configuration(upstream, technique))
    client = await connect(gateway.url)
    for where in ("good/one", "evil/one"):
        assert (await ask(client, where, "known")).status == 200
    got = await invent(client, "evil/one")
    assert set(got) == {200, 429}
    assert 100 < got.count(200) < INVENTED // 2
    for where in ("good/one", "evil/one"):  # those that were known have what they had left
        assert [(await ask(client, where, "known")).status for _ in range(2)] == [200, 429]
    for number in range(20):  # new ones elsewhere have all of their limit
        assert await statuses(client, "good/one", number) == [200, 200, 429]
        assert await statuses(client, "evil/two", number) == [200, 200, 429]
    refused = await ask(client, "evil/one", "one more")
    assert refused.json()["error"][0]["code"] == 2045
    assert 0 < int(refused.header("retry-after") or 0) <= 86400


async def test_what_has_ended_makes_room_for_new_values(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, technique: str
) -> None:
    gateway = await open_gateway(configuration(upstream, technique))
    client = await connect(gateway.url)
    assert 429 in await invent(client, "evil/one")
    gateway.advance(2 * 86400 + 1)
    client = await connect(gateway.url)
    for number in range(20):
        assert await statuses(client, "evil/one", number) == [200, 200, 429]


async def test_calls_that_cost_nothing_use_up_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, technique: str
) -> None:
    gateway = await open_gateway(configuration(upstream, technique))
    client = await connect(gateway.url)
    free = [(await ask(client, "evil/one", f"new-{number}", 0)).status for number in range(INVENTED)]
    assert set(free) == {200}
    for number in range(20):
        assert await statuses(client, "evil/one", number) == [200, 200, 429]


async def test_values_of_any_length_and_kind_are_counted_apart(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, technique: str
) -> None:
    gateway = await open_gateway(configuration(upstream, technique))
    client = await connect(gateway.url)
    for user in ("", "x" * 8000, "x" * 8001, "\u00e9" * 300, 7, True, "new\x1fline"):
        assert await statuses(client, "good/one", user) == [200, 200, 429], user
