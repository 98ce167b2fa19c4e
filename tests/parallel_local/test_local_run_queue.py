"""Whose turn it is among the runs that wait: short ones first, and nobody for ever."""

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from local_clock import ManualClock

from parallel_local.runs.processors import PROCESSORS, expected_seconds
from parallel_local.runs.run_queue import SHORT, RunQueue, Waiting

PATIENCE = 10.0  # seconds of waiting a second of work


async def nothing(_run_id: str) -> None:
    """Carries nothing out."""


def run(name: str, seconds: float) -> Waiting:
    return Waiting(name, seconds, nothing)


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 3.0, 20.0, 480.0]), st.integers(0, 300)), max_size=30))
def test_none_is_passed_by_one_that_came_later_than_its_patience(runs: list[tuple[float, int]]) -> None:
    async def taken() -> list[tuple[str, float, float]]:
        clock = ManualClock()
        queue = RunQueue(clock)
        came: dict[str, tuple[float, float]] = {}
        for number, (seconds, later) in enumerate(runs):
            clock.advance(later)
            came[str(number)] = (clock.now().timestamp(), seconds)
            queue.put(run(str(number), seconds))
        order = [(await queue.take(only_short=False)).run_id for _ in runs]
        return [(name, *came[name]) for name in order]

    order = asyncio.run(taken())
    for place, (_, came, seconds) in enumerate(order):
        for _, earlier, patience in order[place + 1 :]:
            # Whoever waits longer has come later, or lets this one pass.
            assert came + seconds * PATIENCE <= earlier + patience * PATIENCE
    for (first, *same), (second, *other) in pairwise(order):
        assert same != other or int(first) < int(second)


async def test_who_takes_short_ones_only_waits_for_one() -> None:
    queue = RunQueue(ManualClock())
    taker = asyncio.create_task(queue.take(only_short=True))
    queue.put(run("long", SHORT + 1))
    anyone = await queue.take(only_short=False)
    assert (anyone.run_id, taker.done()) == ("long", False)
    queue.put(run("short", SHORT))
    assert (await taker).run_id == "short"


def test_how_long_tasks_are_expected_to_take() -> None:
    plain = [expected_seconds(name, 0, 0) for name in PROCESSORS]
    assert all(0 < seconds < 3600 for seconds in plain)
    order = ["lite", "base", "core", "core2x", "pro", "ultra", "ultra2x", "ultra4x", "ultra8x"]
    assert [expected_seconds(name, 0, 0) for name in order] == sorted(
        expected_seconds(name, 0, 0) for name in order
    )
    assert expected_seconds("base", 100, 3) <= SHORT < expected_seconds("pro-fast", 100, 3)
    assert expected_seconds("base", 20_000, 0) > SHORT < expected_seconds("base", 0, 90)
    assert expected_seconds("core-fast", 0, 0) < expected_seconds("core", 0, 0)
