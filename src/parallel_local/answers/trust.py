"""How far an answer can be trusted: from what its sentence meets of the question to a probability and a confidence.

Pure. The weights are a logistic regression over questions with and without an answer in the documents, in five
languages; decision 0055 says how they were got. Rules that hold whatever the figures say stand below them.
"""

import math
from collections.abc import Sequence

import msgspec

from parallel_local.answers.evidence import Demand, Line
from parallel_local.wire.common import Confidence

_LIKELY = 0.5
_SURE = 0.91
_MANY = 12


class Signs(msgspec.Struct, frozen=True):
    """What speaks for an answer and against it, each from 0 to 1 or a little more."""

    own: float
    near: float
    whole: float
    alike: float
    weight: float
    length: float
    missing_names: float
    missing_numbers: float
    misfit: float


_WEIGHTS = Signs(
    own=0.4, near=1.9, whole=2.1, alike=2.5, weight=1.9, length=0.65, missing_names=-9.0,
    missing_numbers=-3.0, misfit=-0.4,
)  # fmt: skip
_BIAS = -4.2


def signs(line: Line, wanted: Sequence[Demand]) -> Signs:
    """The signs of one sentence for the demands of a question."""
    total = sum(demand.weight for demand in wanted)
    return Signs(
        own=line.own,
        near=line.near,
        whole=line.whole,
        alike=line.alike,
        weight=line.weight,
        length=min(len(wanted), _MANY) / 8,
        missing_names=sum(demand.weight for demand in line.missing if demand.name) / total,
        missing_numbers=float(any(demand.number for demand in line.missing)),
        misfit=float(line.fit is False),
    )


def probability(seen: Signs) -> float:
    """How likely the sentence answers the question."""
    pairs = zip(msgspec.structs.astuple(seen), msgspec.structs.astuple(_WEIGHTS), strict=True)
    return 1.0 / (1.0 + math.exp(-_BIAS - sum(value * weight for value, weight in pairs)))


def trust(line: Line, wanted: Sequence[Demand]) -> Confidence:
    """Low means that the documents do not say it; high that all that was asked stands there together."""
    seen = signs(line, wanted)
    likely = probability(seen)
    if likely < _LIKELY:
        return "low"
    complete = not line.missing and line.fit is not False
    return "high" if complete and likely >= _SURE else "medium"
