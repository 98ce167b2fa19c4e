"""Costs that have changed are told on, none of them is lost in between; runs are looked at by one, and forgotten."""

from __future__ import annotations

import pytest

from penstock.runs.run import Charge, Outcome, RunKind
from penstock.stores.runs import ANY_RUN, OpenRunLedger, Stale
from support.run_ledgers import BASE, CORE, NOW, SECOND, create, made, make, run, seen

MINUTE = 60 * SECOND


def _said(stale: list[Stale]) -> list[tuple[str, int | None, bool]]:
    return [(one.create.call_id, one.nano, one.is_final) for one in stale]


def test_what_its_maker_tells_himself_is_not_told_again(runs: OpenRunLedger) -> None:
    make(runs, run())
    assert runs.stale(9) == []


@pytest.mark.parametrize(("state", "nano"), [("completed", CORE), ("failed", 0)])
def test_an_end_is_told_until_it_was(runs: OpenRunLedger, state: str, nano: int) -> None:
    make(runs, run())
    runs.saw([seen("trun_1", state)])
    for _ in range(2):
        assert _said(runs.stale(9)) == [("call-1", nano, True)]
    (stale,) = runs.stale(9)
    runs.told("call-1", stale.version)
    assert runs.stale(9) == []
    runs.saw([seen("trun_1", state, at=20)])
    assert runs.stale(9) == []


def test_a_call_of_several_runs_comes_to_their_sum(runs: OpenRunLedger) -> None:
    make(runs, run("trun_1"), run("trun_2", product="base"), run("trun_3"))
    runs.saw([seen("trun_1"), seen("trun_2")])
    assert runs.stale(9) == [], "it comes to what was expected, and is not final"
    runs.saw([seen("trun_3", "failed")])
    assert _said(runs.stale(9)) == [("call-1", CORE + BASE, True)]


def test_a_change_between_asking_and_telling_is_told_later(runs: OpenRunLedger) -> None:
    make(runs, run("trun_1"), run("trun_2"))
    runs.saw([seen("trun_1", "failed")])
    (first,) = runs.stale(9)
    assert (first.nano, first.is_final) == (CORE, False)
    runs.saw([seen("trun_2", "failed")])
    runs.told("call-1", first.version)
    (second,) = runs.stale(9)
    assert (second.nano, second.is_final) == (0, True)
    runs.told("call-1", second.version)
    assert runs.stale(9) == []
    runs.told("call-1", second.version + 1)
    runs.told("nobody", 1)


def test_who_dies_while_telling_goes_on_with_the_same_change(runs: OpenRunLedger) -> None:
    make(runs, run("trun_1"), run("trun_2"))
    runs.saw([seen("trun_1", "failed")])
    first = runs.stale(9)
    runs.saw([seen("trun_2", "failed")])
    assert runs.stale(9) == first, "part of it may have been told already"
    assert [(one.was, one.nano) for one in first] == [(2 * CORE, CORE)]
    runs.told("call-1", first[0].version)
    (second,) = runs.stale(9)
    assert (second.was, second.nano) == (CORE, 0)
    runs.told("call-1", first[0].version)
    assert runs.stale(9) == [second], "that one was told, and not this one"


def test_what_was_told_last_is_what_was_known(runs: OpenRunLedger) -> None:
    make(runs, run("trun_2", product="brand-new"), call_id="call-2")
    runs.saw([seen("trun_2", product="core")])
    (known,) = runs.stale(9)
    assert (known.create.call_id, known.was, known.nano) == ("call-2", None, CORE)
    make(runs, run("trun_3", product="brand-new"), run("trun_4"), call_id="call-3")
    runs.saw([seen("trun_3"), seen("trun_4")])
    (_, unknown) = runs.stale(9)
    assert (unknown.create.call_id, unknown.was, unknown.nano) == ("call-3", None, None)


def test_who_orders_more_of_a_run_expects_what_it_comes_to(runs: OpenRunLedger) -> None:
    make(runs, run("findall_1", RunKind.FINDALL, "base", match_limit=10))
    runs.intend(create("more"))
    runs.made(made(call_id="more", charges=[("findall_1", Charge("more", "extend", "base", 5))]))
    assert runs.stale(9) == []
    for at in (10, 80):
        runs.saw([seen("findall_1", kind=RunKind.FINDALL, is_active=False, matched=12, at=at)])
    assert {one.create.call_id: (one.was, one.nano) for one in runs.stale(9)} == {
        "call-1": (250_000_000 + 10 * 30_000_000, 250_000_000 + 12 * 30_000_000),
        "more": (5 * 30_000_000, 0),
    }


def test_limits_may_have_been_told_another_amount(runs: OpenRunLedger) -> None:
    make(runs, run("trun_1"), run("trun_2"))
    runs.saw([seen("trun_1", "failed")])
    (first,) = runs.stale(9)
    runs.told("call-1", first.version, 7)
    runs.saw([seen("trun_2", "failed")])
    (second,) = runs.stale(9)
    assert (second.was, second.nano) == (7, 0)


