"""What the benchmark reads out of a report of wrk, and which reports it refuses.

The reports are real ones, shortened.
"""

from __future__ import annotations

import pytest
from bench.failure import Failed

from bench import wrk

CLEAN = """\
Running 5s test @ http://127.0.0.1:9200/v1/chat/completions
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.04ms  311.03us  14.23ms   93.17%
    Req/Sec    31.60k     1.02k   33.40k    74.00%
  157283 requests in 5.00s, 82.05MB read
Requests/sec:  31450.11
Transfer/sec:     16.41MB
"""
FAILING = """\
  1200 requests in 5.00s, 1.05MB read
  Socket errors: connect 1, read 20, write 300, timeout 4000
  Non-2xx or 3xx responses: 7
Requests/sec:    240.00
"""


def test_a_clean_report() -> None:
    assert wrk.parse(CLEAN) == wrk.Report(requests=157283, rate=31450.11, refused=0, socket_errors=0)


def test_failures_are_counted() -> None:
    assert wrk.parse(FAILING) == wrk.Report(requests=1200, rate=240.0, refused=7, socket_errors=4321)


@pytest.mark.parametrize("text", ["", "unable to connect to 127.0.0.1:9200 Connection refused\n"])
def test_no_report_is_a_failure(text: str) -> None:
    with pytest.raises(Failed, match="no report"):
        wrk.parse(text)


def test_what_looking_found() -> None:
    report = wrk.parse(CLEAN + "Unexpected answers: 12, first: 200 with MISS\n")
    assert (report.unexpected, report.first_unexpected) == (12, "200 with MISS")
    report = wrk.parse(CLEAN + "Unexpected answers: 0, first: \n")
    assert (report.unexpected, report.first_unexpected) == (0, "")
    assert wrk.parse(CLEAN).unexpected is None
