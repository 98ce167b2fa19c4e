"""Frames of the journal: whatever is written comes back, and no damage passes for a record.

Random records and bodies go through a round trip; then they are cut short, damaged and replaced by noise.
"""

from __future__ import annotations

import struct
import zlib

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.journal.record import (
    HEAD_BYTES,
    CallRecord,
    Torn,
    frame,
    frame_pieces,
    read_frame,
    read_frames,
)

TEXT = st.text(max_size=10)
SMALL = st.integers(-(2**63), 2**63 - 1)
METADATA = st.dictionaries(
    TEXT, st.one_of(TEXT, st.booleans(), SMALL, st.floats(allow_nan=False)), max_size=5
)
RECORDS = st.builds(
    CallRecord,
    **dict.fromkeys(
        (
            *("id", "event_id", "account", "gateway", "provider", "method", "path", "request_type", "model"),
            *("response_type", "request_encoding", "response_encoding", "user_agent", "error_detail"),
        ),
        TEXT,
    ),
    **dict.fromkeys(
        ("created_us", "status", "outcome", "duration_us", "request_size", "response_size", "step"), SMALL
    ),
    **{name: st.booleans() for name in ("request_cut", "response_cut", "bodies", "compat", "authenticated")},
    first_byte_us=st.one_of(st.none(), SMALL),
    error_code=st.one_of(st.none(), SMALL),
    metadata=METADATA,
    controls=st.dictionaries(TEXT, TEXT, max_size=3),
)
RECORD = CallRecord(
    *(
        "id",
        "event",
        1,
        "acct",
        "gw",
        "openai",
        "POST",
        "x",
        200,
        0,
        1,
        None,
        1,
        1,
        False,
        False,
        True,
        "",
        "",
    ),
    *("", "", "", 0, False, False, None, "", {}, {}, ""),
)
FRAMES = st.builds(frame, RECORDS, st.binary(max_size=50), st.binary(max_size=50))


@given(RECORDS, st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=20))
def test_round_trip(record: CallRecord, request: bytes, response: bytes, before: bytes) -> None:
    data = before + frame(record, request, response)
    entry = read_frame(data, len(before))
    assert entry == (record, request, response, len(data))
    assert read_frame(memoryview(data), len(before)) == entry


@pytest.mark.parametrize("sizes", [(0, 0), (20_000, 0), (0, 20_000), (100_000, 300_000)])
def test_large_bodies_are_pieces_of_the_same_frame(sizes: tuple[int, int]) -> None:
    request, response = (b"r" * size for size in sizes)
    pieces = frame_pieces(RECORD, request, response)
    assert b"".join(pieces) == frame(RECORD, request, response)
    entry = read_frame(b"".join(pieces), 0)
    assert (entry.record, entry.request, entry.response) == (RECORD, request, response)


@given(st.lists(FRAMES, max_size=4))
def test_frames_follow_each_other(frames: list[bytes]) -> None:
    data = b"".join(frames)
    read = list(read_frames(data))
    assert [frame(entry.record, entry.request, entry.response) for entry in read] == frames
    assert (read[-1].end if read else 0) == len(data)


@given(FRAMES, st.data())
def test_any_truncation_is_torn_and_says_how_much_is_missing(data: bytes, choice: st.DataObject) -> None:
    size = choice.draw(st.integers(0, len(data) - 1))
    with pytest.raises(Torn) as caught:
        read_frame(data[:size], 0)
    assert caught.value.offset == 0
    assert 0 < caught.value.wanted <= len(data) - size
    if size >= HEAD_BYTES:
        assert caught.value.wanted == len(data) - size


@given(FRAMES, st.data())
def test_any_flipped_bit_is_torn(data: bytes, choice: st.DataObject) -> None:
    bit = choice.draw(st.integers(0, len(data) * 8 - 1))
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Torn):
        read_frame(bytes(damaged), 0)


@given(st.binary(max_size=300), st.integers(0, 310))
def test_any_bytes_are_torn(data: bytes, offset: int) -> None:
    assume(offset <= len(data))
    with pytest.raises(Torn) as caught:
        read_frame(data, offset)
    assert caught.value.offset == offset


@given(FRAMES, FRAMES, st.data())
def test_whole_frames_before_the_damage_are_read(first: bytes, second: bytes, choice: st.DataObject) -> None:
    size = choice.draw(st.integers(0, len(second) - 1))
    reading = read_frames(first + second[:size])
    assert frame(*next(reading)[:3]) == first
    if size:
        with pytest.raises(Torn) as caught:
            next(reading)
        assert caught.value.offset == len(first)
    else:
        assert list(reading) == []


@pytest.mark.parametrize("lengths", [(2**32 - 1, 0, 0), (0, 2**32 - 1, 0), (0, 0, 2**32 - 1), (2**25, 0, 0)])
def test_impossible_lengths_are_not_waited_for(lengths: tuple[int, int, int]) -> None:
    """A reader that believed them would wait for gigabytes that never come."""
    with pytest.raises(Torn) as caught:
        read_frame(struct.pack("<IIII", 0, *lengths) + bytes(100), 0)
    assert caught.value.wanted == 0


@pytest.mark.parametrize(
    "meta", [b"", b"\xc1", b"\x90", msgspec.msgpack.encode(["id"]), msgspec.msgpack.encode({"id": "a"})]
)
def test_a_sound_checksum_over_something_else(meta: bytes) -> None:
    lengths = struct.pack("<III", len(meta), 0, 0)
    data = struct.pack("<I", zlib.crc32(meta, zlib.crc32(lengths))) + lengths + meta
    with pytest.raises(Torn) as caught:
        read_frame(data, 0)
    assert caught.value.wanted == 0
