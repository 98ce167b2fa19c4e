"""The tables of the SQLite ledger, and the steps that bring an older file up to date.

How steps are taken is in `sqlite_migrations.py`. No reading or writing of calls here.
"""

from __future__ import annotations

import sqlite3

from penstock.stores.sqlite_migrations import Migration

# `calls` is a rowid table: its rows are too wide for WITHOUT ROWID, and every index would repeat the 36-byte
# id (measured: inserts 15 % slower, 5 % more disk, listing a third slower). `seq` is the order of arrival.
_CALLS = """
CREATE TABLE calls (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    event_id TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT,
    model_type TEXT,
    request_type TEXT,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status_code INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    success INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    step INTEGER NOT NULL,
    compat INTEGER NOT NULL,
    authenticated INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    first_byte_us INTEGER,
    tokens_in INTEGER,
    tokens_out INTEGER,
    usage_metadata TEXT,
    cost_nano INTEGER,
    price_source TEXT,
    custom_cost INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    stored_key TEXT NOT NULL,
    token TEXT NOT NULL,
    user TEXT NOT NULL,
    team TEXT NOT NULL,
    request_size INTEGER NOT NULL,
    response_size INTEGER NOT NULL,
    request_content_type TEXT NOT NULL,
    response_content_type TEXT NOT NULL,
    request_encoding TEXT NOT NULL,
    response_encoding TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    metadata TEXT NOT NULL,
    controls TEXT NOT NULL,
    feedback INTEGER,
    score REAL,
    error_code INTEGER,
    error_detail TEXT NOT NULL
)"""

_BODIES = """
CREATE TABLE bodies (
    seq INTEGER PRIMARY KEY REFERENCES calls (seq),
    request_cut INTEGER NOT NULL,
    response_cut INTEGER NOT NULL,
    request_codec INTEGER NOT NULL,
    response_codec INTEGER NOT NULL,
    request BLOB NOT NULL,
    response BLOB NOT NULL
)"""

_POSITIONS = """
CREATE TABLE positions (
    segment TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID"""

# Every index holds the time, so that a filtered listing walks it newest first and stops. Failures are few:
# their index costs nothing on the usual path and serves every filter on 4xx and 5xx.
_INDEXES = (
    "CREATE INDEX calls_created ON calls (created_us)",
    "CREATE INDEX calls_provider ON calls (provider, created_us)",
    "CREATE INDEX calls_gateway ON calls (gateway, created_us)",
    "CREATE INDEX calls_model ON calls (model, created_us) WHERE model IS NOT NULL",
    "CREATE INDEX calls_failed ON calls (created_us) WHERE success = 0",
)


def _first(db: sqlite3.Connection) -> None:
    db.execute(_CALLS)
    db.execute(_BODIES)
    for index in _INDEXES:
        db.execute(index)
    db.execute(_POSITIONS)
    # Arrival numbers are never given twice, also when the newest calls have been deleted.
    db.execute("CREATE TABLE arrivals (last INTEGER NOT NULL)")
    db.execute("INSERT INTO arrivals VALUES (0)")


MIGRATIONS: tuple[Migration, ...] = (_first,)
