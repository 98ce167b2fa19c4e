"""Whole frames out of a segment file, and where to go on when there is none.

Reads in pieces, so that memory stays bounded. Changes nothing in the file: whether to wait at a torn or
damaged place, or to skip it, is the shipper's business.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from penstock.journal.record import HEAD_BYTES, MAX_META_BYTES, CallRecord, Entry, Torn, read_frame

PIECE_BYTES = 4 * 1024 * 1024  # a transaction costs as much as some fifty calls
MAX_ROWS = 4000
MAX_FRAME_BYTES = 256 * 1024 * 1024  # a head that tells of more is damaged

_COPY_BYTES = 1024 * 1024
_MOST_CHECKED = 512 * 1024 * 1024  # bytes of what only looks like frames, which callers may have put there
_LOOK_BYTES = 1024  # that a look at one costs as much as
_ONE_BYTES = 64 * 1024  # most frames are smaller
_LENGTHS = struct.Struct("<III")
_CHECKSUM = struct.Struct("<I")
_CHECKSUM_BYTES = _CHECKSUM.size
_RECORD_MARK = b"\xdc\x00"  # how msgpack begins an array of 16 to 255 fields, as every record is

_decode_record = msgspec.msgpack.Decoder(CallRecord).decode


class Batch(NamedTuple):
    """Frames from one place on. Without any, `flaw` says what is there instead; None: the file ends."""

    entries: list[Entry]  # their `end` counts from where the batch begins
    end: int  # the position behind the last of them
    flaw: Torn | None


class Gap(NamedTuple):
    """Bytes that are no frame. `torn`: the writer died within its last frame, which nobody saw finished."""

    end: int
    torn: bool


class Damage(NamedTuple):
    """Bytes of a segment, from one place to another, that are no frames."""

    start: int
    end: int


def damages(path: Path) -> Iterator[Damage]:
    """All damage in a segment, for who only looks; its end, which may be being written, is none. Raises `OSError`."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size, start = os.fstat(fd).st_size, 0
        while start < size:
            batch = read_batch(fd, start, size)
            start = batch.end
            if not batch.entries:
                gap = find_gap(fd, start, size)
                if not gap.torn:
                    yield Damage(start, gap.end)
                start = gap.end
    finally:
        os.close(fd)


def read_batch(fd: int, start: int, size: int) -> Batch:
    """The frames from `start` on, as many as one transaction should take, out of a file of `size` bytes."""
    return _read(fd, start, size, PIECE_BYTES, MAX_ROWS)


def read_one(fd: int, start: int, size: int) -> Batch:
    """The frame at `start`, and no other."""
    return _read(fd, start, size, _ONE_BYTES, 1)


def read_bare(fd: int, start: int, end: int) -> Entry | None:
    """The frame from one place to another without its bodies, which are only checked, a piece at a time.

    None for what is no sound frame.
    """
    head = os.pread(fd, HEAD_BYTES, start)
    meta_bytes = _lengths(head, 0)[0]
    if (
        meta_bytes > MAX_META_BYTES
        or _checksum(fd, start + _CHECKSUM_BYTES, end) != _CHECKSUM.unpack_from(head)[0]
    ):
        return None
    try:
        record = _decode_record(os.pread(fd, meta_bytes, start + HEAD_BYTES))
    except msgspec.MsgspecError:
        return None
    return Entry(record, b"", b"", end - start)


def _checksum(fd: int, start: int, end: int) -> int:
    found = 0
    while start < end and (piece := os.pread(fd, min(_COPY_BYTES, end - start), start)):
        found = zlib.crc32(piece, found)
        start += len(piece)
    return found


def _read(fd: int, start: int, size: int, piece: int, most: int) -> Batch:
    wanted = min(piece, size - start)
    while True:
        data = os.pread(fd, wanted, start)
        batch = _whole_frames(data, start, most)
        if batch.entries or batch.flaw is None:
            return batch
        wanted = len(data) + batch.flaw.wanted
        if batch.flaw.wanted == 0 or wanted > min(size - start, MAX_FRAME_BYTES):
            return batch


