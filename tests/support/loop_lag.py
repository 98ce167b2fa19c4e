"""How long one turn of the event loop takes: processor time, so that a busy machine is nobody's fault."""

from __future__ import annotations

import asyncio
import gc
import time
from types import TracebackType
from typing import Self

_NEVER = 1_000_000_000  # collections of the younger ones, before one of the oldest


class LoopLag:
    """Watches the loop while its block runs; `worst` is the longest turn there was, in seconds.

    The test's own steps are turns, too: they have to be short. The collector leaves alone what is old meanwhile: all
    that earlier tests have left in this process is, and looking through it would be one long turn.
    """

    def __init__(self) -> None:
        self.worst = 0.0
        self._before = 0.0
        self._handle: asyncio.Handle | None = None
        self._collected = gc.get_threshold()

    async def __aenter__(self) -> Self:
        gc.set_threshold(*self._collected[:2], _NEVER)
        self._before = time.thread_time()
        self._handle = asyncio.get_running_loop().call_soon(self._beat)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._note()
        if self._handle is not None:
            self._handle.cancel()
        gc.set_threshold(*self._collected)

    def _beat(self) -> None:
        self._note()
        self._handle = asyncio.get_running_loop().call_soon(self._beat)

    def _note(self) -> None:
        now = time.thread_time()
        self.worst = max(self.worst, now - self._before)
        self._before = now
