"""The record of 3.20 field by field, costs of 3.19, metadata of 3.18, and rows of 7.2, over the management API."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cloudflare import AsyncCloudflare
from observed_kit import ADMIN, ask, configured, cursors, get, settled, spans_of

from conftest import Serve
from support.gateway import Gateway
from support.replies import Reply, sse, whole
from support.upstream import Seen, Upstream
from support.waiting import PATIENCE

JSON = (("content-type", "application/json"),)
LOGS = "accounts/acct/ai-gateway/gateways/gw/logs"
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_tokens_details": {"cached_tokens": 40},
    "completion_tokens_details": {"reasoning_tokens": 7},
}
COUNTS = {
    "input_tokens": 100,
    "output_tokens": 20,
    "total_tokens": 120,
    "input_cached_tokens": 40,
    "output_reasoning_tokens": 7,
}
ANSWER = json.dumps({"model": "gpt-4o", "choices": [], "usage": USAGE}).encode()
EMBEDDED = b'{"model":"text-embedding-3-small","data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}'
CLAUDE = (
    b'{"model":"claude-sonnet-4-5","content":[],"usage":{"input_tokens":100,"output_tokens":20,'
    b'"cache_read_input_tokens":40,"cache_creation_input_tokens":10}}'
)


def answer(seen: Seen) -> Reply:
    if b"embeddings" in seen.target:
        return whole(EMBEDDED, headers=JSON)
    if b"messages" in seen.target:
        return whole(CLAUDE, headers=JSON)
    match seen.header("x-mode"):
        case b"fail":
            return whole(b'{"error":"no"}', 503, JSON)
        case b"untold":
            return whole(b'{"choices":[]}', headers=JSON)
        case b"stream":
            return sse(
                b'data: {"choices":[],"usage":' + json.dumps(USAGE).encode() + b"}\n\n", b"data: [DONE]\n\n"
            )
        case _:
            return whole(ANSWER, headers=JSON)


@pytest.fixture
async def traces() -> AsyncIterator[Upstream]:
    server = await Upstream.start()
    yield server
    await server.close()


class Asker:
    """One gateway, its calls, and their logs as lists and details have them."""

    def __init__(self, gateway: Gateway, http: httpx.AsyncClient) -> None:
        self.gateway = gateway
        self.http = http
        self.ids: dict[str, str] = {}

    async def __call__(self, name: str, mode: str = "", **more: Any) -> httpx.Response:  # noqa: ANN401 (as `ask`)
        found = await ask(self.http, self.gateway, mode, **more)
        self.ids[name] = found.headers.get("cf-aig-log-id", "")
        return found

    async def listed(self) -> dict[str, dict[str, Any]]:
        """The rows of the list, by the names of the calls."""
        found = await get(self.gateway, LOGS, per_page="50")
        by_id = {row["id"]: row for row in found["result"]}
        return {name: by_id[log_id] for name, log_id in self.ids.items() if log_id}

    async def detail(self, name: str) -> dict[str, Any]:
        found = await get(self.gateway, f"{LOGS}/{self.ids[name]}")
        assert (found["success"], found["errors"], found["messages"]) == (True, [], [])
        return dict(found["result"])


@pytest.fixture
async def call(serve: Serve, upstream: Upstream, traces: Upstream) -> AsyncIterator[Asker]:
    upstream.otherwise = answer
    gateway = await serve(configured(upstream, traces.url), environ={"PENSTOCK_ADMIN_TOKEN": ADMIN})
    await cursors(gateway, 2)
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        yield Asker(gateway, http)


Wanted = dict[str, object]
ALIKE: Wanted = {
    "provider": "openai", "model": "openai/gpt-4o", "model_type": "text generation", "request_type": "chat",
    "path": "v1/chat/completions", "request_content_type": "application/json", "status_code": 200,
    "response_content_type": "application/json", "success": True, "cached": False, "tokens_in": 100,
    "tokens_out": 20, "usage_metadata": COUNTS, "custom_cost": False, "metadata": {}, "step": 0, "feedback": None,
    "score": None, "location": None, "user_agent": "tests/1", "authentication": False, "wholesale": False,
    "byok": False, "guardrails": None, "prompts": None, "dlp_action": None, "dlp_profiles": None,
    "operation": "openai.chat.completions.create", "cost": (60 * 2.5 + 40 * 1.25 + 20 * 10) / 1e6,
}  # fmt: skip
UNKNOWN: Wanted = {"tokens_in": None, "tokens_out": None, "usage_metadata": None, "cost": None}
METADATA = '{"cf.user_id":"x","s":"é","n":3,"f":1.5,"b":true,"e":"5","seventh":7}'
PRICE = '{"per_token_in":0.000001,"per_token_out":0.000002}'
CACHE_PRICE = '{"per_token_in":0.00001,"per_token_out":0.00002,"per_cache_read_token":0.000001}'

# name, mode, more of the call, how its log differs from `ALIKE`
CALLS: tuple[tuple[str, str, dict[str, Any], Wanted], ...] = (
    ("plain", "", {}, {}),
    ("stream", "stream", {}, {"response_content_type": "text/event-stream"}),
    ("failed", "fail", {}, {**UNKNOWN, "status_code": 503, "success": False}),
    ("untold", "untold", {}, UNKNOWN),
    # The model that answered has a price, the one that was asked for has none.
    ("unknown model", "", {"model": "nobody-knows"},
     {"model": "openai/nobody-knows", "answered_model": "openai/gpt-4o"}),
    ("B7", "", {"headers": {"cf-aig-metadata": METADATA.encode()}},
     {"metadata": {"s": "é", "n": 3, "f": 1.5, "b": True, "e": "5"}}),
    ("B8", "", {"headers": {"cf-aig-metadata": '{"a":"b","c":{"d":1}}'}}, {}),
    ("no JSON", "", {"headers": {"cf-aig-metadata": "a=b"}}, {}),
    ("B9", "", {"headers": {"cf-aig-custom-cost": PRICE}},
     {"cost": 100 * 1e-6 + 20 * 2e-6, "custom_cost": True}),
    ("cache rates", "", {"headers": {"cf-aig-custom-cost": CACHE_PRICE}},
     {"cost": 60 * 1e-5 + 40 * 1e-6 + 20 * 2e-5, "custom_cost": True}),
    ("custom, untold", "untold", {"headers": {"cf-aig-custom-cost": PRICE}}, UNKNOWN),
    ("custom, malformed", "", {"headers": {"cf-aig-custom-cost": '{"per_token_in":-1}'}}, {}),
    ("B11", "", {"headers": {"cf-aig-collect-log-payload": "false"}}, {}),
    ("B19", "", {"headers": {"cf-aig-event-id": "abc"}}, {"event_id": "abc"}),
    ("embeddings", "", {"path": "openai/v1/embeddings", "body": {"model": "text-embedding-3-small", "input": "x"}},
     {"model": "openai/text-embedding-3-small", "model_type": "embeddings", "request_type": "embeddings",
      "operation": "openai.embeddings.create",
      "path": "v1/embeddings", "tokens_in": 8, "tokens_out": None, "cost": 8 * 0.02 / 1e6,
      "usage_metadata": {"input_tokens": 8, "total_tokens": 8}}),
    ("claude, cache rates", "",
     {"path": "anthropic/v1/messages", "body": {"model": "claude-sonnet-4-5", "messages": []},
      "headers": {"cf-aig-custom-cost": CACHE_PRICE}},
     {"provider": "anthropic", "model": "anthropic/claude-sonnet-4-5", "request_type": "messages",
      "operation": "anthropic.messages.create",
      "path": "v1/messages", "custom_cost": True, "cost": 100 * 1e-5 + 40 * 1e-6 + 10 * 1e-5 + 20 * 2e-5,
      "usage_metadata": {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120, "input_cached_tokens": 40,
                         "input_cache_write_tokens": 10, "all_input_tokens": 150}}),
)  # fmt: skip


async def test_the_record_field_by_field(call: Asker) -> None:
    for name, mode, more, _ in CALLS:
        headers = {"user-agent": "tests/1", **more.get("headers", {})}
        found = await call(name, mode, **{**more, "headers": headers})
        log_id = found.headers["cf-aig-log-id"]
        assert found.headers["cf-aig-request-id"] == log_id
        assert found.headers["cf-aig-event-id"] == headers.get("cf-aig-event-id", log_id)
        assert "cf-aig-cache-status" not in found.headers
    await settled(call.gateway)
    rows = await call.listed()
    for name, _, more, differs in CALLS:
        row, detail = rows[name], await call.detail(name)
        wanted = {**ALIKE, "event_id": call.ids[name], **differs}
        assert {key: row[key] for key in wanted} == wanted | {"cost": pytest.approx(wanted["cost"])}, name
        assert {**detail, **row} == {**detail, "request_head": "", "response_head": ""}, name
        assert re.fullmatch(UUID7, row["id"])
        assert re.fullmatch(TIME, row["created_at"])
        assert type(row["duration"]) is int
        assert 0 < row["timings"]["latency"] <= row["timings"]["total"] < 5000
        assert abs(row["duration"] - row["timings"]["total"]) <= 0.5
        if name == "B11":
            heads = ("request_head", "response_head", "request_head_complete", "response_head_complete")
            assert [detail[key] for key in heads] == [None] * 4
            continue
        asked = json.dumps(
            more.get("body") or {**ASKED, "model": more.get("model", "gpt-4o")}, separators=(",", ":")
        )
        assert (detail["request_head"], detail["request_head_complete"]) == (asked, True)
        assert (len(detail["request_head"]), detail["response_head_complete"]) == (
            detail["request_size"],
            True,
        )
        assert len(detail["response_head"]) <= detail["response_size"]
        assert bool(detail["response_head"])


async def test_collecting_bodies_and_none(call: Asker) -> None:
    await call("kept")
    await call("B11", headers={"cf-aig-collect-log-payload": "false"})
    gone = await call("B10", headers={"cf-aig-collect-log": "false"})
    assert "cf-aig-log-id" not in gone.headers
    assert "cf-aig-event-id" in gone.headers
    ids = await settled(call.gateway)
    assert set(ids) == {call.ids["kept"], call.ids["B11"]}
    headers = {"authorization": f"Bearer {ADMIN}"}
    base = f"{call.gateway.url}/client/v4/{LOGS}"
    for part, body in (("request", json.dumps(ASKED, separators=(",", ":")).encode()), ("response", ANSWER)):
        found = await call.http.get(f"{base}/{call.ids['kept']}/{part}", headers=headers)
        assert (found.status_code, found.content) == (200, body)
        missing = await call.http.get(f"{base}/{call.ids['B11']}/{part}", headers=headers)
        assert (missing.status_code, missing.json()["success"]) == (404, False)
        assert missing.json()["errors"][0]["code"] == 7002


async def test_a_cached_answer_costs_nothing(call: Asker) -> None:
    ttl = {"cf-aig-cache-ttl": "60", "cf-aig-custom-cost": PRICE}
    statuses = [(await call(name, headers=ttl)).headers["cf-aig-cache-status"] for name in ("miss", "hit")]
    await settled(call.gateway)
    rows = await call.listed()
    assert statuses == ["MISS", "HIT"]
    kept = [(row["cached"], row["cost"], row["custom_cost"], row["tokens_in"]) for row in rows.values()]
    assert kept == [(False, pytest.approx(0.00014), True, 100), (True, 0, False, 100)]


TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OTHER = "1af7651916cd43dd8448eb211c80319c"
ZEROS = "00000000-0000-0000-0000-000000000000"


async def test_traces_are_joined_and_odd_ids_are_not(call: Asker, traces: Upstream) -> None:
    w3c = f"00-{OTHER}-{PARENT}-00"
    wanted: dict[str, tuple[dict[str, str], tuple[str | None, str | None]]] = {
        "B20": ({"cf-aig-otel-trace-id": TRACE}, (TRACE, None)),
        "parent": ({"cf-aig-otel-trace-id": TRACE, "cf-aig-otel-parent-span-id": PARENT}, (TRACE, PARENT)),
        "both": ({"cf-aig-otel-trace-id": TRACE, "traceparent": w3c}, (TRACE, None)),
        "w3c": ({"traceparent": w3c}, (OTHER, PARENT)),
        "upper case": ({"cf-aig-otel-trace-id": TRACE.upper(), "traceparent": w3c}, (OTHER, PARENT)),
        "malformed": ({"traceparent": f"00-{OTHER}-{PARENT}-0g"}, (None, None)),
        "zeros": ({"cf-aig-otel-trace-id": "0" * 32}, (None, None)),
        "event of zeros": ({"cf-aig-event-id": ZEROS}, (None, None)),
        "metadata": ({"cf-aig-metadata": '{"gen_ai.system":"x","team":"a","n":2}'}, (None, None)),
    }
    for name, (headers, _) in wanted.items():
        await call(name, headers=headers)
    found = await spans_of(traces, len(wanted))
    for name, (_, (trace, parent)) in wanted.items():
        span = found[call.ids[name]]
        if trace is None and name != "event of zeros":
            trace = call.ids[name].replace("-", "")
        assert span["traceId"] == trace or (trace is None and int(span["traceId"], 16)), name
        assert span.get("parentSpanId") == parent, name
    named = {one["key"]: one["value"] for one in found[call.ids["metadata"]]["attributes"]}
    assert (named["team"], named["n"]) == ({"stringValue": "a"}, {"intValue": "2"})
    assert "gen_ai.system" not in named


async def test_the_library_reads_every_log(call: Asker) -> None:
    for name, mode, more, _ in CALLS:
        await call(name, mode, **more)
    await settled(call.gateway)
    async with AsyncCloudflare(
        api_token=ADMIN, base_url=f"{call.gateway.url}/client/v4", max_retries=0
    ) as client:
        logs = client.ai_gateway.logs
        found = {row.id: row async for row in logs.list("gw", account_id="acct")}
        assert set(found) == set(call.ids.values())
        detail = await logs.get(call.ids["plain"], account_id="acct", gateway_id="gw")
    assert (detail.model, detail.status_code) == ("openai/gpt-4o", 200)
    assert detail.cost == pytest.approx(0.0004)
    assert detail.created_at.tzinfo is not None
