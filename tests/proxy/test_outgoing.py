"""The head of a request to a provider: its own host and framing, the caller's lines, byte for byte.

With a body or without, for a provider or for a proxy; sent twice it is the same twice.
"""

from __future__ import annotations

from typing import cast

import pytest

from penstock.providers.operation_table import UNKNOWN_OPERATION
from penstock.proxy.outgoing import OutgoingRequest
from penstock.proxy.request_body import RequestBody
from penstock.proxy.upstream.exchange import Exchange

LINES = [b"Accept", b": ", b"*/*", b"\r\n", b"x-A", b": ", b"\xff b", b"\r\n"]
HOST = b"host: api.example:8443\r\n"


class Line:
    """What was sent."""

    def __init__(self) -> None:
        self.sent = b""

    def send(self, data: bytes) -> None:
        self.sent += data

    def send_many(self, pieces: list[bytes]) -> None:
        self.sent += b"".join(pieces)


def sent(length: int, chunked: bool, data: bytes, prefix: bytes = b"") -> bytes:
    """All bytes of a request with this body."""
    body = RequestBody(lambda held: None)
    body.length, body.chunked = length, chunked
    if data:
        body.feed(data)
    body.end()
    outgoing = OutgoingRequest(b"POST", b"/v1/a%2Fb?c=%0a", LINES, body, UNKNOWN_OPERATION)
    first, second = Line(), Line()
    assert outgoing.replayable
    outgoing.send_to(cast(Exchange, first), HOST, prefix)
    outgoing.send_to(cast(Exchange, second), HOST, prefix)
    assert first.sent == second.sent
    return first.sent


@pytest.mark.parametrize(
    ("length", "chunked", "data", "framing", "body"),
    [
        (0, False, b"", b"content-length: 0\r\n", b""),
        (4, False, b"body", b"content-length: 4\r\n", b"body"),
        (-1, False, b"", b"content-length: 0\r\n", b""),
        (-1, True, b"body", b"transfer-encoding: chunked\r\n", b"4\r\nbody\r\n0\r\n\r\n"),
        (-1, True, b"", b"transfer-encoding: chunked\r\n", b"0\r\n\r\n"),
    ],
)
def test_the_whole_request(length: int, chunked: bool, data: bytes, framing: bytes, body: bytes) -> None:
    expected = b"POST /v1/a%2Fb?c=%0a HTTP/1.1\r\n" + HOST + b"Accept: */*\r\nx-A: \xff b\r\n" + framing
    assert sent(length, chunked, data) == expected + b"\r\n" + body


def test_for_a_proxy_the_target_is_absolute() -> None:
    assert sent(-1, False, b"", b"http://api.example").startswith(
        b"POST http://api.example/v1/a%2Fb?c=%0a HTTP/1.1\r\n"
    )
