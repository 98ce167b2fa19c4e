"""Runs as one transaction finds and leaves them: looked up, stored where they changed, with time line and result.

Whatever a run becomes is stored here, with what its calls come to (`sums.py`), so that neither is ever without the
other. What it becomes is decided elsewhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from penstock.runs.evidence import Evidence
from penstock.runs.run import Run, SeenBy, Sighting
from penstock.stores.runs import Moment
from penstock.stores.sqlite.runs import rests
from penstock.stores.sqlite.runs.rows import (
    RUN_COLUMNS,
    digest,
    is_watched,
    packed_run,
    run_of,
    run_row,
)
from penstock.stores.sqlite.runs.sums import Sums

MOST_MOMENTS: Final = 500
"""Of one run's time line: its first, and the latest."""

MOST_EXECUTIONS: Final = 1000
"""So many names of a monitor's executions are remembered, the latest; the provider tells of some 300."""

MOST_STRANGERS: Final = 10_000
"""So many runs that nobody has made are remembered, those of which something was learned last."""

_MOST_STRANGER: Final = 16 * 1024  # bytes of one of them

_FIND: Final = "SELECT key, run FROM runs WHERE id = ?"
_ADD: Final = (
    f"INSERT INTO runs ({', '.join(RUN_COLUMNS)}, ended_us, next_us)"
    f" VALUES ({', '.join(f':{name}' for name in RUN_COLUMNS)},"
    " CASE WHEN :active THEN NULL ELSE :now END, CASE WHEN :watched THEN :now END)"
)
_SET: Final = (
    f"UPDATE runs SET {', '.join(f'{name} = :{name}' for name in RUN_COLUMNS)},"
    " ended_us = CASE WHEN :active THEN NULL ELSE coalesce(ended_us, :now) END,"
    " next_us = CASE WHEN :watched THEN coalesce(next_us, :now) END WHERE key = :key"
)
_FLAG: Final = "UPDATE runs SET run = ? WHERE key = ?"
_NEXT_MOMENT: Final = "SELECT coalesce(max(number) + 1, 0) FROM moments WHERE run = ?"
_ADD_MOMENT: Final = "INSERT INTO moments VALUES (?, ?, ?, ?, ?)"
_CUT_MOMENTS: Final = "DELETE FROM moments WHERE run = ? AND number BETWEEN 1 AND ?"
_ADD_RESULT: Final = "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?)"
_DROP_RESULT: Final = "DELETE FROM results WHERE run = ?"
_ADD_EXECUTION: Final = "INSERT OR IGNORE INTO executions (run, name) VALUES (?, ?)"
_CUT_EXECUTIONS: Final = (
    "DELETE FROM executions WHERE run = ? AND number <="
    " (SELECT number FROM executions WHERE run = ? ORDER BY number DESC LIMIT 1 OFFSET ?)"
)
_STRANGER: Final = "SELECT run FROM strangers WHERE id = ?"
_STRANGERS_OF: Final = "SELECT run FROM strangers WHERE parent = ? AND parent <> '' ORDER BY number"
_ADD_STRANGER: Final = "INSERT INTO strangers (id, parent, seen_us, run) VALUES (?, ?, ?, ?)"
_DROP_STRANGER: Final = "DELETE FROM strangers WHERE id = ?"
_CUT_STRANGERS: Final = "DELETE FROM strangers WHERE number <= (SELECT max(number) - ? FROM strangers)"


