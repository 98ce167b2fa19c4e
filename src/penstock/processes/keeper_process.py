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
from contextlib import closing, suppress
from functools import partial

from penstock.clock import Clock
from penstock.control.no_effect import all_without_effect
from penstock.control.opening import open_catalog
from penstock.exits.sender import Sender
from penstock.export.cursors import FILE_NAME as CURSORS
from penstock.export.cursors import CursorFile
from penstock.export.ledger_access import LedgerAccess
from penstock.export.plan import Means
from penstock.following.access import CountersAccess, RunsAccess
from penstock.following.follower import Follower
from penstock.following.hooks import Forwarder
from penstock.following.looks import Looks
from penstock.following.service import Following
from penstock.following.telling import Teller
from penstock.metrics.process_files import Heartbeat
from penstock.metrics.tally_file import FILE_NAME as TALLY
from penstock.processes.follow_plan import follow_plan, serving_since
from penstock.processes.keeper import Configuration, Keeper, cancelled
from penstock.settings import ConfigError, Settings
from penstock.shipper.process import HEARD_LATER
from penstock.stores.control_store import ControlStoreError
from penstock.stores.opening import Stores
from penstock.stores.opening import shared as shared_stores
from penstock.stores.opening.configured import stores_of
from penstock.stores.opening.control_store import control_store
from penstock.stores.opening.ledger import ledger_place, ledger_reader, look_long
from penstock.stores.opening.ledger_changes import ledger_editor
from penstock.stores.opening.runs import has_runs, run_ledger

_RETRY_SECONDS = 5.0
_BEAT_SECONDS = 1.0
_IDLE = "nothing is exported, nothing deleted and no run followed"
_UNFOLLOWED = "no run is followed"
_LOOK_SECONDS = 30.0  # for a look at the ledger; one that is larger is not looked at to its end
_LOOK_AGAIN_SECONDS = 3600.0
_RUNS_BUSY_SECONDS = 1.0  # exporters wait, too, while the run ledger is waited for

log = logging.getLogger("penstock.keeper")

Load = Callable[[], Settings]


def configuration(settings: Settings, environ: Mapping[str, str]) -> Configuration:
    """The settings with all gateways there are. Raises `ControlStoreError`, `ConfigError`.

    Receivers of the directory's are guarded as custom providers are, whoever wrote them there: a token of the API may
    have changed them since.
    """
    snapshot = control_store(stores_of(settings)).snapshot()
    catalog = open_catalog(settings, snapshot, environ)
    allow_private = settings.server.allow_private_providers
    stored = () if allow_private else [one for one in catalog if one.source == "directory"]
    guarded = frozenset((one.account, one.id) for one in stored)
    in_vain = tuple(all_without_effect(settings, catalog, snapshot))
    follow = follow_plan(settings, catalog, snapshot, environ)
    return Configuration(settings, catalog.fields, guarded, in_vain, follow)


def make_keeper(
    settings: Settings, environ: Mapping[str, str], clock: Clock, since: int | None = None
) -> Keeper:
    """The keeper of the data folder that the settings name. Raises `OSError`, `ControlStoreError`, `ConfigError`."""
    stores = stores_of(settings)
    means = Means(CursorFile(stores.data / CURSORS), Sender(), clock, environ, os.urandom)
    ledger = LedgerAccess(lambda: ledger_reader(stores), lambda: ledger_editor(stores))
    current = configuration(settings, environ)
    following = make_following(stores, ledger, means.sender, clock)
    return Keeper(ledger, means, stores.data / TALLY, current, since, following)


def make_following(stores: Stores, ledger: LedgerAccess, sender: Sender, clock: Clock) -> Following:
    """What follows the runs of a data folder; nothing is opened yet."""
    name = f"keeper {clock.new_id(clock.now_us())}"  # that no other process ever has
    counters = CountersAccess(partial(shared_stores.counters, stores, name.encode()))
    return Following(
        RunsAccess(partial(has_runs, stores), partial(run_ledger, stores, _RUNS_BUSY_SECONDS)),
        counters,
        Teller(ledger.reader, ledger.editor, counters, clock),
        Follower(Looks(sender.send, clock), clock, name),
        Forwarder(sender.send_guarded, sender.send, clock, name),
        clock,
        partial(serving_since, stores.data),
        ledger.failed,
    )


def last_arrival(settings: Settings) -> int | None:
    """The last call in the ledger; None where that cannot be told. To be asked before anybody serves."""
    try:
        with closing(ledger_reader(stores_of(settings))) as reader:
            return reader.last_arrival()
    except Exception:  # what is wrong with it is said by those who work with it
        return None


def main(settings: Settings, load: Load, parent: int | None, since: int | None) -> int:
    """Keeps until SIGTERM, or the end of the parent's pipe; the exit code.

    `settings` are the latest good ones, `load` reads them anew and raises `ConfigError`. `since` is the last arrival
    of before anybody served with these settings, if that is known.
    """
    gc.freeze()  # walking what the parent made would only unshare it
    threading.Thread(target=_look, args=(stores_of(settings),), daemon=True).start()
    asyncio.run(_main(settings, load, parent, since))
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


async def _main(settings: Settings, load: Load, parent: int | None, since: int | None) -> None:
    loop, stop, stale = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGHUP, stale.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD_LATER)
    if parent is not None:
        loop.add_reader(parent, stop.set)
    clock = Clock()
    heartbeat = Heartbeat(stores_of(settings).data, "keeper", os.getpid(), clock.now_us)
    keeper = await _made(settings, stop, clock, heartbeat, since)
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
        idle, trouble = _IDLE, keeper.ledger.trouble
        if not trouble and keeper.following is not None:
            idle, trouble = _UNFOLLOWED, keeper.following.runs.trouble
        heartbeat(idle if trouble else "", trouble)
        await keeper.means.clock.sleep(_BEAT_SECONDS)


async def _made(
    settings: Settings, stop: asyncio.Event, clock: Clock, heartbeat: Heartbeat, since: int | None
) -> Keeper | None:
    """Waits until what it takes is there; None when told to stop first."""
    while not stop.is_set():
        try:
            return make_keeper(settings, os.environ, clock, since)
        except Exception as error:
            log.error("%s, this is tried again: %s", _IDLE, error)
            heartbeat(_IDLE, str(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _RETRY_SECONDS)
    return None


def _say_in_vain(wanted: Configuration, before: Configuration) -> None:
    """What is set now and does nothing; what was set at the start is said by who starts."""
    for line in wanted.in_vain:
        if line not in before.in_vain:
            log.warning("%s", line)


async def _reload(keeper: Keeper, load: Load, stale: asyncio.Event) -> None:
    """A bad configuration changes nothing."""
    while True:
        await stale.wait()
        stale.clear()
        try:
            settings = await asyncio.to_thread(load)
            wanted = await asyncio.to_thread(configuration, settings, os.environ)
            _say_in_vain(wanted, keeper.current)
            keeper.take_up(wanted)
        except (ConfigError, ControlStoreError) as error:
            log.error("the keeper goes on with the old configuration: %s", error)
        except Exception:
            log.exception("the keeper goes on with the old configuration")
