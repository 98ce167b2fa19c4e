"""When monitors run: at their frequency, by the engine's clock, for as long as the program works."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from parallel_local.clock import Clock
from parallel_local.runs.alarm import Alarm
from parallel_local.runs.monitor_service import MonitorService

_AFTER_ERROR = 60.0  # seconds

log = logging.getLogger("parallel_local.monitors")


class MonitorSchedule:
    """Waits for the next monitor that is due. Used from the event loop only."""

    def __init__(self, service: MonitorService, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._alarm = Alarm(clock)

    def changed(self) -> None:
        """Monitors came, ended or have another frequency."""
        self._alarm.ring()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Have monitors run in time until the block is left; those whose time came before it, at once."""
        self._service.look_again(changed=False)
        worker = asyncio.create_task(self._work())
        try:
            yield
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker

    async def _work(self) -> None:
        while True:
            await self._alarm.sleep(self._seconds())

    def _seconds(self) -> float | None:
        """Has those run that are due; how long until the next one is, None without any."""
        try:
            self._service.begin_due()
            times = self._service.due().values()
        except Exception:  # a disk that is full, for one: that must not end all monitors
            log.exception("monitors cannot be looked at now")
            return _AFTER_ERROR
        return (min(times) - self._clock.now()).total_seconds() if times else None
