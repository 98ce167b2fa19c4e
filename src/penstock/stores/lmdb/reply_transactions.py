"""Transactions on one store of kept answers: who writes when, for how long, and what a failure is called.

What changes within one is in `reply_shelf.py`; which there are is in `replies.py` and `reply_filing.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import get_ident

import lmdb

from penstock.stores.lmdb.environment import WriteLock
from penstock.stores.lmdb.leases import Leases
from penstock.stores.lmdb.reply_databases import open_databases
from penstock.stores.lmdb.reply_shelf import Shelf
from penstock.stores.lmdb.writer import Writer
from penstock.stores.replies import RepliesUnavailable

_FAILURES = (lmdb.Error, OSError, struct.error)  # the last of an amount too large for the stored form


class Transactions:
    """Of one store in an environment. The thread that made this may share a transaction between verbs of a turn;
    other threads have one for each step. `now_us` is the time that the store was told last.
    """

    __slots__ = ("_home", "_lock", "begin", "databases", "environment", "leases", "now_us", "writer")

    def __init__(self, environment: lmdb.Environment, name: str, writer: Writer | None) -> None:
        self.environment = environment
        self.begin = environment.begin
        self.now_us = 0
        with self.translated():
            self._lock = WriteLock(environment)
            with self._lock:
                self.databases = open_databases(environment, name)
                self.leases = Leases(environment)
        self.writer = writer or Writer(environment, self._lock)
        self._home = get_ident()

    @contextmanager
    def writing(self) -> Iterator[Shelf]:
        """The store, to be changed; the sums are written at the end."""
        is_home = get_ident() == self._home  # a thread must not meddle with another one's transaction
        with self.writer if is_home else Writer(self.environment, self._lock) as txn:
            shelf = Shelf(self.databases, txn, self.now_us)
            yield shelf
            shelf.save()

    def flush(self) -> None:
        """Ends the turn's transaction; other threads have none."""
        if get_ident() == self._home:
            self.writer.flush()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raises `RepliesUnavailable` for what the engine raises."""
        try:
            yield
        except _FAILURES as error:
            self.adopt_map(error)
            raise RepliesUnavailable(str(error)) from error

    def adopt_map(self, error: Exception) -> None:
        """After another process has made the map larger than it is here, the next verb finds it whole."""
        if isinstance(error, lmdb.MapResizedError):
            with suppress(lmdb.Error):
                self.environment.set_mapsize(0)
