"""Listing, counting, finding and showing runs, on a connection of somebody else's.

What is filtered by stands in one index in the order of listing, so a page is found without reading a run that is not
on it. Nothing here knows how a run is shown.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from penstock.runs.run import Run, SeenBy
from penstock.stores.runs import Kept, Moment, RestsOn, Result, RunQuery
from penstock.stores.sqlite.runs.rests import CITES, HAS_CONFIDENCE
from penstock.stores.sqlite.runs.rows import MOST_RESULT, decompressed, run_of, whole

_LAST: Final = "\U0010ffff"
_OF_RUN: Final = "run = (SELECT key FROM runs WHERE id = ?)"
_BEGINNING: Final = "SELECT id FROM runs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
_ENDING: Final = "SELECT id FROM runs WHERE substr(id, ?) = ? ORDER BY created_us DESC, id DESC LIMIT ?"
_CONFIDENCES: Final = (
    "SELECT run, confidence, fields FROM confidences WHERE run IN (SELECT value FROM json_each(?))"
)
_DOMAINS: Final = "SELECT run, domain, citations FROM domains WHERE run IN (SELECT value FROM json_each(?))"

Value = str | int


def runs(db: sqlite3.Connection, where: RunQuery, limit: int, offset: int) -> list[Run]:
    """The newest first. First those of the page by their keys, out of an index, then these runs."""
    those, values = _condition(where)
    rows = db.execute(
        f"SELECT r.run FROM (SELECT key FROM runs WHERE {those} ORDER BY created_us DESC, id DESC LIMIT ? OFFSET ?) k"
        " CROSS JOIN runs r ON r.key = k.key ORDER BY r.created_us DESC, r.id DESC",
        (*values, limit, offset),
    )
    return _readable(rows)


def count(db: sqlite3.Connection, where: RunQuery) -> int:
    """How many there are."""
    those, values = _condition(where)
    return int(db.execute(f"SELECT count(*) FROM runs WHERE {those}", values).fetchone()[0])


def states(db: sqlite3.Connection, where: RunQuery) -> dict[str, int]:
    """By their states, the most first."""
    those, values = _condition(where)
    rows = db.execute(
        f"SELECT state, count(*) FROM runs WHERE {those} GROUP BY state ORDER BY count(*) DESC, state", values
    )
    return dict(rows.fetchall())


def reach(db: sqlite3.Connection, until_us: int | None, effort: int) -> int | None:
    """The moment of the last one of them, where others stand behind it."""
    values: list[Value] = [effort - 1] if until_us is None else [until_us, effort - 1]
    before = "" if until_us is None else "WHERE created_us < ?"
    row = db.execute(
        f"SELECT created_us FROM runs {before} ORDER BY created_us DESC LIMIT 2 OFFSET ?", values
    ).fetchall()
    return row[0][0] if len(row) > 1 else None


def get(db: sqlite3.Connection, run_id: str) -> Run | None:
    """One run."""
    found = _readable(db.execute("SELECT run FROM runs WHERE id = ?", (whole(run_id),)))
    return found[0] if found else None


def find(db: sqlite3.Connection, part: str, limit: int) -> list[str]:
    """Ids by their beginning, else by their end."""
    part = whole(part)
    rows = db.execute(_BEGINNING, (part, part + _LAST, limit)).fetchall()
    if not rows and part:
        rows = db.execute(_ENDING, (-len(part), part, limit)).fetchall()
    return [run_id for (run_id,) in rows]


def moments(db: sqlite3.Connection, run_id: str) -> list[Moment]:
    """In the order in which they were learned."""
    rows = db.execute(
        f"SELECT at_us, state, by FROM moments WHERE {_OF_RUN} ORDER BY number", (whole(run_id),)
    )
    known = set(SeenBy)
    return [Moment(at_us, state, SeenBy(by)) for at_us, state, by in rows if by in known]


def result(db: sqlite3.Connection, run_id: str) -> Result | None:
    """None also where it is damaged."""
    row = db.execute(f"SELECT body, type, seen_us FROM results WHERE {_OF_RUN}", (whole(run_id),)).fetchone()
    if row is None:
        return None
    packed, content_type, seen_us = row
    try:
        return Result(decompressed(packed, MOST_RESULT), content_type, seen_us)
    except zlib.error:
        return None


def results(db: sqlite3.Connection, where: RunQuery, limit: int, after: int) -> list[Kept]:
    """By their runs' keys, without those that are damaged: fewer than `limit` do not mean that these were all."""
    while True:
        rows = _results(db, where, limit, after)
        found = [kept for row in rows if (kept := _kept(*row)) is not None]
        if found or not rows:
            return found
        after = rows[-1][0]


