"""A request as it goes to a provider: the caller's, with host and framing made anew (Cloudflare 1.3).

Made once for a call and sent as often as attempts are needed; each attempt starts from the same bytes.
"""

from __future__ import annotations

import msgspec

from penstock.errors import BAD_REQUEST, GatewayError
from penstock.proxy.call import Call, Route
from penstock.proxy.redaction import secrets_of
from penstock.proxy.request_body import RequestBody
from penstock.proxy.upstream.exchange import Exchange
from penstock.wire.headers import without
from penstock.wire.own_tokens import OwnTokens

_EXPECT_CONTENT = frozenset({b"POST", b"PUT", b"PATCH"})
_NO_CONTENT = b"content-length: 0\r\n"  # which some front ends insist on being told (RFC 9110, 8.6)


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
            body.framing() or (_NO_CONTENT if self.method in _EXPECT_CONTENT else b""),
        )
        body.send_to(exchange, head)


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
    """The header lines that go to a provider. `plain`: with the credential the caller sent, if any."""
    lines, provider = [*call.head.forward], route.provider
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
