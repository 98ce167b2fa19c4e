"""What becomes of task runs: the situations in which several tell of one, late, twice or against each other."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from penstock.pricing.units import to_nano
from penstock.runs.becoming import become, given_up
from penstock.runs.run import Money, RunKind, SeenBy, Sighting
from support.known_runs import NOW, OWNER, SECOND, after, made, seen, task

CORE = to_nano("0.025")


# -- its end


def test_a_completed_task_is_settled_at_once() -> None:
    run = after(task(), seen(task(), "running", modified=1), seen(task(), "completed", modified=2), at=90)
    assert (run.state, run.is_active, run.money, run.cost) == ("completed", False, Money.SETTLED, CORE)
    assert run.settled_us == run.seen_us == NOW + 90 * SECOND


@pytest.mark.parametrize("state", ["failed", "cancelled", "canceled"])
def test_a_task_that_did_not_complete_is_void(state: str) -> None:
    """A failed run is free; no public call cancels one, and nothing says that one would be paid."""
    run = after(task("ultra"), seen(task(), state, error="spec is wrong"))
    assert (run.state, run.money, run.cost, run.charges[0].final) == (state, Money.VOID, 0, 0)
    assert run.error == "spec is wrong"
    assert run.charges[0].estimate == to_nano("0.300")


def test_a_task_may_fail_before_it_runs() -> None:
    run = after(task(), seen(task(), "queued", modified=1), seen(task(), "failed", modified=2))
    assert (run.state, run.money) == ("failed", Money.VOID)


@pytest.mark.parametrize("by", SeenBy)
def test_whoever_sees_the_end_first_settles(by: SeenBy) -> None:
    """The caller's polling, its result, a stream, a webhook, our own look, or the answer to its making."""
    run = after(task(), seen(task(), "completed", modified=2), by=by)
    assert (run.money, run.cost, run.seen_by) == (Money.SETTLED, CORE, by)


def test_two_who_see_the_end_settle_once() -> None:
    """Two pollers, or a poller and a caller's read, see `completed` at the same moment."""
    first = after(task(), seen(task(), "completed", modified=2), at=60)
    assert after(first, seen(task(), "completed", modified=2), at=61, by=SeenBy.READ) is first


def test_a_webhook_delivered_again_changes_nothing() -> None:
    """The same one twice, or an old repetition that comes two days later."""
    first = after(task(), seen(task(), "failed", modified=2), by=SeenBy.WEBHOOK)
    again = after(first, seen(task(), "failed", modified=2), at=2 * 86_400, by=SeenBy.WEBHOOK)
    assert again is first


@pytest.mark.parametrize("modified", [None, 1, 2, 3])
def test_a_look_begun_before_the_end_does_not_undo_it(modified: int | None) -> None:
    """A poll that was started earlier says `running` after the webhook has said `completed`."""
    ended = after(task(), seen(task(), "completed", modified=2), by=SeenBy.WEBHOOK)
    assert after(ended, seen(task(), "running", modified=modified, is_active=True)) is ended


def test_another_end_does_not_change_the_first() -> None:
    """Ends of tasks never change: what contradicts one is not believed, however new it says it is."""
    ended = after(task(), seen(task(), "failed", modified=2))
    assert after(ended, seen(task(), "completed", modified=9)) is ended


def test_an_end_is_believed_however_old_it_says_it_is() -> None:
    run = after(task(), seen(task(), "running", modified=5), seen(task(), "completed", modified=4))
    assert (run.state, run.money) == ("completed", Money.SETTLED)


def test_a_run_that_nobody_asks_for_again_is_settled_by_our_look() -> None:
    """Its caller went away, timed out, or lost the answer and only ever polls a second run."""
    run = after(task(), seen(task(), "completed", modified=600), at=600, by=SeenBy.POLL)
    assert (run.owner, run.money, run.cost) == (OWNER, Money.SETTLED, CORE)


def test_a_result_that_names_no_state_is_that_of_a_completed_run() -> None:
    run = become(task(), Sighting(id=task().id, kind=RunKind.TASK, has_output=True), SeenBy.READ, NOW)
    assert (run.state, run.is_active, run.money) == ("completed", False, Money.SETTLED)


