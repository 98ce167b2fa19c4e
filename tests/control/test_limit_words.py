"""Limits in words: what is used of what, how much that is, when there is room again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from penstock.control.limit_use import LimitShown, LimitUse
from penstock.control.limit_words import (
    amount,
    fullest,
    level_of,
    limit_text,
    percent,
    room_text,
    short_text,
    standing_text,
    used_text,
)
from penstock.control.limits import Unit
from penstock.stores.control_store import Technique

SECOND = 1_000_000
HOUR = 3600
NOW = 1_800_000_000 * SECOND


def shown(
    used: float | None,
    limit: float = 50,
    unit: Unit = "USD",
    window: int = 24 * HOUR,
    technique: Technique = "fixed",
    resets: float = HOUR,
    name: str = "spend",
) -> LimitShown:
    use = None if used is None else LimitUse(used, limit, NOW + int(resets * SECOND))
    return LimitShown(name, unit, limit, window, technique, "", (), use)


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (shown(None), "$50 a day"),
        (shown(None, 0.005, window=60), "$0.005 a minute"),
        (shown(None, 12.5, window=604_800), "$12.50 a week"),
        (shown(None, 5, window=30 * 24 * HOUR, technique="sliding"), "$5 in 30 d, trailing"),
        (shown(None, 1000, "requests", 90), "1,000 requests in 1 min 30 s"),
        (shown(None, 1, "requests", HOUR), "1 request an hour"),
        (shown(None, 20, "runs", 0), "20 runs at once"),
    ],
)
def test_limits(limit: LimitShown, text: str) -> None:
    assert limit_text(limit) == text
    assert used_text(limit) == text


@pytest.mark.parametrize(
    ("used", "text", "level"),
    [
        (0, "0 %", "free"), (0.0001, "<1 %", "free"), (0.5, "1 %", "free"), (39.99, "79 %", "free"),
        (40, "80 %", "near"), (41, "82 %", "near"), (49.9999, "99 %", "near"), (50, "100 %", "full"),
        (75, "150 %", "full"),
    ],
)  # fmt: skip
def test_parts(used: float, text: str, level: str) -> None:
    use = LimitUse(used, 50, NOW)
    assert (percent(use), level_of(use)) == (text, level)


@given(some.just(0.0) | some.floats(1e-9, 1e9), some.floats(1e-9, 1e9))
def test_no_part_says_more_or_less_than_there_is(used: float, limit: float) -> None:
    use = LimitUse(used, limit, NOW)
    whole = percent(use).removesuffix(" %").replace(",", "")
    assert (whole == "0") == (used == 0)
    if level_of(use) != "full":
        assert whole != "100" or used / limit > 0.99999999
    assert amount("USD", used).startswith("$")


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (shown(41.2), "82 % of $50 a day (spend), resets in 1 h"),
        (shown(41.2, technique="sliding"), "82 % of $50 a day, trailing (spend), more room in 1 h"),
        (shown(41.2, resets=3 * 24 * HOUR), "82 % of $50 a day (spend), resets in 3 d"),
        (
            shown(9, 10, "requests", 60, name="requests", resets=0.2),
            "90 % of 10 requests a minute, resets in 1 s",
        ),
        (shown(0), "0 % of $50 a day (spend)"),
        (shown(None), "$50 a day (spend)"),
        (shown(3, 4, "runs", 0, name="runs", resets=-NOW / SECOND), "75 % of 4 runs at once"),
    ],
)
def test_how_a_limit_stands(limit: LimitShown, text: str) -> None:
    assert standing_text(limit, NOW) == text


def test_several_in_short() -> None:
    some_limits = [shown(1), shown(45.6, name="a"), shown(None, 7), shown(49, name="b")]
    assert used_text(some_limits[1]) == "$45.60 of $50 a day"
    assert short_text(some_limits, 2) == "$45.60 of $50 a day (91 %); $49 of $50 a day (98 %); 2 more"
    assert short_text(some_limits[2:3], 2) == "$7 a day"
    assert short_text([], 2) == ""
    assert [one.name for one in fullest(some_limits, 1)] == ["b"]
    assert room_text(shown(0), NOW) == ""
