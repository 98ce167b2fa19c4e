"""What is seen settles a run once, whichever comes first: its making or its end."""

from __future__ import annotations

import os
from itertools import permutations

import pytest
from msgspec.structs import replace

from penstock.runs.money import enrich_charge, extend_charge, trigger_charge
from penstock.runs.run import Money, Outcome, Owner, RunKind, SeenBy
from penstock.stores.runs import ANY_RUN, Moment, OpenRunLedger
from support.run_ledgers import BASE, CORE, NOW, ORIGIN, OWNER, SECOND, create, made, make, run, seen


def test_an_end_settles_once(runs: OpenRunLedger) -> None:
    make(runs, run())
    (ended,) = runs.saw([seen("trun_1")])
    assert (ended.state, ended.money, ended.cost, ended.settled_us) == (
        "completed",
        Money.SETTLED,
        CORE,
        NOW + 10 * SECOND,
    )
    assert runs.get("trun_1") == ended
    assert runs.saw([seen("trun_1", at=11), seen("trun_1", "failed", at=12)]) == []
    assert runs.get("trun_1") == ended


def test_of_several_ends_seen_at_once_one_settles(runs: OpenRunLedger) -> None:
    make(runs, run("trun_1"), run("trun_2"))
    ended = runs.saw([seen("trun_1"), seen("trun_2", "failed"), seen("trun_1"), seen("trun_2", "running")])
    assert [(one.id, one.cost) for one in ended] == [("trun_1", CORE), ("trun_2", 0)]


def test_what_tells_nothing_changes_nothing(runs: OpenRunLedger) -> None:
    assert runs.saw([]) == []
    make(runs, run())
    assert runs.saw([seen("trun_1", "running", kind=RunKind.FINDALL)]) == []
    assert runs.get("trun_1") == run()


def test_a_time_line(runs: OpenRunLedger) -> None:
    make(runs, run())
    for at, state in ((2, "queued"), (3, "running"), (4, "running"), (5, "a new word"), (6, "completed")):
        runs.saw([seen("trun_1", state, at=at, modified=at, by=SeenBy.READ)])
    assert runs.moments("trun_1") == [
        Moment(NOW, "queued", SeenBy.CREATE),
        Moment(NOW + 3 * SECOND, "running", SeenBy.READ),
        Moment(NOW + 5 * SECOND, "a new word", SeenBy.READ),
        Moment(NOW + 6 * SECOND, "completed", SeenBy.READ),
    ]
    assert runs.moments("nobody") == []


def test_a_time_line_that_never_ends_keeps_its_beginning_and_its_end(runs: OpenRunLedger) -> None:
    make(runs, run())
    runs.saw([seen("trun_1", f"word {n}", at=n, modified=n) for n in range(1, 700)])
    found = runs.moments("trun_1")
    assert len(found) == 500
    assert (found[0].state, found[1].state, found[-1].state) == ("queued", "word 201", "word 699")


# -- results


def test_the_result_of_a_completed_run_is_kept(runs: OpenRunLedger) -> None:
    make(runs, run())
    body = b'{"output": "' + b"x" * 100_000 + b'"}'
    runs.saw([seen("trun_1", result=body)])
    for _ in range(2):
        found = runs.result("trun_1")
        assert found is not None
        assert found == (body, "application/json", NOW + 10 * SECOND)
        runs.saw([seen("trun_1", at=20, result=b"another")])


def test_a_result_that_comes_after_the_end_is_kept(runs: OpenRunLedger) -> None:
    make(runs, run())
    runs.saw([seen("trun_1")])
    assert runs.result("trun_1") is None
    runs.saw([seen("trun_1", at=20, result=b"{}")])
    assert runs.result("trun_1") is not None


@pytest.mark.parametrize(
    ("state", "size"), [("running", 10), ("failed", 10), ("completed", 16 * 1024 * 1024 + 1)]
)
def test_no_other_result_is_kept(runs: OpenRunLedger, state: str, size: int) -> None:
    make(runs, run())
    runs.saw([seen("trun_1", state, result=bytes(size))])
    assert runs.result("trun_1") is None
    assert runs.result("nobody") is None


def test_the_largest_result_comes_back_whole(runs: OpenRunLedger) -> None:
    make(runs, run())
    body = os.urandom(1024 * 1024) * 16
    runs.saw([seen("trun_1", result=body)])
    found = runs.result("trun_1")
    assert found is not None
    assert found.body == body


# -- whoever comes first


def _either_way(runs: OpenRunLedger, *states: str) -> None:
    for at, state in enumerate(states, 2):
        runs.saw([seen("trun_1", state, at=at, modified=at)])


