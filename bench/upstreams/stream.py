"""The upstream of the stream work: a call that asks for a stream gets 100 events, one every 20 ms.

Any other call gets the ordinary JSON answer at once. Run as `python -m bench.upstreams.stream PORT`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import httptools
import uvloop

from bench.payload import ANSWER, EVENT, EVENT_SECONDS, EVENTS

PLAIN = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER) + ANSWER
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
FRAME = b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
LAST = b"0\r\n\r\n"


class Events(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)
        self._loop = asyncio.get_running_loop()
        self._body = b""
        self._sent = 0

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if b'"stream":true' not in self._body:
            self._transport.write(PLAIN)
            return
        self._transport.write(HEAD)
        self._sent = 0
        self._loop.call_later(EVENT_SECONDS, self._tick)

    def _tick(self) -> None:
        if self._transport.is_closing():
            return
        if self._sent == EVENTS:
            self._transport.write(LAST)
            return
        self._sent += 1
        self._transport.write(FRAME)
        self._loop.call_later(EVENT_SECONDS, self._tick)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Events, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
