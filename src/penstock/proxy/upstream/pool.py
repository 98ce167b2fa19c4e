"""Connections to providers: pools per origin, which of them a request goes out on, deadlines.

`Upstream.open` sends a request and comes back when the answer's head is there. What happens on a connection
is in `exchange.py`, how one comes about in `dial.py`; when a call may be tried again elsewhere is decided above. A
stale pooled connection is replaced by a fresh one here, and only where that cannot make anything happen twice.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment

from penstock.clock import Clock
from penstock.errors import without_frames
from penstock.proxy.upstream.dial import Dialer, proxy_before
from penstock.proxy.upstream.exchange import Connection, Exchange, Progress, UpstreamError
from penstock_common.egress import Permit, Resolver, is_public, resolve

_DEFAULT_PORT = {"http": 80, "https": 443}
_SHORTAGES = {
    errno.EADDRNOTAVAIL: "this machine has no free port for another connection to this address",
    errno.EMFILE: "this process may not open more files",
    errno.ENFILE: "this machine may not open more files",
    errno.ENOBUFS: "this machine has no memory for another connection",
    errno.ENOMEM: "this machine has no memory for another connection",
}  # of ours: they say nothing of the provider, and must not make its breaker open
_MOST_POOLS = 1024  # a path may name an origin: of more than these, those without a connection go


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds: to connect, to the answer's head, between two pieces of it; and how long a connection may idle."""

    connect: float = 10
    first_byte: float = 900
    idle: float = 600
    keep_alive: float = 30


class Outgoing(Protocol):
    """A request that can put itself on a connection."""

    @property
    def replayable(self) -> bool:
        """Whether its whole body is still there, so that it can be sent once more."""

    @property
    def harmless(self) -> bool:
        """Whether nothing happens twice if it is."""

    def send_to(self, exchange: Exchange, host_lines: bytes, prefix: bytes) -> None:
        """Sends head and body; `prefix` goes before the path (absolute form, for a plain-HTTP proxy)."""


class Pool:
    """Connections to one origin. Decides nothing about requests."""

    __slots__ = (
        "authority",
        "connecting",
        "connections",
        "guarded",
        "host",
        "host_lines",
        "idle",
        "origin",
        "port",
        "prefix",
        "proxy",
        "tls",
        "unix_path",
    )

    def __init__(self, origin: str, proxies: Mapping[str, str], *, guarded: bool = False) -> None:
        """`guarded` connects to public addresses only. Raises `ValueError` for an origin that is not http, https
        or http+unix.
        """
        self.origin = origin
        self.guarded = guarded
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https", "http+unix") or not parts.netloc:
            raise ValueError(f"not an address a call can go to: {origin!r}")
        self.tls = parts.scheme == "https"
        self.unix_path = unquote(parts.netloc) if parts.scheme == "http+unix" else None
        self.host = "localhost" if self.unix_path else (parts.hostname or "")
        self.port = 0 if self.unix_path else (parts.port or _DEFAULT_PORT[parts.scheme])
        host = b"localhost" if self.unix_path else parts.netloc.encode("idna")
        self.authority = host  # as the host line says it
        self.host_lines = b"host: %b\r\n" % host
        self.prefix = b""  # of the request target
        self.proxy = None if self.unix_path else proxy_before(parts, proxies)
        if self.proxy is not None and not self.tls:
            self.host_lines += self.proxy.authorization
            self.prefix = b"http://" + host
        self.idle: list[Connection] = []
        self.connections: set[Connection] = set()
        self.connecting = 0

    @property
    def busy(self) -> int:
        """How many connections are in use, or about to be."""
        return len(self.connections) - len(self.idle) + self.connecting

    def take(self) -> Connection | None:
        """The most recently used idle connection that still stands."""
        while self.idle:
            connection = self.idle.pop()
            if not connection.transport.is_closing():
                return connection
        return None

    def give_back(self, connection: Connection) -> None:
        """Keeps a connection for its next use."""
        connection.idle_since = 0.0
        self.idle.append(connection)

    def drop_idle(self) -> None:
        """Closes all idle connections."""
        for connection in tuple(self.idle):
            self.forget(connection)
            connection.transport.abort()

    def forget(self, connection: Connection) -> None:
        """A connection that is closed, or about to be."""
        self.connections.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)


