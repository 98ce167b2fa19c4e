"""What is about to be sent is written down once; a repeated request is given the first one's answer."""

from __future__ import annotations

import os

import pytest
from msgspec.structs import replace

from penstock.runs.run import Create, Outcome, Owner, RunKind
from penstock.stores.runs import ANY_RUN, REPEATED_US, OpenRunLedger
from support.run_ledgers import CORE, NOW, OWNER, SECOND, create, made, run, seen


def test_a_repeat_by_its_attempt_is_given_the_first_answer(runs: OpenRunLedger) -> None:
    assert runs.intend(create("one")) is None
    runs.made(made(run(call_id="one"), call_id="one", answer=b'{"run_id":"trun_1"}'))
    found = runs.intend(create("two", attempt=1, at=2))
    assert found is not None
    assert (found.call_id, found.outcome, found.status) == ("one", Outcome.MADE, 202)
    assert (found.answer, found.content_type) == (b'{"run_id":"trun_1"}', "application/json")
    assert found.answered_us == NOW + SECOND
    assert runs.intend(create("three", attempt=2, at=3)) is not None, "nothing was written of the second"


@pytest.mark.parametrize("outcome", [Outcome.INTENT, Outcome.UNKNOWN])
def test_a_repeat_is_held_to_one_that_nobody_knows_the_outcome_of(
    runs: OpenRunLedger, outcome: Outcome
) -> None:
    assert runs.intend(create("one")) is None
    if outcome is Outcome.UNKNOWN:
        runs.made(made(call_id="one", outcome=outcome, answer=b""))
    found = runs.intend(create("two", attempt=1, at=2))
    assert found is not None
    assert (found.call_id, found.outcome, found.answer) == ("one", outcome, b"")


@pytest.mark.parametrize("key", [b"", b"key"])
def test_what_was_refused_is_sent_again(runs: OpenRunLedger, key: bytes) -> None:
    assert runs.intend(create("one", key=key)) is None
    runs.made(made(call_id="one", outcome=Outcome.REFUSED))
    assert runs.intend(create("two", key=key, attempt=1, at=2)) is None


@pytest.mark.parametrize("attempt", [None, 0, -1])
def test_the_same_body_sent_on_purpose_is_another_request(runs: OpenRunLedger, attempt: int | None) -> None:
    assert runs.intend(create("one")) is None
    runs.made(made(run(call_id="one"), call_id="one"))
    assert runs.intend(create("two", attempt=attempt, at=2)) is None


def test_a_repeat_comes_within_the_time_of_a_library(runs: OpenRunLedger) -> None:
    seconds = REPEATED_US // SECOND
    assert runs.intend(create("one")) is None
    found = runs.intend(create("two", attempt=1, at=seconds))
    assert found is not None
    assert runs.intend(create("three", attempt=1, at=seconds + 1)) is None


@pytest.mark.parametrize("attempt", [None, 0, 1])
def test_with_the_same_key_it_is_the_same_request_whenever(runs: OpenRunLedger, attempt: int | None) -> None:
    assert runs.intend(create("one", key=b"k")) is None
    runs.made(made(run(call_id="one"), call_id="one"))
    found = runs.intend(create("two", key=b"k", attempt=attempt, at=1_000_000))
    assert found is not None
    assert found.call_id == "one"


@pytest.mark.parametrize(
    "other",
    [
        create("two", attempt=1, owner=Owner("acct", "gw", credential="f2")),
        create("two", attempt=1, owner=Owner("acct", "other", credential="f1")),
        create("two", attempt=1, owner=Owner("other", "gw", credential="f1")),
        create("two", attempt=1, owner=replace(OWNER, token="t")),
        create("two", attempt=1, owner=replace(OWNER, user="u")),
        create("two", attempt=1, owner=Owner("acctg", "w", credential="f1")),
        create("two", attempt=1, body=b"other"),
        create("two", attempt=1, path="v1/tasks/groups"),
        create("two", attempt=1, key=b"k"),
    ],
    ids=["credential", "gateway", "account", "token", "user", "glued", "body", "path", "key"],
)
def test_another_s_request_is_never_given(runs: OpenRunLedger, other: object) -> None:
    assert runs.intend(create("one")) is None
    assert isinstance(other, type(create()))
    assert runs.intend(other) is None


