"""The analytics endpoint's parameters and answers: what is asked in words comes back in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.analytics.parameters import (
    BUCKETS,
    MAX_GROUPS,
    BadParameter,
    read_question,
    within,
)
from penstock.analytics.report import bucket_name, report, total_of
from penstock.analytics.times import month_of, parse_moment, parse_time, text_of
from penstock.journal.record import Outcome
from penstock.stores.rollups import Having, Question, Sums, fits
from penstock.stores.sketch import RELATIVE_ERROR
from penstock.stores.sqlite.rollups.reader import SqliteRollups
from penstock.stores.sqlite.rollups.writer import RollupWriter
from support.rollups import DAY_US, HOUR_US, START_US, RollupFile, model_answer, rolled, sums_of

NOW = START_US + 2 * DAY_US
CALLS = (
    rolled(model="openai/gpt-4o", cost=2_000_000_000, duration_us=1_000_000, team="red"),
    rolled(START_US + HOUR_US, model="openai/gpt_4o", cost=None, duration_us=4_000_000),
    rolled(
        START_US + HOUR_US, model="groq/gpt-4o", provider="groq", status=429, cost=None, metadata={"n": 1}
    ),
    rolled(
        START_US + DAY_US, gateway="prod", model=None, status=429, outcome=Outcome.REFUSED, error_code=2003
    ),
)


@pytest.fixture
def rollups(tmp_path: Path) -> Iterator[SqliteRollups]:
    file = RollupFile(tmp_path / "ledger.db")
    file.add(RollupWriter(), *CALLS)
    with closing(file.db), closing(SqliteRollups(file.path)) as reader:
        yield reader


def asked(*query: tuple[str, str]) -> Question:
    return read_question((("since", "2d"), *query), "acc", NOW)


def answer(rollups: SqliteRollups, *query: tuple[str, str]) -> object:
    question = asked(*query)
    return msgspec.json.decode(msgspec.json.encode(report(question, rollups.ask(question))))


def test_an_answer_has_groups_and_totals(rollups: SqliteRollups) -> None:
    found = answer(rollups, ("bucket", "1h"), ("by", "provider,error"), ("gateway", "main"))
    assert isinstance(found, dict)
    assert {name: found[name] for name in ("since", "until", "bucket", "by")} == {
        "since": "2025-10-31T00:00:00Z",
        "until": "2025-11-02T00:00:00Z",
        "bucket": "1h",
        "by": ["provider", "error"],
    }
    first, *_ = found["groups"]
    assert first == {
        "begins_at": "2025-10-31T00:00:00Z",
        "dimensions": {"provider": "openai", "error": False},
        "requests": 1,
        "errors": 0,
        "cached": 0,
        "rate_limited": 0,
        "tokens_in": 10,
        "tokens_out": 5,
        "cached_tokens_in": 0,
        "cached_tokens_out": 0,
        "cost": 2.0,
        "unpriced": 0,
        "estimated": 0,
        "estimated_tokens_in": 0,
        "estimated_tokens_out": 0,
        "estimated_cost": 0.0,
    }
    shown = [(group["begins_at"][11:13], *group["dimensions"].values()) for group in found["groups"]]
    assert shown == [("00", "openai", False), ("01", "groq", True), ("01", "openai", False)]
    assert {name: found["totals"][name] for name in ("requests", "errors", "cost", "unpriced")} == {
        "requests": 3,
        "errors": 1,
        "cost": 2.0,
        "unpriced": 1,
    }


def test_latencies_are_milliseconds(rollups: SqliteRollups) -> None:
    found = answer(rollups, ("latencies", "true"), ("status", "2xx"))
    assert isinstance(found, dict)
    (group,) = found["groups"]
    assert group["begins_at"] is None
    assert group["duration"]["p50"] == pytest.approx(1000, rel=RELATIVE_ERROR)
    assert group["duration"]["p99"] == pytest.approx(4000, rel=RELATIVE_ERROR)
    assert found["totals"]["duration"] == group["duration"]
    assert found["totals"]["first_byte"]["p95"] == pytest.approx(9, rel=RELATIVE_ERROR)


@pytest.mark.parametrize(
    ("query", "requests"),
    [
        ([("model", "gpt-4o")], 2),
        ([("model", "openai/gpt-4o")], 1),
        ([("model", "gpt_4o")], 1),
        ([("model", "gpt-4o"), ("model", "openai/gpt_4o")], 3),
        ([("status", "4xx")], 2),
        ([("status", "429"), ("status", "200")], 4),
        ([("error", "true")], 2),
        ([("rate_limited", "1")], 1),
        ([("cached", "false")], 4),
        ([("provider", "groq"), ("gateway", "prod")], 0),
        ([("gateway", "prod"), ("gateway", "main")], 4),
        ([("operation", "openai.chat.completions.create")], 4),
        ([("operation", "unknown")], 0),
        ([("team", "red")], 1),
        ([("metadata.n", "1")], 1),
        ([("metadata.n", "")], 3),
        ([("until", "2025-11-01")], 3),
        ([("until", "2025-10-31T01:00:00+00:00")], 1),
    ],
)
def test_filters_choose(rollups: SqliteRollups, query: list[tuple[str, str]], requests: int) -> None:
    assert total_of(group.sums for group in rollups.ask(asked(*query))).requests == requests


def test_values_have_the_types_of_json(rollups: SqliteRollups) -> None:
    found = answer(rollups, ("by", "model"), ("by", "status,cached"), ("gateway", "prod"))
    assert isinstance(found, dict)
    assert [group["dimensions"] for group in found["groups"]] == [
        {"model": None, "status": 429, "cached": False}
    ]
    found = answer(rollups, ("by", "team"))
    assert isinstance(found, dict)
    assert [group["dimensions"] for group in found["groups"]] == [{"team": None}, {"team": "red"}]


def test_the_times_are_those_answered_for() -> None:
    question = read_question([("since", "2025-10-31T10:20:30Z"), ("by", "user")], "acc", NOW)
    assert report(question, ()).since == "2025-10-31T10:00:00Z"
    assert report(question, ()).totals == report(asked(), ()).totals


def test_who_may_see_some_gateways_sees_only_those(rollups: SqliteRollups) -> None:
    some = read_question([("since", "2d"), ("by", "gateway")], "acc", NOW, {"prod"})
    assert [group.values for group in rollups.ask(some)] == [("prod",)]
    assert rollups.ask(within(asked(), ())) == []
    assert within(asked(), None) == asked()


@pytest.mark.parametrize(
    ("query", "parameter", "says"),
    [
        ([("since", "yesterday")], "since", "'yesterday' is no time: write 2026"),
        ([("since", "1h"), ("until", "2h")], "since", "must be earlier"),
        ([("until", "1900-01-01")], "until", "is no time"),
        ([("bucket", "2m")], "bucket", "'2m' is none of all, 1m, 5m"),
        ([("bucket", "1h"), ("bucket", "1d")], "bucket", "give it once"),
        ([("by", "colour")], "by", "'colour' is none of gateway, provider, model"),
        ([("by", "metadata.")], "by", "is none of"),
        ([("status", "4x")], "status", "write a code like 429"),
        ([("status", "０００")], "status", "write a code like 429"),
        ([("cached", "maybe")], "cached", "'maybe' is neither true nor false"),
        ([("latencies", "")], "latencies", "neither true nor false"),
        ([("colour", "red")], "colour", "there is no such parameter: take since, until"),
    ],
)
def test_what_is_wrong_is_named(query: list[tuple[str, str]], parameter: str, says: str) -> None:
    with pytest.raises(BadParameter, match=says) as caught:
        read_question(query, "acc", NOW)
    assert caught.value.parameter == parameter
    assert str(caught.value).startswith(f"{parameter}: ")


def test_there_is_a_limit_on_groups_and_a_name_for_each_bucket() -> None:
    assert asked().limit == MAX_GROUPS
    assert {name: bucket_name(bucket) for name, bucket in BUCKETS.items()} == {name: name for name in BUCKETS}


@given(st.integers(0, 4_000_000_000))
def test_times_come_back_as_they_were(seconds: int) -> None:
    assert parse_moment(text_of(seconds * 1_000_000)) == seconds * 1_000_000
    assert month_of(seconds * 1_000_000) <= seconds * 1_000_000


@pytest.mark.parametrize(
    ("text", "at_us"),
    [
        ("now", NOW),
        ("45m", NOW - 45 * 60_000_000),
        ("2d", START_US),
        ("2025-10-31", START_US),
        ("2025-10-31T02:00:00+02:00", START_US),
        ("2025-10-31 00:00", START_US),
        ("999999w", 0),
    ],
)
def test_times_may_be_written_in_several_ways(text: str, at_us: int) -> None:
    assert parse_time(text, NOW) == at_us


@given(st.text(max_size=20))
def test_no_text_breaks_the_reading_of_times(text: str) -> None:
    with suppress(ValueError):
        assert parse_time(text, NOW) >= 0


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59Z", "9999-01-01T00:00:00-00:01", "1969-12-31T23:59:59Z"]
)
def test_times_without_a_date_are_none(text: str) -> None:
    """What is widened to whole hours must have a date, too."""
    with pytest.raises(ValueError, match="is no time"):
        parse_time(text, NOW)
    question = read_question((("until", "9999-01-01"), ("by", "user")), "acc", NOW)
    assert report(question, []).until == "9999-01-01T00:00:00Z"


@given(st.text("a%_\\B", max_size=6), st.text("a%_\\B", max_size=6))
def test_like_is_what_sql_says(text: str, pattern: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        (expected,) = db.execute("SELECT ? LIKE ? ESCAPE '\\'", (text, pattern)).fetchone()
    assert fits(text, Having("model", "like", (pattern,))) == bool(expected)


def test_sums_of_nothing_are_nothing() -> None:
    assert total_of(()) == Sums()
    assert total_of((sums_of(CALLS, latencies=True), Sums())).duration is None
    assert total_of(group.sums for group in model_answer(asked(), CALLS)) == sums_of(CALLS)
