"""What event streams of Parallel tell of runs, in whatever pieces and lines they come."""

from __future__ import annotations

import json
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runs.places import Ask, what
from penstock.runs.run import RunKind, Sighting
from penstock.runs.streams import MOST_FRAME_BYTES, RunStream
from support.parallel_documents import (
    AT_US,
    FINDALL,
    GROUP,
    OTHER_RUN,
    RUN,
    ended,
    findall_run,
    frame,
    group_status,
    output,
    task_run,
)

RUN_EVENTS = what(b"GET", f"v1/tasks/runs/{RUN}/events")
GROUP_EVENTS = what(b"GET", f"v1/tasks/groups/{GROUP}/events")
GROUP_RUNS = what(b"GET", f"v1/tasks/groups/{GROUP}/runs")
FINDALL_EVENTS = what(b"GET", f"v1beta/findall/runs/{FINDALL}/events")
ASKS = [RUN_EVENTS, GROUP_EVENTS, GROUP_RUNS, FINDALL_EVENTS]


def told(ask: Ask, *pieces: bytes) -> list[Sighting]:
    stream = RunStream(ask)
    return [one for piece in pieces for one in stream.feed(piece)]


def state(run: object, **said: object) -> dict[str, object]:
    return {"type": "task_run.state", "event_id": None, "input": None, "run": run, "output": None} | said


def stats(meter: object) -> dict[str, object]:
    return {"type": "task_run.progress_stats", "source_stats": {}, "progress_meter": meter}


WHOLE_RUN = b"".join(
    [
        frame(state(task_run()), "task_run.state"),
        frame({"type": "task_run.progress_msg.plan", "message": "Look.", "timestamp": "x"}),
        frame(stats(12.5), "task_run.progress_stats"),
        frame(stats(70)),
        frame({"type": "error", "error": {"ref_id": RUN, "message": "failed"}}, "error"),
        b": still there\n\n",
        frame(state(ended(), output=output())),
    ]
)


# -- one run


def test_the_stream_of_a_run_tells_its_states_and_its_progress() -> None:
    assert told(RUN_EVENTS, WHOLE_RUN) == [
        Sighting(
            id=RUN,
            kind=RunKind.TASK,
            state="running",
            is_active=True,
            product="core",
            metadata={"case": "1"},
            modified_us=AT_US,
        ),
        Sighting(id=RUN, kind=RunKind.TASK, progress=12.5),
        Sighting(id=RUN, kind=RunKind.TASK, progress=70.0),
        Sighting(
            id=RUN,
            kind=RunKind.TASK,
            state="completed",
            is_active=False,
            product="core",
            metadata={"case": "1"},
            modified_us=AT_US,
            has_output=True,
        ),
    ]


def test_the_end_of_a_stream_is_not_the_end_of_its_run() -> None:
    cut = WHOLE_RUN[: WHOLE_RUN.rindex(b"data:")]
    assert [one.state for one in told(RUN_EVENTS, cut)] == ["running", "", ""]
    assert told(RUN_EVENTS, frame(state(ended()))[:-1]) == []


def test_what_was_replayed_is_told_again_and_the_same() -> None:
    once = told(RUN_EVENTS, WHOLE_RUN)
    assert told(RUN_EVENTS, WHOLE_RUN, WHOLE_RUN) == once + once


def test_an_error_of_the_stream_is_none_of_the_run() -> None:
    error = {"type": "error", "error": {"ref_id": RUN, "message": "gone"}, "run": ended("failed")}
    assert told(RUN_EVENTS, frame(error, "error")) == []


def test_progress_is_of_the_run_in_the_path_and_may_be_missing() -> None:
    for odd in (None, "much", [7], True):
        assert told(RUN_EVENTS, frame(stats(odd))) == []
    assert told(GROUP_EVENTS, frame(stats(50))) == []


def test_a_stream_of_one_run_has_no_place_to_go_on_from() -> None:
    stream = RunStream(RUN_EVENTS)
    stream.feed(WHOLE_RUN)
    assert stream.last_event_id == ""


# -- groups


