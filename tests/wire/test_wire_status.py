"""Status lines: every status that may pass gives one sound line.

A wrong one would be the first thing a client reads of every answer.
"""

from __future__ import annotations

import pytest

from penstock.wire.status import status_line


@pytest.mark.parametrize(
    ("status", "line"),
    [(200, b"HTTP/1.1 200 OK\r\n"), (431, b"HTTP/1.1 431 Request Header Fields Too Large\r\n")],
)
def test_known(status: int, line: bytes) -> None:
    assert status_line(status) == line


def test_every_status_has_three_digits_and_one_line() -> None:
    for status in range(100, 1000):
        line = status_line(status)
        assert line.startswith(b"HTTP/1.1 %d " % status)
        assert line.index(b"\r\n") == len(line) - 2
