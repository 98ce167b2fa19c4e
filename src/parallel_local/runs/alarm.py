"""Waiting for news, or for a time to come, whichever is first: how those who work by a timetable sleep."""

import asyncio

from parallel_local.clock import Clock


class Alarm:
    """One sleeper's alarm. Used from the event loop only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._news = asyncio.Event()

    def ring(self) -> None:
        """There is news: wake the sleeper, now or as soon as it lies down."""
        self._news.set()

    async def sleep(self, seconds: float | None) -> None:
        """Until there is news, at most `seconds`; None for as long as it takes. What rang before is forgotten then."""
        if seconds is None:
            await self._news.wait()
        else:
            news = asyncio.ensure_future(self._heard())
            try:
                await self._clock.wait(news, seconds)
            finally:
                news.cancel()
        self._news.clear()

    async def _heard(self) -> None:
        await self._news.wait()