@pytest.mark.parametrize("states", [("completed",), ("failed",), ("running",), ("running", "completed")])
def test_an_end_that_comes_before_the_making_settles_as_well(
    runs: OpenRunLedger, states: tuple[str, ...]
) -> None:
    assert runs.intend(create()) is None
    _either_way(runs, *states)
    assert runs.count(ANY_RUN) == 0, "it is nobody's yet"
    assert runs.get("trun_1") is None
    runs.made(made(run()))
    found = runs.get("trun_1")
    assert found is not None
    make(runs, run("trun_2"), call_id="call-2")
    for at, state in enumerate(states, 2):
        runs.saw([seen("trun_2", state, at=at, modified=at)])
    other = runs.get("trun_2")
    assert other is not None
    assert (found.owner, found.state, found.is_active, found.money, found.cost, found.modified_us) == (
        other.owner,
        other.state,
        other.is_active,
        other.money,
        other.cost,
        other.modified_us,
    )
    told = {one.create.call_id: (one.nano, one.is_final) for one in runs.stale(9)}
    assert told.get("call-1") == told.get("call-2")
    assert runs.moments("trun_1")[0] == Moment(NOW, "queued", SeenBy.CREATE)
    assert runs.moments("trun_1")[-1].state == states[-1]


def test_a_run_of_a_known_group_is_its_owner_s(runs: OpenRunLedger) -> None:
    make(runs, run("tgrp_1", RunKind.GROUP, ""))
    assert runs.saw([seen("trun_1", "queued", product="core", parent="tgrp_1")]) == []
    found = runs.get("trun_1")
    assert found is not None
    assert (found.owner, found.parent, found.flags, found.call_id) == (
        OWNER,
        "tgrp_1",
        ("adopted",),
        "call-1",
    )
    (told,) = runs.stale(9)
    assert (told.create.call_id, told.nano, told.is_final) == ("call-1", CORE, False)
    (ended,) = runs.saw([seen("trun_2", product="base", parent="tgrp_1")])
    assert (ended.owner, ended.cost) == (OWNER, BASE)
    assert runs.saw([seen("trun_2", product="base", parent="tgrp_1", at=11)]) == []


def test_a_run_of_a_group_that_is_nobody_s_is_none(runs: OpenRunLedger) -> None:
    runs.saw([seen("tgrp_1", "running", kind=RunKind.GROUP), seen("trun_1", parent="tgrp_1")])
    assert runs.count(ANY_RUN) == 0


@pytest.mark.parametrize("order", list(permutations(["group", "added", "seen", "read"])), ids="-".join)
def test_a_group_its_runs_and_what_is_seen_of_them_in_any_order(
    runs: OpenRunLedger, order: tuple[str, ...]
) -> None:
    runs.intend(create("group", body=b"group"))
    runs.intend(create("added", body=b"added"))
    added = [run(f"trun_{n}", call_id="added", parent="tgrp_1") for n in range(2)]
    ended = []
    for step in order:
        match step:
            case "group":
                runs.made(made(run("tgrp_1", RunKind.GROUP, "", call_id="group"), call_id="group"))
            case "added":
                runs.made(made(*added, call_id="added"))
            case "seen":
                ended += runs.saw([seen("trun_0", product="core", parent="tgrp_1")])
            case _:
                ended += runs.saw([seen("trun_0", product="core")])
    found = runs.get("trun_0")
    assert found is not None
    assert (found.owner, found.call_id, found.cost, found.flags) == (OWNER, "added", CORE, ())
    assert runs.count(ANY_RUN) == 3
    assert len(ended) <= 1
    told = {one.create.call_id: one for one in runs.stale(9)}
    assert "group" not in told or told["group"].nano == 0
    assert "added" not in told or (told["added"].nano, told["added"].is_final) == (2 * CORE, False)
    assert runs.saw([seen("trun_1")])[0].call_id == "added"
    assert {one.create.call_id: one.nano for one in runs.stale(9)}["added"] == 2 * CORE


def test_an_adopted_run_is_not_taken_by_what_was_made_elsewhere(runs: OpenRunLedger) -> None:
    make(runs, run("tgrp_1", RunKind.GROUP, ""))
    runs.saw([seen("trun_1", product="core", parent="tgrp_1")])
    thief = Owner("thief", "gw")
    make(runs, replace(run(owner=thief), origin="https://elsewhere.test"), call_id="call-2")
    found = runs.get("trun_1")
    assert found is not None
    assert (found.owner, found.origin) == (OWNER, ORIGIN)


def test_what_was_seen_as_something_else_says_nothing_of_a_run(runs: OpenRunLedger) -> None:
    runs.saw([seen("trun_1", kind=RunKind.FINDALL)])
    make(runs, run())
    assert runs.get("trun_1") == run()


def test_only_so_many_strangers_are_remembered(runs: OpenRunLedger) -> None:
    """Those of which something was learned last."""
    runs.saw([seen("changed", "running"), *(seen(f"trun_{n}") for n in range(9_999))])
    runs.saw([seen("changed", at=11), seen("new"), seen("newer")])
    names = ("trun_0", "trun_1", "trun_2", "trun_9998", "changed", "new", "newer")
    make(runs, *(run(name) for name in names))
    ended = {one.id for one in runs.runs(ANY_RUN, 9) if not one.is_active}
    assert ended == {*names} - {"trun_0", "trun_1"}


