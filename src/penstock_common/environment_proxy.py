"""Which proxy of the environment stands before an address: one rule for providers and for receivers of exports.

`NO_PROXY` is read as curl and Go read it: names with all below them, addresses, networks of both families, each with a
port or without, and `*`. Names are not looked up for that. Reads no environment by itself and opens no connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORT: Final = {"http": 80, "https": 443}
_SEPARATORS = re.compile(r"[,\s]+")
_NO_PREFIX: Final = IPv6Network("::ffff:0:0/96").prefixlen  # of a mapped network, more than the IPv4 one has

Address = IPv4Address | IPv6Address


class NoSuchProxy(ValueError):
    """The proxy that the environment names cannot be used."""


def proxy_for(parts: SplitResult, proxies: Mapping[str, str]) -> str | None:
    """The URL of the proxy to go through to where `parts` lead; None: directly. Never one to this machine itself.

    `proxies` as `urllib.request.getproxies_environment` gives them. Raises `NoSuchProxy`.
    """
    url = proxies.get(parts.scheme) or proxies.get("all")
    if not url:
        return None
    host = parts.hostname or ""
    port = parts.port or _DEFAULT_PORT.get(parts.scheme, 0)
    if is_loopback(host) or is_excepted(host, port, proxies.get("no", "")):
        return None
    return _usable(url)


def check_proxies(proxies: Mapping[str, str]) -> None:
    """Raises `NoSuchProxy` where one of the environment's cannot be used, whatever it is for."""
    for scheme in ("http", "https", "all"):
        if url := proxies.get(scheme):
            _usable(url)


def is_excepted(host: str, port: int, no_proxy: str) -> bool:
    """Whether `no_proxy` lists a host, without brackets, or something that it belongs to."""
    name = _named(host)
    address = _address(name)
    return any(_covers(entry, name, address, port) for entry in _SEPARATORS.split(no_proxy) if entry)


def is_loopback(host: str) -> bool:
    """Is `host` reached from this machine only? Names other than `localhost` could mean anything."""
    if host.lower() == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _usable(url: str) -> str:
    url = url if "://" in url else f"http://{url}"
    try:
        proxy = urlsplit(url)
        is_one = bool(proxy.hostname) and proxy.scheme in _DEFAULT_PORT and proxy.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise NoSuchProxy("the proxy that the environment names is not http or https")
    return url


def _covers(entry: str, name: str, address: Address | None, port: int) -> bool:
    if entry == "*":
        return True
    target, its_port = _apart(entry)
    if its_port and its_port != port:
        return False
    if address is not None:
        return _holds(target, address)
    suffix = _named(target.removeprefix("*").lstrip("."))
    return bool(suffix) and (name == suffix or name.endswith(f".{suffix}"))


def _apart(entry: str) -> tuple[str, int]:
    """An entry without its port; 0: for all ports. An address of IPv6 with a port has brackets."""
    if entry.startswith("["):
        inner, _, rest = entry[1:].partition("]")
        network, _, port = rest.partition(":")
        return inner + network, int(port) if port.isascii() and port.isdigit() else 0
    target, colon, port = entry.rpartition(":")
    if colon and ":" not in target and port.isascii() and port.isdigit():
        return target, int(port)
    return entry, 0


def _holds(target: str, address: Address) -> bool:
    """Whether an address is the target, or in it; an IPv4 address in one of IPv6 is that address."""
    try:
        network = ip_network(target, strict=False)
    except ValueError:
        return False
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        if network.prefixlen < _NO_PREFIX:
            return address in network
        mapped = network.network_address.ipv4_mapped
        network = ip_network((mapped, network.prefixlen - _NO_PREFIX), strict=False)
    return address in network


def _named(host: str) -> str:
    """A host as names are compared."""
    name = host.lower().removesuffix(".")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _address(host: str) -> Address | None:
    try:
        found = ip_address(host.partition("%")[0] if ":" in host else host)
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found
