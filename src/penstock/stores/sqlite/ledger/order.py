"""Calls in another order than that of time, and the extremes among them.

A field of few values is followed value by value, each newest first. Of a number zones know the bounds: blocks
are read in the order of theirs, until no other can hold anything better. Within a caller's read transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from penstock.stores.ledger import Extremes, Order
from penstock.stores.sqlite.ledger.fields import FIELDS, NUMBER_SQL, NUMBERS, TEXTS, UNKNOWN
from penstock.stores.sqlite.ledger.filter_sql import Test, value_test
from penstock.stores.sqlite.ledger.query import Plan, narrowed
from penstock.stores.sqlite.ledger.walk import Piece, Row, count, looks, pieces, rows, rows_in

_DISTINCT: Final = "SELECT DISTINCT value FROM zone_values WHERE place = :place AND field = :field"

Bounds = tuple[int, int] | None


def in_order(
    db: sqlite3.Connection, plan: Plan, columns: str, order: Order, limit: int, offset: int = 0
) -> list[Row]:
    """Columns of the calls that fit; those without the field last."""
    if limit <= 0:
        return []
    if order.by == "created_at":
        return rows(db, plan, columns, limit, offset, oldest_first=not order.descending)
    if order.by in NUMBERS and plan.keys is None:
        return _by_number(db, plan, columns, order, limit, offset)
    if order.by in NUMBERS:
        return _of_few(db, plan, columns, order)[offset:][:limit]
    return _one_after_the_other(db, _by_value(db, plan, order), columns, limit, offset)


def extremes(db: sqlite3.Connection, plan: Plan, effort: int | None) -> Extremes | None:
    """None where more than `effort` calls would have to be looked at."""
    known, unknown = [], []
    for piece in pieces(db, plan):
        if piece.fitting is not None and plan.counted is None:
            known.append(piece.span.start)
            continue
        unknown.append(piece.span)
        if effort is not None:
            effort -= looks(db, piece, effort)
            if effort < 0:
                return None
    bounds = ", ".join(f"min({NUMBER_SQL[name]}), max({NUMBER_SQL[name]})" for name in NUMBERS)
    found = _zone_bounds(db, plan, known)
    for span in unknown:
        found = _wider(found, rows_in(db, plan, span, bounds)[0])
    cost, duration, tokens_in, tokens_out, tokens = found
    return Extremes(cost, duration, tokens_in, tokens_out, tokens)


def _zone_bounds(db: sqlite3.Connection, plan: Plan, blocks: list[int]) -> list[Bounds]:
    """What zones know of blocks that follow each other."""
    found: list[Bounds] = [None] * len(NUMBERS)
    if not blocks:
        return found
    bounds = ", ".join(f"min({name}_least), max({name}_most)" for name in NUMBERS)
    sql = f"SELECT {bounds} FROM zones WHERE place IN ({plan.places}) AND block BETWEEN ? AND ?"
    return _wider(found, db.execute(sql, (min(blocks), max(blocks))).fetchone())


def _wider(found: list[Bounds], row: Row) -> list[Bounds]:
    result: list[Bounds] = []
    for old, least, most in zip(found, row[::2], row[1::2], strict=True):
        new = None if least is None else (int(least), int(most))
        result.append((min(old[0], new[0]), max(old[1], new[1])) if old and new else old or new)
    return result


def _one_after_the_other(
    db: sqlite3.Connection, plans: Iterator[Plan], columns: str, limit: int, offset: int
) -> list[Row]:
    found: list[Row] = []
    for plan in plans:
        if len(found) >= limit:
            break
        got = rows(db, plan, columns, limit - len(found), offset)
        found += got
        if offset:
            offset = 0 if got else offset - (count(db, plan, None) or 0)
    return found


def _by_value(db: sqlite3.Connection, plan: Plan, order: Order) -> Iterator[Plan]:
    """A plan for each value of a field, in their order; calls without the field come last."""
    values = _values(db, plan, order.by)
    values.discard(UNKNOWN)
    if order.by in TEXTS:
        names = dict(db.execute("SELECT id, text FROM names WHERE field = ?", (FIELDS[order.by],)))
        inside = sorted(values, key=names.__getitem__, reverse=order.descending)
    else:
        inside = sorted(values, reverse=order.descending)
    for value in [*inside, UNKNOWN]:
        yield narrowed(plan, value_test(order.by, value, plan.places))


def _values(db: sqlite3.Connection, plan: Plan, field: str) -> set[int]:
    """All values that calls of the plan's places have in a field."""
    found: set[int] = set()
    for place in plan.places.split(", ") if plan.places else []:
        given = {"place": int(place), "field": FIELDS[field]}
        found.update(row[0] for row in db.execute(_DISTINCT, given))
    in_tail = f"SELECT DISTINCT {field} FROM calls WHERE key >= (SELECT max(start) FROM blocks)"
    found.update(UNKNOWN if row[0] is None else row[0] for row in db.execute(in_tail))
    return found