def _whole_frames(data: bytes, start: int, most: int) -> Batch:
    entries: list[Entry] = []
    offset = 0
    try:
        while offset < len(data) and len(entries) < most:
            entry = read_frame(data, offset)
            entries.append(entry)
            offset = entry.end
    except Torn as flaw:
        return Batch(entries, start + offset, flaw)
    return Batch(entries, start + offset, None)


def claimed_end(fd: int, start: int) -> int | None:
    """Where the frame at `start` ends by its own word; nothing else of it is looked at. None where there is no head."""
    return _claimed_end(os.pread(fd, HEAD_BYTES, start), start, 0)


def find_gap(fd: int, start: int, size: int) -> Gap:
    """What to skip in a finished file of `size` bytes that has no sound frame at `start`.

    A body may hold bytes that look like a frame: a caller could have put them there. So the bad frame's own
    lengths are believed before any search, unless its record contradicts them.
    """
    area = _mapped(fd, size)
    end = _claimed_end(area, start, start)
    if end is not None and (end == size or (end < size and _is_sound(area, end))):
        return Gap(end, torn=False)
    found = _search(area, start + 1)
    if end is not None and end <= size:
        return Gap(found or size, torn=False)
    if found is None:
        return Gap(size, torn=True)
    return Gap(size if _agrees_with_record(area, start) else found, torn=False)


def _mapped(fd: int, size: int) -> mmap.mmap:
    try:
        return mmap.mmap(fd, size, access=mmap.ACCESS_READ)
    except OSError as error:
        raise MemoryError if error.errno == errno.ENOMEM else error from error


def _claimed_end(area: bytes | mmap.mmap, start: int, offset: int) -> int | None:
    """Of the frame at `start`, which stands at `offset` of `area`."""
    return start + HEAD_BYTES + sum(_lengths(area, offset)) if offset + HEAD_BYTES <= len(area) else None


def _lengths(area: bytes | mmap.mmap, start: int) -> tuple[int, int, int]:
    lengths: tuple[int, int, int] = _LENGTHS.unpack_from(area, start + _CHECKSUM_BYTES)
    return lengths


def _agrees_with_record(area: mmap.mmap, start: int) -> bool:
    """Whether the lengths in a frame's head are what its record says, give or take what redaction adds."""
    if start + HEAD_BYTES > len(area) or (record := _record(area, start)) is None:
        return False
    _, request_bytes, response_bytes = _lengths(area, start)
    request_most, response_most = record.request_size * 5 // 4 + 64, record.response_size * 5 // 4 + 64
    return request_bytes <= request_most and response_bytes <= response_most


def _record(area: mmap.mmap, start: int) -> CallRecord | None:
    meta_bytes, _, _ = _lengths(area, start)
    begin = start + HEAD_BYTES
    if meta_bytes > MAX_META_BYTES or begin + meta_bytes > len(area):
        return None
    try:
        return _decode_record(memoryview(area)[begin : begin + meta_bytes])
    except (msgspec.MsgspecError, UnicodeError):
        return None


def _is_sound(area: mmap.mmap, start: int) -> bool:
    try:
        read_frame(memoryview(area), start)
    except Torn:
        return False
    return True


def _search(area: mmap.mmap, start: int) -> int | None:
    """Where the next sound frame begins; None without one. After too much that only looked like it: the end."""
    mark, left = area.find(_RECORD_MARK, start + HEAD_BYTES), _MOST_CHECKED
    while mark >= 0 and left > 0:
        place = mark - HEAD_BYTES
        left -= _LOOK_BYTES
        if _record(area, place):
            if _is_sound(area, place):
                return place
            left -= sum(_lengths(area, place))
        mark = area.find(_RECORD_MARK, mark + 1)
    return None if left > 0 else len(area)


def copy_range(fd: int, start: int, end: int, target: Path) -> None:
    """Keep a copy of some bytes of a segment."""
    target.parent.mkdir(mode=0o700, exist_ok=True)
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as out:
        while start < end and (piece := os.pread(fd, min(_COPY_BYTES, end - start), start)):
            out.write(piece)
            start += len(piece)
        out.flush()
        os.fsync(out.fileno())
