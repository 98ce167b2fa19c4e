"""Threads of the management API, and whose turn it is: what one caller asks holds up no other caller for long.

Threads of its own, so that slow questions leave those of other pages alone; few, because each that computes takes its
share of the one interpreter from calls. What is done in them is not known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

import anyio
from anyio import to_thread

MOST: Final = 6
"""Threads of a worker."""

EACH: Final = 2
"""Of them, for one caller at a time."""

_T = TypeVar("_T")


@dataclass(slots=True)
class _Share:
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(EACH))
    users: int = 0


class Turns:
    """A worker's. To be used in its event loop."""

    def __init__(self) -> None:
        self._threads = anyio.CapacityLimiter(MOST)
        self._shares: dict[str, _Share] = {}  # of callers who have, or wait for, a turn

    @asynccontextmanager
    async def of(self, caller: str) -> AsyncIterator[None]:
        """Waits until it is this caller's turn, first come, first served."""
        share = self._shares.setdefault(caller, _Share())
        share.users += 1
        try:
            async with share.turn:
                yield
        finally:
            share.users -= 1
            if not share.users:
                del self._shares[caller]

    async def run(self, work: Callable[[], _T]) -> _T:
        """What comes of work in a thread, as soon as one is free. Raises what it raises."""
        return await to_thread.run_sync(work, limiter=self._threads)
