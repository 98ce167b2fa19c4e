"""The keeper beside a real gateway: calls leave as traces and logs, whatever is killed; old ones go."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from conftest import Serve
from support.configuration import gateways, providers
from support.gateway import Gateway
from support.replies import whole
from support.upstream import Upstream
from support.waiting import PATIENCE, comes, eventually

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ANSWER = b'{"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}'
JSON = (("content-type", "application/json"),)


@pytest.fixture
async def receiver() -> AsyncIterator[Upstream]:
    """Whom traces go to."""
    server = await Upstream.start()
    yield server
    await server.close()


def configured(upstream: Upstream, receiver: Upstream, logs: Path, **more: object) -> str:
    """A gateway with traces, and a job that pushes its logs into a folder."""
    fields = {"otel": 0, "logpush": True, **more}
    del fields["otel"]
    return (
        f"[log_push.archive]\nmax_interval = 0.05\n[log_push.archive.folder]\npath = {json.dumps(str(logs))}\n"
        + gateways(gw=fields)
        + f"[[accounts.acct.gateways.gw.otel]]\nurl = {json.dumps(receiver.url)}\nheaders = {{}}\n"
        + providers({"openai": upstream.url})
    )


async def call(gateway: Gateway, headers: Mapping[str, str] | None = None) -> str:
    """Makes a call; its log id."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        answer = await http.post(
            f"{gateway.url}/v1/acct/gw/openai/v1/chat/completions",
            json={"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
            headers=dict(headers or {}),
        )
    assert answer.status_code == 200, answer.text
    return answer.headers["cf-aig-log-id"]


def spans(receiver: Upstream) -> dict[str, dict[str, object]]:
    """All spans that have come, by the id of their log."""
    found = {}
    for seen in receiver.requests:
        if seen.complete:
            (resource,) = json.loads(gzip.decompress(bytes(seen.body)))["resourceSpans"]
            for span in resource["scopeSpans"][0]["spans"]:
                named = {one["key"]: one["value"] for one in span["attributes"]}
                found[named["penstock.log_id"]["stringValue"]] = span
    return found


