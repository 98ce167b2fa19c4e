"""The SQLite run ledger as workers and the keeper have it: each verb is one short transaction of one file.

Verbs that change something take the lock first, so that what they read is still so when they write. A damaged file is
set aside and the verb done in a new one (`file.py`), for the gateway is worth more than what it remembers of runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from penstock.runs.evidence import evidence
from penstock.runs.hooks import Hook, HookEvent
from penstock.runs.run import Create, Run
from penstock.stores.hooks import Arrived, HookDue, HookQuery, Places, Taken
from penstock.stores.runs import Due, Kept, Made, Moment, RestsOn, Result, RunQuery, Seen, Stale
from penstock.stores.sqlite.runs import creates, hook_rows, looks, reading, seeing, sums
from penstock.stores.sqlite.runs import hooks as sqlite_hooks
from penstock.stores.sqlite.runs.file import RunsDamaged, RunsFile, transaction
from penstock.stores.sqlite.runs.rows import MOST_ANSWER, MOST_RESULT, compressed, storable, whole
from penstock.stores.sqlite.runs.seeing import Packed
from penstock.stores.sqlite.runs.shelf import Shelf
from penstock.stores.sqlite.runs.sums import Sums

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_READ, _WRITE = "BEGIN", "BEGIN IMMEDIATE"


class SqliteRunLedger:
    """The runs in one file, which is made when a verb is first used. To be used by one thread at a time, whichever.

    It is opened in the process that uses it, and not carried over a fork.
    """

    def __init__(self, path: Path, busy_seconds: float = 5.0) -> None:
        """`busy_seconds`: how long one waits for others who write."""
        self._file = RunsFile(path, busy_seconds)

    def intend(self, create: Create) -> Create | None:
        return self._done(_WRITE, lambda db: creates.intend(db, create))

    def done_like(self, create: Create, since_us: int) -> Create | None:
        return self._done(_READ, lambda db: creates.done_like(db, create, since_us))

    def made(self, made: Made) -> None:
        answer = compressed(made.answer, MOST_ANSWER)
        made = made._replace(
            runs=[storable(run) for run in made.runs],
            charges=[(run_id, storable(charge)) for run_id, charge in made.charges],
        )

        def work(db: sqlite3.Connection) -> None:
            totals = Sums(db)
            creates.made(db, Shelf(db, totals), totals, made, answer)
            totals.store(made.answered_us)

        self._done(_WRITE, work)

    def saw(self, seen: Sequence[Seen]) -> list[Run]:
        if not seen:
            return []
        seen = [one._replace(sighting=storable(one.sighting)) for one in seen]
        packed = [self._packed(one) for one in seen]

        def work(db: sqlite3.Connection) -> list[Run]:
            totals = Sums(db)
            shelf = Shelf(db, totals)
            ended = [run for one in packed if (run := seeing.saw(shelf, one)) is not None]
            totals.store(max(one.now_us for one in seen))
            return ended

        return self._done(_WRITE, work)

    def lost(self, before_us: int) -> int:
        return self._done(_WRITE, lambda db: creates.lost(db, before_us))

    def due(self, now_us: int, holder: str, lease_us: int, limit: int) -> list[Due]:
        return self._done(_WRITE, lambda db: looks.due(db, now_us, holder, lease_us, limit))

    def looked(self, run_id: str, next_us: int, failures: int, flag: str = "") -> None:
        self._done(_WRITE, lambda db: looks.looked(db, Shelf(db, Sums(db)), run_id, next_us, failures, flag))

    def stale(self, limit: int, offset: int = 0) -> list[Stale]:
        if not self._done(_READ, sums.is_any_stale):  # as a rule, and then nobody has to wait for the lock
            return []
        return self._done(_WRITE, lambda db: sums.stale(db, limit, offset))

    def told(self, call_id: str, version: int, counted: int | None = None) -> None:
        self._done(_WRITE, lambda db: sums.told(db, call_id, version, counted))

    def forget(self, before_us: int, limit: int) -> int:
        return self._done(_WRITE, lambda db: looks.forget(db, Shelf(db, Sums(db)), before_us, limit))

    def runs(self, where: RunQuery, limit: int, offset: int = 0) -> list[Run]:
        return self._done(_READ, lambda db: reading.runs(db, where, limit, offset))

    def count(self, where: RunQuery) -> int:
        return self._done(_READ, lambda db: reading.count(db, where))

    def states(self, where: RunQuery) -> dict[str, int]:
        return self._done(_READ, lambda db: reading.states(db, where))

    def reach(self, until_us: int | None, effort: int) -> int | None:
        return self._done(_READ, lambda db: reading.reach(db, until_us, effort))

    def get(self, run_id: str) -> Run | None:
        return self._done(_READ, lambda db: reading.get(db, run_id))

    def find(self, part: str, limit: int) -> list[str]:
        return self._done(_READ, lambda db: reading.find(db, part, limit))

    def moments(self, run_id: str) -> list[Moment]:
        return self._done(_READ, lambda db: reading.moments(db, run_id))

    def result(self, run_id: str) -> Result | None:
        return self._done(_READ, lambda db: reading.result(db, run_id))

    def results(self, where: RunQuery, limit: int, after: int = 0) -> list[Kept]:
        return self._done(_READ, lambda db: reading.results(db, where, limit, after))

    def rests(self, where: RunQuery, limit: int) -> list[RestsOn]:
        return self._done(_READ, lambda db: reading.rests_on(db, where, limit))

    def hooked(self, hooks: Sequence[Hook]) -> None:
        if hooks:
            hooks = [hook._replace(url=whole(hook.url)) for hook in hooks]
            self._done(_WRITE, lambda db: sqlite_hooks.hooked(db, hooks))

    def hook_urls(self, account: str, gateway: str, ids: Collection[str]) -> dict[str, str]:
        return self._done(_READ, lambda db: sqlite_hooks.urls(db, account, gateway, ids))

    def received(self, arrived: Arrived) -> Taken:
        def work(db: sqlite3.Connection) -> Taken:
            totals = Sums(db)
            taken = sqlite_hooks.received(db, totals, arrived)
            totals.store(arrived.now_us)
            return taken

        return self._done(_WRITE, work)

    def hooks_due(self, now_us: int, holder: str, lease_us: int, places: Places) -> list[HookDue]:
        if not self._done(_READ, lambda db: sqlite_hooks.is_any_due(db, now_us)):  # as a rule
            return []
        return self._done(_WRITE, lambda db: sqlite_hooks.due(db, now_us, holder, lease_us, places))

    def hook_sent(self, number: int, now_us: int) -> None:
        self._done(_WRITE, lambda db: sqlite_hooks.sent(db, number, now_us))

    def hook_failed(
        self, number: int, now_us: int, error: str, after: float | None = None
    ) -> HookEvent | None:
        return self._done(_WRITE, lambda db: sqlite_hooks.not_sent(db, number, now_us, error, after))

    def replay(self, numbers: Sequence[int], now_us: int) -> int:
        return self._done(_WRITE, lambda db: sqlite_hooks.replay(db, numbers, now_us))

    def tidy_hooks(self, now_us: int) -> int:
        def work(db: sqlite3.Connection) -> int:
            totals = Sums(db)
            claimed = sqlite_hooks.tidy(db, totals, now_us)
            totals.store(now_us)
            return claimed

        return self._done(_WRITE, work)

    def hook_event(self, number: int) -> HookEvent | None:
        return self._done(_READ, lambda db: hook_rows.one(db, number))

    def hook_events(self, where: HookQuery, limit: int) -> list[HookEvent]:
        return self._done(_READ, lambda db: hook_rows.events(db, where, limit))

    def find_hook_events(self, part: str, limit: int) -> list[HookEvent]:
        return self._done(_READ, lambda db: hook_rows.find(db, part, limit))

    def hook_body(self, number: int) -> bytes:
        return self._done(_READ, lambda db: hook_rows.body(db, number))

    def close(self) -> None:
        """Let go of the file. A later verb would open it again."""
        self._file.close()

    def _packed(self, seen: Seen) -> Packed:
        """Its result compressed and read while nobody waits for the lock; not at all where it is kept already."""
        if not seen.result or self._done(_READ, lambda db: reading.has_result(db, seen.sighting.id)):
            return Packed(seen)
        result = compressed(seen.result, MOST_RESULT)
        return Packed(seen, result, evidence(seen.result)) if result else Packed(seen)

    def _done(self, begin: str, work: Work[T]) -> T:
        try:
            return self._try(begin, work)
        except RunsDamaged as error:
            self._file.begin_anew(str(error))
            return self._try(begin, work)

    def _try(self, begin: str, work: Work[T]) -> T:
        db = self._file.connection()
        with transaction(db, begin):
            return work(db)
