"""Going on in the middle of a request after an offered upgrade has stopped its parser (RFC 9110, 7.8).

llhttp stops behind the head of a request with `Upgrade` and takes its body for another protocol. A new parser
is fed a head with the same framing; what it finds from the body on is the real request again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from penstock.wire.headers import Header


class Callbacks(Protocol):
    """What a request parser calls."""

    def on_message_begin(self) -> None: ...
    def on_url(self, url: bytes) -> None: ...
    def on_header(self, name: bytes, value: bytes) -> None: ...
    def on_headers_complete(self) -> None: ...
    def on_body(self, body: bytes) -> None: ...
    def on_message_complete(self) -> None: ...


class BodyParser:
    """What a parser calls that was put in the middle of a message: all but the head it was fed to get there."""

    def __init__(self, lane: Callbacks) -> None:
        self._lane = lane
        self._in_own_head = True
        self.on_body = lane.on_body
        self.on_message_complete = lane.on_message_complete

    def on_message_begin(self) -> None:
        if not self._in_own_head:
            self._lane.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._in_own_head:
            self._lane.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_own_head:
            self._lane.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._in_own_head:
            self._in_own_head = False
        else:
            self._lane.on_headers_complete()


def framing_lines(headers: Iterable[Header]) -> bytes:
    """The lines that tell where a body ends; nothing for a request without a body."""
    return b"".join(
        b"%b: %b\r\n" % (name, value)
        for name, value in headers
        if name.lower() == b"transfer-encoding" or (name.lower() == b"content-length" and value.strip(b"0 "))
    )
