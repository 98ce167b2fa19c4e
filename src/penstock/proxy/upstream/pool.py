"""The only file that opens outgoing connections: pools per origin, TLS, proxies, deadlines.

`Upstream.open` sends a request and comes back when the answer's head is there. What happens on a connection
is in `exchange.py`; when a call may be tried again elsewhere is decided above. A stale pooled connection is
replaced by a fresh one here, and only where that cannot make anything happen twice.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # the stubs lack the second
    getproxies_environment,
    proxy_bypass_environment,
)

from penstock.clock import Clock
from penstock.proxy.upstream.exchange import Connection, Exchange, Progress, UpstreamError
from penstock.settings import is_loopback
from penstock_common.egress import NotPublic, Resolver, checked_addresses, resolve

_DEFAULT_PORT = {"http": 80, "https": 443}
_SHORTAGES = {
    errno.EADDRNOTAVAIL: "this machine has no free port for another connection to this address",
    errno.EMFILE: "this process may not open more files",
    errno.ENFILE: "this machine may not open more files",
    errno.ENOBUFS: "this machine has no memory for another connection",
    errno.ENOMEM: "this machine has no memory for another connection",
}  # of ours: they say nothing of the provider, and must not make its breaker open
_TUNNEL_HEAD_BYTES = 16384
_TUNNEL_STATUSES = (b"HTTP/1.1 200", b"HTTP/1.0 200")


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

    def send_to(self, exchange: Exchange, host_lines: bytes, prefix: bytes) -> None:
        """Sends head and body; `prefix` goes before the path (absolute form, for a plain-HTTP proxy)."""


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int
    tls: bool
    authorization: bytes


class Pool:
    """Connections to one origin. Decides nothing about requests."""

    __slots__ = (
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
        self.host_lines = b"host: %b\r\n" % host
        self.prefix = b""  # of the request target
        self.proxy = None if self.unix_path else _proxy_for(parts, proxies)
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
    ) -> None:
        """`resolver` looks up the hosts of guarded pools."""
        self._clock = clock
        self.deadlines = deadlines
        self._max_connections = max_connections
        self._proxies = getproxies_environment() if proxies is None else proxies
        self._tls = tls
        self._resolver = resolver
        self._pools: dict[str, Pool] = {}

    def pool(self, origin: str, *, guarded: bool = False) -> Pool:
        """The pool of an origin, e.g. `https://api.openai.com`; a `guarded` one is a pool of its own."""
        name = f"{origin} guarded" if guarded else origin
        pool = self._pools.get(name)
        if pool is None:
            try:
                pool = self._pools[name] = Pool(origin, self._proxies, guarded=guarded)
            except ValueError as error:
                raise UpstreamError(f"no way there: {error}", Progress.NOT_SENT, local=True) from error
        return pool

    @property
    def pools(self) -> Mapping[str, Pool]:
        """The pools so far, by origin."""
        return self._pools

    async def open(self, pool: Pool, outgoing: Outgoing, idempotent: bool, bodiless: bool) -> Exchange:
        """Sends the request and waits for the answer's head. The caller must `close` the exchange.

        Raises `UpstreamError`. A pooled connection that turns out to be dead before it gave a single byte is
        replaced once by a fresh one, if the method is idempotent; a POST may have been billed.
        """
        connection = pool.take() or await self._connect(pool)
        exchange = connection.begin(bodiless=bodiless)
        try:
            outgoing.send_to(exchange, pool.host_lines, pool.prefix)
            await exchange.head
        except UpstreamError as error:
            exchange.close()
            stale = connection.used and error.progress is Progress.SENT and not error.timeout
            if not (stale and idempotent and outgoing.replayable):
                raise
        except BaseException:
            exchange.close()
            raise
        else:
            return exchange
        pool.drop_idle()  # its neighbours are as old
        return await self.open(pool, outgoing, False, bodiless)

    def sweep(self) -> None:
        """Ends what has overstayed its deadline. To be called about once a second."""
        now = self._clock.monotonic()
        for pool in self._pools.values():
            for connection in tuple(pool.connections):
                if connection.exchange is None:
                    _sweep_idle(connection, now, self.deadlines.keep_alive)
                else:
                    _sweep_exchange(connection, connection.exchange, now, self.deadlines)

    def close(self) -> None:
        """Closes every connection at once."""
        for pool in self._pools.values():
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
        return connection

    async def _dial(self, pool: Pool) -> Connection:
        if pool.guarded:
            return await self._dial_guarded(pool)
        loop = asyncio.get_running_loop()
        if pool.unix_path is not None:
            _, protocol = await loop.create_unix_connection(lambda: Connection(loop, pool), pool.unix_path)
            return protocol
        return await self._dial_host(loop, pool, pool.host)

    async def _dial_guarded(self, pool: Pool) -> Connection:
        """Dials what was looked at, and nothing else; by a proxy as well, which would look names up again."""
        try:
            if pool.unix_path is not None or (pool.proxy is not None and not pool.tls):
                raise NotPublic(f"{pool.origin} leads to this machine, or through a proxy without TLS")
            addresses = await checked_addresses(pool.host, pool.port, self._resolver)
        except NotPublic as error:
            reason = f"{error}; allow_private_providers would let it be used"
            raise UpstreamError(reason, Progress.NOT_SENT, local=True) from None
        loop = asyncio.get_running_loop()
        for address in addresses[:-1]:
            with suppress(OSError):
                return await self._dial_host(loop, pool, address)
        return await self._dial_host(loop, pool, addresses[-1])

    async def _dial_host(self, loop: asyncio.AbstractEventLoop, pool: Pool, host: str) -> Connection:
        """A connection to the pool's host, by its name or one of its addresses."""
        connection = Connection(loop, pool)
        if pool.proxy is not None:
            return await self._dial_proxy(loop, pool, pool.proxy, connection, host)
        tls = self._context() if pool.tls else None
        name = pool.host if pool.tls else None
        await loop.create_connection(lambda: connection, host, pool.port, ssl=tls, server_hostname=name)
        return connection

    async def _dial_proxy(
        self,
        loop: asyncio.AbstractEventLoop,
        pool: Pool,
        proxy: _Proxy,
        connection: Connection,
        host: str,
    ) -> Connection:
        tls = self._context() if proxy.tls else None
        if not pool.tls:
            await loop.create_connection(lambda: connection, proxy.host, proxy.port, ssl=tls)
            return connection
        transport, tunnel = await loop.create_connection(
            lambda: _Tunnel(loop, host, pool.port, proxy), proxy.host, proxy.port, ssl=tls
        )
        try:
            await tunnel.open
            secure = await loop.start_tls(transport, connection, self._context(), server_hostname=pool.host)
        except BaseException:
            transport.abort()
            raise
        if secure is None:
            raise ConnectionError("the proxy closed the tunnel")
        connection.connection_made(secure)
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


