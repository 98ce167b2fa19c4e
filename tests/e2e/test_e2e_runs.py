"""Runs of Parallel's through the gateway: known before their creator hears of them, and settled by whatever tells."""

from __future__ import annotations

import asyncio
import json

import pytest
from runs_kit import (
    FINDALL,
    GROUP,
    ID,
    KEY,
    caller,
    comes_to_be,
    kept_result,
    result,
    runs_of,
    task_run,
    told,
)

from conftest import Connect, OpenGateway
from penstock.runs.run import Money, RunKind
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import sse
from support.upstream import Upstream


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(gateways(gw={}) + providers({"parallel": upstream.url}))


async def test_a_run_is_known_when_its_creator_hears_of_it(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(metadata={"team": "a"}), 202))
    answer = await ann.create()
    run = runs_of(gateway)[ID]
    assert (answer.status, answer.json()["run_id"]) == (202, ID)
    assert (run.kind, run.state, run.product, run.is_active) == (RunKind.TASK, "queued", "ultra", True)
    assert (run.money, run.estimate, run.cost) == (Money.ESTIMATED, 300_000_000, None)
    assert run.owner is not None
    assert (run.owner.account, run.owner.gateway) == ("acct", "gw")
    assert KEY[1] not in repr(run)
    row = await gateway.row()
    assert (run.call_id, row.cost) == (row.id, 0.3)


