"""Webhooks over workers, the keeper and `kill -9`: real processes, real connections, and no event is lost."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from runs_kit import ID, Caller, ledger_of, task_run, told

from conftest import Connect, Serve
from penstock.clock import Clock
from penstock.runs.hooks import HookState
from penstock.runs.run import Money
from penstock.stores.hooks import ANY_EVENT
from penstock.stores.opening import Stores
from penstock.stores.opening.runs import run_reader
from support.configuration import providers
from support.gateway import Gateway
from support.replies import whole
from support.upstream import Upstream
from support.waiting import eventually
from support.webhooks import SECRET_A, SIGNING, event, headers

CORE = 25_000_000


@pytest.fixture
async def mine() -> AsyncIterator[Upstream]:
    """A caller's receiver."""
    receiver = await Upstream.start()
    yield receiver
    await receiver.close()


def text(upstream: Upstream) -> str:
    return f"""
[server]
allow_private_providers = true
[accounts.acct.gateways.gw.parallel.webhook]
url = "https://gateway.example"
secrets = ["{SECRET_A}"]
signing_secret = "{SIGNING}"
""" + providers({"parallel": upstream.url})


async def created(gateway: Gateway, upstream: Upstream, connect: Connect, mine: Upstream) -> str:
    """A run whose caller wants to be told; the path that Parallel was given."""
    upstream.will(told(task_run(processor="core"), 202))
    ann = Caller(await connect(gateway.url))
    webhook = {"url": f"{mine.url}/mine", "event_types": ["task_run.status"]}
    answer = await ann.create({"input": "x", "processor": "core", "webhook": webhook})
    assert answer.status == 202
    sent = json.loads(await upstream.requests[-1].whole_body())
    return str(urlsplit(sent["webhook"]["url"]).path)


async def comes(gateway: Gateway, connect: Connect, path: str, event_id: str, run_id: str = ID) -> int:
    body = event("task_run.status", task_run(run_id, "completed", "core", minute=9))
    given = headers(body, Clock().now_us(), event_id)
    return (await (await connect(gateway.url)).ask("POST", path, *given, body=body)).status


def keeper_of(gateway: Gateway) -> int | None:
    """The process that sends events on."""
    found = re.findall(r"keeper started \(process (\d+)\)", gateway.stderr)
    return int(found[-1]) if found else None


def states(gateway: Gateway) -> Counter[HookState]:
    with closing(run_reader(Stores(gateway.data))) as reader:
        return Counter(one.state for one in reader.hook_events(ANY_EVENT, 1000))


async def all_sent(gateway: Gateway, count: int) -> None:
    await eventually(lambda: states(gateway) == {HookState.SENT: count} or None, f"{count} events sent on")


def taken(mine: Upstream) -> Counter[bytes]:
    """How often the receiver got each event."""
    return Counter(seen.header("webhook-id") or b"" for seen in mine.requests)


async def test_what_was_received_is_sent_on_by_whoever_lives_later(
    serve: Serve, upstream: Upstream, connect: Connect, mine: Upstream
) -> None:
    gateway = await serve(text(upstream))
    path = await created(gateway, upstream, connect, mine)
    keeper = await eventually(lambda: keeper_of(gateway), "a keeper")
    os.kill(keeper, signal.SIGSTOP)
    assert await comes(gateway, connect, path, "whevent_1") == 204
    await gateway.kill_group()
    assert mine.requests == []
    run = ledger_of(gateway.data)[ID]
    assert (run.money, run.cost) == (Money.SETTLED, CORE)
    again = await serve(text(upstream), folder=Path(gateway.folder).name)
    assert await comes(again, connect, path, "whevent_1") == 204, "Parallel has not heard of it"
    await all_sent(again, 1)
    assert taken(mine) == {b"whevent_1": 1}
    assert (await mine.request(1)).target == b"/mine"
    run = ledger_of(again.data)[ID]
    assert (run.money, run.cost, run.revision, len(run.charges)) == (Money.SETTLED, CORE, 0, 1)


async def test_an_event_that_comes_to_all_workers_at_once_is_taken_once(
    serve: Serve, upstream: Upstream, connect: Connect, mine: Upstream
) -> None:
    gateway = await serve(text(upstream), "--workers", "2")
    await gateway.workers(2)
    path = await created(gateway, upstream, connect, mine)
    found = await asyncio.gather(*(comes(gateway, connect, path, f"whevent_{n % 3}") for n in range(24)))
    assert set(found) == {204}
    await all_sent(gateway, 3)
    assert taken(mine) == {b"whevent_0": 1, b"whevent_1": 1, b"whevent_2": 1}


async def test_keepers_that_are_killed_again_and_again_leave_the_next_ones_to_others(
    serve: Serve, upstream: Upstream, connect: Connect, mine: Upstream
) -> None:
    gateway = await serve(text(upstream))
    path = await created(gateway, upstream, connect, mine)
    mine.otherwise = lambda seen: whole(b"", 204)
    for turn in range(3):
        for number in range(4):
            assert await comes(gateway, connect, path, f"whevent_{turn}_{number}") == 204
        await eventually(lambda turn=turn: len(taken(mine)) == 4 * (turn + 1) or None, "all events")  # type: ignore[misc]
        dead = await eventually(lambda: keeper_of(gateway), "a keeper")
        os.kill(dead, signal.SIGKILL)
        await eventually(lambda dead=dead: keeper_of(gateway) != dead or None, "another keeper")  # type: ignore[misc]


async def test_a_replay_by_command_is_sent_by_the_running_gateway(
    serve: Serve, upstream: Upstream, connect: Connect, mine: Upstream
) -> None:
    gateway = await serve(text(upstream))
    path = await created(gateway, upstream, connect, mine)
    assert await comes(gateway, connect, path, "whevent_123456") == 204
    await all_sent(gateway, 1)
    command = [sys.executable, "-m", "penstock", "hooks", "replay", "123456", "--data", str(gateway.data)]
    done = await asyncio.create_subprocess_exec(*command)
    assert await done.wait() == 0
    await eventually(lambda: taken(mine)[b"whevent_123456"] == 2 or None, "the event once more")
