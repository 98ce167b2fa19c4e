"""Whatever is killed or locked during load: what a client saw finished is remembered once, and delivered."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import re
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from observed_kit import (
    ADMIN,
    answer_by_header,
    ask,
    by_command,
    configured,
    cursors,
    folder_job,
    http_job,
    posted,
    pushed,
    settled,
)

from conftest import Serve
from support.gateway import Gateway
from support.processes import all_gone, family
from support.upstream import Upstream
from support.waiting import eventually


@pytest.fixture
async def receivers() -> AsyncIterator[list[Upstream]]:
    """For traces, and for logs."""
    servers = [await Upstream.start() for _ in range(2)]
    yield servers
    for server in servers:
        await server.close()


class Load:
    """Calls one after the other from several clients, and the ids of those that were seen finished."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.finished: list[str] = []
        self.asked = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, clients: int = 4) -> None:
        self._tasks = [asyncio.create_task(self._client()) for _ in range(clients)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def more(self, count: int) -> None:
        goal = len(self.finished) + count
        await eventually(lambda: len(self.finished) >= goal or None, f"{count} more calls")

    async def _client(self) -> None:
        while True:
            async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
                try:
                    while True:
                        self.asked += 1
                        mode = ("", "stream", "fail")[self.asked % 3]
                        answer = await ask(http, self.gateway, mode)
                        self.finished.append(answer.headers["cf-aig-log-id"])
                        await asyncio.sleep(0.003)
                except httpx.TransportError:
                    await asyncio.sleep(0.01)  # its worker was killed


def children(gateway: Gateway, name: str) -> list[int]:
    found = re.findall(rf"{name}(?: \d+)? started \(process (\d+)\)", gateway.stderr)
    return [int(pid) for pid in found]


def spans(receiver: Upstream) -> set[str]:
    bodies = [json.loads(gzip.decompress(bytes(seen.body))) for seen in receiver.requests if seen.complete]
    return {
        one["value"]["stringValue"]
        for body in bodies
        for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]
        for one in span["attributes"]
        if one["key"] == "penstock.log_id"
    }


async def test_whoever_is_killed_nothing_is_lost(
    serve: Serve, upstream: Upstream, receivers: list[Upstream], tmp_path: Path
) -> None:
    chance = random.Random(7)
    upstream.otherwise = answer_by_header
    traces, logs = receivers
    folder = tmp_path / "logs"
    config = configured(upstream, traces.url, extra=folder_job("one", folder) + http_job("web", logs.url))
    arguments = ("--workers", "2")
    gateway = await serve(config, *arguments, environ={"PENSTOCK_ADMIN_TOKEN": ADMIN})
    await cursors(gateway, 4)
    load = Load(gateway)
    load.start()
    for name in ("shipper", "keeper", "worker", "shipper", "keeper", "worker", "keeper"):
        await load.more(chance.randrange(5, 60))
        before = len(children(gateway, name))
        victims = children(gateway, name)[-1:] if name != "worker" else await gateway.workers(2)
        os.kill(chance.choice(victims), signal.SIGKILL)
        await eventually(lambda name=name, before=before: len(children(gateway, name)) > before or None, name)  # type: ignore[misc]
    await load.more(20)
    everybody = family(gateway.process.pid)
    gateway.signal(signal.SIGKILL)  # the supervisor: its children end by themselves
    await gateway.ended()
    await all_gone(everybody)
    await load.stop()
    again = await serve(None, *arguments, environ={"PENSTOCK_ADMIN_TOKEN": ADMIN})
    ids = Counter(await settled(again))
    assert set(ids.values()) == {1}
    assert set(load.finished) <= set(ids)
    # A call whose worker never had its body has no model, and so a group of its own.
    groups = by_command(again, "model")
    assert sum(sums["requests"] for sums in groups.values()) == len(ids), groups
    await eventually(
        lambda: {one["LogID"] for one in pushed(folder)} >= set(ids) or None, "all in the folder"
    )
    assert Counter(one["LogID"] for one in pushed(folder)) == ids
    await eventually(lambda: {one["LogID"] for one in posted(logs)} == set(ids) or None, "all at the server")
    await eventually(lambda: spans(traces) == set(ids) or None, "all spans")
    await again.stop()


async def test_a_ledger_that_is_locked_and_a_file_of_cursors_that_is_damaged(
    serve: Serve, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.otherwise = answer_by_header
    folder = tmp_path / "logs"
    config = configured(upstream, extra=folder_job("one", folder))
    gateway = await serve(config)
    await cursors(gateway, 1)
    load = Load(gateway)
    load.start()
    await load.more(20)
    with sqlite3.connect(gateway.data / "ledger.db", isolation_level=None) as db:
        db.execute("BEGIN EXCLUSIVE")
        await gateway.says("the ledger cannot be written, calls wait in the journal")
        await load.more(50)
        db.execute("ROLLBACK")
    db.close()
    await gateway.says("the ledger can be written again, nothing is lost")
    await load.stop()
    ids = await settled(gateway)
    assert set(load.finished) <= set(ids)
    await eventually(lambda: len(pushed(folder)) == len(ids) or None, "all in the folder")
    await gateway.stop()

    (gateway.data / "exports.json").write_text('{"cursors": {"log_push one": {"after": "x"}}}')
    again = await serve(None)
    await again.says("exporters deliver again what is kept")
    await eventually(lambda: len(pushed(folder)) == 2 * len(ids) or None, "all of it once more")
    assert Counter(one["LogID"] for one in pushed(folder)) == dict.fromkeys(ids, 2)
    assert len(list(again.data.glob("exports.json.damaged-*"))) == 1
    await again.stop()
