"""Events of a stream: the same wherever it is cut, none lost, none late."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.sse import MAX_EVENT_BYTES, Event, EventSplitter

ENDINGS = ("\n", "\r\n", "\r")
LINES = st.sampled_from(["data: a", "data:b", "data", ": ping", "event: x", "id", "", "x"])
STREAMS = st.lists(st.tuples(LINES, st.sampled_from(ENDINGS)), max_size=12).map(
    lambda lines: "".join(line + ending for line, ending in lines).encode()
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    found = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(found)]


def joined(events: list[bytes]) -> list[bytes]:
    """Events, with the LF that came by itself where it belongs."""
    found: list[bytes] = []
    for event in events:
        if event == b"\n" and found and found[-1].endswith(b"\r"):
            found[-1] += event
        else:
            found.append(event)
    return found


@given(stream=STREAMS, places=st.lists(st.integers(0, 200), max_size=10))
def test_the_cuts_change_nothing(stream: bytes, places: list[int]) -> None:
    one, other = EventSplitter(), EventSplitter()
    whole = one.feed(stream)
    parts = [event for piece in cut(stream, places) for event in other.feed(piece)]
    assert joined(parts) == joined(whole)
    assert b"".join(parts) + other.finish() == stream
    assert b"".join(whole) + one.finish() == stream


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_event_is_there_with_its_last_byte(ending: str) -> None:
    event = f": hello{ending}data: a{ending}{ending}".encode()
    splitter = EventSplitter()
    enough = event.removesuffix(b"\n") if ending == "\r\n" else event  # CR ends the line, whatever follows
    assert splitter.feed(enough[:-1]) == []
    assert splitter.feed(enough[-1:]) == [enough]
    splitter = EventSplitter()
    found = [piece for at in range(len(event)) for piece in splitter.feed(event[at : at + 1])]
    assert joined(found) == [event]
    assert splitter.finish() == b""


@pytest.mark.parametrize("ending", ENDINGS)
def test_data_of_several_lines_is_joined(ending: str) -> None:
    event = Event(
        f"\ufeffdata: one{ending}: c{ending}data:two{ending}event: x{ending}data{ending}{ending}".encode()
    )
    assert event.data == b"one\ntwo\n"


@pytest.mark.parametrize("ending", ENDINGS)
def test_other_data_in_the_same_event(ending: str) -> None:
    event = Event(f"id: 1{ending}data:old{ending}: c{ending}data: er{ending}{ending}".encode())
    assert event.with_data(b"new") == f"id: 1{ending}data:new{ending}: c{ending}{ending}".encode()
    assert (
        event.with_data(b"a\nb") == f"id: 1{ending}data:a{ending}data:b{ending}: c{ending}{ending}".encode()
    )


@pytest.mark.parametrize("line", ["data", "data:", "data: x", "data:x", "\ufeffdata", "data:: :"])
@pytest.mark.parametrize("new", [b"", b"new", b" new", b": new", b"a\n b"])
def test_other_data_is_read_back_whatever_the_line_was_like(line: str, new: bytes) -> None:
    event = Event(f"{line}\ndata: more\n\n".encode())
    assert Event(event.with_data(new)).data == new


def test_comments_outlive_their_event() -> None:
    assert Event(b": ping\nid: 1\ndata: x\n\n").without_data() == b": ping\n\n"
    assert Event(b"id: 1\ndata: x\n\n").without_data() == b""


def test_nobody_waits_for_an_event_without_end() -> None:
    splitter = EventSplitter()
    long = b"data: " + b"x" * (MAX_EVENT_BYTES + 10)
    found = splitter.feed(long)
    assert sum(map(len, found)) > MAX_EVENT_BYTES
    found += splitter.feed(b"\n\ndata: y\n\n")
    assert b"".join(found) == long + b"\n\ndata: y\n\n"
    assert found[-1] == b"data: y\n\n"
