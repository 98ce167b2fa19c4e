"""The journal: where a worker appends the record of every call before the client sees its last byte.

Frames of all calls that end in one turn of the event loop are written together; after the write each call's
`then` lets the answer go. So `kill -9` loses nothing that a client saw finished: what was written is in the
kernel's hands. The disk is synced on an interval, in a thread. Reading the journal is the shipper's matter.

A write that fails (disk full) costs no record at first: frames wait in memory, up to a bound, and are tried
again. Answers go out all the same, unless the operator chose to refuse calls while `healthy` is false.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from penstock.budget import Budget
from penstock.clock import Clock
from penstock.journal.segments import create, new_name

_RETRY_SECONDS = 0.25
FRAME_BYTES = 512  # that a frame takes in memory besides its own
_PIECES_PER_WRITE = 512  # below every system's IOV_MAX

log = logging.getLogger("penstock.journal")


Frame = Sequence[bytes]
"""One call's bytes, in pieces that are written one behind the other."""


class Unwritten(Exception):
    """Frames that could not be written, and why."""

    def __init__(self, frames: Sequence[Frame], cause: OSError) -> None:
        super().__init__(str(cause))
        self.frames = frames
        self.cause = cause


class Journal:
    """One worker's append-only segments below `directory`. Not for use from several threads."""

    def __init__(
        self, folder: Path, clock: Clock, *, segment_bytes: int, backlog: Budget, fsync_interval: float
    ) -> None:
        """Opens the first segment; raises `OSError` when that cannot be.

        `backlog`: of what waits while nothing can be written.
        """
        self._folder = folder
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._backlog_room = backlog
        self._fsync_interval = fsync_interval
        self._loop = asyncio.get_running_loop()
        self._sequence = 0
        self._written = 0
        self._frames: list[Frame] = []
        self._pending: list[Callable[[], None]] = []
        self._ended = 0  # calls in this turn of the loop
        self._grouping = False  # the last turn ended several calls
        self._backlog: list[Frame] = []
        self._backlog_size = 0
        self._sync_due = False
        self._syncing: asyncio.Future[None] | None = None
        self.unwritten = 0  # records given up since the start
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = self._open_segment()

    @property
    def healthy(self) -> bool:
        """Whether what is handed in now can be expected to reach the disk."""
        return not self._backlog

    def commit(self, frame: Frame, then: Callable[[], None]) -> None:
        """Takes a frame to be written in this turn of the loop, and what is to happen after it.

        While turns end one call each, a call has nobody to wait for and is written at once; when they end
        several, all of a turn are written together at its end.
        """
        self._frames.append(frame)
        self._pending.append(then)
        self._ended += 1
        if self._ended == 1:
            self._loop.call_soon(self._end_turn)
            if not self._grouping:
                self._flush()

    def _end_turn(self) -> None:
        self._grouping = self._ended > 1
        self._ended = 0
        if self._frames:
            self._flush()

    def _flush(self) -> None:
        frames, self._frames = self._frames, []
        pending, self._pending = self._pending, []
        if self._backlog:
            self._keep(frames)
        else:
            self._write_or_keep(frames)
        for then in pending:
            then()

    # -- writing

    def _write_or_keep(self, frames: list[Frame]) -> None:
        try:
            self._write(frames)
        except Unwritten as failed:
            log.error("cannot write the journal in %s: %s; calls wait in memory", self._folder, failed.cause)
            self._keep(failed.frames)
            self._loop.call_later(_RETRY_SECONDS, self._retry)

    def _write(self, frames: Sequence[Frame]) -> None:
        """Appends the frames. Raises `Unwritten` with those that are not in the file; whole frames stay there."""
        try:
            if self._written >= self._segment_bytes:
                self._rotate()
            pieces = [piece for frame in frames for piece in frame]
            for start in range(0, len(pieces), _PIECES_PER_WRITE):
                _write_all(self._descriptor, pieces[start : start + _PIECES_PER_WRITE])
        except OSError as error:
            done = self._keep_whole_frames(frames)
            raise Unwritten(frames[done:], error) from error
        self._written += sum(map(len, pieces))
        if not self._sync_due and self._fsync_interval > 0:
            self._sync_due = True
            self._loop.call_later(self._fsync_interval, self._sync)

    def _keep_whole_frames(self, frames: Sequence[Frame]) -> int:
        """After a failed write: cuts off a frame that is only partly there; returns how many got through."""
        size = os.fstat(self._descriptor).st_size
        done = 0
        for frame in frames:
            length = sum(map(len, frame))
            if self._written + length > size:
                break
            self._written += length
            done += 1
        os.ftruncate(self._descriptor, self._written)
        return done

    def _keep(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            length = sum(map(len, frame)) + FRAME_BYTES
            if length > self._backlog_room.left:
                self.unwritten += 1
                log.error("a call's record could not be written and is lost (%d so far)", self.unwritten)
            else:
                self._backlog.append(frame)
                self._backlog_room.force(length)
                self._backlog_size += length

    def _retry(self) -> None:
        """Writes what waited, in order, as far as the disk takes it."""
        if self._descriptor < 0:
            return
        frames, self._backlog = self._backlog, []
        self._backlog_room.give_back(self._backlog_size)
        self._backlog_size = 0
        try:
            self._write(frames)
        except Unwritten as failed:
            self._keep(failed.frames)
            self._loop.call_later(_RETRY_SECONDS, self._retry)
        else:
            log.warning("the journal in %s can be written again; what waited is written", self._folder)

    # -- segments

    def _open_segment(self) -> int:
        name = new_name(self._clock.now_us(), os.getpid(), self._sequence)
        descriptor = create(self._folder, name)
        self._sequence += 1
        self._written = 0
        return descriptor

    def _rotate(self) -> None:
        previous = self._descriptor
        self._descriptor = self._open_segment()
        self._loop.run_in_executor(None, _sync_quietly, previous)

    def _sync(self) -> None:
        self._sync_due = False
        if self._descriptor >= 0 and (self._syncing is None or self._syncing.done()):
            try:
                copy = os.dup(self._descriptor)
            except OSError as error:  # it is due again with the next write
                log.error("cannot sync the journal: %s", error)
                return
            self._syncing = self._loop.run_in_executor(None, _sync_quietly, copy)

    def close(self) -> None:
        """Writes what is left and closes the segment; afterwards nothing can be committed."""
        if self._frames:
            self._flush()
        if self._backlog:
            self._retry()
        self.unwritten += len(self._backlog)
        if self._backlog:
            log.error("%d calls could not be written to the journal and are lost", len(self._backlog))
        descriptor, self._descriptor = self._descriptor, -1
        _sync_quietly(descriptor)


def _write_all(descriptor: int, pieces: Sequence[bytes]) -> None:
    done = os.writev(descriptor, pieces)
    total = sum(map(len, pieces))
    if done < total:
        rest = memoryview(b"".join(pieces))
        while done < total:
            done += os.write(descriptor, rest[done:])


def _sync_quietly(descriptor: int) -> None:
    try:
        _sync_and_close(descriptor)
    except OSError as error:
        log.error("cannot sync the journal: %s", error)


def _sync_and_close(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