def test_the_runs_of_a_group_are_in_it() -> None:
    found = told(
        GROUP_RUNS,
        frame(state(task_run(), event_id="1", input={"input": "x"})),
        frame(state(ended("failed", run_id=OTHER_RUN, taskgroup_id="tgrp_2"), event_id="2")),
    )
    assert [(one.id, one.state, one.parent) for one in found] == [
        (RUN, "running", GROUP),
        (OTHER_RUN, "failed", "tgrp_2"),
    ]


def test_the_events_of_a_group_tell_of_it_and_of_its_runs() -> None:
    stream = RunStream(GROUP_EVENTS)
    found = stream.feed(frame({"type": "task_group_status", "event_id": "7", "status": group_status()}))
    assert found == [
        Sighting(
            id=GROUP,
            kind=RunKind.GROUP,
            state="active",
            is_active=True,
            modified_us=AT_US,
            counts={"running": 1, "completed": 2},
        )
    ]
    assert stream.last_event_id == "7"
    (run,) = stream.feed(frame(state(ended(), event_id="8")))
    assert (run.id, run.state, run.has_output) == (RUN, "completed", False)
    assert stream.last_event_id == "8"
    assert stream.feed(frame({"type": "error", "error": {}})) == []
    assert stream.last_event_id == "8"


def test_a_group_is_told_of_where_groups_are() -> None:
    status = {"type": "task_group_status", "event_id": "7", "status": group_status()}
    assert told(RUN_EVENTS, frame(status)) == told(FINDALL_EVENTS, frame(status)) == []
    assert [one.id for one in told(GROUP_RUNS, frame(status))] == [GROUP]


def test_a_run_of_a_group_that_is_not_named_is_none() -> None:
    assert told(GROUP_EVENTS, frame(state(task_run(run_id=None)))) == []
    assert [one.id for one in told(RUN_EVENTS, frame(state(task_run(run_id=None))))] == [RUN]


# -- FindAll


def test_the_events_of_findall_tell_its_counts_and_heartbeats_are_no_places() -> None:
    stream = RunStream(FINDALL_EVENTS)
    candidate = {"candidate_id": "candidate_1", "name": "x", "url": "x", "match_status": "matched"}
    matched = {"type": "findall.candidate.matched", "timestamp": "x", "event_id": "3", "data": candidate}
    assert stream.feed(frame(matched)) == []
    beat = {"type": "findall.status", "timestamp": "x", "event_id": "beat-4", "data": findall_run()}
    (found,) = stream.feed(frame(beat))
    assert (found.id, found.state, found.generated, found.matched) == (FINDALL, "running", 9, 4)
    assert stream.last_event_id == "3"
    stream.feed(frame({"type": "findall.schema.updated", "event_id": "5", "data": {}}))
    assert stream.last_event_id == "5"
    beat["data"] = findall_run("completed", "match_limit_met", 5)
    (found,) = stream.feed(frame(beat))
    assert (found.state, found.is_active, found.matched) == ("completed", False, 5)


# -- pieces and lines


def cuts(text: bytes, places: list[int]) -> list[bytes]:
    at = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(at)]


@given(
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(0, 10_000), max_size=12),
    st.booleans(),
)
def test_it_does_not_matter_into_which_pieces_a_stream_is_cut(end: str, places: list[int], bom: bool) -> None:
    stream = (b"\xef\xbb\xbf" if bom else b"") + WHOLE_RUN.replace(b"\n", end.encode())
    pieces = cuts(stream, places)
    assert told(RUN_EVENTS, *pieces, b"") == told(RUN_EVENTS, WHOLE_RUN)


def test_a_stream_may_come_byte_by_byte() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        stream = WHOLE_RUN.replace(b"\n", end)
        assert told(RUN_EVENTS, *(stream[at : at + 1] for at in range(len(stream)))) == told(
            RUN_EVENTS, WHOLE_RUN
        )


