"""A browser without a screen: signs in with a token, looks at pages, sends forms with what a page gave it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from html import unescape
from typing import Any, Protocol

import httpx

from support.inprocess import InProcess

_FORM = re.compile(r'name="form" value="([^"]+)"')
Fields = Mapping[str, str | Sequence[str]]


class Enter(Protocol):
    """Signs somebody in, who leaves when the test ends."""

    def __call__(self, gateway: InProcess, token: str) -> Awaitable[Visitor]: ...


class Visitor:
    """One who is signed in. What pages say is in `seen`, all of it."""

    def __init__(self, gateway: InProcess, client: httpx.AsyncClient) -> None:
        self.gateway = gateway
        self.client = client
        self.seen = ""
        self._form = ""

    async def get(self, path: str, status: int = 200) -> str:
        """A page's text."""
        return self._text(await self.client.get(path), status)

    async def json(self, path: str, status: int = 200) -> Any:  # noqa: ANN401 - what JSON holds
        """What its twin answers."""
        answer = await self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def send(
        self, path: str, fields: Fields, status: int = 303, form: str | None = None
    ) -> httpx.Response:
        """A form, with the hidden field of the page that was looked at last, unless another is given."""
        hidden = self._form if form is None else form
        answer = await self.client.post(path, data={"form": hidden, **fields})
        self._text(answer, status)
        return answer

    def _text(self, answer: httpx.Response, status: int) -> str:
        assert answer.status_code == status, answer.text
        self.seen += answer.text + repr(answer.headers)
        found = _FORM.search(answer.text)
        self._form = unescape(found[1]) if found else self._form
        return answer.text


@asynccontextmanager
async def entering() -> AsyncIterator[Enter]:
    """Signs visitors in by the form that asks for a token; they leave at the end."""
    async with AsyncExitStack() as stack:

        async def enter(gateway: InProcess, token: str) -> Visitor:
            client = httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=30)
            await stack.enter_async_context(client)
            answer = await client.post("/sign-in", data={"token": token})
            assert answer.status_code == 303, answer.text
            return Visitor(gateway, client)

        yield enter
