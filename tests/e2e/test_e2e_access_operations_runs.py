"""A token for certain operations at Parallel and where something lives on: what an order brings along."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from operations_kit import OPENAI, PARALLEL, Caller, configuration, refused
from runs_kit import FINDALL, GROUP, ID, TASK, result, task_run, told

from conftest import Connect, OpenGateway
from support.access import Access
from support.inprocess import InProcess
from support.upstream import Upstream

MONITOR = "monitor_0123456789abcdef0123456789abcdef"


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


@pytest.fixture
async def gateway(access: Access, open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(configuration(upstream.url))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("research", "/v1/tasks/runs"),
        ("research", "/v1/tasks/groups"),
        ("research", f"/v1/tasks/groups/{GROUP}/runs"),
        ("search", "/v1/search"),
        ("extract", "/v1/extract"),
        ("chat", "/v1beta/chat/completions"),
        ("responses", "/v1/responses"),
        ("findall", "/v1beta/findall/runs"),
        ("findall", "/v1beta/findall/ingest"),
        ("monitor", "/v1/monitors"),
        ("memory", "/v1beta/memory/clear"),
    ],
)
async def test_products_of_parallel(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, kind: str, path: str
) -> None:
    others = {"research", "search", "extract", "chat", "responses", "findall", "monitor", "memory"} - {kind}
    assert f"({kind})" in refused(
        await Caller(gateway, connect, access, *sorted(others)).post(PARALLEL + path)
    )
    assert upstream.requests == []
    if not path.startswith(f"/v1/tasks/groups/{GROUP}"):
        body = TASK if path.endswith("tasks/runs") else {}
        assert (await Caller(gateway, connect, access, kind).post(PARALLEL + path, body)).status == 200


async def test_who_may_order_runs_may_read_stream_and_cancel_them(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access, "parallel.tasks.runs.create", "parallel.findall.runs.create")
    upstream.will(told(task_run(), 202))
    assert (await caller.post(f"{PARALLEL}/v1/tasks/runs", TASK)).status == 202
    upstream.will(
        told({"findall_id": FINDALL, "status": {"status": "queued", "is_active": True, "metrics": {}}})
    )
    assert (await caller.post(f"{PARALLEL}/v1beta/findall/runs", {"generator": "base"})).status == 200
    upstream.will(told(result()))
    for tail in (f"{ID}/result", f"{ID}", f"{ID}/events", f"{ID}/input"):
        assert (await caller.get(f"{PARALLEL}/v1/tasks/runs/{tail}")).status == 200, tail
    assert (await caller.get(f"{PARALLEL}/v1beta/findall/runs/{FINDALL}")).status == 200
    assert (await caller.post(f"{PARALLEL}/v1beta/findall/runs/{FINDALL}/cancel")).status == 200
    served = len(upstream.requests)
    refused(
        await caller.post(f"{PARALLEL}/v1beta/findall/runs/{FINDALL}/extend", {"additional_match_limit": 9})
    )
    refused(await caller.post(f"{PARALLEL}/v1/tasks/groups"))
    refused(await caller.get(f"{PARALLEL}/v1/monitors/{MONITOR}"))
    refused(await caller.get(f"{PARALLEL}/v1/monitors"))
    refused(await caller.get(f"{PARALLEL}/account/service/v1/balance"))
    assert len(upstream.requests) == served


async def test_who_may_only_read_orders_nothing(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access, "parallel.tasks.runs.get", "parallel.tasks.runs.result.list")
    refused(await caller.post(f"{PARALLEL}/v1/tasks/runs", TASK))
    refused(await caller.get(f"{PARALLEL}/v1/tasks/runs/{ID}/events"))
    refused(await caller.post(f"{PARALLEL}/v1/tasks/runs/{ID}/result", b""))
    assert upstream.requests == []
    assert (await caller.get(f"{PARALLEL}/v1/tasks/runs/{ID}/result")).status == 200


async def test_who_waits_for_a_run_gets_its_result(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access, "parallel.tasks.runs.create")
    upstream.will(told(task_run(), 202), told(result()))
    answer = await caller.post(f"{PARALLEL}/v1/tasks/runs", TASK, ("cf-aig-wait", "30"))
    assert (answer.status, json.loads(answer.body)["output"]["content"]) == (200, "A pipe.")


async def test_a_background_response_is_its_orderers(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access, "openai.responses.create")
    for target, method in (
        ("responses", "POST"),
        ("responses/resp_1", "GET"),
        ("responses/resp_1/cancel", "POST"),
    ):
        body = None if method == "GET" else b'{"background":true}'
        assert (await caller.ask(method, f"{OPENAI}/{target}", body)).status == 200
    refused(await caller.ask("DELETE", f"{OPENAI}/responses/resp_1"))
    assert len(upstream.requests) == 3
