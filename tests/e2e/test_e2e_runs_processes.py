"""Runs over several workers, restarts and `kill -9`: real processes, real connections, one ledger."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from runs_kit import ID, KEY, OTHER_KEY, TASK, Caller, ledger_of, task_run, told

from conftest import Connect, Serve
from penstock.runs.run import Money
from support.configuration import gateways, providers
from support.gateway import Gateway
from support.replies import Act, raw
from support.upstream import Upstream
from support.waiting import eventually

CONNECTIONS = 12
FIRST, AGAIN = (("x-stainless-retry-count", str(count)) for count in range(2))
ONCE = ("idempotency-key", "mine")


def text(upstream: Upstream) -> str:
    return gateways(gw={}) + providers({"parallel": upstream.url})


async def callers(gateway: Gateway, connect: Connect, *keys: tuple[str, str]) -> list[Caller]:
    """So many connections that each worker has some."""
    return [Caller(await connect(gateway.url), key) for key in keys for _ in range(CONNECTIONS)]


async def test_all_workers_know_a_run_when_its_creator_does(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(text(upstream), "--workers", "2")
    await gateway.workers(2)
    anns = await callers(gateway, connect, KEY)
    bobs = await callers(gateway, connect, OTHER_KEY)
    upstream.will(told(task_run(), 202))
    assert (await anns[0].create()).status == 202
    asked = len(upstream.requests)
    refused = await asyncio.gather(*(bob.get(f"/v1/tasks/runs/{ID}") for bob in bobs))
    assert {answer.status for answer in refused} == {404}
    assert len(upstream.requests) == asked
    again = await asyncio.gather(*(ann.get(f"/v1/tasks/runs/{ID}") for ann in anns))
    assert {answer.status for answer in again} == {200}


async def test_a_repetition_at_any_worker_gets_the_first_run(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(text(upstream), "--workers", "2")
    await gateway.workers(2)
    anns, gate = await callers(gateway, connect, KEY), asyncio.Event()
    body = json.dumps(task_run()).encode()
    upstream.will(raw(Act.BODY, gate, b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n",
                      b"content-length: %d\r\n\r\n" % len(body), body))  # fmt: skip
    asking = [asyncio.create_task(ann.create(TASK, ONCE)) for ann in anns]
    await upstream.request(1)
    gate.set()
    answers = await asyncio.gather(*asking)
    assert {(answer.status, answer.json()["run_id"]) for answer in answers} == {(202, ID)}
    assert len(upstream.requests) == 1
    assert ledger_of(gateway.data)[ID].estimate == 300_000_000


async def test_a_run_whose_creator_heard_of_it_survives_the_death_of_everybody(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(text(upstream))
    upstream.will(told(task_run(), 202))
    ann = Caller(await connect(gateway.url))
    assert (await ann.create(TASK, FIRST)).status == 202
    await gateway.kill_group()
    run = ledger_of(gateway.data)[ID]
    assert (run.state, run.money, run.estimate) == ("queued", Money.ESTIMATED, 300_000_000)
    again = await serve(text(upstream), folder=Path(gateway.folder).name)
    ann = Caller(await connect(again.url))
    answer = await ann.create(TASK, AGAIN)
    assert (answer.status, answer.json()["run_id"], len(upstream.requests)) == (202, ID, 1)
    bob = Caller(await connect(again.url), OTHER_KEY)
    assert (await bob.get(f"/v1/tasks/runs/{ID}")).status == 404
    upstream.will(told(task_run(ID, "completed", minute=5)))
    assert (await ann.get(f"/v1/tasks/runs/{ID}")).status == 200

    def settled() -> bool | None:
        found = ledger_of(again.data)[ID]
        return (found.money, found.cost) == (Money.SETTLED, 300_000_000) or None

    await eventually(settled, "a settled run")


async def test_a_gateway_that_dies_between_sending_and_answer_leaves_no_second_run(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    """Nobody knows whether the provider has made it: what is repeated is not sent."""
    gateway = await serve(text(upstream))
    gate = asyncio.Event()
    upstream.will(raw(Act.BODY, gate))
    asking = asyncio.create_task(Caller(await connect(gateway.url)).create(TASK, ONCE))
    await upstream.request(1)
    await gateway.kill_group()
    await asyncio.wait([asking])
    assert asking.exception() is not None
    gate.set()
    again = await serve(text(upstream), folder=Path(gateway.folder).name)
    answer = await Caller(await connect(again.url)).create(TASK, ONCE)
    assert (answer.status, answer.header("x-should-retry")) == (504, "false")
    assert len(upstream.requests) == 1


async def test_two_workers_that_see_the_end_settle_once(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(text(upstream), "--workers", "2")
    await gateway.workers(2)
    anns = await callers(gateway, connect, KEY)
    upstream.will(told(task_run(), 202))
    await anns[0].create()
    ended = told(task_run(ID, "completed", minute=5))
    upstream.will(*[ended] * CONNECTIONS)
    await asyncio.gather(*(ann.get(f"/v1/tasks/runs/{ID}") for ann in anns))

    def settled() -> bool | None:
        found = ledger_of(gateway.data)[ID]
        return (found.money, found.cost, found.revision) == (Money.SETTLED, 300_000_000, 0) or None

    await eventually(settled, "a settled run")
