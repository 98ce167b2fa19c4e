"""Which headers pass, which stay, and which speak to the gateway.

Sorts the headers of requests and answers in one walk each: hop-by-hop headers and the framing are ours to
make anew, `cf-aig-*` headers are for the gateway, everything else passes as it came (Cloudflare 1.3, 2.6).
Pure; knows no gateway, no provider, no sockets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from penstock.wire.secret_names import names_secret
from penstock_common.own_program import tells_origin, tells_way

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
_FORBIDDEN_TRAILERS = frozenset(
    {
        b"host",
        b"content-length",
        b"content-encoding",
        b"content-type",
        b"content-range",
        b"expect",
        b"max-forwards",
        b"trailer",
    }
)
_CREDENTIALS = frozenset(
    {
        b"authorization",
        b"x-api-key",
        b"api-key",
        b"x-goog-api-key",
        b"xi-api-key",
        b"x-subscription-token",
        b"token",
        b"cookie",
    }
)
# Of RFC 9110 and its registry, and of vendors.
_SCHEMES = frozenset(
    b"api-key apikey aws4-hmac-sha256 basic bearer bot concealed digest dpop gnap hmac hoba key mutual negotiate oauth"
    b" privatetoken scram-sha-1 scram-sha-256 token vapid".split()
)
_LONGEST_SCHEME = 20
_NOBODY = [b"basic", b"og=="]  # no name, and no password
_NO_SECRETS = frozenset({b"sec-websocket-key"})  # however they are called
_OWN_ANSWERS = frozenset(
    {
        b"cf-aig-cache-status",
        b"cf-aig-event-id",
        b"cf-aig-log-id",
        b"cf-aig-request-id",
        b"cf-aig-step",
        b"idempotent-replayed",
    }
)
_REMEMBERED = 4096  # names; a client that invents names must not fill the memory
_REMEMBERED_LENGTH = 64
_NO_OPTIONS = (b"keep-alive", b"close")
_NEVER_OPTIONS = {b"keep-alive", b"close", b"upgrade", b"content-length", b""}


Kind = int
"""What becomes of a header. Plain numbers: members of an enum are slow to look up, and this is done per header."""

FORWARD: Final = 0
CREDENTIAL: Final = 1  # passes, and its value is a secret
CONTENT_TYPE: Final = 2
CONTENT_ENCODING: Final = 3
CONTENT_LENGTH: Final = 4  # passes in answers; made anew in requests
USER_AGENT: Final = 5
DROP: Final = 6
CONNECTION: Final = 7
CONTROL: Final = 8
TRANSFER_ENCODING: Final = 9
EXPECT: Final = 10
IDEMPOTENCY_KEY: Final = 11
HOST: Final = 12
ORIGIN: Final = 13  # tells where the request comes from; passes unless it tells the way
COOKIE: Final = 14  # passes, and its value is a secret; the gateway may keep it here
UPGRADE: Final = 15
ASKED_METHOD: Final = 16  # passes, and makes a preflight of a request
SECRET: Final = 17  # passes; no place for credentials that is known, but its value is called one

_SPECIAL = {
    b"connection": CONNECTION,
    b"content-encoding": CONTENT_ENCODING,
    b"content-length": CONTENT_LENGTH,
    b"content-type": CONTENT_TYPE,
    b"transfer-encoding": TRANSFER_ENCODING,
}
_SPECIAL_IN_REQUESTS = {
    **_SPECIAL,
    b"access-control-request-method": ASKED_METHOD,
    b"cookie": COOKIE,
    b"expect": EXPECT,
    b"host": HOST,
    b"idempotency-key": IDEMPOTENCY_KEY,
    b"upgrade": UPGRADE,
    b"user-agent": USER_AGENT,
}


def request_kind(name: bytes) -> Kind:
    """The kind of a request header, by its name in any case.

    What many servers take for a header that is not passed on as any other (`x_api_key` for `x-api-key`) stays here.
    """
    name = name.lower()
    special = _SPECIAL_IN_REQUESTS.get(name)
    if special is not None:
        return special
    if name.startswith(CONTROL_PREFIX) or name in _CONTROL_ALIASES:
        return CONTROL
    if name in _HOP_BY_HOP or name in _ACCESS:
        return DROP
    if name in _CREDENTIALS:
        return CREDENTIAL
    if tells_origin(name):
        return ORIGIN
    alike = name.replace(b"_", b"-")
    if alike != name and request_kind(alike) not in (FORWARD, SECRET):
        return DROP
    return SECRET if is_secret(name) else FORWARD


def is_secret(name: bytes) -> bool:
    """Whether the value of a request header (lower-case name) is a secret."""
    return name in _CREDENTIALS or (name not in _NO_SECRETS and names_secret(name.decode("latin-1")))


def response_kind(name: bytes) -> Kind:
    """The kind of an answer's header, by its name in any case."""
    name = name.lower()
    special = _SPECIAL.get(name)
    if special is not None:
        return special
    return DROP if name in _HOP_BY_HOP or name in _OWN_ANSWERS else FORWARD


