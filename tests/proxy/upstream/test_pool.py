"""Pools: which addresses they take, which proxy they go through, and which connection they give out.

Connections are real, their transports are not; what goes over the wire is in the hostile tests.
"""

from __future__ import annotations

import asyncio
import errno
import os
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from penstock.clock import Clock
from penstock.proxy.upstream.exchange import Connection, Exchange, UpstreamError
from penstock.proxy.upstream.pool import Deadlines, Pool, Upstream
from support.clock import FakeClock
from support.waiting import soon

PROXY = {"http": "http://proxy.example:3128", "https": "http://user:p%40ss@proxy.example"}


class Wire:
    """A transport that can be closed."""

    def __init__(self) -> None:
        self.closed = False

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True


def connection_of(pool: Pool) -> tuple[Connection, Wire]:
    """A connection of this pool, in use."""
    connection, wire = Connection(asyncio.get_running_loop(), pool), Wire()
    connection.connection_made(cast(asyncio.BaseTransport, wire))
    pool.connections.add(connection)
    return connection, wire


@pytest.mark.parametrize(
    ("origin", "host", "port", "tls", "line"),
    [
        ("https://api.openai.com", "api.openai.com", 443, True, b"host: api.openai.com\r\n"),
        ("http://127.0.0.1:8080", "127.0.0.1", 8080, False, b"host: 127.0.0.1:8080\r\n"),
        ("http://[::1]:8080", "::1", 8080, False, b"host: [::1]:8080\r\n"),
        ("http://localhost", "localhost", 80, False, b"host: localhost\r\n"),
        ("http+unix://%2Frun%2Fapp.sock", "localhost", 0, False, b"host: localhost\r\n"),
    ],
)
def test_addresses(origin: str, host: str, port: int, tls: bool, line: bytes) -> None:
    pool = Pool(origin, {})
    assert (pool.host, pool.port, pool.tls, pool.host_lines) == (host, port, tls, line)
    assert pool.proxy is None
    assert pool.prefix == b""


def test_a_socket_s_path_is_decoded() -> None:
    assert Pool("http+unix://%2Frun%2Fapp%20x.sock", {}).unix_path == "/run/app x.sock"


@pytest.mark.parametrize(
    "origin", ["", "api.openai.com", "ftp://a", "file:///etc/passwd", "http://", "https:a"]
)
def test_what_is_no_address(origin: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        Pool(origin, {})


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]", "http://localhost"]
)
def test_this_machine_is_never_reached_through_a_proxy(origin: str) -> None:
    assert Pool(origin, PROXY).proxy is None


def test_a_socket_is_never_reached_through_a_proxy() -> None:
    assert Pool("http+unix://%2Fsocket", {**PROXY, "all": "http://proxy.example"}).proxy is None


def test_plain_http_through_a_proxy_names_the_whole_address() -> None:
    pool = Pool("http://api.example:81", {"http": "http://user:p%40ss@proxy.example:3128"})
    credentials = b64encode(b"user:p@ss")
    assert pool.proxy is not None
    assert (pool.proxy.host, pool.proxy.port) == ("proxy.example", 3128)
    assert pool.prefix == b"http://api.example:81"
    assert pool.host_lines == b"host: api.example:81\r\nproxy-authorization: Basic %b\r\n" % credentials


def test_the_proxy_s_password_does_not_go_through_the_tunnel() -> None:
    pool = Pool("https://api.example", PROXY)
    assert pool.proxy is not None
    assert (pool.prefix, pool.host_lines) == (b"", b"host: api.example\r\n")
    assert b64encode(b"user:p@ss") in pool.proxy.authorization


@pytest.mark.parametrize("excepted", ["*", "api.example", ".example", "other,api.example:443"])
def test_hosts_that_are_excepted(excepted: str) -> None:
    assert Pool("https://api.example:443", {**PROXY, "no": excepted}).proxy is None


def test_a_proxy_for_everything() -> None:
    proxy = Pool("https://api.example", {"all": "proxy.example:8080"}).proxy
    assert proxy is not None
    assert (proxy.host, proxy.port, proxy.tls) == ("proxy.example", 8080, False)


@pytest.mark.parametrize("address", ["http://", "socks5://proxy.example", "socks5://proxy.example:1080"])
def test_what_is_no_proxy(address: str) -> None:
    with pytest.raises(UpstreamError, match="not http or https"):
        Pool("https://api.example", {"https": address})


# -- giving out and taking back


