"""The egress guard: which addresses lead out into the world. One rule for every exit whose address a tenant chooses.

A host is looked at twice: as it is written, when an address is set, and by everything its name stands for, when it
is dialled. Only what was looked at may then be dialled, for a name can mean something else a moment later (DNS
rebinding). Opens no connections; who does is told what is allowed, and words what is not.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From host and port to all addresses. Raises `OSError`."""

Permit = Callable[[str], bool]
"""Whether an address, as a resolver gives it, may be dialled."""

_IPV4_INSIDE: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by carriers
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, with the metadata of clouds
            "172.16.0.0/12",
            "192.0.0.0/24",  # of protocols
            "192.0.2.0/24",  # documentation, as two below
            "192.88.99.0/24",  # relays of 6to4, which are no more
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_IPV6_WORLD: Final = IPv6Network(
    "2000::/3"
)  # all there is of it; also not: loopback, link- and site-local, ULA
_IPV6_INSIDE: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # of protocols, with Teredo and benchmarks
            "2001:db8::/32",  # documentation, as the last one
            "2002::/16",  # 6to4, whose relays are no more
            "3fff::/20",
        ),
    )
)
# These mean an IPv4 address. The second is how a network without IPv4 reaches the rest of the world (DNS64).
_IPV4_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_ISATAP: Final = frozenset((0x0000_5EFE, 0x0200_5EFE))  # the upper half of an interface's part

_NAMES_INSIDE: Final = (
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
)
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SHOWN_CHARS: Final = 100


class NotPublic(ValueError):
    """An address that does not lead out into the world, or cannot be told from one. The text says which and why."""


def is_public(address: str) -> bool:
    """Whether an address, as resolvers give it, is one of the public internet, whatever it is wrapped in."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return _is_public_ipv4(found)
    if found.scope_id is not None:
        return False
    inner = IPv4Address(int(found) & 0xFFFF_FFFF)
    if found in _IPV4_MAPPED or found in _NAT64:
        return _is_public_ipv4(inner)
    if int(found) >> 32 & 0xFFFF_FFFF in _ISATAP and not _is_public_ipv4(inner):
        return False
    return found in _IPV6_WORLD and not any(found in network for network in _IPV6_INSIDE)


def _is_public_ipv4(address: IPv4Address) -> bool:
    return not any(address in network for network in _IPV4_INSIDE)


def check_host(host: str) -> str:
    """What can be told of a host before it is looked up, without brackets; the host as it is looked up.

    Raises `NotPublic`. Addresses have their usual spelling: `2130706433`, `0x7f.1` and `0177.0.0.1` are read by some
    and not by others.
    """
    name = _plain(host)
    if ":" in name:
        if not is_public(name):
            raise NotPublic(f"{shown(host)} is not a public address")
    elif not _NAME.fullmatch(name) and not _NUMBER.fullmatch(name):
        if not name or "." in name or not _NAME.fullmatch(f"{name}.x"):
            raise NotPublic(f"{shown(host)} is not the name of a host")
        raise NotPublic(f"{shown(host)} is not a public name: it has no domain")
    elif _NUMBER.fullmatch(name.rpartition(".")[2]):
        if not is_public(name):
            raise NotPublic(f"{shown(host)} is not a public address in its usual spelling")
    elif any(f".{name}".endswith(f".{inside}") for inside in _NAMES_INSIDE):
        raise NotPublic(f"{shown(host)} is not a public name")
    return name


def _plain(host: str) -> str:
    """As resolvers read it: full-width and circled digits are digits, ideographic dots are dots."""
    if host.isascii():
        return host.lower().removesuffix(".")
    try:
        return host.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError:
        raise NotPublic(f"{shown(host)} is not the name of a host") from None


def check_url(url: str, schemes: Sequence[str] = ("https",)) -> SplitResult:
    """A URL whose host passes `check_host`, taken apart. Raises `NotPublic`, whose text has no more than its host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotPublic("it is not a valid URL") from None
    if parts.scheme not in schemes:
        raise NotPublic(f"it must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if "@" in parts.netloc:
        raise NotPublic("it must not have a user name or password")
    if port == 0:
        raise NotPublic("it must not have port 0")
    check_host(parts.hostname or "")
    return parts


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a host, by the system's resolver. Raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


async def checked_addresses(
    host: str, port: int, resolver: Resolver = resolve, permit: Permit = is_public
) -> Sequence[str]:
    """Where a host may be dialled, in the resolver's order: at these addresses, without looking it up again.

    Raises `NotPublic`, also where only one address of several is not, and `OSError` where it has none.
    """
    addresses = await resolver(check_host(host), port)
    if not addresses or not all(map(permit, addresses)):
        raise NotPublic(f"{shown(host)} has an address that is not public")
    return addresses


def shown(host: str) -> str:
    """A host in a message."""
    return repr(host[:_SHOWN_CHARS])
