"""What tests of answers given again share: a caller that asks the same thing, and a provider that numbers its answers.

An answer that comes twice with the same number was asked for once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from conftest import Connect
from penstock.access.tokens import new_token_text, secret_hash
from penstock.stores.control_store import Add, Token
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.client import Answer, Client, Header, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Reply, head, whole
from support.upstream import Seen, Upstream
from support.waiting import eventually

TWO_WORKERS = "[server]\nworkers = 2\n"
CHAT = "/v1/acct/gw/openai/chat/completions"
QUESTION = b'{"model":"gpt-5","messages":[{"role":"user","content":"Hello"}]}'
TTL = ("cf-aig-cache-ttl", "60")
JSON = (("content-type", "application/json"),)


def caching(url: str, extra: str = "", **fields: bool | int) -> str:
    """The gateway `gw`, whose answers are kept for an hour, and `off`, whose are not."""
    return gateways(gw={"cache_ttl": 3600, **fields}, off={}) + providers({"openai": url}) + extra


def off(path: str = CHAT) -> str:
    """The same path on the gateway without a cache."""
    return path.replace("/gw/", "/off/")


def cache_status(answer: Answer) -> str | None:
    return answer.header("cf-aig-cache-status")


def numbering(upstream: Upstream) -> None:
    """From now on the answers the provider was given no script for are `{"number":1}` and so on."""

    def next_one(seen: Seen) -> Reply:
        reply = whole(b'{"number":%d}' % (len(upstream.requests) + 1), headers=JSON)
        if seen.method == b"HEAD":
            return Reply((head(200, JSON),))
        return reply

    upstream.otherwise = next_one


class Caller:
    """Asks the same question over one connection, with the same vendor key, unless told otherwise."""

    def __init__(self, client: Client) -> None:
        self.client = client

    @staticmethod
    def question(
        *headers: Header,
        path: str = CHAT,
        body: bytes | None = QUESTION,
        method: str = "POST",
        key: str = "sk-1",
    ) -> bytes:
        """The request. An empty `key` leaves it out."""
        credential = (("Authorization", f"Bearer {key}"),) if key else ()
        return request(method, path, *credential, *headers, body=body)

    async def send(
        self,
        *headers: Header,
        path: str = CHAT,
        body: bytes | None = QUESTION,
        method: str = "POST",
        key: str = "sk-1",
    ) -> None:
        await self.client.send(self.question(*headers, path=path, body=body, method=method, key=key))

    async def ask(
        self,
        *headers: Header,
        path: str = CHAT,
        body: bytes | None = QUESTION,
        method: str = "POST",
        key: str = "sk-1",
    ) -> Answer:
        await self.send(*headers, path=path, body=body, method=method, key=key)
        return await self.client.answer(method)


async def caller(gateway: InProcess, connect: Connect) -> Caller:
    return Caller(await connect(gateway.url))


async def callers(gateway: InProcess, connect: Connect, count: int) -> list[Caller]:
    return [await caller(gateway, connect) for _ in range(count)]


async def becomes(condition: Callable[[], bool], what: str) -> None:
    """Waits until the condition holds."""
    await eventually(lambda: True if condition() else None, what)


async def in_flight(gateway: InProcess, count: int) -> None:
    """Waits until so many calls are in flight and each has taken its first steps."""
    await becomes(lambda: len(gateway.state.tasks) == count, f"{count} calls in flight")
    await gateway.catch_up()


async def all_stored(gateway: InProcess) -> None:
    """Waits until nothing is in flight, large answers on their way to the store included."""
    await gateway.settled()
    await becomes(lambda: not gateway.parts.answers._flights, "the end of all flights")


async def somebody_waits(gateway: InProcess) -> None:
    """Until a call waits for another worker. Each look of its own moves the clock, so this one must not take long."""
    for _ in range(10_000):
        if gateway.clock.slept:
            return
        await asyncio.sleep(0)
    raise AssertionError("nobody waits")


def store(gateway: InProcess) -> SqliteControlStore:
    return SqliteControlStore(gateway.data / FILE_NAME)


def take_up(gateway: InProcess) -> None:
    """The gateway takes up a changed directory or changed settings, as at a reload."""
    gateway.parts.pipeline.world = gateway.parts.world(gateway.settings)


def add_token(gateway: InProcess, number: int, **fields: object) -> Header:
    """A new token that may call; the header that shows it."""
    text = new_token_text(number.to_bytes(10, "big"), number.to_bytes(32, "big"))
    token = Token(
        id=text.split("_")[1],
        name=f"token {number}",
        permissions=("run",),
        secrets=(secret_hash(text, b"salt" * 4),),
        created_us=1,
        **fields,  # type: ignore[arg-type]
    )
    store(gateway).apply([Add(token)])
    take_up(gateway)
    return ("cf-aig-authorization", f"Bearer {text}")
