"""The only file that opens outgoing connections: addresses, the guard, TLS, proxies and their tunnels.

Of a host with several addresses each gets its chance, on every way there (RFC 8305). Which requests go out on a
connection, and how long one may take to come about, is `pool.py`'s.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from penstock.proxy.upstream.exchange import Connection, Lessor, Progress, UpstreamError
from penstock_common.egress import NotPublic, Permit, Resolver, checked_addresses
from penstock_common.environment_proxy import NoSuchProxy, proxy_for
from penstock_common.staggered import by_turns, connected_socket, first_to_stand

_DEFAULT_PORT = {"http": 80, "https": 443}
_TUNNEL_HEAD_BYTES = 16384
_TUNNEL_STATUSES = (b"HTTP/1.1 200", b"HTTP/1.0 200")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that stands before an address; `authorization` is a header line or nothing."""

    host: str
    port: int
    tls: bool
    authorization: bytes


class Destination(Lessor, Protocol):
    """Where a connection leads: one origin, and who keeps its connections."""

    origin: str
    guarded: bool  # to public addresses only
    host: str
    port: int
    tls: bool
    unix_path: str | None
    proxy: Proxy | None


def proxy_before(parts: SplitResult, proxies: Mapping[str, str]) -> Proxy | None:
    """The environment's proxy for an address; never for this machine itself. Raises `UpstreamError`."""
    try:
        url = proxy_for(parts, proxies)
    except NoSuchProxy as error:
        raise UpstreamError(str(error), Progress.NOT_SENT) from None
    if url is None:
        return None
    proxy = urlsplit(url)
    authorization = b""
    if proxy.username is not None:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
        authorization = b"proxy-authorization: Basic %b\r\n" % b64encode(pair)
    port = proxy.port or _DEFAULT_PORT[proxy.scheme]
    return Proxy(proxy.hostname or "", port, proxy.scheme == "https", authorization)


class Dialer:
    """Opens connections. Each method raises `OSError`, or `UpstreamError` for what is not to be dialled at all."""

    def __init__(self, tls: ssl.SSLContext | None, resolver: Resolver, permit: Permit) -> None:
        self._tls = tls
        self._resolver = resolver
        self._permit = permit

    async def dial(self, place: Destination) -> Connection:
        """A connection to a place, by whichever of its addresses answers first."""
        loop = asyncio.get_running_loop()
        connection = Connection(loop, place)
        if place.unix_path is not None and not place.guarded:
            await loop.create_unix_connection(lambda: connection, place.unix_path)
            return connection
        addresses = await self._checked(place) if place.guarded else None
        if place.proxy is None:
            addresses = addresses or await self._looked_up(place.host, place.port)
            await self._to(addresses, place.port, lambda: connection, place.host if place.tls else None)
        elif place.tls:
            await self._by_tunnel(place, place.proxy, connection, addresses or [place.host])
        else:
            await self._to_proxy(place.proxy, lambda: connection)
        return connection

    async def _checked(self, place: Destination) -> Sequence[str]:
        """What was looked at is dialled, and nothing else; by a proxy as well, which would look names up again."""
        try:
            if place.unix_path is not None or (place.proxy is not None and not place.tls):
                raise NotPublic(f"{place.origin} leads to this machine, or through a proxy without TLS")
            return await checked_addresses(place.host, place.port, self._resolver, self._permit)
        except NotPublic as error:
            reason = f"{error}; allow_private_providers would let it be used"
            raise UpstreamError(reason, Progress.NOT_SENT, local=True) from None

    async def _looked_up(self, host: str, port: int) -> Sequence[str]:
        try:
            ip_address(host)
        except ValueError:
            return await self._resolver(host, port)
        return [host]

    async def _to(
        self,
        addresses: Sequence[str],
        port: int,
        protocol: Callable[[], asyncio.BaseProtocol],
        tls_name: str | None,
    ) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
        """A connection to one of some addresses, with TLS for `tls_name`."""
        loop, tls = asyncio.get_running_loop(), None if tls_name is None else self._context()
        if len(addresses) == 1:
            return await loop.create_connection(
                protocol, addresses[0], port, ssl=tls, server_hostname=tls_name
            )
        found = await connected_socket(addresses, port)
        try:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return await loop.create_connection(protocol, sock=found, ssl=tls, server_hostname=tls_name)
        except BaseException:
            found.close()
            raise

    async def _to_proxy(
        self, proxy: Proxy, protocol: Callable[[], asyncio.BaseProtocol]
    ) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
        addresses = await self._looked_up(proxy.host, proxy.port)
        return await self._to(addresses, proxy.port, protocol, proxy.host if proxy.tls else None)

    async def _by_tunnel(
        self, place: Destination, proxy: Proxy, connection: Connection, hosts: Sequence[str]
    ) -> None:
        """Through a tunnel to the place's host, by its name or one of its addresses."""
        tunnels: list[Callable[[], Awaitable[asyncio.Transport]]] = [
            partial(self._tunnel, proxy, host, place.port) for host in by_turns(hosts)
        ]
        transport = await first_to_stand(tunnels, lambda late: late.abort())
        loop = asyncio.get_running_loop()
        try:
            secure = await loop.start_tls(transport, connection, self._context(), server_hostname=place.host)
        except BaseException:
            transport.abort()
            raise
        if secure is None:
            raise ConnectionError("the proxy closed the tunnel")
        connection.connection_made(secure)

    async def _tunnel(self, proxy: Proxy, host: str, port: int) -> asyncio.Transport:
        tunnel = _Tunnel(asyncio.get_running_loop(), host, port, proxy)
        await self._to_proxy(proxy, lambda: tunnel)
        try:
            await tunnel.open
        except BaseException:
            tunnel.transport.abort()
            raise
        return tunnel.transport

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


class _Tunnel(asyncio.Protocol):
    """The CONNECT handshake with a proxy; `open` resolves when the tunnel stands."""

    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str, port: int, proxy: Proxy) -> None:
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
        self.transport = transport  # type: ignore[assignment]
        self.transport.write(head)

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
