"""The upstream of the long polls, a program of its own: it holds every GET until somebody posts `/release`.

`GET /held` tells how many it holds. Run as `python -m bench.upstreams.polls PORT`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import httptools
import uvloop

RESULT = b'{"run":{"status":"completed"},"output":{"type":"text","content":"done"}}'


def answer(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


class Holder:
    """The calls being held, by their connections."""

    def __init__(self) -> None:
        self._held: set[asyncio.Transport] = set()

    def hold(self, transport: asyncio.Transport) -> None:
        self._held.add(transport)

    def forget(self, transport: asyncio.Transport) -> None:
        self._held.discard(transport)

    def count(self) -> int:
        return len(self._held)

    def release(self) -> int:
        released, self._held = self._held, set()
        for transport in released:
            transport.write(answer(RESULT))
        return len(released)


class Poll(asyncio.Protocol):
    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._url = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._holder.forget(self._transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._url = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_message_complete(self) -> None:
        if self._url == b"/release":
            self._transport.write(answer(b"%d" % self._holder.release()))
        elif self._url == b"/held":
            self._transport.write(answer(b"%d" % self._holder.count()))
        else:
            self._holder.hold(self._transport)


async def serve(port: int) -> None:
    holder = Holder()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Poll(holder), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
