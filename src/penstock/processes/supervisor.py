"""The process that starts, watches and stops the others: workers, shipper, keeper, the local Parallel engine.

Binds the socket, forks, restarts what dies, passes signals on, and stops everything in the order in which
nothing is lost: workers finish their calls, the shipper moves the last records, the keeper sends them on. It serves
nothing itself.
"""

from __future__ import annotations

import fcntl
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, NoReturn

from penstock.control.compile import build_registry
from penstock.pricing.packaged import PackagedPrices
from penstock.processes import keeper_process, shipping
from penstock.processes.store_watch import StoreWatch
from penstock.processes.worker import LoadSettings, listening_url, open_prices, run_worker
from penstock.settings import ConfigError, Settings
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.opening import Stores
from penstock.stores.opening.configured import stores_of
from penstock.stores.opening.ledger_changes import make_ledger

log = logging.getLogger("penstock.supervisor")

_WATCHED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
_TICK_SECONDS = 0.25
_QUICK_DEATH_SECONDS = 2.0
_QUICK_DEATHS = 5
_STOP_GRACE_SECONDS = 5.0
_SHIP_SECONDS = 60.0
_KEEP_SECONDS = 10.0
_BACKLOG = 4096
_WORKER = "worker"
_SHIPPER = "shipper"
_KEEPER = "keeper"
_RELOADING = (_WORKER, _SHIPPER, _KEEPER)
_PRIVATE = 0o077  # journal, ledger and runs hold people's prompts
_LAST = 19  # niceness


class StartError(Exception):
    """Penstock cannot start; the text says why and what to do."""


def _nothing() -> None:
    """There is nothing to prepare."""


class _Stamp(NamedTuple):
    """How directory and configuration file are: another one after every change of either."""

    version: int | None  # None: it could not be told yet
    written_ns: int
    size: int


@dataclass(slots=True)
class Child:
    """A process the supervisor keeps running."""

    name: str
    run: Callable[[], int]
    pid: int = 0
    started: float = 0.0
    quick_deaths: int = 0


@dataclass(slots=True)
class LocalParallel:
    """The local engine beside the gateway: over which documents (none: the packaged ones), at which socket."""

    documents: Path | None
    socket: Path
    data: Path


@dataclass(slots=True)
class Supervisor:
    """Runs one Penstock. `config_file` is watched for changes when it is there, and the directory always."""

    settings: Settings
    load: LoadSettings
    config_file: Path | None = None
    local_parallel: LocalParallel | None = None
    prepare: Callable[[], None] = _nothing  # called once data folder and address are ours
    _children: list[Child] = field(default_factory=list)
    _socket: socket.socket | None = None
    _lifeline: tuple[int, int] = (-1, -1)
    _stores: StoreWatch = field(init=False)

    def __post_init__(self) -> None:
        self._stores = StoreWatch(stores_of(self.settings), time.monotonic)

    def run(self, ready: Callable[[str], None]) -> int:
        """Serves until SIGTERM or SIGINT; returns the exit code. `ready` gets the address once it is bound."""
        data = Path(self.settings.server.data)
        os.umask(_PRIVATE)
        lock = _lock_folder(data)
        _raise_descriptor_limit()
        self._socket = _bind(self.settings.server.host, self.settings.server.port)
        self._stores.before_start()
        self.prepare()
        _make_ledger(stores_of(self.settings))
        self._lifeline = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        try:
            self._start_all()
            ready(listening_url(self._socket))
            return self._watch()
        finally:
            self._stop_all()
            self._stores.after_stop()
            os.close(lock)

    # -- children

    def _start_all(self) -> None:
        parent = self._lifeline[0]
        prices = open_prices(self.settings)
        self._children.append(Child(_SHIPPER, lambda: self._ship(prices)))
        self._children.append(Child(_KEEPER, self._keep))
        if self.local_parallel is not None:
            listener = _bind_unix(self.local_parallel.socket)
            engine = self.local_parallel
            self._children.append(Child("local-parallel", lambda: _exec_local(engine, listener, parent)))
        for number in range(self.settings.server.workers):
            self._children.append(Child(f"{_WORKER} {number}", self._run_worker))
        for child in self._children:
            self._start(child)

    def _run_worker(self) -> int:
        assert self._socket is not None
        return run_worker(self.settings, self.load, [self._socket], self._lifeline[0])

    def _ship(self, prices: PackagedPrices) -> int:
        """Calls go first: on a busy machine the journal holds what the ledger gets a little later."""
        os.nice(_LAST)
        return shipping.main(self.settings, self.load, prices, self._lifeline[0])

    def _keep(self) -> int:
        os.nice(_LAST)
        return keeper_process.main(self.settings, self.load, self._lifeline[0])

    def _start(self, child: Child) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        child.started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            os._exit(self._become(child))
        child.pid = pid
        log.info("%s started (process %d)", child.name, pid)

    def _become(self, child: Child) -> int:
        """In the new process: signals as a program expects them, and only the reading end of the lifeline."""
        try:
            os.close(self._lifeline[1])
            if self._socket is not None and not child.name.startswith(_WORKER):
                self._socket.close()  # or it would go on taking connections that nobody serves
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches the whole group; the supervisor acts
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
            return child.run()
        except Exception:
            log.exception("%s failed", child.name)
            return 1

    # -- watching

    def _watch(self) -> int:
        seen = self._stamp(None)
        while True:
            info = signal.sigtimedwait(_WATCHED, _TICK_SECONDS)
            if info is None:
                self._stores.tick()
                stamp = self._stamp(seen.version)
                if stamp != seen:
                    seen = stamp
                    self._reload()
            elif info.si_signo == signal.SIGHUP:
                self._reload()
            elif info.si_signo == signal.SIGCHLD:
                if not self._mourn():
                    return 1
            else:
                return 0

    def _stamp(self, last: int | None) -> _Stamp:
        """Another one after every change. A directory that cannot be read now is taken as it was at `last`."""
        version = self._stores.directory_version(last)
        written = size = 0
        if self.config_file is not None:
            with suppress(OSError):
                status = self.config_file.stat()
                written, size = status.st_mtime_ns, status.st_size
        return _Stamp(version, written, size)

    def _reload(self) -> None:
        """A bad configuration is refused here, once, with line and reason; the workers keep the old one."""
        try:
            settings = self.load()
            build_registry(settings)
        except ConfigError as error:
            log.error("the changed configuration is refused, the old one keeps serving:\n%s", error)
            return
        self.settings = settings
        for child in self._children:
            if child.name.startswith(_RELOADING):
                _signal(child.pid, signal.SIGHUP)

    def _mourn(self) -> bool:
        """Restarts what has died; false when a process keeps dying at once, which no restart will mend."""
        for child in self._children:
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            lived = time.monotonic() - child.started
            child.quick_deaths = child.quick_deaths + 1 if lived < _QUICK_DEATH_SECONDS else 0
            log.error("%s ended with %s", child.name, _describe(status))
            if child.name.startswith(_WORKER):
                self._stores.died(status)
            if child.quick_deaths >= _QUICK_DEATHS:
                log.error("%s ends again and again; giving up", child.name)
                child.pid = 0
                return False
            self._start(child)
        return True

    # -- stopping

    def _stop_all(self) -> None:
        if self._socket is not None:
            self._socket.close()
        workers = [child for child in self._children if child.name.startswith(_WORKER)]
        _end(workers, self.settings.server.timeouts.drain + _STOP_GRACE_SECONDS)
        _end([child for child in self._children if child.name == "local-parallel"], _STOP_GRACE_SECONDS)
        _end([child for child in self._children if child.name == _SHIPPER], _SHIP_SECONDS)
        _end([child for child in self._children if child.name == _KEEPER], _KEEP_SECONDS)
        for descriptor in self._lifeline:
            with suppress(OSError):
                os.close(descriptor)
        if self.local_parallel is not None:
            self.local_parallel.socket.unlink(missing_ok=True)


