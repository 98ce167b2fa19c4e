"""The shipper as a process of its own: what a supervisor calls in a forked child.

Signals, the parent's pipe, one shipper a journal. Imports stay lean, the process should weigh about 20 MB.
How records get into the ledger is in `shipper.py`.
"""

from __future__ import annotations

import fcntl
import gc
import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

from penstock.calls.costing import Prices
from penstock.calls.derive import NO_PRICES
from penstock.journal.segments import DIRECTORY
from penstock.shipper.shipper import Beat, Freed, NoMemory, Shipper, kept, unheard
from penstock.stores.ledger import OpenWriter
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger_changes import ledger_writer
from penstock_common.printable import one_line

HEARD_LATER: Final = frozenset({signal.SIGTERM, signal.SIGHUP})
"""Who forks this process blocks them, so that none is lost, or deadly, before it has handlers for them."""

_LOCK = ".shipper.lock"
_ANOTHER = "another shipper works on this journal"
_NO_MEMORY = "there is no memory for what stands in {}; another process begins there, with care"
_RETRY_SECONDS = 0.25
_COLLECT_AFTER = 50_000  # a batch is tens of thousands of objects, none of them in a cycle

Around = Callable[[OpenWriter], OpenWriter]


def _as_it_is(ledger: OpenWriter) -> OpenWriter:
    return ledger


def _nothing() -> None:
    """There is nothing to read again."""


class SignalStop:
    """The sign to end: SIGTERM, or the end of the parent's pipe. Once given it stays."""

    def __init__(self, parent_fd: int | None) -> None:
        self._reader, self._writer = os.pipe()
        self._poll = select.poll()
        self._poll.register(self._reader, select.POLLIN)
        if parent_fd is not None:
            self._poll.register(parent_fd, select.POLLIN)
        signal.set_wakeup_fd(-1)  # the parent's event loop may have had one
        signal.signal(signal.SIGTERM, self._give)
        # Ctrl-C reaches the whole process group: under a parent, the workers' last calls are still to come.
        signal.signal(signal.SIGINT, self._give if parent_fd is None else signal.SIG_IGN)

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the sign; whether it has come."""
        return bool(self._poll.poll(timeout * 1000))

    def _give(self, number: int, frame: FrameType | None) -> None:
        os.write(self._writer, b".")


def main(
    stores: Stores,
    parent_fd: int | None = None,
    prices: Prices = NO_PRICES,
    around: Around = _as_it_is,
    changed: Callable[[], None] = _nothing,
    beat: Beat = unheard,
    freed: Freed = kept,
) -> int:
    """Ship the journal of the data folder into its ledger until told to stop; the exit code, 1 for want of memory.

    `parent_fd` is the reading end of a pipe whose writing end only the parent holds. `around` gives what stands
    before the ledger, `changed` is called when the configuration may have changed (SIGHUP), `beat` all the time, and
    `freed` after each batch.
    """
    gc.freeze()  # walking what the parent made would only unshare it
    gc.set_threshold(_COLLECT_AFTER)
    stop = SignalStop(parent_fd)
    signal.signal(signal.SIGHUP, lambda number, frame: changed())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD_LATER)
    folder = stores.data / DIRECTORY
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if _wait_for(lock, stop, beat):
            _ship(stores, prices, stop, around, beat, freed)
    except NoMemory as error:
        _say(_NO_MEMORY.format(error))
        return 1
    finally:
        os.close(lock)
    return 0


def _ship(stores: Stores, prices: Prices, stop: SignalStop, around: Around, beat: Beat, freed: Freed) -> None:
    ledger = around(ledger_writer(stores))
    try:
        Shipper(stores.data / DIRECTORY, ledger, _say, prices, beat, freed).run(stop)
    finally:
        ledger.close()


def _wait_for(lock: int, stop: SignalStop, beat: Beat) -> bool:
    """Wait while another shipper works here, such as one that still drains; False when told to stop first."""
    told = False
    while not _taken(lock):
        beat(_ANOTHER, "")
        if not told:
            _say(f"{_ANOTHER}; waiting for it to end")
            told = True
        if stop.wait(_RETRY_SECONDS):
            return False
    return True


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _say(text: str) -> None:
    """A full disk, or a reader that has gone, is nothing to end for."""
    with suppress(OSError):
        sys.stderr.write(f"penstock shipper: {one_line(text)}\n")
        sys.stderr.flush()
