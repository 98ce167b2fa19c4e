"""The guard of outgoing fetches: only http(s), only hosts whose every address is out in the world.

Which those are is decided in `penstock_common/egress.py`. The address it returns is the one to connect to, so that
a name cannot change its mind between the check and the connection (DNS rebinding).
"""

import msgspec

from penstock_common.egress import NotPublic, Permit, Resolver, check_host, check_url, checked_addresses

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


async def check(url: str, resolver: Resolver, permit: Permit) -> Checked:
    """Where to connect for `url`. Raises `Refused`, also when only one of several addresses is private."""
    try:
        parts = check_url(url, tuple(_PORTS))
        host, port = check_host(parts.hostname or ""), parts.port or _PORTS[parts.scheme]
        addresses = await checked_addresses(host, port, resolver, permit)
    except NotPublic as error:
        raise Refused(f"only public addresses are fetched: {error}") from error
    except OSError as error:
        raise Refused("the host name does not resolve") from error
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Checked(parts.scheme, host, port, addresses[0], target)
