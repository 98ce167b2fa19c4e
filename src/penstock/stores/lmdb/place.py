"""The place of an LMDB store as a worker has it: opened, and opened anew when something else has taken its place.

A worker sets aside what it cannot open, and what the engine says is damaged, for the gateway is worth more than what
it remembers. What only may be damaged it marks as suspect: the supervisor looks at it in a process that may die of
that, and sets it aside. All workers then see that what they have is not what is in its place any more.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import lmdb

from penstock.stores.aside import set_aside
from penstock.stores.lmdb.environment import DATA_FILE, FAILURES, AnyEnvironment, Suspicion, Unopened, is_want

SUSPECT: Final = "suspect"
"""In a store's folder: the mark of a worker that has met what may be damage. Its text says why."""

_LOCK: Final = "stores.lock"
_MOST_TEXT: Final = 300

log = logging.getLogger("penstock.stores")


class Store(NamedTuple):
    """What is kept in a place: how it takes up an environment, and why it is suspect. Both may raise nothing
    but what an engine raises, or an error that is caused by one.
    """

    use: Callable[[AnyEnvironment], None]
    suspicion: Callable[[], Suspicion | None]


class Place:
    """One folder, which the worker has open once. `tend` is to be called about once a second, and never raises."""

    def __init__(self, folder: Path, open_folder: Callable[[Path], lmdb.Environment], store: Store) -> None:
        self._folder = folder
        self._open_folder = open_folder
        self._store = store
        self._environment: lmdb.Environment | None = None
        self._identity: tuple[int, int] | None = None
        self._size = 0
        self._suspicion: Suspicion | None = None
        self._failure = ""
        self._open()

    def close(self) -> None:
        """Lets go of the folder."""
        if self._environment is not None:
            self._environment.close()
            self._environment = None

    def tend(self) -> None:
        """Passes on what the store is suspected of; opens what has taken its place, or can be opened at last."""
        identity, size = self._seen()
        if self._environment is None or identity != self._identity:
            if self._environment is not None:
                log.error("%s was taken away or replaced: it is opened anew", self._folder)
            self._open()
            return
        suspicion = self._store.suspicion()
        if size < self._size:
            suspicion = Suspicion(f"it was cut from {self._size} to {size} bytes", is_certain=True)
        if suspicion is not None and suspicion.is_certain:
            self._open(suspicion.why)
        elif suspicion is not None and suspicion != self._suspicion:
            with suppress(OSError):
                (self._folder / SUSPECT).write_text(suspicion.why[:_MOST_TEXT])
        self._suspicion, self._size = suspicion, size

    def _open(self, damage: str = "") -> None:
        """Opens the folder, in place of what was opened before; a damaged one is set aside.

        What is in use elsewhere in this process, such as a transaction of a thread, ends with its last user.
        """
        self._environment = None
        with _locked(
            self._folder.parent / _LOCK
        ):  # of several workers that find the damage, the first one mends it
            try:
                if damage and self._seen()[0] == self._identity:
                    log.error("%s", set_aside(self._folder, damage).text)
                self._take_up()
            except Exception as error:
                cause = error.__cause__ or error
                if not isinstance(cause, FAILURES):
                    raise
                self._mend(cause)

    def _mend(self, error: BaseException) -> None:
        try:
            if is_want(error):
                raise error
            log.error("%s", set_aside(self._folder, f"it cannot be opened ({error})").text)
            self._take_up()
        except Exception as again:
            cause = again.__cause__ or again
            if not isinstance(cause, FAILURES):
                raise
            self._do_without(str(cause))

    def _take_up(self) -> None:
        environment = self._open_folder(self._folder)
        try:
            self._store.use(environment)
        except BaseException:
            environment.close()
            raise
        self._environment = environment
        self._identity, self._size = self._seen()
        if self._failure:
            log.info("%s can be used again", self._folder)
        self._failure = ""

    def _do_without(self, why: str) -> None:
        """Said once. Calls that need the store are refused, all others go on."""
        if why != self._failure:
            log.error("%s cannot be used, this is tried again: %s", self._folder, why)
        self._failure = why
        self._store.use(Unopened(f"the store is not open: {why}"))

    def _seen(self) -> tuple[tuple[int, int] | None, int]:
        """Which file there is now, and its size."""
        try:
            status = os.stat(self._folder / DATA_FILE)
        except OSError:
            return None, 0
        return (status.st_dev, status.st_ino), status.st_size


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock among workers. Without one, where its file cannot be had, two might mend at once."""
    descriptor = -1
    try:
        with suppress(OSError):
            if path.is_dir():
                set_aside(path, "it is a folder")
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)
