"""Write transactions on an LMDB environment: one for each verb, or one for a whole turn of the event loop.

A process that shares its environment with others must let go of the write lock at once. One that is alone may
keep a transaction open until the turn ends: its commit is most of what writing costs, and is then paid once for
all the calls of a turn. What the lone process loses when it is killed within a turn are that turn's own calls.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

import lmdb

from penstock.stores.lmdb.environment import AnyEnvironment

log = logging.getLogger("penstock.stores")

Defer = Callable[[Callable[[], None]], object]
"""Asks for something to be done when the turn has ended: a loop's `call_soon`."""


class Writer:
    """A context in which there is a write transaction, which ends with it or with the turn. Not reentrant.

    An error in it undoes the transaction. In a turn that is all that the turn has written.
    """

    __slots__ = ("_begin", "_database", "_defer", "_environment", "_harmless", "_lock", "_txn")

    def __init__(
        self,
        environment: AnyEnvironment,
        lock: AbstractContextManager[object],
        database: lmdb._Database | None = None,
        defer: Defer | None = None,
        harmless: tuple[type[Exception], ...] = (),
    ) -> None:
        """`database` is the transactions' own; with `defer` they last a turn, also through `harmless` errors,
        which are raised before anything is written.
        """
        self._harmless = harmless
        self._environment = environment
        self._begin = environment.begin
        self._lock = lock
        self._database = database
        self._defer = defer
        self._txn: lmdb.Transaction[bytes] | None = None

    @property
    def open(self) -> lmdb.Transaction[bytes] | None:
        """The turn's transaction, through which the turn's own changes can be seen."""
        return self._txn

    def __enter__(self) -> lmdb.Transaction[bytes]:
        txn = self._txn
        if txn is None:
            self._lock.__enter__()
            try:
                self._txn = txn = self._begin(self._database, None, True)
            except BaseException:
                self._lock.__exit__(None, None, None)
                raise
            if self._defer is not None:
                self._defer(self._end_turn)
        return txn

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not issubclass(kind, self._harmless):
            self._end(commit=False)
        elif self._defer is None:
            self._end(commit=kind is None)

    def alike(self) -> Writer:
        """For another thread, which may not share a transaction: one for each step, behind the same lock."""
        return Writer(self._environment, self._lock)

    def flush(self) -> None:
        """Ends the turn's transaction now. Raises `lmdb.Error`: then nothing of it was written."""
        self._end(commit=True)

    def _end_turn(self) -> None:
        try:
            self._end(commit=True)
        except (lmdb.Error, OSError) as error:
            log.error("what a moment's calls have counted and kept was lost: %s", error)

    def _end(self, *, commit: bool) -> None:
        txn, self._txn = self._txn, None
        if txn is None:
            return
        try:
            if commit:
                txn.commit()
            else:
                txn.abort()
        finally:
            self._lock.__exit__(None, None, None)
