"""Runs that are seen before it is known who has made them, and those that a group brings along."""

from __future__ import annotations

from msgspec.structs import replace

from penstock.pricing.units import to_nano
from penstock.runs.becoming import AGAIN_US, adopted, become, claimed, foreign, reopened
from penstock.runs.money import extend_charge
from penstock.runs.run import Money, Owner, Run, RunKind, SeenBy, Sighting
from support.known_runs import NOW, OWNER, SECOND, after, findall, made, seen, task

CORE = to_nano("0.025")
GROUP = made(RunKind.GROUP)


def of_group(state: str, product: str = "core", modified: int = 1) -> Sighting:
    return replace(seen(task(), state, modified=modified, product=product), parent=GROUP.id)


# -- seen before it was made


def test_a_run_that_nobody_has_made_is_nobodys() -> None:
    """A caller reads an id that is in no ledger, and the provider knows it."""
    run = foreign(seen(task(), "completed", modified=3, product="ultra"), SeenBy.READ, NOW)
    assert (run.owner, run.state, run.is_active, run.product) == (None, "completed", False, "ultra")
    assert (run.money, run.charges, run.cost, run.settled_us) == (Money.NONE, (), 0, None)


def test_an_end_that_came_before_the_answer_is_settled_by_it() -> None:
    """The webhook arrives before the create's answer is stored: owner from the one, state from the other."""
    seen_first = foreign(seen(task(), "completed", modified=3, product="core"), SeenBy.WEBHOOK, NOW + SECOND)
    run = claimed(seen_first, task(), NOW + 2 * SECOND)
    assert (run.owner, run.call_id, run.state) == (OWNER, "call-1", "completed")
    assert (run.money, run.cost, run.settled_us) == (Money.SETTLED, CORE, NOW + 2 * SECOND)
    assert (run.created_us, run.origin) == (NOW, "https://api.parallel.ai")


def test_it_is_the_same_whichever_is_stored_first() -> None:
    end = seen(task(), "failed", modified=3, error="no")
    one = claimed(foreign(end, SeenBy.WEBHOOK, NOW), task(), NOW)
    other = after(task(), end, by=SeenBy.WEBHOOK)
    assert replace(one, since_us=0) == replace(other, since_us=0)


def test_a_run_that_is_claimed_on_its_way_is_estimated() -> None:
    run = claimed(foreign(seen(task(), "running", modified=3), SeenBy.STREAM, NOW), task(), NOW)
    assert (run.state, run.money, run.estimate) == ("running", Money.ESTIMATED, CORE)


def test_the_processor_that_was_seen_gives_an_estimate_that_the_request_did_not() -> None:
    unsaid = task("")
    assert unsaid.money is Money.UNPRICED
    run = claimed(foreign(seen(unsaid, "running", product="core"), SeenBy.POLL, NOW), unsaid, NOW)
    assert (run.money, run.estimate) == (Money.ESTIMATED, CORE)


def test_a_findall_run_that_was_seen_first_waits_for_its_second_look() -> None:
    end = seen(findall(), "completed", modified=3, matched=10, product="core")
    run = claimed(foreign(end, SeenBy.WEBHOOK, NOW), findall(), NOW)
    assert (run.is_active, run.money) == (False, Money.ESTIMATED)
    settled = become(run, end, SeenBy.POLL, NOW + AGAIN_US)
    assert (settled.money, settled.cost) == (Money.SETTLED, to_nano("3.50"))


def test_executions_that_were_seen_first_are_paid() -> None:
    monitor = made(RunKind.MONITOR, "base")
    run = claimed(foreign(seen(monitor, "active", executions=["a", "b"]), SeenBy.WEBHOOK, NOW), monitor, NOW)
    assert (run.money, run.charges[0].final) == (Money.ESTIMATED, 2 * to_nano("0.010"))


