"""The figures that are kept: what each case may cost, by interpreter, and why it costs what it does.

Pure but for reading and writing the file. A figure without a reason of its own is not accepted: whoever changes
one writes down why.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.failure import Failed

TOLERANCE = 0.03
"""How far a case may be from its figure."""
NOISE = 0.005
"""What is closer than that to its figure is not written anew."""

Costs = Mapping[str, float]
"""Instructions a unit, by case."""
Word = Literal["kept", "dearer", "cheaper", "new"]


@dataclass(frozen=True, slots=True)
class Change:
    """Of one case: its figure before (None: it had none) and after."""

    before: int | None
    after: int


@dataclass(frozen=True, slots=True)
class Reason:
    date: str
    interpreter: str
    why: str
    changes: Mapping[str, Change]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the file says. `of` has, for each interpreter, a figure for each case."""

    of: Mapping[str, Mapping[str, int]]
    reasons: tuple[Reason, ...] = ()

    def changed(self, interpreter: str, costs: Costs, date: str, why: str) -> Figures:
        """With these costs as figures, and the reason. What is replaced is no longer true for other interpreters,
        and goes there."""
        old = self.of.get(interpreter, {})
        changes = {
            case: Change(old.get(case), round(cost))
            for case, cost in costs.items()
            if abs(share(cost, old.get(case))) > NOISE
        }
        if not changes:
            return self
        replaced = {case for case, change in changes.items() if change.before is not None}
        others = {
            name: {case: figure for case, figure in known.items() if case not in replaced}
            for name, known in self.of.items()
        }
        new = {**old, **{case: change.after for case, change in changes.items()}}
        return Figures({**others, interpreter: new}, (*self.reasons, Reason(date, interpreter, why, changes)))

    def unexplained(self) -> list[str]:
        """Figures that are not those of the latest reason about them."""
        latest = {
            (reason.interpreter, case): change.after
            for reason in self.reasons
            if reason.why.strip()
            for case, change in reason.changes.items()
        }
        return [
            f"{case} ({name}): {figure}"
            for name, known in self.of.items()
            for case, figure in known.items()
            if latest.get((name, case)) != figure
        ]


def share(cost: float, figure: int | None) -> float:
    """By which part of its figure a cost is above it, or below; infinite where there is none."""
    return float("inf") if figure is None else cost / figure - 1


def judged(cost: float, figure: int | None) -> Word:
    """A case that has become cheaper has to be written down, too: what was gained is kept."""
    if figure is None:
        return "new"
    difference = share(cost, figure)
    if abs(difference) <= TOLERANCE:
        return "kept"
    return "dearer" if difference > 0 else "cheaper"


def read(path: Path) -> Figures:
    """Raises `Failed` for a file that is not sound, or that has a figure without a reason."""
    try:
        document = json.loads(path.read_text())
        reasons = tuple(_reason(one) for one in document["reasons"])
        figures = Figures(document["figures"], reasons)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failed(f"{path.name} cannot be read: {error!r}") from error
    if wrong := figures.unexplained():
        raise Failed(f"{path.name} gives no reason for {'; '.join(wrong)}")
    return figures


def write(path: Path, figures: Figures) -> None:
    document = {"figures": figures.of, "reasons": [dataclasses.asdict(one) for one in figures.reasons]}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _reason(found: Mapping[str, object]) -> Reason:
    changes = found["changes"]
    if not isinstance(changes, dict):
        raise TypeError("changes are an object")
    of = {case: Change(one["before"], one["after"]) for case, one in changes.items()}
    return Reason(str(found["date"]), str(found["interpreter"]), str(found["why"]), of)
