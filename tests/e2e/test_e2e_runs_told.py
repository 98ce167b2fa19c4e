"""What a run has cost comes into the log and back into the budget, over all processes of a gateway."""

from __future__ import annotations

import json

import pytest
from runs_kit import ID, Caller, result, task_run, told

from conftest import Connect, Serve
from support.client import Answer
from support.configuration import gateways, providers
from support.gateway import Gateway
from support.upstream import Upstream
from support.waiting import comes

ULTRA, CORE = 0.3, 0.025
OWN_PRICE = ("cf-aig-custom-cost", json.dumps({"total_cost": 0.1}))


def text(upstream: Upstream) -> str:
    """A gateway with 0.40 USD a day."""
    rule = '{limit = 0.4, limitType = "cost", window = 86400}'
    limits = f"[accounts.acct.gateways.gw.spend_limits]\nenabled = true\nrules = [{rule}]\n"
    return gateways(gw={}) + limits + providers({"parallel": upstream.url})


async def cost(gateway: Gateway, made: Answer, wanted: float) -> None:
    """Waits until the call that was answered so has that cost by the log."""
    call_id = made.header("cf-aig-log-id")
    assert call_id is not None

    async def ask() -> bool | None:
        (row,) = (row for row in await gateway.logs_with([call_id]) if row.id == call_id)
        return row.cost == pytest.approx(wanted) or None

    await comes(ask, f"a cost of {wanted}")


async def is_let_in(ann: Caller, upstream: Upstream) -> None:
    """Waits until the budget has room for one more `ultra`."""

    async def ask() -> bool | None:
        upstream.will(told(task_run("trun_next"), 202))
        answer = await ann.create({"input": "next", "processor": "ultra"})
        return answer.status == 202 or None

    await comes(ask, "room in the budget")


async def test_a_failed_run_gives_its_budget_back(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    gateway = await serve(text(upstream))
    ann = Caller(await connect(gateway.url))
    upstream.will(told(task_run(), 202))
    made = await ann.create()
    await cost(gateway, made, ULTRA)
    assert (await ann.create({"input": "next", "processor": "ultra"})).status == 429
    upstream.will(told(task_run(status="failed", minute=1)))
    assert (await ann.get(f"/v1/tasks/runs/{ID}")).status == 200
    await cost(gateway, made, 0)
    await is_let_in(ann, upstream)


async def test_a_completed_run_costs_what_its_answer_says(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(text(upstream))
    ann = Caller(await connect(gateway.url))
    upstream.will(told(task_run(), 202), told(result(processor="core")))
    made = await ann.create()
    assert (await ann.get(f"/v1/tasks/runs/{ID}/result")).status == 200
    await cost(gateway, made, CORE)
    await is_let_in(ann, upstream)


async def test_a_price_of_the_callers_own_stays(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    gateway = await serve(text(upstream))
    ann = Caller(await connect(gateway.url))
    upstream.will(told(task_run(), 202), told(task_run(status="failed", minute=1)))
    made = await ann.create(None, OWN_PRICE)
    assert (await ann.get(f"/v1/tasks/runs/{ID}")).status == 200
    other = "trun_00000000000000000000000000000002"
    upstream.will(told(task_run(other), 202), told(task_run(other, "failed", minute=1)))
    second = await ann.create({"input": "another", "processor": "core"})
    assert (await ann.get(f"/v1/tasks/runs/{other}")).status == 200
    await cost(gateway, second, 0)
    await cost(gateway, made, 0.1)


async def test_a_request_that_made_nothing_leaves_the_budget_alone(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(text(upstream))
    ann = Caller(await connect(gateway.url))
    for status in (402, 422, 429):
        upstream.will(told({"type": "error"}, status))
        assert (await ann.create()).status == status
    await is_let_in(ann, upstream)