def test_a_stream_that_is_replayed_stores_nothing_twice() -> None:
    """A stream that is cut and resumed tells everything from the beginning."""
    told = [
        seen(task(), "queued", modified=1),
        seen(task(), "running", modified=2),
        replace(seen(task()), progress=10.0),
        replace(seen(task()), progress=60.0),
    ]
    once = after(task(), *told, by=SeenBy.STREAM)
    assert after(once, *told, by=SeenBy.STREAM) == once
    assert (once.state, once.progress) == ("running", 60.0)


def test_a_stream_that_just_ends_is_no_end() -> None:
    """Without a last frame that says so, the run goes on."""
    run = after(task(), replace(seen(task()), progress=99.0), at=570, by=SeenBy.STREAM)
    assert (run.is_active, run.money, run.settled_us) == (True, Money.ESTIMATED, None)


# -- on the way


def test_the_newer_state_counts_by_the_providers_clock() -> None:
    """Theirs orders what is seen, ours is never compared with it: here they are years apart."""
    run = after(task(), seen(task(), "action_required", modified=7), at=1)
    assert after(run, seen(task(), "running", modified=6), at=2) is run
    newer = after(run, seen(task(), "running", modified=8), at=2)
    assert (newer.state, newer.seen_us) == ("running", NOW + 2 * SECOND)


def test_our_clock_may_go_back() -> None:
    run = after(task(), seen(task(), "running", modified=1), at=400)
    earlier = after(run, seen(task(), "completed", modified=2), at=60)
    assert (earlier.state, earlier.money, earlier.seen_us) == ("completed", Money.SETTLED, run.seen_us)


def test_what_says_no_time_does_not_send_a_run_back_to_the_queue() -> None:
    run = after(task(), seen(task(), "running"), seen(task(), "queued"))
    assert run.state == "running"


def test_what_says_no_time_does_not_hide_that_others_are_older() -> None:
    run = after(task(), seen(task(), "running", modified=7), seen(task(), "cancelling"))
    assert after(run, seen(task(), "running", modified=6)) is run


def test_since_when_its_state_is_so() -> None:
    run = after(task(), seen(task(), "running", modified=1), at=5)
    run = after(run, seen(task(), "running", modified=2), at=50)
    assert (run.since_us, run.seen_us) == (NOW + 5 * SECOND, NOW + 50 * SECOND)


@pytest.mark.parametrize(
    "word", ["cancelling", "action_required", "paused", "überprüft", "COMPLETED", "incomplete"]
)
def test_an_unknown_word_is_kept_and_counts_as_active(word: str) -> None:
    run = after(task(), seen(task(), word, modified=1))
    assert (run.state, run.is_active, run.money) == (word, True, Money.ESTIMATED)


def test_activity_decides_and_not_the_word() -> None:
    run = after(task(), seen(task(), "completed", modified=1, is_active=True))
    assert (run.state, run.is_active, run.money) == ("completed", True, Money.ESTIMATED)
    assert after(run, seen(task(), "completed", modified=1, is_active=False)).money is Money.SETTLED


@pytest.mark.parametrize("word", ["action_required", "expired", "running", ""])
def test_inactive_under_a_word_that_is_no_end_awaits_one(word: str) -> None:
    """What it costs can only be told from an end: it is neither paid nor void before that."""
    run = after(task(), seen(task(), word, modified=1, is_active=False))
    assert (run.is_active, run.money, run.settled_us, run.cost) == (False, Money.ESTIMATED, None, None)
    assert after(run, seen(task(), "running", modified=2, is_active=True)).is_active
    assert after(run, seen(task(), "completed", modified=2)).cost == CORE
    assert after(run, seen(task(), "failed", modified=2)).money is Money.VOID


def test_progress_only_grows_and_stays_within_its_bounds() -> None:
    run = task()
    for told, kept in [(-3.0, 0.0), (40.0, 40.0), (12.0, 40.0), (float("nan"), 40.0), (float("inf"), 100.0)]:
        run = after(run, replace(seen(run), progress=told))
        assert run.progress == kept


# -- whose it is, and what it is


@pytest.mark.parametrize("by", [SeenBy.READ, SeenBy.POLL, SeenBy.WEBHOOK, SeenBy.STREAM])
def test_who_looks_becomes_no_owner(by: SeenBy) -> None:
    """Another caller reads it, through the same key or another gateway of the account."""
    run = after(task(), seen(task(), "completed", modified=2), by=by)
    assert (run.owner, run.call_id, run.charges[0].call_id) == (OWNER, "call-1", "call-1")


