"""Time, identifiers and randomness.

The one place where the program learns what time it is and draws random bytes. Everything above takes a
`Clock` through its constructor, so that tests own time. No I/O beyond the operating system's clocks.
"""

from __future__ import annotations

import os
import time

_POOL_BYTES = 8192
_RANDOM_BYTES = 10


class Clock:
    """The system's clocks and UUIDv7 identifiers."""

    __slots__ = ("_offset", "_pool")

    def __init__(self) -> None:
        self._pool = b""
        self._offset = 0

    def now_us(self) -> int:
        """Wall-clock time in microseconds since the Unix epoch."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        return time.monotonic()

    def new_id(self, now_us: int) -> str:
        """A lower-case UUIDv7 for the moment `now_us` (Cloudflare 2.5).

        One read of the system's random source serves many identifiers: a read per call would cost more than
        everything else here.
        """
        return _uuid7(now_us // 1000, self._random())

    def _random(self) -> bytes:
        start = self._offset
        end = start + _RANDOM_BYTES
        if end > len(self._pool):
            self._pool = os.urandom(_POOL_BYTES)
            start, end = 0, _RANDOM_BYTES
        self._offset = end
        return self._pool[start:end]


def _uuid7(milliseconds: int, random: bytes) -> str:
    rand_a = (random[0] & 0x0F) | 0x70
    variant = (random[2] & 0x3F) | 0x80
    head = b"%b%c%c%c%b" % (milliseconds.to_bytes(6, "big"), rand_a, random[1], variant, random[3:])
    text = head.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
