"""What a token may order at Parallel: by its models, by what an order may come to, by how many runs are under way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runs_kit import BASE, FINDALL, GROUP, ID, KEY, TASK, caller, comes_to_be, task_run, told

from conftest import Connect, OpenGateway
from support.access import Access
from support.client import Answer, Client
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.upstream import Upstream

SEARCH = {"search_queries": ["penstock"]}
CORE = {**TASK, "processor": "core"}
FINDING = {"objective": "x", "match_limit": 10}
OTHER = "trun_ffffffffffffffffffffffffffffffff"


class Holder:
    """Somebody who shows a token."""

    def __init__(self, client: Client, token: str) -> None:
        self._client = client
        self._shown = ("cf-aig-authorization", f"Bearer {token}")

    async def post(self, path: str, body: object, gateway: str = "gw") -> Answer:
        sent = json.dumps(body).encode()
        path = f"/v1/acct/{gateway}/parallel{path}"
        return await self._client.ask("POST", path, KEY, self._shown, body=sent)

    async def get(self, path: str) -> Answer:
        return await self._client.ask("GET", BASE + path, KEY, self._shown)


async def held(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    *,
    rules: dict[str, object] | None = None,
    **limits: object,
) -> tuple[InProcess, Holder]:
    token = Access(tmp_path / "gateway-0" / "data").token(**limits)  # type: ignore[arg-type]
    table = "".join(f"{name} = {json.dumps(value)}\n" for name, value in (rules or {}).items())
    own = f"[accounts.acct.gateways.gw.parallel]\n{table}"
    gateway = await open_gateway(gateways(gw={}, lab={}) + own + providers({"parallel": upstream.url}))
    return gateway, Holder(await connect(gateway.url), token)


@pytest.mark.parametrize(
    ("path", "body", "goes"),
    [
        ("/v1/tasks/runs", CORE, True),
        ("/v1/tasks/runs", {**TASK, "processor": "core-fast"}, True),
        ("/v1/tasks/runs", TASK, False),
        ("/v1beta/tasks/runs", {**TASK, "processor": "pro"}, False),
        (f"/v1/tasks/groups/{GROUP}/runs", {"inputs": [CORE, CORE]}, True),
        (f"/v1/tasks/groups/{GROUP}/runs", {"inputs": [CORE, TASK]}, False),
        ("/v1/search", {**SEARCH, "mode": "fast"}, True),
        ("/v1/search", {**SEARCH, "mode": "advanced"}, False),
        ("/v1/search", SEARCH, False),
        ("/v1beta/findall/runs", {**FINDING, "generator": "base"}, True),
        ("/v1beta/findall/runs", {**FINDING, "generator": "core"}, False),
        (f"/v1beta/findall/runs/{FINDALL}/enrich", {"processor": "core", "output_schema": {}}, False),
        ("/v1/responses", {"model": "parallel", "input": "x", "reasoning": {"effort": "low"}}, True),
        ("/v1/responses", {"model": "parallel", "input": "x", "reasoning": {"effort": "high"}}, False),
        ("/v1/monitors", {"type": "event_stream", "frequency": "1h", "processor": "base"}, False),
    ],
)
async def test_products_are_models_to_a_token(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    path: str,
    body: object,
    goes: bool,
) -> None:
    models = ("parallel/core*", "search-fast", "parallel/findall-base", "responses-low")
    _, bot = await held(open_gateway, upstream, connect, tmp_path, models=models)
    answer = await bot.post(path, body)
    assert (answer.status, len(upstream.requests)) == ((200, 1) if goes else (403, 0))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/tasks/runs", CORE, 200),
        ("/v1/tasks/runs", TASK, 403),
        (f"/v1/tasks/groups/{GROUP}/runs", {"inputs": [CORE] * 3}, 200),
        (f"/v1/tasks/groups/{GROUP}/runs", {"inputs": [CORE] * 4}, 403),
        ("/v1beta/findall/runs", {**FINDING, "generator": "preview"}, 403),
        ("/v1/search", SEARCH, 200),
        ("/v1/decisions", {"model": "fast"}, 422),
    ],
)
async def test_nothing_dearer_than_a_token_may_order_is_sent(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    path: str,
    body: object,
    status: int,
) -> None:
    _, bot = await held(open_gateway, upstream, connect, tmp_path, max_estimate=0.08)
    answer = await bot.post(path, body)
    assert (answer.status, len(upstream.requests)) == (status, int(status == 200))
    if status != 200:
        assert "0.08 USD with this key" in answer.json()["error"]["message"]
        assert answer.json()["error"]["detail"]["max_estimate"] == 0.08


async def test_even_a_search_may_be_too_dear_for_a_token(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    _, bot = await held(open_gateway, upstream, connect, tmp_path, max_estimate=0.000_01)
    assert (await bot.post("/v1/search", SEARCH)).status == 403
    assert upstream.requests == []


@pytest.mark.parametrize(("of_gateway", "of_token"), [(0.08, 0.5), (0.5, 0.08)])
async def test_the_lower_bound_holds(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    of_gateway: float,
    of_token: float,
) -> None:
    rules: dict[str, object] = {"max_estimate": of_gateway}
    _, bot = await held(open_gateway, upstream, connect, tmp_path, rules=rules, max_estimate=of_token)
    refused = (await bot.post("/v1/tasks/runs", {**TASK, "processor": "pro"})).json()["error"]
    assert refused["detail"] == {"max_estimate": 0.08, "estimate": 0.1}
    whose = "on this gateway" if of_gateway < of_token else "with this key"
    assert refused["message"].endswith(whose)


async def test_no_more_runs_of_a_token_at_once_wherever_it_made_them(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    _, bot = await held(open_gateway, upstream, connect, tmp_path, max_active=1)
    upstream.will(told(task_run(), 202))
    assert (await bot.post("/v1/tasks/runs", TASK, "lab")).status == 202
    refused = await bot.post("/v1/tasks/runs", TASK)
    assert (refused.status, refused.json()["error"]["detail"]) == (429, {"max_active": 1, "active": 1})
    assert "of this key" in refused.json()["error"]["message"]
    assert (await bot.post("/v1/search", SEARCH)).status == 200


async def test_runs_of_others_do_not_count_for_a_token(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    gateway, bot = await held(open_gateway, upstream, connect, tmp_path, max_active=1)
    upstream.will(told(task_run(), 202), told(task_run(OTHER), 202))
    assert (await (await caller(connect, gateway)).create()).status == 202
    assert (await bot.post("/v1/tasks/runs", TASK)).status == 202


async def test_a_run_that_has_ended_makes_room_for_another(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    gateway, bot = await held(open_gateway, upstream, connect, tmp_path, max_active=1)
    upstream.will(told(task_run(), 202))
    assert (await bot.post("/v1/tasks/runs", TASK)).status == 202
    upstream.will(told(task_run(ID, "completed", minute=5)))
    await bot.get(f"/v1/tasks/runs/{ID}")
    await comes_to_be(gateway, "completed")
    upstream.will(told(task_run(OTHER), 202))
    assert (await bot.post("/v1/tasks/runs", TASK)).status == 202
