"""Ratios and targets: who is divided by whom, when a target is met, and when there is nothing to judge.

Penstock's value always stands above the line.
"""

from __future__ import annotations

import pytest
from bench.measure import Measure, Target, judge, ratio
from bench.stats import median, percentile


def rate(gateway: str, value: float) -> Measure:
    return Measure("throughput", "calls per second", gateway, value, "/s")


def test_a_ratio_is_ours_divided_by_theirs() -> None:
    measures = [rate("penstock", 30_000.0), rate("envoy", 20_000.0)]
    assert ratio(measures, "throughput", "calls per second", "envoy") == pytest.approx(1.5)


@pytest.mark.parametrize(
    "measures",
    [
        [rate("penstock", 30_000.0)],
        [rate("envoy", 20_000.0)],
        [rate("penstock", 30_000.0), rate("envoy", 0.0)],
        [rate("penstock", 30_000.0), Measure("other", "calls per second", "envoy", 1.0, "/s")],
    ],
)
def test_no_ratio_without_both_sides(measures: list[Measure]) -> None:
    assert ratio(measures, "throughput", "calls per second", "envoy") is None


@pytest.mark.parametrize(
    ("ours", "word"), [(20_000.0, "met"), (25_000.0, "met"), (19_999.0, "missed"), (None, "not measured")]
)
def test_a_lower_bound_includes_its_limit(ours: float | None, word: str) -> None:
    measures = [rate("envoy", 20_000.0)] + ([] if ours is None else [rate("penstock", ours)])
    target = Target("throughput", "calls per second", "≥", 1.0, "envoy")
    assert [verdict.word for verdict in judge(measures, [target])] == [word]


@pytest.mark.parametrize(("ours", "word"), [(1.0, "met"), (0.4, "met"), (1.01, "missed")])
def test_an_upper_bound_on_our_own_value(ours: float, word: str) -> None:
    measures = [Measure("startup", "first 200", "penstock", ours, "s")]
    verdict = judge(measures, [Target("startup", "first 200", "≤", 1.0)])[0]
    assert (verdict.figure, verdict.word) == (ours, word)


def test_the_percentile_is_a_value_that_was_seen() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 99) == 99.0
    assert percentile(values, 100) == 100.0
    assert percentile([7.0], 1) == 7.0
    assert median([3.0, 1.0, 2.0]) == 2.0
