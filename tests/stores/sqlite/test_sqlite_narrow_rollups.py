"""The narrower roll-ups have the sums of the cells, however they came about, and few rows are read of them."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.journal.record import Outcome
from penstock.stores.ledger import NewCall
from penstock.stores.rollups import Bucket, Having, Question, Repriced
from penstock.stores.sqlite.ledger.file import opened
from penstock.stores.sqlite.rollups.narrow import NARROW
from penstock.stores.sqlite.rollups.reader import SqliteRollups
from penstock.stores.sqlite.rollups.writer import RollupWriter
from support.rollups import (
    BY_ESTIMATE,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    START_US,
    RollupFile,
    model_answer,
    rolled,
    row_of,
    with_cost,
)

END_US = START_US + 4 * DAY_US
ASKED: tuple[tuple[str, ...], ...] = (
    (),
    ("gateway",),
    ("operation",),
    ("gateway", "operation"),
    ("model", "provider"),
)
BUCKETS = (None, Bucket("minute", 15), Bucket("hour"), Bucket("hour", 6), Bucket("day"))

calls = st.builds(
    rolled,
    st.integers(0, 4 * 24 * 60 - 1).map(lambda minute: START_US + minute * MINUTE_US),
    model=st.sampled_from([None, "openai/a", "openai/b", "openai/c"]),
    operation=st.sampled_from(["one", "two", "three", "unknown"]),
    tokens=st.tuples(st.none() | st.integers(0, 9), st.none() | st.integers(0, 9)),
    cost=st.none() | st.integers(0, 9),
    estimated=st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9)),
    source=st.sampled_from([None, BY_ESTIMATE]),
    account=st.sampled_from(["acc", "acc", "other"]),
    gateway=st.sampled_from(["main", "prod"]),
    status=st.sampled_from([200, 404, 429]),
    outcome=st.sampled_from([Outcome.COMPLETE, Outcome.REFUSED]),
    error_code=st.sampled_from([None, 2003]),
    cached=st.booleans(),
    duration_us=st.integers(0, 10**8),
    first_byte_us=st.none() | st.integers(0, 10**8),
)
many_calls = st.lists(calls, max_size=30)
spans = st.tuples(st.integers(0, 4 * 24 * 60), st.integers(0, 4 * 24 * 60)).map(
    lambda ends: tuple(START_US + minute * MINUTE_US for minute in sorted(ends))
)


def questions(account: str | None, since_us: int, until_us: int, *, latencies: bool) -> list[Question]:
    only = ((Having("gateway", "eq", ("prod",)),),)
    return [
        Question(account, since_us, until_us, bucket, by, having, latencies)
        for bucket in BUCKETS
        for by in ASKED
        for having in ((), only)
    ]


@contextmanager
def stored(found: Sequence[NewCall], writer: RollupWriter | None = None) -> Iterator[RollupFile]:
    with tempfile.TemporaryDirectory() as folder:
        file = RollupFile(Path(folder) / "ledger.db")
        with closing(file.db):
            file.add(writer or RollupWriter(), *found)
            yield file


@settings(max_examples=25, deadline=None)
@given(many_calls, spans, st.sampled_from(["acc", None]))
def test_sums_of_any_time_are_those_of_the_calls(
    found: list[NewCall], span: tuple[int, int], account: str | None
) -> None:
    with stored(found) as file, closing(SqliteRollups(file.path)) as rollups:
        for question in questions(account, *span, latencies=True):
            assert rollups.ask(question) == model_answer(question, found)


@settings(max_examples=25, deadline=None)
@given(many_calls, st.none() | st.integers(0, 99))
def test_so_are_those_of_an_older_file_that_gets_them(found: list[NewCall], price: int | None) -> None:
    """With what was repriced before it was brought up to date, and what came after."""
    before, behind = found[::2], found[1::2]
    with stored(before) as file:
        as_of_before(file.db)
        file.db.close()
        again = RollupFile(file.path)
        with closing(again.db), closing(SqliteRollups(file.path)) as rollups:
            again.recost(*(Repriced(row_of(call), price) for call in before))
            again.add(RollupWriter(), *behind)
            told = [*(with_cost(call, price) for call in before), *behind]
            for question in questions(None, START_US, END_US, latencies=True):
                assert rollups.ask(question) == model_answer(question, told)


@settings(max_examples=25, deadline=None)
@given(many_calls, st.none() | st.integers(0, 99), st.integers(1, 3))
def test_a_new_price_reaches_each_of_them(found: list[NewCall], price: int | None, names: int) -> None:
    """Also where a day has more models and operations than it keeps apart: then by what is kept together."""
    with stored(found, RollupWriter(values_a_day=names)) as file:
        file.recost(*(Repriced(row_of(call), price, "a list") for call in found))
        with closing(SqliteRollups(file.path)) as rollups:
            for bucket in BUCKETS:
                for by in ASKED:
                    narrow = rollups.ask(Question(None, START_US, END_US, bucket, by))
                    of_cells = rollups.ask(Question(None, START_US, END_US, bucket, (*by, "status")))
                    costs: dict[tuple[int, tuple[str, ...]], int] = {}
                    for group in of_cells:
                        key = (group.begins_us, group.values[:-1])
                        costs[key] = costs.get(key, 0) + group.sums.cost_nano
                    assert {(one.begins_us, one.values): one.sums.cost_nano for one in narrow} == costs


@settings(max_examples=15, deadline=None)
@given(many_calls, st.sampled_from([*ASKED, ("token",), ("status",)]))
def test_only_some_of_the_sums(found: list[NewCall], by: tuple[str, ...]) -> None:
    with stored(found) as file, closing(SqliteRollups(file.path)) as rollups:
        whole = rollups.ask(Question("acc", START_US, END_US, None, by))
        part = rollups.ask(Question("acc", START_US, END_US, None, by, only=("cost_nano", "errors")))
        assert [(one.values, one.sums.requests, one.sums.errors, one.sums.cost_nano) for one in part] == [
            (one.values, one.sums.requests, one.sums.errors, one.sums.cost_nano) for one in whole
        ]
        assert all(one.sums.tokens_in == one.sums.cached == one.sums.unpriced == 0 for one in part)


def test_hostile_numbers_do_not_keep_an_older_file_from_being_brought_up_to_date(tmp_path: Path) -> None:
    huge = [rolled(tokens=(2**53, 2**53), cost=2**62, model=f"openai/{number}") for number in range(1200)]
    file = RollupFile(tmp_path / "ledger.db")
    file.add(RollupWriter(), *huge, *huge)
    as_of_before(file.db)
    file.db.close()
    opened(file.path, 5.0).close()
    with closing(SqliteRollups(file.path)) as rollups:
        for by in ((), ("operation",)):
            (group,) = rollups.ask(Question(None, START_US, END_US, None, by))
            assert group.sums.requests == 2400
            assert group.sums.cost_nano == pytest.approx(2**62)


def test_how_many_models_there_are_costs_the_sums_of_a_month_nothing(tmp_path: Path) -> None:
    steps = {}
    for models in (1, 20):
        made = [
            rolled(
                START_US + hour * HOUR_US,
                model=f"openai/{number % models}",
                operation=f"o{number % models % 2}",
            )
            for hour in range(0, 30 * 24, 5)
            for number in range(20)
        ]
        file = RollupFile(tmp_path / f"{models}.db")
        with closing(file.db):
            file.add(RollupWriter(), *made)
        month = (START_US, START_US + 30 * DAY_US)
        steps[models] = (
            steps_of(file.path, Question("acc", *month, Bucket("hour", 6))),
            steps_of(file.path, Question("acc", *month, latencies=True)),
            steps_of(file.path, Question("acc", *month, by=("gateway",))),
        )
        by_operation = steps_of(file.path, Question("acc", *month, by=("operation",)))
        assert by_operation < steps_of(file.path, Question("acc", *month, by=("operation", "status")))
    assert steps[20] == steps[1]


# -- the least that is needed


def as_of_before(db: sqlite3.Connection) -> None:
    """Takes away what the version before did not have."""
    for kind in NARROW:
        if kind.table != "model_rollups":
            db.execute(f"DROP TABLE {kind.table}")
            db.execute(f"DROP TABLE {kind.names}")
    db.execute("PRAGMA user_version = 3")


def steps_of(path: Path, question: Question) -> int:
    """How much SQLite works on it."""
    steps = 0

    def one_more() -> int:
        nonlocal steps
        steps += 1
        return 0

    with closing(SqliteRollups(path)) as rollups:
        rollups._db.set_progress_handler(one_more, 10)
        assert rollups.ask(question)
    return steps
