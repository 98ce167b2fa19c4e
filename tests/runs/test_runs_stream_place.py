"""How far a stream was passed on: whole events, each once, whatever an answer breaks off at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runs.places import Ask, what
from penstock.runs.stream_place import StreamPlace, query_from, seconds_asked
from penstock.wire.sse import MAX_EVENT_BYTES
from support.parallel_documents import frame
from support.resumable_streams import (
    FINDALL_PATH,
    GROUP_PATH,
    SNAPSHOT_PATH,
    Kept,
    a_findall,
    a_group,
    candidate,
    events_in,
    heartbeat,
    state_of,
    status_of,
)

GROUP_EVENTS = what(b"GET", GROUP_PATH.strip("/"))
SNAPSHOT = what(b"GET", SNAPSHOT_PATH.strip("/"))
FINDALL_EVENTS = what(b"GET", FINDALL_PATH.strip("/"))
ANSWERS = st.lists(st.integers(0, 1500), max_size=8)
CUTS = st.lists(st.integers(1, 200), min_size=1, max_size=30)


def test_which_streams_can_be_resumed() -> None:
    assert [ask.is_resumable for ask in (GROUP_EVENTS, SNAPSHOT, FINDALL_EVENTS)] == [True] * 3
    assert not what(b"GET", "v1/tasks/runs/trun_1/events").is_resumable
    assert not what(b"GET", "v1/tasks/runs/trun_1").is_resumable


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    found = []
    for size in cuts:
        found.append(data[:size])
        data = data[size:]
    return [*found, data]


def passed_on(ask: Ask, kept: Kept, answers: list[int], cuts: list[int], style: str) -> bytes:
    """What a client gets where each answer breaks off after so many bytes, and the last one is whole."""
    place, got = StreamPlace(ask), b""
    for size in [*answers, None]:
        target = b"/?last_event_id=" + place.last_event_id.encode()
        whole = b"".join(
            {
                "from there": kept.after(target),
                "with it": [
                    *kept.events[: len(kept.events) - len(kept.after(target))][-1:],
                    *kept.after(target),
                ],
                "from the start": list(kept.events),
            }[style]
        )
        for piece in pieces(whole[:size], cuts):
            got += place.feed(piece)
        if size is None:
            break
        assert place.goes_on(is_sound=False)
        place.anew()
    assert not place.goes_on(is_sound=True)
    return got + place.finish()


@pytest.mark.parametrize("style", ["from there", "with it", "from the start"])
@pytest.mark.parametrize(("ask", "kept"), [(GROUP_EVENTS, a_group(5)), (SNAPSHOT, a_group(5))])
def test_a_client_gets_each_event_once_and_in_order(ask: Ask, kept: Kept, style: str) -> None:
    @given(ANSWERS, CUTS)
    def holds(answers: list[int], cuts: list[int]) -> None:
        got = passed_on(ask, kept, answers, cuts, style)
        assert events_in(got) == events_in(b"".join(kept.events))

    holds()


@given(ANSWERS, CUTS, st.sampled_from(["from there", "with it"]))
def test_so_it_is_with_findall(answers: list[int], cuts: list[int], style: str) -> None:
    kept = a_findall(5)
    assert events_in(passed_on(FINDALL_EVENTS, kept, answers, cuts, style)) == events_in(
        b"".join(kept.events)
    )


@given(CUTS, st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_without_a_break_every_byte_goes_on(cuts: list[int], end: bytes) -> None:
    data = b": hello\n\n".join([b"", *a_group().events, b"data: half"]).replace(b"\n", end)
    place = StreamPlace(GROUP_EVENTS)
    got = b"".join(place.feed(piece) for piece in pieces(data, cuts))
    assert got + place.finish() == data
    assert place.last_event_id == "end"


def test_an_event_that_has_not_ended_is_held() -> None:
    place, event = StreamPlace(GROUP_EVENTS), state_of("e1")
    assert place.feed(event[:-1]) == b""
    assert (place.last_event_id, place.held) == ("", len(event) - 1)
    assert place.feed(event[-1:]) == event
    assert (place.last_event_id, place.held) == ("e1", 0)


def test_comments_pass_and_a_heartbeat_is_no_place() -> None:
    place = StreamPlace(FINDALL_EVENTS)
    data = candidate("c1") + b": alive\n\n" + heartbeat("h1")
    assert place.feed(data) == data
    assert (place.last_event_id, place.steps) == ("c1", 1)


@pytest.mark.parametrize(
    ("ask", "events", "more"),
    [
        (GROUP_EVENTS, [status_of("a", is_active=True), state_of("b")], True),
        (GROUP_EVENTS, [status_of("a", is_active=True), status_of("b", is_active=False)], False),
        (GROUP_EVENTS, [state_of("b")], False),
        (GROUP_EVENTS, [], False),
        (SNAPSHOT, [state_of("b")], False),
        (FINDALL_EVENTS, [heartbeat("a"), candidate("b")], True),
        (FINDALL_EVENTS, [candidate("b"), heartbeat("a", is_active=False)], False),
        (FINDALL_EVENTS, [heartbeat("a"), frame({"type": "error", "error": {"message": "no"}})], False),
    ],
)
def test_after_a_sound_end_more_comes_only_while_something_is_active(
    ask: Ask, events: list[bytes], more: bool
) -> None:
    place = StreamPlace(ask)
    place.feed(b"".join(events))
    assert place.goes_on(is_sound=True) is more


def test_a_sound_end_within_an_event_is_none() -> None:
    place = StreamPlace(SNAPSHOT)
    place.feed(state_of("a") + state_of("b")[:-20])
    assert place.goes_on(is_sound=True)


@pytest.mark.parametrize("is_active", [True, False])
def test_an_event_that_only_lacks_its_last_line_end_is_read(is_active: bool) -> None:
    place = StreamPlace(GROUP_EVENTS)
    place.feed(status_of("a", is_active=True) + status_of("b", is_active=is_active).rstrip())
    assert place.goes_on(is_sound=True) is is_active


@pytest.mark.parametrize(
    "event",
    [
        frame({"type": "task_run.state", "event_id": None, "run": {}}),
        b"data: [DONE]\n\n",
        b"data: {\n\n",
        b"data: " + b"x" * MAX_EVENT_BYTES,
        frame({"type": "error", "error": {"message": "no"}}),
    ],
)
def test_after_what_has_no_place_nobody_can_go_on_until_there_is_one(event: bytes) -> None:
    place = StreamPlace(GROUP_EVENTS)
    assert place.feed(state_of("a") + event + b"\n\n") != b""
    assert not place.goes_on(is_sound=False)
    place.feed(state_of("b"))
    assert (place.last_event_id, place.goes_on(is_sound=False)) == ("b", True)


def test_an_event_in_parts_is_not_gone_on_within() -> None:
    place = StreamPlace(GROUP_EVENTS)
    data = state_of("a") + b"data: " + b"x" * 2 * MAX_EVENT_BYTES
    assert len(place.feed(data)) + place.held == len(data)
    assert place.held < 8
    assert not place.goes_on(is_sound=False)


def test_another_status_with_the_id_of_the_last_event_is_news() -> None:
    place, first = StreamPlace(GROUP_EVENTS), status_of("a", is_active=True)
    place.feed(first)
    place.anew()
    last = status_of("a", is_active=False)
    assert place.feed(first + last) == last


def test_the_mark_before_the_first_byte_is_none_within_a_stream() -> None:
    place, events = StreamPlace(GROUP_EVENTS), [b"\xef\xbb\xbf" + state_of("a"), state_of("b")]
    assert place.feed(events[0]) == events[0]
    place.anew()
    assert place.feed(b"\xef\xbb") == b""
    assert place.feed(b"\xbf" + events[1]) == events[1]


@pytest.mark.parametrize(
    ("query", "event_id", "seconds", "asked"),
    [
        (b"", "", None, b""),
        (b"", "a b&c", None, b"?last_event_id=a%20b%26c"),
        (b"?last_event_id=x&status=failed", "y", None, b"?status=failed&last_event_id=y"),
        (b"?last_event_id=x", "", None, b"?last_event_id=x"),
        (b"?last%5Fevent_id=x&timeout=60", "y", 12.4, b"?last_event_id=y&timeout=12"),
        (b"?timeout=60&&a", "", 0.2, b"?a&timeout=1"),
    ],
)
def test_what_follows_is_asked_for(query: bytes, event_id: str, seconds: float | None, asked: bytes) -> None:
    assert query_from(query, event_id, seconds) == asked


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        (b"", None),
        (b"?last_event_id=a", None),
        (b"?timeout=60", 60.0),
        (b"?x=1&timeout=1.5", 1.5),
        (b"?timeout=%36", 6.0),
        (b"?timeout=-5", 0.0),
        (b"?timeout=nan", 0.0),
        (b"?timeout=inf", 86_400.0),
        (b"?timeout=soon", 0.0),
        (b"?timeout", 0.0),
    ],
)
def test_for_how_long_it_is_asked(query: bytes, seconds: float | None) -> None:
    assert seconds_asked(query) == seconds


@given(st.binary(max_size=300), st.integers(0, 300))
def test_whatever_comes_goes_on_whole(data: bytes, cut: int) -> None:
    for ask in (GROUP_EVENTS, SNAPSHOT, FINDALL_EVENTS):
        place = StreamPlace(ask)
        got = place.feed(data[:cut]) + place.feed(data[cut:])
        place.goes_on(is_sound=True)
        assert got + place.finish() == data
