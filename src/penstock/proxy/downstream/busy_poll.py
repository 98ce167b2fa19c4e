"""Staying awake for a moment while a worker has one call at most (busy polling).

Falling asleep and being woken costs a lone call more than all the work that is done for it. So after a call has
begun or ended, the event loop keeps turning for some microseconds before it may sleep. As soon as there are
several calls there is always something to do, and nothing here happens.
"""

from __future__ import annotations

import asyncio

from penstock.clock import Clock


class BusyPoll:
    """Keeps an event loop turning for `seconds` after the last nudge. With zero seconds it never does."""

    __slots__ = ("_clock", "_loop", "_seconds", "_turning", "_until")

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, seconds: float) -> None:
        self._loop = loop
        self._clock = clock
        self._seconds = seconds
        self._until = 0.0
        self._turning = False

    def nudge(self) -> None:
        """Something has just happened; more is likely to follow soon."""
        if not self._seconds:
            return
        self._until = self._clock.monotonic() + self._seconds
        if not self._turning:
            self._turning = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        if self._clock.monotonic() < self._until:
            self._loop.call_soon(self._turn)
        else:
            self._turning = False
