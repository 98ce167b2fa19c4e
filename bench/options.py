"""How much of everything a run measures: seconds, rounds, calls, streams, polls.

`Options()` is the full run, `Options.quick()` a smoke run whose figures are not worth quoting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Options:
    seconds: float = 5.0
    """How long one throughput round lasts."""
    rounds: int = 3
    connections: int = 64
    latency_calls: int = 3000
    """Calls on one connection per round and gateway."""
    streams: int = 200
    polls: int = 10_000
    calls: int = 1_000_000
    """Calls between the two looks at memory."""
    starts: int = 5
    rows: int = 10_000_000
    """Calls in the ledger that is asked."""
    shipped: int = 100_000
    """Calls in the journal that is shipped, a round."""
    policies: Literal["none", "configured"] = "none"
    """How Penstock is set up in the works that are not about policies."""
    judged: bool = True
    """Whether there is enough of everything to hold the figures against the targets."""

    @classmethod
    def quick(cls) -> Options:
        return cls(
            seconds=1.0,
            rounds=1,
            latency_calls=500,
            streams=50,
            polls=1000,
            calls=50_000,
            starts=2,
            rows=100_000,
            shipped=20_000,
            judged=False,
        )
