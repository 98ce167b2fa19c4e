"""What must be true of a load before its figure counts: how calls were answered, and how many went upstream.

Pure. Each check takes wrk's report and the number of calls the upstream had meanwhile, and raises `Failed`.
"""

from __future__ import annotations

from collections.abc import Callable

from bench.failure import Failed
from bench.wrk import Report

Check = Callable[[Report, int], None]


def refuse_failures(report: Report, relayed: int) -> None:
    """Every call was answered well and reached the upstream."""
    _refuse_bad_answers(report)
    if relayed < report.requests:
        raise Failed(f"answered {report.requests:,} calls, but only {relayed:,} reached the upstream")


def refuse_relayed(report: Report, relayed: int) -> None:
    """Every call was answered well, and none reached the upstream."""
    _refuse_bad_answers(report)
    if relayed:
        raise Failed(f"of {report.requests:,} calls {relayed:,} reached the upstream, none should have")


def each_relayed_once(in_flight: int) -> Check:
    """Every call was answered well and reached the upstream once; up to `in_flight` were cut off by the end."""

    def check(report: Report, relayed: int) -> None:
        refuse_failures(report, relayed)
        if relayed > report.requests + in_flight:
            raise Failed(f"answered {report.requests:,} calls, but {relayed:,} reached the upstream")

    return check


def refuse_unexpected(report: Report, expected: str) -> None:
    """Every answer was 200 and carried the expected `cf-aig-cache-status`; the load must have looked."""
    if report.unexpected is None:
        raise Failed("wrk did not say what the answers carried")
    if report.unexpected:
        raise Failed(
            f"{report.unexpected:,} of {report.requests:,} answers were not 200 with "
            f"cf-aig-cache-status: {expected}; the first was {report.first_unexpected}"
        )


def _refuse_bad_answers(report: Report) -> None:
    if failed := report.refused + report.socket_errors:
        raise Failed(f"{failed:,} of {report.requests:,} calls failed")
    if report.requests == 0:
        raise Failed("not one call was answered")
