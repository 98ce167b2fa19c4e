"""The keeper as a process of its own: what a supervisor calls in a forked child.

Signals, the parent's pipe, taking up a changed configuration. What a keeper does is in `keeper.py`. It never ends
because something does not work: that would only be started again.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from penstock.clock import Clock
from penstock.control.opening import read_catalog
from penstock.export.cursors import FILE_NAME as CURSORS
from penstock.export.cursors import CursorFile
from penstock.export.ledger_access import LedgerAccess
from penstock.export.plan import Means
from penstock.export.sender import Sender
from penstock.metrics.process_files import Heartbeat
from penstock.metrics.tally_file import FILE_NAME as TALLY
from penstock.processes.keeper import Configuration, Keeper, cancelled
from penstock.settings import ConfigError, Settings
from penstock.shipper.process import HEARD_LATER
from penstock.stores.control_store import ControlStoreError
from penstock.stores.opening import Stores
from penstock.stores.opening.configured import stores_of
from penstock.stores.opening.ledger import ledger_place, ledger_reader, look_long
from penstock.stores.opening.ledger_changes import ledger_editor

_RETRY_SECONDS = 5.0
_BEAT_SECONDS = 1.0
_IDLE = "nothing is exported and nothing deleted"
_LOOK_SECONDS = 30.0  # for a look at the ledger; one that is larger is not looked at to its end
_LOOK_AGAIN_SECONDS = 3600.0

log = logging.getLogger("penstock.keeper")

Load = Callable[[], Settings]


def configuration(settings: Settings, environ: Mapping[str, str]) -> Configuration:
    """The settings with all gateways there are. Raises `ControlStoreError`.

    Receivers of the directory's are guarded as custom providers are, whoever wrote them there: a token of the API may
    have changed them since.
    """
    catalog = read_catalog(settings, environ)
    allow_private = settings.server.allow_private_providers
    stored = () if allow_private else [one for one in catalog if one.source == "directory"]
    return Configuration(settings, catalog.fields, frozenset((one.account, one.id) for one in stored))


def make_keeper(settings: Settings, environ: Mapping[str, str], clock: Clock) -> Keeper:
    """The keeper of the data folder that the settings name. Raises `OSError`, `ControlStoreError`."""
    stores = stores_of(settings)
    means = Means(CursorFile(stores.data / CURSORS), Sender(), clock, environ, os.urandom)
    ledger = LedgerAccess(lambda: ledger_reader(stores), lambda: ledger_editor(stores))
    return Keeper(ledger, means, stores.data / TALLY, configuration(settings, environ))


def main(settings: Settings, load: Load, parent: int | None) -> int:
    """Keeps until SIGTERM, or the end of the parent's pipe; the exit code.

    `settings` are the latest good ones, `load` reads them anew and raises `ConfigError`.
    """
    gc.freeze()  # walking what the parent made would only unshare it
    threading.Thread(target=_look, args=(stores_of(settings),), daemon=True).start()
    asyncio.run(_main(settings, load, parent))
    return 0


def _look(stores: Stores) -> None:
    """Looks at all of the ledger, now and then, beside everything else; it is no reason to wait at a stop."""
    told = ""
    while True:
        found = look_long(stores, _LOOK_SECONDS)
        if found and found != told:
            log.error(
                "%s is damaged: %s. What is done about it is in `penstock doctor`",
                ledger_place(stores),
                found,
            )
        told = found
        threading.Event().wait(_LOOK_AGAIN_SECONDS)


async def _main(settings: Settings, load: Load, parent: int | None) -> None:
    loop, stop, stale = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGHUP, stale.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD_LATER)
    if parent is not None:
        loop.add_reader(parent, stop.set)
    clock = Clock()
    heartbeat = Heartbeat(stores_of(settings).data, "keeper", os.getpid(), clock.now_us)
    keeper = await _made(settings, stop, clock, heartbeat)
    if keeper is None:
        return
    beside = asyncio.create_task(_reload(keeper, load, stale)), asyncio.create_task(_live(keeper, heartbeat))
    try:
        await keeper.run(stop)
    finally:
        await cancelled(*beside)


async def _live(keeper: Keeper, heartbeat: Heartbeat) -> None:
    """Tells that it lives, and whether it can work."""
    while True:
        trouble = keeper.ledger.trouble
        heartbeat(_IDLE if trouble else "", trouble)
        await keeper.means.clock.sleep(_BEAT_SECONDS)


async def _made(settings: Settings, stop: asyncio.Event, clock: Clock, heartbeat: Heartbeat) -> Keeper | None:
    """Waits until what it takes is there; None when told to stop first."""
    while not stop.is_set():
        try:
            return make_keeper(settings, os.environ, clock)
        except Exception as error:
            log.error("%s, this is tried again: %s", _IDLE, error)
            heartbeat(_IDLE, str(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _RETRY_SECONDS)
    return None


async def _reload(keeper: Keeper, load: Load, stale: asyncio.Event) -> None:
    """A bad configuration changes nothing."""
    while True:
        await stale.wait()
        stale.clear()
        try:
            settings = await asyncio.to_thread(load)
            keeper.take_up(await asyncio.to_thread(configuration, settings, os.environ))
        except (ConfigError, ControlStoreError) as error:
            log.error("the keeper goes on with the old configuration: %s", error)
        except Exception:
            log.exception("the keeper goes on with the old configuration")
