"""A run as it is shown: money in dollars, times in words, what is unknown as nothing."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from penstock.runs.record import ended_us, run_detail, run_record
from penstock.runs.run import Money, RunKind, SeenBy
from support.known_runs import NOW, SECOND, after, findall, made, seen, task


@pytest.mark.parametrize(
    ("run", "money", "estimate", "cost"),
    [
        (task(), "estimated", 0.025, None),
        (after(task(), seen(task(), "completed")), "settled", 0.025, 0.025),
        (after(task(), seen(task(), "failed")), "void", 0.025, 0.0),
        (task("not-on-the-card"), "unpriced", None, None),
        (made(RunKind.GROUP), "none", 0.0, 0.0),
    ],
)
def test_money_is_dollars_and_what_is_not_certain_is_null(
    run: object, money: str, estimate: float | None, cost: float | None
) -> None:
    record = run_record(run)  # type: ignore[arg-type]
    assert (record.money, record.estimate, record.cost) == (money, estimate, cost)


def test_what_nobody_knows_is_null() -> None:
    record = run_record(replace(task(), owner=None, product="", call_id=""))
    names = (
        "processor",
        "account",
        "gateway",
        "token",
        "user",
        "credential",
        "stored_key",
        "call_id",
        "parent",
        "error",
    )
    assert {getattr(record, name) for name in names} == {None}


def test_an_end_is_when_it_was_seen() -> None:
    assert ended_us(task()) is None
    assert ended_us(after(task(), seen(task(), "completed"), at=90)) == NOW + 90 * SECOND
    assert ended_us(replace(task(), is_active=False)) == NOW, "as it was made"
    found = after(findall(), seen(findall(), "completed", matched=3), at=9)
    assert run_record(found).ended_at == "2027-01-15T08:00:09.000Z"


def test_a_time_line_tells_how_long_each_state_was() -> None:
    moments = [
        (NOW, "queued", SeenBy.CREATE),
        (NOW + 2 * SECOND, "running", SeenBy.READ),
        (NOW + SECOND, "completed", SeenBy.STREAM),  # a clock was set back
    ]
    line = run_detail(after(task(), seen(task(), "completed")), moments, NOW + 99 * SECOND).timeline
    assert [(one.state, one.seconds) for one in line] == [
        ("queued", 2.0),
        ("running", 0.0),
        ("completed", None),
    ]
    going = run_detail(task(), moments[:2], NOW + 99 * SECOND).timeline
    assert going[-1].seconds == 97.0
    assert run_detail(task(), [], NOW).timeline == ()


def test_a_price_has_a_source_where_there_is_a_price() -> None:
    assert run_detail(task(), [], NOW).price_source == "parallel card 2026-11-10"
    assert run_detail(task("not-on-the-card"), [], NOW).price_source is None
    assert run_detail(made(RunKind.GROUP), [], NOW).price_source is None


@pytest.mark.parametrize("kind", RunKind)
def test_a_record_is_json_for_each_kind(kind: RunKind) -> None:
    run = replace(made(kind, "core"), metadata={"a": 1.5, "b": True}, counts={"x": 1}, money=Money.UNPRICED)
    again = msgspec.json.decode(msgspec.json.encode(run_detail(run, [(NOW, "x", SeenBy.POLL)], NOW)))
    assert (again["run_id"], again["kind"], again["metadata"]) == (run.id, kind.value, {"a": 1.5, "b": True})
