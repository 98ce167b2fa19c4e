"""Pools: which addresses they take, which proxy they go through, and which connection they give out.

Connections are real, their transports are not; what goes over the wire is in the hostile tests.
"""

from __future__ import annotations

import asyncio
import errno
import os
from base64 import b64encode
from typing import cast

import pytest

from penstock.clock import Clock
from penstock.proxy.upstream.exchange import Connection, Exchange, UpstreamError
from penstock.proxy.upstream.pool import Deadlines, Pool, Upstream

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
        await upstream.open(upstream.pool("http://127.0.0.1:1"), Nothing(), True, False)
    assert caught.value.local is local
    assert upstream.pool("http://127.0.0.1:1").busy == 0