def test_some_of_them_after_others(runs: OpenRunLedger) -> None:
    for number in range(4):
        make(runs, run(f"trun_{number}"), call_id=f"call-{number}")
        runs.saw([seen(f"trun_{number}", at=100 + number)])
    assert [one.create.call_id for one in runs.stale(2, 1)] == ["call-1", "call-2"]
    assert [one.create.call_id for one in runs.stale(2, 3)] == ["call-3"]
    assert runs.stale(2, 4) == []


def test_the_longest_waiting_first(runs: OpenRunLedger) -> None:
    for number in (3, 1, 2):
        make(runs, run(f"trun_{number}"), call_id=f"call-{number}")
    for number in (3, 1, 2):
        make(runs, run(f"more_{number}"), call_id=f"more-{number}")
        runs.saw([seen(f"more_{number}", at=100 + number)])
    assert [one.create.call_id for one in runs.stale(2)] == ["more-1", "more-2"]


def test_a_cost_that_nobody_knows(runs: OpenRunLedger) -> None:
    make(runs, run("trun_1", product="brand-new"), run("trun_2"))
    runs.saw([seen("trun_1")])
    assert runs.stale(9) == []
    runs.saw([seen("trun_2")])
    assert _said(runs.stale(9)) == [("call-1", None, True)]


def test_what_is_told_knows_the_receipts_and_no_answer(runs: OpenRunLedger) -> None:
    runs.intend(create())
    runs.made(made(run())._replace(receipts=(b"one",)))
    runs.saw([seen("trun_1")])
    (stale,) = runs.stale(9)
    assert (stale.create.receipts, stale.create.outcome, stale.create.answer) == (
        (b"one",),
        Outcome.MADE,
        b"",
    )


# -- looking at runs


def _due(runs: OpenRunLedger, at_us: int, holder: str = "a", limit: int = 9) -> list[tuple[str, int]]:
    return [(one.run.id, one.failures) for one in runs.due(at_us, holder, MINUTE, limit)]


def test_only_active_runs_with_a_stored_key_are_looked_at(runs: OpenRunLedger) -> None:
    make(runs, run("trun_1", stored_key="main"), run("trun_2"), run("trun_3", stored_key="main"))
    runs.saw([seen("trun_3")])
    (due,) = runs.due(NOW + MINUTE, "a", MINUTE, 9)
    assert (due.run.id, due.run.stored_key, due.run.origin) == ("trun_1", "main", "https://api.parallel.ai")


def test_a_lease_is_for_one_until_it_ends(runs: OpenRunLedger) -> None:
    make(runs, run(stored_key="main"))
    assert _due(runs, NOW - 1) == []
    assert _due(runs, NOW) == [("trun_1", 0)]
    for holder in ("a", "b"):
        assert _due(runs, NOW + MINUTE - 1, holder) == []
    assert _due(runs, NOW + MINUTE, "b") == [("trun_1", 0)]


def test_whoever_has_looked_says_when_to_look_again(runs: OpenRunLedger) -> None:
    make(runs, run(stored_key="main"))
    _due(runs, NOW)
    for _ in range(2):
        runs.looked("trun_1", NOW + 10 * SECOND, 3, "stale")
    assert _due(runs, NOW + 9 * SECOND) == []
    assert _due(runs, NOW + 10 * SECOND, "b") == [("trun_1", 3)]
    found = runs.get("trun_1")
    assert found is not None
    assert found.flags == ("stale",)
    runs.looked("nobody", NOW, 0, "stale")


def test_who_has_waited_longest_comes_first(runs: OpenRunLedger) -> None:
    make(runs, *(run(f"trun_{n}", stored_key="main") for n in range(5)))
    for number in range(5):
        runs.looked(f"trun_{number}", NOW + (number * 3 % 5) * SECOND, 0)
    assert _due(runs, NOW + MINUTE, limit=3) == [("trun_0", 0), ("trun_2", 0), ("trun_4", 0)]
    assert _due(runs, NOW + MINUTE, limit=3) == [("trun_1", 0), ("trun_3", 0)]


def test_what_has_ended_is_not_looked_at_again(runs: OpenRunLedger) -> None:
    make(runs, run(stored_key="main"))
    _due(runs, NOW)
    runs.saw([seen("trun_1")])
    runs.looked("trun_1", NOW, 0)
    assert _due(runs, NOW + 9 * MINUTE) == []


