"""A provider of the web API, a program of its own: it takes every GET for one of a task run, which is under way.

Run as `python -m bench.upstreams.runs PORT`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import httptools
import uvloop

from bench.upstreams.polls import answer

RUN = (
    b'{"run_id":"%b","interaction_id":"%b","status":"running","is_active":true,"warnings":null,"error":null,'
    b'"processor":"core","metadata":{"batch":"17"},"taskgroup_id":null,"created_at":"2026-11-02T08:00:00.000001Z",'
    b'"modified_at":"2026-11-02T08:00:07.000001Z"}'
)


class Provider(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
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

    def on_message_complete(self) -> None:
        name = self._url.rpartition(b"/")[2]
        self._transport.write(answer(RUN % (name, name)))


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
