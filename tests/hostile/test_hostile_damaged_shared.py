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


@pytest.mark.parametrize("way", WAYS)
async def test_a_start_sets_damaged_stores_aside(
    serve: Serve, upstream: Upstream, connect: Connect, way: str
) -> None:
    gateway = await serve(limited(upstream))
    assert await called(gateway, connect, upstream, range(CALLS)) == [200] * CALLS
    await gateway.stop()
    for store in STORES:
        WAYS[way](gateway.data / store / "data.mdb")
    began = time.monotonic()
    gateway = await serve(None)
    assert await called(gateway, connect, upstream, range(CALLS, CALLS + 10)) == [200] * 10
    assert time.monotonic() - began < START_SECONDS
    for store in STORES:
        assert len(set_aside(gateway, store)) == (0 if way == "deleted" else 1)
    assert gateway.stderr.count("was set aside") == (0 if way == "deleted" else len(STORES))
    await gateway.stop()


@pytest.mark.parametrize("count", [400, 5])
async def test_bytes_that_are_changed_while_it_is_stopped(
    serve: Serve, upstream: Upstream, connect: Connect, count: int
) -> None:
    """Whatever they hit. What is not worth setting aside is used, and nobody notices."""
    gateway = await serve(limited(upstream))
    assert await called(gateway, connect, upstream, range(CALLS)) == [200] * CALLS
    await gateway.stop()
    files = [gateway.data / store / "data.mdb" for store in STORES]
    sound, start = [file.read_bytes() for file in files], CALLS
    for seed in range(2):
        for file, data in zip(files, sound, strict=True):
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
            flipped(count, 200_000, seed)(file)
        began = time.monotonic()
        gateway = await serve(None)
        assert await called(gateway, connect, upstream, range(start, start + 20)) == [200] * 20, (
            gateway.stderr
        )
        assert time.monotonic() - began < START_SECONDS
        await gateway.stop()
        start += 20


@pytest.mark.parametrize(
    ("way", "workers", "stores"),
    [
        *[(way, 2, STORES) for way in WAYS],
        *[(way, 1, (store,)) for way in ("8-kib", "garbage") for store in STORES],
    ],
)
async def test_stores_that_are_damaged_while_they_are_used(
    serve: Serve, upstream: Upstream, connect: Connect, way: str, workers: int, stores: tuple[str, ...]
) -> None:
    gateway = await serve(limited(upstream), "--workers", str(workers))
    assert await called(gateway, connect, upstream, range(CALLS)) == [200] * CALLS
    for store in stores:
        WAYS[way](gateway.data / store / "data.mdb")
    await goes_well(gateway, connect, upstream, CALLS)
    await goes_well(gateway, connect, upstream, 10_000)
    assert gateway.process.poll() is None
    await gateway.stop()
