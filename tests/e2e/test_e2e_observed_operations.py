"""What each call was is told wherever one looks: the log, its filters, sums, metrics, traces and pushed logs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from itertools import count
from pathlib import Path

import httpx
import pytest
from observed_kit import (
    ADMIN,
    by_analytics,
    by_command,
    configured,
    cursors,
    folder_job,
    get,
    pushed,
    run,
    settled,
    spans_of,
    until,
)

from conftest import Serve
from support.configuration import providers
from support.gateway import Gateway
from support.replies import Reply, whole
from support.upstream import Seen, Upstream
from support.waiting import PATIENCE, eventually

CHAT, RESPONSE = "openai.chat.completions.create", "openai.responses.get"
RUN, SEARCH = "parallel.tasks.runs.create", "parallel.search.create"
JSON = (("content-type", "application/json"),)
CALLS = (
    ("POST", "openai/v1/chat/completions", {"model": "gpt-4o", "messages": []}),
    ("POST", "openai/v1/%63hat/completions", {"model": "gpt-4o", "messages": []}),
    ("POST", "openai//v1/chat//completions", {"model": "gpt-4o", "messages": []}),
    ("GET", "openai/responses/resp_1", None),
    ("POST", "openai/v1/telepathy", {"model": "gpt-4o"}),
    ("POST", "parallel/v1/tasks/runs", {"input": "x", "processor": "ultra"}),
    ("POST", "parallel/v1/tasks/runs", {"input": "x", "processor": "base"}),
    ("POST", "parallel/v1/search", {"objective": "x"}),
    ("POST", "parallel/v1/search", {"objective": "x", "mode": "fast"}),
)
RUNS = count(1)


def told(seen: Seen) -> Reply:
    """An answer that does for all of them."""
    assert seen.method in (b"GET", b"POST")
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    body = {
        "run_id": f"trun_{next(RUNS)}",
        "status": "queued",
        "results": [],
        "choices": [],
        "usage": usage,
    }
    return whole(json.dumps(body).encode(), headers=JSON)


@pytest.fixture
async def receiver() -> AsyncIterator[Upstream]:
    found = await Upstream.start()
    yield found
    await found.close()


@pytest.fixture
async def gateway(serve: Serve, upstream: Upstream, receiver: Upstream, tmp_path: Path) -> Gateway:
    upstream.otherwise = told
    text = configured(upstream, f"{receiver.url}/v1/traces", extra=folder_job("logs", tmp_path / "pushed"))
    text += providers({"parallel": upstream.url})
    running = await serve(text, environ={"PENSTOCK_ADMIN_TOKEN": ADMIN})
    await cursors(running, 3)
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        for method, path, body in CALLS:
            answer = await http.request(
                method, f"{running.url}/v1/acct/gw/{path}", json=body, headers={"x-api-key": "k"}
            )
            assert answer.status_code == 200, path
    await settled(running)
    return running


async def test_an_operation_is_told_everywhere(gateway: Gateway, receiver: Upstream, tmp_path: Path) -> None:
    counts = {CHAT: 3, RESPONSE: 1, "unknown": 1, RUN: 2, SEARCH: 2}
    logs = await get(gateway, "accounts/acct/ai-gateway/gateways/gw/logs", per_page="50")
    assert _counted(one["operation"] for one in logs["result"]) == counts
    shown = [json.loads(line) for line in run(gateway, "logs", "--json").splitlines()]
    assert _counted(one["operation"] for one in shown) == counts
    by_requests = {key: sums["requests"] for (key,), sums in by_command(gateway, "operation").items()}
    assert by_requests == counts
    assert {
        key: sums["requests"] for (key,), sums in (await by_analytics(gateway, "acct", "operation")).items()
    } == counts
    kinds = {"chat": 3, "responses": 1, "unknown": 1, "research": 2, "search": 2}
    found = await until(gateway, lambda all_of_them: _by_kind(all_of_them) == kinds)
    assert _by_kind(found) == kinds
    spans = await spans_of(receiver, len(CALLS))
    words: list[dict[str, str]] = [
        {one["key"]: one["value"].get("stringValue") for one in span["attributes"]} for span in spans.values()
    ]
    assert _counted(one["penstock.operation"] for one in words) == counts
    assert _counted(one.get("gen_ai.operation.name", "") for one in words) == {
        "chat": 3,
        "": 2,
        "invoke_agent": 2,
        "retrieval": 2,
    }
    logged = await eventually(lambda: _all(pushed(tmp_path / "pushed")), "all calls pushed")
    assert _counted(str(one["Operation"]) for one in logged) == counts


async def test_calls_are_chosen_by_it(gateway: Gateway) -> None:
    place = "accounts/acct/ai-gateway/gateways/gw/logs"
    for operator, value, expected in (
        ("eq", RUN, 2),
        ("neq", CHAT, 6),
        ("contains", "Chat.Completions", 3),
        ("eq", "unknown", 1),
    ):
        filters = json.dumps([{"key": "operation", "operator": operator, "value": [value]}])
        found = await get(gateway, place, filters=filters)
        assert len(found["result"]) == expected, operator
    (one,) = (await get(gateway, place, filters=filters))["result"]
    detail = (await get(gateway, f"{place}/{one['id']}"))["result"]
    assert (detail["operation"], detail["path"]) == ("unknown", "v1/telepathy")
    shown = run(gateway, "logs", "--operation", RUN, "--operation", SEARCH).decode().splitlines()
    assert len(shown) == 5
    assert "OPERATION" in shown[0]
    assert "tasks.runs.create" in "".join(shown)
    explained = run(gateway, "explain", one["id"]).decode()
    assert (
        "unknown (no row of its provider knows it; makes something that lives on, may cost something)"
        in explained
    )
    assert "operation" in run(gateway, "logs", "show", one["id"]).decode()


async def test_costs_of_parallel_are_told_apart_by_product_and_processor(gateway: Gateway) -> None:
    found = by_command(gateway, "model")
    costs = {model: sums["cost"] for (model,), sums in found.items() if str(model).startswith("parallel/")}
    assert costs == pytest.approx(
        {
            "parallel/ultra": 0.3,
            "parallel/base": 0.01,
            "parallel/search-advanced": 0.005,
            "parallel/search-fast": 0.001,
        }
    )


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words))


def _by_kind(found: dict[str, dict[tuple[tuple[str, str], ...], float]]) -> dict[str, float]:
    kinds: dict[str, float] = {}
    for labels, value in found.get("penstock_requests_total", {}).items():
        kind = dict(labels)["operation"]
        kinds[kind] = kinds.get(kind, 0) + value
    return kinds


def _all(logged: list[dict[str, object]]) -> list[dict[str, object]] | None:
    return logged if len(logged) == len(CALLS) else None
