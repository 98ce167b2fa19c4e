"""Room for large bodies: few are taken in at a time, so that many callers together cannot fill the memory.

A plain ASGI layer before all endpoints. A large body waits unread until there is a place, and has it until its answer
begins; small ones, which are nearly all, never wait. How large one body may be is known where it is read (`body.py`).
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LARGE = 131_072  # bytes
_PLACES = 4
_LONGEST_SECONDS = 120.0  # for the whole of a large one: a place is not held by who sends nothing


class BodyRoom:
    """Lets requests pass, those with large bodies in their turn."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._places = asyncio.Semaphore(_PLACES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(receive, send, self._places)
        try:
            await self._app(scope, body.receive, body.send)
        finally:
            body.leave()


class _Body:
    """One request's body, and the place that it has or has not."""

    def __init__(self, receive: Receive, send: Send, places: asyncio.Semaphore) -> None:
        self._receive = receive
        self._send = send
        self._places = places
        self._size = 0
        self._has_place = False
        self._until: float | None = None  # by the loop's clock; for what is left of a large one

    async def receive(self) -> Message:
        """The next piece. Who is too slow with a large body counts as having left."""
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        self._size += len(message.get("body", b""))
        if not message.get("more_body", False):
            self._until = None
        elif self._size > _LARGE and not self._has_place:
            await self._places.acquire()
            self._has_place = True
            self._until = asyncio.get_running_loop().time() + _LONGEST_SECONDS
        return message

    async def send(self, message: Message) -> None:
        """What is answered has been read."""
        self.leave()
        await self._send(message)

    def leave(self) -> None:
        """Give the place to the next one."""
        if self._has_place:
            self._has_place = False
            self._places.release()