def test_a_stranger_that_is_too_large_is_not_remembered(runs: OpenRunLedger) -> None:
    runs.saw([seen("trun_1", "x" * 20_000)])
    make(runs, run())
    assert runs.get("trun_1") == run()


# -- more than one order, more than one end


def test_an_extended_findall_run_comes_back_and_each_call_bears_its_part(runs: OpenRunLedger) -> None:
    findall = run("findall_1", RunKind.FINDALL, "base", match_limit=10)
    make(runs, findall)
    looks = [
        seen("findall_1", kind=RunKind.FINDALL, is_active=False, matched=10, at=at, result=b"{}")
        for at in (10, 80)
    ]
    assert runs.saw(looks[:1]) == []
    (first,) = runs.saw(looks[1:])
    assert first.cost == 250_000_000 + 10 * 30_000_000
    assert runs.result("findall_1") is not None
    assert runs.intend(create("more", at=100)) is None
    charge = extend_charge(first, "more", 5)
    for _ in range(2):
        runs.made(made(call_id="more", at=101, charges=[("findall_1", charge)]))
    again = runs.get("findall_1")
    assert again is not None
    assert (again.is_active, again.revision, again.money) == (True, 1, Money.ESTIMATED)
    assert runs.result("findall_1") is None, "it is of before"
    stale = {one.create.call_id: one.version for one in runs.stale(9)}
    assert "more" not in stale, "who has ordered it knows"
    for call_id, version in stale.items():
        runs.told(call_id, version)
    ends = [
        seen("findall_1", kind=RunKind.FINDALL, is_active=False, matched=14, at=at, modified=at)
        for at in (300, 380)
    ]
    assert runs.saw(ends[:1]) == []
    (last,) = runs.saw(ends[1:])
    assert last.cost == 250_000_000 + 14 * 30_000_000
    told = {one.create.call_id: (one.nano, one.is_final) for one in runs.stale(9)}
    assert sum(nano or 0 for nano, _ in told.values()) == last.cost
    assert all(is_final for _, is_final in told.values())
    assert [moment.state for moment in runs.moments("findall_1")] == [
        "queued",
        "completed",
        "queued",
        "completed",
    ]


def test_executions_of_a_monitor_are_counted_once_by_their_names(runs: OpenRunLedger) -> None:
    make(runs, run("monitor_1", RunKind.MONITOR, "base"))

    def look(*names: str, at: int = 10) -> int:
        runs.saw([seen("monitor_1", "active", kind=RunKind.MONITOR, executions=names, at=at)])
        found = runs.get("monitor_1")
        assert found is not None
        return found.executions

    assert [look("a", "b"), look("b", "c", "c"), look("a", "b", "c"), look(), look("\udcff" * 9999)] == [
        2,
        3,
        3,
        3,
        4,
    ]
    assert look(*(f"n{n}" for n in range(2000)), at=11) == 2004
    assert look(*(f"n{n}" for n in range(1000, 2000)), at=12) == 2004, "the latest thousand are remembered"


def test_what_is_triggered_of_a_known_monitor_is_its_own_order(runs: OpenRunLedger) -> None:
    monitor = run("monitor_1", RunKind.MONITOR, "base")
    make(runs, monitor)
    assert runs.intend(create("trigger", at=5)) is None
    runs.made(made(call_id="trigger", charges=[("monitor_1", trigger_charge(monitor, "trigger"))]))
    found = runs.get("monitor_1")
    assert found is not None
    assert [charge.call_id for charge in found.charges] == ["call-1", "trigger"]


def test_what_is_ordered_of_a_run_made_elsewhere_settles_too(runs: OpenRunLedger) -> None:
    stranger = run("findall_9", RunKind.FINDALL, "base")
    charge = enrich_charge(replace(stranger, charges=(), matched=4, is_active=False), "more", "core")
    assert runs.intend(create("more")) is None
    runs.made(made(call_id="more", charges=[("findall_9", charge)]))
    found = runs.get("findall_9")
    assert found is not None
    assert (found.owner, found.charges, found.money) == (None, (charge,), Money.ESTIMATED)
    assert runs.stale(9) == []


def test_what_cannot_be_ordered_of_a_run_stays_as_it_was_told(runs: OpenRunLedger) -> None:
    make(runs, run())
    charge = run("other", call_id="more").charges[0]
    assert runs.intend(create("more")) is None
    runs.made(made(call_id="more", charges=[("trun_1", charge)]))
    assert runs.get("trun_1") == run()
    assert runs.stale(9) == []


def test_a_response_costs_nothing_here(runs: OpenRunLedger) -> None:
    make(runs, run("resp_1", RunKind.RESPONSE, "low"))
    (ended,) = runs.saw([seen("resp_1", kind=RunKind.RESPONSE)])
    assert ended.money is Money.NONE
    assert runs.stale(9) == []


def test_an_unknown_outcome_with_runs_after_all(runs: OpenRunLedger) -> None:
    """The answer broke off behind the id of what it made."""
    runs.intend(create())
    runs.made(made(run(), outcome=Outcome.UNKNOWN))
    (ended,) = runs.saw([seen("trun_1")])
    assert ended.cost == CORE
