"""Looking at what workers share, which is LMDB, before they touch it; and setting it aside.

For a process without threads and without an event loop: it forks another one, which may die of what it looks at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from penstock.stores.aside import set_aside
from penstock.stores.lmdb import counters as lmdb_counters
from penstock.stores.lmdb import inspection
from penstock.stores.lmdb import replies as lmdb_replies
from penstock.stores.lmdb.environment import DATA_FILE
from penstock.stores.lmdb.inspection import State, Verdict
from penstock.stores.lmdb.place import SUSPECT
from penstock.stores.lmdb.structure import Check
from penstock.stores.opening import Stores

__all__ = ["SharedStore", "State", "Verdict", "shared_stores"]


class SharedStore(NamedTuple):
    """One of the stores that workers share."""

    folder: Path
    checks: Mapping[bytes, Check]
    lost: str  # what is lost with it

    def inspect(self, seconds: float) -> Verdict:
        """Looks at all of it, for so many seconds at most. Raises `OSError` where no process can be started."""
        return inspection.inspect(self.folder, self.checks, seconds)

    def suspicion(self) -> str:
        """What a worker suspects it of; empty if nothing. A mark is there once: looking takes it away."""
        mark = self.folder / SUSPECT
        try:
            why = mark.read_text(errors="replace")
            mark.unlink()
        except OSError:
            return ""
        return why or "a worker suspects it"

    def set_aside(self, why: str) -> str:
        """Gives it another name; workers see it, and make it anew. What is to be said. Raises `OSError`."""
        return set_aside(self.folder, why, self.lost).text

    def sync(self) -> None:
        """Waits until the disk has it."""
        with suppress(OSError):
            descriptor = os.open(self.folder / DATA_FILE, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def shared_stores(stores: Stores) -> tuple[SharedStore, ...]:
    """All of them."""
    return (
        SharedStore(stores.data / lmdb_counters.FOLDER, lmdb_counters.CHECKS, "limits begin anew"),
        SharedStore(
            stores.data / lmdb_replies.FOLDER,
            lmdb_replies.CHECKS,
            "answers are asked for again, and an Idempotency-Key that was used counts as new",
        ),
    )
