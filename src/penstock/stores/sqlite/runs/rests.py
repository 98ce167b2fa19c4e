"""What kept results rest on, in rows of their own beside them, so that runs can be asked for by it.

Sums only, made once when a result is kept (`runs/evidence.py`); all else is read in the result. Which runs are asked
for is put together in `reading.py`.
"""

from __future__ import annotations

import sqlite3
import zlib
from typing import Final

from penstock.runs.evidence import Evidence, evidence
from penstock.stores.sqlite.runs.rows import MOST_RESULT, decompressed, whole

# How many fields of a result there are by their confidence, and how often it cites each domain.
_CONFIDENCES = """
CREATE TABLE confidences (
    run INTEGER NOT NULL,
    confidence TEXT NOT NULL,
    fields INTEGER NOT NULL,
    PRIMARY KEY (run, confidence)
) WITHOUT ROWID"""
_DOMAINS = """
CREATE TABLE domains (
    run INTEGER NOT NULL,
    domain TEXT NOT NULL,
    citations INTEGER NOT NULL,
    PRIMARY KEY (run, domain)
) WITHOUT ROWID"""
_CITED_BY = "CREATE INDEX domains_by_name ON domains (domain, run)"

TABLES: Final = ("confidences", "domains")

HAS_CONFIDENCE: Final = "EXISTS (SELECT 1 FROM confidences WHERE run = key AND confidence IN ({}))"
"""A condition for a row of `runs`. Most runs meet it or none does: each is asked as the listing comes to it."""

CITES: Final = "key IN (SELECT run FROM domains WHERE domain IN ({}))"
"""Another one. As a rule few meet it: they are looked up first."""


def made(db: sqlite3.Connection) -> None:
    """The step that makes the tables, and fills them from results that are kept already."""
    for statement in (_CONFIDENCES, _DOMAINS, _CITED_BY):
        db.execute(statement)
    for (key,) in db.execute("SELECT run FROM results").fetchall():
        (body,) = db.execute("SELECT body FROM results WHERE run = ?", (key,)).fetchone()
        try:
            add(db, key, evidence(decompressed(body, MOST_RESULT)))
        except zlib.error:
            continue  # a damaged one tells nothing


def add(db: sqlite3.Connection, key: int, rests_on: Evidence) -> None:
    """Of a run whose result was not there before."""
    confidences = [(key, word, count) for word, count in rests_on.confidences.items()]
    db.executemany("INSERT OR REPLACE INTO confidences VALUES (?, ?, ?)", confidences)
    domains = [(key, whole(name), count) for name, count in rests_on.domains.items()]
    db.executemany("INSERT OR REPLACE INTO domains VALUES (?, ?, ?)", domains)


def drop(db: sqlite3.Connection, key: int) -> None:
    """Of a run that has no result any more."""
    for table in TABLES:
        db.execute(f"DELETE FROM {table} WHERE run = ?", (key,))
