"""Rounds that other programs disturbed: they are left out where possible, and never called met by a ratio.

Readings are made up.
"""

from __future__ import annotations

import pytest
from bench.cores import Core, Reading, foreign_share
from bench.measure import Measure, Target, judge
from bench.rounds import Round, measure


def test_what_nobody_of_ours_used_went_to_others() -> None:
    before = Reading(100.0, Core(50.0, 40.0), Core(70.0, 60.0))
    after = Reading(105.0, Core(54.0, 43.5), Core(75.0, 62.0))
    assert foreign_share(before, after) == pytest.approx(0.6)


def test_counters_that_run_a_little_ahead_are_no_share() -> None:
    before = Reading(0.0, Core(0.0, 0.0), Core(0.0, 0.0))
    after = Reading(5.0, Core(4.9, 5.0), Core(5.0, 5.01))
    assert foreign_share(before, after) == 0.0
    assert foreign_share(before, before) == 0.0


def test_the_median_is_of_the_quiet_rounds() -> None:
    rounds = [Round(100.0, 0.02), Round(10.0, 0.7), Round(104.0, 0.05), Round(12.0, 0.5)]
    found = measure("throughput", "calls per second", "envoy", "/s", rounds)
    assert (found.value, found.foreign) == (102.0, 0.05)
    assert found.rounds == (100.0, 10.0, 104.0, 12.0)


def test_without_a_quiet_round_all_count_and_the_share_is_told() -> None:
    found = measure("throughput", "calls per second", "envoy", "/s", [Round(10.0, 0.7), Round(30.0, 0.2)])
    assert (found.value, found.foreign) == (20.0, 0.7)


@pytest.mark.parametrize("disturbed", ["penstock", "envoy"])
def test_a_ratio_with_a_disturbed_side_is_not_judged(disturbed: str) -> None:
    measures = [
        Measure("throughput", "rate", name, 100.0, "/s", foreign=0.5 if name == disturbed else 0.0)
        for name in ("penstock", "envoy")
    ]
    assert judge(measures, [Target("throughput", "rate", "≥", 1.0, "envoy")])[0].word == "disturbed"


@pytest.mark.parametrize(("seconds", "word"), [(0.4, "met"), (1.2, "disturbed")])
def test_a_bound_of_our_own_that_is_kept_in_spite_of_others_is_met(seconds: float, word: str) -> None:
    measures = [Measure("startup", "first 200", "penstock", seconds, "s", foreign=0.9)]
    assert judge(measures, [Target("startup", "first 200", "≤", 1.0)])[0].word == word