def _results(
    db: sqlite3.Connection, where: RunQuery, limit: int, after: int
) -> list[tuple[int, str, bytes, str, int]]:
    those, values = _condition(where)
    return db.execute(
        "SELECT s.run, r.run, s.body, s.type, s.seen_us FROM results s CROSS JOIN runs r ON r.key = s.run"
        f" WHERE s.run > ? AND {those} ORDER BY s.run LIMIT ?",
        (after, *values, limit),
    ).fetchall()


def _kept(place: int, packed: str, body: bytes, content_type: str, seen_us: int) -> Kept | None:
    run = run_of(packed)
    try:
        return (
            None
            if run is None
            else Kept(place, run, Result(decompressed(body, MOST_RESULT), content_type, seen_us))
        )
    except zlib.error:
        return None


def rests_on(db: sqlite3.Connection, where: RunQuery, limit: int) -> list[RestsOn]:
    """Out of the sums that stand beside the results."""
    those, values = _condition(where)
    rows = db.execute(
        f"SELECT r.key, r.run FROM (SELECT key FROM runs WHERE {those}"
        " AND EXISTS (SELECT 1 FROM confidences WHERE run = key) ORDER BY created_us DESC, id DESC LIMIT ?) k"
        " CROSS JOIN runs r ON r.key = k.key ORDER BY r.created_us DESC, r.id DESC",
        (*values, limit),
    ).fetchall()
    keys = msgspec.json.encode([key for key, _ in rows]).decode()
    confidences, domains = (_sums(db, sql, keys) for sql in (_CONFIDENCES, _DOMAINS))
    return [
        RestsOn(run, confidences.get(key, {}), domains.get(key, {}))
        for key, packed in rows
        if (run := run_of(packed)) is not None
    ]


def _sums(db: sqlite3.Connection, sql: str, keys: str) -> dict[int, dict[str, int]]:
    """By the keys of runs."""
    found: dict[int, dict[str, int]] = {}
    for key, name, count_of in db.execute(sql, (keys,)):
        found.setdefault(key, {})[name] = count_of
    return found


def has_result(db: sqlite3.Connection, run_id: str) -> bool:
    """Whether there is one."""
    return db.execute(f"SELECT 1 FROM results WHERE {_OF_RUN}", (whole(run_id),)).fetchone() is not None


def _readable(rows: Iterable[tuple[str]]) -> list[Run]:
    return [run for (packed,) in rows if (run := run_of(packed)) is not None]


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _condition(where: RunQuery) -> tuple[str, list[Value]]:
    """What must hold of a row, and the values in it. What indexes are about is written out, not given."""
    parts, values = ["1"], list[Value]()

    def holds(sql: str, *given: Value) -> None:
        parts.append(sql)
        values.extend(whole(value) if isinstance(value, str) else value for value in given)

    if where.account is not None:
        holds("account = ?", where.account)
    for name, chosen in (
        ("gateway", where.gateways),
        ("kind", where.kinds),
        ("state", where.states),
        ("product", where.products),
    ):
        if chosen:
            holds(f"{name} IN ({_marks(chosen)})", *chosen)
    if where.confidences:
        holds(HAS_CONFIDENCE.format(_marks(where.confidences)), *where.confidences)
    if where.domains:
        holds(CITES.format(_marks(where.domains)), *where.domains)
    if where.active is not None:
        holds(f"active = {int(where.active)}")
    if where.owner:
        holds("(token = ? OR user = ?)", where.owner, where.owner)
    if where.token:
        holds("token = ?", where.token)
    if where.parent:
        holds("parent = ? AND parent <> ''", where.parent)
    elif where.parent is not None:
        holds("parent = ''")
    if where.since_us is not None:
        holds("created_us >= ?", where.since_us)
    if where.until_us is not None:
        holds("created_us < ?", where.until_us)
    return " AND ".join(parts), values
