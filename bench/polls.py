"""A client that opens many long polls and keeps them open until the upstream lets them go.

Connections leave from several loopback addresses, because one address has too few ephemeral ports for all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from bench.http1 import END, content_length, encode

SOURCES = tuple(f"127.0.0.{number}" for number in range(2, 8))
BATCH = 200


class Poll(asyncio.Protocol):
    """One connection with one call on it; `status` stays 0 until its whole answer is here."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._received = b""
        self.status = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(END)
        length = content_length(head)
        if length is not None and len(body) >= length:
            self.status = int(head[9:12])
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()

    def close(self) -> None:
        self._transport.close()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


class Polls:
    """All polls of one measurement; use it inside a running event loop."""

    def __init__(self, port: int, path: Callable[[int], str]) -> None:
        self._port = port
        self._path = path
        self._polls: list[Poll] = []

    async def open(self, count: int) -> None:
        for first in range(0, count, BATCH):
            numbers = range(first, min(first + BATCH, count))
            self._polls += await asyncio.gather(*(self._one(number) for number in numbers))

    async def wait(self, seconds: float) -> None:
        await asyncio.wait([poll.done for poll in self._polls], timeout=seconds)

    def ended(self) -> int:
        return sum(poll.done.done() for poll in self._polls)

    def answered(self) -> int:
        return sum(poll.status == 200 for poll in self._polls)

    def close(self) -> None:
        for poll in self._polls:
            poll.close()

    async def _one(self, number: int) -> Poll:
        request = encode("GET", self._path(number), {"Authorization": "Bearer sk-test-0123456789"})
        _, poll = await asyncio.get_running_loop().create_connection(
            lambda: Poll(request),
            "127.0.0.1",
            self._port,
            local_addr=(SOURCES[number % len(SOURCES)], 0),
        )
        return poll
