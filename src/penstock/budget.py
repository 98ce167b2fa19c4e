"""Bytes that many may hold together: who takes some has to give them back. No waiting, no clocks, no I/O.

A budget may lie within another one, and then takes from both. Who waits for room, and who has to go when there is
none, is `proxy/room.py`'s affair.
"""

from __future__ import annotations


class Budget:
    """`size` bytes. Within another budget it leaves `leave` bytes of that one to others."""

    __slots__ = ("_leave", "_within", "free")

    def __init__(self, size: int, within: Budget | None = None, leave: int = 0) -> None:
        self.free = size  # below zero where more was forced on it
        self._within = within
        self._leave = leave

    @property
    def left(self) -> int:
        """Bytes that could be taken now."""
        if self._within is None:
            return self.free
        return min(self.free, self._within.left - self._leave)

    def take(self, amount: int) -> int:
        """Up to `amount` bytes, less when little is left."""
        granted = max(0, min(amount, self.free))
        if self._within is not None:
            granted = self._within.take(min(granted, max(0, self._within.free - self._leave)))
        self.free -= granted
        return granted

    def force(self, amount: int) -> None:
        """Counts bytes that are there already, whether or not there is room for them."""
        self.free -= amount
        if self._within is not None:
            self._within.force(amount)

    def give_back(self, amount: int) -> None:
        self.free += amount
        if self._within is not None:
            self._within.give_back(amount)
