"""Several rounds of one figure and what is made of them: the median of those nobody disturbed.

When every round was disturbed the median of all counts, and the measure says how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.cores import LIMIT
from bench.measure import Measure
from bench.stats import median


@dataclass(frozen=True, slots=True)
class Round:
    value: float
    foreign: float = 0.0
    """The share of a core that went to other programs meanwhile."""


def measure(
    work: str, what: str, gateway: str, unit: str, rounds: Sequence[Round], note: str = ""
) -> Measure:
    quiet = [one for one in rounds if one.foreign <= LIMIT] or list(rounds)
    return Measure(
        work,
        what,
        gateway,
        median([one.value for one in quiet]),
        unit,
        rounds=tuple(one.value for one in rounds),
        note=note,
        foreign=max(one.foreign for one in quiet),
    )
