"""A small blocking HTTP/1.1 client on one raw socket, for probes and for latencies of microseconds.

It knows `content-length` and chunked bodies and nothing else, so that its own cost is small and the same for
every gateway.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from types import TracebackType

END = b"\r\n\r\n"
READ = 65536


def encode(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + END + body


def content_length(head: bytes) -> int | None:
    """The value of `content-length` in a response head, or None when it has none."""
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return None
    return int(head[at + 17 :].partition(b"\r\n")[0])


def dechunk(data: bytes) -> bytes | None:
    """The body inside complete chunked framing, or None while the last chunk has not arrived."""
    parts: list[bytes] = []
    at = 0
    while (line_end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line_end].partition(b";")[0], 16)
        if size == 0:
            return b"".join(parts) if data.find(END, line_end) == line_end else None
        parts.append(data[line_end + 2 : line_end + 2 + size])
        at = line_end + 2 + size + 2
    return None


class Http1:
    """One keep-alive connection to 127.0.0.1; every call is bounded by `timeout`."""

    def __init__(self, port: int, timeout: float = 10.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Http1:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def call(self, request: bytes) -> tuple[int, bytes]:
        """Send one encoded request and return status and body of its answer."""
        self._socket.sendall(request)
        data = self._read()
        while END not in data:
            data += self._read()
        head, _, body = data.partition(END)
        length = content_length(head)
        if length is None:
            return int(head[9:12]), self._chunked(body)
        while len(body) < length:
            body += self._read()
        return int(head[9:12]), body

    def _chunked(self, data: bytes) -> bytes:
        while (body := dechunk(data)) is None:
            data += self._read()
        return body

    def _read(self) -> bytes:
        data = self._socket.recv(READ)
        if not data:
            raise ConnectionError("the server closed the connection in the middle of an answer")
        return data
