"""The roll-ups: whatever calls there were, every question is answered as a plain count of them would."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.journal.record import Outcome
from penstock.stores.ledger import LedgerUnavailable, NewCall
from penstock.stores.rollups import (
    OTHERS,
    Bucket,
    Having,
    Question,
    Repriced,
    TooManyGroups,
    Unanswerable,
    Unit,
)
from penstock.stores.sqlite.rollups.reader import SqliteRollups
from penstock.stores.sqlite.rollups.writer import RollupWriter
from support.rollups import (
    BY_ESTIMATE,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    START_US,
    UNTIL_ITS_END,
    RollupFile,
    model_answer,
    rolled,
    row_of,
    sums_of,
    total,
    with_cost,
)

DIMENSIONS = ("gateway", "provider", "model", "operation", "status", "cached", "rate_limited", "error")
UNITS: tuple[Unit, ...] = ("minute", "hour", "day", "week", "month")

times = st.one_of(
    st.integers(0, 40 * DAY_US), st.integers(0, 40 * 24 * 60).map(lambda minute: minute * MINUTE_US)
).map(lambda offset: START_US + offset)
calls = st.builds(
    rolled,
    times,
    model=st.sampled_from([None, "openai/a", "openai/b"]),
    operation=st.sampled_from(["openai.chat.completions.create", "openai.responses.get", "unknown"]),
    tokens=st.tuples(st.none() | st.integers(0, 9), st.none() | st.integers(0, 9)),
    cost=st.none() | st.integers(0, 9),
    estimated=st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9)),
    source=st.sampled_from([None, "a list", BY_ESTIMATE, UNTIL_ITS_END]),
    account=st.sampled_from(["acc", "acc", "other"]),
    gateway=st.sampled_from(["main", "prod"]),
    provider=st.sampled_from(["openai", "groq"]),
    status=st.sampled_from([200, 200, 201, 404, 429, 0]),
    outcome=st.sampled_from([Outcome.COMPLETE, Outcome.COMPLETE, Outcome.ABANDONED, Outcome.REFUSED]),
    error_code=st.sampled_from([None, 2003, 2045, 2001]),
    cached=st.booleans(),
    duration_us=st.integers(0, 10**8),
    first_byte_us=st.none() | st.integers(0, 10**8),
    token=st.sampled_from(["", "t1", "t2"]),
    user=st.sampled_from(["", "ann"]),
    team=st.sampled_from(["", "red", "blue"]),
    metadata=st.dictionaries(st.sampled_from("xy"), st.sampled_from(["v", "w", 1, True, 1.5]), max_size=2),
)
batches = st.lists(st.lists(calls, max_size=8), max_size=5)
buckets = st.one_of(
    st.none(),
    st.builds(Bucket, st.sampled_from(UNITS[:3]), st.sampled_from([1, 2, 5, 6, 15])),
    st.sampled_from(UNITS).map(lambda unit: Bucket(unit)),
)
spans = st.tuples(times, times).map(sorted)
conditions = st.one_of(
    st.builds(
        Having,
        st.just("status"),
        st.sampled_from(["eq", "neq", "lt", "gt", "le", "ge"]),
        st.lists(st.sampled_from(["200", "404", "300"]), max_size=2).map(tuple),
    ),
    st.builds(
        Having,
        st.sampled_from(["model", "provider", "gateway", "operation"]),
        st.sampled_from(["eq", "neq", "lt", "gt", "le", "ge", "like"]),
        st.lists(
            st.sampled_from(["openai/a", "openai/%", "OPENAI/_", "main", "unknown", "openai.%", ""]),
            max_size=2,
        ).map(tuple),
    ),
    st.builds(Having, st.sampled_from(["cached", "error", "rate_limited"]), st.just("eq"), st.just(("1",))),
)
havings = st.lists(st.lists(conditions, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple)
questions = st.builds(
    lambda account, span, bucket, by, having, latencies: Question(
        account, span[0], span[1], bucket, tuple(by), having, latencies
    ),
    st.sampled_from(["acc", None]),
    spans,
    buckets,
    st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=3),
    havings,
    st.booleans(),
)


def all_time(*by: str, bucket: Bucket | None = None, having: tuple[tuple[Having, ...], ...] = ()) -> Question:
    return Question(None, START_US, START_US + 50 * DAY_US, bucket, by, having)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[RollupFile]:
    made = RollupFile(tmp_path / "ledger.db")
    with closing(made.db):
        yield made


@pytest.fixture
def rollups(file: RollupFile) -> Iterator[SqliteRollups]:
    with closing(SqliteRollups(file.path)) as reader:
        yield reader


class Written:
    """Batches in a file of their own, each by the same writer or by a new one."""

    def __init__(self, found: Sequence[Sequence[NewCall]], *, restarts: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._file = RollupFile(Path(self._folder.name) / "ledger.db")
        writer = RollupWriter()
        for batch in found:
            self._file.add(RollupWriter() if restarts else writer, *batch)
        self._reader = SqliteRollups(self._file.path)

    def __enter__(self) -> SqliteRollups:
        return self._reader

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._file.db.close()
        self._folder.cleanup()


# -- laws


@settings(max_examples=40, deadline=None)
@given(batches, st.lists(questions, min_size=1, max_size=6), st.booleans())
def test_every_question_is_answered_as_by_counting(
    found: list[list[NewCall]], asked: list[Question], restarts: bool
) -> None:
    everything = [call for batch in found for call in batch]
    with Written(found, restarts=restarts) as rollups:
        for question in asked:
            assert rollups.ask(question) == model_answer(question, everything)


@settings(max_examples=30, deadline=None)
@given(
    batches,
    st.lists(st.tuples(spans, buckets, st.sampled_from(["token", "user", "team", "metadata.x"])), max_size=4),
    st.booleans(),
    st.sampled_from(["eq", "neq", "like", "lt", "ge"]),
    st.lists(st.sampled_from(["t1", "red", "v", "1", "true", "", "%"]), max_size=2),
)
def test_so_are_those_about_callers(
    found: list[list[NewCall]],
    asked: list[tuple[list[int], Bucket | None, str]],
    by_gateway: bool,
    operator: str,
    values: list[str],
) -> None:
    everything = [call for batch in found for call in batch]
    with Written(found) as rollups:
        for (since, until), bucket, key in asked:
            if bucket is not None and bucket.unit == "minute":
                continue
            by = ("gateway", key) if by_gateway else (key,)
            having = ((Having(key, operator, tuple(values)), Having("gateway", "eq", ("prod",))),)  # type: ignore[arg-type]
            for question in (
                Question("acc", since, until, bucket, by),
                Question("acc", since, until, bucket, by, having),
                Question("acc", since, until, bucket, by[:-1], having),
            ):
                assert rollups.ask(question) == model_answer(question, everything)


@settings(max_examples=20, deadline=None)
@given(batches, times, st.lists(buckets, max_size=4))
def test_parts_of_the_time_add_up_to_the_whole(
    found: list[list[NewCall]], between: int, tried: list[Bucket | None]
) -> None:
    whole = total(model_answer(all_time(), [call for batch in found for call in batch]))
    cut = between // MINUTE_US * MINUTE_US
    end = START_US + 50 * DAY_US
    with Written(found) as rollups:
        for bucket in tried:
            first = rollups.ask(Question(None, START_US, cut, bucket))
            second = rollups.ask(Question(None, cut, end, bucket))
            assert total([*first, *second]) == whole
            assert total(rollups.ask(all_time(*DIMENSIONS, bucket=bucket))) == whole


@settings(max_examples=20, deadline=None)
@given(
    batches,
    st.none() | st.integers(0, 99),
    st.integers(1, 3),
    st.sampled_from(["a list", BY_ESTIMATE, UNTIL_ITS_END]),
)
def test_a_new_price_is_as_if_it_had_always_been(
    found: list[list[NewCall]], price: int | None, names: int, source: str
) -> None:
    everything = [call for batch in found for call in batch]
    after = [with_cost(call, price, source) for call in everything]
    with tempfile.TemporaryDirectory() as folder:
        file = RollupFile(Path(folder) / "ledger.db")
        file.add(RollupWriter(values_a_day=names), *everything)
        file.recost(*(Repriced(row_of(call), price, source) for call in everything))
        with closing(file.db), closing(SqliteRollups(file.path)) as rollups:
            by_status = all_time("status", bucket=Bucket("minute"))
            assert rollups.ask(by_status) == model_answer(by_status, after)
            for key in ("model", "operation", "team", "metadata.x"):
                assert total(rollups.ask(all_time(key))) == total(model_answer(all_time(), after))


# -- limits of a day


def test_a_days_rarer_values_are_kept_together(file: RollupFile, rollups: SqliteRollups) -> None:
    writer = RollupWriter(values_a_day=2)
    file.add(writer, *(rolled(team=team) for team in ("a", "b", "c", "a", "d")))
    file.add(writer, rolled(team="b"), rolled(team="e"), rolled(START_US + DAY_US, team="e"))
    found = [(group.values[0], group.sums.requests) for group in rollups.ask(all_time("team"))]
    assert found == [(OTHERS, 3), ("a", 2), ("b", 2), ("e", 1)]


def test_a_new_writer_knows_how_full_the_day_is(file: RollupFile, rollups: SqliteRollups) -> None:
    for team in ("a", "b", "c", "b"):
        file.add(RollupWriter(values_a_day=2), rolled(team=team))
    found = [(group.values[0], group.sums.requests) for group in rollups.ask(all_time("team"))]
    assert found == [(OTHERS, 1), ("a", 1), ("b", 2)]


def test_what_was_undone_or_written_by_others_is_not_remembered(
    file: RollupFile, rollups: SqliteRollups
) -> None:
    writer = RollupWriter(values_a_day=2)
    file.add(writer, rolled(team="a", model="openai/a"))
    file.undone(writer, rolled(team="b", model="openai/b"))
    file.add(writer, rolled(team="c", model="openai/c"))
    file.add(writer, rolled(team="d", model="openai/d"))
    file.add(RollupWriter(values_a_day=3), rolled(team="e", model="openai/e"))
    file.add(writer, rolled(team="e", model="openai/e"), rolled(team="f", model="openai/b"))
    found = [(group.values[0], group.sums.requests) for group in rollups.ask(all_time("team"))]
    assert found == [(OTHERS, 2), ("a", 1), ("c", 1), ("e", 2)]
    found = [(group.values[0], group.sums.requests) for group in rollups.ask(all_time("model"))]
    assert found == [(OTHERS, 2), ("openai/a", 1), ("openai/c", 1), ("openai/e", 2)]


def test_operations_of_models_are_limited_and_those_of_rarer_models_are_not(
    file: RollupFile, rollups: SqliteRollups
) -> None:
    def used(model: str, *operations: str) -> list[NewCall]:
        return [rolled(model=model, operation=operation) for operation in operations]

    for writer in (RollupWriter(values_a_day=1), RollupWriter(values_a_day=1)):
        file.add(writer, *used("openai/a", "one", "two", "three", "one"), *used("openai/b", "two", "four"))
    found = {group.values: group.sums.requests for group in rollups.ask(all_time("model", "operation"))}
    assert found == {
        ("openai/a", "one"): 4,
        ("openai/a", "two"): 2,
        ("openai/a", OTHERS): 2,
        (OTHERS, "two"): 2,
        (OTHERS, "four"): 2,
    }


def test_a_new_price_finds_a_rarer_operation(file: RollupFile, rollups: SqliteRollups) -> None:
    made = [rolled(operation=operation, cost=None) for operation in ("one", "two", "three")]
    file.add(RollupWriter(values_a_day=1), *made)
    file.recost(Repriced(row_of(made[2]), 7))
    found = {group.values: group.sums.cost_nano for group in rollups.ask(all_time("operation"))}
    assert found == {("one",): 0, ("two",): 0, (OTHERS,): 7}


def test_names_of_metadata_are_limited_and_values_are_not_endless(
    file: RollupFile, rollups: SqliteRollups
) -> None:
    writer = RollupWriter(names_a_day=2)
    file.add(writer, rolled(metadata={"a": "1", "b": "x" * 300, "c": "3", "": "4"}))
    file.add(RollupWriter(names_a_day=2), rolled(metadata={"d": True, "a": 1}))
    assert rollups.caller_keys("acc", START_US) == ["metadata.a", "metadata.b"]
    assert [group.values for group in rollups.ask(all_time("metadata.b"))] == [("",), (OTHERS,)]
    assert rollups.ask(all_time("metadata.a")) == model_answer(
        all_time("metadata.a"), [rolled(metadata={"a": "1"})] * 2
    )


def test_caller_keys_are_those_of_the_account_and_the_time(file: RollupFile, rollups: SqliteRollups) -> None:
    file.add(RollupWriter(), rolled(token="t", user="u"), rolled(START_US + DAY_US, account="b", team="x"))
    assert rollups.caller_keys("acc", START_US + HOUR_US) == ["token", "user"]
    assert rollups.caller_keys("acc", START_US + DAY_US) == []
    assert rollups.caller_keys(None, START_US) == ["team", "token", "user"]


# -- edges


def test_hostile_numbers_do_not_break_sums(file: RollupFile, rollups: SqliteRollups) -> None:
    huge = rolled(tokens=(2**53, 2**53), cost=2**62, token="t")
    for _ in range(4):
        file.add(RollupWriter(), *[huge] * 600)
    for question in (all_time(), all_time("token"), all_time(bucket=Bucket("minute"))):
        (group,) = rollups.ask(question)
        assert group.sums.requests == 2400
        assert group.sums.tokens_in == pytest.approx(2**62)
        assert group.sums.cost_nano == pytest.approx(2**62)


def test_one_price_changes_only_its_call(file: RollupFile, rollups: SqliteRollups) -> None:
    refused = rolled(status=429, outcome=Outcome.REFUSED, error_code=2003, cost=None, team="red")
    known, unknown = rolled(cost=7, team="red"), rolled(cost=None, team="blue")
    file.add(RollupWriter(), refused, known, unknown)
    file.recost(Repriced(row_of(known), 9), Repriced(row_of(unknown), 1), Repriced(row_of(refused), None))
    file.recost(Repriced(row_of(rolled(START_US + DAY_US, cost=1)), 10**6))  # was never counted
    after = [refused, with_cost(known, 9), with_cost(unknown, 1)]
    for question in (all_time("team"), all_time("rate_limited"), all_time(bucket=Bucket("minute"))):
        assert rollups.ask(question) == model_answer(question, after)


def test_what_a_run_may_cost_is_an_estimate_until_it_has_ended(
    file: RollupFile, rollups: SqliteRollups
) -> None:
    made = [rolled(cost=30, source=UNTIL_ITS_END, team="red") for _ in range(3)]
    file.add(RollupWriter(), *made)
    for question in (all_time(), all_time("team"), all_time("status", bucket=Bucket("hour"))):
        (group,) = rollups.ask(question)
        assert (group.sums.cost_nano, group.sums.estimated_cost_nano, group.sums.estimated) == (90, 90, 0)
    card = UNTIL_ITS_END.partition(",")[0]
    file.recost(Repriced(row_of(made[0]), 25, card), Repriced(row_of(made[1]), 0, card))
    for question in (all_time(), all_time("team"), all_time("status", bucket=Bucket("hour"))):
        (group,) = rollups.ask(question)
        assert (group.sums.cost_nano, group.sums.estimated_cost_nano) == (55, 30)


def test_what_was_counted_as_certain_does_not_become_less_than_nothing(
    file: RollupFile, rollups: SqliteRollups
) -> None:
    """By a version that did not take a run's price for an estimate."""
    file.add(RollupWriter(), rolled(cost=30, team="red"))
    file.recost(Repriced(row_of(rolled(cost=30, source=UNTIL_ITS_END, team="red")), 25))
    for question in (all_time(), all_time("team"), all_time("status", bucket=Bucket("hour"))):
        (group,) = rollups.ask(question)
        assert (group.sums.cost_nano, group.sums.estimated_cost_nano) == (25, 0)


