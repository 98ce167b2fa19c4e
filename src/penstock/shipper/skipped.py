"""What of the journal could not be brought into the ledger as it is: copies of it are kept, and it is said.

Whether something has to be skipped is the shipper's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from penstock.journal.reading import copy_range
from penstock.stores.aside import note
from penstock.stores.ledger import Move

DAMAGED = "damaged"
"""Below the journal's directory: the copies."""

Say = Callable[[str], None]


class Skipped:
    """Of the journal in `folder`; `say` gets a line for each."""

    def __init__(self, folder: Path, say: Say) -> None:
        self._folder = folder
        self._say = say

    def copy(self, fd: int, move: Move) -> Path:
        """Keeps a copy of a part of a segment; where it is."""
        copy = self._folder / DAMAGED / f"{move.segment}.{move.start}-{move.end}"
        copy_range(fd, move.start, move.end, copy)
        return copy

    def tell(self, done: str, move: Move, why: str, copy: Path) -> None:
        """In the log, and among what was set aside."""
        what = f"{done} bytes {move.start} to {move.end} of {move.segment}: {why}"
        self._say(f"{what}. A copy is in {copy}")
        note(self._folder, what, str(copy.relative_to(self._folder.parent)))