async def made(gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
    upstream.will(told(task_run(), 202))
    assert (await (await caller(connect, gateway)).create()).status == 202


@pytest.mark.parametrize("by", ["read", "result", "result-in-pieces", "events", "group"])
async def test_whatever_tells_the_end_settles_it(
    gateway: InProcess, upstream: Upstream, connect: Connect, by: str
) -> None:
    await made(gateway, upstream, connect)
    ann, ended = await caller(connect, gateway), task_run(ID, "completed", minute=9)
    event = (
        b"event: task_run.state\ndata: %b\n\n"
        % json.dumps({"type": "task_run.state", "event_id": "1", "run": ended, "output": None}).encode()
    )
    match by:
        case "read":
            upstream.will(told(ended))
            await ann.get(f"/v1/tasks/runs/{ID}")
        case "result":
            upstream.will(told(result()))
            await ann.get(f"/v1/tasks/runs/{ID}/result?timeout=600")
        case "result-in-pieces":
            gate, body = asyncio.Event(), json.dumps(result()).encode()
            upstream.will(sse(body[:90], body[90:]))  # whatever it is called
            gate.set()
            await ann.get(f"/v1/tasks/runs/{ID}/result")
        case "events":
            upstream.will(sse(event[:50], event[50:]))
            await ann.get(f"/v1beta/tasks/runs/{ID}/events")
        case "group":
            upstream.will(sse(event))
            await ann.get(f"/v1/tasks/groups/{GROUP}/runs")
    run = await comes_to_be(gateway, "completed")
    assert (run.money, run.cost, run.is_active) == (Money.SETTLED, 300_000_000, False)


async def test_events_are_taken_up_while_their_stream_is_open(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    await made(gateway, upstream, connect)
    gate, running = asyncio.Event(), {"type": "task_run.state", "run": task_run(ID, "running", minute=1)}
    upstream.will(sse(b"data: %b\n\n" % json.dumps(running).encode(), gate, b": end\n\n"))
    reading = asyncio.create_task((await caller(connect, gateway)).get(f"/v1/tasks/runs/{ID}/events"))
    run = await comes_to_be(gateway, "running")
    assert run.money is Money.ESTIMATED
    gate.set()
    assert b": end" in (await reading).body


async def test_a_run_that_fails_costs_nothing(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    await made(gateway, upstream, connect)
    error = {"ref_id": "r", "message": "it went wrong", "detail": None}
    upstream.will(told(task_run(ID, "failed", minute=2, error=error)))
    await (await caller(connect, gateway)).get(f"/v1/tasks/runs/{ID}")
    run = await comes_to_be(gateway, "failed")
    assert (run.money, run.cost, run.error) == (Money.VOID, 0, "it went wrong")


@pytest.mark.parametrize(
    ("status", "body"), [(408, "run still active"), (404, "Run failed or not found"), (500, "x")]
)
async def test_errors_of_reads_end_nothing(
    gateway: InProcess, upstream: Upstream, connect: Connect, status: int, body: str
) -> None:
    await made(gateway, upstream, connect)
    ann = await caller(connect, gateway)
    error = {"type": "error", "error": {"ref_id": "r", "message": body, "detail": None}}
    upstream.will(*[told(error, status)] * (4 if status >= 500 else 1))  # it is asked again
    answer = await ann.get(f"/v1/tasks/runs/{ID}/result?timeout=1")
    assert (answer.status, answer.json()) == (status, error)
    upstream.will(told(task_run(ID, "running", minute=1)))
    await ann.get(f"/v1/tasks/runs/{ID}")
    assert (await comes_to_be(gateway, "running")).money is Money.ESTIMATED


async def test_a_group_counts_each_of_its_runs(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    ann = await caller(connect, gateway)
    upstream.will(told({"taskgroup_id": GROUP, "metadata": None, "status": {"is_active": False}}))
    await ann.post("/v1/tasks/groups", {})
    status = {"num_task_runs": 3, "task_run_status_counts": {"queued": 3}, "is_active": True}
    ids = [f"trun_{digit * 32}" for digit in "abc"]
    upstream.will(
        told({"status": status, "run_ids": [*ids, ids[0]], "run_cursor": None, "event_cursor": None})
    )
    inputs = [{"input": "x", "processor": name} for name in ("core-fast", "pro", "core-fast", "lite")]
    await ann.post(f"/v1/tasks/groups/{GROUP}/runs", {"inputs": inputs})
    runs = runs_of(gateway)
    assert {run.id: (run.parent, run.estimate) for run in runs.values() if run.kind is RunKind.TASK} == {
        ids[0]: (GROUP, 25_000_000),
        ids[1]: (GROUP, 100_000_000),
        ids[2]: (GROUP, 25_000_000),
    }
    assert (runs[GROUP].kind, runs[GROUP].money) == (RunKind.GROUP, Money.NONE)
    events = b"".join(
        b"data: %b\n\n"
        % json.dumps(
            {"type": "task_run.state", "event_id": name, "run": task_run(name, state, processor)}
        ).encode()
        for name, state, processor in zip(
            ids, ("completed", "failed", "completed"), ("core-fast", "pro", "core-fast"), strict=True
        )
    )
    upstream.will(sse(events))
    await ann.get(f"/v1/tasks/groups/{GROUP}/runs")
    await comes_to_be(gateway, "completed", ids[2])
    assert sum(run.cost or 0 for run in runs_of(gateway).values()) == 50_000_000


async def test_findall_is_known_with_what_it_may_cost(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    status = {
        "status": "queued",
        "is_active": True,
        "metrics": {"generated_candidates_count": 0, "matched_candidates_count": 0},
    }
    upstream.will(told({"findall_id": FINDALL, "status": status, "generator": "base", "metadata": None}))
    asked = {
        "objective": "x", "entity_type": "companies", "match_conditions": [], "generator": "base", "match_limit": 100,
    }  # fmt: skip
    await (await caller(connect, gateway)).post("/v1beta/findall/runs", asked)
    run = runs_of(gateway)[FINDALL]
    assert (run.kind, run.product, run.estimate) == (RunKind.FINDALL, "base", 3_250_000_000)


async def test_a_result_is_kept_and_given_again(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    await made(gateway, upstream, connect)
    ann = await caller(connect, gateway)
    upstream.will(told(result()))
    first = await ann.get(f"/v1/tasks/runs/{ID}/result")
    await comes_to_be(gateway, "completed")
    asked = len(upstream.requests)
    again = await ann.get(f"/v1/tasks/runs/{ID}/result?timeout=9")
    assert (again.status, again.body) == (200, first.body)
    assert len(upstream.requests) == asked
    kept = kept_result(gateway)
    assert kept is not None
    assert kept.body == first.body
    own_basis = await ann.get(f"/v1/tasks/runs/{ID}/result", ("parallel-beta", "field-basis-2025-11-25"))
    assert own_basis.status == 200
    assert len(upstream.requests) == asked + 1  # which has another form


async def test_a_response_is_known_by_its_id(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    response = {"id": "resp_1234567890", "object": "response", "status": "completed", "output": []}
    upstream.will(told(response))
    await (await caller(connect, gateway)).post("/v1/responses", {"model": "parallel", "input": "hi"})
    run = runs_of(gateway)["resp_1234567890"]
    assert (run.kind, run.state, run.money) == (RunKind.RESPONSE, "completed", Money.NONE)
