"""Which answers were used, noted in memory until they are written down: a use must not cost a write."""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

_MOST_NOTED = 1024  # of more keys than that, the rest is counted only


class Noted(NamedTuple):
    """When each key was last used, in microseconds, and how many uses there were in all."""

    last_us: dict[bytes, int]
    uses: int


class Uses:
    """The uses since they were last taken. Threads may note and take."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last_us: dict[bytes, int] = {}
        self._count = 0

    @property
    def count(self) -> int:
        return self._count

    def note(self, key: bytes, now_us: int) -> None:
        """A use, now."""
        with self._lock:
            self._count += 1
            if len(self._last_us) < _MOST_NOTED or key in self._last_us:
                self._last_us[key] = now_us

    def take(self) -> Noted:
        """What was noted, which is then no longer noted here."""
        with self._lock:
            noted = Noted(self._last_us, self._count)
            self._last_us, self._count = {}, 0
        return noted
