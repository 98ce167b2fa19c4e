"""Spend rules: which calls they are about, several at once, and what a change of them keeps (Cloudflare 3.8)."""

from __future__ import annotations

import pytest
from limit_kit import CHAT, GPT, costs, metadata, place_clock, reload, rule, spend_refused, spending, used

from conftest import Connect, OpenGateway
from support.client import Answer, Client, Header
from support.upstream import Upstream

COMPAT = "/v1/acct/gw/compat/chat/completions"
MESSAGES = "/v1/acct/gw/anthropic/v1/messages"


async def ask(client: Client, *headers: Header, path: str = CHAT, body: bytes = GPT) -> Answer:
    return await client.ask("POST", path, *headers, body=body)


# -- which calls a rule is about


async def only(
    client: Client,
    rule_is_about: list[tuple[Header | None, str, bytes]],
    free: list[tuple[Header | None, str, bytes]],
) -> None:
    """The rule of 1 USD is about the first kind of calls and not about the second."""

    async def one(call: tuple[Header | None, str, bytes]) -> int:
        header, path, body = call
        return (await ask(client, *([header] if header else []), costs(1), path=path, body=body)).status

    for call in free:
        assert [await one(call) for _ in range(2)] == [200, 200], call
    assert await one(rule_is_about[0]) == 200
    for call in rule_is_about:
        assert await one(call) == 429, call
    for call in free:
        assert await one(call) == 200, call


