"""What is kept of a body while it streams past, for the record.

A `Capture` keeps the first part of a body up to its limit and marks when it was cut. Memory beyond a small
allowance is taken from a `Budget` that all calls of a worker share, so that many large bodies at once cost
their logs, never the machine. No I/O, no framing: pieces in, bytes out.
"""

from __future__ import annotations

_ALLOWANCE = 65536  # what a body may keep without asking the budget
_STEP = 262144  # what it asks for at a time, so that asking is rare


class Budget:
    """Bytes that all captures of a worker may hold beyond their allowance."""

    __slots__ = ("_free",)

    def __init__(self, size: int) -> None:
        self._free = size

    @property
    def free(self) -> int:
        return self._free

    def take(self, amount: int) -> int:
        """Up to `amount` bytes, less when little is left."""
        granted = min(amount, self._free)
        self._free -= granted
        return granted

    def give_back(self, amount: int) -> None:
        self._free += amount


class Capture:
    """The first `limit` bytes of a body. `cut` tells that there was more."""

    __slots__ = ("_borrowed", "_budget", "_limit", "_pieces", "_room", "cut")

    def __init__(self, limit: int, budget: Budget) -> None:
        self._budget = budget
        self._borrowed = 0
        self._room = min(limit, _ALLOWANCE)
        self._limit = limit - self._room  # what may still be asked for
        self._pieces: list[bytes] = []
        self.cut = False

    def add(self, data: bytes) -> None:
        """Keeps as much of `data` as there is room for."""
        size = len(data)
        if size <= self._room:
            self._room -= size
            self._pieces.append(data)
        elif not self.cut:
            self._add_large(data)

    def _add_large(self, data: bytes) -> None:
        self._borrow(len(data) - self._room)
        kept = data[: self._room]
        self._room -= len(kept)
        if kept:
            self._pieces.append(kept)
        self.cut = len(kept) < len(data)

    def _borrow(self, wanted: int) -> None:
        granted = self._budget.take(min(max(wanted, _STEP), self._limit))
        self._borrowed += granted
        self._limit -= granted
        self._room += granted

    def release(self) -> bytes:
        """All that was kept, in one piece; the memory goes back to the budget."""
        pieces, self._pieces = self._pieces, []
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._borrowed:
            self._budget.give_back(self._borrowed)
            self._borrowed = 0
        self._limit = self._room = 0
        return data
