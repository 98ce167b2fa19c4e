"""Guard rails: what a gateway does not let its callers order is refused in Parallel's shape, and never sent."""

from __future__ import annotations

import json

import pytest
from runs_kit import FINDALL, GROUP, ID, TASK, caller, comes_to_be, task_run, told

from conftest import Connect, OpenGateway
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.upstream import Upstream

SEARCH = {"search_queries": ["penstock"]}
FINDING = {"objective": "x", "generator": "pro", "match_limit": 10}


async def opened(open_gateway: OpenGateway, upstream: Upstream, **rules: object) -> InProcess:
    table = "".join(f"{name} = {json.dumps(value)}\n" for name, value in rules.items())
    own = f"[accounts.acct.gateways.gw.parallel]\n{table}"
    return await open_gateway(gateways(gw={}) + own + providers({"parallel": upstream.url}))


@pytest.mark.parametrize(
    ("path", "body", "ordered"),
    [
        ("/v1/tasks/runs", TASK, "ultra"),
        ("/v1beta/tasks/runs", {**TASK, "processor": "pro-fast"}, "pro-fast"),
        (f"/v1/tasks/groups/{GROUP}/runs", {"inputs": [{**TASK, "processor": "core"}, TASK]}, "ultra"),
        ("/v1/search", SEARCH, "search-advanced"),
        ("/v1/search", {**SEARCH, "mode": "basic"}, "search-basic"),
        ("/v1beta/findall/runs", FINDING, "findall-pro"),
        (
            f"/v1beta/findall/runs/{FINDALL}/enrich",
            {"processor": "ultra", "output_schema": {}},
            "findall-enrich-ultra",
        ),
        (
            "/v1/responses",
            {"model": "parallel", "input": "x", "reasoning": {"effort": "high"}},
            "responses-high",
        ),
        ("/v1/monitors", {"type": "event_stream", "frequency": "1h", "processor": "base"}, "monitor-base"),
        ("/v1beta/chat/completions", {"model": "core2x", "messages": []}, "core2x"),
    ],
)
async def test_what_is_not_allowed_is_not_sent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, body: object, ordered: str
) -> None:
    gateway = await opened(open_gateway, upstream, allowed=["core", "core-fast", "search-fast"])
    answer = await (await caller(connect, gateway)).post(path, body)
    said = answer.json()
    assert (answer.status, said["type"]) == (403, "error")
    assert said["error"]["detail"]["ordered"] == ordered
    assert ordered in said["error"]["message"]
    assert "core, core-fast, search-fast" in said["error"]["message"]
    assert upstream.requests == []
    assert (await gateway.row()).cost is None


async def test_a_default_that_decides_is_named(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream, allowed=["search-fast"])
    ann = await caller(connect, gateway)
    assert "the default" in (await ann.post("/v1/search", SEARCH)).json()["error"]["message"]
    named = (await ann.post("/v1/search", {**SEARCH, "mode": "advanced"})).json()["error"]["message"]
    assert "the default" not in named


async def test_what_is_allowed_goes_on_and_so_does_what_orders_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream, allowed=["ultra*", "search-fast"])
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(), 202))
    assert (await ann.create()).status == 202
    assert (await ann.post("/v1/search", {**SEARCH, "mode": "fast"})).status == 200
    assert (await ann.get(f"/v1/tasks/runs/{ID}")).status == 200
    assert (await ann.post("/v1beta/findall/ingest", {"objective": "x"})).status == 200


@pytest.mark.parametrize(("model", "status"), [("parallel", 200), ("Parallel", 200), ("ultra", 403)])
async def test_what_all_responses_are_called_is_no_product(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, model: str, status: int
) -> None:
    gateway = await opened(open_gateway, upstream, allowed=["responses-medium"])
    answer = await (await caller(connect, gateway)).post("/v1/responses", {"model": model, "input": "x"})
    assert answer.status == status


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff", b'{"processor":"core","processor":"ultra"}'])
async def test_what_is_not_clear_is_not_sent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes
) -> None:
    gateway = await opened(open_gateway, upstream, allowed=["core"])
    client = await connect(gateway.url)
    answer = await client.ask("POST", "/v1/acct/gw/parallel/v1/tasks/runs", body=body)
    assert answer.status in (403, 422)
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/tasks/runs", {**TASK, "processor": "core"}, 202),
        ("/v1/tasks/runs", TASK, 403),
        (f"/v1/tasks/groups/{GROUP}/runs", {"inputs": [{**TASK, "processor": "core"}] * 5}, 403),
        ("/v1beta/findall/runs", {**FINDING, "generator": "preview"}, 403),
        ("/v1/tasks/runs", {**TASK, "processor": "hyper"}, 403),
        ("/v1/places/search", {"query": "x", "mode": "fast"}, 202),
        ("/v1/decisions", {"model": "fast"}, 422),
    ],
)
async def test_nothing_dearer_than_that_is_sent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, body: object, status: int
) -> None:
    gateway = await opened(open_gateway, upstream, max_estimate=0.099)
    upstream.will(told(task_run(), 202))
    answer = await (await caller(connect, gateway)).post(path, body)
    assert answer.status == status
    assert len(upstream.requests) == (status == 202)
    if status == 403:
        assert answer.json()["error"]["detail"]["max_estimate"] == 0.099
        assert "0.099 USD" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("inputs", "status"), [(1, 200), (3, 200), (4, 429), (1000, 429), (1001, 429)])
async def test_the_runs_of_a_group_count_one_by_one(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, inputs: int, status: int
) -> None:
    gateway = await opened(open_gateway, upstream, max_active=3)
    path = f"/v1/tasks/groups/{GROUP}/runs"
    answer = await (await caller(connect, gateway)).post(path, {"inputs": [TASK] * inputs})
    assert (answer.status, len(upstream.requests)) == (status, int(status == 200))
    if status == 429:
        detail = {"max_active": 3, "active": 0, "ordered": min(inputs, 1000)}
        assert answer.json()["error"]["detail"] == detail


async def test_no_second_array_hides_how_many_runs_there_are(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream, max_active=1)
    one, two = json.dumps([TASK]), json.dumps([TASK] * 2)
    client = await connect(gateway.url)
    for arrays in ((one, two), (two, one)):
        body = b'{"inputs":%b,"inputs":%b}' % tuple(array.encode() for array in arrays)
        answer = await client.ask("POST", f"/v1/acct/gw/parallel/v1/tasks/groups/{GROUP}/runs", body=body)
        assert answer.status == 429
    assert upstream.requests == []


async def test_no_more_runs_at_once(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await opened(open_gateway, upstream, max_active=1)
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(), 202))
    assert (await ann.create()).status == 202
    refused = await ann.create()
    assert (refused.status, refused.json()["error"]["detail"]) == (429, {"max_active": 1, "active": 1})
    assert (await ann.post("/v1/search", SEARCH)).status == 200
    upstream.will(told(task_run(ID, "completed", minute=5)))
    await ann.get(f"/v1/tasks/runs/{ID}")
    await comes_to_be(gateway, "completed")
    upstream.will(told(task_run("trun_ffffffffffffffffffffffffffffffff"), 202))
    assert (await ann.create()).status == 202
