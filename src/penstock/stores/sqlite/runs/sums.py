"""What calls come to: the sum of what they have ordered of runs, kept with each call, and whether that has changed.

One `Sums` for each transaction. It adds what a run's change makes of its calls' sums, and in the end says which of them
are others than they were told as. How a run changes is of no concern here.
"""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from penstock.runs.run import Charge, Run
from penstock.stores.runs import Stale
from penstock.stores.sqlite.runs.rows import create_of, is_over

_FIND: Final = "SELECT key, nano, unknown, open FROM creates WHERE call_id = ?"
_SET: Final = "UPDATE creates SET nano = ?, unknown = ?, open = ? WHERE key = ?"
_CHANGED: Final = (
    "UPDATE creates SET version = version + 1, waiting_us = coalesce(waiting_us, ?) WHERE key = ?"
)
_ORDERED: Final = "INSERT OR IGNORE INTO ordered (call, run) VALUES (?, ?)"
_NOT_ORDERED: Final = "DELETE FROM ordered WHERE call = ? AND run = ?"
_ANY: Final = "SELECT 1 FROM creates WHERE waiting_us IS NOT NULL LIMIT 1"
_EXPECTED: Final = "UPDATE creates SET told = ? WHERE key = ?"
_IN_TURN: Final = "FROM creates WHERE waiting_us IS NOT NULL ORDER BY waiting_us, key LIMIT ? OFFSET ?"
_TELL: Final = (
    "UPDATE creates SET telling = version, telling_nano = CASE WHEN unknown = 0 THEN nano END,"
    f" telling_final = open = 0 WHERE telling IS NULL AND key IN (SELECT key {_IN_TURN})"
)
_STALE: Final = f"SELECT sent, outcome, telling_nano, telling_final, telling, told {_IN_TURN}"
_TOLD: Final = (
    "UPDATE creates SET waiting_us = CASE WHEN version > telling THEN waiting_us END,"
    " told = coalesce(?, telling_nano, told), telling = NULL, telling_nano = NULL, telling_final = NULL"
    " WHERE call_id = ? AND telling = ?"
)


class Sum(NamedTuple):
    """Of some amounts: those that are known, how many are not, and how many are estimates."""

    nano: int = 0
    unknown: int = 0
    open: int = 0

    def plus(self, other: Sum, times: int = 1) -> Sum:
        """Both together."""
        return Sum(*(one + times * more for one, more in zip(self, other, strict=True)))

    @property
    def text(self) -> tuple[int | None, bool]:
        """What is told of it: the amount, None where that is unknown, and whether it is final."""
        return None if self.unknown else self.nano, not self.open


NOTHING: Final = Sum()


class _Call(NamedTuple):
    """A call as it is in the file, and what it comes to now."""

    key: int
    told: tuple[int | None, bool]
    now: Sum


class Sums:
    """Those that one transaction changes. The calls that nobody has written down have none."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._calls: dict[str, _Call | None] = {}

    def changed(self, run_key: int, before: Run | None, after: Run) -> None:
        """A run has become another one, or is new."""
        were, are = ({} if before is None else shares(before)), shares(after)
        for call_id in were.keys() | are.keys():
            was, now = were.get(call_id, NOTHING), are.get(call_id, NOTHING)
            call = self._call(call_id)
            if call is None:
                continue
            if call_id not in were:
                self._db.execute(_ORDERED, (call.key, run_key))
            elif call_id not in are:
                self._db.execute(_NOT_ORDERED, (call.key, run_key))
            if was != now:
                self._calls[call_id] = call._replace(now=call.now.plus(was, -1).plus(now))

    def add(self, charge: Charge) -> None:
        """What was ordered of a run that nobody knows: it will never be more certain than this."""
        call = self._call(charge.call_id)
        if call is not None:
            self._calls[charge.call_id] = call._replace(now=call.now.plus(share(charge, is_certain=False)))

    def told_as(self, call_id: str, told: Sum) -> None:
        """Who makes the call tells of it himself, and this is what it comes to for him."""
        call = self._call(call_id)
        if call is not None:
            self._calls[call_id] = call._replace(told=told.text)
            self._db.execute(_EXPECTED, (told.text[0], call.key))

    def store(self, now_us: int) -> None:
        """Writes down the sums, and which of them are to be told on."""
        for call in self._calls.values():
            if call is not None:
                self._db.execute(_SET, (*call.now, call.key))
                if call.now.text != call.told:
                    self._db.execute(_CHANGED, (now_us, call.key))

    def _call(self, call_id: str) -> _Call | None:
        if call_id not in self._calls:
            row = self._db.execute(_FIND, (call_id,)).fetchone()
            found = None if row is None else Sum(*row[1:])
            self._calls[call_id] = None if found is None else _Call(row[0], found.text, found)
        return self._calls[call_id]


def shares(run: Run) -> dict[str, Sum]:
    """What a run comes to for each of the calls that have ordered something of it."""
    found: dict[str, Sum] = {}
    is_certain = is_over(run)
    for charge in run.charges:
        found[charge.call_id] = found.get(charge.call_id, NOTHING).plus(share(charge, is_certain=is_certain))
    return found


def share(charge: Charge, *, is_certain: bool) -> Sum:
    """What one charge comes to. `is_certain`: it is no estimate, even where no final is known."""
    amount = charge.estimate if charge.final is None else charge.final
    return Sum(amount or 0, int(amount is None), int(charge.final is None and not is_certain))


def stale(db: sqlite3.Connection, limit: int, offset: int) -> list[Stale]:
    """Those that changed and were not told on, the longest waiting first, as they are now or were when first asked."""
    db.execute(_TELL, (limit, offset))
    found = []
    for sent, outcome, nano, is_final, version, was in db.execute(_STALE, (limit, offset)):
        create = create_of(sent, outcome)
        if create is not None:
            found.append(Stale(create, nano, bool(is_final), version, was))
    return found


def is_any_stale(db: sqlite3.Connection) -> bool:
    """Whether there is something to tell."""
    return db.execute(_ANY).fetchone() is not None


def told(db: sqlite3.Connection, call_id: str, version: int, counted: int | None) -> None:
    """A later change than that one is still to be."""
    db.execute(_TOLD, (counted, call_id, version))
