"""The only composition root: settings → world → pipeline → server, for one worker process.

Opens what a worker needs, swaps its world when the configuration changes, and closes everything in order.
What a request means is in `proxy/pipeline.py`; processes and signals are in `supervisor.py`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import uvicorn
import uvloop

from penstock.clock import Clock
from penstock.control.catalog import catalog
from penstock.control.compile import Shared, build_world, limits_spending
from penstock.control.opening import open_vault, opener
from penstock.journal.journal import Journal
from penstock.journal.segments import DIRECTORY
from penstock.management.api import ENDPOINTS
from penstock.management.application import management_routes
from penstock.management.resources import Resources, SharedClock
from penstock.metrics.worker_file import FOLDER as STATES
from penstock.metrics.worker_file import StateFile
from penstock.pages.dashboard.site import dashboard_routes
from penstock.pages.health import HealthPages
from penstock.pages.hooks import HookPages
from penstock.pages.metrics import MetricsPage
from penstock.pricing.configured import open_prices
from penstock.pricing.known_models import KnownModels
from penstock.processes.heap import Heap
from penstock.processes.watchdog import Watchdog
from penstock.processes.worker_report import Traffic, WorkerReport
from penstock.proxy.answer_cache import AnswerCache
from penstock.proxy.attempts import Attempts
from penstock.proxy.downstream.busy_poll import BusyPoll
from penstock.proxy.downstream.connection import ClientConnection, connection_class
from penstock.proxy.downstream.timeouts import ClientLimits
from penstock.proxy.pipeline import Pipeline, PipelineLimits
from penstock.proxy.policies.breaker import BreakerRules, Breakers
from penstock.proxy.room import Room
from penstock.proxy.routing import World
from penstock.proxy.runs.desk import RunDesk
from penstock.proxy.signing.access_tokens import AccessTokens
from penstock.proxy.signing.aws_profiles import AwsProfiles
from penstock.proxy.signing.environment_keys import EnvironmentCredentials
from penstock.proxy.signing.signer import Signer
from penstock.proxy.signing.token_endpoint import TokenEndpoint
from penstock.proxy.upstream.pool import Deadlines, Upstream
from penstock.proxy.whole_bodies import WholeBodies
from penstock.settings import ConfigError, Settings, is_loopback
from penstock.settings.regions import in_region
from penstock.stores.control_store import ControlStoreDamaged, ControlStoreError
from penstock.stores.counters import Counters, CountersUnavailable
from penstock.stores.opening import shared as shared_stores
from penstock.stores.opening.configured import stores_of
from penstock.stores.opening.control_store import control_store
from penstock.stores.opening.runs import run_ledger
from penstock.stores.replies import ReplyLimits
from penstock.wire.own_tokens import OwnTokens

log = logging.getLogger("penstock.worker")

_SWEEP_SECONDS = 1.0
_SWEPT_AT_ONCE = 100  # connections
_SETTLE_SECONDS = 1.0
_BACKLOG = 4096
_AT_START = ("server", "journal", "cache", "idempotency", "breaker")
_SWITCH_SECONDS = 0.0002  # not 5 ms: so long a call may wait for a thread that makes a page, at each step
_GC_THRESHOLDS = (20_000, 20, 50)  # calls leave few cycles behind; looking for them costs every call

LoadSettings = Callable[[], Settings]


def client_limits(settings: Settings) -> ClientLimits:
    limits, timeouts = settings.server.limits, settings.server.timeouts
    return ClientLimits(
        max_head=limits.max_header_bytes,
        max_body=limits.max_body_bytes,
        head_seconds=timeouts.header,
        keep_alive_seconds=timeouts.keep_alive,
        body_grace=timeouts.body_grace,
        body_rate=timeouts.body_rate,
        stalled_seconds=timeouts.idle,
    )


def pipeline_limits(settings: Settings) -> PipelineLimits:
    limits = settings.server.limits
    return PipelineLimits(
        logged_body=limits.max_logged_body_bytes,
        refuse_unlogged=settings.journal.on_full == "refuse",
    )


def breaker_rules(settings: Settings) -> BreakerRules:
    breaker = settings.breaker
    return BreakerRules(
        connect_failures=breaker.connect_failures,
        window=breaker.window,
        min_calls=breaker.min_calls,
        error_share=breaker.error_share,
        open_seconds=breaker.open,
    )


@dataclass(slots=True)
class Parts:
    """What a worker is made of."""

    pipeline: Pipeline
    upstream: Upstream
    journal: Journal
    counters: Counters
    answers: AnswerCache
    tokens: AccessTokens
    environment: EnvironmentCredentials
    report: WorkerReport
    runs: RunDesk
    tend: tuple[Callable[[], None], ...]  # to the shared stores
    let_go: tuple[Callable[[], None], ...]  # of them
    clock: Clock
    public: bool  # where this worker listens, strangers can reach it
    _said: str = ""

    def world(self, settings: Settings) -> World:
        """The world of these settings and of the directory as it is now. Raises `ConfigError`, `ControlStoreError`."""
        world = make_world(settings, self.counters, self.clock, self.runs, public=self.public)
        if not world.directory_version and self.pipeline.world.directory_version:
            raise ControlStoreDamaged("the directory has gone: what was read of it stays in force")
        return world

    def sweep(self) -> None:
        """To be called about once a second."""
        self.upstream.sweep()
        for tend in self.tend:
            tend()
        self.answers.sweep()
        self.tokens.sweep()
        self.pipeline.room.sweep()
        self.runs.sweep()
        now_us = self.clock.now_us()
        try:
            self.counters.beat(now_us)
            self.counters.reap(now_us)
            self._said = ""
        except CountersUnavailable as error:
            if str(error) != self._said:
                self._said = str(error)
                log.error("the counters are not usable: %s", error)

    async def close(self) -> None:
        """In the order in which nothing is lost."""
        self.upstream.close()
        await self.tokens.close()
        await self.environment.close()
        await self.answers.close()
        self.pipeline.close()
        self.journal.close()
        self.runs.close()
        self.report.close()
        await asyncio.sleep(0)  # the last turn's changes
        for let_go in self.let_go:
            let_go()


def make_world(settings: Settings, counters: Counters, clock: Clock, runs: RunDesk, *, public: bool) -> World:
    """Reads the directory and the prices, and compiles them with the settings."""
    stores = stores_of(settings)
    snapshot = control_store(stores).snapshot()
    vault = open_vault(snapshot, os.environ, stores.data)
    gateways = catalog(settings, snapshot, opener(vault))
    prices = open_prices(settings, os.environ)
    book = prices.full() if limits_spending(gateways, snapshot) else prices.own
    shared = Shared(counters, book, clock, public, runs, models=KnownModels(prices.full))
    return build_world(in_region(settings, os.environ), snapshot, gateways, vault, shared)


def open_parts(settings: Settings, clock: Clock) -> Parts:
    """Opens everything a worker needs, inside its event loop. Raises `OSError`, `ConfigError`, `ControlStoreError`."""
    server, limits = settings.server, pipeline_limits(settings)
    stores = stores_of(settings)
    data = stores.data
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    owner = clock.new_id(clock.now_us()).encode()
    defer = asyncio.get_running_loop().call_soon if server.workers == 1 else None
    counters, stop_counting, tend_counters = shared_stores.counters(stores, owner, defer)
    sizes = ReplyLimits(settings.cache.max_bytes, settings.idempotency.max_bytes)
    cache, once, kept_tokens, stop_keeping, tend_replies = shared_stores.replies(stores, owner, sizes, defer)
    room = Room(server.limits.max_memory_bytes, clock)
    bodies = WholeBodies(room, server.limits.max_buffered_body_bytes)
    budget = room.part(server.limits.max_capture_bytes)
    seconds, alone = settings.idempotency.ttl, server.workers == 1
    recall = AnswerCache(cache, once, clock, budget, once_seconds=seconds, alone=alone)
    upstream = open_upstream(settings, clock)
    breakers = Breakers(breaker_rules(settings))
    journal = Journal(
        data / DIRECTORY,
        clock,
        segment_bytes=settings.journal.segment_bytes,
        backlog=room.part(settings.journal.backlog_bytes),
        fsync_interval=settings.journal.fsync_interval,
    )
    own = OwnTokens(settings.admin_token or "")
    runs = RunDesk(partial(run_ledger, stores))
    tokens = AccessTokens(TokenEndpoint(upstream), kept_tokens, clock)
    environment = EnvironmentCredentials(os.environ, AwsProfiles().find, clock)
    attempts = Attempts(upstream, clock, breakers, bodies, own, Signer(tokens, environment, bodies, clock))
    report = WorkerReport(StateFile(data / STATES, os.getpid()), breakers, journal, clock)
    public = not is_loopback(server.host)
    world = make_world(settings, counters, clock, runs, public=public)
    pipeline = Pipeline(world, attempts, recall, journal, clock, room, budget, bodies, limits, own, runs)
    tend, let_go = (tend_counters, tend_replies), (stop_counting, stop_keeping)
    beside = (counters, recall, tokens, environment, report, runs)
    return Parts(pipeline, upstream, journal, *beside, tend, let_go, clock, public)


def open_upstream(settings: Settings, clock: Clock) -> Upstream:
    timeouts = settings.server.timeouts
    deadlines = Deadlines(
        connect=timeouts.connect,
        first_byte=timeouts.first_byte,
        idle=timeouts.idle,
        keep_alive=timeouts.upstream_keep_alive,
    )
    return Upstream(clock, deadlines, max_connections=settings.server.limits.max_connections)


class _Server(uvicorn.Server):
    """uvicorn's server, with signals left to the worker."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Worker:
    """One serving process."""

    def __init__(self, settings: Settings, load: LoadSettings, clock: Clock) -> None:
        self._settings = settings
        self._in_force = settings  # the management API looks at them from threads
        self._load = load
        self._clock = clock
        self._stopping = False
        self._stale = False
        self._reloading: asyncio.Task[None] | None = None
        self._watchdog: Watchdog | None = None
        self._heap = Heap()

    async def serve(self, sockets: Sequence[socket.socket], parent: int | None) -> None:
        """Serves until SIGTERM, or until the supervisor has gone (`parent` reads end-of-file)."""
        loop = asyncio.get_running_loop()
        parts = open_parts(self._settings, self._clock)
        server = _Server(self._config(parts))
        loop.add_signal_handler(signal.SIGTERM, _stop, server)
        loop.add_signal_handler(signal.SIGHUP, self.reload, parts)
        if parent is not None:
            loop.add_reader(parent, _stop, server)
        loop.call_later(_SWEEP_SECONDS, self._sweep, server, parts, listening_url(sockets[0]))
        if self._settings.server.watchdog:
            self._watchdog = Watchdog(self._clock, self._settings.server.watchdog)
            self._watchdog.start()
        try:
            await server.serve(sockets=list(sockets))
        finally:
            self._stopping = True
            if self._watchdog is not None:
                self._watchdog.stop()
            await _settled(server.server_state.tasks)
            await parts.close()

    def _config(self, parts: Parts) -> uvicorn.Config:
        busy_poll = BusyPoll(asyncio.get_running_loop(), self._clock, self._settings.server.timeouts.spin)
        own_hosts = self._settings.server.own_hosts
        own = OwnTokens(self._settings.admin_token or "")
        pages = HealthPages(parts.journal, stores_of(self._settings), self._clock, own_hosts)
        metrics = MetricsPage(self._settings, self._clock)
        resources = Resources(lambda: self._in_force, SharedClock(), os.environ, parts.counters)
        hooks = HookPages(lambda: parts.pipeline.world, parts.runs, parts.pipeline.room, self._clock)
        management = management_routes(ENDPOINTS, resources, parts.pipeline.room)
        more = [*hooks.routes, *management, *dashboard_routes(resources)]
        return uvicorn.Config(
            pages.application([metrics.route, *more]),
            http=connection_class(parts.pipeline, client_limits(self._settings), busy_poll, own),
            loop="uvloop",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=math.ceil(self._settings.server.timeouts.drain),
        )

    def reload(self, parts: Parts) -> None:
        """Takes up a changed configuration or directory. Reading it may wait for a lock; serving does not."""
        self._stale = True
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.get_running_loop().create_task(self._reload(parts))

    async def _reload(self, parts: Parts) -> None:
        """Swaps the world; a bad configuration changes nothing."""
        while self._stale:
            self._stale = False
            await self._swap(parts)

    async def _swap(self, parts: Parts) -> None:
        try:
            settings = await asyncio.to_thread(self._load)
            parts.pipeline.world = await asyncio.to_thread(parts.world, settings)
        except (ConfigError, ControlStoreError) as error:
            log.error("the configuration was not changed: %s", error)
            return
        self._in_force = settings
        if any(getattr(settings, table) != getattr(self._settings, table) for table in _AT_START):
            log.warning("changes in [%s] take effect at the next start", "], [".join(_AT_START))
        log.info("the configuration was reloaded")

    def _sweep(self, server: uvicorn.Server, parts: Parts, address: str) -> None:
        if self._stopping:
            return
        parts.sweep()
        if self._heap.trim(parts.pipeline.room.freed):
            parts.pipeline.room.freed = 0
        state = server.server_state
        lag = None if self._watchdog is None else self._watchdog.worst
        traffic = Traffic(len(state.tasks), len(state.connections), address, lag)
        parts.report.publish(parts.pipeline.world, traffic)
        _sweep_clients(tuple(server.server_state.connections), self._clock.monotonic())
        asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep, server, parts, address)