async def test_a_rule_for_some_metadata(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    filtered = {"plan": {"mode": "filter", "values": ["free", "trial"]}}
    gateway = await open_gateway(spending(upstream.url, rule(1, metadata=filtered)))
    await only(
        await connect(gateway.url),
        [(metadata(plan=plan), CHAT, GPT) for plan in ("free", "trial")],
        [
            (metadata(plan="paid"), CHAT, GPT),
            (metadata(plan="Free"), CHAT, GPT),
            (metadata(plan=""), CHAT, GPT),
            (metadata(other="free"), CHAT, GPT),
            (None, CHAT, GPT),
            (("cf-aig-metadata", '{"plan":"free","x":null}'), CHAT, GPT),  # the whole is dropped (2.4)
        ],
    )


async def test_filters_compare_numbers_and_truth_by_their_text(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    filtered = {"level": {"mode": "filter", "values": ["7", "true"]}}
    gateway = await open_gateway(spending(upstream.url, rule(1, metadata=filtered)))
    await only(
        await connect(gateway.url),
        [(metadata(level=level), CHAT, GPT) for level in (7, "7", True, "true")],
        [(metadata(level=level), CHAT, GPT) for level in (70, False, "True", 1)],
    )


async def test_two_keys_must_both_fit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    fields = {"team": {"mode": "filter", "values": ["x"]}, "user": {"mode": "partition"}}
    gateway = await open_gateway(spending(upstream.url, rule(1, metadata=fields)))
    await only(
        await connect(gateway.url),
        [(metadata(team="x", user="a"), CHAT, GPT), (metadata(user="a", team="x", more=1), CHAT, GPT)],
        [
            (metadata(team="x"), CHAT, GPT),
            (metadata(user="a"), CHAT, GPT),
            (metadata(team="y", user="a"), CHAT, GPT),
        ],
    )


async def test_partitions_by_two_keys(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A counter for each pair, also for values made to look like two."""
    fields = {"a": {"mode": "partition"}, "b": {"mode": "partition"}}
    gateway = await open_gateway(spending(upstream.url, rule(1, metadata=fields)))
    client = await connect(gateway.url)
    pairs = [
        ("1", "2"),
        ("12", ""),
        ("", "12"),
        ("1", "3"),
        ("2", "1"),
        ("1\x1fb=2", "3"),
        ("1", "2\x1fb=3"),
        ("x", "y" * 900),
    ]
    for _ in range(2):
        answers = [(await ask(client, metadata(a=a, b=b), costs(1))).status for a, b in pairs]
    assert answers == [429] * len(pairs)
    assert len(upstream.requests) == len(pairs)


@pytest.mark.parametrize("values", [["gpt-5"], ["openai/gpt-5"], ["nothing", "gpt-5"]])
async def test_a_rule_for_some_models(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, values: list[str]
) -> None:
    one = rule(1, model={"mode": "filter", "values": values})
    gateway = await open_gateway(spending(upstream.url, one))
    await only(
        await connect(gateway.url),
        [(None, CHAT, GPT), (None, COMPAT, b'{"model":"openai/gpt-5","messages":[]}')],
        [
            (None, CHAT, b'{"model":"gpt-5-mini"}'),
            (None, CHAT, b"{}"),
            (None, MESSAGES, b'{"model":"claude"}'),
        ],
    )


async def test_a_rule_for_some_providers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    one = rule(1, provider={"mode": "filter", "values": ["anthropic", "parallel"]})
    gateway = await open_gateway(spending(upstream.url, one))
    await only(
        await connect(gateway.url),
        [(None, MESSAGES, b"{}"), (None, COMPAT, b'{"model":"parallel/speed","messages":[]}')],
        [(None, CHAT, GPT), (None, COMPAT, b'{"model":"openai/gpt-5","messages":[]}')],
    )


@pytest.mark.parametrize("off", [{"enabled": False}, {"rules": False}])
async def test_off(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, off: dict[str, bool]
) -> None:
    one = rule(0.000001, enabled=off.get("rules", True))
    gateway = await open_gateway(spending(upstream.url, one, enabled=off.get("enabled", True)))
    client = await connect(gateway.url)
    assert [(await ask(client, costs(1))).status for _ in range(3)] == [200] * 3


# -- several rules


async def test_any_exhausted_rule_refuses_and_the_others_keep_theirs(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    rules = [rule(10, id="wide"), rule(1, id="narrow", metadata={"user": {"mode": "partition"}})]
    gateway = await open_gateway(spending(upstream.url, *rules))
    client = await connect(gateway.url)
    assert (await ask(client, costs(1), metadata(user="a"))).status == 200
    for _ in range(4):
        spend_refused(
            await ask(client, costs(1), metadata(user="a")),
            "rule 'narrow' (cost limit 1 per 3600s, fixed) for openai gpt-5",
        )
    assert used(gateway, name="wide") == used(gateway, "user=a", name="narrow") == 10**9
    assert (await ask(client, costs(9))).status == 200
    spend_refused(
        await ask(client, costs(1), metadata(user="b")),
        "rule 'wide' (cost limit 10 per 3600s, fixed) for openai gpt-5",
    )
    assert used(gateway, "user=b", name="narrow") == 0


async def test_twenty_rules_are_all_checked_and_all_counted(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    limits = [100 + number for number in range(19)]
    rules = [rule(limit, 3600, "sliding", id=f"r{limit}") for limit in limits]
    rules.insert(11, rule(3, 3600, "sliding", id="least"))
    gateway = await open_gateway(spending(upstream.url, *rules))
    client = await connect(gateway.url)
    assert [(await ask(client, costs(1))).status for _ in range(3)] == [200] * 3
    spend_refused(
        await ask(client, costs(1)), "rule 'least' (cost limit 3 per 3600s, sliding) for openai gpt-5"
    )
    spent = {used(gateway, name=name, sliding=True) for name in ["least", *(f"r{limit}" for limit in limits)]}
    assert spent == {3 * 10**9}


async def test_rules_without_an_id(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """Each has a counter of its own, and a name in the message."""
    first, second = ({key: value for key, value in rule(limit).items() if key != "id"} for limit in (5, 3))
    gateway = await open_gateway(spending(upstream.url, first, second))
    client = await connect(gateway.url)
    assert [(await ask(client, costs(1))).status for _ in range(3)] == [200] * 3
    answer = await ask(client, costs(1))
    spend_refused(answer, "rule 'rule-2' (cost limit 3 per 3600s, fixed) for openai gpt-5")


@pytest.mark.parametrize("technique", ["fixed", "sliding"])
async def test_a_changed_rule_with_the_same_id_keeps_its_counter(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, technique: str
) -> None:
    other = {"fixed": "sliding", "sliding": "fixed"}[technique]
    gateway = await open_gateway(spending(upstream.url, rule(2, 3600, technique)))
    place_clock(gateway, 7200, 60)
    client = await connect(gateway.url)

    async def admitted() -> int:
        """How many dollars are left."""
        count = 0
        while (await ask(client, costs(1))).status == 200:
            count += 1
        return count

    assert await admitted() == 2
    changes = [
        (rule(3, 3600, technique), 1),
        (rule(1, 3600, technique), 0),
        (rule(4, 3600, other), 1),
        (rule(5, 7200, technique), 1),
        (rule(6, 7200, technique, provider={"mode": "filter", "values": ["openai"]}), 1),
    ]
    for changed, left in changes:
        reload(gateway, spending(upstream.url, rule(100, id="before"), changed))
        assert await admitted() == left, changed
    reload(gateway, spending(upstream.url, rule(100, id="before")))
    assert (await ask(client, costs(1))).status == 200
    reload(gateway, spending(upstream.url, rule(7, 7200, technique)))
    assert await admitted() == 1
    reload(gateway, spending(upstream.url, rule(2, 7200, technique, id="renamed")))
    assert await admitted() == 2


async def test_the_longest_window_there_is(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """What the settings accept, the counters can count."""
    gateway = await open_gateway(spending(upstream.url, rule(2, 316_224_000)))
    client = await connect(gateway.url)
    assert [(await ask(client, costs(1))).status for _ in range(3)] == [200, 200, 429]
