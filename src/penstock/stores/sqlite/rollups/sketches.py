"""What SQL is told of sketches: `merged` is the sketch of many rows, or that of two.

Counts in them are numbers of thousands of digits, which SQLite does not know. Nothing is read or written here.
"""

from __future__ import annotations

import sqlite3

from penstock.stores.sketch import bytes_of, lanes_from


def add_sketches(db: sqlite3.Connection) -> None:
    """From then on this connection knows `merged`."""
    db.create_aggregate("merged", 1, _Merged)  # type: ignore[arg-type]  # typeshed knows ints only
    db.create_function("merged", 2, _both, deterministic=True)


class _Merged:
    """The sketch of many."""

    def __init__(self) -> None:
        self._lanes = 0

    def step(self, data: bytes) -> None:
        self._lanes += lanes_from(data)

    def finalize(self) -> bytes:
        return bytes_of(self._lanes)


def _both(first: bytes, second: bytes) -> bytes:
    return bytes_of(lanes_from(first) + lanes_from(second))