def test_nothing_adds_nothing(file: RollupFile, rollups: SqliteRollups) -> None:
    file.add(RollupWriter())
    assert rollups.ask(all_time()) == []
    assert rollups.ask(all_time("team")) == []
    file.add(RollupWriter(), rolled())
    assert rollups.ask(Question("acc", START_US + 1, START_US)) == []
    assert rollups.ask(Question("acc", START_US + 1, START_US + 2))[0].sums == sums_of([rolled()])


def test_calls_without_the_key_have_it_empty(file: RollupFile, rollups: SqliteRollups) -> None:
    file.add(RollupWriter(), rolled(team="red"), rolled(), rolled(gateway="prod"))
    found = [(group.values, group.sums.requests) for group in rollups.ask(all_time("team", "gateway"))]
    assert found == [(("", "main"), 1), (("", "prod"), 1), (("red", "main"), 1)]


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (all_time("colour"), "nothing is kept by 'colour': take gateway"),
        (all_time("metadata."), "nothing is kept by"),
        (all_time("token", "user"), "token and user are not kept crossed"),
        (all_time("token", "model"), "token is kept crossed with gateway only, not with model"),
        (all_time("team", bucket=Bucket("minute", 5)), "team is kept by the hour"),
        (all_time(bucket=Bucket("month", 2)), "2 months are no bucket"),
        (all_time(bucket=Bucket("day", 0)), "0 days are no bucket"),
        (all_time(having=((Having("status", "ge", ("4xx",)),),)), "status is a number, not '4xx'"),
        (Question(None, 0, 1, None, ("team",), (), True), "latencies are not kept by team"),
    ],
)
def test_what_is_not_kept_is_said(rollups: SqliteRollups, question: Question, says: str) -> None:
    with pytest.raises(Unanswerable, match=says):
        rollups.ask(question)