def test_the_price_is_that_of_the_processor_that_the_answer_names() -> None:
    run = after(task("core"), seen(task(), "completed", modified=1, product="pro-fast"))
    assert (run.product, run.cost, run.estimate) == ("pro-fast", to_nano("0.100"), CORE)


def test_a_processor_that_is_not_on_the_card_has_no_price() -> None:
    run = task("nova")
    assert (run.money, run.estimate) == (Money.UNPRICED, None)
    ended = after(run, seen(run, "completed", modified=1), at=9)
    assert (ended.money, ended.cost, ended.settled_us) == (Money.UNPRICED, None, NOW + 9 * SECOND)
    assert after(ended, seen(run, "completed", modified=1), at=10) is ended


def test_a_failed_run_of_an_unknown_processor_is_free_too() -> None:
    run = after(task("nova"), seen(task("nova"), "failed", modified=1))
    assert (run.money, run.cost) == (Money.VOID, 0)


def test_a_processor_that_is_learned_later_gives_the_estimate() -> None:
    run = after(task(""), seen(task(""), "running", modified=1, product="core"))
    assert (run.money, run.estimate) == (Money.ESTIMATED, CORE)


def test_a_processor_that_is_learned_after_the_end_gives_the_price() -> None:
    ended = after(task(""), seen(task(""), "completed", modified=2), at=5)
    assert ended.money is Money.UNPRICED
    run = after(ended, seen(task(""), "running", modified=1, product="core"), at=6)
    assert (run.state, run.money, run.cost, run.settled_us) == (
        "completed",
        Money.SETTLED,
        CORE,
        ended.settled_us,
    )


def test_an_ignored_sighting_fills_what_was_missing_and_no_more() -> None:
    ended = replace(after(task(), seen(task(), "completed", modified=2)), metadata={"a": 1})
    late = replace(seen(task(), "running", product="pro", error="x"), parent="tgrp_1", metadata={"b": 2})
    assert after(ended, late) == replace(ended, parent="tgrp_1")


@pytest.mark.parametrize(
    "other",
    [
        Sighting(id="trun_other", kind=RunKind.TASK, state="completed"),
        Sighting(id=task().id, kind=RunKind.FINDALL, state="completed", matched=3),
        Sighting(id=task().id, kind=RunKind.MONITOR, state="cancelled", executions=("a",)),
        Sighting(id="", kind=RunKind.TASK, state="failed"),
    ],
)
def test_what_is_told_of_another_run_or_kind_changes_nothing(other: Sighting) -> None:
    run = task()
    assert become(run, other, SeenBy.READ, NOW) is run


# -- flags


@pytest.mark.parametrize("flag", ["gone", "unreachable"])
def test_a_run_that_is_seen_again_is_not_gone(flag: str) -> None:
    """It answered 404, or its key was replaced: neither failed nor void, and its end still settles it."""
    hidden = replace(task(), flags=("duplicate_suspect", flag, "stale"))
    assert (hidden.money, hidden.cost) == (Money.ESTIMATED, None)
    again = after(hidden, seen(task(), "running", modified=1))
    assert again.flags == ("duplicate_suspect", "stale")
    ended = after(hidden, seen(task(), "completed", modified=2))
    assert (ended.flags, ended.cost) == (("duplicate_suspect",), CORE)


def test_a_late_run_keeps_its_word_and_its_money() -> None:
    """No end after the stale limit: it is never silently void, and settles when its end comes after all."""
    late = replace(after(task(), seen(task(), "running", modified=1)), flags=("stale",))
    still = after(late, seen(task(), "running", modified=1), at=86_400)
    assert (still.state, still.flags, still.money) == ("running", ("stale",), Money.ESTIMATED)
    assert after(still, seen(task(), "completed", modified=2)).flags == ()


def test_a_duplicate_is_paid_like_any_other() -> None:
    """A repeated create has made a second run: both are real, and both are paid."""
    second = replace(task(), flags=("duplicate_suspect",))
    run = after(second, seen(second, "completed", modified=1))
    assert (run.cost, run.flags) == (CORE, ("duplicate_suspect",))


# -- given up


