"""Attempts that begin one after the other and run side by side: the first that stands wins, and nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock_common.staggered import by_turns, first_to_stand

TICK = 0.01


class Attempts:
    """Attempts that take so many ticks, and fail or not; an endless one takes None."""

    def __init__(self, plans: list[tuple[int | None, bool]]) -> None:
        self.begun: list[int] = []
        self.made: list[int] = []
        self.discarded: list[int] = []
        self.running = 0
        self.all: list[Callable[[], Awaitable[int]]] = [
            self._attempt(number, *plan) for number, plan in enumerate(plans)
        ]

    def _attempt(self, number: int, ticks: int | None, fails: bool) -> Callable[[], Awaitable[int]]:
        async def attempt() -> int:
            self.begun.append(number)
            self.running += 1
            try:
                await asyncio.sleep(3600 if ticks is None else ticks * TICK)
            finally:
                self.running -= 1
            if fails:
                raise ConnectionRefusedError(number)
            self.made.append(number)
            return number

        return attempt

    async def race(self, delay: float = TICK) -> int:
        return await first_to_stand(self.all, self.discarded.append, delay)


async def test_one_that_is_not_answered_holds_up_the_next_for_the_delay_only() -> None:
    attempts = Attempts([(None, False), (0, False), (0, False)])
    assert await attempts.race() == 1
    assert (attempts.begun, attempts.running) == ([0, 1], 0)


async def test_one_that_fails_does_not_hold_up_the_next() -> None:
    attempts = Attempts([(0, True), (0, False)])
    assert await asyncio.wait_for(attempts.race(3600), 5) == 1


async def test_one_that_is_late_may_still_win() -> None:
    attempts = Attempts([(3, False), (None, False)])
    assert await attempts.race() == 0
    assert (attempts.begun, attempts.running) == ([0, 1], 0)


async def test_all_fail() -> None:
    attempts = Attempts([(0, True), (2, True), (0, True)])
    with pytest.raises(ConnectionRefusedError):
        await attempts.race()
    assert attempts.begun == [0, 1, 2]


async def test_nothing_to_try() -> None:
    with pytest.raises(OSError, match="no address"):
        await Attempts([]).race()


async def test_whoever_waits_may_leave() -> None:
    attempts = Attempts([(None, False)] * 3)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(40 * TICK):
            await attempts.race()
    assert (attempts.begun, attempts.running) == ([0, 1, 2], 0)


@given(st.lists(st.tuples(st.none() | st.integers(0, 3), st.booleans()), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_whatever_comes_about_is_given_or_discarded(plans: list[tuple[int | None, bool]]) -> None:
    attempts = Attempts(plans)

    async def race() -> int | None:
        try:
            async with asyncio.timeout(20 * TICK):
                return await attempts.race()
        except (ConnectionRefusedError, TimeoutError):
            return None

    won = asyncio.run(race())
    assert attempts.running == 0
    assert sorted(attempts.made) == sorted([*attempts.discarded, *([] if won is None else [won])])
    if any(ticks is not None and not fails for ticks, fails in plans):
        assert won is not None


@given(st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2", "fd00::3"]), unique=True))
def test_both_families_have_their_turns(addresses: list[str]) -> None:
    turned = by_turns(addresses)
    assert sorted(turned) == sorted(addresses)
    assert turned[:1] == addresses[:1]
    for six in (True, False):
        family = [one for one in addresses if (":" in one) is six]
        assert [one for one in turned if (":" in one) is six] == family
    few = min(sum(":" in one for one in addresses), sum(":" not in one for one in addresses))
    mixed = turned[: 2 * few]
    assert all((":" in one) != (":" in other) for one, other in pairwise(mixed))
