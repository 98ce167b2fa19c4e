"""What a monitor's query is about, without the order to watch it; and how often it runs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_local.monitors.frequency import interval, next_after
from parallel_local.monitors.interest import topic


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ("Extract recent news about AI", "AI"),
        ("Notify me when the office key moves", "the office key"),
        ("Tell me when the price of the Pro plan changes.", "the price of the Pro plan"),
        ("let us know if the notice period is changed", "the notice period"),
        ("updates on Acme Robotics", "Acme Robotics"),
        ("Track any new announcements from Acme", "Acme"),
        ("Benachrichtige mich, wenn die Kündigungsfrist", "die Kündigungsfrist"),
        ("Überwache Änderungen an den Öffnungszeiten", "den Öffnungszeiten"),
        ("Préviens-moi quand le prix", "le prix"),
        ("Avísame cuando la entrada", "la entrada"),
        # No orders, and words that only begin like one.
        ("How long is the notice period?", "How long is the notice period?"),
        ("What changes?", "What changes?"),
        ("Monitoring of wells", "Monitoring of wells"),
        ("newsletter dates", "newsletter dates"),
        ("find", "find"),
        ("Kaffee", "Kaffee"),
    ],
)
def test_topics(query: str, about: str) -> None:
    assert topic(query) == about


@given(st.text())
def test_there_is_always_something_left(query: str) -> None:
    assert topic(query) in query or topic(query) == query
    assert bool(topic(query).strip()) == bool(query.strip())


@given(st.integers(1, 720), st.integers(0, 10_000), st.integers(0, 3599))
def test_the_next_time_is_on_the_timetable_and_not_past(hours: int, later: int, seconds: int) -> None:
    every = interval(f"{hours}h")
    assert every == timedelta(hours=hours)
    first = datetime(2026, 11, 1, tzinfo=UTC)
    now = first + timedelta(hours=later, seconds=seconds)
    following = next_after(now, first, every)
    assert now < following <= now + every
    assert (following - first) % every == timedelta(0)


@pytest.mark.parametrize(
    "text", ["", "h", "0h", "721h", "31d", "5w", "1m", "01h", "1 h", "1H", "-1h", "1h\n", "١h"]
)
def test_what_is_no_frequency(text: str) -> None:
    assert interval(text) is None
