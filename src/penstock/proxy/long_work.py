"""Work that may be long, done a little in each turn of the event loop, so that other calls are not held up by it.

Several pieces of work have their turns in rotation: a small one is not behind a large one. Nothing cancels it. What is
worked on, and what the pieces are, is not known here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from penstock.budget import Budget
from penstock.pieces import Pieces, T

Work = Pieces[None]
"""Never raises."""

_A_TURN: Final = 1024 * 1024  # bytes looked at: some tenths of a millisecond as a rule, three at worst


async def in_turns(work: Pieces[T]) -> T:
    """What comes of work that somebody waits for. Small work is done without letting anybody past."""
    looked_at = 0
    while True:
        try:
            looked_at += next(work)
        except StopIteration as stopped:
            found: T = stopped.value
            return found
        if looked_at >= _A_TURN:
            looked_at = 0
            await asyncio.sleep(0)


class LongWork:
    """A worker's. `budget` is of the bytes that come in to be worked on; what is begun is done to its end."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._waiting: deque[tuple[Work, int]] = deque()
        self._busy = False

    def begin(self, work: Work, size: int) -> None:
        """Begins at once with work on so many bytes. What fits into a turn is over when this returns."""
        self._budget.force(size)
        self._waiting.append((work, size))
        if not self._busy:
            self._busy = True
            self._turn()

    def finish(self) -> None:
        """Does all that is left: nobody has to be let past any more."""
        while self._waiting:
            self._step()

    def _turn(self) -> None:
        looked_at = 0
        while self._waiting and looked_at < _A_TURN:
            looked_at += self._step()
        self._busy = bool(self._waiting)
        if self._busy:
            asyncio.get_running_loop().call_soon(self._turn)

    def _step(self) -> int:
        work, size = self._waiting.popleft()
        try:
            looked_at = next(work)
        except StopIteration:
            self._budget.give_back(size)
            return 0
        self._waiting.append((work, size))
        return looked_at