class _Tunnel(asyncio.Protocol):
    """The CONNECT handshake with a proxy; `open` resolves when the tunnel stands."""

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str, port: int, proxy: _Proxy) -> None:
        name = f"[{host}]" if ":" in host else host
        self._target = f"{name}:{port}".encode()
        self._authorization = proxy.authorization
        self._received = b""
        self.open: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        head = b"CONNECT %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (
            self._target,
            self._target,
            self._authorization,
        )
        transport.write(head)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self.open.done():
            return
        if b"\r\n\r\n" in self._received:
            if self._received.startswith(_TUNNEL_STATUSES):
                self.open.set_result(None)
            else:
                line = self._received.partition(b"\r\n")[0].decode("latin-1")
                self.open.set_exception(ConnectionError(f"the proxy refused the tunnel: {line}"))
        elif len(self._received) > _TUNNEL_HEAD_BYTES:
            self.open.set_exception(ConnectionError("the proxy's answer has no end"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.open.done():
            self.open.set_exception(ConnectionError("the proxy closed the connection"))


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


def _proxy_for(parts: SplitResult, proxies: Mapping[str, str]) -> _Proxy | None:
    """The environment's proxy for an address; never for this machine itself."""
    host = parts.hostname or ""
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or is_loopback(host) or proxy_bypass_environment(parts.netloc, dict(proxies)):
        return None
    proxy = urlsplit(address if "://" in address else f"http://{address}")
    if not proxy.hostname or proxy.scheme not in _DEFAULT_PORT:
        raise UpstreamError("the proxy that the environment names is not http or https", Progress.NOT_SENT)
    authorization = b""
    if proxy.username is not None:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
        authorization = b"proxy-authorization: Basic %b\r\n" % b64encode(pair)
    port = proxy.port or _DEFAULT_PORT[proxy.scheme]
    return _Proxy(proxy.hostname, port, proxy.scheme == "https", authorization)