def test_a_findall_run_is_looked_at_until_it_is_settled(runs: OpenRunLedger) -> None:
    make(runs, run("findall_1", RunKind.FINDALL, "base", stored_key="main"))
    end = seen("findall_1", kind=RunKind.FINDALL, is_active=False, matched=3)
    runs.saw([end])
    assert _due(runs, NOW + MINUTE) == [("findall_1", 0)]
    runs.saw([end._replace(now_us=NOW + 2 * MINUTE)])
    assert _due(runs, NOW + 9 * MINUTE) == []


def test_a_group_that_is_active_again_is_looked_at_again(runs: OpenRunLedger) -> None:
    make(runs, run("tgrp_1", RunKind.GROUP, "", stored_key="main"))
    for at, is_active in ((10, False), (20, True)):
        state = "running" if is_active else "done"
        runs.saw([seen("tgrp_1", state, kind=RunKind.GROUP, is_active=is_active, at=at, modified=at)])
        assert bool(_due(runs, NOW + at * SECOND)) == is_active


# -- forgetting


def _ended(runs: OpenRunLedger, number: int, *, is_told: bool = True) -> None:
    name = f"trun_{number}"
    make(runs, run(name), call_id=f"call-{number}", at=number)
    runs.saw([seen(name, at=number, result=b"{}")])
    if is_told:
        for stale in runs.stale(9):
            runs.told(stale.create.call_id, stale.version)


def test_the_oldest_that_have_ended_are_forgotten_with_all_that_is_theirs(runs: OpenRunLedger) -> None:
    for number in range(4):
        _ended(runs, number)
    make(runs, run("active"), call_id="active")
    assert runs.forget(NOW + 3 * SECOND, 2) == 2
    assert runs.forget(NOW + 3 * SECOND, 2) == 1
    assert runs.forget(NOW + 3 * SECOND, 2) == 0
    assert {one.id for one in runs.runs(ANY_RUN, 9)} == {"trun_3", "active"}
    for gone in ("trun_0", "trun_1", "trun_2"):
        assert (runs.get(gone), runs.moments(gone), runs.result(gone)) == (None, [], None)
    again = [runs.intend(create(f"again-{n}", body=f"call-{n}".encode(), attempt=1)) for n in (0, 3)]
    assert [one and one.call_id for one in again] == [None, "call-3"]


def test_what_was_not_told_on_is_not_forgotten(runs: OpenRunLedger) -> None:
    _ended(runs, 1, is_told=False)
    assert runs.forget(NOW + MINUTE, 9) == 0
    (stale,) = runs.stale(9)
    runs.told("call-1", stale.version)
    assert runs.forget(NOW + MINUTE, 9) == 1


def test_of_a_call_whose_runs_are_forgotten_one_by_one_the_sum_stays(runs: OpenRunLedger) -> None:
    make(runs, run("trun_1"), run("trun_2"))
    runs.saw([seen("trun_1")])
    assert runs.forget(NOW + MINUTE, 9) == 1
    runs.saw([seen("trun_2", "failed", at=90)])
    assert _said(runs.stale(9)) == [("call-1", CORE, True)]


def test_a_group_outlives_its_runs(runs: OpenRunLedger) -> None:
    make(runs, run("tgrp_1", RunKind.GROUP, ""), run("trun_1", parent="tgrp_1"))
    runs.saw([seen("tgrp_1", "done", kind=RunKind.GROUP, is_active=False)])
    assert runs.forget(NOW + MINUTE, 9) == 0
    runs.saw([seen("trun_1", "failed")])
    for stale in runs.stale(9):
        runs.told(stale.create.call_id, stale.version)
    assert [runs.forget(NOW + MINUTE, 9) for _ in range(3)] == [1, 1, 0]


def test_requests_that_made_nothing_are_forgotten_too(runs: OpenRunLedger) -> None:
    for number, outcome in enumerate((Outcome.REFUSED, Outcome.UNKNOWN, Outcome.MADE)):
        runs.intend(create(f"call-{number}", body=bytes([number])))
        runs.made(made(call_id=f"call-{number}", outcome=outcome))
    runs.intend(create("under way", body=b"under way"))
    runs.saw([seen("stranger")])
    assert runs.forget(NOW + MINUTE, 9) == 0
    bodies = [bytes([n]) for n in range(3)] + [b"under way"]
    again = [runs.intend(create(f"again-{n}", body=body, attempt=1)) for n, body in enumerate(bodies)]
    assert [one and one.call_id for one in again] == [None, None, None, "under way"]
    make(runs, run("stranger"), call_id="late")
    assert runs.get("stranger") == run("stranger", call_id="late")


def test_a_run_that_came_back_is_not_forgotten(runs: OpenRunLedger) -> None:
    make(runs, run("tgrp_1", RunKind.GROUP, ""))
    for at, is_active in ((10, False), (20, True)):
        state = "running" if is_active else "done"
        runs.saw([seen("tgrp_1", state, kind=RunKind.GROUP, is_active=is_active, at=at, modified=at)])
    assert runs.forget(NOW + MINUTE, 9) == 0
