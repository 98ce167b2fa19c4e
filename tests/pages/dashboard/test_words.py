"""Figures and times as the pages write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from penstock.pages.dashboard import words


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "–"), (0, "$0"), (12.345, "$12.35"), (1234.5, "$1,234.50"), (1, "$1.00"), (0.35642501, "$0.3564"),
        (0.000221, "$0.000221"), (0.00000123456, "$0.000001235"), (0.0000000012, "<$0.000001"), (0.5, "$0.5"),
    ],
)  # fmt: skip
def test_money(amount: float | None, text: str) -> None:
    assert words.usd(amount) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "–"), (0, "0"), (999, "999"), (47_173, "47,173"), (128_400, "128k"), (1_000_000, "1M"),
        (1_260_000, "1.3M"), (2e9, "2G"), (99_999, "99,999"),
    ],
)  # fmt: skip
def test_counts(number: float | None, text: str) -> None:
    assert words.count(number) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "–"), (0.2, "0.2 ms"), (9.94, "9.9 ms"), (84, "84 ms"), (999, "999 ms"), (2350, "2.35 s"),
        (60_000, "1 min"), (250_000, "4 min 10 s"), (12_000_000, "3 h 20 min"), (86_400_000 * 12, "12 d"),
    ],
)  # fmt: skip
def test_spans(amount: float | None, text: str) -> None:
    assert words.milliseconds(amount) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, "–"), (0, 9, "0 %"), (1, 1000, "0.1 %"), (12, 100, "12 %"), (9, 9, "100 %")],
)
def test_shares(part: float, whole: float, text: str) -> None:
    assert words.share(part, whole) == text


def test_times_are_utc() -> None:
    assert words.moment(1_796_053_262_000_000) == "2026-11-30 15:41:02"
    assert words.clock_time(1_796_053_262_000_000) == "15:41:02"
    assert words.day(1_796_053_262_000_000) == "Mon 30 Nov 2026"
    assert words.moment(None) == "–"


@given(some.floats(0, 1e12), some.integers(0, 10**15))
def test_nothing_has_an_exponent(amount: float, number: int) -> None:
    for text in (words.usd(amount), words.milliseconds(amount), words.octets(number), words.count(number)):
        assert "e" not in text
        assert len(text) < 24
