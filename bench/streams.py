"""A reader of many event streams at once, cheap enough to share a core with the upstream.

It only collects bytes while streams run; framing is undone when they have ended.
"""

from __future__ import annotations

import asyncio
from typing import cast

from bench.http1 import END, dechunk
from bench.payload import EVENT_SECONDS, EVENTS
from bench.runner import run

LAST = b"\r\n0\r\n\r\n"
LIMIT = 10.0 + 5 * EVENTS * EVENT_SECONDS


class Reader(asyncio.Protocol):
    """One connection: sends its request and collects until the last chunk or the end of the connection."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._received: list[bytes] = []
        self._tail = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received.append(data)
        self._tail = (self._tail + data)[-len(LAST) :]
        if self._tail == LAST:
            self._transport.close()
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()

    def body(self) -> bytes:
        """The events as the upstream wrote them; empty when the stream did not end properly."""
        head, _, framed = b"".join(self._received).partition(END)
        if not head.startswith(b"HTTP/1.1 200"):
            return b""
        return dechunk(framed) or b""

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


def read_streams(port: int, request: bytes, count: int) -> list[bytes]:
    """The bodies of so many streams that run at the same time, spread over one interval between events."""
    return run(_read(port, request, count))


async def _read(port: int, request: bytes, count: int) -> list[bytes]:
    loop = asyncio.get_running_loop()
    readers = []
    for _ in range(count):
        _, reader = await loop.create_connection(lambda: Reader(request), "127.0.0.1", port)
        readers.append(reader)
        await asyncio.sleep(EVENT_SECONDS / count)
    await asyncio.wait([reader.done for reader in readers], timeout=LIMIT)
    return [reader.body() for reader in readers]
