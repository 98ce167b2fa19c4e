"""A request as it goes to a provider: the caller's, with host and framing made anew (Cloudflare 1.3).

Made once for a call and sent as often as attempts are needed; each attempt starts from the same bytes.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_to_bytes

import msgspec

from penstock.errors import BAD_REQUEST, NO_CREDENTIALS, GatewayError
from penstock.providers.base import KeyHeader, Provider, Unfit
from penstock.providers.operation import Effect, Operation
from penstock.proxy.call import Call, Route
from penstock.proxy.redaction import secrets_in_query, secrets_of
from penstock.proxy.request_body import RequestBody
from penstock.proxy.upstream.exchange import Exchange
from penstock.wire.headers import has_credential, without
from penstock.wire.own_tokens import OwnTokens
from penstock.wire.target import query_secrets

# Methods that anticipate content say so where they have none (RFC 9110, 8.6): some front ends answer 411 else.
_WITH_CONTENT = frozenset({b"POST", b"PUT", b"PATCH", b"QUERY"})
_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})
_COOKIES = (b"cookie",)
_IN_A_LINE = re.compile(rb"[!-~]+")
_EMPTY = b"content-length: 0\r\n"


class OutgoingRequest(msgspec.Struct, eq=False):
    """Method, target (path and query), header lines in pieces, and body, for a provider."""

    method: bytes
    target: bytes
    lines: list[bytes]
    body: RequestBody
    operation: Operation

    @property
    def replayable(self) -> bool:
        """Whether it can be sent once more."""
        return self.body.replayable

    @property
    def harmless(self) -> bool:
        """Whether twice is as good as once: by its method (RFC 9110, 9.2.2), or because it reads."""
        return self.method in _IDEMPOTENT or self.operation.effect is Effect.READ

    def send_to(self, exchange: Exchange, host_lines: bytes, prefix: bytes) -> None:
        """Sends head and body; `prefix` makes the target absolute, for a proxy."""
        body = self.body
        framing = body.framing() or (_EMPTY if self.method in _WITH_CONTENT else b"")
        begin = (self.method, b" ", prefix, self.target, b" HTTP/1.1\r\n", host_lines)
        body.send_to(exchange, b"".join((*begin, *self.lines, framing, b"\r\n")))


def make_rest(call: Call) -> None:
    """Makes a call one of the REST API: whatever the caller proves itself with is for the gateway, and stays here."""
    call.rest, head = True, call.head
    names = {name for name, _ in (*head.credentials, *head.secrets)}
    if names:
        head.forward, head.joined = without(head.forward, names), b""
        call.withheld |= {name.decode("latin-1") for name in names}
        call.secrets = (*call.secrets, *secrets_of([*head.credentials, *head.secrets], b""))
    call.query, call.path = b"", call.path.partition("?")[0]


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
        _check_fit(call, provider, provider.unfit)
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


def query_without_keys(route: Route, query: bytes) -> bytes:
    """What goes out of a query (with its `?`): no key that a header carries at this place, where none is read here."""
    kept, keys = _apart(route, query)
    if not keys:
        return query
    return b"?" + b"&".join(kept) if kept else b""


def _apart(route: Route, query: bytes) -> tuple[list[bytes], list[bytes]]:
    """The parameters that stay in a query, and the keys that go into a header instead."""
    provider, kept, keys = route.provider, list[bytes](), list[bytes]()
    at = provider.key_header_at
    if at is None or at(route.tail)[0] == provider.key_header[0]:
        return [query], []
    for parameter in query.removeprefix(b"?").split(b"&"):
        name, _, value = parameter.partition(b"=")
        key = unquote_to_bytes(value)
        if unquote(name.decode("latin-1")) in provider.query_credentials and _IN_A_LINE.fullmatch(key):
            keys.append(key)
        else:
            kept.append(parameter)
    return kept, keys


def _check_fit(call: Call, provider: Provider, unfit: Unfit) -> None:
    """Raises `GatewayError` for a credential of the caller's that is none for this provider, unless it is one that is
    made another of before anything goes out.
    """
    sent = None if provider.signing is None else provider.signing.sent
    headers = (*call.head.credentials, *call.head.secrets)
    values = [
        value
        for name, value in headers
        if name.decode("latin-1") not in call.withheld
        and not (sent is not None and name == b"authorization" and sent(value))
    ]
    for value in (*values, *query_secrets(call.query)):
        why = unfit(value)
        if why:
            raise GatewayError(NO_CREDENTIALS, why)


def _where_it_belongs(call: Call, route: Route, lines: list[bytes], wanted: KeyHeader) -> list[bytes]:
    """The caller's key in the header that is read at this place, where it stands in the provider's other one, or in
    the query.
    """
    usual = route.provider.key_header[0]
    if usual == wanted[0] or has_credential((call.header(wanted[0]) or "").encode("latin-1")):
        return lines
    key = (call.header(usual) or "").strip()
    if not key and call.query:
        key = next((one.decode("latin-1") for one in _apart(route, call.query)[1]), "")
    if not key:
        return lines
    lines = without(lines, {usual.encode("ascii"), wanted[0].encode("ascii")})
    name, scheme = wanted
    return [*lines, name.encode("ascii"), b": ", (scheme + key).encode("latin-1"), b"\r\n"]
