"""Fixtures for all tests: a provider, gateways in and out of process, raw clients.

What a test opened is closed when it ends. Asynchronous tests run on uvloop, as the worker processes do.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol

import pytest
import uvloop
from hypothesis import HealthCheck, settings

from support.client import Client
from support.gateway import Gateway
from support.inprocess import InProcess
from support.together import scheduler
from support.upstream import Upstream

# A busy machine is slow at everything, and that is no fault of a law. CI judges a change, by the same examples each
# time; new ones are found by everybody's own runs, and by `make fuzz`.
settings.register_profile(
    "penstock",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("penstock")

# Where a shell has started the tests in the background, they ignore Ctrl-C, and so would all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class OpenGateway(Protocol):
    """Starts a gateway in the test's event loop."""

    def __call__(self, text: str, environ: Mapping[str, str] | None = None) -> Awaitable[InProcess]: ...


class Serve(Protocol):
    """Starts `penstock serve`."""

    def __call__(
        self,
        text: str | None = None,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        ready: bool = True,
        folder: str = "gateway",
    ) -> Awaitable[Gateway]: ...


class Connect(Protocol):
    """Opens a raw connection to a URL's host and port."""

    def __call__(self, url: str, *, receive_buffer: int = 0, limit: int = 65536) -> Awaitable[Client]: ...


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, LoopFactory]:
    """The event loop of all asynchronous tests."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """How tests are shared between processes."""
    return scheduler(config, log)


def pytest_collection_finish(session: pytest.Session) -> None:
    """All tests are there now, and stay: the collector need not walk them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of a test go where it says, whatever proxies this machine has."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A scripted provider on loopback TCP."""
    server = await Upstream.start()
    yield server
    await server.close()


@pytest.fixture
async def open_gateway(tmp_path: Path) -> AsyncIterator[OpenGateway]:
    """Gateways in this event loop."""
    opened: list[InProcess] = []

    async def open_one(text: str, environ: Mapping[str, str] | None = None) -> InProcess:
        gateway = await InProcess.start(tmp_path / f"gateway-{len(opened)}", text, environ)
        opened.append(gateway)
        return gateway

    yield open_one
    for gateway in opened:
        await gateway.stop()


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Gateways in processes of their own; what still runs at the end is killed."""
    started: list[Gateway] = []

    async def start(
        text: str | None = None,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        ready: bool = True,
        folder: str = "gateway",
    ) -> Gateway:
        gateway = await Gateway.start(tmp_path / folder, text, *arguments, environ=environ, ready=ready)
        started.append(gateway)
        return gateway

    yield start
    for gateway in started:
        await gateway.kill_group()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Raw clients."""
    clients: list[Client] = []

    async def open_one(url: str, *, receive_buffer: int = 0, limit: int = 65536) -> Client:
        client = await Client.connect(url, receive_buffer=receive_buffer, limit=limit)
        clients.append(client)
        return client

    yield open_one
    for client in clients:
        await client.close()
