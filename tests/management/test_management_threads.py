"""Handlers that wait hold up nobody else: not the calls, and not each other."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from management_kit import ENVIRON, GATEWAYS, PLAIN, Api

from conftest import Connect, OpenGateway
from penstock.stores.sqlite.control_store.store import FILE_NAME
from support.client import request
from support.configuration import openai
from support.replies import sse
from support.upstream import Upstream
from support.waiting import soon

CHAT = "/v1/acct/gw/openai/chat/completions"


@contextmanager
def locked(api: Api, how: str = "EXCLUSIVE") -> Iterator[None]:
    """Nobody else gets at the directory; with `IMMEDIATE`, nobody changes it."""
    with closing(sqlite3.connect(api.data / FILE_NAME, isolation_level=None)) as db:
        db.execute(f"BEGIN {how}")
        yield
        db.execute("ROLLBACK")


async def test_calls_go_on_while_handlers_wait(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    api = Api(await open_gateway(openai(upstream.url), ENVIRON))
    await api.gateway_("g")
    gate = asyncio.Event()
    upstream.will(sse(b"data: 1\n\n", gate, b"data: 2\n\n"))
    client = await connect(api.gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await client.head()
    assert await client.chunk() == b"data: 1\n\n"
    with locked(api):
        waiting = [asyncio.create_task(api.put(f"{GATEWAYS}/g", PLAIN)) for _ in range(8)]
        await api.gateway.catch_up()
        gate.set()
        assert await soon(client.chunk()) == b"data: 2\n\n"
        other = await connect(api.gateway.url)
        assert (await soon(other.ask("POST", CHAT, body=b"{}"))).status == 200
        assert not any(task.done() for task in waiting)
    for reply in await soon(asyncio.gather(*waiting)):
        assert reply.status in (200, 409), reply.text


async def test_what_one_caller_asks_holds_up_nobody_else(open_gateway: OpenGateway, connect: Connect) -> None:
    api = Api(await open_gateway("", ENVIRON))
    await api.gateway_("g")
    other = api.using(api.access.token(permissions=("read",)))
    client = await connect(api.gateway.url)
    with locked(api, "IMMEDIATE"):
        changes = [{**PLAIN, "cache_ttl": 60 + number} for number in range(60)]
        waiting = [asyncio.create_task(api.put(f"{GATEWAYS}/g", change)) for change in changes]
        await api.gateway.catch_up()
        assert (await soon(other.get(f"{GATEWAYS}/g"), 2)).status == 200
        assert (await soon(client.ask("GET", "/readyz"), 2)).json()["checks"]
        assert not any(task.done() for task in waiting)
    for reply in await soon(asyncio.gather(*waiting)):
        assert reply.status in (200, 409), reply.text


async def test_a_directory_that_cannot_answer_is_worth_another_try(open_gateway: OpenGateway) -> None:
    api = Api(await open_gateway("", ENVIRON))
    await api.gateway_("g")
    (api.data / FILE_NAME).write_bytes(b"not a database" * 100)
    reply = await api.get(f"{GATEWAYS}/g")
    reply.problem(503, 7009)
    assert reply.headers["retry-after"] == "1"
