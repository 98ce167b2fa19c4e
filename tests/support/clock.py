"""A clock whose time a test moves.

It starts at the real time, so that identifiers and file names are sound.
"""

from __future__ import annotations

import asyncio
import time

from penstock.clock import Clock


class FakeClock(Clock):
    """Stands still until `ahead` grows."""

    __slots__ = ("_monotonic", "_wall", "ahead", "slept")

    def __init__(self) -> None:
        super().__init__()
        self._wall = time.time_ns() // 1000
        self._monotonic = float(int(time.monotonic()))  # sums of it and short spans are exact
        self.ahead = 0.0  # seconds
        self.slept: list[float] = []  # seconds, in the order in which somebody wanted to wait

    def now_us(self) -> int:
        return self._wall + int(self.ahead * 1e6)

    def monotonic(self) -> float:
        return self._monotonic + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Time passes at once; everybody else has a turn."""
        self.slept.append(seconds)
        self.ahead += seconds
        await asyncio.sleep(0)