class RequestHead(msgspec.Struct, eq=False):
    """A request's headers, sorted. `forward` is ready lines: name, `: `, value, CRLF, name, …"""

    forward: list[bytes] = []
    joined: bytes = b""  # the same in one, where somebody has made it since they changed
    controls: list[Header] = []  # names in lower case
    credentials: list[Header] = []  # also among `forward`; names in lower case
    origins: tuple[Header, ...] = ()  # likewise: what tells where the request comes from
    rare: bool = False  # something of what follows is there
    cookies: bool = False  # there are some among `forward`, and among `credentials`
    secrets: tuple[Header, ...] = ()  # also among `forward`: what else is called a secret
    asked_method: bytes = b""  # of a browser that asks before it sends
    websocket: bool = False  # it offers to speak that instead
    suspect: bool = False  # a token of the gateway may hide in one of them
    hop_by_hop: bool = (
        False  # some are not among `forward`, for `Connection` names them or the gateway needs them
    )
    content_type: bytes = b""
    content_encoding: bytes = b""
    user_agent: bytes = b""
    idempotency_key: bytes = b""
    length: int = -1  # of the body, as declared; -1: not declared
    chunked: bool = False
    expects: bool = False  # the client waits to be asked for the body
    host: bytes | None = None  # as it came; empty where there are several
    fault: str = ""  # why the body's end cannot be told, or where it is meant to go


class ResponseHead(msgspec.Struct, eq=False):
    """An answer's headers, sorted. `forward` is ready lines, as in `RequestHead`."""

    forward: list[bytes] = []
    content_type: bytes = b""
    content_encoding: bytes = b""
    length: int | None = None
    fault: str = ""


class HeaderSorter:
    """Sorts headers, remembering the kind of each name it has seen."""

    __slots__ = ("_request", "_response")

    def __init__(self) -> None:
        self._request: dict[bytes, Kind] = {}
        self._response: dict[bytes, Kind] = {}

    def request(self, headers: Iterable[Header], withheld: Collection[str] = ()) -> RequestHead:
        """Sorts a request's headers; names in `withheld` (lower case) stay here as well."""
        kinds = self._request
        head = RequestHead()
        forward = head.forward
        named: tuple[bytes, ...] = ()
        for name, value in headers:
            kind = kinds.get(name)
            if kind is None:
                kind = _learn(kinds, name, request_kind(name))
            if not kind:
                forward += (name, b": ", value, b"\r\n")
            elif kind == CONTENT_TYPE:
                head.content_type = value
                forward += (name, b": ", value, b"\r\n")
            elif kind == CONTENT_LENGTH:
                head.length = int(value)
            elif kind == CREDENTIAL:
                head.credentials.append((name.lower(), value))
                forward += (name, b": ", value, b"\r\n")
                if value[:5].lower() == b"basic":
                    head.suspect = True
            elif kind == HOST:
                head.host = value if head.host is None else b""
            elif kind == CONTROL:
                head.controls.append((name.lower(), value))
            elif kind == CONNECTION:
                if value.lower() not in _NO_OPTIONS:
                    named += (value,)
            elif kind != DROP and _note(head, kind, name, value):
                forward += (name, b": ", value, b"\r\n")
        options = _connection_options(named) if named else _NOTHING
        if options or withheld:
            head.forward = without(forward, options.union(name.encode("ascii") for name in withheld))
            head.hop_by_hop = True
        return head

    def response(self, headers: Iterable[Header]) -> ResponseHead:
        """Sorts an answer's headers."""
        kinds = self._response
        head = ResponseHead()
        forward = head.forward
        named: tuple[bytes, ...] = ()
        for name, value in headers:
            kind = kinds.get(name)
            if kind is None:
                kind = _learn(kinds, name, response_kind(name))
            if not kind:
                forward += (name, b": ", value, b"\r\n")
                continue
            if kind == CONTENT_TYPE:
                head.content_type = value
            elif kind == CONTENT_LENGTH:
                head.length = int(value)
            elif kind == CONNECTION:
                if value.lower() not in _NO_OPTIONS:
                    named += (value,)
                continue
            elif kind == CONTENT_ENCODING:
                head.content_encoding = (
                    b"%b, %b" % (head.content_encoding, value) if head.content_encoding else value
                )
            else:
                if kind == TRANSFER_ENCODING and value.strip().lower() != b"chunked":
                    head.fault = "the answer has a transfer encoding other than chunked"
                continue
            forward += (name, b": ", value, b"\r\n")
        options = _connection_options(named) if named else _NOTHING
        if options:
            head.forward = without(forward, options)
        return head


