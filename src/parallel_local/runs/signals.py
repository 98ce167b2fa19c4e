"""Waking those who wait: long polls and event streams sleep on a name until somebody rings it.

No polling: a waiter costs one future, whatever it waits for, and closing wakes everybody at once.
"""

import asyncio
from collections import defaultdict

from parallel_local.clock import Clock


class Signals:
    """Named bells. Used from the event loop only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self.closed = False

    def ring(self, name: str) -> None:
        """Wake everybody who waits for `name`."""
        for waiter in self._waiting.pop(name, ()):
            if not waiter.done():
                waiter.set_result(None)

    async def heard(self, name: str, seconds: float) -> bool:
        """Wait for the next ring of `name`; false when `seconds` pass first, or after closing."""
        if self.closed:
            return False
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[name].add(waiter)
        try:
            rung = await self._clock.wait(waiter, seconds)
        finally:
            self._forget(name, waiter)
        return rung and not self.closed

    def close(self) -> None:
        """Wake everybody for good: the program is ending."""
        self.closed = True
        for name in list(self._waiting):
            self.ring(name)

    def _forget(self, name: str, waiter: asyncio.Future[None]) -> None:
        waiters = self._waiting.get(name)
        if waiters is not None:
            waiters.discard(waiter)
            if not waiters:
                del self._waiting[name]
