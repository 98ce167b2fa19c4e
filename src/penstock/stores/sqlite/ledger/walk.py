"""Following a plan through the ledger: newest first, only where zones say that there may be something.

A page of fifty wants fifty calls, not all that fit. So the walk goes from the newest key down, asks the zones of some
blocks at a time which of them can hold anything (of few first, of more the further it has to look: a page that fills
at once pays for little, one that finds nothing pays for few questions), reads these, and stops when the page is full.
The tail comes first: of the newest calls nothing is counted, they are simply read. Where a piece's fitting calls are
counted already, whoever wants a count or a page far back steps over it unread.

The invariant: pieces come in the order of time, each key is in one piece, and everything is seen within one read
transaction of the caller's. Other orders than newest first are in `order.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple

from penstock.stores.sqlite.ledger.filter_sql import ON_SHELVES, Value, listed
from penstock.stores.sqlite.ledger.keys import EVERYTHING, Span, created_us
from penstock.stores.sqlite.ledger.query import Plan

# sqlite3's own typing has Any for what is in a row.
Row = tuple[Any, ...]

_FIRST_WINDOW: Final = 16  # blocks; the further one has to look, the more at once
_LAST_WINDOW: Final = 4096
_BELOW: Final = "SELECT start, shelf FROM blocks WHERE start < ? ORDER BY start DESC LIMIT ?"
_FROM: Final = "SELECT start, shelf FROM blocks WHERE start >= ? ORDER BY start LIMIT ?"


class _Window(NamedTuple):
    """Some blocks that follow each other."""

    ends: dict[int, int]  # by their starts
    shelves: str  # on which they stand, as a JSON list


class Piece(NamedTuple):
    """A block, or the tail, in which calls may fit."""

    span: Span
    looks: int | None  # how many calls would have to be looked at; None: the tail, one does not know
    fitting: int | None  # how many fit, where that is known


def pieces(db: sqlite3.Connection, plan: Plan, *, oldest_first: bool = False) -> Iterator[Piece]:
    """In the order of time, newest first unless told otherwise."""
    (tail_start,) = db.execute("SELECT max(start) FROM blocks").fetchone()
    tail = Piece(Span(max(tail_start, plan.span.start), plan.span.end), None, None)
    if tail.span.start < tail.span.end and not oldest_first:
        yield tail
    older = Span(plan.span.start, min(tail_start, plan.span.end))
    if older.start < older.end:
        windows = _upwards(db, older) if oldest_first else _downwards(db, older)
        for window in windows:
            found = _among(db, plan, window)
            yield from reversed(found) if oldest_first else found
    if tail.span.start < tail.span.end and oldest_first:
        yield tail


def rows(
    db: sqlite3.Connection,
    plan: Plan,
    columns: str,
    limit: int,
    offset: int = 0,
    *,
    oldest_first: bool = False,
) -> list[Row]:
    """Columns of the calls that fit, in the order of time, newest first unless told otherwise."""
    return rows_within(db, plan, columns, limit, offset, None, oldest_first=oldest_first)[0]


def rows_within(
    db: sqlite3.Connection,
    plan: Plan,
    columns: str,
    limit: int,
    offset: int,
    effort: int | None,
    *,
    oldest_first: bool = False,
) -> tuple[list[Row], int | None]:
    """The same; and where more than `effort` calls would have to be looked at one by one, the key below which nothing
    was looked at: of an earlier microsecond than the newest one, so that whoever goes on from there gets somewhere.
    """
    page = f"ORDER BY c.key {'ASC' if oldest_first else 'DESC'} LIMIT :limit OFFSET :offset"
    if plan.keys is not None:
        sql = f"SELECT {columns} {_those(plan)} AND c.key IN ({plan.keys}) {page}"
        given = {**_given(plan, plan.span), "limit": limit, "offset": offset}
        return db.execute(sql, given).fetchall(), None
    sql = f"SELECT {columns} {_those(plan)} {page}"
    found, begins_us = list[Row](), created_us(plan.span.end) - 1
    for piece in pieces(db, plan, oldest_first=oldest_first):
        if len(found) >= limit:
            break
        if offset and piece.fitting is not None and piece.fitting <= offset:
            offset -= piece.fitting
            continue
        if effort is not None and piece.looks is not None and piece.fitting is None:
            effort -= piece.looks
            if effort < 0 and created_us(piece.span.end) < begins_us:
                return found, piece.span.end
        given = {"limit": limit - len(found), "offset": offset}
        got = db.execute(sql, {**_given(plan, piece.span), **given}).fetchall()
        found += got
        if offset:
            offset = 0 if got else offset - count_in(db, plan, piece.span)
    return found, None


def count(db: sqlite3.Connection, plan: Plan, effort: int | None) -> int | None:
    """How many calls fit; None where more than `effort` would have to be looked at."""
    if plan.keys is not None:
        return len(rows(db, plan, "c.key", -1))
    if plan.is_counted and plan.counted is None and plan.span == EVERYTHING:
        sql = f"SELECT coalesce(sum(calls), 0) FROM places WHERE id IN ({plan.places})"
        return int(db.execute(sql).fetchone()[0])
    found: list[Piece] = []
    for piece in pieces(db, plan):
        found.append(piece)
        if effort is not None and piece.fitting is None:
            effort -= looks(db, piece, effort)
            if effort < 0:
                return None
    known = sum(piece.fitting for piece in found if piece.fitting is not None)
    return known + sum(count_in(db, plan, piece.span) for piece in found if piece.fitting is None)


def looks(db: sqlite3.Connection, piece: Piece, most: int) -> int:
    """How many calls would have to be looked at, counted up to one more than `most`."""
    if piece.looks is not None:
        return piece.looks
    sql = "SELECT count(*) FROM (SELECT 1 FROM calls WHERE key >= ? AND key < ? LIMIT ?)"
    return int(db.execute(sql, (*piece.span, most + 1)).fetchone()[0])


def count_in(db: sqlite3.Connection, plan: Plan, span: Span) -> int:
    """How many calls of a span fit."""
    return int(db.execute(f"SELECT count(*) {_those(plan)}", _given(plan, span)).fetchone()[0])


def rows_in(db: sqlite3.Connection, plan: Plan, span: Span, columns: str, rest: str = "") -> list[Row]:
    """Columns of the calls of a span that fit."""
    return db.execute(f"SELECT {columns} {_those(plan)} {rest}", _given(plan, span)).fetchall()


def _those(plan: Plan) -> str:
    return f"FROM calls c WHERE c.key >= :from AND c.key < :to AND {plan.rows}"


def _given(plan: Plan, span: Span) -> dict[str, Value]:
    return {**plan.values, "from": span.start, "to": span.end}


def _downwards(db: sqlite3.Connection, span: Span) -> Iterator[_Window]:
    """The blocks of a span, newest first, more and more at once."""
    (end,) = db.execute("SELECT min(start) FROM blocks WHERE start >= ?", (span.end,)).fetchone()
    size = _FIRST_WINDOW
    while end > span.start:
        found = db.execute(_BELOW, (end, size)).fetchall()
        starts = [row[0] for row in found]
        yield _Window(dict(zip(starts, [end, *starts], strict=False)), _shelves(found))
        end, size = starts[-1], min(size * 4, _LAST_WINDOW)


def _upwards(db: sqlite3.Connection, span: Span) -> Iterator[_Window]:
    """The same, oldest first."""
    (start,) = db.execute("SELECT max(start) FROM blocks WHERE start <= ?", (span.start,)).fetchone()
    size = _FIRST_WINDOW
    while start < span.end:
        found = db.execute(_FROM, (start, size + 1)).fetchall()
        starts = [row[0] for row in found]
        if len(starts) == 1:
            return
        yield _Window(dict(pairwise(starts)), _shelves(found))
        start, size = starts[-1], min(size * 4, _LAST_WINDOW)


def _shelves(blocks: list[Row]) -> str:
    return f"[{listed(dict.fromkeys(shelf for _, shelf in blocks))}]"


def _among(db: sqlite3.Connection, plan: Plan, window: _Window) -> list[Piece]:
    """Of some blocks that follow each other, those that may hold something, newest first."""
    ends = window.ends
    # To subtract those that are counted, all must be there from which they are to be subtracted.
    zones = "1" if plan.is_counted and plan.others else plan.zones
    sql = (
        "SELECT z.block, sum(z.calls) FROM zones z "
        f"WHERE z.place IN ({plan.places}) AND z.block >= :low AND z.block < :high AND {zones} "
        "GROUP BY z.block ORDER BY z.block DESC"
    )
    given = {"low": min(ends), "high": max(ends.values()), "shelves": window.shelves}
    found = db.execute(sql, {**plan.values, **given}).fetchall()
    fitting = _fitting(db, plan, window) if found and plan.is_counted and plan.counted is not None else {}
    result = []
    for block, calls in found:
        span = Span(max(block, plan.span.start), min(ends[block], plan.span.end))
        counted = calls if plan.counted is None else fitting.get(block, 0)
        if span == Span(block, ends[block]) and plan.is_counted:
            fits = calls - counted if plan.others else counted
            result += [Piece(span, calls, fits)] * bool(fits)
        elif span.start < span.end:
            result.append(Piece(span, calls, None))
    return result


def _fitting(db: sqlite3.Connection, plan: Plan, window: _Window) -> dict[int, int]:
    """By block, how many calls zones count; of whole shelves, so some blocks more than asked for."""
    sql = (
        f"SELECT v.block, sum(v.calls) FROM zone_values v WHERE {plan.counted} "
        f"AND {ON_SHELVES} GROUP BY v.block"
    )
    return dict(db.execute(sql, {"shelves": window.shelves}).fetchall())