def pushed(folder: Path) -> list[str]:
    """The ids of all logs in the folder."""
    lines = [
        line
        for path in sorted(folder.rglob("*.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    return [json.loads(line)["LogID"] for line in lines]


def keeper_of(gateway: Gateway) -> int:
    return int(re.findall(r"keeper started \(process (\d+)\)", gateway.stderr)[-1])


async def cursors(gateway: Gateway, count: int) -> None:
    """Waits until so many exporters have begun."""

    def look() -> bool | None:
        try:
            found = json.loads((gateway.data / "exports.json").read_bytes())
        except FileNotFoundError:
            return None
        return len(found["cursors"]) == count or None

    await eventually(look, f"{count} cursors")


async def test_calls_leave_as_traces_and_logs(
    serve: Serve, upstream: Upstream, receiver: Upstream, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    upstream.otherwise = lambda seen: whole(ANSWER, headers=JSON)
    gateway = await serve(configured(upstream, receiver, logs))
    await cursors(gateway, 2)
    joined = await call(gateway, {"cf-aig-otel-trace-id": TRACE, "cf-aig-otel-parent-span-id": PARENT})
    w3c = await call(gateway, {"traceparent": f"00-{TRACE[::-1]}-{PARENT}-01"})
    await eventually(lambda: {joined, w3c} <= spans(receiver).keys() or None, "both spans")
    found = spans(receiver)
    assert (found[joined]["traceId"], found[joined]["parentSpanId"]) == (TRACE, PARENT)
    assert (found[w3c]["traceId"], found[w3c]["parentSpanId"]) == (TRACE[::-1], PARENT)
    await eventually(lambda: set(pushed(logs)) == {joined, w3c} or None, "both logs")
    await _metrics(gateway, joined)
    await gateway.stop()


async def test_a_call_right_after_the_first_start_leaves(
    serve: Serve, upstream: Upstream, receiver: Upstream, tmp_path: Path
) -> None:
    """Though exporters have their turn after it: the keeper is held up until the call is in the ledger."""
    logs = tmp_path / "logs"
    upstream.otherwise = lambda seen: whole(ANSWER, headers=JSON)
    gateway = await serve(configured(upstream, receiver, logs), ready=False)
    keeper = await eventually(lambda: _keeper(gateway), "the keeper")
    keeper.suspend()
    try:
        await gateway._wait_ready()
        first = await call(gateway)
        assert [row.id for row in await gateway.logs(1)] == [first]
    finally:
        keeper.resume()
    await eventually(lambda: first in spans(receiver) or None, "its span")
    await eventually(lambda: pushed(logs) == [first] or None, "its log")
    await _metrics(gateway, first, calls=1)
    await gateway.stop()


def _keeper(gateway: Gateway) -> psutil.Process | None:
    """The second process that the supervisor starts: the first is the shipper."""
    children = psutil.Process(gateway.process.pid).children() if gateway.process.poll() is None else []
    found = sorted(children, key=lambda one: one.pid)
    return found[1] if len(found) > 1 else None


async def _metrics(gateway: Gateway, log_id: str, calls: int = 2) -> None:
    def look(text: str) -> dict[str, float]:
        families = text_string_to_metric_families(text)
        return {sample.name: sample.value for family in families for sample in family.samples}

    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:

        async def ask() -> dict[str, float] | None:
            told = look((await http.get(f"{gateway.url}/metrics")).text)
            names = ("penstock_requests_total", "penstock_exporter_delivered_total")
            return told if all(told.get(name) == calls for name in names) else None

        found = await comes(ask, "metrics of the calls")
    assert (found["penstock_requests_total"], found["penstock_workers"]) == (calls, 1)
    assert (found["penstock_exporter_lag"], found["penstock_journal_backlog_bytes"]) == (0, 0)


async def test_a_killed_keeper_loses_nothing_and_sends_no_log_twice(
    serve: Serve, upstream: Upstream, receiver: Upstream, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    upstream.otherwise = lambda seen: whole(ANSWER, headers=JSON)
    gateway = await serve(configured(upstream, receiver, logs))
    await cursors(gateway, 2)
    made = []
    for _ in range(4):
        made += [await call(gateway) for _ in range(5)]
        dead = keeper_of(gateway)
        os.kill(dead, signal.SIGKILL)
        await eventually(lambda dead=dead: keeper_of(gateway) != dead or None, "another keeper")  # type: ignore[misc]
    await eventually(lambda: set(made) <= spans(receiver).keys() or None, "all spans")
    await eventually(lambda: sorted(made) == sorted(pushed(logs)) or None, "all logs, each once")
    await gateway.stop()


async def test_a_reloaded_configuration_begins_and_ends_exporters(
    serve: Serve, upstream: Upstream, receiver: Upstream, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    upstream.otherwise = lambda seen: whole(ANSWER, headers=JSON)
    plain = gateways(gw={}) + providers({"openai": upstream.url})
    gateway = await serve(plain)
    before = await call(gateway)
    await gateway.logs(1)  # who begins now begins after it
    gateway.configure(configured(upstream, receiver, logs))
    await cursors(gateway, 2)
    after = await call(gateway)
    await eventually(lambda: after in spans(receiver) or None, "a span")
    await eventually(lambda: after in pushed(logs) or None, "a log")
    assert before not in spans(receiver)
    await gateway.stop()
    assert pushed(logs) == [after]


async def test_what_is_left_at_a_stop_goes_out(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    upstream.otherwise = lambda seen: whole(ANSWER, headers=JSON)
    text = (
        f"[log_push.archive.folder]\npath = {json.dumps(str(logs))}\n"
        + gateways(gw={"logpush": True})
        + providers({"openai": upstream.url})
    )
    gateway = await serve(text)
    await cursors(gateway, 1)
    made = [await call(gateway) for _ in range(3)]
    await gateway.stop()
    assert sorted(pushed(logs)) == sorted(made)
