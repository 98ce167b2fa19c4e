"""A request as it goes to a provider: the caller's, with host and framing made anew (Cloudflare 1.3).

Made once for a call and sent as often as attempts are needed; each attempt starts from the same bytes.
"""

from __future__ import annotations

from penstock.exchange import Exchange
from penstock.request_body import RequestBody


class OutgoingRequest:
    """Method, target, header lines and body for a provider."""

    __slots__ = ("_body", "_lines", "_method", "_target")

    def __init__(self, method: bytes, path: bytes, query: bytes, lines: list[bytes], body: RequestBody) -> None:
        """`lines` are header lines in pieces; `query` is without its `?`."""
        self._method = method
        self._target = b"%b?%b" % (path, query) if query else path
        self._lines = lines
        self._body = body

    @property
    def replayable(self) -> bool:
        """Whether it can be sent once more."""
        return self._body.replayable

    def send_to(self, exchange: Exchange, host: bytes, prefix: bytes) -> None:
        """Sends head and body; `prefix` makes the target absolute, for a proxy."""
        body = self._body
        head = b"%b %b%b HTTP/1.1\r\nhost: %b\r\n%b%b\r\n" % (
            self._method,
            prefix,
            self._target,
            host,
            b"".join(self._lines),
            body.framing(),
        )
        body.send_to(exchange, head)
