"""An HTTP client of exact bytes: sends what it is given, in the pieces it is given, and reads frame by frame.

For everything that a well-behaved client library would smooth over. Every wait is bounded. A client that does
not read is a slow client: its receive buffer is small, and the stream stops taking bytes when it is full.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import Any, Self
from urllib.parse import urlsplit

from support.waiting import soon

_RESET = struct.pack("ii", 1, 0)

Header = tuple[str, str]


def request(
    method: str = "GET",
    target: str = "/",
    *headers: Header,
    body: bytes | None = None,
    version: str = "1.1",
) -> bytes:
    """A request's bytes. A body gets its content-length unless the headers frame it."""
    lines = [f"{method} {target} HTTP/{version}", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers]
    framed = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers)
    if body is not None and not framed:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


class Head:
    """Status line and headers of an answer, as they came."""

    def __init__(self, data: bytes) -> None:
        self.raw = data
        lines = data.decode("latin-1").split("\r\n")
        self.version, status, self.reason = (*lines[0].split(" ", 2), "")[:3]
        self.status = int(status)
        self.headers: list[Header] = []
        for line in filter(None, lines[1:]):
            name, _, value = line.partition(": ")
            self.headers.append((name, value))

    @property
    def names(self) -> list[str]:
        """The names of the headers, in lower case."""
        return [name.lower() for name, _ in self.headers]

    def header(self, name: str) -> str | None:
        """The value of a header that may come at most once."""
        values = [value for key, value in self.headers if key.lower() == name]
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None


class Answer(Head):
    """A whole answer."""

    def __init__(self, head: Head, body: bytes, trailers: list[bytes]) -> None:
        super().__init__(head.raw)
        self.body = body
        self.trailers = trailers

    def json(self) -> Any:  # noqa: ANN401 (JSON is whatever it is)
        """The body as JSON."""
        return json.loads(self.body)


class Broken(Exception):
    """The answer ended before its end. `received` is what of its body had come."""

    def __init__(self, received: bytes) -> None:
        super().__init__(f"the answer broke off after {len(received)} bytes of its body")
        self.received = received


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.trailers: list[bytes] = []  # of the last chunked body
        self.sent = 0  # bytes taken by the other side, but for what waits in buffers

    @classmethod
    async def connect(cls, url: str, *, receive_buffer: int = 0, limit: int = 65536) -> Self:
        """Connects to the host and port of `url`."""
        parts = urlsplit(url)
        assert parts.hostname
        family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await soon(asyncio.get_running_loop().sock_connect(connection, (parts.hostname, parts.port)))
            return cls(*await asyncio.open_connection(sock=connection, limit=limit))
        except BaseException:
            connection.close()
            raise

    # -- sending

    async def send(self, *pieces: bytes) -> None:
        """Sends bytes, waiting while the other side takes none."""
        for data in pieces:
            self.writer.write(data)
            await soon(self.writer.drain())
            self.sent += len(data)

    async def send_chunk(self, data: bytes) -> None:
        """Sends one chunk of a chunked body."""
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def end_sending(self) -> None:
        """Closes this side only."""
        self.writer.write_eof()

    def leave(self) -> None:
        """Breaks the connection off."""
        self.writer.transport.abort()

    def reset(self) -> None:
        """Breaks it off so that the other side learns of it at once."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.leave()

    # -- receiving

    async def head(self) -> Head:
        """The next status line and headers; `Broken` when the connection ends instead."""
        try:
            return Head((await soon(self.reader.readuntil(b"\r\n\r\n"))).removesuffix(b"\r\n\r\n"))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Broken(b"") from None

    async def exactly(self, size: int) -> bytes:
        """So many bytes of what comes."""
        try:
            return await soon(self.reader.readexactly(size))
        except asyncio.IncompleteReadError as error:
            raise Broken(error.partial) from None
        except ConnectionError:
            raise Broken(b"") from None

    async def skip(self, size: int) -> None:
        """Reads so many bytes and keeps none of them."""
        while size:
            data = await soon(self.reader.read(min(size, 1024 * 1024)))
            if not data:
                raise Broken(b"")
            size -= len(data)

    async def chunk(self) -> bytes:
        """The next chunk of a chunked body; empty at its end, which has been read with the trailers then."""
        try:
            size = int(await soon(self.reader.readuntil(b"\r\n")), 16)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Broken(b"") from None
        if size:
            data = await self.exactly(size)
            assert await self.exactly(2) == b"\r\n"
            return data
        self.trailers = []
        while (line := await soon(self.reader.readuntil(b"\r\n"))) != b"\r\n":
            self.trailers.append(line.removesuffix(b"\r\n"))
        return b""

    async def answer(self, method: str = "GET") -> Answer:
        """The next final answer, whole; `Broken` when it is cut."""
        head = await self.head()
        while 100 <= head.status < 200:
            head = await self.head()
        if method == "HEAD" or head.status in (204, 304):
            return Answer(head, b"", [])
        if head.header("transfer-encoding") is not None:
            return await self._chunked(head)
        length = head.header("content-length")
        body = await (self.rest() if length is None else self.exactly(int(length)))
        return Answer(head, body, [])

    async def _chunked(self, head: Head) -> Answer:
        body = b""
        try:
            while data := await self.chunk():
                body += data
        except Broken as error:
            raise Broken(body + error.received) from None
        return Answer(head, body, self.trailers)

    async def rest(self) -> bytes:
        """Everything until the orderly end of the connection; `Broken` when it is reset."""
        pieces: list[bytes] = []
        try:
            while data := await soon(self.reader.read(65536)):
                pieces.append(data)
        except ConnectionError:
            raise Broken(b"".join(pieces)) from None
        return b"".join(pieces)

    async def ask(
        self, method: str, target: str, *headers: Header, body: bytes | None = None, version: str = "1.1"
    ) -> Answer:
        """One request, and its whole answer."""
        await self.send(request(method, target, *headers, body=body, version=version))
        return await self.answer(method)

    async def close(self) -> None:
        """Closes the connection; never fails."""
        self.writer.transport.abort()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)
