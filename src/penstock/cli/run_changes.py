"""Which runs are new, or others than they were, since one last looked: what `penstock runs --follow` prints.

The run ledger counts no changes, so what one knows is held against what is there. The work is bounded: watched are some
of the newest that are asked for, and of older ones those that go on.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.runs.run import Run, SeenBy
from penstock.stores.runs import RunQuery, RunReader

WATCHED: Final = 500
"""So many of the newest runs are looked at each time, and so many active ones that are older."""


class RunChanges:
    """The runs that a question is about, as they come and change."""

    def __init__(self, runs: RunReader, where: RunQuery, watched: int = WATCHED) -> None:
        self._runs = runs
        self._where = where
        self._watched = watched
        self._known: dict[str, Run] = {}
        self._oldest_us = 0  # of those that are looked at, where there are older ones

    def first(self, limit: int) -> list[Run]:
        """The newest, the oldest of them first; from then on they are known."""
        found = self._runs.runs(self._where, max(limit, self._watched))
        self._take(found[: self._watched], {})
        return found[:limit][::-1]

    def more(self) -> list[Run]:
        """What is new since then, or has changed. A run that is not asked for any more, for what it has become, is
        told of once more.
        """
        found = self._runs.runs(self._where, self._watched)
        here = {run.id for run in found}
        changed = [run for run in reversed(found) if self._is_news(run)]
        older = {}
        for run_id, was in self._known.items():
            run = self._runs.get(run_id) if was.is_active and run_id not in here else None
            if run is None:
                continue
            if _plain(run) != was:
                changed.append(run)
            if run.is_active and self._is_full(found) and run.created_us <= found[-1].created_us:
                older[run_id] = _plain(run)
        self._take(found, older)
        return changed

    def _is_news(self, run: Run) -> bool:
        """One that is unknown and older than all that were looked at has only moved up."""
        was = self._known.get(run.id)
        return run.created_us >= self._oldest_us if was is None else _plain(run) != was

    def _take(self, found: list[Run], older: dict[str, Run]) -> None:
        newest_of_them = list(older.items())[: self._watched]
        self._known = {run.id: _plain(run) for run in found} | dict(newest_of_them)
        self._oldest_us = found[-1].created_us if self._is_full(found) else 0

    def _is_full(self, found: list[Run]) -> bool:
        return len(found) >= self._watched


def _plain(run: Run) -> Run:
    """Without what says only that somebody has looked."""
    return msgspec.structs.replace(run, seen_us=0, seen_by=SeenBy.CREATE, modified_us=None)
