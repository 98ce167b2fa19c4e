"""Damaged stores that workers share: the next start serves soon, a running gateway goes on after a moment."""

from __future__ import annotations

import time

import pytest
from damage_kit import (
    START_SECONDS,
    WAYS,
    called,
    flipped,
    goes_well,
    limited,
    set_aside,
)

from conftest import Connect, Serve
from support.upstream import Upstream

STORES = ("counters.lmdb", "replies.lmdb")
CALLS = 60


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_start_sets_a_damaged_store_aside(
    serve: Serve, upstream: Upstream, connect: Connect, way: str, store: str
) -> None:
    gateway = await serve(limited(upstream))
    assert await called(gateway, connect, upstream, range(CALLS)) == [200] * CALLS
    await gateway.stop()
    WAYS[way](gateway.data / store / "data.mdb")
    began = time.monotonic()
    gateway = await serve(None)
    assert await called(gateway, connect, upstream, range(CALLS, CALLS + 10)) == [200] * 10
    assert time.monotonic() - began < START_SECONDS
    assert len(set_aside(gateway, store)) == (0 if way == "deleted" else 1)
    assert ("was set aside" in gateway.stderr) == (way != "deleted")
    await gateway.stop()


@pytest.mark.parametrize("store", STORES)
async def test_bytes_that_are_changed_while_it_is_stopped(
    serve: Serve, upstream: Upstream, connect: Connect, store: str
) -> None:
    """Whatever they hit. What is not worth setting aside is used, and nobody notices."""
    gateway = await serve(limited(upstream))
    assert await called(gateway, connect, upstream, range(CALLS)) == [200] * CALLS
    await gateway.stop()
    file = gateway.data / store / "data.mdb"
    sound, start = file.read_bytes(), CALLS
    for seed in range(6):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(sound)
        flipped(400 if seed < 3 else 5, 200_000, seed)(file)
        began = time.monotonic()
        gateway = await serve(None)
        assert await called(gateway, connect, upstream, range(start, start + 20)) == [200] * 20, (
            gateway.stderr
        )
        assert time.monotonic() - began < START_SECONDS
        await gateway.stop()
        start += 20


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("way", WAYS)
async def test_a_store_that_is_damaged_while_it_is_used(
    serve: Serve, upstream: Upstream, connect: Connect, way: str, workers: int, store: str
) -> None:
    gateway = await serve(limited(upstream), "--workers", str(workers))
    assert await called(gateway, connect, upstream, range(CALLS)) == [200] * CALLS
    WAYS[way](gateway.data / store / "data.mdb")
    await goes_well(gateway, connect, upstream, CALLS)
    await goes_well(gateway, connect, upstream, 10_000)
    assert gateway.process.poll() is None
    await gateway.stop()
