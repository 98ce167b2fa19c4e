"""The directory as it was last read, kept until it changes: with thousands of tokens reading it all takes longer than
most of what is then looked up in it.

Each change has a number, which is asked for every time: what is kept is never older than what is stored. Where the
number cannot be told, or differs, the directory is read. For looking only: who changes something reads it anew.
"""

from __future__ import annotations

from penstock.stores.control_store import ControlStore, Snapshot


class KeptDirectory:
    """One snapshot, shared by the threads of a worker: a reference is swapped, and nothing of it ever changes."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: Snapshot | None = None

    def snapshot(self, store: ControlStore) -> Snapshot:
        """As the store would give it now. Raises `ControlStoreUnavailable` as that does."""
        kept, version = self._kept, store.version()
        if kept is not None and version == kept.version:
            return kept
        found = store.snapshot()
        self._kept = found
        return found
