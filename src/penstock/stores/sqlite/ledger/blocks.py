"""Blocks: how the keys of the SQLite ledger are cut into pieces of which zones are kept.

The newest calls are the tail, of which nothing is counted: calls come in the order in which they end, and a
zone that changes with each of them would cost more than reading the tail. Once the tail is long, its oldest
calls become a block. A call that comes later still is counted in its block. Part of a caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from penstock.stores.sqlite.ledger import zones as sqlite_zones
from penstock.stores.sqlite.ledger.fields import FOR_ZONES, ID_MARKS
from penstock.stores.sqlite.ledger.keys import BITS
from penstock.stores.sqlite.ledger.zones import Block, Row, Tally, tallies

_MOST: Final = 4  # times its size, and a block is cut in two
_ROWS: Final = f"SELECT {FOR_ZONES} FROM calls c WHERE c.key >= ? AND c.key < ? ORDER BY c.key"
_LAST: Final = "SELECT key FROM calls WHERE key >= ? ORDER BY key LIMIT 1 OFFSET ?"
_OPEN: Final = "INSERT INTO blocks VALUES (?, ?)"
_CALLS: Final = "SELECT sum(calls) FROM zones WHERE place IN (SELECT id FROM places) AND block = ?"
_REMOVE: Final = """
DELETE FROM blocks WHERE start = ? AND start > (SELECT min(start) FROM blocks) AND NOT EXISTS (
    SELECT 1 FROM calls WHERE key >= blocks.start
    AND key < (SELECT min(next.start) FROM blocks next WHERE next.start > blocks.start)
)"""
_BLOCK: Final = "(SELECT max(b.start) FROM blocks b WHERE b.start <= c.key)"
_AMONG: Final = f"SELECT {_BLOCK}, {FOR_ZONES} FROM calls c WHERE c.key IN "


class BlockSizes(NamedTuple):
    """How many calls make a block, how many blocks a shelf, and how long the tail may become."""

    calls: int = 1024
    shelf: int = 16
    tail: int = 96  # blocks; each is read for every question
    tail_us: int = 60_000_000  # calls that began longer ago than that leave the tail


USUAL: Final = BlockSizes()


class Blocks:
    """The writer's view of all blocks. As true as its last transaction: make a new one when that failed."""

    def __init__(self, db: sqlite3.Connection, sizes: BlockSizes) -> None:
        self._db = db
        self._sizes = sizes
        sql = "SELECT start, shelf, (SELECT max(key) FROM calls) FROM blocks ORDER BY start DESC LIMIT 1"
        start, shelf, newest = db.execute(sql).fetchone()
        self._tail = Block(start, shelf)
        self._newest = newest or 0
        (self._waiting,) = db.execute("SELECT count(*) FROM calls WHERE key >= ?", (start,)).fetchone()
        (self._on_shelf,) = db.execute("SELECT count(*) FROM blocks WHERE shelf = ?", (shelf,)).fetchone()

    def added(self, keys: Sequence[int]) -> None:
        """These calls are new."""
        late = [key for key in keys if key < self._tail.start]
        self._waiting += len(keys) - len(late)
        self._newest = max(self._newest, *keys, 0)
        if late:
            self._add_late(late)
        while self._waiting > self._sizes.calls and self._seal():
            pass

    def _seal(self) -> bool:
        """The tail's oldest calls become a block, unless others may still come between them."""
        last = self._db.execute(_LAST, (self._tail.start, self._sizes.calls - 1)).fetchone()[0]
        is_long = self._waiting > self._sizes.calls * self._sizes.tail
        if not is_long and last > self._newest - (self._sizes.tail_us << BITS):
            return False
        rows = self._db.execute(_ROWS, (self._tail.start, last + 1)).fetchall()
        sqlite_zones.add(self._db, self._tail, tallies(rows))
        is_full = self._on_shelf >= self._sizes.shelf
        self._tail = Block(last + 1, last + 1 if is_full else self._tail.shelf)
        self._on_shelf = 1 if is_full else self._on_shelf + 1
        self._db.execute(_OPEN, self._tail)
        self._waiting -= len(rows)
        return True

    def _add_late(self, keys: Iterable[int]) -> None:
        for block, found in tallies_of(self._db, keys).items():
            sqlite_zones.add(self._db, block, found)
            (calls,) = self._db.execute(_CALLS, (block.start,)).fetchone()
            if calls > self._sizes.calls * _MOST:
                self._split(block)

    def _split(self, block: Block) -> None:
        """The newer half of a block's calls become a block of their own, on the same shelf."""
        (end,) = self._db.execute("SELECT min(start) FROM blocks WHERE start > ?", (block.start,)).fetchone()
        rows = self._db.execute(_ROWS, (block.start, end)).fetchall()
        newer = rows[len(rows) // 2 :]
        moved = Block(newer[0][0], block.shelf)
        sqlite_zones.take(self._db, block, tallies(newer))
        sqlite_zones.add(self._db, moved, tallies(newer))
        self._db.execute(_OPEN, moved)


def tallies_of(db: sqlite3.Connection, keys: Iterable[int]) -> dict[Block, dict[int, Tally]]:
    """What some calls add up to, by block and place; without those in the tail, of which nothing is counted."""
    (tail,) = db.execute("SELECT max(start) FROM blocks").fetchone()
    by_block: dict[int, list[Row]] = {}
    for start, *row in db.execute(f"{_AMONG} ({', '.join(map(str, keys))})"):
        if start < tail:
            by_block.setdefault(start, []).append(tuple(row))
    return {_block(db, start): tallies(found) for start, found in by_block.items()}


def remove_empty(db: sqlite3.Connection, blocks: Iterable[Block]) -> None:
    """What was a block's becomes the one's before it; only the first stays, whatever is in it."""
    for block in blocks:
        if db.execute(_REMOVE, (block.start,)).rowcount:
            marks = [(field, block.start) for field in range(ID_MARKS + 1)]
            db.executemany("DELETE FROM block_marks WHERE field = ? AND block = ?", marks)


def _block(db: sqlite3.Connection, start: int) -> Block:
    (shelf,) = db.execute("SELECT shelf FROM blocks WHERE start = ?", (start,)).fetchone()
    return Block(start, shelf)
