"""A receiver of webhooks on a loopback socket, and what a receiver does to verify them (Parallel 2.14)."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="


class Event(msgspec.Struct, frozen=True):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.body)
        return found

    def signatures(self) -> list[str]:
        return self.headers["webhook-signature"].split(" ")

    def verified(self, key: bytes) -> bool:
        """Whether one of the signatures is that of a key: HMAC-SHA256 over id, time and body, in Base64."""
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return right in self.signatures()


def decoded_key(secret: str) -> bytes:
    """As Standard Webhooks has it."""
    return base64.b64decode(secret.removeprefix("whsec_"))


class Receiver:
    """Answers with `status`, or what `answers` says first; keeps what came."""

    def __init__(self, address: str) -> None:
        self.url = f"http://{address}/hook"
        self.status = 200
        self.answers: list[str] = []
        self.came: asyncio.Queue[Event] = asyncio.Queue()

    async def next(self) -> Event:
        """The next request, however long it takes."""
        async with asyncio.timeout(60):
            return await self.came.get()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that is listening."""
    found: list[Receiver] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            one = found[0]
            said = one.answers.pop(0) if one.answers else f"HTTP/1.1 {one.status} X\r\n"
            if said:
                writer.write(f"{said}content-length: 0\r\nconnection: close\r\n\r\n".encode())
                await writer.drain()
            one.came.put_nowait(Event(first.split(" ")[1], headers, body))
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        found.append(Receiver(f"{host}:{port}"))
        yield found[0]


@asynccontextmanager
async def logged(name: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """What gives the next line of a log, as soon as it is written."""
    lines: asyncio.Queue[str] = asyncio.Queue()

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.put_nowait(record.getMessage())

    async def line() -> str:
        async with asyncio.timeout(60):
            return await lines.get()

    handler = Lines()
    logging.getLogger(name).addHandler(handler)
    try:
        yield line
    finally:
        logging.getLogger(name).removeHandler(handler)
