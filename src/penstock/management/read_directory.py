"""The directory as it was read last, for as long as it is the same: who only looks need not read all of it again.

Every request asks whose token it brings, and a directory may hold thousands. Nothing is believed for a while: each look
asks the store which edition it is, so that a change counts at once.
"""

from __future__ import annotations

from penstock.stores.control_store import ControlStore, Edition, Snapshot


class ReadDirectory:
    """Of one worker; any of its threads may use it."""

    def __init__(self) -> None:
        self._kept: tuple[Edition, Snapshot] | None = None

    def snapshot(self, store: ControlStore) -> Snapshot:
        """What the store has now. Raises `ControlStoreError`."""
        edition, kept = store.edition(), self._kept
        if kept is not None and kept[0] == edition:
            return kept[1]
        found = store.snapshot()
        same = edition is not None and edition.version == found.version
        self._kept = (edition, found) if edition is not None and same else None
        return found
