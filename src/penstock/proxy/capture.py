"""What is kept of a body while it streams past, for the record.

A `Capture` keeps the first part of a body up to its limit and marks when it was cut; if it is asked to, the last bytes
too, where answers tell what they used. Memory beyond a small allowance is taken from a `Budget` that all calls of a
worker share, so that many large bodies at once cost their logs, never the machine. No I/O, no framing: pieces in,
bytes out.
"""

from __future__ import annotations

from typing import Protocol

from penstock.budget import Budget
from penstock.wire.content_encoding import CodingError, decoder

_ALLOWANCE = 65536  # what a body may keep without asking the budget
_STEP = 262144  # what it asks for at a time, so that asking is rare
_WINDOW = 16384  # after so many bytes it looks at its pieces
_END_BYTES = 65536  # of what lies beyond the first part; twice as much is held at times
MANY_PIECES = 256
_CRUMB_BYTES = 1024  # a piece of less may weigh many times what it holds


def join_crumbs(pieces: list[bytes], since: int) -> int:
    """Makes one of the pieces from number `since` on, if they are small; how many there are then. To be called for
    every `MANY_PIECES` new ones: no byte is copied twice.
    """
    latest = pieces[since:]
    if sum(map(len, latest)) < len(latest) * _CRUMB_BYTES:
        pieces[since:] = [b"".join(latest)]
    return len(pieces)


class Listener(Protocol):
    """Who hears the plain bytes of a body as they pass."""

    def feed(self, data: bytes) -> None:
        """The next ones."""

    def give_up(self) -> None:
        """The rest cannot be understood."""


class Capture:
    """The first `limit` bytes of a body, and its last ones. `cut` tells that there was more than the first."""

    __slots__ = (
        "_beyond",
        "_borrowed",
        "_budget",
        "_credit",
        "_end",
        "_ends",
        "_first",
        "_limit",
        "_pieces",
        "_room",
        "_swept",
        "cut",
    )

    def __init__(self, limit: int, budget: Budget, *, ends: bool = False) -> None:
        """`ends`: keep the last bytes as well."""
        self._budget = budget
        self._borrowed = 0
        self._room = min(limit, _WINDOW)
        self._credit = min(limit, _ALLOWANCE) - self._room  # what is paid for beyond
        self._limit = limit - self._room - self._credit  # what may still be asked for
        self._pieces: list[bytes] = []
        self._swept = 0  # of them are no crumbs
        self._ends = ends
        self._end: bytearray | None = None
        self._first: bytes | None = None
        self._beyond = 0  # bytes behind the first part
        self.cut = False

    def add(self, data: bytes) -> None:
        """Keeps as much of `data` as there is room for."""
        size = len(data)
        if size <= self._room:
            self._room -= size
            self._pieces.append(data)
        elif not self.cut:
            self._add_large(data)
        else:
            self._add_end(data)

    def _add_large(self, data: bytes) -> None:
        if len(self._pieces) - self._swept > MANY_PIECES:
            self._swept = join_crumbs(self._pieces, self._swept)
        self._widen(len(data) - self._room)
        kept = data[: self._room]
        self._room -= len(kept)
        if kept:
            self._pieces.append(kept)
        self.cut = len(kept) < len(data)
        if self.cut and self._ends:
            granted = self._budget.take(2 * _END_BYTES)
            self._borrowed += granted
            if granted == 2 * _END_BYTES:
                self._end = bytearray()
                self._add_end(data, len(kept))

    def _add_end(self, data: bytes, start: int = 0) -> None:
        """Keeps the last bytes of what has come so far; what there is no memory for is not worth an answer."""
        size = len(data) - start
        self._beyond += size
        end = self._end
        if end is None:
            return
        try:
            if len(end) + size > 2 * _END_BYTES:
                start = max(start, len(data) - _END_BYTES)
                del end[: max(0, len(end) + len(data) - start - _END_BYTES)]
            end += data[start:] if start else data
        except MemoryError:
            self._end = None

    def _widen(self, wanted: int) -> None:
        if wanted > self._credit:
            granted = self._budget.take(min(max(wanted - self._credit, _STEP), self._limit))
            self._borrowed += granted
            self._limit -= granted
            self._credit += granted
        window = min(max(wanted, _WINDOW), self._credit)
        self._credit -= window
        self._room += window

    def rest(self) -> tuple[bytes, bool]:
        """The last bytes behind the first part, and whether there was something in between. To be asked before the
        memory is released.
        """
        end = bytes(self._end or b"")
        return end, self.cut and (self._end is None or len(end) < self._beyond)

    def release(self) -> bytes:
        """The first part, in one piece; the memory goes back to the budget."""
        pieces = self._pieces
        self.drop()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def first(self) -> bytes:
        """What `release` gives, for who may ask again, when the call has ended."""
        if self._first is None:
            self._first = self.release()
        return self._first

    def drop(self) -> None:
        """Keeps nothing; the memory goes back to the budget."""
        self._pieces, self._first = [], None
        self._end, self._ends = None, False
        if self._borrowed:
            self._budget.give_back(self._borrowed)
            self._borrowed = 0
        self._limit = self._room = self._credit = 0


class ReadCapture(Capture):
    """One that is read as it passes, in plain bytes: an answer may be larger than what is kept of it."""

    __slots__ = ("_decoder", "_listener")

    def __init__(self, limit: int, budget: Budget, listener: Listener, encoding: str) -> None:
        super().__init__(limit, budget, ends=True)
        self._listener = listener
        self._decoder = decoder(encoding)

    def add(self, data: bytes) -> None:
        super().add(data)
        try:
            self._decoder.feed(data)
            while piece := self._decoder.read():
                self._listener.feed(piece)
        except (CodingError, MemoryError):
            self._listener.give_up()