def _sweep_clients(connections: Sequence[object], now: float) -> None:
    """Looks at some now and at the others in the loop's next turns: of those that end, each call has to be settled."""
    for connection in connections[:_SWEPT_AT_ONCE]:
        if isinstance(connection, ClientConnection):
            connection.sweep(now)
    if rest := connections[_SWEPT_AT_ONCE:]:
        asyncio.get_running_loop().call_soon(_sweep_clients, rest, now)


async def _settled(tasks: set[asyncio.Task[None]]) -> None:
    """Calls that the end of the drain time has cancelled still have to be recorded."""
    if tasks:
        await asyncio.wait(tuple(tasks), timeout=_SETTLE_SECONDS)


def listening_url(listener: socket.socket) -> str:
    """Where a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def run_worker(
    settings: Settings, load: LoadSettings, sockets: Sequence[socket.socket], parent: int | None
) -> int:
    """A worker process, from its first step to its exit code."""
    worker = Worker(settings, load, Clock())
    gc.freeze()  # what was made so far stays; walking it again and again would also unshare it from the parent
    gc.set_threshold(*_GC_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        uvloop.run(worker.serve(sockets, parent))
    except (OSError, ConfigError, ControlStoreError) as error:
        log.error("a worker could not start: %s", error)
        return 1
    return 0
