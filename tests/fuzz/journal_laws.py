"""Segments with anything in them: sound frames come out once each, in order, and reading comes to an end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from penstock.journal.reading import find_gap, read_batch
from penstock.journal.record import HEAD_BYTES, Torn, frame, read_frame
from support.stored_calls import call

_SEPARATOR: Final = b"\xff\x00\xff"
_SOUND: Final = [frame(call(number).record, b"q" * number, b"a" * 3) for number in range(4)]


def a_frame_is_whole_or_torn(data: bytes) -> None:
    """Any bytes are a frame or torn; a torn one says how much more it wants only where more could help."""
    try:
        entry = read_frame(data, 0)
    except Torn as torn:
        assert torn.wanted >= 0
        assert torn.offset == 0
    else:
        assert HEAD_BYTES < entry.end <= len(data)


def frames_survive_what_stands_between_them(data: bytes) -> None:
    """What stands between sound frames costs none of those behind it, unless it claims them as its own."""
    pieces = data.split(_SEPARATOR)[: len(_SOUND)]
    segment = b"".join(garbage + sound for garbage, sound in zip(pieces, _SOUND, strict=False))
    wanted = [f"{call(number).record.id}" for number in range(len(pieces))]
    with _file(segment) as fd:
        got = list(_read(fd, len(segment)))
    assert len(set(got)) == len(got)
    assert got == [one for one in wanted if one in got]
    if all(len(garbage) < HEAD_BYTES for garbage in pieces):
        assert set(got) >= set(wanted) - _claimed(pieces, wanted)


def _claimed(pieces: list[bytes], wanted: list[str]) -> set[str]:
    """Frames that come right behind bytes which may be taken for a head."""
    return {name for garbage, name in zip(pieces, wanted, strict=True) if garbage}


def _read(fd: int, size: int) -> Iterator[str]:
    """As the shipper goes through a finished segment."""
    place = 0
    while place < size:
        batch = read_batch(fd, place, size)
        yield from (entry.record.id for entry in batch.entries)
        assert batch.end >= place
        place = batch.end
        if batch.flaw is not None:
            gap = find_gap(fd, place, size)
            assert place < gap.end <= size
            place = gap.end


@contextmanager
def _file(data: bytes) -> Iterator[int]:
    fd = os.memfd_create("segment")
    try:
        os.write(fd, data)
        yield fd
    finally:
        os.close(fd)
