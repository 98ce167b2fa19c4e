"""What the supervisor does for the stores: looks at them before workers touch them, and when a worker died of one.

Serves nothing and opens nothing itself: it forks somebody to look, and renames what is damaged. What workers do when
a store was taken away is their own affair; the ledger is its shipper's.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from penstock.export.cursors import FILE_NAME as CURSORS
from penstock.journal.segments import DIRECTORY
from penstock.metrics.process_files import FILES as REPORTS
from penstock.metrics.process_files import FOLDER as PROCESSES
from penstock.metrics.tally_file import FILE_NAME as TALLY
from penstock.metrics.worker_file import FOLDER as STATES
from penstock.shipper.trial import FILE_NAME as AT
from penstock.stores.aside import set_aside
from penstock.stores.opening import Stores
from penstock.stores.opening.control_store import (
    COPY,
    control_store,
    control_store_place,
    control_store_trouble,
    put_back_copy,
    renew_copy,
)
from penstock.stores.opening.inspection import SharedStore, State, Verdict, shared_stores

START_SECONDS: Final = 3.0
"""Each store is looked at for so long at most before workers start."""

_SUSPECTING: Final = frozenset({signal.SIGBUS, signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL})
_AGAIN_SECONDS: Final = 60.0  # a second death within them is proof enough; a suspicion must wait for so long
_LOOK_SECONDS: Final = 1.0
_FOLDERS: Final = (DIRECTORY, STATES, PROCESSES)
_FILES: Final = (
    "stores.lock",
    f"{DIRECTORY}/.shipper.lock",
    f"{DIRECTORY}/{AT}",
    TALLY,
    CURSORS,
    COPY,
    *REPORTS,
)
_MARK: Final = "stores.used"  # holds the start of the system in which the stores were last used
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")

log = logging.getLogger("penstock.stores")


class StoreWatch:
    """The stores that workers share. Not for a process with threads. `seconds` is a monotonic clock."""

    def __init__(self, stores: Stores, seconds: Callable[[], float]) -> None:
        self._places = stores
        self._stores = shared_stores(stores)
        self._trouble = ""
        self._look_at = 0.0
        self._mark = stores.data / _MARK
        self._seconds = seconds
        self._died: float | None = None
        self._not_before: dict[Path, float] = {}

    def before_start(self) -> None:
        """No worker runs yet. After a power cut, what is too large to be looked at in time is not trusted."""
        self._set_strangers_aside()
        if said := put_back_copy(self._places):
            log.error("%s", said)
        self._copy()
        was_cut = self._was_cut()
        for store in self._stores:
            verdict = self._looked_at(store)
            if verdict.state is State.UNKNOWN and was_cut:
                why = f"the machine went down while it was in use, and {verdict.why}"
                verdict = Verdict(State.DAMAGED, why)
            self._judge(store, verdict)
        with suppress(OSError):
            self._mark.write_text(_boot())

    def _set_strangers_aside(self) -> None:
        """A folder where a file should be, or the other way round, would end each process that needs it."""
        for name in (*_FOLDERS, *_FILES):
            path = self._places.data / name
            if path.exists() and path.is_dir() != (name in _FOLDERS):
                try:
                    log.error(
                        "%s", set_aside(path, "it is a folder" if path.is_dir() else "it is no folder").text
                    )
                except OSError as error:
                    log.error("%s is not what it should be, and cannot be set aside: %s", path, error)

    def after_stop(self) -> None:
        """No worker runs any more: the next start can trust the stores, whatever happens to the machine."""
        for store in self._stores:
            store.sync()
        with suppress(OSError):
            self._mark.unlink(missing_ok=True)

    def died(self, status: int) -> None:
        """A worker has ended. If of a signal that damage may cause: looks, before the next one starts."""
        code = os.waitstatus_to_exitcode(status)
        if -code not in _SUSPECTING:
            return
        name, now = signal.Signals(-code).name, self._seconds()
        is_second = self._died is not None and now - self._died < _AGAIN_SECONDS
        self._died = now
        verdicts = [(store, self._looked_at(store)) for store in self._stores]
        if is_second and not any(verdict.state is State.DAMAGED for _, verdict in verdicts):
            why = f"two workers ended with {name} within {_AGAIN_SECONDS:.0f} seconds"
            verdicts = [(store, Verdict(State.DAMAGED, why)) for store in self._stores]
        for store, verdict in verdicts:
            self._judge(store, verdict)

    def directory_version(self, last: int | None) -> int | None:
        """That of the directory, of which a copy is made after each change; where it cannot be told, `last`."""
        version = control_store(self._places).version()
        if version is None:
            self._say_directory()
            return last
        if self._trouble:
            log.info("the directory can be used again")
            self._trouble = ""
        if version != last:
            self._copy()
        return version

    def _say_directory(self) -> None:
        """Said once. It may only be locked, which is no trouble."""
        now = self._seconds()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        trouble = control_store_trouble(self._places)
        if trouble and trouble != self._trouble:
            log.error(
                "%s cannot be used (%s): workers go on with what they have read, nothing can be changed in it; "
                "the next start puts its copy in its place",
                control_store_place(self._places),
                trouble,
            )
        self._trouble = trouble

    def _copy(self) -> None:
        if why := renew_copy(self._places):
            log.error("the directory cannot be copied: %s", why)

    def tick(self) -> None:
        """Looks at what workers suspect, once in a while: a caller's strange amounts must not keep this busy."""
        for store in self._stores:
            now = self._seconds()
            if now >= self._not_before.get(store.folder, 0.0) and (why := store.suspicion()):
                self._not_before[store.folder] = now + _AGAIN_SECONDS
                verdict = self._looked_at(store)
                self._judge(store, verdict)
                if verdict.state is not State.DAMAGED:
                    log.warning("%s may be damaged (%s); nothing was found", store.folder, why)

    def _looked_at(self, store: SharedStore) -> Verdict:
        try:
            return store.inspect(START_SECONDS)
        except OSError as error:
            return Verdict(State.UNKNOWN, f"nobody can be sent to look at it: {error}")

    def _judge(self, store: SharedStore, verdict: Verdict) -> None:
        if verdict.state is State.DAMAGED:
            try:
                log.error("%s", store.set_aside(f"it is damaged ({verdict.why})"))
            except OSError as error:
                log.error("%s is damaged (%s) and cannot be set aside: %s", store.folder, verdict.why, error)

    def _was_cut(self) -> bool:
        """Whether the machine went down while the stores were in use."""
        try:
            return self._mark.read_text(errors="replace") != _boot()
        except OSError:
            return False


def _boot() -> str:
    """Another text after each start of the system; empty where it cannot be told."""
    try:
        return _BOOT.read_text()
    except OSError:
        return ""
