"""Reading a request target of the data plane: `/v1/{account}/{gateway}/{provider}/{tail}` (Cloudflare 1.1).

Pure text work. Says what the parts are and refuses targets that could mean one thing here and another thing
at the provider; whether a gateway or a provider exists is not known here.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_to_bytes

from penstock.errors import BAD_HTTP, BAD_REQUEST, HEAD_TOO_LARGE, GatewayError
from penstock.wire.headers import Header
from penstock.wire.secret_names import names_secret
from penstock_common.own_program import is_host

PREFIX = b"/v1/"
MAX_TARGET = 65_536
"""Bytes, whatever the head may have: several readers take a path or a query to pieces."""

_ABSOLUTE = re.compile(rb"(?i)(https?)://([^/?#]*)(.*)", re.DOTALL)
ONE_HOST = "a request has one Host: a name or an address, and the port if it is not the usual one"
_DOTS = re.compile(rb"(?:^|[/\\])\.{1,2}(?:[/\\;]|$)")
_SAFE = bytes(range(0x21, 0x7F)).replace(b"#", b"")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_STUCK = re.compile(r"[?;]")


def resolved(target: bytes, headers: list[Header], *, host_may_lack: bool) -> tuple[bytes, list[Header]]:
    """Target and headers as if the target had come as a path, where it came as a URL (RFC 9112, 3.2.2).

    The host of a URL goes in place of what `Host` says. Raises `GatewayError` where there is not one sound `Host`,
    and for a URL that is not of a server of plain HTTP.
    """
    hosts = [value for name, value in headers if len(name) == 4 and name.lower() == b"host"]
    if len(hosts) > 1 or not all(map(is_host, hosts)) or not (hosts or host_may_lack):
        raise GatewayError(BAD_HTTP, ONE_HOST)
    url = _ABSOLUTE.fullmatch(target)
    if url is None:
        return target, headers
    scheme, host, rest = url.groups()
    if scheme.lower() != b"http":
        raise GatewayError(
            BAD_REQUEST, "no TLS is spoken on this connection: the target must not begin with https"
        )
    if not is_host(host):
        raise GatewayError(BAD_REQUEST, "the target must have a host, and no user name")
    others = [pair for pair in headers if pair[0].lower() != b"host"]
    return rest if rest.startswith(b"/") else b"/" + rest, [(b"Host", host), *others]


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """Path and query (with its `?`) of an origin-form target; refuses every other form."""
    if len(target) > MAX_TARGET:
        raise GatewayError(HEAD_TOO_LARGE, f"the request target may have {MAX_TARGET} bytes")
    if not target.startswith(b"/"):
        raise GatewayError(BAD_REQUEST, "the request target must be a path beginning with /, or a URL")
    path, mark, query = target.partition(b"?")
    if target.translate(None, _SAFE):
        raise GatewayError(BAD_REQUEST, "the request target has a character that must be percent-encoded")
    return path, mark + query


def check_path(path: bytes) -> None:
    """Refuses dot segments, also percent-encoded ones: no call may climb out of the provider's path."""
    if b"." not in path and b"%" not in path:
        return
    plain = unquote_to_bytes(path) if b"%" in path else path
    if _DOTS.search(path) or _DOTS.search(plain):
        raise GatewayError(BAD_REQUEST, "the path must not have . or .. segments")
    if _CONTROL.search(plain):
        raise GatewayError(BAD_REQUEST, "the path must not have encoded control characters")


def redact_query(query: str) -> str:
    """The query for the log, with the values of credential parameters taken out (`?key=…`)."""
    if "=" not in query:
        return query
    mark = query[: query.startswith("?")]
    return mark + "&".join(map(_redact_parameter, query[len(mark) :].split("&")))


def query_secrets(query: bytes) -> list[bytes]:
    """The values of credential parameters in a query (with or without its `?`), as written and as meant."""
    found: dict[bytes, None] = {}
    if b"=" in query:
        for parameter in query.decode("latin-1").removeprefix("?").split("&"):
            at = _secret_at(parameter)
            if at:
                written = parameter[at:].encode("latin-1")
                first = _STUCK.split(parameter[at:], maxsplit=1)[0].encode("latin-1")
                found |= dict.fromkeys((written, first, unquote_to_bytes(written), unquote_to_bytes(first)))
    return list(found)


def _redact_parameter(parameter: str) -> str:
    at = _secret_at(parameter)
    return f"{parameter[:at]}[redacted]" if at else parameter


def _secret_at(parameter: str) -> int:
    """Where the value of a credential begins in it; 0 where there is none.

    Of two queries stuck together, as careless clients send, each is looked at.
    """
    start = 0
    for part in _STUCK.split(parameter):
        name, equals, _ = part.partition("=")
        if equals and names_secret(unquote(name)):
            return start + len(name) + 1
        start += len(part) + 1
    return 0
