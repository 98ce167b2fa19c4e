"""`cf-aig-wait`: who orders a run gets its result in one request, and what is usual where it does not come in time."""

from __future__ import annotations

import asyncio
import json

import pytest
from runs_kit import BASE, ID, JSON, KEY, TASK, caller, comes_to_be, result, runs_of, task_run, told

from conftest import Connect, OpenGateway
from support.client import request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Act, raw, whole
from support.upstream import Upstream

WAIT = ("cf-aig-wait", "300")
ACTIVE = {"type": "error", "error": {"ref_id": "r", "message": "run still active", "detail": None}}


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(gateways(gw={}) + providers({"parallel": upstream.url}))


async def test_the_result_is_the_answer(gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
    upstream.will(told(task_run(), 202), told(result()))
    answer = await (await caller(connect, gateway)).create(TASK, WAIT)
    assert (answer.status, answer.json()) == (200, result())
    order, question = upstream.requests
    assert (order.method, bytes(order.body)) == (b"POST", json.dumps(TASK).encode())
    assert (question.method, question.target) == (b"GET", f"/v1/tasks/runs/{ID}/result?timeout=300".encode())
    assert question.header("x-api-key") == KEY[1].encode()
    assert "cf-aig-wait" not in [name.decode() for name in (*order.names, *question.names)]
    assert (await comes_to_be(gateway, "completed")).cost == 300_000_000
    rows = await gateway.rows(2)
    assert [(row.method, row.status_code, row.cost) for row in rows] == [("POST", 202, 0.3), ("GET", 200, 0)]


@pytest.mark.parametrize("failure", [told(ACTIVE, 408), whole(b"{}", 404), whole(b"{}", 401)])
async def test_what_is_usual_where_there_is_no_result_in_time(
    gateway: InProcess, upstream: Upstream, connect: Connect, failure: object
) -> None:
    upstream.will(told(task_run(), 202), failure)  # type: ignore[arg-type]
    answer = await (await caller(connect, gateway)).create(TASK, WAIT)
    assert (answer.status, answer.json()) == (202, task_run())
    assert runs_of(gateway)[ID].state == "queued"
    assert len(await gateway.rows(2)) == 2


async def test_while_the_provider_fails_it_is_asked_again(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(told(task_run(), 202), whole(b"{}", 502), raw(Act.RESET), told(result()))
    answer = await (await caller(connect, gateway)).create(TASK, WAIT)
    assert (answer.status, answer.json()) == (200, result())
    assert [seen.method for seen in upstream.requests] == [b"POST", b"GET", b"GET", b"GET"]


@pytest.mark.parametrize("status", [400, 402, 403, 422, 429, 500])
async def test_an_order_that_is_refused_is_not_waited_for(
    gateway: InProcess, upstream: Upstream, connect: Connect, status: int
) -> None:
    upstream.will(told(ACTIVE, status))
    answer = await (await caller(connect, gateway)).create(TASK, WAIT)
    assert (answer.status, answer.json()) == (status, ACTIVE)
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("value", ["0", "601", "-1", "soon", ""])
async def test_what_is_no_time_to_wait_is_no_waiting(
    gateway: InProcess, upstream: Upstream, connect: Connect, value: str
) -> None:
    upstream.will(told(task_run(), 202))
    answer = await (await caller(connect, gateway)).create(TASK, ("cf-aig-wait", value))
    assert (answer.status, answer.json(), len(upstream.requests)) == (202, task_run(), 1)


async def test_nothing_else_waits(gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
    ann = await caller(connect, gateway)
    upstream.will(told({"search_id": "s", "results": []}))
    assert (await ann.post("/v1/search", {"search_queries": ["x"]}, WAIT)).status == 200
    upstream.will(told(task_run()))
    assert (await ann.get(f"/v1/tasks/runs/{ID}", WAIT)).status == 200
    assert len(upstream.requests) == 2


async def test_who_leaves_leaves_a_run_that_is_known_and_no_question(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(told(task_run(), 202), raw(gate))
    client = await connect(gateway.url)
    await client.send(
        request("POST", f"{BASE}/v1/tasks/runs", KEY, JSON, WAIT, body=json.dumps(TASK).encode())
    )
    await upstream.request(2)
    client.leave()
    await gateway.settled()
    assert runs_of(gateway)[ID].state == "queued"
    gate.set()


async def test_a_result_is_asked_for_again_while_the_provider_fails(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    """Without `cf-aig-wait`, too; that a run is still active is an answer."""
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(), 202), whole(b"{}", 503), whole(b"{}", 502), told(ACTIVE, 408))
    await ann.create()
    answer = await ann.get(f"/v1/tasks/runs/{ID}/result?timeout=5")
    assert (answer.status, answer.json()) == (408, ACTIVE)
    assert len(upstream.requests) == 4
    upstream.will(*[whole(b"{}", 500)] * 9)
    assert (await ann.get(f"/v1/tasks/runs/{ID}/result")).status == 500
    assert len(upstream.requests) == 8
