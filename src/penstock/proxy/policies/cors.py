"""Pages in browsers: who asks before it sends, and who may read what comes back (Fetch, "CORS protocol").

A browser asks with a preflight, which never carries a credential: where a gateway names the origins it answers to, it
answers by itself; else the provider is asked, with no key and no token of ours. What pages may read is said on every
answer of such a gateway, its own errors among them, in place of what the provider says about that. Who may call is
`auth.py`'s affair; a page of an origin that is named is as good there as a program of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from penstock.errors import FORBIDDEN, GatewayError
from penstock.proxy.call import Call, OwnAnswer, Route

ANY = "*"

_ORIGIN = b"origin"
_FROM_A_PAGE = frozenset({_ORIGIN, b"sec-fetch-site"})
_USUAL_PORT = re.compile(r"(?<=^https://)(.*):443$|(?<=^http://)(.*):80$")
_NAMES = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_PRIVATE = "access-control-request-private-network"
_SECONDS = 7200  # that an answer may be remembered; browsers take no more


def is_preflight(call: Call) -> bool:
    """Whether a browser asks what a page may send."""
    head = call.head
    return head.asked_method != b"" and call.method == b"OPTIONS" and _origin_of(call) is not None


def unprivileged(call: Call, route: Route) -> Route:
    """Where a preflight leads: the same place, asked once and without anything of the operator's."""
    call.steers = False
    call.head.idempotency_key = b""
    if not route.provider.extra_headers:
        return route
    return replace(route, provider=replace(route.provider, extra_headers=()))


class Cors:
    """The origins whose pages a gateway answers to."""

    __slots__ = ("_any", "_named")

    def __init__(self, origins: Iterable[str]) -> None:
        """`origins` are as browsers write them, or `*` for all."""
        self._named = frozenset(_normal(origin) for origin in origins)
        self._any = ANY in self._named

    def identify(self, call: Call) -> None:
        """Says on the call's answer who may read it; to be asked before anybody who may refuse the call.

        Raises `OwnAnswer` for a preflight, and `GatewayError` 403/9403 for one of an origin that is not named.
        """
        if call.is_step:
            return
        call.speaks_for_pages = True
        origin = _origin_of(call)
        if not self._any:
            call.own_headers += b"vary: Origin\r\n"
        named = origin is not None and origin.decode("latin-1").lower() in self._named
        if origin is not None and (named or self._any):
            allowed = b"*" if self._any else origin
            call.own_headers += (
                b"access-control-allow-origin: %b\r\naccess-control-expose-headers: *\r\n" % allowed
            )
        if is_preflight(call):
            call.logged = False
            if not (named or self._any):
                raise GatewayError(
                    FORBIDDEN,
                    "this gateway does not name the origin of this page in cors_origins",
                    message="Origin not allowed",
                )
            raise OwnAnswer(204, _permission(call))
        if named:
            call.head.origins = tuple(pair for pair in call.head.origins if pair[0] not in _FROM_A_PAGE)


def _origin_of(call: Call) -> bytes | None:
    found = [value.strip() for name, value in call.head.origins if name == _ORIGIN]
    return found[0] if len(found) == 1 and found[0] else None


def _normal(origin: str) -> str:
    """As browsers write it: in lower case, without the usual port."""
    origin = origin.lower()
    match = _USUAL_PORT.search(origin)
    return origin if match is None else origin[: match.start()] + (match[1] or match[2])


def _permission(call: Call) -> bytes:
    """All that was asked for: what a call needs is told when it comes."""
    method = call.head.asked_method
    lines = b"access-control-allow-methods: %b\r\n" % (
        method if _NAMES.fullmatch(method) and method.upper() not in _METHODS.split(b", ") else _METHODS
    )
    names = (call.lookup("access-control-request-headers") or "").strip().encode("latin-1")
    if _NAMES.fullmatch(names):
        lines += b"access-control-allow-headers: %b\r\n" % names
    if (call.lookup(_PRIVATE) or "").strip().lower() == "true":
        lines += b"access-control-allow-private-network: true\r\n"
    return lines + b"access-control-max-age: %d\r\n" % _SECONDS
