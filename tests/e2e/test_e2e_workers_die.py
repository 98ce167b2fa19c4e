"""Workers that die: the others serve on, what was lost is said, and what was in their way may go."""

from __future__ import annotations

import asyncio

import psutil
import pytest
from restart_kit import CHAT, QUICKLY, becomes, kill, kill_again, metrics, pids, ready, started

from conftest import Connect, Serve
from support.client import Broken, Client, request
from support.configuration import gateways, openai
from support.replies import sse
from support.upstream import Upstream
from support.waiting import comes, eventually


async def test_one_worker_that_dies_again_and_again_ends_neither_the_other_nor_the_gateway(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(openai(upstream.url, QUICKLY), "--workers", "2")
    await kill_again(gateway, "worker 1", 7)
    client = await connect(gateway.url)
    for _ in range(5):
        assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    said = await becomes(client, "degraded")
    (sentence,) = said.degraded  # it may just be starting again
    assert sentence.startswith("worker 1 ")
    assert "ended with signal SIGKILL, 7 times in a row" in sentence
    assert (await metrics(gateway))['penstock_process_restarts_total{process="worker"}'] == 7
    assert len(pids(gateway, "worker 0")) == 1
    await gateway.logs(5)
    await gateway.stop()


async def test_all_workers_killed_again_and_again_are_started_again(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(openai(upstream.url, QUICKLY), "--workers", "2")
    await asyncio.gather(*(kill_again(gateway, f"worker {number}", 7) for number in (0, 1)))
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    assert len((await ready(client)).degraded) == 2
    await gateway.stop()


async def test_calls_of_a_killed_worker_are_cut_and_counted_and_the_other_serves_on(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(*(sse(b"data: 1\n\n", asyncio.Event()) for _ in range(2)))
    gateway = await serve(openai(upstream.url), "--workers", "2")
    stopped = psutil.Process(await started(gateway, "worker 0", 1))
    stopped.suspend()
    await eventually(lambda: stopped.status() == psutil.STATUS_STOPPED or None, "a worker that stands still")
    cut = [await connect(gateway.url) for _ in range(2)]  # the other one gets them all
    for client in cut:
        await client.send(request("POST", CHAT, body=b"{}"))
        await client.head()
        await client.chunk()

    async def told() -> bool | None:
        return True if (await metrics(gateway)).get("penstock_calls_in_flight") == 2 else None

    await comes(told, "the report of the worker")
    stopped.resume()
    await kill(gateway, "worker 1")
    for client in cut:
        with pytest.raises(Broken):
            await client.chunk()
    assert "worker 1 ended with signal SIGKILL" in gateway.stderr
    assert (
        "are cut; others go on in other workers, or wait (calls under way when it last told: 2)"
        in gateway.stderr
    )
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    assert (await metrics(gateway))["penstock_calls_cut_total"] == 2
    assert (await ready(client)).status == "ready"
    await gateway.logs(1)
    await gateway.stop()


async def test_what_is_in_the_way_of_workers_may_go_again(serve: Serve, connect: Connect) -> None:
    gateway = await serve(gateways() + QUICKLY)
    journal = gateway.data / "journal"
    aside = journal.rename(gateway.data / "aside")
    journal.write_text("in the way")
    await kill(gateway, "worker 0")
    await gateway.says("5 times in a row")
    assert "a worker could not start: " in gateway.stderr
    assert gateway.process.poll() is None
    waiting: Client = await connect(gateway.url)
    await waiting.send(request("GET", "/healthz"))
    journal.unlink()
    aside.rename(journal)
    assert (await waiting.answer()).status == 200
    await gateway.stop()
