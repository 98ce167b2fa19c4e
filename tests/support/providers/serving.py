"""The sockets of the fakes: a thread that serves them all, for clients of any kind and in any process.

A fake is a function from a request to an answer, whole or in pieces. What was asked is kept, and it is noticed when a
client leaves in the middle of an answer.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import Receive, Scope, Send

from support.providers.checking import body_of
from support.providers.mind import Json

_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Received:
    """A request."""

    method: str
    path: str  # percent-encoded as it came
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """Its body."""
        found = body_of(self.body)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: pieces are sent one by one."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: tuple[bytes, ...] = ()
    endless: bool = False  # more would come, but the client has to leave first
    broken: bool = False  # the connection ends in the middle


class ConnectionBroken(Exception):
    """Raised to end a connection without its proper end."""


class Fake:
    """One provider."""

    def __init__(self, answer: Callable[[Received], Answer]) -> None:
        self._answer = answer
        self.url = ""
        self.received: list[Received] = []
        self._left = threading.Semaphore(0)

    @property
    def last(self) -> Received:
        """The latest request."""
        return self.received[-1]

    def was_left(self) -> bool:
        """Waits until a client has left in the middle of an answer that would not end."""
        return self._left.acquire(timeout=_PATIENCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        received = Received(
            scope["method"],
            (scope.get("raw_path") or scope["path"].encode()).decode().partition("?")[0],
            scope["query_string"].decode(),
            headers,
            bytes(body),
        )
        self.received.append(received)
        await self._send(self._answer(received), receive, send)

    async def _send(self, answer: Answer, receive: Receive, send: Send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for piece in answer.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
        if answer.endless:
            while (await receive())["type"] != "http.disconnect":
                pass
            self._left.release()
            return
        if answer.broken:
            raise ConnectionBroken
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@contextmanager
def serving(fakes: Mapping[str, Fake]) -> Iterator[None]:
    """Serves them, each on a port of its own."""
    servers: list[uvicorn.Server] = []
    listening: list[socket.socket] = []
    for fake in fakes.values():
        listener = socket.create_server(("127.0.0.1", 0))
        fake.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            fake, lifespan="off", log_config=None, timeout_graceful_shutdown=1, loop="asyncio"
        )
        servers.append(uvicorn.Server(config))
        listening.append(listener)

    async def serve() -> None:
        pairs = zip(servers, listening, strict=True)
        await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in pairs))

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="fake providers")
    thread.start()
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        thread.join()
        for listener in listening:
            listener.close()
