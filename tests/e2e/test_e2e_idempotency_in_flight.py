"""`Idempotency-Key` while the call is under way, by clients that leave, by other workers, and beside the cache."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from recall_kit import (
    TTL,
    TWO_WORKERS,
    Caller,
    becomes,
    cache_status,
    caching,
    caller,
    callers,
    in_flight,
    numbering,
    off,
    somebody_waits,
)

from conftest import Connect, OpenGateway
from penstock.stores.lmdb.replies import FOLDER, IDEMPOTENCY, LmdbReplies
from penstock.stores.replies import Reply as Kept
from penstock.stores.replies import Scope
from support.canned import EVENTS
from support.checks import check_error
from support.client import Answer
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import Reply, sized, sse, whole
from support.shared_stores import keeping
from support.upstream import Upstream

KEY = ("Idempotency-Key", "order-1")
DAY = 24 * 3600
LEASE = 10
MEBIBYTE = bytes(range(256)) * 4096
BEFORE = "Idempotency key used before"


def replayed(answer: Answer) -> bool:
    return answer.header("idempotent-replayed") == "true"


@pytest.mark.parametrize("reply", [whole(b"done", 201), sse(*EVENTS), whole(MEBIBYTE)])
async def test_repeats_wait_for_the_first(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *reply.steps)))
    gateway = await open_gateway(openai(upstream.url))
    asking = await callers(gateway, connect, 5)
    for one in asking:
        await one.send(KEY)
        await upstream.request(1)
    await in_flight(gateway, 5)
    gate.set()
    answers = [await one.client.answer() for one in asking]
    assert len({answer.body for answer in answers}) == len({answer.status for answer in answers}) == 1
    assert {cache_status(answer) for answer in answers} == {None}
    assert [replayed(answer) for answer in answers] == [False] + [True] * 4
    assert len(upstream.requests) == 1
    rows = await gateway.rows(5)
    assert sum(row.attempts for row in rows) == 1
    assert sorted(row.cached for row in rows) == [False] + [True] * 4


async def test_a_client_that_leaves_does_not_undo_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The work goes on without it, and the repeat gets its answer."""
    gates = asyncio.Event(), asyncio.Event()
    upstream.will(Reply((gates[0], *sized(10, b"first", gates[1], b"-last").steps)))
    gateway = await open_gateway(openai(upstream.url))
    leaving = await caller(gateway, connect)
    await leaving.send(KEY)
    await upstream.request(1)
    leaving.client.leave()
    await becomes(lambda: not gateway.lanes, "the end of the connection")
    assert upstream.is_open(0)
    second = await caller(gateway, connect)
    await second.send(KEY)
    gates[0].set()
    await second.client.head()
    assert await second.client.exactly(5) == b"first"
    second.client.leave()
    await becomes(lambda: not gateway.lanes, "the end of the connection")
    gates[1].set()
    await gateway.settled()
    third = await (await caller(gateway, connect)).ask(KEY)
    assert (replayed(third), third.body) == (True, b"first-last")
    assert len(upstream.requests) == 1
    rows = await gateway.rows(3)
    assert [row.outcome for row in rows].count("abandoned") == 2


async def test_too_large_to_keep_is_not_done_twice(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    extra = "[server.limits]\nmax_capture_bytes = 0\n"
    upstream.will(whole(MEBIBYTE))
    gateway = await open_gateway(openai(upstream.url, extra))
    client = await caller(gateway, connect)
    assert (await client.ask(KEY)).body == MEBIBYTE
    assert "too large" in check_error(await client.ask(KEY), 409, 9409, BEFORE)
    check_error(await client.ask(KEY, body=b"other"), 409, 9409, BEFORE)
    assert len(upstream.requests) == 1
    gateway.clock.ahead += DAY
    assert (await (await caller(gateway, connect)).ask(KEY)).status == 200


# -- with the cache on as well


async def test_a_hit_stands_for_the_key_too(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url))
    client = await caller(gateway, connect)
    await client.ask()
    hit = await client.ask(KEY)
    assert (cache_status(hit), replayed(hit)) == ("HIT", False)
    gateway.clock.ahead += 3601
    later = await client.ask(KEY)
    assert (replayed(later), later.json()) == (True, {"number": 1})
    check_error(await client.ask(KEY, body=b"other"), 409, 9409, BEFORE)
    assert (await client.ask()).json() == {"number": 2}


