"""The SQLite run ledger opened for reading only, beside those who write it: for commands and the management API.

Each verb sees one state of it. What is asked is in `reading.py`; who writes reads with `ledger.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from penstock.runs.hooks import HookEvent
from penstock.runs.run import Run
from penstock.stores.hooks import HookQuery
from penstock.stores.runs import Kept, Moment, RestsOn, Result, RunQuery, RunsUnavailable
from penstock.stores.sqlite.looking import identity
from penstock.stores.sqlite.runs import hook_rows, reading
from penstock.stores.sqlite.runs.file import opened_to_read, transaction


class SqliteRunReader:
    """A file of runs. May be used from any thread, one at a time. Raises `RunsUnavailable` where there is none."""

    def __init__(self, path: Path, busy_seconds: float = 5.0) -> None:
        self._db = opened_to_read(path, busy_seconds)
        self._path, self._opened = path, identity(path)

    def runs(self, where: RunQuery, limit: int, offset: int = 0) -> list[Run]:
        with self._view() as db:
            return reading.runs(db, where, limit, offset)

    def count(self, where: RunQuery) -> int:
        with self._view() as db:
            return reading.count(db, where)

    def states(self, where: RunQuery) -> dict[str, int]:
        with self._view() as db:
            return reading.states(db, where)

    def reach(self, until_us: int | None, effort: int) -> int | None:
        with self._view() as db:
            return reading.reach(db, until_us, effort)

    def get(self, run_id: str) -> Run | None:
        with self._view() as db:
            return reading.get(db, run_id)

    def find(self, part: str, limit: int) -> list[str]:
        with self._view() as db:
            return reading.find(db, part, limit)

    def moments(self, run_id: str) -> list[Moment]:
        with self._view() as db:
            return reading.moments(db, run_id)

    def result(self, run_id: str) -> Result | None:
        with self._view() as db:
            return reading.result(db, run_id)

    def results(self, where: RunQuery, limit: int, after: int = 0) -> list[Kept]:
        with self._view() as db:
            return reading.results(db, where, limit, after)

    def rests(self, where: RunQuery, limit: int) -> list[RestsOn]:
        with self._view() as db:
            return reading.rests_on(db, where, limit)

    def hook_event(self, number: int) -> HookEvent | None:
        with self._view() as db:
            return hook_rows.one(db, number)

    def hook_events(self, where: HookQuery, limit: int) -> list[HookEvent]:
        with self._view() as db:
            return hook_rows.events(db, where, limit)

    def find_hook_events(self, part: str, limit: int) -> list[HookEvent]:
        with self._view() as db:
            return hook_rows.find(db, part, limit)

    def hook_body(self, number: int) -> bytes:
        with self._view() as db:
            return hook_rows.body(db, number)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def _view(self) -> Iterator[sqlite3.Connection]:
        if identity(self._path) != self._opened:
            raise RunsUnavailable(
                "another file has taken the place of the runs, or they were deleted: open them anew"
            )
        with transaction(self._db, "BEGIN"):
            yield self._db
