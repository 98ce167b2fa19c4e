"""Reading frames in pieces, and finding the way past what is no frame."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.journal import reading
from penstock.journal.reading import Gap, copy_range, find_gap, read_batch
from penstock.journal.record import HEAD_BYTES, Entry, frame, read_frame
from support.journal_kit import frames, names, record


class File:
    """A file that can be filled and read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT)

    def fill(self, data: bytes) -> int:
        self.path.write_bytes(data)
        return len(data)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    file = File(tmp_path / "file")
    yield file
    os.close(file.fd)


def test_whole_frames_and_where_they_end(file: File) -> None:
    one, two = frames([1, 2])
    size = file.fill(one + two)
    batch = read_batch(file.fd, 0, size)
    assert [entry.record.id for entry in batch.entries] == names([1, 2])
    assert (batch.end, batch.flaw) == (size, None)
    assert read_batch(file.fd, len(one), size).entries[0].response == b"answer"


def test_a_frame_larger_than_a_piece_is_read_whole(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE_BYTES", 100)
    big = frame(record(1), b"q" * 3000, b"a" * 5000)
    size = file.fill(big + frames([2])[0])
    batch = read_batch(file.fd, 0, size)
    assert (len(batch.entries), batch.end) == (1, len(big))
    assert batch.entries[0].response == b"a" * 5000


@pytest.mark.parametrize("piece", [1, 10, 16, 17, 100])
def test_pieces_may_be_of_any_size(file: File, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(reading, "PIECE_BYTES", piece)
    size = file.fill(b"".join(frames(range(5))))
    position, count = 0, 0
    while position < size:
        batch = read_batch(file.fd, position, size)
        position, count = batch.end, count + len(batch.entries)
    assert count == 5


def test_a_batch_has_a_bounded_number_of_rows(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 3)
    size = file.fill(b"".join(frames(range(5))))
    batch = read_batch(file.fd, 0, size)
    assert len(batch.entries) == 3
    assert len(read_batch(file.fd, batch.end, size).entries) == 2


@pytest.mark.parametrize("kept", [1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 20, -1])
def test_a_frame_cut_short_waits_for_the_rest(file: File, kept: int) -> None:
    one, two = frames([1, 2])
    size = file.fill(one + two[:kept])
    assert read_batch(file.fd, 0, size).end == len(one)
    rest = read_batch(file.fd, len(one), size)
    assert rest.entries == []
    assert rest.flaw is not None
    assert rest.flaw.wanted > 0


def test_a_head_that_tells_of_too_much_is_not_believed(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FRAME_BYTES", 1000)
    size = file.fill(frame(record(1), b"q" * 2000, b""))
    monkeypatch.setattr(reading, "PIECE_BYTES", 100)
    assert read_batch(file.fd, 0, size).entries == []


def _gap(file: File, data: bytes, start: int) -> Gap:
    return find_gap(file.fd, start, file.fill(data))


def test_a_torn_tail(file: File) -> None:
    one, two = frames([1, 2])
    for kept in (3, HEAD_BYTES, HEAD_BYTES + 40, len(two) - 1):
        data = one + two[:kept]
        assert _gap(file, data, len(one)) == Gap(len(data), torn=True)


def test_a_wrong_checksum_is_skipped_by_its_own_length(file: File) -> None:
    one, two, three = frames([1, 2, 3])
    broken = two[:-1] + b"?"
    assert _gap(file, one + broken + three, len(one)) == Gap(len(one + broken), torn=False)
    assert _gap(file, one + broken, len(one)) == Gap(len(one + broken), torn=False)


@pytest.mark.parametrize("where", [4, 8, 12])
@pytest.mark.parametrize("value", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\x02\0\0"])
def test_wrong_lengths_do_not_hide_the_next_frame(file: File, where: int, value: bytes) -> None:
    one, two, three = frames([1, 2, 3])
    broken = two[:where] + value + two[where + 4 :]
    assert _gap(file, one + broken + three, len(one)) == Gap(len(one + broken), torn=False)


def test_several_damaged_frames_and_rubbish(file: File) -> None:
    one, two, three = frames([1, 2, 3])
    rubbish = bytes(5000) + b"\xdc\x00" * 50 + os.urandom(3000)
    assert _gap(file, one + rubbish + three, len(one)).end == len(one + rubbish)
    hurt = two[:20] + b"??" + two[22:]
    middle = hurt + hurt[:-3] + hurt
    assert _gap(file, one + middle + three, len(one)).end == len(one + middle)


def test_a_frame_inside_a_body_is_not_taken_for_a_call(file: File) -> None:
    forged = frames([666])[0]
    request = b"padding" + forged + b"padding"
    carrier = frame(record(1, request_size=len(request), response_size=len(forged)), request, forged)
    follower = frames([2])[0]
    broken = carrier[:-1] + b"?"
    assert _gap(file, broken + follower, 0) == Gap(len(broken), torn=False)
    torn = carrier[:-1]
    # Set aside with a copy: neither believed nor thrown away.
    assert _gap(file, torn, 0) == Gap(len(torn), torn=False)


LOOKS_LIKE = frame(record(7), b"", b"")[4:]  # with a false checksum, and lengths to be put in


@pytest.mark.parametrize("claimed", [0, 2_000_000, 4_000_000_000])
@pytest.mark.parametrize("whole", [True, False], ids=["a frame", "the beginning of a frame"])
def test_a_body_of_what_looks_like_frames_is_not_checked_for_ever(
    file: File, monkeypatch: pytest.MonkeyPatch, claimed: int, whole: bool
) -> None:
    """Each would be checked to the end that it claims: beyond some work all of it is set aside."""
    checked = 0

    def counted(data: memoryview, offset: int) -> Entry:
        nonlocal checked
        checked += min(claimed, len(data) - offset)
        return read_frame(data, offset)

    monkeypatch.setattr(reading, "read_frame", counted)
    monkeypatch.setattr(reading, "_MOST_CHECKED", 8_000_000)
    one = b"\1\2\3\4" + LOOKS_LIKE[:4] + claimed.to_bytes(4, "little") + bytes(4) + LOOKS_LIKE[12:]
    large = frame(record(1), one * (3_000_000 // len(one)), b"")
    damaged = bytes(16) + large[16:] if whole else large[:-1]
    assert _gap(file, damaged, 0) == Gap(len(damaged), torn=False)
    assert checked <= 8_000_000 + 3_000_000


def test_a_sound_frame_behind_much_that_looks_like_one_is_found(file: File) -> None:
    """Within what may be checked."""
    one = b"\1\2\3\4" + LOOKS_LIKE
    data = bytes(100) + one * 10_000
    assert _gap(file, data + frames([2])[0], 0) == Gap(len(data), torn=False)


def test_a_copy_of_a_range(file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_COPY_BYTES", 10)
    file.fill(bytes(range(256)))
    target = tmp_path / "damaged" / "copy"
    copy_range(file.fd, 5, 207, target)
    copy_range(file.fd, 5, 207, target)
    assert target.read_bytes() == bytes(range(5, 207))
    assert target.stat().st_mode & 0o077 == 0
