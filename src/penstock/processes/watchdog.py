"""A watch on a worker's event loop, for who looks for what holds up calls: how long, and in which line.

Off unless it is asked for (`[server] watchdog`): it wakes the worker many times a second. A thread takes the stack of a
turn that lasts too long while it lasts; a single call into C is seen in the line that made it, when it returns.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from typing import Final

from penstock.clock import Clock

_BEATS: Final = 4  # in the time that is allowed
_LINES: Final = 12  # of a stack, the innermost

log = logging.getLogger("penstock.watchdog")


class Watchdog:
    """Of the loop it is made in. `worst` is the longest that a turn was late, in seconds, since `start`."""

    def __init__(self, clock: Clock, limit: float) -> None:
        """`limit`: seconds that a turn may take without a word in the log."""
        self._clock = clock
        self._limit = limit
        self._pause = limit / _BEATS
        self._loop = asyncio.get_running_loop()
        self._watched = threading.get_ident()
        self._due = 0.0
        self._used = 0.0  # processor time of the loop's thread at the last beat
        self._stack = ""
        self._stopped = threading.Event()
        self.worst = 0.0

    def start(self) -> None:
        """Watches until `stop`."""
        self._rest()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Nobody watches any more."""
        self._stopped.set()

    def _rest(self) -> None:
        self._due = self._clock.monotonic() + self._pause
        self._used = self._clock.thread_seconds()
        if not self._stopped.is_set():
            self._loop.call_later(self._pause, self._beat)

    def _beat(self) -> None:
        """In the loop: as late as the turn before it was long."""
        late = self._clock.monotonic() - self._due
        self.worst = max(self.worst, late)
        if late > self._limit:
            used = self._clock.thread_seconds() - self._used
            log.warning(
                "the event loop was blocked for %.0f ms, %.0f ms of it at work:\n%s",
                late * 1000, used * 1000, self._stack or "(it was over before anybody could look)",
            )  # fmt: skip
        self._stack = ""
        self._rest()

    def _watch(self) -> None:
        """In a thread of its own."""
        while not self._stopped.wait(self._pause):
            if not self._stack and self._clock.monotonic() - self._due > self._limit:
                frame = sys._current_frames().get(self._watched)
                self._stack = "".join(traceback.format_stack(frame)[-_LINES:])
