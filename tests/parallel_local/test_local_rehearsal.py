"""Latency and failures that callers order by header: each kind, its bounds, and that nothing else is touched."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_clock import ManualClock
from local_engine import HEADERS, engine, served
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from parallel_local.errors import ApiError
from parallel_local.runs.signals import Signals
from parallel_local.web.rehearsal import FAIL, LATENCY, Order, Rehearsal, read_order

SEARCH = {"search_queries": ["Amber River"]}
ANSWER = {"model": "parallel", "input": "When was the Amber River dammed?", "stream": True}
TOLD = bytes(range(100))
BOUND = 60  # true seconds, for a test that hangs


@asynccontextmanager
async def client(base: Path, workers: int = 1) -> AsyncIterator[httpx.AsyncClient]:
    """A client over a real socket: only there can a connection be cut."""
    async with (
        served(base, workers=workers) as url,
        httpx.AsyncClient(base_url=url, headers=HEADERS, timeout=BOUND) as found,
    ):
        yield found


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers at once."""
    await Response(TOLD, media_type="text/plain")(scope, receive, send)


@asynccontextmanager
async def rehearsed() -> AsyncIterator[tuple[ManualClock, httpx.AsyncClient]]:
    """The layer alone, on a clock that nobody else waits on."""
    clock = ManualClock()
    transport = httpx.ASGITransport(Rehearsal(told, Signals(clock), clock))
    async with (
        asyncio.timeout(BOUND),
        httpx.AsyncClient(transport=transport, base_url="http://engine") as client,
    ):
        yield clock, client


async def held_back(
    clock: ManualClock, client: httpx.AsyncClient, headers: dict[str, str], milliseconds: int
) -> httpx.Response:
    """The answer to a request, which comes after this time of the clock and not a millisecond before."""
    sent = asyncio.create_task(client.get("/", headers=headers))
    await clock.sleepers(1)
    clock.advance((milliseconds - 1) / 1000)
    await clock.sleepers(1)
    clock.advance(0.001)
    return await sent


@pytest.mark.parametrize("milliseconds", [1, 250, 60_000])
async def test_latency_is_waited_before_anything_is_done(milliseconds: int) -> None:
    async with rehearsed() as (clock, client):
        answer = await held_back(clock, client, {LATENCY: str(milliseconds)}, milliseconds)
    assert answer.content == TOLD


async def test_a_range_of_latencies_follows_from_the_count_of_requests() -> None:
    async with rehearsed() as (clock, client):
        for milliseconds in (20, 34, 26, 40, 32, 24, 38, 30, 22, 36, 28, 20):
            await held_back(clock, client, {LATENCY: "20-40"}, milliseconds)


async def test_no_latency_is_no_wait() -> None:
    async with rehearsed() as (_, client):
        for headers in ({}, {LATENCY: "0"}, {LATENCY: "0-0"}, {"x-local-other": "1"}):
            assert (await client.get("/", headers=headers)).content == TOLD


async def test_latency_and_failure_together() -> None:
    async with rehearsed() as (clock, client):
        answer = await held_back(clock, client, {LATENCY: "60000", FAIL: "429"}, 60_000)
    assert answer.status_code == 429


async def test_a_wait_ends_with_the_program() -> None:
    clock = ManualClock()
    signals = Signals(clock)
    transport = httpx.ASGITransport(Rehearsal(told, signals, clock))
    async with asyncio.timeout(BOUND), httpx.AsyncClient(transport=transport, base_url="http://e") as client:
        sent = asyncio.create_task(client.get("/", headers={LATENCY: "60000"}))
        await clock.sleepers(1)
        signals.close()
        assert (await sent).content == TOLD


