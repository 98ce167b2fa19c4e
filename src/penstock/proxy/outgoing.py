"""A request as it goes to a provider: the caller's, with host and framing made anew (Cloudflare 1.3).

Made once for a call and sent as often as attempts are needed; each attempt starts from the same bytes.
"""

from __future__ import annotations

import msgspec

from penstock.errors import BAD_REQUEST, NO_CREDENTIALS, GatewayError
from penstock.providers.base import KeyHeader, Unfit
from penstock.proxy.call import Call, Route
from penstock.proxy.redaction import secrets_in_query, secrets_of
from penstock.proxy.request_body import RequestBody
from penstock.proxy.upstream.exchange import Exchange
from penstock.wire.headers import has_credential, without
from penstock.wire.own_tokens import OwnTokens
from penstock.wire.target import query_secrets

# Methods that anticipate content say so where they have none (RFC 9110, 8.6): some front ends answer 411 else.
_WITH_CONTENT = frozenset({b"POST", b"PUT", b"PATCH", b"QUERY"})
_COOKIES = (b"cookie",)
_EMPTY = b"content-length: 0\r\n"


class OutgoingRequest(msgspec.Struct, eq=False):
    """Method, target (path and query), header lines in pieces, and body, for a provider."""

    method: bytes
    target: bytes
    lines: list[bytes]
    body: RequestBody

    @property
    def replayable(self) -> bool:
        """Whether it can be sent once more."""
        return self.body.replayable

    def send_to(self, exchange: Exchange, host_lines: bytes, prefix: bytes) -> None:
        """Sends head and body; `prefix` makes the target absolute, for a proxy."""
        body = self.body
        head = b"%b %b%b HTTP/1.1\r\n%b%b%b\r\n" % (
            self.method,
            prefix,
            self.target,
            host_lines,
            b"".join(self.lines),
            body.framing() or (_EMPTY if self.method in _WITH_CONTENT else b""),
        )
        body.send_to(exchange, head)


def keep_private(call: Call) -> None:
    """Remembers what the record must not show, besides known credentials; and keeps the caller's cookies here.

    They are for the gateway's host, and go no further unless the gateway says so.
    """
    head = call.head
    call.secrets = (*call.secrets, *secrets_of(head.secrets, b""), *secrets_in_query(call.query))
    if head.cookies and not call.gateway.forward_cookies:
        head.forward, head.joined = without(head.forward, _COOKIES), b""
        call.withheld |= {"cookie"}


def keep_tokens(call: Call, target: bytes, own: OwnTokens) -> None:
    """Leaves the caller's header lines that hold a token of the gateway out of what goes to a provider.

    Raises `GatewayError` where one stands in the target, of which nothing can be left out.
    """
    token = own.find(target)
    lines: list[bytes] = []
    for start in range(0, len(call.head.forward), 4):
        line = call.head.forward[start : start + 4]
        found = own.find(b"".join(line))
        if found is None:
            lines += line
        else:
            call.secrets = (*call.secrets, found)
    call.head.forward, call.head.joined = lines, b""
    if token is not None:
        call.secrets = (*call.secrets, token)
        raise GatewayError(
            BAD_REQUEST, "a token of the gateway does not go to a provider: leave it out of the path"
        )


def lines_with_credentials(call: Call, route: Route, *, plain: bool) -> list[bytes]:
    """The header lines that go to a provider. `plain`: with the credential the caller sent, if any.

    Raises `GatewayError` for a credential that must not go there.
    """
    lines, provider = [*call.head.forward], route.provider
    if provider.unfit is not None:
        _check_fit(call, provider.unfit)
    if plain and provider.key_header_at is not None:
        lines = _where_it_belongs(call, route, lines, provider.key_header_at(route.tail))
    if provider.credentials is not None and plain:
        for name, value in provider.credentials(route.tail, call.header):
            lines += (name.encode("ascii"), b": ", value.encode("latin-1"), b"\r\n")
    if provider.extra_headers:
        pairs = [(name.encode("ascii"), value.encode("latin-1")) for name, value in provider.extra_headers]
        call.secrets = (*call.secrets, *secrets_of(pairs, b""))
        lines = without(lines, {name for name, _ in pairs})
        for header, content in pairs:
            lines += (header, b": ", content, b"\r\n")
    return lines


def _check_fit(call: Call, unfit: Unfit) -> None:
    """Raises `GatewayError` for a credential of the caller's that is none for this provider."""
    sent = (*call.head.credentials, *call.head.secrets)
    values = [value for name, value in sent if name.decode("latin-1") not in call.withheld]
    for value in (*values, *query_secrets(call.query)):
        why = unfit(value)
        if why:
            raise GatewayError(NO_CREDENTIALS, why)


def _where_it_belongs(call: Call, route: Route, lines: list[bytes], wanted: KeyHeader) -> list[bytes]:
    """The caller's key in the header that is read at this place, where it stands in the provider's other one."""
    usual = route.provider.key_header[0]
    key = (call.header(usual) or "").strip()
    shown = call.header(wanted[0]) or ""
    if usual == wanted[0] or not key or has_credential(shown.encode("latin-1")):
        return lines
    lines = without(lines, {usual.encode("ascii"), wanted[0].encode("ascii")})
    name, scheme = wanted
    return [*lines, name.encode("ascii"), b": ", (scheme + key).encode("latin-1"), b"\r\n"]
