"""Time, identifiers and randomness; time as text is in `time_text.py`.

The one place where the program learns what time it is and draws random bytes. Everything above takes a
`Clock` through its constructor, so that tests own time. No I/O beyond the operating system's clocks.
"""

from __future__ import annotations

import asyncio
import os
import time

_POOL_BYTES = 8192
_RANDOM_DIGITS = 19  # hexadecimal digits of randomness in one identifier
_VARIANT = {digit: "89ab"[index % 4] for index, digit in enumerate("0123456789abcdef")}


class Clock:
    """The system's clocks and UUIDv7 identifiers."""

    __slots__ = ("_milliseconds", "_offset", "_pool", "_prefix")

    def __init__(self) -> None:
        self._pool = ""
        self._offset = 0
        self._milliseconds = -1
        self._prefix = ""

    def now_us(self) -> int:
        """Wall-clock time in microseconds since the Unix epoch."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        return time.monotonic()

    def thread_seconds(self) -> float:
        """Processor time that this thread has used; only differences mean anything."""
        return time.thread_time()

    def new_id(self, now_us: int) -> str:
        """A lower-case UUIDv7 for the moment `now_us` (Cloudflare 2.5).

        One read of the system's random source serves many identifiers, and the part that tells the time many
        calls: made afresh each time, identifiers would cost more than everything else here.
        """
        milliseconds = now_us // 1000
        if milliseconds != self._milliseconds:
            self._milliseconds = milliseconds
            digits = f"{milliseconds:012x}"
            self._prefix = f"{digits[:8]}-{digits[8:]}-7"
        random = self._random()
        return f"{self._prefix}{random[:3]}-{_VARIANT[random[3]]}{random[4:7]}-{random[7:]}"

    def chance(self) -> float:
        """A random number in [0, 1)."""
        return int(self._random()[:13], 16) / 16**13

    async def sleep(self, seconds: float) -> None:
        """Lets `seconds` pass."""
        await asyncio.sleep(seconds)

    def _random(self) -> str:
        start = self._offset
        self._offset = end = start + _RANDOM_DIGITS
        if end > len(self._pool):
            self._pool = os.urandom(_POOL_BYTES).hex()
            start, self._offset = 0, _RANDOM_DIGITS
            end = _RANDOM_DIGITS
        return self._pool[start:end]
