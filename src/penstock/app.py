"""The only composition root: settings → world → pipeline → server, for one worker process.

Opens what a worker needs, swaps its world when the configuration changes, and closes everything in order.
What a request means is in `pipeline.py`; processes and signals are in `supervisor.py`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
import uvloop

from penstock.call import Gateway
from penstock.capture import Budget
from penstock.clock import Clock
from penstock.pipeline import Pipeline, PipelineLimits
from penstock.policies.auth import Authentication
from penstock.providers.registry import Registry
from penstock.routing import World
from penstock.settings import ConfigError, Settings
from penstock.settings.check import Problem
from penstock.telemetry.journal import Journal
from penstock.telemetry.segments import DIRECTORY
from penstock.upstream import Deadlines, Upstream
from penstock.web.fastlane import FastLane, lane_class
from penstock.web.health import HealthPages
from penstock.web.patience import LaneLimits
from penstock.web.spin import Spin

log = logging.getLogger("penstock.worker")

_SWEEP_SECONDS = 1.0
_SETTLE_SECONDS = 1.0
_BACKLOG = 4096
_GC_THRESHOLDS = (20_000, 20, 50)  # calls leave few cycles behind; looking for them costs every call

LoadSettings = Callable[[], Settings]


def build_world(settings: Settings) -> World:
    """Compiles gateways and providers for serving. Raises `ConfigError`."""
    try:
        registry = Registry({slug: provider.base_url for slug, provider in settings.providers.items()})
    except ValueError as error:
        raise ConfigError([Problem(None, None, str(error))]) from error
    gateways: dict[tuple[str, str], Gateway] = {}
    for account_id, account in settings.accounts.items():
        for gateway_id, fields in account.gateways.items():
            hooks = (Authentication(settings.admin_token or "").identify,) if fields.authentication else ()
            gateways[account_id, gateway_id] = Gateway(account_id, gateway_id, fields.collect_logs, hooks)
    return World(gateways, registry)


def lane_limits(settings: Settings) -> LaneLimits:
    limits, timeouts = settings.server.limits, settings.server.timeouts
    return LaneLimits(
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
        buffered_body=limits.max_buffered_body_bytes,
        refuse_unlogged=settings.journal.on_full == "refuse",
    )


@dataclass(slots=True)
class Parts:
    """What a worker is made of."""

    pipeline: Pipeline
    upstream: Upstream
    journal: Journal


def open_parts(settings: Settings, clock: Clock) -> Parts:
    """Opens everything a worker needs, inside its event loop. Raises `OSError`, `ConfigError`."""
    server, timeouts = settings.server, settings.server.timeouts
    world = build_world(settings)
    journal = Journal(
        Path(server.data) / DIRECTORY,
        clock,
        segment_bytes=settings.journal.segment_bytes,
        backlog_bytes=settings.journal.backlog_bytes,
        fsync_interval=settings.journal.fsync_interval,
    )
    deadlines = Deadlines(
        connect=timeouts.connect,
        first_byte=timeouts.first_byte,
        idle=timeouts.idle,
        keep_alive=timeouts.upstream_keep_alive,
    )
    upstream = Upstream(clock, deadlines, max_connections=server.limits.max_connections)
    budget = Budget(server.limits.max_capture_bytes)
    return Parts(
        Pipeline(world, upstream, journal, clock, budget, pipeline_limits(settings)), upstream, journal
    )


class _Server(uvicorn.Server):
    """uvicorn's server, with signals left to the worker."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Worker:
    """One serving process."""

    def __init__(self, settings: Settings, load: LoadSettings, clock: Clock) -> None:
        self._settings = settings
        self._load = load
        self._clock = clock
        self._stopping = False

    async def serve(self, sockets: Sequence[socket.socket], parent: int | None) -> None:
        """Serves until SIGTERM, or until the supervisor has gone (`parent` reads end-of-file)."""
        loop = asyncio.get_running_loop()
        parts = open_parts(self._settings, self._clock)
        server = _Server(self._config(parts))
        loop.add_signal_handler(signal.SIGTERM, _stop, server)
        loop.add_signal_handler(signal.SIGHUP, self.reload, parts.pipeline)
        if parent is not None:
            loop.add_reader(parent, _stop, server)
        loop.call_later(_SWEEP_SECONDS, self._sweep, server, parts.upstream)
        try:
            await server.serve(sockets=list(sockets))
        finally:
            self._stopping = True
            await _settled(server.server_state.tasks)
            parts.upstream.close()
            parts.journal.close()

    def _config(self, parts: Parts) -> uvicorn.Config:
        spin = Spin(asyncio.get_running_loop(), self._clock, self._settings.server.timeouts.spin)
        pages = HealthPages(parts.journal, Path(self._settings.server.data))
        return uvicorn.Config(
            pages.application(),
            http=lane_class(parts.pipeline, lane_limits(self._settings), spin),
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

    def reload(self, pipeline: Pipeline) -> None:
        """Swaps the world for that of the changed configuration; a bad one changes nothing."""
        try:
            settings = self._load()
            pipeline.world = build_world(settings)
        except ConfigError as error:
            log.error("the configuration was not changed: %s", error)
            return
        if settings.server != self._settings.server or settings.journal != self._settings.journal:
            log.warning("changes in [server] and [journal] take effect at the next start")
        log.info("the configuration was reloaded")

    def _sweep(self, server: uvicorn.Server, upstream: Upstream) -> None:
        if self._stopping:
            return
        upstream.sweep()
        now = self._clock.monotonic()
        for connection in tuple(server.server_state.connections):
            if isinstance(connection, FastLane):
                connection.sweep(now)
        asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep, server, upstream)


async def _settled(tasks: set[asyncio.Task[None]]) -> None:
    """Calls that the end of the drain time has cancelled still have to be recorded."""
    if tasks:
        await asyncio.wait(tuple(tasks), timeout=_SETTLE_SECONDS)


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def run_worker(
    settings: Settings, load: LoadSettings, sockets: Sequence[socket.socket], parent: int | None
) -> int:
    """A worker process, from its first step to its exit code."""
    worker = Worker(settings, load, Clock())
    gc.freeze()  # what was made so far stays; walking it again and again would also unshare it from the parent
    gc.set_threshold(*_GC_THRESHOLDS)
    try:
        uvloop.run(worker.serve(sockets, parent))
    except (OSError, ConfigError) as error:
        log.error("a worker could not start: %s", error)
        return 1
    return 0
