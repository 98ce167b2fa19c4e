"""The three evaluators, and what each says of some logs (Cloudflare 3.26, 4.6).

Pure. Which logs they are asked about is decided in `management/evaluations.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

import msgspec

DONE: Final = 1
NOTHING: Final = 0
"""The `status` of a result: there is one, or there was nothing to make one of."""

_SINCE: Final = "2026-11-22T00:00:00.000Z"


class Seen(NamedTuple):
    """What evaluators look at in a log."""

    cost_nano: int | None
    duration_us: int
    feedback: float | None


class Verdict(NamedTuple):
    """What an evaluator says: a number as text, "" where it has none to say."""

    result: str
    status: int
    description: str


class EvaluationType(msgspec.Struct, frozen=True):
    """An evaluator on the wire."""

    id: str
    """What an evaluation names it by."""
    name: str
    """What people call it."""
    type: str
    """What it looks at."""
    description: str
    """What it says about logs."""
    enable: bool = True
    """Can it be used?"""
    mandatory: bool = False
    """Is it part of every evaluation?"""
    created_at: str = _SINCE
    """When it was made: RFC 3339, UTC."""
    modified_at: str = _SINCE
    """When it was last changed: RFC 3339, UTC."""


COST: Final = EvaluationType(
    "6b1f0c52-8f0e-4d53-9d0b-6f2f3a1c7e01", "Cost", "cost", "Average cost of a log, in US dollars"
)
SPEED: Final = EvaluationType(
    "6b1f0c52-8f0e-4d53-9d0b-6f2f3a1c7e02", "Speed", "speed", "Average duration of a log, in milliseconds"
)
FEEDBACK: Final = EvaluationType(
    "6b1f0c52-8f0e-4d53-9d0b-6f2f3a1c7e03",
    "Human feedback",
    "human_feedback",
    "Percentage of thumbs up among the logs with feedback",
)


def judged(evaluation_type: EvaluationType, logs: Collection[Seen]) -> Verdict:
    """What this evaluator says of the logs."""
    return _EVALUATORS[evaluation_type](logs)


def _cost(logs: Collection[Seen]) -> Verdict:
    costs = [one.cost_nano for one in logs if one.cost_nano is not None]
    if not costs:
        return _none(logs, "a known cost")
    return _some(f"{sum(costs) / len(costs) / 1e9:.9f}", costs, logs, "a known cost")


def _speed(logs: Collection[Seen]) -> Verdict:
    if not logs:
        return _none(logs, "a duration")
    durations = [one.duration_us for one in logs]
    return _some(f"{sum(durations) / len(durations) / 1000:.3f}", durations, logs, "a duration")


def _feedback(logs: Collection[Seen]) -> Verdict:
    said = [one.feedback for one in logs if one.feedback is not None]
    if not said:
        return _none(logs, "feedback")
    up = sum(1 for one in said if one > 0)
    return _some(f"{100 * up / len(said):.2f}", said, logs, "feedback")


def _some(text: str, counted: Sequence[float], logs: Collection[Seen], what: str) -> Verdict:
    return Verdict(text, DONE, f"{len(counted)} of {len(logs)} logs have {what}")


def _none(logs: Collection[Seen], what: str) -> Verdict:
    reason = f"none of {len(logs)} logs has {what}" if logs else "no logs are in these datasets"
    return Verdict("", NOTHING, reason)


_EVALUATORS: Final[dict[EvaluationType, Callable[[Collection[Seen]], Verdict]]] = {
    COST: _cost,
    SPEED: _speed,
    FEEDBACK: _feedback,
}
TYPES: Final = tuple(_EVALUATORS)
