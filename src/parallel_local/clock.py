"""Time and identifiers.

Everything that depends on the hour or on chance asks a `Clock` handed to it, so that tests own both.
No other file may call `datetime.now`, `time.*`, `uuid` or `asyncio.sleep`.
"""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the engine needs to know about time and chance."""

    def now(self) -> datetime:
        """The current time, timezone-aware, in UTC."""

    def new_hex(self) -> str:
        """A fresh identifier: 32 lower-case hexadecimal characters."""

    async def wait(self, waiter: asyncio.Future[None], seconds: float) -> bool:
        """Wait for `waiter` at most `seconds`; true when it is done. Never cancels it."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def new_hex(self) -> str:
        return uuid.uuid4().hex

    async def wait(self, waiter: asyncio.Future[None], seconds: float) -> bool:
        await asyncio.wait((waiter,), timeout=max(seconds, 0.0))
        return waiter.done()


def timestamp(moment: datetime) -> str:
    """RFC 3339 with microseconds and `Z` (Parallel 1.5)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