def test_nothing_may_come_between_both_bytes_of_an_end_of_line() -> None:
    lines = json.dumps(state(task_run()), indent=1).split("\n")
    event = "".join(f"data: {line}\r\n" for line in lines).encode() + b"\r\n"
    pieces = [piece for at in range(len(event)) for piece in (event[at : at + 1], b"")]
    assert [one.state for one in told(RUN_EVENTS, *pieces)] == ["running"]
    assert [one.state for one in told(RUN_EVENTS, b"\xef\xbb\xbf", event)] == ["running"]


@given(
    st.lists(
        st.sampled_from(
            [b"data", b"data:", b" ", b"\n", b"\r", b"{}", b"id: 1", b":", *WHOLE_RUN.split(b"\n")]
        ),
        max_size=30,
    ),
    st.lists(st.integers(0, 5000), max_size=6),
    st.sampled_from(ASKS),
)
def test_any_lines_tell_the_same_in_whatever_pieces(parts: list[bytes], places: list[int], ask: Ask) -> None:
    stream = b"\n".join(parts)
    one, other = RunStream(ask), RunStream(ask)
    assert [found for piece in cuts(stream, places) for found in one.feed(piece)] == other.feed(stream)
    assert one.last_event_id == other.last_event_id


@given(st.lists(st.binary(max_size=200), max_size=5), st.sampled_from(ASKS))
def test_any_bytes_are_read(pieces: list[bytes], ask: Ask) -> None:
    told(ask, *pieces)


def test_lines_that_say_nothing_of_a_run_are_passed_over() -> None:
    text = json.dumps(state(task_run()), indent=1)
    event = b"retry: 10\n: hello\nunknown: x\nnonsense\nid: 9\n"
    event += b"".join(b"data: %b\n" % line.encode() for line in text.split("\n")) + b"\n"
    stream = RunStream(RUN_EVENTS)
    assert [one.state for one in stream.feed(event)] == ["running"]
    assert stream.last_event_id == "9"
    assert stream.feed(b"id: 10\n\n") == []
    assert stream.last_event_id == "9"  # it had no event


def test_an_event_may_be_named_by_its_line_alone() -> None:
    document = state(task_run())
    del document["type"]
    assert [one.state for one in told(RUN_EVENTS, frame(document, "task_run.state"))] == ["running"]
    assert told(RUN_EVENTS, frame(document)) == []


@pytest.mark.parametrize("data", ["[DONE]", "", "null", "[]", "{", "{}", "7", "[" * 100_000])
def test_data_that_is_no_event_tells_nothing(data: str) -> None:
    event = f"data: {data}\n\n".encode()
    assert [one.state for one in told(RUN_EVENTS, event, frame(state(task_run())), event)] == ["running"]


# -- large ones


def test_the_state_of_a_run_is_read_from_the_beginning_of_a_frame_that_is_too_large() -> None:
    large = frame(state(ended(), output=output(content="x" * (3 * MOST_FRAME_BYTES))))
    expected = [("completed", False), ("running", False)]
    for size in (len(large), 65_536, 999):
        pieces = [large[at : at + size] for at in range(0, len(large), size)]
        found = told(RUN_EVENTS, *pieces, frame(state(task_run())))
        assert [(one.state, one.has_output) for one in found] == expected


def test_what_stands_in_a_frame_that_is_too_large_is_no_other_frame() -> None:
    inner = frame(state(ended("failed"))).decode()
    lines = [b"data: " + b" " * 1000 + b"\n"] * 2000
    large = b"data: {\n" + b"".join(lines) + inner.replace("\n\n", "\n").encode() + b"\n"
    assert told(RUN_EVENTS, large) == []
    assert told(RUN_EVENTS, b":" * (2 * MOST_FRAME_BYTES) + b"\n" + frame(state(task_run()))) != []


def test_no_more_of_a_stream_is_kept_than_a_frame() -> None:
    stream = RunStream(RUN_EVENTS)
    piece = b"data: " + b"x" * 65_530
    tracemalloc.start()
    for _ in range(200):
        assert stream.feed(piece) == []
        assert stream.feed(b"\n" + piece) == []
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2.5 * MOST_FRAME_BYTES
    assert peak < 6 * MOST_FRAME_BYTES