@pytest.mark.parametrize("flags", [(), ("gone",), ("unreachable", "stale")])
def test_what_was_reserved_for_a_run_without_end_is_given_back_at_last(flags: tuple[str, ...]) -> None:
    """Still 404, or not to be reached, when it is too old to be kept: released with a mark, and not called failed."""
    run = replace(after(task(), seen(task(), "running", modified=1)), flags=flags)
    run = given_up(run, NOW + 9 * SECOND)
    assert (run.state, run.is_active, run.flags) == ("running", False, (*flags, "unsettled"))
    assert (run.money, run.cost, run.settled_us) == (Money.VOID, 0, NOW + 9 * SECOND)
    assert given_up(run, NOW + 10 * SECOND) is run


def test_a_run_that_was_given_up_is_paid_when_its_end_is_seen_after_all() -> None:
    run = after(given_up(task(), NOW), seen(task(), "completed", modified=1), at=9)
    assert (run.state, run.money, run.cost, run.flags) == ("completed", Money.SETTLED, CORE, ())
    run = after(given_up(task(), NOW), seen(task(), "failed", modified=1), at=9)
    assert (run.state, run.money, run.cost, run.flags) == ("failed", Money.VOID, 0, ())


def test_a_run_that_was_given_up_and_goes_on_is_waited_for_again() -> None:
    run = after(given_up(task(), NOW), seen(task(), "running", modified=1), at=9)
    assert (run.is_active, run.money, run.settled_us, run.flags) == (True, Money.ESTIMATED, None, ())
    assert (run.charges[0].final, run.revision) == (None, 0)


def test_what_has_settled_is_not_given_up() -> None:
    for state in ("completed", "failed"):
        run = after(task(), seen(task(), state, modified=1))
        assert given_up(run, NOW + SECOND) is run


@pytest.mark.parametrize("kind", [RunKind.GROUP, RunKind.MONITOR])
def test_what_has_no_end_is_not_given_up(kind: RunKind) -> None:
    run = made(kind)
    assert given_up(run, NOW) is run


def test_of_a_run_that_is_nobodys_nothing_is_given_back() -> None:
    run = given_up(replace(task(), owner=None, money=Money.NONE, charges=()), NOW)
    assert (run.is_active, run.money, run.flags) == (False, Money.NONE, ())
    ended = after(replace(task(), owner=None, money=Money.NONE, charges=()), seen(task(), "completed"))
    assert given_up(ended, NOW) is ended


# -- groups, and responses


def test_a_group_has_no_end() -> None:
    group = made(RunKind.GROUP)
    idle = after(group, replace(seen(group, modified=1, is_active=False), counts={"completed": 3}))
    assert (idle.is_active, idle.counts, idle.money, idle.settled_us) == (
        False,
        {"completed": 3},
        Money.NONE,
        None,
    )
    busy = after(idle, replace(seen(group, modified=2, is_active=True), counts={"completed": 3, "queued": 2}))
    assert (busy.is_active, busy.counts, busy.revision) == (True, {"completed": 3, "queued": 2}, 0)


def test_counts_of_a_group_that_were_kept_are_older() -> None:
    """They may come from a cache; the newer ones count."""
    group = made(RunKind.GROUP)
    now = after(group, replace(seen(group, modified=5, is_active=False), counts={"completed": 3}))
    assert after(now, replace(seen(group, modified=4, is_active=True), counts={"running": 3})) is now


def test_a_run_that_is_under_way_is_not_ended_by_its_group() -> None:
    """The group says that it is inactive, one of its runs is still running: its own state decides."""
    group, run = made(RunKind.GROUP), after(task(), seen(task(), "running", modified=1))
    after(group, seen(group, modified=9, is_active=False))
    assert become(run, seen(group, is_active=False), SeenBy.POLL, NOW) is run


def test_counts_of_a_group_stay_within_their_bounds() -> None:
    group = made(RunKind.GROUP)
    run = after(group, replace(seen(group), counts={"failed": -4, "completed": 10**30}))
    assert run.counts == {"failed": 0, "completed": 1_000_000}


@pytest.mark.parametrize("state", ["completed", "failed", "incomplete", "cancelled"])
def test_a_response_ends_and_its_cost_stands_on_its_call(state: str) -> None:
    response = made(RunKind.RESPONSE)
    run = after(response, seen(response, "in_progress"), seen(response, state))
    assert (run.state, run.is_active, run.money, run.cost, run.settled_us) == (
        state,
        False,
        Money.NONE,
        0,
        None,
    )
    assert after(run, seen(response, "in_progress")) is run
