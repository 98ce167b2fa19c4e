"""A gateway in the test's own event loop, on a real socket, with a clock that the test moves.

The same parts as a worker process has (`open_parts`, `ClientConnection`), without processes and signals. `rows` ships
the journal into a ledger and reads it as `penstock logs --json` would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import uvicorn
from uvicorn.server import ServerState

from penstock.calls.costing import Prices
from penstock.calls.derive import NO_PRICES
from penstock.calls.log_record import LogRecord, log_record
from penstock.journal.segments import DIRECTORY
from penstock.management.api import ENDPOINTS
from penstock.management.application import management_routes
from penstock.management.resources import Resources
from penstock.pages.dashboard.site import dashboard_routes
from penstock.pages.health import HealthPages
from penstock.pages.hooks import HookPages
from penstock.processes.worker import Parts, client_limits, open_parts
from penstock.proxy.downstream.busy_poll import BusyPoll
from penstock.proxy.downstream.connection import ClientConnection, connection_class
from penstock.settings import Settings, load
from penstock.shipper.shipper import Shipper
from penstock.stores.ledger import ANY, Bodies, CallRow
from penstock.stores.opening import Stores
from penstock.stores.runs import RunsUnavailable
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger
from penstock.wire.own_tokens import OwnTokens
from support.client import Client
from support.clock import FakeClock
from support.gateway import prepare
from support.waiting import PATIENCE, eventually, soon

_MANY = 100_000
_TURNS = 10


class InProcess:
    """One gateway. `parts` are what a worker is made of; `advance` moves time and lets deadlines pass."""

    def __init__(self, settings: Settings, data: Path, environ: Mapping[str, str]) -> None:
        self.settings = settings
        self._environ = environ
        self.data = data
        self.clock = FakeClock()
        self.parts: Parts = open_parts(settings, self.clock)
        self.state = ServerState()
        self.url = ""
        self._server: asyncio.Server | None = None
        self._said: list[str] = []
        self.prices: Prices = NO_PRICES  # that the ledger goes by

    @classmethod
    async def start(cls, folder: Path, text: str, environ: Mapping[str, str] | None = None) -> InProcess:
        """A gateway with this configuration file, keeping its data below `folder`."""
        data = folder / "data"
        settings = load(prepare(folder, text), environ=environ or {}, overrides={"server.data": str(data)})
        self = cls(settings, data, environ or {})
        await self._listen()
        return self

    async def _listen(self) -> None:
        parts = self.parts
        resources = Resources(lambda: self.settings, self.clock, self._environ, parts.counters)
        hooks = HookPages(lambda: parts.pipeline.world, parts.runs, parts.pipeline.room, self.clock)
        config = uvicorn.Config(
            HealthPages(
                self.parts.journal, Stores(self.data), self.clock, self.settings.server.own_hosts
            ).application(
                [
                    *hooks.routes,
                    *management_routes(ENDPOINTS, resources, self.parts.pipeline.room),
                    *dashboard_routes(resources),
                ]
            ),
            http=connection_class(
                self.parts.pipeline,
                client_limits(self.settings),
                _asleep(self.clock),
                OwnTokens(self.settings.admin_token or ""),
            ),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
        )
        config.load()
        lane = config.http_protocol_class
        assert not isinstance(lane, str)
        assert issubclass(lane, ClientConnection)

        def connection() -> ClientConnection:
            return lane(config, self.state, {})

        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(connection, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    # -- time

    def sweep(self) -> None:
        """What a worker does about once a second."""
        self.parts.sweep()
        now = self.clock.monotonic()
        for lane in self.lanes:
            lane.sweep(now)

    def advance(self, seconds: float) -> None:
        """Time passes, and deadlines with it."""
        self.sweep()
        self.clock.ahead += seconds
        self.sweep()

    @property
    def lanes(self) -> list[ClientConnection]:
        """The clients' connections."""
        return [lane for lane in self.state.connections if isinstance(lane, ClientConnection)]

    # -- what is remembered

    async def rows(self, count: int) -> list[LogRecord]:
        """The log, oldest first, once it has `count` rows; fails when it has more."""
        return [log_record(row) for row in await self.calls(count)]

    async def row(self) -> LogRecord:
        """The one row of the log."""
        return (await self.rows(1))[0]

    async def calls(self, count: int) -> list[CallRow]:
        """Like `rows`, as the ledger keeps them."""
        found = await eventually(lambda: self._shipped(count), f"{count} rows", PATIENCE)
        assert len(found) == count, f"{len(found)} rows, not {count}"
        return found

    def _shipped(self, count: int) -> list[CallRow] | None:
        ledger = SqliteLedger(self.data / FILE_NAME)
        try:
            ledger.positions()
            Shipper(self.data / DIRECTORY, ledger, self._said.append, self.prices).ship_once()
        finally:
            ledger.close()
        reader = SqliteReader(self.data / FILE_NAME)
        try:
            found = reader.arrived(ANY, 0, _MANY)
        finally:
            reader.close()
        return found if len(found) >= count else None

    async def bodies(self) -> Bodies | None:
        """The bodies kept of the one call there was."""
        (call,) = await self.calls(1)
        reader = SqliteReader(self.data / FILE_NAME)
        try:
            return reader.bodies(call.id)
        finally:
            reader.close()

    # -- what has happened so far

    async def catch_up(self) -> None:
        """When it is over, whatever reached the gateway's sockets before this call has been read, and what was to be
        written down of runs is.
        """
        client = await Client.connect(self.url)
        try:
            await client.ask("GET", "/healthz")
        finally:
            await client.close()
        with suppress(RunsUnavailable):
            await self.parts.runs.ask(lambda _ledger: None)

    async def settled(self) -> None:
        """Waits until no call is in flight."""
        await eventually(lambda: None if self.state.tasks else True, "the end of all calls")

    async def stands_still(self, moved: Callable[[], int]) -> int:
        """Waits until `moved` grows no more, though everybody has had many turns; what it says then."""
        before, turns = -1, 0
        while turns < _TURNS:
            await self.catch_up()
            now = moved()
            turns = turns + 1 if now == before else 0
            before = now
        return before

    # -- the end

    async def stop(self) -> None:
        """Closes everything; calls in flight are cancelled."""
        if self._server is not None:
            self._server.close()
        for lane in self.lanes:
            lane.transport.abort()
        tasks = tuple(self.state.tasks)
        if tasks:
            await soon(asyncio.wait(tasks))
        await self.parts.close()


def _asleep(clock: FakeClock) -> BusyPoll:
    """Never stays awake: on a clock that stands still that would be for ever."""
    return BusyPoll(asyncio.get_running_loop(), clock, 0.0)
