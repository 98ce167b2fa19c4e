"""Webhooks of the local engine through a gateway: they verify as Parallel's do, in either variant, and settle runs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from runs_kit import KEY, caller, runs_of

from conftest import Connect, OpenGateway
from parallel_local.app import create_app
from parallel_local.clock import SystemClock
from parallel_local.fetch.post import HookSender, NotSent
from parallel_local.server import EngineServer
from support.configuration import providers
from support.documents import write_documents
from support.inprocess import InProcess
from support.waiting import soon
from support.webhooks import SECRET_A, SECRET_B, SIGNING

PUBLIC = "https://gateway.example"
WEBHOOK = {"url": "https://hooks.example/mine", "event_types": ["task_run.status"]}
TASK = {"input": "When was the Zorblax reservoir completed?", "processor": "base", "webhook": WEBHOOK}


class AtGateway(HookSender):
    """Finds the gateway at its real address; tells what became of each event. `shorten` leaves some signatures out."""

    def __init__(self, shorten: slice) -> None:
        super().__init__(inside=True)
        self.gateway: InProcess | None = None
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self._shorten = shorten

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        assert self.gateway is not None
        assert url.startswith(PUBLIC)
        signatures = headers["webhook-signature"].split(" ")[self._shorten]
        signed = {**headers, "webhook-signature": " ".join(signatures)}
        try:
            await super().send(self.gateway.url + urlsplit(url).path, signed, body)
        except NotSent as error:
            self.told.put_nowait(str(error))
            raise
        self.told.put_nowait("arrived")


class GatewayClock(SystemClock):
    """The gateway's time."""

    def __init__(self, sender: AtGateway) -> None:
        self._sender = sender

    def now(self) -> datetime:
        gateway = self._sender.gateway
        return datetime.fromtimestamp(gateway.clock.now_us() / 1e6, UTC) if gateway else super().now()


@asynccontextmanager
async def engine(folder: Path, secret: str, sender: AtGateway) -> AsyncIterator[str]:
    """The base URL of an engine that signs with `secret`."""
    app = create_app(
        write_documents(folder),
        folder / "engine",
        clock=GatewayClock(sender),
        sender=sender,
        webhook_secrets=[secret],
    )
    listener = socket.create_server(("127.0.0.1", 0))
    ready = asyncio.Event()
    server = EngineServer(app, app.state.engine, ready.set, lambda: None)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await ready.wait()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


def text(url: str) -> str:
    return f"""
[accounts.acct.gateways.gw.parallel.webhook]
url = "{PUBLIC}"
secrets = ["{SECRET_A}"]
signing_secret = "{SIGNING}"
""" + providers({"parallel": url})


@pytest.mark.parametrize(
    "shorten",
    [slice(None), slice(0, 1), slice(1, 2)],
    ids=["both", "the current variant", "the older variant"],
)
async def test_an_event_of_the_engine_settles_the_run(
    open_gateway: OpenGateway, connect: Connect, tmp_path: Path, shorten: slice
) -> None:
    sender = AtGateway(shorten)
    async with engine(tmp_path, SECRET_A, sender) as url:
        gateway = sender.gateway = await open_gateway(text(url))
        ann = await caller(connect, gateway, KEY)
        created = await ann.create(TASK)
        assert created.status == 202, created.body
        assert await soon(sender.told.get()) == "arrived"
        run = runs_of(gateway)[str(created.json()["run_id"])]
    assert run.state == "completed"


async def test_an_event_that_is_signed_with_another_secret_is_refused(
    open_gateway: OpenGateway, connect: Connect, tmp_path: Path
) -> None:
    sender = AtGateway(slice(None))
    async with engine(tmp_path, SECRET_B, sender) as url:
        gateway = sender.gateway = await open_gateway(text(url))
        ann = await caller(connect, gateway, KEY)
        created = await ann.create(TASK)
        assert created.status == 202, created.body
        assert await soon(sender.told.get()) == "it was answered with 401"
        assert runs_of(gateway)[str(created.json()["run_id"])].state == "queued"
