"""What documents of Parallel tell of runs: of every kind, cut anywhere, with anything in them that makes no sense."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runs.becoming import become, foreign
from penstock.runs.places import MOST_RUNS, Act, Ask, what
from penstock.runs.reading import execution, sightings
from penstock.runs.run import RunKind, SeenBy, Sighting
from support.parallel_documents import (
    AT_US,
    FINDALL,
    GROUP,
    MONITOR,
    RESPONSE,
    RUN,
    a_response,
    body,
    ended,
    findall_run,
    group_status,
    monitor,
    old_monitor,
    output,
    task_group,
    task_run,
)

READ = what(b"GET", f"v1/tasks/runs/{RUN}")
RESULT = what(b"GET", f"v1/tasks/runs/{RUN}/result")
GROUP_READ = what(b"GET", f"v1/tasks/groups/{GROUP}")
FOUND = what(b"GET", f"v1beta/findall/runs/{FINDALL}")
FOUND_RESULT = what(b"GET", f"v1beta/findall/runs/{FINDALL}/result")
WATCH = what(b"GET", f"v1/monitors/{MONITOR}")
LIST = what(b"GET", "v1/monitors")
EVENTS = what(b"GET", f"v1/monitors/{MONITOR}/events")
ASKS = [READ, RESULT, GROUP_READ, FOUND, FOUND_RESULT, WATCH, LIST, EVENTS, what(b"POST", "v1/responses")]


def seen(ask: Ask, document: object, status: int = 200) -> list[Sighting]:
    return sightings(ask, status, "application/json", body(document))


def only(ask: Ask, document: object, status: int = 200) -> Sighting:
    (found,) = seen(ask, document, status)
    return found


# -- tasks and groups


def test_a_task_run() -> None:
    assert only(READ, task_run(taskgroup_id=GROUP)) == Sighting(
        id=RUN,
        kind=RunKind.TASK,
        state="running",
        is_active=True,
        product="core",
        parent=GROUP,
        metadata={"case": "1"},
        modified_us=AT_US,
    )


def test_a_task_run_is_told_by_what_makes_it_too() -> None:
    assert only(what(b"POST", "v1/tasks/runs"), task_run(status="queued"), 202).state == "queued"


def test_a_failed_run_says_why() -> None:
    error = {"ref_id": RUN, "message": "it could not be done " * 100, "detail": {"a": 1}}
    found = only(READ, ended("failed", error=error))
    assert (found.state, found.is_active) == ("failed", False)
    assert found.error == ("it could not be done " * 100)[:500]
    assert only(READ, ended("failed", error="no")).error == "no"


def test_a_word_that_nobody_knows_is_kept() -> None:
    found = only(READ, task_run(status="pondering", is_active=None))
    assert (found.state, found.is_active) == ("pondering", None)


def test_a_result_has_its_run_and_an_output() -> None:
    found = only(RESULT, {"run": ended(), "output": output()})
    assert (found.id, found.state, found.has_output) == (RUN, "completed", True)
    assert not only(RESULT, {"run": ended(), "output": None}).has_output
    assert not only(RESULT, {"run": ended()}).has_output


def test_a_run_that_is_still_active_when_its_result_is_asked_for_has_not_failed() -> None:
    error = {"type": "error", "error": {"ref_id": RUN, "message": "run still active"}}
    assert only(RESULT, error, 408) == Sighting(id=RUN, kind=RunKind.TASK, is_active=True)
    assert seen(READ, error, 408) == []


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("ask", [READ, GROUP_READ, FOUND, WATCH, LIST, EVENTS])
def test_an_error_tells_of_no_run(ask: Ask, status: int) -> None:
    for document in (task_run(), task_group(), findall_run(), monitor(), {"monitors": [monitor()]}):
        assert seen(ask, document, status) == []


def test_that_a_result_is_not_found_tells_nothing() -> None:
    assert seen(RESULT, {"run": ended("failed")}, 404) == []


def test_a_run_that_was_read_in_a_group_is_in_it() -> None:
    ask = what(b"GET", f"v1/tasks/groups/{GROUP}/runs/{RUN}")
    assert only(ask, task_run()).parent == GROUP
    assert only(ask, task_run(taskgroup_id="tgrp_2")).parent == "tgrp_2"


def test_a_group_has_counts_and_no_state_of_its_own() -> None:
    assert only(GROUP_READ, task_group()) == Sighting(
        id=GROUP,
        kind=RunKind.GROUP,
        state="active",
        is_active=True,
        metadata={"case": "1"},
        modified_us=AT_US,
        counts={"running": 1, "completed": 2},
    )
    assert only(GROUP_READ, task_group(status=group_status(is_active=False))).state == "inactive"


def test_adding_runs_tells_of_the_group_in_the_path() -> None:
    answer = {"status": group_status(), "run_ids": [RUN], "run_cursor": None, "event_cursor": None}
    found = only(what(b"POST", f"v1/tasks/groups/{GROUP}/runs"), answer)
    assert (found.id, found.kind, found.counts) == (GROUP, RunKind.GROUP, {"running": 1, "completed": 2})


# -- FindAll


def test_a_findall_run_has_its_counts() -> None:
    assert only(FOUND, findall_run()) == Sighting(
        id=FINDALL,
        kind=RunKind.FINDALL,
        state="running",
        is_active=True,
        product="core",
        metadata={"case": "1"},
        modified_us=AT_US,
        generated=9,
        matched=4,
    )


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("match_limit_met", ""),
        ("candidates_exhausted", ""),
        ("low_match_rate", ""),
        ("cost_exceeded", ""),
        ("insufficient_funds", "insufficient_funds"),
        ("error_occurred", "error_occurred"),
        ("user_cancelled", "user_cancelled"),
        ("of_the_future", "of_the_future"),
        (None, ""),
    ],
)
def test_why_a_findall_run_has_ended_is_told_where_it_is_a_fault(reason: str | None, error: str) -> None:
    found = only(FOUND, findall_run("completed", reason))
    assert (found.state, found.is_active, found.error) == ("completed", False, error)


def test_a_findall_result_is_a_snapshot() -> None:
    found = only(FOUND_RESULT, {"run": findall_run(), "candidates": [], "last_event_id": None})
    assert (found.state, found.matched, found.has_output) == ("running", 4, True)


def test_cancelling_is_a_signal_to_findall_and_the_end_of_a_monitor() -> None:
    cancel = what(b"POST", f"v1beta/findall/runs/{FINDALL}/cancel")
    expected = [Sighting(id=FINDALL, kind=RunKind.FINDALL, state="cancelling")]
    assert sightings(cancel, 204, "", b"") == sightings(cancel, 200, "application/json", b"") == expected
    assert sightings(cancel, 409, "", b"") == []
    stop = what(b"DELETE", f"v1alpha/monitors/{MONITOR}")
    assert sightings(stop, 204, "", b"") == [Sighting(id=MONITOR, kind=RunKind.MONITOR, state="cancelled")]


def test_what_is_told_late_brings_no_run_back() -> None:
    cancel = what(b"POST", f"v1beta/findall/runs/{FINDALL}/cancel")
    (late,) = sightings(cancel, 204, "", b"")
    run = become(foreign(only(FOUND, findall_run()), SeenBy.READ, 1), late, SeenBy.READ, 2)
    assert (run.state, run.is_active) == ("cancelling", True)
    run = foreign(only(FOUND, findall_run("completed")), SeenBy.READ, 1)
    assert become(run, late, SeenBy.READ, 2).state == "completed"
    run = foreign(only(RESULT, {"run": ended(), "output": output()}), SeenBy.READ, 1)
    (late,) = sightings(RESULT, 408, "", b"")
    assert become(run, late, SeenBy.READ, 2).state == "completed"


# -- monitors


def test_a_monitor_of_either_version() -> None:
    assert only(WATCH, monitor()) == Sighting(
        id=MONITOR, kind=RunKind.MONITOR, state="active", product="base", metadata={"case": "1"}
    )
    old = what(b"DELETE", f"v1alpha/monitors/{MONITOR}")
    assert only(old, old_monitor(status="canceled")) == Sighting(
        id=MONITOR, kind=RunKind.MONITOR, state="canceled"
    )
    assert only(what(b"POST", f"v1/monitors/{MONITOR}/update"), monitor()).id == MONITOR


@pytest.mark.parametrize(
    ("tail", "wrap"),
    [
        ("v1/monitors", lambda many: {"monitors": many, "next_cursor": None}),
        ("v1alpha/monitors/list", lambda many: {"data": many}),
        ("v1alpha/monitors", lambda many: many),
    ],
)
def test_all_monitors_of_a_list(tail: str, wrap: object) -> None:
    assert callable(wrap)
    many = [monitor(monitor_id="monitor_1"), "odd", old_monitor(monitor_id="monitor_2"), {}]
    found = seen(what(b"GET", tail), wrap(many))
    assert [one.id for one in found] == ["monitor_1", "monitor_2"]
    found = seen(what(b"GET", tail), wrap([monitor(monitor_id=f"m{at}") for at in range(MOST_RUNS + 5)]))
    assert len(found) == MOST_RUNS


def test_executions_are_named_once_and_the_same_in_both_versions() -> None:
    new = [
        {
            "event_type": "event_stream",
            "event_id": "evt_1",
            "event_group_id": "mevtgrp_1",
            "output": output(),
        },
        {
            "event_type": "event_stream",
            "event_id": "evt_2",
            "event_group_id": "mevtgrp_1",
            "output": output(),
        },
        {"event_type": "snapshot", "event_id": "evt_3", "event_group_id": "mevtgrp_2"},
        {"event_type": "completion", "timestamp": "2025-01-15T10:30:00Z"},
        {"event_type": "completion", "timestamp": "2025-01-15T11:30:00+01:00"},
        {"event_type": "error", "error_message": "no money", "timestamp": "2025-01-15T09:30:00Z"},
    ]
    old = [
        {"type": "event", "event_group_id": "mevtgrp_1", "output": "x", "source_urls": []},
        {"type": "event", "monitor_group_id": "mevtgrp_2"},
        {"type": "completion", "monitor_ts": "completed_2025-01-15T10:30:00Z"},
        {
            "type": "error",
            "error": "no money",
            "id": "error_2025-01-15T09:30:00Z",
            "date": "2025-01-15T09:30:00Z",
        },
    ]
    expected = ("mevtgrp_1", "mevtgrp_2", "completed_1736937000000000")
    assert only(EVENTS, {"events": new, "next_cursor": None}).executions == expected
    alpha = what(b"GET", f"v1alpha/monitors/{MONITOR}/events")
    assert only(alpha, {"events": old}) == Sighting(id=MONITOR, kind=RunKind.MONITOR, executions=expected)
    of_group = what(b"GET", f"v1alpha/monitors/{MONITOR}/event_groups/mevtgrp_1")
    assert only(of_group, {"events": old[:1]}).executions == ("mevtgrp_1",)


def test_a_list_is_read_where_one_was_asked_for() -> None:
    assert seen(WATCH, [monitor()]) == seen(EVENTS, [monitor()]) == []


def test_an_execution_that_has_failed_is_none_whatever_it_names() -> None:
    assert execution(body({"event_type": "error", "event_group_id": "mevtgrp_1"})) == ""


def test_a_time_that_is_none_still_names_an_execution() -> None:
    assert execution(body({"event_type": "completion", "timestamp": "noon"})) == "completed_noon"
    assert execution(body({"event_type": "completion"})) == execution(b"[]") == execution(b"{}") == ""


def test_events_that_tell_of_no_execution_tell_nothing() -> None:
    assert seen(EVENTS, {"events": []}) == []
    assert seen(EVENTS, {"events": [{"event_type": "error", "timestamp": "2025-01-15T09:30:00Z"}]}) == []


def test_a_response() -> None:
    ask = what(b"POST", "v1/responses")
    assert only(ask, a_response()) == Sighting(
        id=RESPONSE, kind=RunKind.RESPONSE, state="completed", metadata={"case": "1"}, has_output=True
    )
    failed = only(ask, a_response(status="failed", error={"code": "server_error", "message": "it broke"}))
    assert (failed.state, failed.error, failed.has_output) == ("failed", "it broke", False)


# -- odd ones


@given(
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)),
    st.integers(-23 * 60, 23 * 60),
)
def test_times_are_microseconds_whatever_their_offset(moment: datetime, minutes: int) -> None:
    there = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    expected = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    for text in (there.isoformat(), moment.isoformat() + "Z", moment.isoformat()):
        assert only(READ, task_run(modified_at=text)).modified_us == expected


@pytest.mark.parametrize("odd", [None, "", "soon", 7, [], {}, "2026-13-01T00:00:00Z", "9" * 1000, True])
def test_a_time_that_is_none_is_not_said(odd: object) -> None:
    assert only(READ, task_run(modified_at=odd)).modified_us is None


@pytest.mark.parametrize("odd", [7, None, [], {}, {"x": 1}, "x" * 300, True, 1.5])
@pytest.mark.parametrize(
    "member", ["processor", "taskgroup_id", "metadata", "modified_at", "is_active", "error", "warnings"]
)
def test_one_odd_member_spoils_no_other(member: str, odd: object) -> None:
    found = only(READ, task_run(**{member: odd}))
    assert (found.id, found.state) == (RUN, "running")
    assert len(found.product) <= 256
    assert len(found.error) <= 500


@pytest.mark.parametrize("odd", [None, -1, 1.5, "4", True, 2**60, [], {}])
def test_a_count_that_is_none_is_not_said(odd: object) -> None:
    run = json.loads(body(findall_run()))
    run["status"]["metrics"]["matched_candidates_count"] = odd
    assert only(FOUND, run).matched is None
    group = task_group(status=group_status(task_run_status_counts={"failed": odd, "running": 12.0}))
    assert only(GROUP_READ, group).counts == {"running": 12}


def test_metadata_is_what_parallel_takes_and_no_more() -> None:
    noted = {f"key{at}": at for at in range(40)}
    assert only(READ, task_run(metadata=noted)).metadata == {f"key{at}": at for at in range(16)}
    mixed = {
        "a": "x" * 600,
        "b": 1.5,
        "c": True,
        "d": None,
        "e": [1],
        "f" * 65: 1,
        "g": 10**30,
        "h": {"x": 1},
    }
    assert only(READ, task_run(metadata=mixed)).metadata == {"a": "x" * 512, "b": 1.5, "c": True}
    assert only(READ, task_run(metadata={"a": "x" * 100_000})).metadata == {}
    assert only(READ, task_run(metadata=None)).metadata is None


@pytest.mark.parametrize("name", ["run_id", "status"])
@pytest.mark.parametrize("odd", [7, [], {}, "x" * 257, ""])
def test_a_run_that_is_not_named_or_has_no_state(name: str, odd: object) -> None:
    found = seen(READ, task_run(**{name: odd}))
    assert [one.id for one in found] == ([RUN] if name == "run_id" else [])


def test_a_document_with_parts_that_are_no_json_tells_the_rest() -> None:
    document = body({"run": ended(), "output": output(content="SHARE")})
    for odd in (b"NaN", b'"\\ud800"', b"Infinity", b"'x'", b"1e999"):
        (found,) = sightings(RESULT, 200, "", document.replace(b'"SHARE"', odd))
        assert (found.state, found.has_output) == ("completed", True)
        (found,) = sightings(READ, 200, "", body(task_run(warnings="SHARE")).replace(b'"SHARE"', odd))
        assert (found.state, found.product) == ("running", "core")


@pytest.mark.parametrize("first", [b"", b"\xef\xbb\xbf", b" \r\n\t"])
def test_what_stands_before_a_document_does_not_matter(first: bytes) -> None:
    assert sightings(READ, 200, "", first + body(task_run())) == seen(READ, task_run())


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        body([task_run(), task_group()]),
        b"<html></html>",
        b"data: {}\n\n",
        b"[" * 100_000,
        b'{"run":' * 50_000,
    ],
)
@pytest.mark.parametrize("ask", ASKS)
def test_what_is_no_such_document_tells_nothing(ask: Ask, other: bytes) -> None:
    assert sightings(ask, 200, "application/json", other) == []


@given(st.integers(0, 3000))
def test_a_result_that_is_cut_tells_its_run_once_that_is_whole(place: int) -> None:
    document = body({"run": ended(), "output": output(content="long " * 400)})
    cut = document[:place]
    found = sightings(RESULT, 200, "application/json", cut, is_whole=False)
    run_end = len(b'{"run": ') + len(body(ended()))
    whole = only(RESULT, {"run": ended()})
    assert found == ([whole] if place >= run_end else [])


def test_of_a_result_whose_middle_is_missing_both_ends_are_read() -> None:
    document = body({"output": output(content="long " * 4000), "run": ended()})
    found = sightings(RESULT, 200, "application/json", document[:500], is_whole=False, last=document[-2000:])
    assert [(one.id, one.state, one.has_output) for one in found] == [(RUN, "completed", False)]
    assert sightings(RESULT, 200, "", document[:500], is_whole=False, last=b'"') == []


@given(st.integers(0, 2000))
def test_a_list_that_is_cut_tells_what_is_whole(place: int) -> None:
    many = [monitor(monitor_id=f"monitor_{at}") for at in range(4)]
    document = body({"next_cursor": None, "monitors": many})
    found = sightings(LIST, 200, "", document[:place], is_whole=False)
    whole = sum(document.find(body(one)) + len(body(one)) <= place for one in many)
    assert [one.id for one in found] == [f"monitor_{at}" for at in range(whole)]


@given(
    st.sampled_from(ASKS),
    st.binary(max_size=300),
    st.integers(100, 599),
    st.booleans(),
    st.binary(max_size=60),
)
def test_any_bytes_are_read(ask: Ask, answer: bytes, status: int, is_whole: bool, last: bytes) -> None:
    for one in sightings(ask, status, "application/json", answer, is_whole=is_whole, last=last):
        assert one.kind is ask.kind


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        *task_run(),
        *task_group(),
        *findall_run(),
        *monitor(),
        *a_response(),
        "run",
        "output",
        "events",
        "monitors",
    ]
)
ANY = st.recursive(
    ODD, lambda inner: st.dictionaries(NAMES, inner, max_size=6) | st.lists(inner, max_size=3), max_leaves=15
)


@given(st.sampled_from(ASKS), ANY)
def test_any_document_is_read_and_what_is_taken_is_bounded(ask: Ask, document: object) -> None:
    for one in seen(ask, document):
        assert one.kind is ask.kind
        assert one.id
        assert len(one.state) <= 256
        assert one.matched is None or one.matched >= 0
        assert len(one.metadata or {}) <= 16


def test_a_request_that_is_about_no_run_tells_of_none() -> None:
    for act in (Act.OTHER, Act.EXTEND, Act.ENRICH, Act.TRIGGER, Act.RUN_EVENTS, Act.GROUP_RUNS):
        assert seen(Ask(act, RunKind.TASK, RUN), task_run()) == []
