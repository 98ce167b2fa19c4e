"""The process that starts, watches and stops the others: workers, shipper, keeper, the local Parallel engine.

Binds the socket, forks, passes signals on, and stops everything in the order in which nothing is lost: workers
finish their calls, the shipper moves the last records, the keeper sends them on. It serves nothing itself, and
nothing that happens to another process ends it: how they are kept running is in `children.py`.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from penstock.clock import Clock
from penstock.control.compile import build_registry
from penstock.metrics.process_state import Kind
from penstock.pricing.configured import open_prices
from penstock.pricing.packaged import PackagedPrices
from penstock.processes import keeper_process, shipping
from penstock.processes.children import Child, Children
from penstock.processes.claims import (
    PRIVATE,
    StartError,
    bind,
    lock_folder,
    make_journal,
    make_private,
    raise_descriptor_limit,
)
from penstock.processes.local_engine import LocalParallel
from penstock.processes.restarts import Restarts
from penstock.processes.store_watch import StoreWatch
from penstock.processes.worker import LoadSettings, listening_url, run_worker
from penstock.settings import ConfigError, Settings
from penstock.shipper.process import HEARD_LATER
from penstock.stores.opening import Stores
from penstock.stores.opening.configured import stores_of
from penstock.stores.opening.ledger_changes import make_ledger

log = logging.getLogger("penstock.supervisor")

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_WATCHED = {*_STOPPING, signal.SIGHUP, signal.SIGCHLD}
_TICK_SECONDS = 0.25
_STOP_GRACE_SECONDS = 5.0
_SHIP_SECONDS = 60.0
_KEEP_SECONDS = 10.0
_RELOADING: Final[tuple[Kind, ...]] = ("worker", "shipper", "keeper")
_RESCANNING: Final[tuple[Kind, ...]] = ("local-parallel",)  # it looks at its documents again
_PATIENT: Final[tuple[Kind, ...]] = ("shipper", "keeper")  # they have work to end when they are told to
_WORKER_PAUSE = 5.0  # calls wait for it
_LAST = 19  # niceness


def _nothing() -> None:
    """There is nothing to prepare."""


class _Stamp(NamedTuple):
    """How directory and configuration file are: another one after every change of either."""

    version: int | None  # None: it could not be told yet
    written_ns: int
    size: int


@dataclass(slots=True)
class Supervisor:
    """Runs one Penstock. `config_file` is watched for changes when it is there, and the directory always."""

    settings: Settings
    load: LoadSettings
    config_file: Path | None = None
    local_parallel: LocalParallel | None = None
    prepare: Callable[[], None] = _nothing  # called once nothing can fail any more
    clock: Clock = field(default_factory=Clock)
    _socket: socket.socket | None = None
    _lifeline: tuple[int, int] = (-1, -1)
    _stores: StoreWatch = field(init=False)
    _since: int | None = None  # the last arrival of before anybody served with these settings

    def __post_init__(self) -> None:
        self._stores = StoreWatch(stores_of(self.settings), self.clock.monotonic)

    def run(self, ready: Callable[[str], None]) -> int:
        """Serves until SIGTERM or SIGINT; returns the exit code. `ready` gets the address once it is bound.

        Raises `StartError` and `ConfigError`, before anything is forked: what no further try would mend.
        """
        build_registry(self.settings)
        prices = open_prices(self.settings, os.environ)
        data, server = Path(self.settings.server.data), self.settings.server
        os.umask(PRIVATE)
        if data.exists():
            lock = lock_folder(data)
            try:
                self._socket = bind(server.host, server.port)
            except StartError:
                lock.give_back()
                raise
        else:  # a start that fails leaves no folder behind
            self._socket = bind(server.host, server.port)
            lock = lock_folder(data)
        raise_descriptor_limit()
        if count := make_private(data):
            log.warning("%d files of the data folder could be read by others: they are private again", count)
        self._stores.before_start()
        make_journal(data)
        _make_ledger(stores_of(self.settings))
        self._since = keeper_process.last_arrival(self.settings)
        self._lifeline = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        children = Children(data, self.clock, self._become)
        try:
            self._employ(children, prices)
            self.prepare()
            children.start_due()
            ready(listening_url(self._socket))
            return self._watch(children)
        finally:
            self._stop(children)
            self._stores.after_stop()
            os.close(lock.descriptor)

    # -- children

    def _employ(self, children: Children, prices: PackagedPrices) -> None:
        """Says which processes there are. Raises `StartError`."""
        longest, parent = self.settings.server.timeouts.restart, self._lifeline[0]
        children.add(Child("shipper", "shipper", lambda: self._ship(prices), Restarts(longest)))
        children.add(Child("keeper", "keeper", self._keep, Restarts(longest)))
        if (engine := self.local_parallel) is not None:
            engine.listen()
            children.add(
                Child(
                    "local-parallel",
                    "local-parallel",
                    lambda: engine.become(parent),
                    Restarts(longest),
                    engine.listen,
                    engine.ended,
                )
            )
        for number in range(self.settings.server.workers):
            pauses = Restarts(min(longest, _WORKER_PAUSE))
            children.add(
                Child(f"worker {number}", "worker", self._run_worker, pauses, mourn=self._mourn_worker)
            )

    def _mourn_worker(self, status: int | None, _pause: float) -> None:
        """Of what a worker may have died, the next one must not die."""
        if status is not None:
            self._stores.died(status)

    def _run_worker(self) -> int:
        assert self._socket is not None
        return run_worker(self.settings, self.load, [self._socket], self._lifeline[0])

    def _ship(self, prices: PackagedPrices) -> int:
        """Calls go first: on a busy machine the journal holds what the ledger gets a little later."""
        os.nice(_LAST)
        return shipping.main(self.settings, self.load, prices, self._lifeline[0])

    def _keep(self) -> int:
        os.nice(_LAST)
        return keeper_process.main(self.settings, self.load, self._lifeline[0], self._since)

    def _become(self, child: Child) -> int:
        """In the new process: signals as a program expects them, and only the reading end of the lifeline."""
        try:
            os.close(self._lifeline[1])
            if self._socket is not None and child.kind != "worker":
                self._socket.close()  # or it would go on taking connections that nobody serves
            if self.local_parallel is not None and child.kind != "local-parallel":
                self.local_parallel.let_go()  # likewise
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches the whole group; the supervisor acts
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.pthread_sigmask(
                signal.SIG_UNBLOCK, _WATCHED - HEARD_LATER if child.kind in _PATIENT else _WATCHED
            )
            return child.run()
        except BaseException:  # a SystemExit, too: this is no place to go on from
            log.exception("%s failed", child.name)
            return 1

    # -- watching

    def _watch(self, children: Children) -> int:
        """Until it is to stop. No signal, and no number of them, keeps the rest from its turn."""
        seen: _Stamp | None = None
        is_asked, look_at, said = False, 0.0, ""
        while True:
            try:
                if is_asked:
                    self._reload(children)
                if self.clock.monotonic() >= look_at:
                    look_at = self.clock.monotonic() + _TICK_SECONDS
                    self._stores.tick()
                    stamp = self._stamp(seen.version if seen else None)
                    if seen not in (None, stamp):
                        self._reload(children)
                    seen = stamp
            except Exception as error:
                if repr(error) != said:
                    log.exception("changes cannot be taken up now; this is tried again, and said once")
                said = repr(error)
            info = signal.sigtimedwait(_WATCHED, children.patience(_TICK_SECONDS))
            if info is not None and info.si_signo in _STOPPING:
                return 0
            is_asked = info is not None and info.si_signo == signal.SIGHUP
            if is_asked:
                children.signal(_RESCANNING, signal.SIGHUP)
            children.reap()
            children.start_due()

    def _stamp(self, last: int | None) -> _Stamp:
        """Another one after every change. A directory that cannot be read now is taken as it was at `last`."""
        version = self._stores.directory_version(last)
        written = size = 0
        if self.config_file is not None:
            with suppress(OSError):
                status = self.config_file.stat()
                written, size = status.st_mtime_ns, status.st_size
        return _Stamp(version, written, size)

    def _reload(self, children: Children) -> None:
        """A bad configuration is refused here, once, with line and reason; the workers keep the old one."""
        try:
            settings = self.load()
            build_registry(settings)
        except ConfigError as error:
            log.error("the changed configuration is refused, the old one keeps serving:\n%s", error)
            return
        self.settings, self._since = settings, None
        children.signal(_RELOADING, signal.SIGHUP)

    # -- stopping

    def _stop(self, children: Children) -> None:
        if self._socket is not None:
            self._socket.close()
        children.end("worker", self.settings.server.timeouts.drain + _STOP_GRACE_SECONDS)
        children.end("local-parallel", _STOP_GRACE_SECONDS)
        children.end("shipper", _SHIP_SECONDS)
        children.end("keeper", _KEEP_SECONDS)
        for descriptor in self._lifeline:
            with suppress(OSError):
                os.close(descriptor)
        if self.local_parallel is not None:
            self.local_parallel.close()


def _make_ledger(stores: Stores) -> None:
    """The shipper lets calls go first; who asks for them before it has its turn finds none, and not no ledger."""
    try:
        if said := make_ledger(stores):
            log.error("%s", said)
    except Exception as error:  # whatever is wrong with it: the shipper tries again, and says why
        log.error("the ledger cannot be made or opened: %s", error)
