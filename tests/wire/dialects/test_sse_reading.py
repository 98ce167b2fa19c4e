"""Events that come by themselves are read at a glance, and say the same as those that are looked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.dialects.sse_reading import EventData, lone_data

ENDS = ["\n", "\r\n", "\r"]


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (b"data: a\n\n", b"a"),
        (b"event: x\ndata: a\n\n", b"a"),
        (b"data: a\r\n\r\n", b"a"),
        (b"event: x\r\ndata: a\r\n\r\n", b"a"),
        (b"event: x\rdata: a\r\ndata: b\r\n\r\n", b""),
        (b"event: x\ndata: a\r\n\r\n", b""),
        (b"data: a\ndata: b\n\n", b""),
        (b"data: a\n\ndata: b\n\n", b""),
        (b"data: a\n", b""),
        (b"data:a\n\n", b""),
        (b": hello\n\n", b""),
        (b"\n\n", b""),
        (b"", b""),
    ],
)
def test_one_event_of_one_line_is_seen(event: bytes, data: bytes) -> None:
    assert lone_data(event) == data


lines = st.sampled_from(["event: x", "data: a", "data: b", "data:c", "data", ": d", "id: 1", "", " data: e"])


@given(st.lists(st.tuples(lines, st.sampled_from(ENDS)), max_size=8))
def test_it_is_the_same_however_the_bytes_come(parts: list[tuple[str, str]]) -> None:
    stream = "".join(line + end for line, end in parts).encode()
    whole = [data for data in EventData().feed(stream) if data]
    stepped = EventData()
    assert [data for byte in stream for data in stepped.feed(bytes([byte])) if data] == whole
