"""What of Parallel's is kept where its caller says so, and what is never (Parallel 8.4)."""

from __future__ import annotations

import pytest
from runs_kit import ID, caller, task_run, told

from conftest import Connect, OpenGateway
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.upstream import Upstream

KEPT = ("cf-aig-cache-ttl", "3600")
SEARCH = {"search_queries": ["penstock"], "mode": "fast"}
CHAT = {"model": "base", "messages": [{"role": "user", "content": "hi"}]}
RESPONSE = {"model": "parallel", "input": "hi"}


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(gateways(gw={"cache_ttl": 3600}) + providers({"parallel": upstream.url}))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/search", SEARCH),
        ("/v1beta/search", {"objective": "x"}),
        ("/v1/extract", {"urls": ["https://a.example"]}),
        ("/v1/images/search", SEARCH),
        ("/v1beta/findall/entity-search", {"entity_type": "people", "objective": "x"}),
        ("/v1beta/chat/completions", CHAT),
        ("/v1/responses", RESPONSE),
    ],
)
async def test_these_are_kept(
    gateway: InProcess, upstream: Upstream, connect: Connect, path: str, body: object
) -> None:
    ann = await caller(connect, gateway)
    upstream.will(told({"search_id": "search_1", "id": "resp_1", "status": "completed", "output": []}))
    first, again = await ann.post(path, body, KEPT), await ann.post(path, body, KEPT)
    assert (again.header("cf-aig-cache-status"), again.body) == ("HIT", first.body)
    assert len(upstream.requests) == 1
    assert [row.cost for row in await gateway.rows(2)][1] == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1beta/chat/completions", {**CHAT, "previous_interaction_id": "trun_1"}),
        ("/chat/completions", {**CHAT, "previous_interaction_id": "trun_1"}),
        ("/v1/responses", {**RESPONSE, "previous_response_id": "resp_1"}),
        ("/v1/responses", {**RESPONSE, "previous_interaction_id": "trun_1"}),
        ("/v1/responses", {**RESPONSE, "memory_scope_key": "mine"}),
        ("/v1beta/chat/completions", {**CHAT, "memory_scope_key": "mine"}),
        ("/v1/tasks/groups", {}),
        ("/v1beta/findall/runs", {"objective": "x", "generator": "base", "match_limit": 5}),
        ("/v1/monitors", {"type": "event_stream", "frequency": "1d", "settings": {"query": "x"}}),
        ("/v1beta/memory/retrieve", {"query": "x"}),
    ],
)
@pytest.mark.parametrize("header", [(), (KEPT,)], ids=["by the gateway", "by the caller"])
async def test_these_are_never_kept(
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    path: str,
    body: object,
    header: tuple[tuple[str, str], ...],
) -> None:
    ann = await caller(connect, gateway)
    for _ in range(2):
        upstream.will(told({"id": "resp_2", "status": "completed", "output": [], "results": []}))
        await ann.post(path, body, *header)
    assert len(upstream.requests) == 2


async def test_reads_of_runs_are_never_kept(gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(ID, "queued")), told(task_run(ID, "running", minute=1)))
    states = [(await ann.get(f"/v1/tasks/runs/{ID}", KEPT)).json()["status"] for _ in range(2)]
    assert states == ["queued", "running"]