async def test_what_was_done_under_a_key_is_cached_for_others(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    first = await client.ask(KEY)
    assert (cache_status(first), replayed(first)) == ("MISS", False)
    assert cache_status(await client.ask()) == "HIT"
    assert replayed(await client.ask(KEY))
    assert cache_status(await client.ask(("Idempotency-Key", "order-2"))) == "HIT"
    created = off()
    assert not replayed(await client.ask(KEY, path=created))


async def test_two_keys_at_once_are_two_calls(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """With the cache on or not: who gives a call a key of its own wants it done."""
    gate = asyncio.Event()
    upstream.will(*(Reply((gate, *whole(b"%d" % number).steps)) for number in range(2)))
    gateway = await open_gateway(caching(upstream.url))
    first, second = await callers(gateway, connect, 2)
    await first.send(KEY)
    await upstream.request(1)
    await second.send(("Idempotency-Key", "order-2"), TTL)
    await upstream.request(2)
    gate.set()
    assert [(await one.client.answer()).body for one in (first, second)] == [b"0", b"1"]
    again = await first.ask(KEY)
    assert (replayed(again), again.body) == (True, b"0")


# -- other workers


async def test_a_killed_workers_key_is_free_after_its_lease(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    """What it left is what lies in the store in the middle of its call."""
    upstream.will(Reply((asyncio.Event(),)))
    numbering(upstream)
    killed = await open_gateway(openai(upstream.url))
    await (await caller(killed, connect)).send(KEY)
    await upstream.request(1)
    left = tmp_path / "next" / "data" / FOLDER
    left.mkdir(parents=True)
    keeping(killed).copy(str(left))
    following = await InProcess.start(tmp_path / "next", openai(upstream.url))
    try:
        client = await caller(following, connect)
        check_error(await client.ask(KEY, body=b"other"), 409, 9409, BEFORE)
        assert following.clock.slept == []
        answer = await client.ask(KEY)
        assert (replayed(answer), answer.json()) == (False, {"number": 2})
        assert 0 < sum(following.clock.slept) <= LEASE + 1
        assert replayed(await client.ask(KEY))
    finally:
        await following.stop()


class Neighbour:
    """Another worker of the same machine, at work on the key that a gateway has just given up."""

    def __init__(self, gateway: InProcess, key: bytes, fingerprint: bytes) -> None:
        self.gateway, self.key, self.fingerprint = gateway, key, fingerprint
        environment = keeping(gateway)
        self.store = LmdbReplies(environment, IDEMPOTENCY, b"neighbour", 1_000_000, evict=False)
        self.store.beat(self.now)
        assert self.store.claim(key, fingerprint, self.now) is None

    @property
    def now(self) -> int:
        return self.gateway.clock.now_us()

    def answers(self) -> None:
        kept = Kept(201, b"x-by: neighbour\r\n", b"text/plain", b"", b"theirs", self.now, "openai", "m")
        scope = Scope("acct", "gw", "openai")
        assert self.store.put(self.key, self.fingerprint, kept, scope, self.now + DAY * 1_000_000)

    def gives_up(self) -> None:
        self.store.abandon(self.key)

    def cannot_keep_it(self) -> None:
        self.store.spend(self.key, self.fingerprint, self.now + DAY * 1_000_000)


async def _neighbour(gateway: InProcess, client: Caller, monkeypatch: pytest.MonkeyPatch) -> Neighbour:
    """The provider fails once for us; then the neighbour has the key."""
    store = gateway.parts.answers._once
    taken: list[tuple[bytes, bytes]] = []
    claim = store.claim

    def noting(key: bytes, fingerprint: bytes, now_us: int, account: str) -> object:
        taken.append((key, fingerprint))
        return claim(key, fingerprint, now_us, account)

    with monkeypatch.context() as patch:
        patch.setattr(store, "claim", noting)
        assert (await client.ask(KEY)).status == 500
    return Neighbour(gateway, *taken[0])


@pytest.mark.parametrize(
    ("act", "status", "again", "calls"),
    [
        (Neighbour.answers, 201, True, 1),
        (Neighbour.gives_up, 200, False, 2),
        (Neighbour.cannot_keep_it, 409, False, 1),
    ],
)
async def test_a_neighbour_is_waited_for(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Neighbour], None],
    status: int,
    again: bool,
    calls: int,
) -> None:
    upstream.will(whole(b"failed", 500))
    gateway = await open_gateway(openai(upstream.url) + TWO_WORKERS)
    client = await caller(gateway, connect)
    neighbour = await _neighbour(gateway, client, monkeypatch)
    await client.send(KEY)
    await somebody_waits(gateway)
    act(neighbour)
    answer = await client.client.answer()
    assert (answer.status, replayed(answer)) == (status, again)
    assert answer.body == b"theirs" if again else True
    assert answer.header("x-by") == ("neighbour" if again else None)
    assert len(upstream.requests) == calls


async def test_who_waits_for_a_neighbour_may_leave(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.will(whole(b"failed", 500))
    gateway = await open_gateway(openai(upstream.url) + TWO_WORKERS)
    client = await caller(gateway, connect)
    neighbour = await _neighbour(gateway, client, monkeypatch)
    await client.send(KEY)
    await somebody_waits(gateway)
    client.client.reset()  # noticed at once: each look at the neighbour moves the clock, and its lease would end
    await gateway.settled()
    neighbour.answers()
    answer = await (await caller(gateway, connect)).ask(KEY)
    assert (replayed(answer), answer.body) == (True, b"theirs")
    assert len(upstream.requests) == 1