def test_two_of_one_body_that_are_both_repeated_are_given_each_its_own(runs: OpenRunLedger) -> None:
    assert runs.intend(create("one", at=0)) is None
    assert runs.intend(create("two", at=1)) is None
    for attempt in (1, 2):
        found = [runs.intend(create(f"{attempt}-{n}", attempt=attempt, at=3 + attempt)) for n in range(2)]
        assert {one.call_id for one in found if one is not None} == {"one", "two"}


def test_the_latest_of_those_sent_as_often_is_repeated(runs: OpenRunLedger) -> None:
    """What was sent earlier, and answered, is used already."""
    assert runs.intend(create("one", at=0)) is None
    assert runs.intend(create("two", at=100)) is None
    for attempt in (1, 2, 3):
        found = runs.intend(create(f"again-{attempt}", attempt=attempt, at=100 + attempt))
        assert found is not None
        assert found.call_id == "two"


@pytest.mark.parametrize("attempt", [7, 1 << 80])
def test_a_repeat_whose_earlier_attempts_never_came(runs: OpenRunLedger, attempt: int) -> None:
    assert runs.intend(create("one")) is None
    assert runs.intend(create("two", attempt=attempt, at=1)) is not None


def test_the_same_call_written_down_again_is_no_repeat_of_itself(runs: OpenRunLedger) -> None:
    for _ in range(2):
        assert runs.intend(create("one", key=b"k", attempt=1)) is None


def test_an_answer_that_is_too_large_is_not_kept(runs: OpenRunLedger) -> None:
    sizes = (1024 * 1024, 1024 * 1024 + 1)
    for number, size in enumerate(sizes):
        body = bytes([number])
        assert runs.intend(create(f"call-{number}", body=body)) is None
        runs.made(made(call_id=f"call-{number}", answer=os.urandom(size)))
        found = runs.intend(create("again", body=body, attempt=1))
        assert found is not None
        assert len(found.answer) == (size if number == 0 else 0)


def test_requests_whose_worker_is_gone_have_an_unknown_outcome(runs: OpenRunLedger) -> None:
    for number in range(4):
        runs.intend(create(f"call-{number}", body=bytes([number]), at=number))
    runs.made(made(call_id="call-0"))
    assert runs.lost(NOW + 3 * SECOND) == 2
    assert runs.lost(NOW + 3 * SECOND) == 0
    outcomes = [runs.intend(create("again", body=bytes([n]), attempt=1)) for n in range(4)]
    assert [one.outcome for one in outcomes if one is not None] == [
        Outcome.MADE,
        Outcome.UNKNOWN,
        Outcome.UNKNOWN,
        Outcome.INTENT,
    ]


def test_a_late_answer_is_the_last_word(runs: OpenRunLedger) -> None:
    runs.intend(create("one"))
    assert runs.lost(NOW + SECOND) == 1
    runs.made(made(run(call_id="one"), call_id="one"))
    for outcome in (Outcome.UNKNOWN, Outcome.REFUSED):
        runs.made(made(call_id="one", outcome=outcome))
    found = runs.intend(create("two", attempt=1))
    assert found is not None
    assert (found.outcome, found.answer) == (Outcome.MADE, b"{}")


def test_told_twice_a_run_is_there_once_and_costs_once(runs: OpenRunLedger) -> None:
    runs.intend(create("one"))
    for _ in range(2):
        runs.made(made(run(call_id="one"), call_id="one"))
    assert [one.estimate for one in runs.runs(ANY_RUN, 9)] == [CORE]
    assert runs.stale(9) == []


def test_a_run_keeps_its_first_owner(runs: OpenRunLedger) -> None:
    runs.intend(create("one"))
    runs.made(made(run(call_id="one"), call_id="one"))
    thief = Owner("thief", "gw", credential="f9")
    runs.intend(create("two", owner=thief))
    runs.made(made(run(call_id="two", owner=thief), call_id="two"))
    found = runs.get("trun_1")
    assert found is not None
    assert (found.owner, found.call_id) == (OWNER, "one")
    (wrong,) = runs.stale(9)
    assert (wrong.create.call_id, wrong.nano, wrong.is_final) == ("two", 0, True), "it pays for nothing"


