"""Gateways of the directory beside running workers: live within moments, gone as fast, and no stream is lost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from conftest import Connect, OpenGateway, Serve
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import (
    Add,
    Remove,
    Replace,
    StoredGateway,
)
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.access import Access, bearer, take_up
from support.checks import check_error
from support.client import Answer, request
from support.configuration import gateways, providers
from support.replies import sse
from support.upstream import Upstream
from support.waiting import PATIENCE

CHAT = "/v1/local/mine/openai/chat/completions"
DEFAULT = "/v1/local/default/openai/chat/completions"
VENDOR = ("Authorization", "Bearer sk-vendor-0123456789")
IN_A_ROW = 12  # fresh connections; that all of them reach one of two workers is next to impossible
PUBLIC = '[server]\nhost = "0.0.0.0"\n'


def row(gateway: str = "mine", **fields: Json) -> StoredGateway:
    return StoredGateway(
        id=gateway, account="local", gateway=gateway, fields=fields, created_us=1, modified_us=1
    )


def store(data: Path) -> SqliteControlStore:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return SqliteControlStore(data / FILE_NAME, "test")


async def ask(connect: Connect, url: str, target: str = CHAT, token: str = "") -> Answer:
    client = await connect(url)
    own = (bearer(token),) if token else ()
    answer = await client.ask("POST", target, *own, VENDOR, body=b"{}")
    await client.close()
    return answer


async def becomes(call: Callable[[], Awaitable[Answer]], status: int, what: str) -> None:
    """Waits until so many calls in a row have this status, whatever worker took them."""
    loop = asyncio.get_running_loop()
    end, row = loop.time() + PATIENCE, 0
    while row < IN_A_ROW:
        row = row + 1 if (await call()).status == status else 0
        assert loop.time() < end, f"not within {PATIENCE} s: {what}"


async def test_a_gateway_comes_changes_and_goes_under_two_workers(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(providers({"openai": upstream.url}), "--workers", "2")
    await gateway.workers(2)

    def call() -> Awaitable[Answer]:
        return ask(connect, gateway.url)

    check_error(await call(), 400, 2001, "Please configure AI Gateway in the Cloudflare dashboard")
    store(gateway.data).apply([Add(row())])
    await becomes(call, 200, "the new gateway")
    async with asyncio.timeout(PATIENCE):
        while upstream.connections < 2:  # each worker has its own, and the other may not have heard of it yet
            await call()
    gate = asyncio.Event()
    upstream.will(sse(b"data: 1\n\n", gate, b"data: 2\n\n"))
    streaming = await connect(gateway.url)
    await streaming.send(request("POST", CHAT, VENDOR, body=b"{}"))
    await streaming.head()
    assert await streaming.chunk() == b"data: 1\n\n"
    changed = row(authentication=True)
    store(gateway.data).apply([Replace(row(), changed)])
    await becomes(call, 401, "authentication")
    store(gateway.data).apply([Remove(changed)])
    await becomes(call, 400, "the end of the gateway")
    gate.set()  # what is under way goes on
    assert await streaming.chunk() == b"data: 2\n\n"
    assert await streaming.chunk() == b""
    assert (await ask(connect, gateway.url, DEFAULT)).status == 200
    await gateway.stop()


async def test_the_built_in_gateway_is_changed_and_comes_back(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(providers({"openai": upstream.url}))
    assert (await ask(connect, gateway.url, DEFAULT)).status == 200
    closed = row("default", authentication=True)
    store(gateway.data).apply([Add(closed)])
    take_up(gateway)
    assert (await ask(connect, gateway.url, DEFAULT)).status == 401
    store(gateway.data).apply([Remove(closed)])
    take_up(gateway)
    assert (await ask(connect, gateway.url, DEFAULT)).status == 200


async def test_the_file_goes_first(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    text = gateways("local", mine={"authentication": True}) + providers({"openai": upstream.url})
    gateway = await open_gateway(text)
    store(gateway.data).apply([Add(row())])
    take_up(gateway)
    assert (await ask(connect, gateway.url)).status == 401
    assert "local/mine of the directory is not served" in caplog.text


async def test_a_row_that_makes_no_sense_is_told_and_the_others_serve(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = await open_gateway(providers({"openai": upstream.url}))
    store(gateway.data).apply([Add(row("odd", cache_ttl="soon")), Add(row())])
    take_up(gateway)
    assert (await ask(connect, gateway.url)).status == 200
    assert (await ask(connect, gateway.url, CHAT.replace("mine", "odd"))).status == 400
    assert "local/odd of the directory is not served" in caplog.text


async def test_policies_of_the_directory_hold(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(providers({"openai": upstream.url}))
    limited = row(rate_limiting_limit=1, rate_limiting_interval=60)
    store(gateway.data).apply([Add(limited)])
    take_up(gateway)
    assert [(await ask(connect, gateway.url)).status for _ in range(2)] == [200, 429]


# -- strangers


async def test_a_public_address_does_not_serve_an_open_gateway_of_the_directory(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    text = PUBLIC + gateways("local", closed={"authentication": True}) + providers({"openai": upstream.url})
    gateway = await open_gateway(text)
    token = Access(gateway.data).token()
    store(gateway.data).apply([Add(row())])
    take_up(gateway)
    check_error(
        await ask(connect, gateway.url), 400, 2001, "Please configure AI Gateway in the Cloudflare dashboard"
    )
    assert "local/mine is not served" in caplog.text
    store(gateway.data).apply([Replace(row(), row(authentication=True))])
    take_up(gateway)
    assert (await ask(connect, gateway.url)).status == 401
    assert (await ask(connect, gateway.url, token=token)).status == 200


@pytest.mark.parametrize("fields", [None, {}, {"authentication": False}])
async def test_a_public_address_is_refused_at_the_start_for_an_open_gateway(
    serve: Serve, tmp_path: Path, fields: dict[str, Json] | None
) -> None:
    closed, rows = row("default", authentication=True), []
    if fields is not None:
        rows = [closed, msgspec.structs.replace(row(), fields=fields)]
    store(tmp_path / "gateway" / "data").apply([Add(one) for one in rows])
    gateway = await serve(PUBLIC, ready=False)
    assert await asyncio.to_thread(gateway.process.wait, PATIENCE) == 2
    assert "without authentication" in gateway.stderr
    assert ("local/default" if fields is None else "local/mine") in gateway.stderr


async def test_a_public_address_with_the_built_in_gateway_closed(
    serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    data = tmp_path / "gateway" / "data"
    closed = row("default", authentication=True)
    store(data).apply([Add(closed)])
    token = Access(data).token()
    gateway = await serve(PUBLIC + providers({"openai": upstream.url}))
    assert (await ask(connect, gateway.url, DEFAULT, token)).status == 200
    assert (await ask(connect, gateway.url, DEFAULT)).status == 401
    # Without it the built-in one would be there again, for anybody: it is not served.
    store(data).apply([Remove(closed)])
    await becomes(lambda: ask(connect, gateway.url, DEFAULT, token), 400, "the end of the gateway")
    await gateway.stop()


async def test_a_public_gateway_stays_closed_whatever_the_file_says_of_its_address(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    """A new `host` counts at the next start only, so what it would allow is not allowed before."""
    shut = gateways("local", mine={"authentication": True}) + providers({"openai": upstream.url})
    gateway = await serve(PUBLIC + shut)
    gateway.configure(shut.replace("true", "false"))
    os.kill(gateway.process.pid, 1)
    await gateway.says("is refused, the old one keeps serving")
    assert (await ask(connect, gateway.url)).status == 401
    await gateway.stop()