async def test_the_last_one_used_is_the_first_to_be_used_again() -> None:
    pool = Pool("http://localhost", {})
    (first, _), (second, _) = connection_of(pool), connection_of(pool)
    assert pool.busy == 2
    pool.give_back(first)
    pool.give_back(second)
    assert pool.busy == 0
    assert pool.take() is second
    assert pool.take() is first
    assert pool.take() is None
    assert pool.busy == 2


async def test_a_closing_connection_is_not_given_out() -> None:
    pool = Pool("http://localhost", {})
    (first, _), (second, wire) = connection_of(pool), connection_of(pool)
    pool.give_back(first)
    pool.give_back(second)
    wire.closed = True
    assert pool.take() is first


async def test_a_lost_connection_is_forgotten_wherever_it_is() -> None:
    pool = Pool("http://localhost", {})
    (idle, _), (busy, _) = connection_of(pool), connection_of(pool)
    pool.give_back(idle)
    idle.connection_lost(None)
    busy.connection_lost(ConnectionResetError())
    assert (pool.idle, pool.connections, pool.busy) == ([], set(), 0)
    assert pool.take() is None


async def test_dropping_idle_ones_leaves_the_others_alone() -> None:
    pool = Pool("http://localhost", {})
    (idle, idle_wire), (_, busy_wire) = connection_of(pool), connection_of(pool)
    pool.give_back(idle)
    pool.drop_idle()
    assert (idle_wire.closed, busy_wire.closed) == (True, False)
    assert (pool.idle, pool.busy) == ([], 1)


class Nothing:
    """A request that is never sent."""

    replayable = True

    harmless = True

    def send_to(self, exchange: Exchange, host_lines: bytes, prefix: bytes) -> None:
        raise AssertionError("there is no connection")


@pytest.mark.parametrize(
    ("number", "local", "reason"),
    [
        (errno.EADDRNOTAVAIL, True, "this machine has no free port"),
        (errno.EMFILE, True, "this process may not open more files"),
        (errno.ENFILE, True, "this machine may not open more files"),
        (errno.ENOBUFS, True, "this machine has no memory"),
        (errno.ENOMEM, True, "this machine has no memory"),
        (errno.ECONNREFUSED, False, "no connection"),
        (errno.EHOSTUNREACH, False, "no connection"),
    ],
)
async def test_what_this_machine_is_short_of_says_nothing_of_the_provider(
    monkeypatch: pytest.MonkeyPatch, number: int, local: bool, reason: str
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", refuse)
    upstream = Upstream(Clock(), Deadlines(), proxies={})
    with pytest.raises(UpstreamError, match=reason) as caught:
        await upstream.open(upstream.pool("http://127.0.0.1:1"), Nothing(), False)
    assert caught.value.local is local
    assert upstream.pool("http://127.0.0.1:1").busy == 0


# -- many origins


def upstream() -> tuple[Upstream, FakeClock]:
    clock = FakeClock()
    return Upstream(clock, Deadlines(keep_alive=30), proxies={}), clock


def invent(upstream: Upstream, count: int) -> None:
    for number in range(count):
        upstream.pool(f"https://made-up-{number}.openai.azure.com")


class Silent(asyncio.Protocol):
    """A provider's side of a connection, on which nothing happens."""

    def __init__(self, lost: list[asyncio.Event]) -> None:
        self._lost = asyncio.Event()
        lost.append(self._lost)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()


@asynccontextmanager
async def listening() -> AsyncIterator[str]:
    """An origin that takes connections. They must have been closed at the end."""
    lost: list[asyncio.Event] = []
    server = await asyncio.get_running_loop().create_server(lambda: Silent(lost), "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for one in lost:
        await soon(one.wait())


async def test_origins_that_callers_make_up_are_forgotten_and_those_in_use_stay() -> None:
    async with listening() as used:
        many, _ = upstream()
        pool = many.pool(used)
        connection = await many._connect(pool)
        pool.give_back(connection)
        invent(many, 100_000)
        assert len(many.pools) <= 1024
        assert many.pool(used) is pool
        assert pool.take() is connection
        many.close()


async def test_connections_of_a_pool_that_was_forgotten_meanwhile_are_still_looked_after() -> None:
    async with listening() as used:
        many, clock = upstream()
        pool = many.pool(used)
        invent(many, 3000)
        assert many.pool(used) is not pool
        for _ in range(2):
            pool.give_back(await many._connect(pool))
        many.sweep()
        clock.ahead += 31
        many.sweep()
        assert not pool.connections
        connection = await many._connect(pool)
        many.close()
        assert connection.transport.is_closing()
