"""Which headers pass, which stay, and which speak to the gateway.

Sorts the headers of requests and answers in one walk each: hop-by-hop headers and the framing are ours to
make anew, `cf-aig-*` headers are for the gateway, everything else passes as it came (Cloudflare 1.3, 2.6).
Pure; knows no gateway, no provider, no sockets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import IntEnum
from typing import NamedTuple

Header = tuple[bytes, bytes]

CONTROL_PREFIX = b"cf-aig-"
_CONTROL_ALIASES = frozenset({b"cf-cache-ttl", b"cf-skip-cache"})
_ACCESS = frozenset({b"cf-access-token", b"cf-access-jwt-assertion"})
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
_FRAMING = frozenset({b"host", b"content-length", b"expect"})
_FORBIDDEN_TRAILERS = frozenset({b"host", b"content-length", b"content-encoding", b"content-type", b"trailer"})
_CREDENTIALS = frozenset(
    {b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"xi-api-key", b"token", b"cookie"}
)
_OWN_ANSWERS = frozenset({b"cf-aig-log-id", b"cf-aig-request-id", b"cf-aig-event-id", b"cf-aig-step"})
_REMEMBERED = 4096  # names; a client that invents names must not fill the memory


class Kind(IntEnum):
    """What becomes of a request header."""

    FORWARD = 0
    DROP = 1
    CONNECTION = 2
    CONTROL = 3
    CREDENTIAL = 4
    CONTENT_TYPE = 5
    CONTENT_ENCODING = 6
    USER_AGENT = 7


_SPECIAL = {
    b"connection": Kind.CONNECTION,
    b"content-type": Kind.CONTENT_TYPE,
    b"content-encoding": Kind.CONTENT_ENCODING,
    b"user-agent": Kind.USER_AGENT,
}


def request_kind(name: bytes) -> Kind:
    """The kind of a request header, by its name in any case."""
    name = name.lower()
    special = _SPECIAL.get(name)
    if special is not None:
        return special
    if name.startswith(CONTROL_PREFIX) or name in _CONTROL_ALIASES:
        return Kind.CONTROL
    if name in _HOP_BY_HOP or name in _FRAMING or name in _ACCESS:
        return Kind.DROP
    return Kind.CREDENTIAL if name in _CREDENTIALS else Kind.FORWARD


class RequestHead(NamedTuple):
    """A request's headers, sorted. `forward` is ready lines: name, `: `, value, CRLF, name, …"""

    forward: list[bytes]
    controls: list[Header]  # names in lower case
    credentials: list[Header]  # also among `forward`; names in lower case
    content_type: bytes
    content_encoding: bytes
    user_agent: bytes


class HeaderSorter:
    """Sorts headers, remembering the kind of each name it has seen."""

    __slots__ = ("_request", "_response")

    def __init__(self) -> None:
        self._request: dict[bytes, Kind] = {}
        self._response: dict[bytes, bool] = {}

    def request(self, headers: Iterable[Header], withheld: Collection[str] = ()) -> RequestHead:
        """Sorts a request's headers; names in `withheld` (lower case) stay here as well."""
        kinds = self._request
        forward: list[bytes] = []
        controls: list[Header] = []
        credentials: list[Header] = []
        content_type = content_encoding = user_agent = b""
        options: set[bytes] | None = None
        for name, value in headers:
            kind = kinds.get(name)
            if kind is None:
                kind = self._learn(name)
            if kind == 0:
                forward += (name, b": ", value, b"\r\n")
                continue
            if kind == Kind.DROP:
                continue
            if kind == Kind.CONTENT_TYPE:
                content_type = value
            elif kind == Kind.USER_AGENT:
                user_agent = value
            elif kind == Kind.CREDENTIAL:
                credentials.append((name.lower(), value))
            elif kind == Kind.CONTENT_ENCODING:
                content_encoding = value
            elif kind == Kind.CONTROL:
                controls.append((name.lower(), value))
                continue
            else:
                options = _connection_options(options, value)
                continue
            forward += (name, b": ", value, b"\r\n")
        head = RequestHead(forward, controls, credentials, content_type, content_encoding, user_agent)
        if options or withheld:
            return _without(head, {*(options or ()), *(name.encode("ascii") for name in withheld)})
        return head

    def _learn(self, name: bytes) -> Kind:
        kind = request_kind(name)
        if len(self._request) < _REMEMBERED:
            self._request[name] = kind
        return kind

    def response(self, headers: Iterable[Header]) -> tuple[list[bytes], bytes, bytes]:
        """Lines to pass to the client, and the values of content-type and content-encoding."""
        passes = self._response
        lines: list[bytes] = []
        content_type = content_encoding = b""
        for name, value in headers:
            forward = passes.get(name)
            if forward is None:
                forward = self._learn_response(name)
            if forward:
                lines += (name, b": ", value, b"\r\n")
                size = len(name)
                if size == 12 and name.lower() == b"content-type":
                    content_type = value
                elif size == 16 and name.lower() == b"content-encoding":
                    content_encoding = value
            elif len(name) == 10 and name.lower() == b"connection":
                options = _connection_options(None, value)
                if options:
                    rest = [pair for pair in headers if pair[0].lower() not in options | {b"connection"}]
                    return self.response(rest)
        return lines, content_type, content_encoding

    def _learn_response(self, name: bytes) -> bool:
        lower = name.lower()
        forward = lower not in _HOP_BY_HOP and lower not in _OWN_ANSWERS
        if len(self._response) < _REMEMBERED:
            self._response[name] = forward
        return forward


def _connection_options(options: set[bytes] | None, value: bytes) -> set[bytes] | None:
    """Headers that `Connection` names belong to this hop only; none for plain keep-alive and close."""
    lower = value.lower()
    if lower in (b"keep-alive", b"close"):
        return options
    named = {token.strip() for token in lower.split(b",")} - {b"keep-alive", b"close", b"upgrade", b""}
    return (options or set()) | named


def _without(head: RequestHead, names: set[bytes]) -> RequestHead:
    forward: list[bytes] = []
    for start in range(0, len(head.forward), 4):
        if head.forward[start].lower() not in names:
            forward += head.forward[start : start + 4]
    return head._replace(forward=forward)


def trailer_lines(trailers: Iterable[Header]) -> bytes:
    """Trailers that may follow a chunked body, as lines; framing and routing fields may not (RFC 9110, 6.5.1)."""
    return b"".join(
        b"%b: %b\r\n" % (name, value)
        for name, value in trailers
        if _may_trail(name.lower())
    )


def _may_trail(name: bytes) -> bool:
    return not (
        name in _HOP_BY_HOP
        or name in _FORBIDDEN_TRAILERS
        or name in _CREDENTIALS
        or name.startswith(CONTROL_PREFIX)
    )
