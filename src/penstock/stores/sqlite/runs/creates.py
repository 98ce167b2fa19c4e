"""What is sent to make runs: written down before it leaves, and how it was answered; which request repeats another.

Within a transaction of somebody else's. What becomes of the runs that were made is in `seeing.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from penstock.runs.money import COMPLETED
from penstock.runs.run import Charge, Create, Outcome
from penstock.stores.runs import REPEATED_US, Made
from penstock.stores.sqlite.runs.rows import create_of, likeness, packed_create
from penstock.stores.sqlite.runs.seeing import made as run_made
from penstock.stores.sqlite.runs.seeing import ordered
from penstock.stores.sqlite.runs.shelf import Shelf
from penstock.stores.sqlite.runs.sums import NOTHING, Sum, Sums, share, shares

_INTENT, _MADE, _REFUSED, _UNKNOWN = (
    one.value for one in (Outcome.INTENT, Outcome.MADE, Outcome.REFUSED, Outcome.UNKNOWN)
)
_MOST_ATTEMPTS: Final = 1_000_000

_IS_THERE: Final = "SELECT 1 FROM creates WHERE call_id = ?"
_ADD: Final = "INSERT INTO creates (call_id, alike, sent_us, outcome, sent) VALUES (?, ?, ?, ?, ?)"
# Two requests with one body may both be under way: what is sent a second time repeats one that was sent once.
_REPEATED: Final = (
    f"SELECT key, sent, outcome, answer FROM creates WHERE alike = ? AND sent_us >= ? AND outcome <> '{_REFUSED}'"
    " ORDER BY repeats = ? DESC, sent_us DESC, key DESC LIMIT 1"
)
_DONE: Final = (
    "SELECT c.sent, c.outcome, c.answer FROM creates c JOIN ordered o ON o.call = c.key JOIN runs r ON r.key = o.run"
    f" WHERE c.alike = ? AND c.sent_us >= ? AND c.outcome = '{_MADE}' AND r.state = '{COMPLETED}'"
    " ORDER BY c.sent_us DESC, c.key DESC LIMIT 1"
)
_COUNT: Final = "UPDATE creates SET repeats = repeats + 1 WHERE key = ?"
_FIND: Final = "SELECT key, sent, outcome FROM creates WHERE call_id = ?"
_ANSWERED: Final = "UPDATE creates SET outcome = ?, sent = ?, answer = ? WHERE key = ?"
_LOST: Final = f"UPDATE creates SET outcome = '{_UNKNOWN}' WHERE outcome = '{_INTENT}' AND sent_us < ?"


def intend(db: sqlite3.Connection, create: Create) -> Create | None:
    """Writes it down, or gives what it repeats. Nothing where it is written down already."""
    if db.execute(_IS_THERE, (create.call_id,)).fetchone() is not None:
        return None
    alike = likeness(create)
    earlier = _repeated(db, create, alike)
    if earlier is None:
        row = (create.call_id, alike, create.sent_us, create.outcome.value, packed_create(create))
        db.execute(_ADD, row)
    return earlier


def done_like(db: sqlite3.Connection, create: Create, since_us: int) -> Create | None:
    """The latest one without a key that asked for the same, and whose run has completed."""
    alike = likeness(replace(create, key=b""))
    row = db.execute(_DONE, (alike, since_us)).fetchone()
    return None if row is None else create_of(*row)


def made(db: sqlite3.Connection, shelf: Shelf, sums: Sums, told: Made, answer: bytes) -> None:
    """How it was answered, and what that has made. `answer` is the compressed one.

    That it has made something is the last word; else the latest word counts.
    """
    row = db.execute(_FIND, (told.call_id,)).fetchone()
    is_first = row is None or row[2] != _MADE
    if row is not None and is_first:
        _answered(db, row, told, answer)
    for run in told.runs:
        run_made(shelf, run, told.answered_us)
    charges = []
    for run_id, charge in told.charges:
        known = ordered(shelf, run_id, charge, told.answered_us)
        charges.append(known or charge)
        if known is None and is_first:
            sums.add(charge)
    if row is not None and is_first:
        sums.told_as(told.call_id, _expected(told, charges))


def lost(db: sqlite3.Connection, before_us: int) -> int:
    """Those under way since before then are unknown; how many."""
    return db.execute(_LOST, (before_us,)).rowcount


def _repeated(db: sqlite3.Connection, create: Create, alike: bytes) -> Create | None:
    """Newest first. With a key it repeats whatever had the same one, however long ago."""
    attempt = min(create.attempt or 0, _MOST_ATTEMPTS)
    if not create.key and attempt <= 0:
        return None
    since_us = 0 if create.key else create.sent_us - REPEATED_US
    row = db.execute(_REPEATED, (alike, since_us, attempt - 1)).fetchone()
    if row is None:
        return None
    db.execute(_COUNT, (row[0],))
    return create_of(*row[1:])


def _answered(db: sqlite3.Connection, row: tuple[int, str, str], told: Made, answer: bytes) -> None:
    key, sent, outcome = row
    create = create_of(sent, outcome)
    if create is not None:
        create = replace(
            create,
            answered_us=told.answered_us,
            status=told.status,
            content_type=told.content_type,
            receipts=told.receipts,
            custom=told.custom,
        )
        sent = packed_create(create)
    kept = b"" if told.outcome is Outcome.REFUSED else answer  # nobody repeats what was refused
    db.execute(_ANSWERED, (told.outcome.value, sent, kept, key))


def _expected(told: Made, charges: Sequence[Charge]) -> Sum:
    """What who makes the call takes it to cost: also where an end was seen before. `charges`: with their estimates."""
    found = NOTHING
    for run in told.runs:
        found = found.plus(shares(run).get(told.call_id, NOTHING))
    for charge in charges:
        if charge.call_id == told.call_id:
            found = found.plus(share(replace(charge, final=None), is_certain=False))
    return found
