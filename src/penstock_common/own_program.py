"""Does a request come from a program of this machine, or from a page of somebody else's, or through a proxy?

A page can reach loopback through the browser, also under a name of its own that leads there (DNS rebinding). It
cannot leave out or forge `Host`, `Origin` and `Sec-Fetch-Site`; a proxy says in other headers that it passed a
request on. Pure text work: names and values in, yes or no out. What follows from it is for those who ask.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

Header = tuple[bytes, bytes]

LONGEST_HOST = 300
_LABELS = rb"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"
_HOST = re.compile(rb"(?:%b|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{0,5}))?" % _LABELS)
_LOOPBACK = re.compile(rb"(?i)(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?")
_ADDRESS = re.compile(rb"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LAST_PORT = 65535

_ORIGIN, _SITE = b"origin", b"sec-fetch-site"
_OWN_SITES = (b"same-origin", b"none")
_FORWARDED_HOST = frozenset({b"x-forwarded-host", b"x-original-host", b"x-host"})
_FORWARDED = frozenset(
    {
        b"cdn-loop",
        b"cf-connecting-ip",
        b"cf-connecting-ipv6",
        b"cf-ray",
        b"client-ip",
        b"fastly-client-ip",
        b"fly-client-ip",
        b"forwarded",
        b"forwarded-for",
        b"tailscale-user-login",
        b"true-client-ip",
        b"via",
        b"x-azure-clientip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-envoy-external-address",
        b"x-forwarded",
        b"x-original-forwarded-for",
        b"x-real-ip",
        b"x-remote-addr",
        b"x-remote-ip",
    }
)
_FORWARDED_PREFIX = b"x-forwarded-"
_HOST_PARAMETER = re.compile(rb'(?i)(?:^|[;,\s])host="?([^";,\s]*)')


def tells_origin(name: bytes) -> bool:
    """Whether a header (lower-case name) tells where a request comes from. `Host` is not meant."""
    return (
        name in (_ORIGIN, _SITE)
        or name in _FORWARDED
        or name in _FORWARDED_HOST
        or name.startswith(_FORWARDED_PREFIX)
    )


def tells_way(name: bytes) -> bool:
    """Whether a header (lower-case name) tells by what way a request came, and from whom."""
    return name not in (_ORIGIN, _SITE) and tells_origin(name)


def is_host(value: bytes) -> bool:
    """Whether it is a `Host` (RFC 9110, 7.2): a name or an address, and a port perhaps."""
    return len(value) <= LONGEST_HOST and _is_host(value)


def is_own(host: bytes, told: Collection[Header], own_hosts: Collection[str]) -> bool:
    """Whether a request with this `Host` comes from a program here, or by a name the operator gave.

    `told` are the headers of which `tells_origin` is true, all of them, with names in lower case. Who came
    through a proxy is no program of this machine; the proxy's name may be one of the operator's. `own_hosts` are
    in lower case, with their ports.
    """
    local = len(host) <= LONGEST_HOST and _is_loopback(host)
    if local and not told:
        return True
    if not local and _text(host) not in own_hosts:
        return False
    return all(_allows(name, value.strip(), host, own_hosts, local=local) for name, value in told)


def is_own_name(host: bytes, own_hosts: Collection[str]) -> bool:
    """Whether a `Host` is one that nobody else can have a page at: loopback, an address, a name the operator gave.

    A name of somebody else's that leads here (DNS rebinding) is none.
    """
    return is_host(host) and (_is_address(host) or _is_loopback(host) or _text(host) in own_hosts)


def is_own_program(headers: Iterable[Header], own_hosts: Collection[str]) -> bool:
    """The same for all headers of a request, with names in any case. Two hosts are none."""
    named = [(name.lower(), value) for name, value in headers]
    hosts = [value for name, value in named if name == b"host"]
    told = [pair for pair in named if tells_origin(pair[0])]
    return len(hosts) == 1 and is_own(hosts[0].strip(), told, own_hosts)


def is_passed_on_here(headers: Iterable[Header]) -> bool:
    """Whether a program of this machine passes on what a page of its own has sent, as a gateway does.

    The browser says that the page belongs to the address that it called (`Sec-Fetch-Site`), and that this was loopback
    (`Origin`); a page from elsewhere can say neither.
    """
    told = dict[bytes, list[bytes]]()
    for name, value in headers:
        if name.lower() == b"host" or tells_origin(name.lower()):
            told.setdefault(name.lower(), []).append(value.strip())
    hosts, origins = told.pop(b"host", []), told.pop(_ORIGIN, [])
    if told != {_SITE: [_OWN_SITES[0]]} or len(hosts) != 1 or len(origins) != 1:
        return False
    return all(
        len(one) <= LONGEST_HOST and _is_loopback(one) for one in (hosts[0], origins[0].partition(b"://")[2])
    )


def _allows(name: bytes, value: bytes, host: bytes, own_hosts: Collection[str], *, local: bool) -> bool:
    if name == _ORIGIN:
        return value.lower().partition(b"://")[2] == host.lower()
    if name == _SITE:
        return value in _OWN_SITES
    return not local and all(_text(named) in own_hosts for named in _named_hosts(name, value))


def _named_hosts(name: bytes, value: bytes) -> Iterable[bytes]:
    """The hosts that a proxy says it was asked for."""
    if name in _FORWARDED_HOST:
        return (part.strip() for part in value.split(b","))
    return _HOST_PARAMETER.findall(value) if name == b"forwarded" else ()


def _text(host: bytes) -> str:
    return host.decode("latin-1").lower()


@lru_cache(maxsize=256)
def _is_host(value: bytes) -> bool:
    found = _HOST.fullmatch(value)
    return found is not None and int(found["port"] or 0) <= _LAST_PORT


def _is_address(host: bytes) -> bool:
    return _ADDRESS.fullmatch(host) is not None


@lru_cache(maxsize=256)
def _is_loopback(host: bytes) -> bool:
    return _LOOPBACK.fullmatch(host) is not None