def _by_number(
    db: sqlite3.Connection, plan: Plan, columns: str, order: Order, limit: int, offset: int
) -> list[Row]:
    """First those with the number, then those without, newest first."""
    wanted, number, sign = limit + offset, NUMBER_SQL[order.by], -1 if order.descending else 1
    some = narrowed(plan, Test(f"({number}) IS NOT NULL", f"z.{order.by}_known > 0"))
    rest = f"ORDER BY {number} {'DESC' if order.descending else 'ASC'}, c.key DESC LIMIT {wanted}"
    best: list[Row] = []
    for piece, bound in _by_bound(db, some, order):
        if len(best) >= wanted and bound is not None:
            worst, key = best[-1][:2]
            # What is as good as the worst, but older, comes after it.
            if sign * bound > sign * worst or (bound == worst and piece.span.end <= key):
                break
        found = rows_in(db, some, piece.span, f"{number}, c.key, {columns}", rest)
        best = sorted([*best, *found], key=lambda row: (sign * row[0], -row[1]))[:wanted]
    page = [row[2:] for row in best[offset:]]
    if len(page) < limit:
        others = narrowed(plan, Test(f"({number}) IS NULL", f"z.calls > z.{order.by}_known"))
        page += rows(db, others, columns, limit - len(page), max(0, offset - len(best)))
    return page


def _by_bound(db: sqlite3.Connection, plan: Plan, order: Order) -> list[tuple[Piece, int | None]]:
    """The tail, then blocks by the best that they may hold."""
    best = f"max({order.by}_most)" if order.descending else f"min({order.by}_least)"
    sql = f"SELECT block, {best} FROM zones WHERE place IN ({plan.places}) GROUP BY block"
    bounds: dict[int, int] = dict(db.execute(sql).fetchall())
    found = list(pieces(db, plan))
    tail = [(piece, None) for piece in found if piece.looks is None]
    blocks = [(piece, bounds[_block(db, piece)]) for piece in found if piece.looks is not None]
    return [*tail, *sorted(blocks, key=lambda pair: pair[1], reverse=order.descending)]


def _block(db: sqlite3.Connection, piece: Piece) -> int:
    sql = "SELECT max(start) FROM blocks WHERE start <= ?"
    return int(db.execute(sql, (piece.span.start,)).fetchone()[0])


def _of_few(db: sqlite3.Connection, plan: Plan, columns: str, order: Order) -> list[Row]:
    """All calls of a plan whose few keys are known."""
    found = rows(db, plan, f"{NUMBER_SQL[order.by]}, {columns}", -1)
    known = [row for row in found if row[0] is not None]
    known.sort(key=lambda row: row[0], reverse=order.descending)
    return [row[1:] for row in [*known, *(row for row in found if row[0] is None)]]