@pytest.mark.parametrize(
    "headers",
    [
        {LATENCY: "60001"},
        {LATENCY: "1-60001"},
        {LATENCY: "900-250"},
        {LATENCY: "-1"},
        {LATENCY: "1.5"},
        {LATENCY: "٣"},
        {LATENCY: "250ms"},
        {LATENCY: ""},
        {FAIL: "418"},
        {FAIL: ""},
        {FAIL: "CUT"},
        {FAIL: "cut, slow"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/search", "/v1/tasks/runs", "/v1/responses", "/nope"])
async def test_orders_that_are_none(tmp_path: Path, headers: dict[str, str], path: str) -> None:
    async with engine(tmp_path) as call:
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        answer = await call.client.post(path, json=SEARCH, headers=sent)
    assert answer.status_code == 422
    assert next(iter(headers)) in answer.json()["error"]["message"]


async def test_two_orders_of_one_kind_are_none(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        twice = [(FAIL, "500"), (FAIL, "429")]
        assert (await call.client.get("/v1/tasks/runs/trun_x", headers=twice)).status_code == 422


@pytest.mark.parametrize("status", [429, 500])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/search"),
        ("POST", "/v1/tasks/runs"),
        ("GET", "/v1/tasks/runs/trun_x/events"),
        ("POST", "/v1beta/chat/completions"),
        ("POST", "/v1/responses"),
    ],
)
async def test_a_status_comes_in_the_contracts_shape(
    tmp_path: Path, status: int, method: str, path: str
) -> None:
    async with engine(tmp_path) as call:
        answer = await call.client.request(method, path, json={}, headers={FAIL: str(status)})
    assert answer.status_code == status
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["detail"] == {"rehearsed": str(status)}
    assert "retry-after" not in answer.headers


async def test_a_failed_order_makes_no_run(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        group = (await call.post("/v1/tasks/groups", {})).json()["taskgroup_id"]
        path = f"/v1/tasks/groups/{group}/runs"
        body = {"inputs": [{"input": "x", "processor": "lite"}]}
        await call.client.post(path, json=body, headers={FAIL: "500"})
        status = (await call.get(f"/v1/tasks/groups/{group}")).json()["status"]
    assert status["num_task_runs"] == 0


async def test_a_key_is_asked_for_before_anything(tmp_path: Path) -> None:
    async with engine(tmp_path, api_key="right") as call:
        headers = {"x-api-key": "wrong", LATENCY: "nonsense", FAIL: "500"}
        assert (await call.client.get("/v1/tasks/runs/trun_x", headers=headers)).status_code == 401


async def cut_short(http: httpx.AsyncClient, path: str, body: object) -> tuple[httpx.Response, bytes]:
    """What comes of an answer before its connection is cut; fails when it comes whole."""
    received = b""
    async with http.stream("POST", path, json=body, headers={FAIL: "cut"}) as answer:
        try:
            async for piece in answer.aiter_raw():
                received += piece
        except httpx.RemoteProtocolError:
            return answer, received
    pytest.fail("the connection was not cut")


async def test_a_whole_answer_is_cut_in_the_middle(tmp_path: Path) -> None:
    async with client(tmp_path) as http:
        whole = len((await http.post("/v1/search", json=SEARCH)).content)
        answer, received = await cut_short(http, "/v1/search", SEARCH)
        assert answer.status_code == 200
        assert answer.headers["content-length"] == str(whole)
        assert len(received) == whole // 2
        assert (await http.post("/v1/search", json=SEARCH)).status_code == 200


@pytest.mark.parametrize("path", ["/v1/responses", "/v1beta/chat/completions"])
async def test_a_stream_is_cut_after_its_beginning(tmp_path: Path, path: str) -> None:
    chat = {"model": "speed", "messages": [{"role": "user", "content": "Amber River"}], "stream": True}
    async with client(tmp_path) as http:
        _, received = await cut_short(http, path, ANSWER if "responses" in path else chat)
    assert received.count(b"\n\n") == 1
    assert not received.endswith(b"\n\n")


async def test_a_stream_that_waits_is_cut_too(tmp_path: Path) -> None:
    """The frames behind the cut are not waited for."""
    async with asyncio.timeout(BOUND), client(tmp_path, workers=0) as http:
        group = (await http.post("/v1/tasks/groups", json={})).json()["taskgroup_id"]
        run = {"input": "x", "processor": "lite"}
        await http.post(f"/v1/tasks/groups/{group}/runs", json={"inputs": [run]})
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(f"/v1/tasks/groups/{group}/events", headers={FAIL: "cut"})


async def test_a_slow_answer_drips_and_is_the_same() -> None:
    async with rehearsed() as (clock, client):
        sent = asyncio.create_task(client.get("/", headers={FAIL: "slow"}))
        for _ in range(19):  # between twenty pieces
            await clock.sleepers(1)
            clock.advance(0.05)
        answer = await sent
    assert answer.content == TOLD
    assert answer.headers["content-length"] == str(len(TOLD))


async def test_a_slow_stream_is_the_same_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parallel_local.web.rehearsal._DRIP_SECONDS", 0.001)
    async with client(tmp_path) as http:
        chat = {"model": "speed", "messages": [{"role": "user", "content": "hi"}]}
        plain = (await http.post("/v1/chat/completions", json=chat)).json()
        streamed = {**chat, "stream": True}
        async with http.stream(
            "POST", "/v1/chat/completions", json=streamed, headers={FAIL: "slow"}
        ) as answer:
            lines = [line async for line in answer.aiter_lines() if line.startswith("data: {")]
    pieces = [json.loads(line[6:])["choices"][0]["delta"].get("content", "") for line in lines]
    assert "".join(pieces) == plain["choices"][0]["message"]["content"]


async def test_runs_that_fail_with_a_cause(tmp_path: Path) -> None:
    task = {"input": "Amber River", "processor": "lite"}
    findall = {
        "objective": "Find robotics companies",
        "entity_type": "companies",
        "match_conditions": [{"name": "raised", "description": "raised money"}],
        "generator": "base",
        "match_limit": 5,
    }
    fail = {FAIL: "run"}
    async with asyncio.timeout(BOUND), engine(tmp_path) as call:
        made = await call.client.post("/v1/tasks/runs", json=task, headers=fail)
        run_id = made.json()["run_id"]
        result = await call.get(f"/v1/tasks/runs/{run_id}/result")
        run = (await call.get(f"/v1/tasks/runs/{run_id}")).json()
        group = (await call.post("/v1/tasks/groups", {})).json()["taskgroup_id"]
        path = f"/v1/tasks/groups/{group}"
        await call.client.post(f"{path}/runs", json={"inputs": [task, task]}, headers=fail)
        await call.post(f"{path}/runs", {"inputs": [task]})
        await call.events(f"{path}/events")
        counts = (await call.get(path)).json()["status"]["task_run_status_counts"]
        found = (await call.client.post("/v1beta/findall/runs", json=findall, headers=fail)).json()
        told = await call.events(f"/v1beta/findall/runs/{found['findall_id']}/events")
        searched = await call.client.post("/v1/search", json=SEARCH, headers=fail)
    assert (made.status_code, result.status_code, run["status"]) == (202, 404, "failed")
    assert "rehearsed" in run["error"]["message"].lower()
    assert counts == {"failed": 2, "completed": 1}
    ended = told[-1]["data"]
    assert isinstance(ended, dict)
    assert ended["status"]["termination_reason"] == "error_occurred"
    assert searched.status_code == 200


@given(st.integers(0, 60_000), st.integers(0, 60_000))
def test_every_range_in_bounds_is_read_as_it_says(one: int, other: int) -> None:
    shortest, longest = sorted((one, other))
    assert read_order({LATENCY: f"{shortest}-{longest}"}) == Order(shortest, longest)
    if shortest != longest:
        with pytest.raises(ApiError):
            read_order({LATENCY: f"{longest}-{shortest}"})


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    if re.fullmatch(r"[0-9]{1,5}(-[0-9]{1,5})?", text):
        return
    with pytest.raises(ApiError) as refused:
        read_order({LATENCY: text, FAIL: "cut"})
    assert refused.value.status == 422
