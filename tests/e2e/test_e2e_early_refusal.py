"""A provider that refuses an upload before it is whole, and hangs up: its answer is the caller's."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from conftest import OpenGateway
from support.configuration import openai

CHAT = "/v1/acct/gw/openai/chat/completions"
UPLOAD = 20 * 1024 * 1024
REFUSAL = b'{"error":{"message":"too large"}}'
HEADS = {
    "length": b"HTTP/1.1 413 Content Too Large\r\ncontent-length: %d\r\n\r\n%b" % (len(REFUSAL), REFUSAL),
    "chunked": b"HTTP/1.1 413 Content Too Large\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    % (len(REFUSAL), REFUSAL),
}


@contextmanager
def refusing(answer: bytes) -> Iterator[int]:
    """A port where the head of a request is read, and what follows is not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                line.recv(1024)
                line.sendall(answer)
                line.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def upload(url: str, headers: bytes = b"") -> bytes:
    """What comes back while a body is sent that nobody may want."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as line:

        def send() -> None:
            head = f"POST {CHAT} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {UPLOAD}\r\n".encode()
            with suppress(OSError):
                line.sendall(head + headers + b"\r\n" + b"x" * UPLOAD)

        sender = threading.Thread(target=send)
        sender.start()
        found = b""
        with suppress(OSError):
            while REFUSAL not in found and (data := line.recv(65536)):
                found += data
        sender.join(10)
        return found


@pytest.mark.parametrize("answer", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("headers", [b"", b"cf-aig-max-attempts: 2\r\n"], ids=["streamed", "gathered"])
async def test_a_refusal_of_an_upload_with_a_reset(
    open_gateway: OpenGateway, answer: bytes, headers: bytes
) -> None:
    with refusing(answer) as port:
        gateway = await open_gateway(openai(f"http://127.0.0.1:{port}"))
        for _ in range(6):
            got = await asyncio.to_thread(upload, gateway.url, headers)
            assert got.startswith(b"HTTP/1.1 413 "), got
            assert REFUSAL in got
    rows = await gateway.rows(6)
    assert [(row.status_code, row.attempts) for row in rows] == [(413, 1)] * 6
