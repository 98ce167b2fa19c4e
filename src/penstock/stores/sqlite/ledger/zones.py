"""Zones: what is known of the calls of one gateway in one block of keys, in place of indexes.

An index for each of some thirty fields would cost more than all the rest of storing a call: each call would change
as many distant pages. Calls come in the order of time and are asked for in the order of time, so it is enough to
know, block by block of some thousand calls, what cannot be in it. A zone says how many calls of each value of a field
of few values there are, and the least and the greatest of each number; of a whole block, marks (two bytes each) say
which numbers are not in it. A question reads only the blocks whose zones let it hope; where the zones alone answer
(counts, extremes), it reads none.

The invariant: counts are exact, and a zone never denies what is there. It may allow what is not: bounds stay as wide
as they were when calls are deleted, marks may collide. That costs a look at a block, and never an answer.

Blocks are made in `blocks.py`; zones are asked in `filter.py`. Everything here is part of a caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from penstock.stores.sqlite.ledger import marks as block_marks
from penstock.stores.sqlite.ledger.fields import (
    FIELDS,
    METADATA_KEY,
    METADATA_VALUE,
    NUMBERS,
    UNKNOWN,
    ZONED,
)

# A row as `sqlite_fields.FOR_ZONES` asks for it; sqlite3's own typing has Any here.
Row = tuple[Any, ...]
Bounds = tuple[int, int | None, int | None]


class Block(NamedTuple):
    """Where a block of keys begins, and on which shelf it stands."""

    start: int
    shelf: int


_FIRST_NUMBER: Final = 4
_FIRST_ZONED: Final = _FIRST_NUMBER + len(NUMBERS)
_DURATION: Final = NUMBERS.index("duration")

_ADD_ZONE: Final = (
    f"INSERT INTO zones VALUES ({', '.join('?' * (4 + 3 * len(NUMBERS)))}) "
    "ON CONFLICT (place, block) DO UPDATE SET calls = calls + excluded.calls, "
    + ", ".join(
        f"{name}_known = {name}_known + excluded.{name}_known, "
        f"{name}_least = min(coalesce({name}_least, excluded.{name}_least), "
        f"coalesce(excluded.{name}_least, {name}_least)), "
        f"{name}_most = max(coalesce({name}_most, excluded.{name}_most), "
        f"coalesce(excluded.{name}_most, {name}_most))"
        for name in NUMBERS
    )
)
_ADD_VALUE: Final = (
    "INSERT INTO zone_values VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (place, field, shelf, value, block) DO UPDATE SET calls = calls + excluded.calls"
)
_MARKS: Final = "SELECT marks FROM block_marks WHERE field = ? AND block = ?"
_SET_MARKS: Final = "INSERT OR REPLACE INTO block_marks VALUES (?, ?, ?)"
_TAKE_ZONE: Final = (
    "UPDATE zones SET calls = calls - ?, "
    + ", ".join(f"{name}_known = {name}_known - ?" for name in NUMBERS)
    + " WHERE place = ? AND block = ?"
)
_TAKE_VALUE: Final = (
    "UPDATE zone_values SET calls = calls - ? "
    "WHERE place = ? AND field = ? AND shelf = ? AND value = ? AND block = ?"
)
_DROP_VALUE: Final = (
    "DELETE FROM zone_values "
    "WHERE place = ? AND field = ? AND shelf = ? AND value = ? AND block = ? AND calls <= 0"
)


@dataclass(slots=True)
class Tally:
    """What some calls of one place add up to."""

    calls: int
    values: dict[tuple[int, int], int]  # by field and value
    bounds: list[Bounds]  # of `NUMBERS`: how many are known, the least, the greatest
    marked: list[set[int]]  # of `NUMBERS` and the ids


def tallies(rows: Iterable[Row]) -> dict[int, Tally]:
    """By place."""
    by_place: dict[int, list[Row]] = {}
    for row in rows:
        by_place.setdefault(row[1], []).append(row)
    return {place: _tally(found) for place, found in by_place.items()}


def shown_ms(duration_us: int) -> int:
    """Milliseconds as the wire shows them."""
    return round(duration_us / 1000)


def id_mark(data: bytes) -> int:
    """What of an id is marked: its end, by which people look for it."""
    return int.from_bytes(data[-4:])


def add(db: sqlite3.Connection, block: Block, found: dict[int, Tally]) -> None:
    """Count more calls in a block."""
    for place, tally in found.items():
        bounds = [value for bound in tally.bounds for value in bound]
        db.execute(_ADD_ZONE, (place, *block, tally.calls, *bounds))
        db.executemany(
            _ADD_VALUE,
            [
                (place, field, block.shelf, value, block.start, calls)
                for (field, value), calls in tally.values.items()
            ],
        )
    for field, marked in enumerate(zip(*(tally.marked for tally in found.values()), strict=True)):
        _mark(db, block, field, set().union(*marked))


def _mark(db: sqlite3.Connection, block: Block, field: int, numbers: set[int]) -> None:
    """Mark more numbers of a field, of whichever place."""
    row = db.execute(_MARKS, (field, block.start)).fetchone()
    marks = block_marks.with_more(row[0], numbers) if row else block_marks.made_of(numbers)
    db.execute(_SET_MARKS, (field, block.start, marks))


def take(db: sqlite3.Connection, block: Block, found: dict[int, Tally]) -> None:
    """Count fewer calls in a block; what nothing is left of goes."""
    for place, tally in found.items():
        known = [bound[0] for bound in tally.bounds]
        db.execute(_TAKE_ZONE, (tally.calls, *known, place, block.start))
        keys = [(place, field, block.shelf, value, block.start) for field, value in tally.values]
        db.executemany(_TAKE_VALUE, zip(tally.values.values(), *zip(*keys, strict=True), strict=True))
        db.executemany(_DROP_VALUE, keys)
        db.execute("DELETE FROM zones WHERE place = ? AND block = ? AND calls <= 0", (place, block.start))


def _tally(rows: Sequence[Row]) -> Tally:
    columns = list(zip(*rows, strict=True))
    values: dict[tuple[int, int], int] = {}
    for name, column in zip(ZONED, columns[_FIRST_ZONED:], strict=True):
        field = FIELDS[name]
        for value, calls in Counter(column).items():
            values[field, UNKNOWN if value is None else value] = calls
    for metadata, calls in Counter(columns[3]).items():
        for pair in _metadata_values(metadata):
            values[pair] = values.get(pair, 0) + calls
    known = [[number for number in column if number is not None] for column in columns[4:_FIRST_ZONED]]
    marked = [set(column) for column in known]
    marked[_DURATION] = set(map(shown_ms, marked[_DURATION]))
    return Tally(len(rows), values, list(map(_bounds, known)), [*marked, set(map(id_mark, columns[2]))])


def _bounds(numbers: Sequence[int]) -> Bounds:
    return (len(numbers), min(numbers), max(numbers)) if numbers else (0, None, None)


def _metadata_values(metadata: str | None) -> set[tuple[int, int]]:
    """Each key and each value once: zones count calls."""
    if metadata is None:
        return {(METADATA_KEY, UNKNOWN), (METADATA_VALUE, UNKNOWN)}
    numbers = list(map(int, metadata[1:-1].split(",")))
    return {(METADATA_KEY, number) for number in numbers[::2]} | {
        (METADATA_VALUE, number) for number in numbers[1::2]
    }
