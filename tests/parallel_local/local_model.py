"""A language model on a loopback socket that says what a test has it say, and keeps what it was asked."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import msgspec
from local_clock import ManualClock

from parallel_local.model_server.settings import ModelSettings, Secret

LONGEST_PAUSE = 30.0
KEY = "sk-never-to-be-seen-0123456789"


class Prompt(msgspec.Struct, frozen=True):
    """A request, as the model gets it."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object]

    @property
    def data(self) -> dict[str, object]:
        """What the user's message holds."""
        messages = self.body["messages"]
        assert isinstance(messages, list)
        found: dict[str, object] = json.loads(messages[-1]["content"])
        return found

    @property
    def system(self) -> str:
        """The instructions."""
        messages = self.body["messages"]
        assert isinstance(messages, list)
        return str(messages[0]["content"])

    @property
    def kind(self) -> str:
        """What is asked for: queries, claims, fields, verdicts or candidates."""
        named = re.findall(r'\{"(queries|fields|verdicts|found|candidates)"', self.system)
        return "claims" if "found" in named else str(named[-1])

    @property
    def excerpts(self) -> list[dict[str, object]]:
        """The passages that were shown."""
        found = self.data.get("excerpts")
        return found if isinstance(found, list) else []

    def quote(self, needle: str) -> dict[str, object]:
        """The first sentence or line with some words, quoted as a good model does."""
        for excerpt in self.excerpts:
            for sentence in re.split(r"(?<=[.!?])\s+|\n+", str(excerpt["text"])):
                if needle in sentence:
                    return {"id": excerpt["id"], "quote": sentence}
        return {"id": 0, "quote": f"no excerpt has {needle}"}


class Raw(msgspec.Struct, frozen=True):
    """An answer byte by byte."""

    status: int
    body: bytes
    headers: tuple[str, ...] = ()


class Silence(msgspec.Struct, frozen=True):
    """No answer: nothing at all, or the head and bytes of a body that never ends."""

    head: bool = False


class Cut(msgspec.Struct, frozen=True):
    """Half of an answer, and the end of the connection."""


class Said(msgspec.Struct, frozen=True):
    """A chat completion with this text; `tokens` is what the server counts."""

    text: str
    tokens: int | None = None


Answer = Raw | Silence | Cut | Said | dict[str, object]
"""An object stands for its JSON as the model's text."""


class FakeModel:
    """The server. `say` is called for each request; `came` says that one more has come."""

    def __init__(self, say: Callable[[Prompt], Answer]) -> None:
        self.say = say
        self.asked: list[Prompt] = []
        self.came = asyncio.Event()
        self.left = asyncio.Event()
        self.url = ""

    @property
    def settings(self) -> ModelSettings:
        """How an engine is told of it."""
        return ModelSettings(f"{self.url}/v1", "test-model", Secret(KEY))

    def kinds(self) -> list[str]:
        """What was asked for, in order."""
        return [prompt.kind for prompt in self.asked]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while (prompt := await _read(reader)) is not None:
                self.asked.append(prompt)
                answer = self.say(prompt)
                self.came.set()
                if isinstance(answer, Silence):
                    await self._be_silent(answer, reader, writer)
                    return
                if isinstance(answer, Cut):
                    whole = _whole(Said("{}"))
                    writer.write(whole[: len(whole) - 20])
                    return
                writer.write(_whole(answer))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _be_silent(
        self, silence: Silence, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if silence.head:
            writer.write(
                b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"'
            )
            await writer.drain()
        try:
            await reader.read()  # until the client leaves
        finally:
            self.left.set()


class LeapingClock(ManualClock):
    """A clock on which short pauses are over at once. `pauses` says how long they were."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    async def wait(self, waiter: asyncio.Future[None], seconds: float) -> bool:
        if seconds > LONGEST_PAUSE:
            return await super().wait(waiter, seconds)
        self.pauses.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)
        return waiter.done()


@asynccontextmanager
async def fake_model(
    say: Callable[[Prompt], Answer], tls: ssl.SSLContext | None = None
) -> AsyncIterator[FakeModel]:
    """A model that answers by `say` until the block is left."""
    model = FakeModel(say)
    server = await asyncio.start_server(model.serve, "127.0.0.1", 0, limit=2**22, ssl=tls)
    scheme = "https" if tls else "http"
    model.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield model
    finally:
        server.close()


def chat_completion(text: str | None, tokens: int | None = None) -> bytes:
    """The body of an answer in OpenAI's form."""
    whole: dict[str, object] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "test-model",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
    }
    if tokens is not None:
        whole["usage"] = {"prompt_tokens": tokens - 1, "completion_tokens": 1, "total_tokens": tokens}
    return json.dumps(whole).encode()


def _whole(answer: Raw | Said | dict[str, object]) -> bytes:
    if isinstance(answer, dict):
        answer = Said(json.dumps(answer))
    if isinstance(answer, Said):
        answer = Raw(200, chat_completion(answer.text, answer.tokens))
    head = (
        f"HTTP/1.1 {answer.status} Status",
        "content-type: application/json",
        f"content-length: {len(answer.body)}",
        *answer.headers,
    )
    return "\r\n".join((*head, "", "")).encode() + answer.body


async def _read(reader: asyncio.StreamReader) -> Prompt | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Prompt(first.split(" ")[1], headers, json.loads(body))
