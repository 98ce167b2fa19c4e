"""Transactions on one store of kept answers: who writes when, for how long, and what a failure is called.

What changes within one is in `reply_shelf.py`; which there are is in `replies.py` and `reply_filing.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import get_ident
from types import TracebackType

import lmdb

from penstock.stores.lmdb.environment import (
    FAILURES,
    AnyEnvironment,
    Suspicion,
    Unopened,
    suspicion_of,
    write_lock,
)
from penstock.stores.lmdb.leases import Leases
from penstock.stores.lmdb.reply_databases import Databases, open_databases
from penstock.stores.lmdb.reply_shelf import Shelf
from penstock.stores.lmdb.writer import Writer
from penstock.stores.replies import RepliesUnavailable


class Transactions:
    """Of one store in an environment. The thread that made this may share a transaction between verbs of a turn;
    other threads have one for each step. `now_us` is the time that the store was told last. `suspicion` is why it
    may be damaged: what a verb has failed with.
    """

    __slots__ = (
        "_home",
        "_lock",
        "_name",
        "begin",
        "databases",
        "environment",
        "leases",
        "now_us",
        "suspicion",
        "writer",
    )

    def __init__(self, environment: AnyEnvironment, name: str, writer: Writer | None) -> None:
        self._name = name
        self.now_us = 0
        self._home = get_ident()
        self.use(environment, writer)

    def use(self, environment: AnyEnvironment, writer: Writer | None) -> None:
        """From now on works in this environment. What still goes on in the one before ends there."""
        self.suspicion: Suspicion | None = None
        self.begin = environment.begin
        self.environment = environment
        with self.translated():
            self._lock = write_lock(environment)
            with self._lock:
                self.databases = open_databases(environment, self._name)
                self.leases = Leases(environment)
        self.writer = writer or Writer(environment, self._lock)

    def writing(self) -> Writing:
        """The store, to be changed; the sums are written at the end."""
        is_home = get_ident() == self._home  # a thread must not meddle with another one's transaction
        return Writing(self.writer if is_home else self.writer.alike(), self.databases, self.now_us)

    def flush(self) -> None:
        """Ends the turn's transaction; other threads have none."""
        if get_ident() == self._home:
            self.writer.flush()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raises `RepliesUnavailable` for what the engine raises."""
        try:
            yield
        except FAILURES as error:
            self.failed(error)
            raise RepliesUnavailable(str(error)) from error

    def failed(self, error: Exception) -> None:
        """Takes note. After another process has made the map larger than it is here, the next verb finds it whole."""
        self.suspicion = suspicion_of(error) or self.suspicion
        if isinstance(error, lmdb.MapResizedError) and not isinstance(self.environment, Unopened):
            with suppress(lmdb.Error):
                self.environment.set_mapsize(0)


class Writing:
    """The context of one change: a shelf, whose sums are written unless an error undoes all of it.

    A class, because there is one for every answer that is kept.
    """

    __slots__ = ("_databases", "_now_us", "_shelf", "_writer")

    def __init__(self, writer: Writer, databases: Databases, now_us: int) -> None:
        self._writer = writer
        self._databases = databases
        self._now_us = now_us

    def __enter__(self) -> Shelf:
        txn = self._writer.__enter__()
        try:
            self._shelf = shelf = Shelf(self._databases, txn, self._now_us)
        except BaseException as failure:
            self._writer.__exit__(type(failure), failure, failure.__traceback__)
            raise
        return shelf

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._shelf.save()
            except BaseException as failure:
                self._writer.__exit__(type(failure), failure, failure.__traceback__)
                raise
        self._writer.__exit__(kind, error, trace)
