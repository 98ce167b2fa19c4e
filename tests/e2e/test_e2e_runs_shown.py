"""A run through the gateway as others see it: over the management API, on the command line, in the sums of costs."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from click.testing import CliRunner
from runs_kit import ID, caller, comes_to_be, result, task_run, told

from conftest import Connect, OpenGateway
from penstock.cli.main import main
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.upstream import Upstream

ADMIN = "the-admin-token"
RUNS = "/client/v4/accounts/acct/ai-gateway/gateways/gw/runs"


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    file = gateways(gw={}, other={}) + providers({"parallel": upstream.url})
    return await open_gateway(file, {"PENSTOCK_ADMIN_TOKEN": ADMIN})


async def asked(gateway: InProcess, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.get(f"{gateway.url}{path}", headers={"authorization": f"Bearer {ADMIN}"})


async def said(gateway: InProcess, *arguments: str) -> list[dict[str, object]]:
    """What a command says, as JSON."""
    command = [*arguments, "--json", "--data", str(gateway.data)]
    done = await asyncio.to_thread(CliRunner().invoke, main, command)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


async def test_a_run_is_seen_by_all_who_may(gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
    assert (await asked(gateway, RUNS)).json()["result"] == []
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(metadata={"team": "a"}), 202))
    await ann.create()
    (going,) = (await asked(gateway, RUNS)).json()["result"]
    assert (going["run_id"], going["state"], going["money"], going["estimate"], going["cost"]) == (
        ID, "queued", "estimated", 0.3, None,
    )  # fmt: skip
    assert (going["metadata"], going["account"], going["gateway"]) == ({"team": "a"}, "acct", "gw")
    assert await said(gateway, "runs", "--active") == [going]

    upstream.will(told(result()))
    given = await ann.get(f"/v1/tasks/runs/{ID}/result")
    await comes_to_be(gateway, "completed")
    found = (await asked(gateway, f"{RUNS}/{ID}")).json()["result"]
    assert (found["state"], found["money"], found["cost"]) == ("completed", "settled", 0.3)
    assert [moment["state"] for moment in found["timeline"]] == ["queued", "completed"]
    assert found["evidence"]["confidences"] == {"high": 1}
    (shown,) = await said(gateway, "runs", "show", ID)
    assert (shown["charges"], shown["timeline"], shown["evidence"]) == (
        found["charges"], found["timeline"], found["evidence"],
    )  # fmt: skip
    assert shown["output"] == result()
    assert (await asked(gateway, f"{RUNS}/{ID}/result")).content == given.body
    (compared,) = await said(gateway, "evidence")
    assert (compared["name"], compared["shares"], compared["average_cost"]) == (
        "ultra", {"high": 1.0, "medium": 0.0, "low": 0.0, "none": 0.0}, 0.3,
    )  # fmt: skip


async def test_it_is_none_of_another_gateways(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(told(task_run(), 202))
    await (await caller(connect, gateway)).create()
    others = RUNS.replace("/gw/", "/other/")
    assert (await asked(gateway, others)).json()["result"] == []
    for path in (f"{others}/{ID}", f"{others}/{ID}/result", RUNS.replace("/gw/", "/nowhere/")):
        assert (await asked(gateway, path)).status_code == 404


async def test_what_a_run_may_cost_is_an_estimate_in_the_sums(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(told(task_run(), 202))
    await (await caller(connect, gateway)).create()
    row = await gateway.row()
    assert row.price_source == "parallel card 2026-11-10, estimate"
    (group,) = await said(gateway, "cost", "--provider", "parallel")
    assert (group["cost"], group["estimated_cost"], group["estimated"]) == (0.3, 0.3, 0)