def test_a_limit_on_groups_holds(file: RollupFile, rollups: SqliteRollups) -> None:
    file.add(RollupWriter(), *(rolled(START_US + hour * HOUR_US, team="x") for hour in range(3)))
    for by in ((), ("team",)):
        end = START_US + DAY_US
        assert len(rollups.ask(Question(None, START_US, end, Bucket("hour"), by, limit=3))) == 3
        with pytest.raises(TooManyGroups, match="more than 2 groups"):
            rollups.ask(Question(None, START_US, end, Bucket("hour"), by, limit=2))


def test_a_ledger_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable):
        SqliteRollups(tmp_path / "ledger.db")


def test_what_a_refused_call_and_a_cached_one_are() -> None:
    refused = rolled(status=429, outcome=Outcome.REFUSED, error_code=2045, cost=None)
    by_provider = rolled(status=429, cost=None)
    cached = rolled(cached=True, cost=0)
    left = rolled(outcome=Outcome.ABANDONED, cost=None)
    with Written([[refused, by_provider, cached, left]]) as rollups:
        (group,) = rollups.ask(all_time())
    assert (group.sums.requests, group.sums.errors, group.sums.rate_limited) == (4, 3, 1)
    assert (group.sums.cached, group.sums.cached_tokens_in, group.sums.tokens_in) == (1, 10, 40)
    assert group.sums.unpriced == 1
