"""Only workers are needed for serving: what shipper, keeper and their ledger go through, callers do not notice."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from restart_kit import CHAT, QUICKLY, becomes, examined, kill, kill_again, metrics, pids, ready, started

from conftest import Connect, Serve
from support.client import Client
from support.configuration import openai
from support.gateway import Gateway
from support.upstream import Upstream


async def _call(client: Client) -> str:
    answer = await client.ask("POST", CHAT, body=b'{"model":"m"}')
    assert answer.status == 200
    return answer.header("cf-aig-log-id") or ""


async def _problems(gateway: Gateway, check: str) -> list[str]:
    return [one.text for one in await examined(gateway) if (one.check, one.state) == (check, "problem")]


@pytest.mark.parametrize("name", ["shipper", "keeper"])
async def test_a_helper_that_dies_again_and_again_never_ends_the_gateway(
    serve: Serve, upstream: Upstream, connect: Connect, name: str
) -> None:
    gateway = await serve(openai(upstream.url, QUICKLY))
    client = await connect(gateway.url)
    assert (await ready(client)).degraded == []
    await kill_again(gateway, name, 7)
    ids = [await _call(client) for _ in range(3)]
    said = await becomes(client, "degraded")
    assert said.http == 200
    assert said.degraded == [f"{name} runs, but ended with signal SIGKILL, 7 times in a row"]
    told = await metrics(gateway)
    assert told[f'penstock_process_restarts_total{{process="{name}"}}'] == 7
    assert told[f'penstock_process_degraded{{process="{name}"}}'] == 1
    assert told[f'penstock_process_degraded{{process="{"keeper" if name == "shipper" else "shipper"}"}}'] == 0
    assert await _problems(gateway, "processes") == said.degraded
    assert f"{name} ended with signal SIGKILL after " in gateway.stderr
    assert "7 times in a row; it is started again in 0.3 s. Calls go on" in gateway.stderr
    assert sorted(row.id for row in await gateway.logs(3)) == sorted(ids)
    await gateway.stop()


async def test_a_shipper_killed_twenty_times_under_load_brings_each_call_once(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(openai(upstream.url, "[server.timeouts]\nrestart = 0.05\n"), "--workers", "2")
    done = asyncio.Event()

    async def load() -> list[str]:
        client, ids = await connect(gateway.url), []
        while not done.is_set():
            ids.append(await _call(client))
            await asyncio.sleep(0.01)
        return ids

    clients = [asyncio.create_task(load()) for _ in range(4)]
    await kill_again(gateway, "shipper", 20)
    done.set()
    ids = [one for some in await asyncio.gather(*clients) for one in some]
    assert sorted(row.id for row in await gateway.logs(len(ids))) == sorted(ids)
    await gateway.stop()


async def test_calls_wait_while_the_shipper_is_down_and_arrive_when_it_is_back(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(openai(upstream.url, "[server.timeouts]\nrestart = 3.0\n"))
    client = await connect(gateway.url)
    await kill_again(gateway, "shipper", 5)
    await kill(gateway, "shipper")
    ids = [await _call(client) for _ in range(5)]
    said = await ready(client)
    assert (said.http, said.status) == (200, "degraded")
    assert said.degraded[0].startswith(
        "shipper ended with signal SIGKILL, 6 times in a row; it is started again in "
    )
    told = await metrics(gateway)
    assert told['penstock_process_down{process="shipper"}'] == 1
    assert told["penstock_journal_backlog_bytes"] > 0
    gateway.signal(signal.SIGHUP)  # nobody is missed
    await gateway.says("the configuration was reloaded")
    assert sorted(row.id for row in await gateway.logs(5)) == sorted(ids)
    await gateway.stop()


async def test_a_stop_waits_for_no_pause(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    gateway = await serve(openai(upstream.url))
    await kill_again(gateway, "shipper", 4)
    await kill(gateway, "shipper")
    assert "started again in 2 s" in gateway.stderr
    known = pids(gateway, "shipper")
    await gateway.stop()
    assert pids(gateway, "shipper") == known


async def test_a_shipper_that_somebody_has_stopped_still_drains_at_the_end(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(openai(upstream.url))
    client = await connect(gateway.url)
    ids = [await _call(client)]
    os.kill(await started(gateway, "shipper", 1), signal.SIGSTOP)
    ids += [await _call(client) for _ in range(3)]
    assert "did not end in time" not in await gateway.stop()
    assert sorted(row.id for row in await gateway.logs(4)) == sorted(ids)