def test_an_answer_without_a_request_still_has_its_runs(runs: OpenRunLedger) -> None:
    """The request could not be written down; what it made is paid nevertheless."""
    runs.made(made(run(call_id="never"), call_id="never"))
    assert runs.get("trun_1") == run(call_id="never")
    assert runs.stale(9) == []


def test_kept_beside_the_answer(runs: OpenRunLedger) -> None:
    runs.intend(create("one"))
    runs.made(made(call_id="one")._replace(receipts=(b"\xff\x00", b"two"), custom=True))
    found = runs.intend(create("two", attempt=1))
    assert found is not None
    assert (found.receipts, found.custom) == ((b"\xff\x00", b"two"), True)
    assert found.owner == OWNER


def test_metadata_that_is_no_usual_number_loses_no_run(runs: OpenRunLedger) -> None:
    odd = replace(
        run(), metadata={"big": 10**30, "endless": float("inf"), "none": float("nan"), "text": "\x00"}
    )
    runs.made(made(odd))
    found = runs.get("trun_1")
    assert found is not None
    assert found.metadata == {"big": 10**30, "endless": "inf", "none": "nan", "text": "\x00"}


def test_a_group_and_its_runs_in_one_answer(runs: OpenRunLedger) -> None:
    group = run("tgrp_1", RunKind.GROUP, "")
    runs.made(made(group, *(run(f"trun_{n}", parent="tgrp_1") for n in range(3))))
    assert [one.kind for one in runs.runs(ANY_RUN, 9)].count(RunKind.TASK) == 3


def test_a_half_of_a_character_loses_no_run_and_holds_up_nobody(runs: OpenRunLedger) -> None:
    odd = replace(run("trun_\ud800"), product="\udcff", metadata={"\ud800": "\udfff"})
    charge = replace(odd.charges[0], call_id="more", what="enrich")
    for _ in range(2):
        runs.made(made(odd, run("trun_2"), charges=[("findall_1", charge)]))
    assert [one.id for one in runs.saw([seen("trun_\ud800", "\ud800"), seen("trun_2")])] == ["trun_2"]
    found = runs.get("trun_?")
    assert found is not None
    assert (found.product, found.metadata, found.state) == ("?", {"?": "?"}, "?")


# -- what was asked before, and is done


def test_what_asked_the_same_is_found_once_its_run_has_completed(runs: OpenRunLedger) -> None:
    assert runs.intend(create("one")) is None
    runs.made(made(run(call_id="one"), call_id="one", answer=b'{"run_id":"trun_1"}'))
    asked = create("two", at=100)
    assert runs.done_like(asked, NOW) is None
    runs.saw([seen("trun_1", at=50)])
    found = runs.done_like(asked, NOW)
    assert found is not None
    assert (found.call_id, found.answer) == ("one", b'{"run_id":"trun_1"}')


@pytest.mark.parametrize("state", ["failed", "running"])
def test_what_came_to_nothing_is_not_found(runs: OpenRunLedger, state: str) -> None:
    assert runs.intend(create("one")) is None
    runs.made(made(run(call_id="one"), call_id="one"))
    runs.saw([seen("trun_1", state, at=50)])
    assert runs.done_like(create("two", at=100), NOW) is None


@pytest.mark.parametrize(
    ("other", "since_us"),
    [
        (create("two", body=b"other"), NOW),
        (create("two", path="v1beta/tasks/runs"), NOW),
        (create("two", owner=replace(OWNER, user="somebody")), NOW),
        (create("two"), NOW + SECOND),
    ],
)
def test_what_asked_something_else_or_too_long_ago_is_not_found(
    runs: OpenRunLedger, other: Create, since_us: int
) -> None:
    assert runs.intend(create("one")) is None
    runs.made(made(run(call_id="one"), call_id="one"))
    runs.saw([seen("trun_1", at=50)])
    assert runs.done_like(other, since_us) is None
    assert runs.done_like(create("two"), NOW) is not None
