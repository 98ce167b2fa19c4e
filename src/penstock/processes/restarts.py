"""When a process that has ended is started again: at once, and ever more slowly while it keeps ending.

Pure rules over spans of time, in seconds, that whoever asks has measured. Nothing is ever given up: what makes a
process end may pass, and what it does is wanted then. Who forks, waits and tells is `children.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FIRST: Final = 0.25
"""The pause before the second of several restarts in a row; it doubles with each one after."""

STEADY: Final = 120.0
"""A process that has run for so long was started well: its next end is the first of a row again."""

_MOST_DOUBLINGS = 32


def pause(failures: int, longest: float) -> float:
    """Before the start that follows so many ends in a row: none after the first, `longest` at most."""
    if failures <= 1:
        return 0.0
    return min(longest, FIRST * (1 << min(failures - 2, _MOST_DOUBLINGS)))


@dataclass(slots=True)
class Restarts:
    """How one process has fared. No pause is longer than `longest`."""

    longest: float
    in_all: int = 0
    in_a_row: int = 0  # ends since it last ran for as long as `STEADY`

    def ended(self, ran: float) -> float:
        """Takes note of an end after `ran` seconds; the pause before it is to be started again."""
        self.in_all += 1
        self.in_a_row = 1 if ran >= STEADY else self.in_a_row + 1
        return pause(self.in_a_row, self.longest)
