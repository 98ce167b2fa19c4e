"""The nouns of a delivery: what goes out in one piece, to whom, and how that can fail.

No I/O here, and nothing of what is in the records.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from penstock.stores.ledger import Bodies, CallRow


class Refused(Exception):
    """The receiver will never take this. The text says why, and holds no secret."""


class Parcel(NamedTuple):
    """Records that go out together: of calls whose arrival numbers are `first` … `last`, begun at `at_us`.

    A parcel that is sent again after a crash has the same three numbers.
    """

    first: int
    last: int
    at_us: int
    records: Sequence[bytes]


class Outlet(Protocol):
    """One receiver, and the form in which it gets calls."""

    def encode(self, row: CallRow, bodies: Bodies | None) -> bytes | None:
        """The record of a call; None where this receiver gets none of it. `bodies` None: none were kept."""

    async def deliver(self, parcel: Parcel) -> None:
        """Returns when the receiver has it. Raises `TryAgain`, `Refused`."""
