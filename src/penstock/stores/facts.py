"""What can be said of a store from outside, without using it: how far it has come, how full it is.

Nouns, and what goes wrong with looking. How an engine finds out is in its folder; who asks is `doctor/` and
`/metrics`.
"""

from __future__ import annotations

from typing import NamedTuple


class Unreadable(Exception):
    """The store cannot be read as what it should be; the text says why."""


class Truncated(Unreadable):
    """There is less of it than it says of itself: reading it could end the process."""


class LedgerFacts(NamedTuple):
    """How far a ledger has come."""

    calls: int  # that ever arrived
    newest_us: int | None  # when the newest call began
    positions: dict[str, int]  # bytes stored, by journal segment


class Usage(NamedTuple):
    """How full a store of limited size is, in bytes."""

    map: int  # what it may grow to
    file: int
    used: int  # by what holds something

    @property
    def share(self) -> float:
        """How much of the room is in use, from 0 to 1."""
        return self.used / self.map if self.map else 0.0
