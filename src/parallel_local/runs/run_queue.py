"""The queue of all runs that wait for a worker: short ones first, and long ones in their time.

A run lets shorter ones pass that come within its patience, and none that come later: nobody waits for ever. What is
short, and how long a run may be expected to take, its kind says (`kind.py`). Nothing of carrying runs out here.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from itertools import count

import msgspec

from parallel_local.clock import Clock

SHORT = 4.0
"""Seconds of expected work: what takes no longer never waits for what does, where there is more than one worker."""

_PATIENCE = 10.0  # seconds of waiting for each second of expected work


class Waiting(msgspec.Struct, frozen=True):
    """A run in the queue, how long it may take, and what carries it out."""

    run_id: str
    seconds: float
    carry_out: Callable[[str], Awaitable[None]]


class RunQueue:
    """Used from the event loop only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count()
        self._short: list[tuple[float, int, Waiting]] = []
        self._long: list[tuple[float, int, Waiting]] = []
        self._takers: set[asyncio.Future[None]] = set()

    def put(self, run: Waiting) -> None:
        """Have a run wait; its place in the order is settled here, for good."""
        place = self._clock.now().timestamp() + run.seconds * _PATIENCE
        heap = self._short if run.seconds <= SHORT else self._long
        heapq.heappush(heap, (place, next(self._numbers), run))
        for taker in self._takers:
            if not taker.done():
                taker.set_result(None)

    async def take(self, *, only_short: bool) -> Waiting:
        """The run whose turn it is, as soon as there is one."""
        while not (heaps := [heap for heap in self._heaps(only_short) if heap]):
            taker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._takers.add(taker)
            try:
                await taker
            finally:
                self._takers.discard(taker)
        first = min(heaps, key=lambda heap: heap[0][:2])
        return heapq.heappop(first)[2]

    def _heaps(self, only_short: bool) -> tuple[list[tuple[float, int, Waiting]], ...]:
        return (self._short,) if only_short else (self._short, self._long)
