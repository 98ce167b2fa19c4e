"""The guard of outgoing fetches: only http(s), only hosts whose every address is globally routable.

Pure apart from the resolver it is given. The address it returns is the one to connect to, so that a name
cannot change its mind between the check and the connection (DNS rebinding).
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import msgspec

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
Permit = Callable[[str], bool]
_PORTS = {"http": 80, "https": 443}


class Refused(Exception):
    """A URL that must not be fetched; the message says why."""


class Checked(msgspec.Struct, frozen=True):
    """Where to connect for a URL that may be fetched."""

    scheme: str
    host: str
    port: int
    address: str
    target: str

    @property
    def host_header(self) -> str:
        """The `Host` header: with the port only when it is not the usual one."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a host, by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def globally_routable(address: str) -> bool:
    """Whether an address belongs to the public internet; addresses wrapped in IPv6 are unwrapped first."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or _nat64(parsed) or (parsed.teredo or (None, None))[1]
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address behind a translated one (64:ff9b::/96)."""
    if address in ipaddress.IPv6Network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


async def check(url: str, resolver: Resolver, permit: Permit) -> Checked:
    """Where to connect for `url`. Raises `Refused`, also when only one of several addresses is private."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise Refused("not a valid URL") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Refused("only absolute http and https URLs are fetched")
    if parts.username or parts.password:
        raise Refused("URLs with credentials are not fetched")
    try:
        addresses = await resolver(parts.hostname, port)
    except (OSError, UnicodeError) as error:
        raise Refused("the host name does not resolve") from error
    if not addresses or not all(permit(address) for address in addresses):
        raise Refused("the address is not on the public internet")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Checked(parts.scheme, parts.hostname, port, addresses[0], target)
