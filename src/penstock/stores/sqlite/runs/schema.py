"""The tables of the SQLite run ledger, and the steps that bring an older file up to date.

A run, and what was sent to make one, is JSON in one column; beside it stands what is filtered, ordered or looked up by.
How steps are taken is in `sqlite/migrations.py`. No reading or writing of runs here.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from penstock.stores.sqlite.migrations import Migration
from penstock.stores.sqlite.runs import rests

# `ended_us` is NULL while a run is active, `next_us` where nobody is to look at it. Who looks at it now, until then, is
# the `holder`: for people.
_RUNS = """
CREATE TABLE runs (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_us INTEGER NOT NULL,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    active INTEGER NOT NULL,
    product TEXT NOT NULL,
    token TEXT NOT NULL,
    user TEXT NOT NULL,
    parent TEXT NOT NULL,
    ended_us INTEGER,
    next_us INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    holder TEXT NOT NULL DEFAULT '',
    run TEXT NOT NULL
)"""

# All that runs are filtered by, in the order that they are listed in: filters are answered out of these alone.
_FILTERED = "created_us, id, account, gateway, kind, state, active, product, token, user, parent"
_NEWEST = f"CREATE INDEX runs_newest ON runs ({_FILTERED})"
_ACTIVE = f"CREATE INDEX runs_active ON runs ({_FILTERED}) WHERE active = 1"
_CHILDREN = "CREATE INDEX runs_children ON runs (parent, created_us, id) WHERE parent <> ''"
_DUE = "CREATE INDEX runs_due ON runs (next_us) WHERE next_us IS NOT NULL"
_ENDED = "CREATE INDEX runs_ended ON runs (ended_us) WHERE ended_us IS NOT NULL"

_MOMENTS = """
CREATE TABLE moments (
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    state TEXT NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID"""

_RESULTS = """
CREATE TABLE results (
    run INTEGER PRIMARY KEY,
    seen_us INTEGER NOT NULL,
    type TEXT NOT NULL,
    body BLOB NOT NULL
)"""

# Digests of the names that a monitor's executions have, the highest numbers the latest.
_EXECUTIONS = """
CREATE TABLE executions (
    number INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    name BLOB NOT NULL,
    UNIQUE (run, name)
)"""

# What runs that a call has ordered cost comes to `nano`, beside `unknown` amounts; `open` ones are still estimates.
# They stay when a run is forgotten. `waiting_us`: since when a change, the `version`-th, is to be told on. `told` is
# what was told last; the `telling` ones are what somebody is telling now, NULL where nobody is.
_CREATES = """
CREATE TABLE creates (
    key INTEGER PRIMARY KEY,
    call_id TEXT NOT NULL UNIQUE,
    alike BLOB NOT NULL,
    sent_us INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    repeats INTEGER NOT NULL DEFAULT 0,
    nano INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0,
    open INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    waiting_us INTEGER,
    told INTEGER,
    telling INTEGER,
    telling_nano INTEGER,
    telling_final INTEGER,
    sent TEXT NOT NULL,
    answer BLOB NOT NULL DEFAULT x''
)"""
_ALIKE = "CREATE INDEX creates_alike ON creates (alike, sent_us)"
_UNDER_WAY = "CREATE INDEX creates_under_way ON creates (sent_us) WHERE outcome = 'intent'"
_WAITING = "CREATE INDEX creates_waiting ON creates (waiting_us) WHERE waiting_us IS NOT NULL"
_SENT = "CREATE INDEX creates_sent ON creates (sent_us)"

# Which calls have ordered something of a run.
_ORDERED = """
CREATE TABLE ordered (
    call INTEGER NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (call, run)
) WITHOUT ROWID"""
_ORDERED_OF = "CREATE INDEX ordered_of ON ordered (run, call)"

# Runs that were seen and that nobody has made, or not yet; of the highest numbers something was learned last.
_STRANGERS = """
CREATE TABLE strangers (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    parent TEXT NOT NULL,
    seen_us INTEGER NOT NULL,
    run TEXT NOT NULL
)"""
_STRANGERS_BY_PARENT = "CREATE INDEX strangers_parent ON strangers (parent) WHERE parent <> ''"

_FIRST = (
    _RUNS, _NEWEST, _ACTIVE, _CHILDREN, _DUE, _ENDED, _MOMENTS, _RESULTS, _EXECUTIONS, _CREATES, _ALIKE, _UNDER_WAY,
    _WAITING, _SENT, _ORDERED, _ORDERED_OF, _STRANGERS, _STRANGERS_BY_PARENT,
)  # fmt: skip

# What a request wants to be told, by the part of our address that stands in for its caller's. `document`: of a run that
# an event told of while its request was not answered yet.
_HOOKS = """
CREATE TABLE hooks (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    url TEXT NOT NULL,
    call_id TEXT NOT NULL,
    made_us INTEGER NOT NULL,
    run TEXT NOT NULL,
    document BLOB NOT NULL DEFAULT x''
)"""
_HOOKS_OF_CALL = "CREATE INDEX hooks_of_call ON hooks (call_id)"
_HOOKS_OF_RUN = "CREATE INDEX hooks_of_run ON hooks (run) WHERE run <> ''"
_HOOKS_OF_RUNS = "CREATE INDEX hooks_of_runs ON hooks (account, gateway) WHERE run <> ''"
# An address lives as long as the request that it was made for, or the run that this has changed.
_HOOKS_END_WITH_CREATES = """
CREATE TRIGGER hooks_end_with_creates AFTER DELETE ON creates
BEGIN DELETE FROM hooks WHERE call_id = old.call_id AND run = ''; END"""
_HOOKS_END_WITH_RUNS = """
CREATE TRIGGER hooks_end_with_runs AFTER DELETE ON runs
BEGIN DELETE FROM hooks WHERE run = old.id AND run <> ''; END"""
_HOOKS_TOLD = "CREATE INDEX hooks_told ON hooks (call_id) WHERE document <> x''"

# Digests of the ids of events that have come, the highest numbers the latest.
_HOOK_MARKS = """
CREATE TABLE hook_marks (
    number INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    mark BLOB NOT NULL,
    seen_us INTEGER NOT NULL,
    UNIQUE (place, mark)
)"""
_HOOK_MARKS_SEEN = "CREATE INDEX hook_marks_seen ON hook_marks (seen_us)"
_HOOK_MARKS_OF = "CREATE INDEX hook_marks_of ON hook_marks (place, number)"

# Events on their way to callers. An event is JSON in one column, but for its body; beside it what is looked up by.
# `next_us` is NULL where it does not wait; who sends it now, until then, is the `holder`: for people.
_HOOK_EVENTS = """
CREATE TABLE hook_events (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    place TEXT NOT NULL,
    host TEXT NOT NULL,
    state TEXT NOT NULL,
    came_us INTEGER NOT NULL,
    next_us INTEGER,
    is_done INTEGER NOT NULL,
    size INTEGER NOT NULL,
    holder TEXT NOT NULL DEFAULT '',
    event TEXT NOT NULL,
    body BLOB NOT NULL
)"""
_HOOK_EVENTS_DUE = (
    "CREATE INDEX hook_events_due ON hook_events (next_us, number, host, place) WHERE next_us IS NOT NULL"
)
_HOOK_EVENTS_OF = "CREATE INDEX hook_events_of ON hook_events (place, is_done, number, size)"
_HOOK_EVENTS_IDS = "CREATE INDEX hook_events_ids ON hook_events (id)"
_HOOK_EVENTS_CAME = "CREATE INDEX hook_events_came ON hook_events (came_us)"

_SECOND = (
    _HOOKS, _HOOKS_OF_CALL, _HOOKS_OF_RUN, _HOOKS_OF_RUNS, _HOOKS_END_WITH_CREATES, _HOOKS_END_WITH_RUNS, _HOOKS_TOLD,
    _HOOK_MARKS, _HOOK_MARKS_SEEN, _HOOK_MARKS_OF, _HOOK_EVENTS, _HOOK_EVENTS_DUE, _HOOK_EVENTS_OF, _HOOK_EVENTS_IDS,
    _HOOK_EVENTS_CAME,
)  # fmt: skip


def _second(db: sqlite3.Connection) -> None:
    for statement in _SECOND:
        db.execute(statement)


def _first(db: sqlite3.Connection) -> None:
    for statement in _FIRST:
        db.execute(statement)


MIGRATIONS: Final[tuple[Migration, ...]] = (_first, _second, rests.made)
