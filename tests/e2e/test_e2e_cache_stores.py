"""Stores that are full, broken, gone, or busy with another worker's call: callers get their answers all the same."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from recall_kit import (
    TWO_WORKERS,
    Caller,
    all_stored,
    cache_status,
    caching,
    caller,
    callers,
    in_flight,
    numbering,
    somebody_waits,
)

from conftest import Connect, OpenGateway
from penstock.stores.lmdb.replies import CACHE, FOLDER, LmdbReplies
from penstock.stores.replies import Reply as Kept
from penstock.stores.replies import Scope
from support.checks import check_error
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import Reply, sse, whole
from support.shared_stores import keeping
from support.upstream import Upstream

KEY = ("Idempotency-Key", "order-1")
LARGE = b"x" * 300_000
BEFORE = "Idempotency key used before"


# -- no room


@pytest.mark.parametrize("body", [b"{}", LARGE])
async def test_a_cache_without_room(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes
) -> None:
    upstream.will(*(whole(body) for _ in range(3)))
    gateway = await open_gateway(caching(upstream.url, "[cache]\nmax_bytes = 1\n"))
    client = await caller(gateway, connect)
    for _ in range(3):
        answer = await client.ask()
        assert (cache_status(answer), answer.body) == ("MISS", body)
        await all_stored(gateway)
        gateway.sweep()


async def test_a_full_cache_makes_room(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(caching(upstream.url, "[cache]\nmax_bytes = 100000\n"))
    client = await caller(gateway, connect)
    for number in range(60):
        gateway.clock.ahead += 0.01
        upstream.will(whole(b"y" * 10_000))
        assert (await client.ask(body=b"%d" % number)).status == 200
    assert cache_status(await client.ask(body=b"59")) == "HIT"
    assert cache_status(await client.ask(body=b"0")) == "MISS"


async def test_a_once_store_without_room_does_nothing_twice(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    gateway = await open_gateway(openai(upstream.url, "[idempotency]\nmax_bytes = 1\n"))
    client = await caller(gateway, connect)
    assert (await client.ask(KEY)).json() == {"number": 1}
    check_error(await client.ask(KEY), 409, 9409, BEFORE)
    assert len(upstream.requests) == 1


async def test_a_hit_under_a_key_that_finds_no_room_does_not_block_the_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The next call with that key is answered at once, however."""
    gateway = await open_gateway(caching(upstream.url, "[idempotency]\nmax_bytes = 1\n"))
    client = await caller(gateway, connect)
    await client.ask()
    assert cache_status(await client.ask(KEY)) == "HIT"
    await client.send(KEY)
    answer = await client.client.answer()
    assert answer.status in (200, 409)
    assert gateway.clock.slept == []


# -- no store


async def test_a_store_that_was_deleted(upstream: Upstream, connect: Connect, tmp_path: Path) -> None:
    """Between two lives of the gateway (docs/guides/caching.md)."""
    for _ in range(2):
        gateway = await InProcess.start(tmp_path / "same", caching(upstream.url))
        try:
            client = await caller(gateway, connect)
            assert [cache_status(await client.ask()) for _ in range(2)] == ["MISS", "HIT"]
        finally:
            await gateway.stop()
        shutil.rmtree(gateway.data / FOLDER)


@pytest.mark.parametrize("keep", [0, 8192])
async def test_a_store_that_was_damaged(
    upstream: Upstream, connect: Connect, tmp_path: Path, keep: int
) -> None:
    """Nothing in it is needed to start: calls work, with or without what was kept."""
    gateway = await InProcess.start(tmp_path / "same", caching(upstream.url))
    try:
        await (await caller(gateway, connect)).ask()
    finally:
        await gateway.stop()
    file = gateway.data / FOLDER / "data.mdb"
    data = file.read_bytes()
    file.write_bytes(data[:keep] + b"\xa5" * (len(data) - keep))
    gateway = await InProcess.start(tmp_path / "same", caching(upstream.url))
    try:
        client = await caller(gateway, connect)
        assert [(await client.ask()).status for _ in range(2)] == [200, 200]
        assert (await client.ask(KEY)).status in (200, 503)
        gateway.sweep()
    finally:
        await gateway.stop()