class Shelf:
    """The runs of the file, for one transaction."""

    def __init__(self, db: sqlite3.Connection, sums: Sums) -> None:
        self._db = db
        self._sums = sums

    def find(self, run_id: str) -> tuple[int, Run] | None:
        """A run with its key; None where there is none, or a damaged one, which then is gone."""
        row = self._db.execute(_FIND, (run_id,)).fetchone()
        if row is None:
            return None
        run = run_of(row[1])
        if run is None:
            self.delete(row[0])
            return None
        return row[0], run

    def add(self, run: Run, now_us: int) -> int:
        """A run that was not there; its key. Whoever is to look at it may do so at once."""
        values = {**run_row(run), "watched": is_watched(run), "now": now_us}
        key = self._db.execute(_ADD, values).lastrowid or 0
        self._sums.changed(key, None, run)
        return key

    def store(self, key: int, before: Run, after: Run, now_us: int, by: SeenBy) -> None:
        """What has become of a run; nothing where it is the same."""
        if after == before:
            return
        self._db.execute(_SET, {**run_row(after), "watched": is_watched(after), "now": now_us, "key": key})
        if after.state != before.state:
            self.add_moment(key, Moment(now_us, after.state, by))
        if after.revision > before.revision and after.is_active:
            self._db.execute(_DROP_RESULT, (key,))  # more is to come
            rests.drop(self._db, key)
        self._sums.changed(key, before, after)

    def add_moment(self, key: int, moment: Moment) -> None:
        """One more step of a run's time line."""
        (number,) = self._db.execute(_NEXT_MOMENT, (key,)).fetchone()
        self._db.execute(_ADD_MOMENT, (key, number, moment.at_us, moment.state, moment.by.value))
        if number >= MOST_MOMENTS:
            self._db.execute(_CUT_MOMENTS, (key, number - MOST_MOMENTS + 1))

    def flag(self, key: int, run: Run, flag: str) -> None:
        """Puts a flag on a run."""
        if flag not in run.flags:
            self._db.execute(_FLAG, (packed_run(replace(run, flags=(*run.flags, flag))), key))

    def keep_result(
        self, key: int, packed: bytes, content_type: str, now_us: int, rests_on: Evidence
    ) -> None:
        """The compressed result of a run, and what it rests on; the first one stays."""
        if self._db.execute(_ADD_RESULT, (key, now_us, content_type, packed)).rowcount == 1:
            rests.add(self._db, key, rests_on)

    def news(self, key: int, sighting: Sighting) -> Sighting:
        """That sighting with those of its executions that were not counted yet, which now are."""
        if not sighting.executions:
            return sighting
        fresh = tuple(
            name
            for name in dict.fromkeys(sighting.executions)
            if self._db.execute(_ADD_EXECUTION, (key, digest(name))).rowcount == 1
        )
        if fresh:
            self._db.execute(_CUT_EXECUTIONS, (key, key, MOST_EXECUTIONS))
        return replace(sighting, executions=fresh)

    def delete(self, key: int) -> None:
        """A run with all that belongs to it, but what its calls have come to."""
        for table in ("moments", "results", "executions", "ordered", *rests.TABLES):
            self._db.execute(f"DELETE FROM {table} WHERE run = ?", (key,))
        self._db.execute("DELETE FROM runs WHERE key = ?", (key,))

    def stranger(self, run_id: str) -> Run | None:
        """What is known of a run that nobody has made."""
        row = self._db.execute(_STRANGER, (run_id,)).fetchone()
        return None if row is None else run_of(row[0])

    def strangers_of(self, parent: str) -> Iterator[Run]:
        """Those that were seen in a group."""
        for (packed,) in self._db.execute(_STRANGERS_OF, (parent,)).fetchall():
            run = run_of(packed)
            if run is not None:
                yield run

    def keep_stranger(self, run: Run, now_us: int) -> None:
        """Remembers what is known of it, as long as not too many are known since."""
        packed = packed_run(run)
        self.drop_stranger(run.id)
        if len(packed) <= _MOST_STRANGER:
            self._db.execute(_ADD_STRANGER, (run.id, run.parent, now_us, packed))
            self._db.execute(_CUT_STRANGERS, (MOST_STRANGERS,))

    def drop_stranger(self, run_id: str) -> None:
        """Somebody has made it."""
        self._db.execute(_DROP_STRANGER, (run_id,))
