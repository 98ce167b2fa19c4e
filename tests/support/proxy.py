"""A small real HTTP proxy: absolute-form requests and CONNECT tunnels.

The test says where a host lives. Made-up host names exist only here, so a call that arrives came this way.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

_HEAD_END = b"\r\n\r\n"


class Proxy:
    """`hosts` maps `host:port` to a port on this machine; `refusal` is a status to refuse everything with."""

    def __init__(self, hosts: dict[str, int]) -> None:
        self.hosts = hosts
        self.heads: list[bytes] = []  # as they came, one for each connection
        self.refusal = 0
        self.url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, hosts: dict[str, int]) -> Proxy:
        """A proxy that listens on loopback."""
        self = cls(hosts)
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    @property
    def request_lines(self) -> list[bytes]:
        """The first line of each connection's first request."""
        return [head.partition(b"\r\n")[0] for head in self.heads]

    async def close(self) -> None:
        """Ends everything."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(_HEAD_END)
            self.heads.append(head)
            if self.refusal:
                writer.write(b"HTTP/1.1 %d Refused\r\ncontent-length: 0\r\n\r\n" % self.refusal)
                await writer.drain()
                return
            method, target, _ = head.split(b" ", 2)
            if method == b"CONNECT":
                await self._tunnel(target.decode(), b"", reader, writer)
            else:
                authority = target.decode().removeprefix("http://").partition("/")[0]
                host = authority if ":" in authority else f"{authority}:80"
                await self._tunnel(host, head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _tunnel(
        self, host: str, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there_reader, there = await asyncio.open_connection("127.0.0.1", self.hosts[host])
        try:
            if first:
                there.write(first)
            else:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_copy(reader, there), _copy(there_reader, writer))
        finally:
            there.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
