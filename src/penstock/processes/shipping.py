"""The shipper with what it goes by: how many calls a gateway may hold, and the tally of all calls.

What the supervisor calls in a forked child. The process itself is in `shipper/process.py`, which knows
neither settings nor directory.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from penstock.clock import Clock
from penstock.control.opening import read_catalog
from penstock.metrics.call_tally import Tally, new_tally
from penstock.metrics.process_files import Heartbeat
from penstock.metrics.tally_file import FILE_NAME, damaged_tally, read_tally
from penstock.pricing.packaged import PackagedPrices
from penstock.processes.heap import Heap
from penstock.processes.retention import stopping
from penstock.settings import ConfigError, Settings
from penstock.shipper import process as shipper_process
from penstock.shipper.counting_ledger import CountingLedger, LimitedLedger, Limits
from penstock.stores.control_store import ControlStoreError
from penstock.stores.ledger import OpenWriter
from penstock.stores.opening.configured import stores_of

log = logging.getLogger("penstock.shipper")


class StorageLimits:
    """Limits of the latest good configuration; it is read again when it is next asked for after `changed`."""

    def __init__(self, settings: Settings, load: Callable[[], Settings]) -> None:
        self._settings = settings
        self._load = load
        self._stale = True
        self._limits: Limits = {}

    def changed(self) -> None:
        """The configuration or the directory may say something else now. Only takes note: a signal may call it."""
        self._stale = True

    def __call__(self) -> Limits:
        """How many calls may be stored, by account and gateway."""
        if self._stale:
            self._stale = False
            self._read()
        return self._limits

    def _read(self) -> None:
        try:
            self._settings = self._load()
        except ConfigError as error:
            log.error("the shipper goes on with the old configuration: %s", error)
        try:
            self._limits = stopping(read_catalog(self._settings, os.environ).fields)
        except ControlStoreError as error:
            self._stale = True
            log.error("the shipper cannot read the directory, and tries again: %s", error)


def main(settings: Settings, load: Callable[[], Settings], prices: PackagedPrices, parent: int | None) -> int:
    """Ships until told to stop; the exit code. `load` reads the settings anew and raises `ConfigError`."""
    stores, clock = stores_of(settings), Clock()
    file = stores.data / FILE_NAME
    limits = StorageLimits(settings, load)
    if said := damaged_tally(file):
        log.error("%s", said)
    tally = Tally(read_tally(file) or new_tally(clock.now_us()), settings.metrics.models)

    def around(ledger: OpenWriter) -> OpenWriter:
        return CountingLedger(LimitedLedger(ledger, limits), tally, file, clock.monotonic)

    beat = Heartbeat(stores.data, "shipper", os.getpid(), clock.now_us)
    return shipper_process.main(stores, parent, prices, around, limits.changed, beat, Heap().after)
