"""The nouns of a result: what was measured, what could not be, and how a target is judged.

Pure: no I/O, no clock. A target is about Penstock, either its own value or its value divided by another
gateway's value of the same measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.cores import LIMIT

SUBJECT = "penstock"


@dataclass(frozen=True, slots=True)
class Measure:
    work: str
    what: str
    gateway: str
    value: float
    unit: str
    rounds: tuple[float, ...] = ()
    note: str = ""
    foreign: float = 0.0
    """The share of a core that went to other programs meanwhile, as far as the figure suffers from that."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that was left out of the run, and why."""

    who: str
    why: str

    def __str__(self) -> str:
        return f"skipped {self.who}: {self.why}"


@dataclass(frozen=True, slots=True)
class Target:
    work: str
    what: str
    bound: Literal["≥", "≤"]
    limit: float
    against: str | None = None

    def holds(self, figure: float) -> bool:
        return figure >= self.limit if self.bound == "≥" else figure <= self.limit


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement. Other programs only make our own value worse, so a bound it keeps is kept all the same;
    of a ratio nobody can tell."""

    target: Target
    figure: float | None
    """The ratio (or Penstock's own value) that was judged; None when one side was not measured."""
    disturbed: bool = False
    """Whether other programs had too much of a core for the figure to mean anything."""

    @property
    def word(self) -> str:
        if self.figure is None:
            return "not measured"
        holds = self.target.holds(self.figure)
        if self.disturbed and not (holds and self.target.against is None):
            return "disturbed"
        return "met" if holds else "missed"


def find(measures: Sequence[Measure], work: str, what: str, gateway: str) -> Measure | None:
    wanted = (work, what, gateway)
    return next((m for m in measures if (m.work, m.what, m.gateway) == wanted), None)


def ratio(measures: Sequence[Measure], work: str, what: str, against: str) -> float | None:
    """Penstock's value divided by another gateway's, or None when either is missing or not above zero."""
    ours, theirs = find(measures, work, what, SUBJECT), find(measures, work, what, against)
    if ours is None or theirs is None or theirs.value <= 0:
        return None
    return ours.value / theirs.value


def judge(measures: Sequence[Measure], targets: Sequence[Target]) -> list[Verdict]:
    return [Verdict(target, _figure(measures, target), _disturbed(measures, target)) for target in targets]


def _disturbed(measures: Sequence[Measure], target: Target) -> bool:
    sides = (find(measures, target.work, target.what, name) for name in (SUBJECT, target.against or SUBJECT))
    return any(side is not None and side.foreign > LIMIT for side in sides)


def _figure(measures: Sequence[Measure], target: Target) -> float | None:
    if target.against is not None:
        return ratio(measures, target.work, target.what, target.against)
    ours = find(measures, target.work, target.what, SUBJECT)
    return None if ours is None else ours.value
