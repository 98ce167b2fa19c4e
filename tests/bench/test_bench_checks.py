"""What has to be true of a load before its figure counts: good answers, and the right number of calls upstream.

Reports are made up.
"""

from __future__ import annotations

import pytest
from bench.checks import Check, each_relayed_once, refuse_failures, refuse_relayed, refuse_unexpected
from bench.failure import Failed
from bench.wrk import Report

GOOD = Report(100, 20.0, 0, 0)


@pytest.mark.parametrize("check", [refuse_failures, refuse_relayed, each_relayed_once(64)])
@pytest.mark.parametrize(
    ("report", "why"),
    [
        (Report(100, 20.0, 3, 0), "3 of 100 calls failed"),
        (Report(100, 20.0, 0, 2), "2 of 100 calls failed"),
        (Report(0, 0.0, 0, 0), "not one call"),
    ],
)
def test_no_figure_without_good_answers(check: Check, report: Report, why: str) -> None:
    for relayed in (0, report.requests):
        with pytest.raises(Failed, match=why):
            check(report, relayed)


@pytest.mark.parametrize("check", [refuse_failures, each_relayed_once(64)])
def test_an_answer_that_did_not_come_from_the_upstream_is_refused(check: Check) -> None:
    with pytest.raises(Failed, match="only 99 reached the upstream"):
        check(GOOD, 99)


@pytest.mark.parametrize("check", [refuse_failures, each_relayed_once(64)])
def test_calls_in_flight_at_the_end_are_no_failure(check: Check) -> None:
    check(GOOD, 100)
    check(GOOD, 164)


def test_calls_relayed_more_than_once_are_refused() -> None:
    with pytest.raises(Failed, match="answered 100 calls, but 165 reached"):
        each_relayed_once(64)(GOOD, 165)


def test_a_hit_reaches_no_upstream() -> None:
    refuse_relayed(GOOD, 0)
    with pytest.raises(Failed, match="of 100 calls 1 reached the upstream"):
        refuse_relayed(GOOD, 1)


def test_answers_must_have_been_looked_at_and_be_what_was_expected() -> None:
    refuse_unexpected(Report(100, 20.0, 0, 0, 0), "HIT")
    with pytest.raises(Failed, match="did not say"):
        refuse_unexpected(GOOD, "HIT")
    with pytest.raises(Failed, match=r"7 of 100 answers .* cf-aig-cache-status: HIT; .* 200 with MISS"):
        refuse_unexpected(Report(100, 20.0, 0, 0, 7, "200 with MISS"), "HIT")
