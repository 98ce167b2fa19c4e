"""Accounts that ask ever new things: what is kept for others stays, and others find room for what is new.

The stores are small here, so that few answers fill them.
"""

from __future__ import annotations

import json

import pytest

from conftest import Connect, OpenGateway
from penstock.stores.lmdb import reply_shares
from support.checks import check_error
from support.client import Answer, Client
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream

ROOM = 1_000_000
MANY = 2000

pytestmark = pytest.mark.parametrize(
    ("size", "asked"), [(40, MANY), (20_000, 300), (200_000, 40)], ids=["small", "middle", "large"]
)


@pytest.fixture
def answers(upstream: Upstream, size: int) -> None:
    upstream.otherwise = lambda seen: whole(b"x" * (size if seen.header("x-by") == b"evil" else 40))


async def opened(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    fields = {"cache_ttl": 3600}
    rooms = "".join(f"[{store}]\nmax_bytes = {ROOM}\n" for store in ("cache", "idempotency"))
    accounts = gateways("evil", one=fields, two=fields) + gateways("good", one=fields)
    return await open_gateway(accounts + providers({"openai": upstream.url}) + rooms)


async def ask(client: Client, account: str, number: int, *, key: bool = False, where: str = "one") -> Answer:
    once = [("idempotency-key", f"{account}-{number}"), ("cf-aig-skip-cache", "true")] if key else []
    return await client.ask(
        "POST",
        f"/v1/{account}/{where}/openai/chat/completions",
        ("content-type", "application/json"),
        ("x-by", account),
        *once,
        body=json.dumps({"model": "gpt-5", "messages": [], "user": f"{account}-{number}"}).encode(),
    )


def is_hit(answer: Answer) -> bool:
    assert answer.status == 200, answer.body
    return answer.header("cf-aig-cache-status") == "HIT"


def is_replayed(answer: Answer) -> bool:
    return answer.status == 200 and answer.header("idempotent-replayed") == "true"


async def flood(gateway: InProcess, client: Client, asked: int, *, key: bool = False) -> None:
    """By one account, through both of its gateways; now and then the worker sweeps."""
    for number in range(asked):
        assert (await ask(client, "evil", number, key=key, where=("one", "two")[number % 2])).status == 200
        if number % 50 == 0:
            gateway.advance(0.5)
            gateway.sweep()
    await gateway.settled()


@pytest.mark.usefixtures("answers")
async def test_what_others_have_in_the_cache_stays_there(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, asked: int
) -> None:
    gateway = await opened(open_gateway, upstream)
    client = await connect(gateway.url)
    for number in range(20):
        assert not is_hit(await ask(client, "good", number))
    await flood(gateway, client, asked)
    assert [is_hit(await ask(client, "good", number)) for number in range(20)] == [True] * 20
    for number in range(100, 120):  # and there is room for what comes now
        assert [is_hit(await ask(client, "good", number)) for _ in range(2)] == [False, True]
    await flood(gateway, client, asked // 4)
    assert all([is_hit(await ask(client, "good", number)) for number in range(100, 120)])


@pytest.mark.usefixtures("answers")
async def test_others_have_room_for_their_keys(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, asked: int
) -> None:
    gateway = await opened(open_gateway, upstream)
    client = await connect(gateway.url)
    await ask(client, "good", 0, key=True)
    await flood(gateway, client, asked, key=True)
    for number in range(1, 21):
        assert (await ask(client, "good", number, key=True)).status == 200
    before = len(upstream.requests)
    assert all([is_replayed(await ask(client, "good", number, key=True)) for number in range(21)])
    assert is_replayed(await ask(client, "evil", 0, key=True)), "what was kept stays until its time is over"
    past = await ask(client, "evil", asked - 1, key=True, where=("one", "two")[(asked - 1) % 2])
    check_error(past, 409, 9409, "Idempotency key used before")
    assert len(upstream.requests) == before, "nothing is done twice"


@pytest.mark.usefixtures("answers")
async def test_who_used_up_very_many_keys_is_told_before_the_work(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    asked: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reply_shares, "MARKED_BYTES", 8000)
    gateway = await opened(open_gateway, upstream)
    client = await connect(gateway.url)
    statuses = [(await ask(client, "evil", number, key=True)).status for number in range(asked)]
    done = statuses.count(200)
    assert statuses == [200] * done + [503] * (asked - done)
    assert len(upstream.requests) == done
    refused = await ask(client, "evil", asked, key=True)
    check_error(refused, 503, 9503, "Service unavailable")
    assert is_replayed(await ask(client, "evil", 0, key=True))
    assert (await ask(client, "evil", done - 1, key=True)).status == 409
    for number in range(3):
        assert [is_replayed(await ask(client, "good", number, key=True)) for _ in range(2)] == [False, True]
    gateway.advance(24 * 3600 + 1)
    gateway.sweep()
    client = await connect(gateway.url)
    assert (await ask(client, "evil", asked, key=True)).status == 200
