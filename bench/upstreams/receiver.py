"""The receiver of exported traces, a program of its own: it takes every POST, and keeps nothing but a count.

`GET /seen` tells how many bytes came in. Run as `python -m bench.upstreams.receiver PORT`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import httptools
import uvloop

from bench.upstreams.polls import answer


class Receiver(asyncio.Protocol):
    """One connection; `seen` is shared by all of them."""

    def __init__(self, seen: list[int]) -> None:
        self._seen = seen
        self._url = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._url = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._seen[0] += len(body)

    def on_message_complete(self) -> None:
        self._transport.write(answer(b"%d" % self._seen[0] if self._url == b"/seen" else b"{}"))


async def serve(port: int) -> None:
    seen = [0]
    server = await asyncio.get_running_loop().create_server(lambda: Receiver(seen), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
