"""Runs that go on after an end: FindAll, which comes back and may turn out to have found more, and monitors."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from penstock.pricing.units import to_nano
from penstock.runs.becoming import given_up, reopened
from penstock.runs.money import enrich_charge, extend_charge, trigger_charge
from penstock.runs.run import Charge, Money, Run, RunKind, SeenBy, Sighting
from support.known_runs import NOW, SECOND, after, findall, made, seen, task

LITE, BASE = to_nano("0.003"), to_nano("0.010")


def found(matched: int, state: str = "completed", *, modified: int = 10) -> Sighting:
    return seen(findall(), state, modified=modified, matched=matched, generated=3 * matched)


def settled_findall(matched: int = 40) -> Run:
    """One that has ended and was looked at again."""
    return after(after(findall(), found(matched), at=100), found(matched), at=160)


def extended(run: Run, additional: int = 10, at: int = 500) -> Run:
    return reopened(run, extend_charge(run, "call-2", additional), NOW + at * SECOND)


def enriched(run: Run, processor: str = "core", call_id: str = "call-3", at: int = 500) -> Run:
    return reopened(run, enrich_charge(run, call_id, processor), NOW + at * SECOND)


# -- FindAll: when it settles


def test_a_findall_run_settles_at_a_second_look_with_the_same_counts() -> None:
    """Work under way at its end is charged as well: it settles after a minute without news."""
    ended = after(findall(), found(40), at=100)
    assert (ended.is_active, ended.money, ended.settled_us, ended.cost) == (
        False,
        Money.ESTIMATED,
        None,
        None,
    )
    assert after(ended, found(40), at=159).money is Money.ESTIMATED
    settled = after(after(ended, found(40), at=130), found(40), at=160)
    assert (settled.money, settled.cost, settled.settled_us) == (
        Money.SETTLED,
        to_nano("8.00"),
        NOW + 160 * SECOND,
    )
    assert (settled.revision, settled.flags) == (0, ())


@pytest.mark.parametrize("state", ["completed", "cancelled", "failed"])
def test_counts_that_still_move_begin_the_minute_anew(state: str) -> None:
    """Its counts grow after it was cancelled: two equal looks, a minute apart, settle it."""
    run = after(findall(), found(5, state), at=0)
    run = after(run, found(6, state, modified=11), at=60)
    assert run.money is Money.ESTIMATED
    run = after(run, found(6, state, modified=11), at=100)
    assert run.money is Money.ESTIMATED
    run = after(run, found(6, state, modified=11), at=120)
    assert (run.settled_us, run.charges[0].final) == (NOW + 120 * SECOND, to_nano("2.90"))


def test_candidates_that_still_come_begin_the_minute_anew() -> None:
    run = after(findall(), found(5), at=0)
    run = after(run, replace(found(5, modified=11), generated=99), at=60)
    assert run.settled_us is None


def test_a_webhook_delivered_again_is_no_second_look() -> None:
    run = after(after(findall(), found(5), by=SeenBy.WEBHOOK), found(5), at=90, by=SeenBy.WEBHOOK)
    assert run.money is Money.ESTIMATED


def test_what_tells_nothing_of_its_state_is_no_second_look() -> None:
    run = after(after(findall(), found(5)), seen(findall(), error="x"), at=90)
    assert run.money is Money.ESTIMATED


def test_matches_that_turn_up_after_it_was_settled_are_paid_as_well() -> None:
    """A later growth settles the difference, as the next revision."""
    run = after(settled_findall(40), found(42, modified=20), at=900)
    assert (run.money, run.revision, run.cost) == (Money.SETTLED, 1, to_nano("2.00") + 42 * to_nano("0.15"))
    assert run.settled_us == NOW + 900 * SECOND


@pytest.mark.parametrize(
    "sighting", [found(40), found(40, modified=11), found(3, modified=12), found(50, modified=9)]
)
def test_what_was_settled_stays_so_without_more_matches(sighting: Sighting) -> None:
    run = after(settled_findall(40), sighting, at=900)
    assert (run.money, run.revision, run.cost) == (Money.SETTLED, 0, to_nano("8.00"))
    assert run.settled_us == NOW + 160 * SECOND


# -- FindAll: which end


def test_a_cancelled_findall_run_is_not_void() -> None:
    """What was done before is charged."""
    run = after(after(findall(), found(3, "cancelled")), found(3, "cancelled"), at=60)
    assert (run.state, run.money, run.cost, run.flags) == ("cancelled", Money.SETTLED, to_nano("2.45"), ())


def test_a_failed_findall_run_costs_what_its_counts_say_and_is_marked() -> None:
    """No document says what a failed one costs."""
    run = after(after(findall(), found(3, "failed")), found(3, "failed"), at=60)
    assert (run.money, run.cost, run.flags) == (Money.SETTLED, to_nano("2.45"), ("unconfirmed",))


def test_a_findall_run_that_is_inactive_under_an_unknown_word_goes_by_its_counts_too() -> None:
    end = replace(found(3, "exhausted"), is_active=False)
    run = after(after(findall(), end), end, at=60)
    assert (run.money, run.cost, run.flags) == (Money.SETTLED, to_nano("2.45"), ("unconfirmed",))


def test_a_cancel_that_crosses_the_completion_leaves_the_price_to_the_counts() -> None:
    """204 and then `completed`, or 409: the run itself says which."""
    run = after(findall(), found(4, "cancelled", modified=10), at=0)
    run = after(run, found(4, "completed", modified=11), at=30)
    run = after(run, found(4, "completed", modified=11), at=90)
    assert (run.state, run.money, run.cost) == ("completed", Money.SETTLED, to_nano("2.60"))


def test_a_findall_run_whose_counts_nobody_tells_has_no_price_until_somebody_does() -> None:
    bare = seen(findall(), "completed", modified=10)
    run = after(after(findall(), bare), bare, at=60)
    assert (run.money, run.cost) == (Money.UNPRICED, None)
    assert after(run, found(0), at=90).cost == to_nano("2.00")


def test_a_generator_that_is_not_on_the_card_has_no_price() -> None:
    run = after(after(findall("nova"), found(3)), found(3), at=60)
    assert (run.money, run.cost, run.settled_us) == (Money.UNPRICED, None, NOW + 60 * SECOND)


def test_counts_of_a_findall_run_follow_the_newer_one_and_stay_within_their_bounds() -> None:
    run = after(findall(), found(9, "running", modified=2))
    assert after(run, found(7, "running", modified=1)) is run
    assert after(run, found(7, "running", modified=2)).matched == 9
    assert after(run, found(7, "running", modified=3)).matched == 7
    assert after(run, found(-7, "running", modified=3)).matched == 0
    assert after(run, found(10**30, "running", modified=3)).matched == 1_000_000


# -- FindAll: coming back


def test_an_extended_run_comes_back_and_pays_what_is_new() -> None:
    """Extended after it was completed and settled: the fixed part is not paid again."""
    back = extended(settled_findall(40), 10)
    assert (back.state, back.is_active, back.revision) == ("queued", True, 1)
    assert (back.money, back.settled_us, back.cost) == (Money.ESTIMATED, None, None)
    assert back.estimate == to_nano("2.00") + 60 * to_nano("0.15")
    run = after(back, found(40, "running", modified=20), at=510)
    run = after(after(run, found(48, modified=30), at=600), found(48, modified=30), at=660)
    assert (run.money, run.cost) == (Money.SETTLED, to_nano("9.20"))
    assert [charge.final for charge in run.charges] == [to_nano("9.20"), 0]


def test_an_enriched_run_comes_back_and_pays_each_match_once_more() -> None:
    """Enriched after it was completed: its counts do not move, and the price is that of the enrichment."""
    back = enriched(settled_findall(40))
    assert (back.revision, back.charges[1].estimate) == (1, to_nano("1.00"))
    run = after(back, found(40, "running", modified=20), at=510)
    run = after(after(run, found(40, modified=30), at=600), found(40, modified=30), at=660)
    assert (run.money, run.cost) == (Money.SETTLED, to_nano("9.00"))


def test_an_enrichment_that_was_sent_twice_is_paid_twice() -> None:
    run = enriched(enriched(settled_findall(40)), call_id="call-4")
    run = after(after(run, found(40, modified=30), at=600), found(40, modified=30), at=660)
    assert (run.revision, run.cost) == (1, to_nano("10.00"))


def test_more_work_for_a_run_under_way_does_not_bring_it_back() -> None:
    run = extended(after(findall(), found(3, "running")))
    assert (run.state, run.revision, run.money, len(run.charges)) == ("running", 0, Money.ESTIMATED, 2)


def test_a_call_that_is_told_twice_orders_once() -> None:
    run = extended(settled_findall())
    assert extended(run, at=700) is run


def test_the_end_that_it_had_is_not_taken_for_its_next() -> None:
    """A look that began before the extension, or a webhook repeated after it, tells of the end before."""
    back = extended(settled_findall(40), at=500)
    assert after(back, found(40), at=501) is back
    assert after(back, found(40), at=700, by=SeenBy.WEBHOOK) is back
    assert after(back, found(40, modified=9), at=700) is back


def test_a_run_that_was_done_at_once_is_settled_though_nothing_in_it_moved() -> None:
    """Looked at a minute after an enrichment, it says the same as before: that is its end, and is looked at again."""
    back = enriched(settled_findall(40), at=500)
    run = after(back, found(40), at=560)
    assert (run.is_active, run.money) == (False, Money.ESTIMATED)
    run = after(run, found(40), at=620)
    assert (run.money, run.cost, run.revision) == (Money.SETTLED, to_nano("9.00"), 1)


def test_a_run_that_was_extended_elsewhere_comes_back_when_it_is_seen_active() -> None:
    run = after(settled_findall(40), found(40, "queued", modified=20), at=500)
    assert (run.state, run.is_active, run.revision, run.money) == ("queued", True, 1, Money.ESTIMATED)
    again = extended(run, at=501)  # the answer to the call that did it comes a moment later
    assert (again.revision, again.money, len(again.charges)) == (1, Money.ESTIMATED, 2)


@pytest.mark.parametrize("modified", [9, 10])
def test_a_look_begun_before_its_end_does_not_bring_it_back(modified: int) -> None:
    run = after(settled_findall(40), found(39, "running", modified=modified), at=500)
    assert run == settled_findall(40)


def test_what_was_said_of_an_earlier_end_is_forgotten() -> None:
    failed = replace(settled_findall(), error="timeout", progress=100.0)
    for back in (extended(failed), after(failed, found(40, "running", modified=20))):
        assert (back.error, back.progress) == ("", None)


def test_a_run_that_was_made_elsewhere_and_is_extended_here_is_paid_for_that_part() -> None:
    elsewhere = replace(settled_findall(40), owner=None, money=Money.NONE, charges=(), settled_us=None)
    run = extended(elsewhere, 10)
    assert (run.money, run.estimate) == (Money.ESTIMATED, to_nano("1.50"))
    run = after(after(run, found(50, modified=30), at=600), found(50, modified=30), at=660)
    assert (run.money, run.cost) == (Money.SETTLED, to_nano("1.50"))


def test_what_was_made_elsewhere_is_followed_and_not_paid() -> None:
    elsewhere = replace(findall(), owner=None, money=Money.NONE, charges=())
    run = after(after(elsewhere, found(50, modified=30), at=600), found(50, modified=30), at=660)
    assert (run.state, run.money, run.cost, run.settled_us) == ("completed", Money.NONE, 0, None)


def test_nothing_is_ordered_of_a_task() -> None:
    assert reopened(task(), Charge("call-2", "enrich", "core"), NOW) == task()


def test_a_findall_run_that_nobody_looks_at_again_costs_what_its_counts_say_when_it_is_given_up() -> None:
    run = given_up(after(findall(), found(4)), NOW + 99 * SECOND)
    assert (run.money, run.cost, run.settled_us, run.flags) == (
        Money.SETTLED,
        to_nano("2.60"),
        NOW + 99 * SECOND,
        (),
    )


def test_a_findall_run_that_was_given_up_is_paid_when_its_end_is_seen_after_all() -> None:
    lost = given_up(after(findall(), found(4, "running", modified=1)), NOW)
    assert (lost.is_active, lost.money, lost.cost, lost.flags) == (False, Money.VOID, 0, ("unsettled",))
    run = after(lost, found(4), at=90)
    assert (run.money, run.cost, run.flags) == (Money.SETTLED, to_nano("2.60"), ())
    run = after(lost, found(5, "running", modified=2), at=90)
    assert (run.is_active, run.money, run.settled_us, run.charges[0].final) == (
        True,
        Money.ESTIMATED,
        None,
        None,
    )


# -- monitors


def monitor(processor: str = "lite") -> Run:
    return made(RunKind.MONITOR, processor)


def test_each_execution_of_a_monitor_is_paid_while_it_goes_on() -> None:
    run = after(monitor(), seen(monitor(), executions=["mevtgrp_1", "2026-11-29T01:00:00Z"]))
    run = after(run, seen(monitor(), executions=["mevtgrp_2"]))
    assert (run.executions, run.charges[0].final) == (3, 3 * LITE)
    assert (run.money, run.cost, run.settled_us, run.is_active) == (Money.ESTIMATED, None, None, True)


def test_a_name_that_is_told_twice_at_once_is_one_execution() -> None:
    assert after(monitor(), seen(monitor(), executions=["a", "a", "b"])).executions == 2


@pytest.mark.parametrize("word", ["cancelled", "canceled"])
def test_a_cancelled_monitor_is_settled(word: str) -> None:
    """Both spellings: the older version has another."""
    run = after(monitor("base"), seen(monitor(), executions=["a", "b"]), seen(monitor(), word), at=7)
    assert (run.state, run.is_active, run.money, run.cost) == (word, False, Money.SETTLED, 2 * BASE)
    assert run.settled_us == NOW + 7 * SECOND


def test_executions_that_are_learned_of_after_the_cancellation_are_paid_as_well() -> None:
    """The gateway was down while it fired: its events are read when it is back."""
    ended = after(monitor(), seen(monitor(), executions=["a"]), seen(monitor(), "cancelled"))
    run = after(ended, seen(monitor(), executions=["b", "c"]), at=99)
    assert (run.state, run.money, run.cost, run.executions) == ("cancelled", Money.SETTLED, 3 * LITE, 3)


def test_a_cancelled_monitor_stays_so() -> None:
    ended = after(monitor(), seen(monitor(), "cancelled"))
    assert after(ended, seen(monitor(), "active", is_active=True)) is ended


@pytest.mark.parametrize("word", ["completed", "failed", "paused"])
def test_no_other_word_ends_a_monitor(word: str) -> None:
    run = after(monitor(), seen(monitor(), word))
    assert (run.state, run.is_active, run.money) == (word, True, Money.ESTIMATED)


def test_a_monitor_whose_executions_nobody_saw_costs_what_was_ordered_and_is_marked() -> None:
    run = reopened(monitor(), trigger_charge(monitor(), "call-2"), NOW)
    run = after(run, seen(monitor(), "cancelled"))
    assert (run.money, run.cost, run.flags) == (Money.SETTLED, 2 * LITE, ("unconfirmed",))
    late = after(run, seen(monitor(), executions=["a", "b", "c"]))
    assert (late.cost, late.flags) == (3 * LITE, ())


def test_a_triggered_execution_is_paid_once() -> None:
    run = after(monitor(), seen(monitor(), executions=["a"]))
    run = reopened(run, trigger_charge(run, "call-2"), NOW)
    assert (run.estimate, run.revision, run.money) == (2 * LITE, 0, Money.ESTIMATED)
    run = after(run, seen(monitor(), executions=["b"]), seen(monitor(), "cancelled"))
    assert (run.cost, [charge.final for charge in run.charges]) == (2 * LITE, [2 * LITE, 0])


def test_a_trigger_that_is_told_after_the_cancellation_changes_no_sum() -> None:
    ended = after(monitor(), seen(monitor(), executions=["a", "b"]), seen(monitor(), "cancelled"))
    run = reopened(ended, trigger_charge(ended, "call-2"), NOW)
    assert (run.money, run.cost) == (Money.SETTLED, 2 * LITE)


def test_a_monitor_that_was_made_elsewhere_pays_for_what_is_triggered_here() -> None:
    elsewhere = replace(monitor(), owner=None, money=Money.NONE, charges=())
    run = reopened(elsewhere, trigger_charge(elsewhere, "call-2"), NOW)
    run = after(run, seen(run, executions=["a", "b", "c"]), seen(run, "cancelled"))
    assert (run.money, run.cost) == (Money.SETTLED, LITE)


def test_a_monitor_of_an_unknown_processor_has_no_price() -> None:
    run = after(monitor("nova"), seen(monitor(), executions=["a"]), seen(monitor(), "cancelled"))
    assert (run.money, run.cost) == (Money.UNPRICED, None)


def test_executions_are_those_of_monitors_alone() -> None:
    assert after(task(), seen(task(), "running", executions=["a"])).executions == 0


def test_executions_stay_within_their_bounds() -> None:
    run = replace(monitor(), executions=999_999)
    assert after(run, seen(run, executions=["a", "b", "c"])).executions == 1_000_000