def test_what_was_ordered_of_a_run_before_it_was_known_who_made_it_is_its_own_calls() -> None:
    """Extended by one call, and only then is the answer stored to the one that made it: each bears its part."""
    run = foreign(seen(findall(), "running", modified=1, product="core"), SeenBy.READ, NOW)
    run = reopened(run, extend_charge(run, "call-2", 10), NOW)
    end = seen(findall(), "completed", modified=3, matched=60)
    early = become(become(run, end, SeenBy.POLL, NOW), end, SeenBy.POLL, NOW + AGAIN_US)
    assert (early.money, early.cost) == (Money.SETTLED, to_nano("1.50"))
    claimed_late = claimed(early, findall(), NOW + 2 * AGAIN_US)
    run = become(claimed(run, findall(), NOW), end, SeenBy.POLL, NOW)
    run = become(run, end, SeenBy.POLL, NOW + AGAIN_US)
    for known in (run, claimed_late):
        assert [(charge.call_id, charge.final) for charge in known.charges] == [
            ("call-1", to_nano("11.00")),
            ("call-2", 0),
        ]
        assert (known.owner, known.money, known.cost) == (OWNER, Money.SETTLED, to_nano("11.00"))


def test_a_run_that_has_an_owner_keeps_it() -> None:
    """An answer repeats an id: one run, one reservation."""
    other = replace(task(), owner=Owner("acct", "gw", credential="f2"), call_id="call-2")
    run = after(task(), seen(task(), "running", modified=1))
    assert claimed(run, other, NOW) is run


def test_a_run_of_another_kind_is_not_claimed() -> None:
    run = foreign(seen(task(), "running"), SeenBy.READ, NOW)
    assert claimed(run, replace(findall(), id=run.id), NOW) is run


# -- seen in a group


def test_a_run_in_a_group_belongs_to_whom_the_group_belongs() -> None:
    """An add lost its answer: each run of the group that no call has made is its owner's, and is paid."""
    run = adopted(of_group("running"), replace(GROUP, stored_key="main"), SeenBy.STREAM, NOW)
    assert (run.owner, run.call_id, run.parent, run.flags) == (OWNER, "call-1", GROUP.id, ("adopted",))
    assert (run.money, run.estimate, run.stored_key, run.origin) == (
        Money.ESTIMATED,
        CORE,
        "main",
        "https://api.parallel.ai",
    )
    assert after(run, of_group("completed", modified=2)).cost == CORE


def test_a_run_that_is_found_ended_is_settled_as_it_is_adopted() -> None:
    run = adopted(of_group("completed", "ultra"), GROUP, SeenBy.STREAM, NOW)
    assert (run.money, run.cost) == (Money.SETTLED, to_nano("0.300"))
    assert adopted(of_group("failed", "ultra"), GROUP, SeenBy.STREAM, NOW).money is Money.VOID


def test_of_a_group_that_is_nobodys_nothing_is_paid() -> None:
    run = adopted(of_group("completed"), replace(GROUP, owner=None, call_id=""), SeenBy.STREAM, NOW)
    assert (run.owner, run.call_id, run.money, run.charges) == (None, "", Money.NONE, ())


def test_an_adopted_run_of_an_unknown_processor_has_no_price() -> None:
    assert adopted(of_group("running", "nova"), GROUP, SeenBy.STREAM, NOW).money is Money.UNPRICED


def test_the_call_that_made_an_adopted_run_takes_its_price_over() -> None:
    """Its group's stream told of it before the answer to the add was stored: it is paid once."""
    found = adopted(of_group("completed"), GROUP, SeenBy.STREAM, NOW)
    run = claimed(found, replace(task(), call_id="call-2", owner=replace_token(OWNER)), NOW + SECOND)
    assert (run.call_id, run.owner, run.flags) == ("call-2", replace_token(OWNER), ())
    assert [(charge.call_id, charge.final) for charge in run.charges] == [("call-2", CORE)]
    assert (run.money, run.settled_us) == (Money.SETTLED, found.settled_us)


def test_one_that_was_adopted_from_nobody_is_paid_when_its_call_is_known() -> None:
    found = adopted(of_group("completed"), replace(GROUP, owner=None, call_id=""), SeenBy.STREAM, NOW)
    run: Run = claimed(found, replace(task(), call_id="call-2"), NOW)
    assert (run.call_id, run.money, run.cost) == ("call-2", Money.SETTLED, CORE)


def replace_token(owner: Owner) -> Owner:
    return Owner(owner.account, owner.gateway, owner.credential, token="t1")