async def test_a_store_that_fails_while_it_is_used(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The cache says MISS. A promise that cannot be kept is not made: `Idempotency-Key` is refused."""
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url))
    client = await caller(gateway, connect)
    await client.ask()
    keeping(gateway).close()
    for number in (2, 3):
        answer = await client.ask()
        assert (answer.status, cache_status(answer), answer.json()) == (200, "MISS", {"number": number})
    gateway.sweep()
    check_error(await client.ask(KEY), 503, 9503, "Service unavailable")
    assert len(upstream.requests) == 3


async def test_calls_still_share_while_the_store_fails(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *sse(b"data: 1\n\n", b"data: 2\n\n").steps)))
    gateway = await open_gateway(caching(upstream.url))
    keeping(gateway).close()
    asking = await callers(gateway, connect, 3)
    for one in asking:
        await one.send()
        await upstream.request(1)
    await in_flight(gateway, 3)
    gate.set()
    assert [(await one.client.answer()).body for one in asking] == [b"data: 1\n\ndata: 2\n\n"] * 3


# -- another worker


class Neighbour:
    """Another worker of the same machine, which has just asked the same."""

    def __init__(self, gateway: InProcess, key: bytes) -> None:
        self.gateway, self.key = gateway, key
        self.store = LmdbReplies(keeping(gateway), CACHE, b"neighbour", 1_000_000, evict=True)
        self.store.beat(self.now)
        assert self.store.claim(key, b"", self.now) is None

    @property
    def now(self) -> int:
        return self.gateway.clock.now_us()

    def answers(self) -> None:
        kept = Kept(200, b"x-by: neighbour\r\n", b"text/plain", b"", b"theirs", self.now, "openai", "m")
        later = self.now + 60_000_000
        assert self.store.put(self.key, b"", kept, Scope("acct", "gw", "openai"), later)

    def gives_up(self) -> None:
        self.store.abandon(self.key)

    def dies(self) -> None:
        """It says nothing any more."""


async def _neighbour(gateway: InProcess, client: Caller, monkeypatch: pytest.MonkeyPatch) -> Neighbour:
    """The provider fails once for us; then the neighbour asks it."""
    store = gateway.parts.answers._cache
    taken: list[bytes] = []
    claim = store.claim

    def noting(key: bytes, fingerprint: bytes, now_us: int) -> object:
        taken.append(key)
        return claim(key, fingerprint, now_us)

    with monkeypatch.context() as patch:
        patch.setattr(store, "claim", noting)
        assert (await client.ask()).status == 500
    return Neighbour(gateway, taken[0])


@pytest.mark.parametrize(
    ("act", "status", "body"),
    [
        (Neighbour.answers, "HIT", b"theirs"),
        (Neighbour.gives_up, "MISS", b"ours"),
        (Neighbour.dies, "MISS", b"ours"),
    ],
)
async def test_another_workers_call_is_waited_for(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Neighbour], None],
    status: str,
    body: bytes,
) -> None:
    upstream.will(whole(b"failed", 500), whole(b"ours"))
    gateway = await open_gateway(caching(upstream.url, TWO_WORKERS))
    client = await caller(gateway, connect)
    neighbour = await _neighbour(gateway, client, monkeypatch)
    await client.send()
    await somebody_waits(gateway)
    act(neighbour)
    answer = await client.client.answer()
    assert (cache_status(answer), answer.body) == (status, body)
    assert sum(gateway.clock.slept) <= 11


async def test_with_two_workers_calls_of_one_still_join(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Incrementally, and not only when all of it is in the store."""
    gate = asyncio.Event()
    upstream.will(sse(b"data: 1\n\n", gate, b"data: [DONE]\n\n"))
    gateway = await open_gateway(caching(upstream.url, TWO_WORKERS))
    asking = await callers(gateway, connect, 3)
    for one in asking:
        await one.send()
        await one.client.head()
        assert await one.client.chunk() == b"data: 1\n\n"
    gate.set()
    for one in asking:
        assert await one.client.chunk() == b"data: [DONE]\n\n"
        assert await one.client.chunk() == b""
    assert cache_status(await asking[0].ask()) == "HIT"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("status", [404, 500])
async def test_with_two_workers_a_failure_frees_the_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    upstream.will(whole(b"no", status))
    gateway = await open_gateway(caching(upstream.url, TWO_WORKERS))
    client = await caller(gateway, connect)
    assert (await client.ask()).status == status
    assert [cache_status(await client.ask()) for _ in range(2)] == ["MISS", "HIT"]
    assert gateway.clock.slept == []
