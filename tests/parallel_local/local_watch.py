"""Watching an application: every answer it completes is held against the contract, whoever asked for it.

What lives here: the ASGI layer and what it found. What must not: the contract itself (`local_contract.py`).
"""

from json import JSONDecodeError

from jsonschema import ValidationError
from local_contract import contract
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Watched:
    """An application whose answers are checked; `broken` says which were not as the contract has them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.broken: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look at it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        await self._app(scope, receive, answer)
        if answer.is_whole and scope["method"] != "HEAD":
            self._check(answer, scope)

    def _check(self, answer: "_Answer", scope: Scope) -> None:
        try:
            contract().check(scope["method"], scope["path"], answer.status, answer.kind, bytes(answer.body))
        except (AssertionError, ValidationError, JSONDecodeError) as error:
            self.broken.append(f"{scope['method']} {scope['path']} {answer.status}: {error}")


class _Answer:
    """What goes out, kept."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.kind = ""
        self.body = bytearray()
        self.is_whole = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            kinds = [value for name, value in message["headers"] if name.lower() == b"content-type"]
            self.kind = b"".join(kinds).decode().partition(";")[0]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            self.is_whole = not message.get("more_body", False)
        await self._send(message)
