"""The tables of the SQLite ledger, and the steps that bring an older file up to date.

The columns of `calls` are those of `CallRow`; one that came later brings its step. How steps are taken is in
`sqlite/migrations.py`. No reading or writing of calls here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from penstock.stores.call_columns import FIRST, Column
from penstock.stores.sqlite.ledger.columns import IN_FILE, declared, is_never_null
from penstock.stores.sqlite.ledger.fields import NUMBERS, UNKNOWN, is_zoned
from penstock.stores.sqlite.migrations import Migration
from penstock.stores.sqlite.rollups.schema import TABLES as ROLLUPS
from penstock.stores.sqlite.rollups.schema import WITH_ESTIMATES, WITH_NARROWER, WITH_OPERATIONS
from penstock.stores.sqlite.rollups.sketches import add_sketches

# Columns that are filtered by come first, for SQLite unpacks a row only as far as it is asked for.
_COLUMNS = ",\n    ".join(declared(column) for column in IN_FILE if not column.is_later)
_CALLS = f"CREATE TABLE calls (\n    {_COLUMNS}\n)"

# `event_id` is NULL where it is the id, which is nearly always.
_EVENTS = "CREATE INDEX calls_event ON calls (event_id) WHERE event_id IS NOT NULL"

_BODIES = """
CREATE TABLE bodies (
    key INTEGER PRIMARY KEY,
    form INTEGER NOT NULL,
    request BLOB NOT NULL,
    response BLOB NOT NULL
)"""

# The metadata by which a call is in the roll-ups, where it has been changed since. NULL: it had none.
_COUNTED = "CREATE TABLE counted (key INTEGER PRIMARY KEY, metadata TEXT)"

# Calls whose first choice of a key was taken: a copy of one of them would find that key free again.
_MOVED = "CREATE TABLE moved (id BLOB PRIMARY KEY) WITHOUT ROWID"

_NAMES = """
CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    field INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (field, text)
)"""

_PLACES = """
CREATE TABLE places (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    calls INTEGER NOT NULL,
    UNIQUE (account, gateway)
)"""

# What calls there are in a block of keys, in place of indexes (`zones.py`). A block reaches to the start
# of the next one; the last is the tail, of which nothing is known yet.
#
# A shelf is some blocks that follow each other. The values of its blocks stand together, so that to count one
# more block changes few pages; to look for a value is to look at each shelf.
_BLOCKS = "CREATE TABLE blocks (start INTEGER PRIMARY KEY, shelf INTEGER NOT NULL)"
_BOUNDS = ",\n    ".join(
    f"{name}_known INTEGER NOT NULL,\n    {name}_least INTEGER,\n    {name}_most INTEGER" for name in NUMBERS
)
_ZONES = f"""
CREATE TABLE zones (
    place INTEGER NOT NULL,
    block INTEGER NOT NULL,
    shelf INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    {_BOUNDS},
    PRIMARY KEY (place, block)
) WITHOUT ROWID"""
_ZONE_VALUES = """
CREATE TABLE zone_values (
    place INTEGER NOT NULL,
    field INTEGER NOT NULL,
    shelf INTEGER NOT NULL,
    value NUMERIC NOT NULL,
    block INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (place, field, shelf, value, block)
) WITHOUT ROWID"""
_BLOCK_MARKS = """
CREATE TABLE block_marks (
    field INTEGER NOT NULL,
    block INTEGER NOT NULL,
    marks BLOB NOT NULL,
    PRIMARY KEY (field, block)
) WITHOUT ROWID"""

# The last row stays, also when the newest calls have been deleted: no arrival number is given twice.
_ARRIVALS = "CREATE TABLE arrivals (number INTEGER PRIMARY KEY, key INTEGER NOT NULL)"

# `retired` is of programs of before: nothing is written to it any more.
_POSITIONS = """
CREATE TABLE positions (
    segment TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID"""

_TABLES = (
    _CALLS, _EVENTS, _BODIES, _COUNTED, _MOVED, _NAMES, _PLACES, _BLOCKS, _ZONES, _ZONE_VALUES, _BLOCK_MARKS, _ARRIVALS,
    _POSITIONS,
)  # fmt: skip


# What calls have made at providers that is paid by its end, and whether that has been told (`orders.py`). An end may
# come here before the beginning: calls of several workers have no order.
_ORDERS = """
CREATE TABLE orders (
    account TEXT NOT NULL,
    provider TEXT NOT NULL,
    object TEXT NOT NULL,
    made INTEGER,
    settled INTEGER NOT NULL,
    told BLOB,
    PRIMARY KEY (account, provider, object)
) WITHOUT ROWID"""

_LATER_TABLES = {2: (_ORDERS, *WITH_OPERATIONS), 3: WITH_ESTIMATES, 4: WITH_NARROWER}

_NOTHING_IN_ZONES = "INSERT INTO zone_values SELECT place, ?, shelf, ?, block, calls FROM zones"


def _first(db: sqlite3.Connection) -> None:
    for table in (*_TABLES, *ROLLUPS):
        db.execute(table)
    db.execute("INSERT INTO blocks VALUES (0, 0)")


def _adding(columns: Sequence[Column], tables: Sequence[str]) -> Migration:
    """The step that brings some columns and tables. Zones are told that no older call has anything in them."""

    def step(db: sqlite3.Connection) -> None:
        for column in columns:
            db.execute(f"ALTER TABLE calls ADD COLUMN {declared(column)}")
            if is_zoned(column):
                nothing = 0 if is_never_null(column) else UNKNOWN
                db.execute(_NOTHING_IN_ZONES, (column.number, nothing))
        add_sketches(db)
        for table in tables:
            db.execute(table)

    return step


def _versions(columns: Sequence[Column]) -> tuple[Migration, ...]:
    """A step for each version after the first, in which it gets its columns and tables."""
    last = max(*(column.since for column in columns), *_LATER_TABLES)
    later = range(FIRST + 1, last + 1)
    return tuple(
        _adding([one for one in columns if one.since == version], _LATER_TABLES.get(version, ()))
        for version in later
    )


MIGRATIONS: tuple[Migration, ...] = (_first, *_versions(IN_FILE))
