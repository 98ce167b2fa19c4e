"""A scriptable provider on a real socket (TCP, TLS or unix), in the test's own event loop.

Records every request exactly, at the moment its head is there, and answers with the next `Reply` of its
queue. Gates inside replies let a test decide when each byte leaves. What an answer looks like is in
`replies.py`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections import deque
from pathlib import Path
from urllib.parse import quote

from support.replies import Act, Reply, Step, bodiless, whole
from support.waiting import PATIENCE, Bell

_LIMIT = 1024 * 1024
_PIECE = 65536
_RESET = struct.pack("ii", 1, 0)

Header = tuple[bytes, bytes]


class Seen:
    """One request as it arrived. `body` grows until `complete`."""

    def __init__(self, head: bytes, connection: int) -> None:
        lines = head.split(b"\r\n")
        self.head = head
        self.method, self.target, self.version = lines[0].split(b" ", 2)
        pairs = (line.split(b": ", 1) for line in lines[1:] if line)
        self.headers: list[Header] = [(name, value) for name, value in pairs]
        self.body = bytearray()
        self.size = 0
        self.trailers: list[bytes] = []
        self.complete = False
        self.broken = False  # the connection ended before the body did
        self.connection = connection
        self.bell = Bell()

    @property
    def names(self) -> list[bytes]:
        """The names of its headers, in lower case."""
        return [name.lower() for name, _ in self.headers]

    def header(self, name: str) -> bytes | None:
        """The value of a header that may come at most once."""
        values = [value for key, value in self.headers if key.lower() == name.encode()]
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None

    async def whole_body(self) -> bytes:
        """Waits for all of the body."""
        await self.bell.until(lambda: self.complete, "the whole body of a request")
        return bytes(self.body)

    async def body_of(self, size: int) -> bytes:
        """Waits until `size` bytes of the body have come."""
        await self.bell.until(lambda: self.size >= size, f"{size} bytes of a request's body")
        return bytes(self.body)


class _Line(asyncio.StreamReaderProtocol):
    """A connection that knows when the other side has left, also while nobody reads."""

    def __init__(self, upstream: Upstream) -> None:
        self.reader = asyncio.StreamReader(limit=_LIMIT)
        super().__init__(self.reader, upstream.connected)
        self.gone = asyncio.Event()
        self.bell = upstream.bell

    def eof_received(self) -> bool | None:
        self._leave()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        self.gone.set()
        self.bell.ring()


class Upstream:
    """The provider. `will(reply, …)` queues answers; an empty queue means `otherwise`: `{}` with status 200."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.keep_bodies = True  # false: only their sizes
        self.otherwise = _nothing_special  # what to answer when the queue is empty
        self.bell = Bell()
        self.sent = 0  # bytes of answers handed to the sockets
        self.url = ""
        self.port = 0
        self._replies: deque[Reply] = deque()
        self._lines: list[_Line] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._failures: list[BaseException] = []

    # -- for tests

    @classmethod
    async def start(
        cls, host: str = "127.0.0.1", *, unix: Path | None = None, tls: ssl.SSLContext | None = None
    ) -> Upstream:
        """A provider that listens."""
        self = cls()
        loop = asyncio.get_running_loop()
        if unix is not None:
            self._server = await loop.create_unix_server(lambda: _Line(self), str(unix))
            self.url = f"http+unix://{quote(str(unix), safe='')}"
            return self
        self._server = await loop.create_server(lambda: _Line(self), host, 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        address = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if tls else 'http'}://{address}:{self.port}"
        return self

    def will(self, *replies: Reply) -> None:
        """Queues answers for the requests to come."""
        self._replies.extend(replies)

    async def request(self, number: int = 1) -> Seen:
        """Waits for the `number`-th request's head."""
        await self.bell.until(lambda: len(self.requests) >= number, f"request {number}")
        return self.requests[number - 1]

    async def only(self) -> Seen:
        """The one request there was, whole."""
        assert len(self.requests) == 1, f"{len(self.requests)} requests"
        await self.requests[0].whole_body()
        return self.requests[0]

    @property
    def connections(self) -> int:
        """How many connections were ever opened."""
        return len(self._lines)

    async def left(self, connection: int = 0) -> None:
        """Waits until the other side has closed a connection (the first is number 0)."""
        await self.bell.until(
            lambda: len(self._lines) > connection and self._lines[connection].gone.is_set(),
            f"the end of connection {connection}",
        )

    def is_open(self, connection: int = 0) -> bool:
        """Whether the other side still holds a connection."""
        return not self._lines[connection].gone.is_set()

    async def drop_idle(self, connection: int = 0) -> None:
        """Closes a connection from this side."""
        self._writers[connection].close()
        await self._lines[connection].gone.wait()

    async def close(self) -> None:
        """Ends everything; raises what went wrong inside the script's machinery."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)
        if self._failures:
            raise self._failures[0]

    # -- machinery

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection has been accepted."""
        line = writer.transport.get_protocol()
        assert isinstance(line, _Line)
        number = len(self._lines)
        self._lines.append(line)
        self._writers.append(writer)
        self.bell.ring()
        task = asyncio.get_running_loop().create_task(self._serve(line, reader, writer, number))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures.append(error)

    async def _serve(
        self, line: _Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                seen = Seen(head, number)
                reply = self._replies.popleft() if self._replies else self.otherwise(seen)
                self.requests.append(seen)
                self.bell.ring()
                await self._one(line, reader, writer, seen, reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(
        self,
        line: _Line,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        seen: Seen,
        reply: Reply,
    ) -> None:
        reading = asyncio.get_running_loop().create_task(self._read_body(reader, seen, reply.reading))
        try:
            if not reply.early:
                await _arrived(seen)
            for step in reply.steps:
                if not await self._step(line, writer, seen, step):
                    return
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _step(self, line: _Line, writer: asyncio.StreamWriter, seen: Seen, step: Step) -> bool:
        """Takes one step; whether the script goes on."""
        match step:
            case bytes():
                await self._send(writer, step)
            case asyncio.Event():
                return await _gate(step, line.gone)
            case Act.BODY:
                await _arrived(seen)
            case Act.CLOSE:
                writer.close()
                return False
            case Act.RESET:
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()
                return False
            case _:
                await self._send(writer, step(bytes(seen.body)))
        return True

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        self.sent += len(data)
        await writer.drain()

    async def _read_body(self, reader: asyncio.StreamReader, seen: Seen, gate: asyncio.Event | None) -> None:
        if gate is not None:
            await gate.wait()
        try:
            if (seen.header("transfer-encoding") or b"").lower() == b"chunked":
                while size := int(await reader.readuntil(b"\r\n"), 16):
                    await self._read_bytes(reader, seen, size)
                    assert await reader.readexactly(2) == b"\r\n"
                while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
                    seen.trailers.append(line.rstrip())
            else:
                await self._read_bytes(reader, seen, int(seen.header("content-length") or 0))
            seen.complete = True
        except (asyncio.IncompleteReadError, ConnectionError):
            seen.broken = True
            raise
        finally:
            seen.bell.ring()

    async def _read_bytes(self, reader: asyncio.StreamReader, seen: Seen, size: int) -> None:
        while size:
            data = await reader.read(min(size, _PIECE))
            if not data:
                raise asyncio.IncompleteReadError(b"", size)
            size -= len(data)
            seen.size += len(data)
            if self.keep_bodies:
                seen.body += data
            seen.bell.ring()


def _nothing_special(seen: Seen) -> Reply:
    return bodiless(whole(b"{}")) if seen.method == b"HEAD" else whole(b"{}")


async def _arrived(seen: Seen) -> None:
    """Waits for the end of a request's body."""
    await seen.bell.until(lambda: seen.complete or seen.broken, "a request's body", PATIENCE * 4)
    if seen.broken:
        raise ConnectionResetError


async def _gate(event: asyncio.Event, gone: asyncio.Event) -> bool:
    """Waits for the event; false when the other side leaves before."""
    if event.is_set():
        return True
    loop = asyncio.get_running_loop()
    waits = [loop.create_task(event.wait()), loop.create_task(gone.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    return event.is_set()
