"""The tables of the SQLite ledger, and the steps that bring an older file up to date.

How steps are taken is in `sqlite/migrations.py`. No reading or writing of calls here.
"""

from __future__ import annotations

import sqlite3

from penstock.stores.sqlite.migrations import Migration
from penstock.stores.sqlite.rollups.schema import TABLES as ROLLUPS

# `key` is the time (`keys.py`): the table itself is the index by time and by id. Columns that are
# filtered by come first, for SQLite unpacks a row only as far as it is asked for. What is often the same text
# is a number out of `names`; an empty text is NULL; a path may be a number or a text.
_CALLS = """
CREATE TABLE calls (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    arrival INTEGER NOT NULL,
    place INTEGER NOT NULL,
    provider INTEGER,
    model INTEGER,
    model_type INTEGER,
    request_type INTEGER,
    request_content_type INTEGER,
    response_content_type INTEGER,
    user_agent INTEGER,
    token INTEGER,
    user INTEGER,
    status_code INTEGER NOT NULL,
    success INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    authenticated INTEGER NOT NULL,
    compat INTEGER NOT NULL,
    feedback NUMERIC,
    cost_nano INTEGER,
    duration_us INTEGER NOT NULL,
    tokens_in INTEGER,
    tokens_out INTEGER,
    metadata TEXT,
    event_id TEXT,
    path,
    method INTEGER,
    outcome INTEGER NOT NULL,
    step INTEGER NOT NULL,
    first_byte_us INTEGER,
    usage_metadata TEXT,
    price_source INTEGER,
    custom_cost INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    stored_key INTEGER,
    team INTEGER,
    request_size INTEGER NOT NULL,
    response_size INTEGER NOT NULL,
    request_encoding INTEGER,
    response_encoding INTEGER,
    controls TEXT,
    score REAL,
    error_code INTEGER,
    error_detail TEXT,
    trail BLOB
)"""

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
_ZONES = """
CREATE TABLE zones (
    place INTEGER NOT NULL,
    block INTEGER NOT NULL,
    shelf INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    cost_known INTEGER NOT NULL,
    cost_least INTEGER,
    cost_most INTEGER,
    duration_known INTEGER NOT NULL,
    duration_least INTEGER,
    duration_most INTEGER,
    tokens_in_known INTEGER NOT NULL,
    tokens_in_least INTEGER,
    tokens_in_most INTEGER,
    tokens_out_known INTEGER NOT NULL,
    tokens_out_least INTEGER,
    tokens_out_most INTEGER,
    tokens_known INTEGER NOT NULL,
    tokens_least INTEGER,
    tokens_most INTEGER,
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


def _first(db: sqlite3.Connection) -> None:
    for table in (*_TABLES, *ROLLUPS):
        db.execute(table)
    db.execute("INSERT INTO blocks VALUES (0, 0)")


MIGRATIONS: tuple[Migration, ...] = (_first,)
