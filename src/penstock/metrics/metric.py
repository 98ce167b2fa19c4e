"""Metrics as nouns, whatever form they go out in: names as OpenTelemetry has them, values, labels. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Labels = dict[str, str]


class Value(NamedTuple):
    """One number."""

    labels: Labels
    value: int | float


class Histogram(NamedTuple):
    """How many values there were up to each bound; the last of `counts` is of those above all bounds."""

    labels: Labels
    bounds: Sequence[float]
    counts: Sequence[int]
    sum: float

    @property
    def in_all(self) -> int:
        """How many values there were in all."""
        return sum(self.counts)


class Metric(NamedTuple):
    """One metric. Only counters and histograms add up; a gauge is how something stands now."""

    name: str  # with dots
    kind: Literal["counter", "gauge", "histogram"]
    unit: str  # in UCUM, as OpenTelemetry wants it; "1" for a plain count
    help: str
    points: Sequence[Value | Histogram]
