"""Staying awake after a lone call: as long as it should, never longer, and not at all when it is off."""

from __future__ import annotations

import asyncio

from penstock.clock import Clock
from penstock.proxy.downstream.busy_poll import BusyPoll


class StoppedClock(Clock):
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class CountingLoop:
    """Counts what is to be called in the next turn, and calls it when told to."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Handle] = []
        self.real = asyncio.get_running_loop()

    def call_soon(self, callback: object) -> None:
        assert callable(callback)
        self.waiting.append(asyncio.Handle(callback, (), self.real))

    def turn(self) -> int:
        """One turn of the loop; how many callbacks it had."""
        waiting, self.waiting = self.waiting, []
        for handle in waiting:
            handle._run()
        return len(waiting)


def spin_for(seconds: float) -> tuple[BusyPoll, CountingLoop, StoppedClock]:
    loop, clock = CountingLoop(), StoppedClock()
    return BusyPoll(loop, clock, seconds), loop, clock  # type: ignore[arg-type]


async def test_stays_awake_until_the_time_is_over() -> None:
    spin, loop, clock = spin_for(0.5)
    spin.nudge()
    assert [loop.turn() for _ in range(3)] == [1, 1, 1]
    clock.advance(0.25)
    assert loop.turn() == 1
    clock.advance(0.25)
    assert [loop.turn() for _ in range(3)] == [1, 0, 0]


async def test_each_nudge_begins_the_time_anew_and_none_is_added() -> None:
    spin, loop, clock = spin_for(0.5)
    spin.nudge()
    spin.nudge()
    assert loop.turn() == 1
    clock.advance(0.4)
    spin.nudge()
    clock.advance(0.4)
    assert loop.turn() == 1
    clock.advance(0.2)
    assert [loop.turn() for _ in range(2)] == [1, 0]


async def test_sleeps_again_and_can_be_woken_again() -> None:
    spin, loop, clock = spin_for(0.5)
    for _ in range(2):
        spin.nudge()
        clock.advance(1)
        assert [loop.turn() for _ in range(2)] == [1, 0]


async def test_zero_never_stays_awake() -> None:
    spin, loop, _ = spin_for(0.0)
    spin.nudge()
    assert loop.turn() == 0
