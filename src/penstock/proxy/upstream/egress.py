"""The egress guard: which addresses a provider may lead to that was not named by the operator (Cloudflare 3.15).

Looks names up and decides about addresses; connects to nothing, that is `pool.py`'s.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from penstock.proxy.upstream.exchange import Progress, UpstreamError
from penstock.settings import is_loopback


async def public_address(loop: asyncio.AbstractEventLoop, host: str, port: int) -> str:
    """An address of a host that is out in the world. Raises `UpstreamError` when it has none.

    The address that was looked at is the one that is dialled: a name may mean something else a moment later.
    """
    for *_, place in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = ip_address(str(place[0]).partition("%")[0])
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        if (mapped or address).is_global:
            return str(place[0])
    raise _not_public(host)


def check_guarded(host: str, *, is_socket: bool) -> None:
    """What can be told before a name is looked up, and where a proxy will do that."""
    plain = host.rstrip(".")
    address = _literal(plain)
    if is_socket or is_loopback(plain) or (address is not None and not address.is_global):
        raise _not_public(host)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host spells out, also in the ways resolvers read besides dotted numbers (`127.1`)."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _not_public(host: str) -> UpstreamError:
    reason = f"{host} has no public address; allow_private_providers would let it be used"
    return UpstreamError(reason, Progress.NOT_SENT, local=True)
