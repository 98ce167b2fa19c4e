"""How much of a case is done: so many turns of all callers, and in a stream so many events a call.

Pure arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

CALLERS = 32
"""That call at once, in each turn."""


@dataclass(frozen=True, slots=True)
class Load:
    turns: int
    events: int = 1

    @property
    def units(self) -> int:
        """Calls, or events where a call has several."""
        return self.turns * CALLERS * self.events


def cost(short: Load, long: Load, counted_short: int, counted_long: int) -> float:
    """Instructions a unit, out of what was counted in a short and in a long run: what both did is not in it."""
    return (counted_long - counted_short) / (long.units - short.units)
