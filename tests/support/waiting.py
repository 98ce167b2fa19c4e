"""Bounded waits.

No test sleeps for a guessed time, and none can hang: each waits for something, at most so long.

`Bell` wakes those who wait for a condition inside the event loop; `eventually` polls what cannot ring a bell,
such as a file that another process writes, and `comes` what has to be asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

# Seconds; only a failing test waits so long. Shipper and keeper get a hundredth of a core while all are busy.
PATIENCE = 60.0
_POLL_SECONDS = 0.01

T = TypeVar("T")


async def soon(awaitable: Awaitable[T], seconds: float = PATIENCE) -> T:
    """The result, or `TimeoutError` when it does not come in time."""
    async with asyncio.timeout(seconds):
        return await awaitable


async def eventually(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """The first result of `look` that is not None; fails saying `what` did not come."""

    async def ask() -> T | None:
        return look()

    return await comes(ask, what, seconds)


async def comes(ask: Callable[[], Awaitable[T | None]], what: str, seconds: float = PATIENCE) -> T:
    """As `eventually`, for what is asked for."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (found := await ask()) is None:
        if loop.time() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(_POLL_SECONDS)
    return found


class Bell:
    """Rings when something has changed."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def ring(self) -> None:
        """Lets all who wait look again."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Waits for `condition`; fails saying `what` did not come."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    future = asyncio.get_running_loop().create_future()
                    self._waiting.append(future)
                    await future
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s: {what}") from None