_NOTHING: frozenset[bytes] = frozenset()


def _learn(kinds: dict[bytes, Kind], name: bytes, kind: Kind) -> Kind:
    if len(name) <= _REMEMBERED_LENGTH:
        if len(kinds) >= _REMEMBERED:
            kinds.clear()  # names in use come again
        kinds[name] = kind
    return kind


def _note(head: RequestHead, kind: Kind, name: bytes, value: bytes) -> bool:
    """Remembers what a less common request header says; whether it passes."""
    if kind == COOKIE:
        head.credentials.append((b"cookie", value))
        head.cookies = head.rare = True
    elif kind == SECRET:
        head.secrets += ((name.lower(), value),)
        head.rare = True
    elif kind == ORIGIN:
        head.origins += ((name.lower(), value),)
        return not tells_way(name.lower())
    elif kind == USER_AGENT:
        head.user_agent = value
    elif kind == CONTENT_ENCODING:
        head.content_encoding = b"%b, %b" % (head.content_encoding, value) if head.content_encoding else value
    elif kind == IDEMPOTENCY_KEY:
        head.idempotency_key = value
    elif kind == ASKED_METHOD:
        head.asked_method = value
    else:
        _note_framing(head, kind, value)
        return False
    return True


def _note_framing(head: RequestHead, kind: Kind, value: bytes) -> None:
    if kind == EXPECT:
        head.expects = value.strip().lower() == b"100-continue"
    elif kind == UPGRADE:
        offered = {protocol.strip().partition(b"/")[0] for protocol in value.lower().split(b",")}
        head.websocket = head.websocket or b"websocket" in offered
        head.rare = True
    elif kind == TRANSFER_ENCODING:
        if head.chunked or value.strip().lower() != b"chunked":
            head.fault = "the only transfer encoding understood is chunked, once"
        head.chunked = True


def _connection_options(values: tuple[bytes, ...]) -> frozenset[bytes]:
    """Headers that `Connection` names belong to this hop only.

    All of its lines at once: one by one, many short ones behind a long one would each cost as much as that.
    """
    lower = b",".join(values).lower()
    return frozenset([token.strip() for token in lower.split(b",")]) - _NEVER_OPTIONS


def without(forward: list[bytes], names: Collection[bytes]) -> list[bytes]:
    """Header lines, in pieces as in `RequestHead.forward`, but for those of some names (lower case)."""
    kept: list[bytes] = []
    for start in range(0, len(forward), 4):
        if forward[start].lower() not in names:
            kept += forward[start : start + 4]
    return kept


def has_credential(value: bytes) -> bool:
    """Whether the value of a header for credentials has one: a scheme alone, as SDKs without a key send it, is none."""
    value = value.strip()
    if len(value) > _LONGEST_SCHEME:
        return True
    words = value.lower().split()
    return bool(words) and not (words[-1] in _SCHEMES and len(words) == 1) and words != _NOBODY


def trailer_lines(trailers: Iterable[Header]) -> bytes:
    """Trailers that may follow a chunked body, as lines; framing, routing and credentials may not (RFC 9110, 6.5.1)."""
    return b"".join(b"%b: %b\r\n" % pair for pair in trailers if _may_trail(pair[0].lower()))


def _may_trail(name: bytes) -> bool:
    return not (
        name in _HOP_BY_HOP
        or name in _FORBIDDEN_TRAILERS
        or (is_secret(name) and name != b"set-cookie")
        or name.startswith(CONTROL_PREFIX)
    )


def by_name(lines: bytes) -> dict[str, str]:
    """The fields of header lines by their names in lower case; of several with one name the last."""
    pairs = (line.partition(b":") for line in lines.split(b"\r\n"))
    return {
        name.decode("latin-1").lower(): value.strip().decode("latin-1") for name, _, value in pairs if name
    }
