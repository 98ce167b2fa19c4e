"""A clock that moves only when a test says so."""

import asyncio
from datetime import UTC, datetime, timedelta


class ManualClock:
    """Time stands still until `advance`; identifiers count up."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
        self._count = 0
        self._timers: list[tuple[datetime, asyncio.Future[None]]] = []
        self._asleep = asyncio.Condition()

    def now(self) -> datetime:
        return self._now

    def new_hex(self) -> str:
        self._count += 1
        return f"{self._count:032x}"

    async def wait(self, waiter: asyncio.Future[None], seconds: float) -> bool:
        timer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timers.append((self._now + timedelta(seconds=seconds), timer))
        async with self._asleep:
            self._asleep.notify_all()
        try:
            await asyncio.wait((waiter, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()  # also for who does not wait any more
        return waiter.done()

    async def sleepers(self, count: int) -> None:
        """Return once at least `count` waits are pending."""
        async with self._asleep:
            await self._asleep.wait_for(lambda: self._pending() >= count)

    def advance(self, seconds: float) -> None:
        """Let time pass and wake whoever's time has come."""
        self._now += timedelta(seconds=seconds)
        for due, timer in self._timers:
            if due <= self._now and not timer.done():
                timer.set_result(None)

    def _pending(self) -> int:
        return sum(not timer.done() for _, timer in self._timers)