def _end(children: list[Child], seconds: float) -> None:
    """Asks the processes to end, waits, and kills what is left."""
    for child in children:
        _signal(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    waiting = [child for child in children if child.pid]
    while waiting:
        waiting = [child for child in waiting if os.waitpid(child.pid, os.WNOHANG)[0] == 0]
        if not waiting:
            return
        if time.monotonic() > deadline:
            break
        signal.sigtimedwait({signal.SIGCHLD}, 0.1)
    for child in waiting:
        log.error("%s did not end in time and is killed", child.name)
        _signal(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)


def _signal(pid: int, number: int) -> None:
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _describe(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _exec_local(local: LocalParallel, listener: socket.socket, parent: int) -> NoReturn:
    """Becomes the local engine, a program of its own. It inherits the socket, where early calls wait for it."""
    command = [sys.executable, "-m", "parallel_local", "serve"]
    if local.documents is not None:
        command.append(str(local.documents))
    command += ["--fd", str(listener.fileno()), "--parent-fd", str(parent), "--data", str(local.data)]
    os.set_inheritable(listener.fileno(), True)
    os.set_inheritable(parent, True)
    os.execv(sys.executable, command)


def _lock_folder(data: Path) -> int:
    """Makes sure that only one Penstock writes to a data folder; returns the lock's descriptor."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(data / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(
            f"cannot use the data folder {data}: {error.strerror}; choose one with --data"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StartError(
            f"another Penstock already uses the data folder {data}; stop it, or choose another with --data"
        ) from error
    return descriptor


def _make_ledger(stores: Stores) -> None:
    """The shipper lets calls go first; who asks for them before it has its turn finds none, and not no ledger."""
    with suppress(LedgerUnavailable):  # the shipper tries again, and says why
        if said := make_ledger(stores):
            log.error("%s", said)


def _bind(host: str, port: int) -> socket.socket:
    """The listening socket. Raises `StartError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise StartError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --port"
        ) from error
    return listener


def _bind_unix(path: Path) -> socket.socket:
    """The local engine's socket; one that an earlier process left behind gives way."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise StartError(f"cannot listen on {path}: {error.strerror}; choose another --data") from error
    return listener


def _raise_descriptor_limit() -> None:
    """Ten thousand streams want twenty thousand descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 1_048_576
    if soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError) as error:
            log.warning("cannot raise the limit of open files above %d: %s", soft, error)
