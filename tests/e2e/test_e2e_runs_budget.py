"""The share of a budget that a run had: given back when it fails, corrected when it ends; in limits, log and `cost`."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from runs_kit import FINDALL, ID, JSON, TASK, Caller, ledger_of, result, task_run, told

from conftest import Connect, Serve
from penstock.runs.run import Money, Run
from support.access import Access
from support.configuration import gateways, providers
from support.gateway import PROGRAM, Gateway, environment
from support.upstream import Upstream
from support.waiting import comes, eventually

AGAIN = "trun_fedcba9876543210fedcba9876543210"
FINDING = {
    "objective": "x", "entity_type": "companies", "match_conditions": [], "generator": "base", "match_limit": 100,
}  # fmt: skip


def limited(upstream: Upstream, usd: float) -> str:
    limits = (
        "[accounts.acct.gateways.gw.spend_limits]\nenabled = true\n"
        "[[accounts.acct.gateways.gw.spend_limits.rules]]\n"
        f'limit = {usd}\nlimitType = "cost"\nwindow = 86400\n'
    )
    return gateways(gw={}) + limits + providers({"parallel": upstream.url})


async def cost(gateway: Gateway) -> dict[str, float]:
    """The total of `penstock cost`, as a program reads it."""
    command = [*PROGRAM, "cost", "--json", "--data", str(gateway.data)]

    def run() -> str:
        return subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout

    lines = [json.loads(line) for line in (await asyncio.to_thread(run)).splitlines()]
    return {name: sum(float(line[name]) for line in lines) for name in ("cost", "estimated_cost") if lines}


async def comes_to_cost(gateway: Gateway, expected: dict[str, float]) -> None:
    async def look() -> bool | None:
        found = await cost(gateway)
        return {name: round(value, 9) for name, value in found.items()} == expected or None

    await comes(look, f"a cost of {expected}")


async def ordered_in_time(ann: Caller, upstream: Upstream) -> None:
    """An order that waits for room in the limit gets it."""

    async def order() -> bool | None:
        upstream.will(told(task_run(AGAIN), 202))
        return (await ann.create()).status == 202 or None

    await comes(order, "room for another run")


async def test_what_a_failed_run_had_is_given_back(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(limited(upstream, 0.31), "--workers", "2")
    ann = Caller(await connect(gateway.url))
    upstream.will(told(task_run(), 202))
    assert (await ann.create()).status == 202
    assert (await ann.create()).status == 429
    await comes_to_cost(gateway, {"cost": 0.3, "estimated_cost": 0.3})
    upstream.will(told(task_run(ID, "failed", minute=5)))
    assert (await ann.get(f"/v1/tasks/runs/{ID}")).status == 200
    await comes_to_cost(gateway, {"cost": 0.0, "estimated_cost": 0.0})
    await ordered_in_time(ann, upstream)
    await gateway.stop()


async def test_what_a_search_for_all_had_is_corrected_by_its_matches(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    """Cancelled with four of a hundred: 0.25 and four times 0.03."""
    gateway = await serve(limited(upstream, 3.30))
    ann = Caller(await connect(gateway.url))
    status = {"status": "queued", "is_active": True, "metrics": {"matched_candidates_count": 0}}
    upstream.will(told({"findall_id": FINDALL, "status": status, "generator": "base"}))
    assert (await ann.post("/v1beta/findall/runs", FINDING)).status == 200
    await comes_to_cost(gateway, {"cost": 3.25, "estimated_cost": 3.25})
    assert (await ann.create()).status == 429
    ended = {
        "status": "completed",
        "is_active": False,
        "metrics": {"generated_candidates_count": 9, "matched_candidates_count": 4},
        "termination_reason": "candidates_exhausted",
    }
    found = told({"findall_id": FINDALL, "status": ended, "generator": "base"})
    upstream.will(found)
    await ann.get(f"/v1beta/findall/runs/{FINDALL}")
    run = await seen(gateway, lambda one: one.state == "completed", FINDALL)
    assert run.money is Money.ESTIMATED  # a second look, a minute later, is to say the same
    await gateway.stop()


async def seen(gateway: Gateway, is_so: Callable[[Run], bool], name: str = ID) -> Run:
    def look() -> Run | None:
        found = ledger_of(gateway.data).get(name)
        return found if found is not None and is_so(found) else None

    return await eventually(look, f"{name} as it should be")


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_run_that_nobody_asks_for_is_followed_with_the_stored_key(
    serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path, workers: str
) -> None:
    """Its creator has gone; the keeper looks, settles it, and keeps its result."""
    access = Access(tmp_path / "gateway" / "data")
    access.key("parallel", "pk-stored-0123456789")
    text = gateways(gw={}) + providers({"parallel": upstream.url})
    gateway = await serve(text, "--workers", workers)
    client = await connect(gateway.url)
    lite = task_run(processor="lite")
    upstream.will(
        told(lite, 202), told(task_run(ID, "completed", "lite", minute=5)), told(result(processor="lite"))
    )
    path, body = "/v1/acct/gw/parallel/v1/tasks/runs", json.dumps({**TASK, "processor": "lite"}).encode()
    assert (await client.ask("POST", path, JSON, body=body)).status == 202
    await client.close()
    run = await seen(gateway, lambda one: one.money is Money.SETTLED)
    assert (run.state, run.cost, run.stored_key) == ("completed", 5_000_000, "default")
    looks = [one for one in upstream.requests if one.method == b"GET"]
    assert next(one.target.decode() for one in looks) == f"/v1/tasks/runs/{ID}"
    assert {one.header("x-api-key") for one in looks} == {b"pk-stored-0123456789"}
    await comes_to_cost(gateway, {"cost": 0.005, "estimated_cost": 0.0})
    again = await (await connect(gateway.url)).ask("GET", f"{path}/{ID}/result")
    assert (again.status, again.json()) == (200, result(processor="lite"))
    await gateway.stop()