class Upstream:
    """All outgoing HTTP of a worker."""

    def __init__(
        self,
        clock: Clock,
        deadlines: Deadlines,
        *,
        max_connections: int = 0,
        proxies: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver = resolve,
        permit: Permit = is_public,
    ) -> None:
        """`resolver` looks up hosts; `permit` says where guarded pools may go."""
        self._clock = clock
        self.deadlines = deadlines
        self._max_connections = max_connections
        self._proxies = getproxies_environment() if proxies is None else proxies
        self._dialer = Dialer(tls, resolver, permit)
        self._pools: dict[str, Pool] = {}
        self._connected: set[Pool] = set()  # also those that are no longer found by their origin

    def pool(self, origin: str, *, guarded: bool = False) -> Pool:
        """The pool of an origin, e.g. `https://api.openai.com`; a `guarded` one is a pool of its own."""
        name = f"{origin} guarded" if guarded else origin
        pool = self._pools.get(name)
        if pool is None:
            if len(self._pools) >= _MOST_POOLS:
                self._forget_unused()
            try:
                pool = self._pools[name] = Pool(origin, self._proxies, guarded=guarded)
            except ValueError as error:
                raise UpstreamError(f"no way there: {error}", Progress.NOT_SENT, local=True) from error
        return pool

    def _forget_unused(self) -> None:
        """A pool without a connection holds nothing but what its origin says, and is made again when asked for."""
        self._pools = {
            name: pool for name, pool in self._pools.items() if pool.connections or pool.connecting
        }

    @property
    def pools(self) -> Mapping[str, Pool]:
        """The pools so far, by origin."""
        return self._pools

    async def open(self, pool: Pool, outgoing: Outgoing, bodiless: bool, fresh: bool = False) -> Exchange:
        """Sends the request and waits for the answer's head. The caller must `close` the exchange.

        Raises `UpstreamError`. A pooled connection that turns out to be dead before it gave a single byte takes its
        idle neighbours with it, which are as old. It is replaced once by a fresh one, if that is harmless; anything
        else may have been billed. `fresh` takes no pooled one at all.
        """
        connection = (None if fresh else pool.take()) or await self._connect(pool)
        exchange = connection.begin(bodiless=bodiless)
        try:
            outgoing.send_to(exchange, pool.host_lines, pool.prefix)
            await exchange.head
        except UpstreamError as error:
            exchange.close()
            stale = connection.used and error.progress is Progress.SENT and not error.timeout
            if stale:
                pool.drop_idle()
            if not (stale and outgoing.harmless and outgoing.replayable):
                raise
            without_frames(error)
        except BaseException:
            exchange.close()
            raise
        else:
            return exchange
        return await self.open(pool, outgoing, bodiless, True)

    def sweep(self) -> None:
        """Ends what has overstayed its deadline. To be called about once a second."""
        now = self._clock.monotonic()
        self._connected = {pool for pool in self._connected if pool.connections}
        for pool in self._connected:
            for connection in tuple(pool.connections):
                if connection.exchange is None:
                    _sweep_idle(connection, now, self.deadlines.keep_alive)
                else:
                    _sweep_exchange(connection, connection.exchange, now, self.deadlines)

    def close(self) -> None:
        """Closes every connection at once."""
        for pool in tuple(self._connected):
            for connection in tuple(pool.connections):
                connection.transport.abort()

    # -- connecting

    async def _connect(self, pool: Pool) -> Connection:
        if self._max_connections and pool.busy >= self._max_connections:
            raise UpstreamError("all connections to the provider are in use", Progress.NOT_SENT, local=True)
        pool.connecting += 1
        try:
            async with asyncio.timeout(self.deadlines.connect):
                connection = await self._dial(pool)
        except TimeoutError:
            raise UpstreamError("no connection in time", Progress.NOT_SENT, timeout=True) from None
        except (OSError, ssl.SSLError) as error:
            raise _unconnected(error, is_socket=pool.unix_path is not None) from error
        finally:
            pool.connecting -= 1
        if connection.transport.is_closing():  # nobody would ever be told that no answer comes
            raise UpstreamError("the provider closed the connection at once", Progress.NOT_SENT)
        pool.connections.add(connection)
        self._connected.add(pool)
        return connection

    async def _dial(self, pool: Pool) -> Connection:
        return await self._dialer.dial(pool)


def _sweep_exchange(connection: Connection, exchange: Exchange, now: float, deadlines: Deadlines) -> None:
    """Silence is measured from one sweep to the next, so that the calls themselves need not look at a clock."""
    if exchange.deadline == 0.0 and not connection.heard:
        exchange.deadline = now + deadlines.first_byte
    elif connection.heard or exchange.paused:
        connection.heard = False
        exchange.deadline = now + deadlines.idle
    elif exchange.sending and not exchange.write_blocked:
        exchange.deadline = max(exchange.deadline, now + deadlines.idle)  # it is the client who is slow
    elif exchange.deadline <= now:
        exchange.broke("the provider was silent for too long", timeout=True)


def _sweep_idle(connection: Connection, now: float, keep_alive: float) -> None:
    if connection.idle_since == 0.0:
        connection.idle_since = now
    elif now - connection.idle_since > keep_alive:
        connection.lessor.forget(connection)
        connection.transport.abort()


def _unconnected(error: OSError, *, is_socket: bool) -> UpstreamError:
    shortage = None if isinstance(error, ssl.SSLError) else _SHORTAGES.get(error.errno or 0)
    hint = "; nobody serves this socket now, see `penstock doctor`" if is_socket else ""
    reason = shortage or f"no connection: {error}{hint}"
    return UpstreamError(reason, Progress.NOT_SENT, local=shortage is not None)
