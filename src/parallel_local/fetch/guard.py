"""The guard of what goes out: only http(s), only hosts whose every address is out in the world.

Which those are is decided in `penstock_common/egress.py`. The address it returns is the one to connect to, so that
a name cannot change its mind between the check and the connection (DNS rebinding).
"""

from urllib.parse import SplitResult, urlsplit

import msgspec

from penstock_common.egress import NotPublic, Permit, Resolver, check_host, check_url, checked_addresses

_PORTS = {"http": 80, "https": 443}


class Refused(Exception):
    """A URL that must not be fetched; the message says why."""


class Unresolved(Refused):
    """A host whose name stands for no address, now."""


class Checked(msgspec.Struct, frozen=True):
    """Where to connect for a URL that may be called: at one of its addresses, which were all looked at."""

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]
    target: str

    def url(self, address: str) -> str:
        """The URL with one of the addresses in the place of the host."""
        shown = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{shown}:{self.port}{self.target}"

    @property
    def host_header(self) -> str:
        """The `Host` header: with the port only when it is not the usual one."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


async def check(url: str, resolver: Resolver, permit: Permit, *, inside: bool = False) -> Checked:
    """Where to connect for `url`. Raises `Refused`, also when only one of several addresses is private.

    With `inside` every host will do: for an engine that only programs of its own machine can call.
    """
    try:
        parts = _any_url(url) if inside else check_url(url, tuple(_PORTS))
        port = parts.port or _PORTS[parts.scheme]
        host = parts.hostname or ""
        if inside:
            addresses = await resolver(host, port)
        else:
            host = check_host(host)
            addresses = await checked_addresses(host, port, resolver, permit)
    except NotPublic as error:
        raise Refused(f"only public addresses are called: {error}") from error
    except (OSError, UnicodeError) as error:
        raise Unresolved("the host name does not resolve") from error
    if not addresses:
        raise Unresolved("the host name does not resolve")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Checked(parts.scheme, host, port, tuple(addresses), target)


def _any_url(url: str) -> SplitResult:
    """A URL with a scheme and a host. Raises `Refused`."""
    try:
        parts = urlsplit(url)
        is_valid = parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or parts.scheme not in _PORTS or not parts.hostname:
        raise Refused("it is not a valid URL")
    return parts
