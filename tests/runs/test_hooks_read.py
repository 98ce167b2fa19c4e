"""What events of Parallel's tell of runs (Parallel 2.14), and when one that was not taken is sent again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runs.hook_reading import Told, told_by
from penstock.runs.hooks import FIRST_US, TRIED_US, HookEvent, HookState, again, failed
from penstock.runs.run import RunKind
from support.parallel_documents import FINDALL, MONITOR, RUN, body, ended, findall_run
from support.webhooks import BODY, BODY_6, event


def test_the_event_of_the_contract_is_the_end_of_a_task() -> None:
    told = told_by(BODY)
    (sighting,) = told.sightings
    assert (told.type, told.run_id) == ("task_run.status", "trun_0123456789abcdef0123456789abcdef")
    assert (sighting.state, sighting.is_active, sighting.product) == ("completed", False, "core")
    assert told.document in BODY


def test_a_task_that_failed_says_why() -> None:
    error = {"message": "It broke.", "details": None}
    (sighting,) = told_by(event("task_run.status", ended("failed", error=error))).sightings
    assert (sighting.id, sighting.state, sighting.error) == (RUN, "failed", "It broke.")


@pytest.mark.parametrize("end", ["completed", "cancelled", "failed"])
def test_the_end_of_a_findall_run_has_its_counts(end: str) -> None:
    document = findall_run(end, "match_limit_met", 7)
    (sighting,) = told_by(event(f"findall.run.{end}", document)).sightings
    assert (sighting.id, sighting.kind, sighting.state, sighting.matched) == (
        FINDALL,
        RunKind.FINDALL,
        end,
        7,
    )


@pytest.mark.parametrize("kind", ["generated", "matched", "enriched", "unmatched", "cancelled"])
def test_a_candidate_tells_nothing_of_its_run(kind: str) -> None:
    found = told_by(
        event(f"findall.candidate.{kind}", {"candidate_id": "c", "findall_id": FINDALL, "status": "x"})
    )
    assert found == Told(f"findall.candidate.{kind}", FINDALL)


@pytest.mark.parametrize(
    ("kind", "told", "names"),
    [
        ("monitor.event.detected", {"event_group_id": "g1"}, ("g1",)),
        (
            "monitor.execution.completed",
            {"type": "completion", "monitor_ts": "completed_2026-05-04T03:02:01.000001Z"},
            ("completed_1777863721000001",),
        ),
        ("monitor.execution.failed", {"type": "error", "error": "x", "id": "e", "date": "2026-05-04"}, ()),
    ],
)
def test_what_a_monitor_was_executed_for_has_a_name(kind: str, told: object, names: tuple[str, ...]) -> None:
    found = told_by(event(kind, {"monitor_id": MONITOR, "event": told, "metadata": {}}))
    assert found.run_id == MONITOR
    assert tuple(name for sighting in found.sightings for name in sighting.executions) == names


@pytest.mark.parametrize(
    "document",
    [BODY_6, b"", b"{}", b"[]", b"7", b'{"type":"a"}', b'{"type":[],"data":{}}',
     b'{"type":"task_run.status","data":[]}',
     b'{"type":"task_run.status","data":{"status":"completed"}}',
     b'{"type":"monitor.event.detected","data":{"event":7}}',
     body({"type": "unheard.of", "data": {"run_id": RUN, "status": "completed"}}), b"\xff\xfe", b"[" * 100_000],
)  # fmt: skip
def test_others_tell_of_no_run(document: bytes) -> None:
    assert told_by(document).sightings == ()


@given(st.binary(max_size=200))
def test_whatever_comes_is_no_reason_to_fail(document: bytes) -> None:
    assert told_by(document).sightings == ()


# -- again


WAITING = HookEvent(
    number=1,
    id="e",
    account="a",
    gateway="g",
    type="t",
    url="https://x.example",
    came_us=0,
    until_us=TRIED_US,
)


@given(st.lists(st.none() | st.floats(0, 1e12), max_size=30))
def test_it_waits_longer_each_time_and_not_beyond_its_end(asked: list[float | None]) -> None:
    event, now_us, before = WAITING, 0, 0
    for after in asked:
        event = failed(event, now_us, "no", after)
        if event.state is HookState.GIVEN_UP:
            assert event.done_us == now_us
            break
        pause = event.next_us - now_us
        assert pause >= max(
            FIRST_US, before if after is None else 0, min(round((after or 0) * 1e6), TRIED_US)
        )
        assert event.next_us <= TRIED_US
        before, now_us = FIRST_US * 2**event.tries, event.next_us
    else:
        assert len(asked) < 16


def test_an_event_that_is_sent_again_is_as_new() -> None:
    gone = failed(WAITING, TRIED_US, "no")
    assert gone.state is HookState.GIVEN_UP
    fresh = again(gone, 10 * TRIED_US)
    assert (fresh.state, fresh.tries, fresh.next_us, fresh.until_us, fresh.done_us, fresh.error) == (
        HookState.WAITING, 0, 10 * TRIED_US, 11 * TRIED_US, None, "",
    )  # fmt: skip
