"""Runs with the official Parallel libraries for Python and TypeScript, which repeat requests by themselves."""

from __future__ import annotations

import asyncio
import json

import parallel
import pytest
from node_kit import FOLDER, installed
from runs_kit import ID, OTHER_KEY, caller, comes_to_be, result, runs_of, task_run, told

from conftest import Connect, OpenGateway
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Act, raw, sse, whole
from support.resumable_streams import a_findall, a_group
from support.upstream import Upstream
from support.waiting import soon

OTHERS = "trun_fedcba9876543210fedcba9876543210"
NODE_SECONDS = 120


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(gateways(gw={}) + providers({"parallel": upstream.url}))


def sdk(gateway: InProcess, key: str = "pk-of-the-sdk") -> parallel.AsyncParallel:
    return parallel.AsyncParallel(api_key=key, base_url=f"{gateway.url}/v1/acct/gw/parallel")


async def test_what_the_library_repeats_is_ordered_once(gateway: InProcess, upstream: Upstream) -> None:
    """It takes the second answer for that of its second attempt; there never was one at the provider."""
    body = json.dumps(task_run()).encode()
    lost = raw(Act.BODY, b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n",
               b"content-length: %d\r\n\r\n" % len(body), body)  # fmt: skip
    upstream.will(lost)
    async with sdk(gateway) as client:
        first = await client.task_run.create(input="x", processor="ultra")
        raised = await client.task_run.with_raw_response.create(
            input="x", processor="ultra", extra_headers={"x-stainless-retry-count": "1"}
        )
    assert first.run_id == ID
    assert (raised.headers["idempotent-replayed"], (await raised.parse()).run_id) == ("true", ID)
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_where_nobody_knows_the_library_gives_up_and_nothing_is_ordered_twice(
    gateway: InProcess, upstream: Upstream, status: int
) -> None:
    upstream.will(*[whole(b"{}", status)] * 3)
    async with sdk(gateway) as client:
        with pytest.raises(parallel.InternalServerError) as failure:
            await client.task_run.create(input="x", processor="ultra")
    assert failure.value.status_code == 504
    assert "not known" in failure.value.message
    assert len(upstream.requests) == 1


async def test_execute_goes_to_the_end_and_its_result_is_kept(gateway: InProcess, upstream: Upstream) -> None:
    upstream.will(told(task_run(), 202), told(result()))
    async with sdk(gateway) as client:
        found = await client.task_run.execute(input="x", processor="ultra", output="What it is")
        again = await client.task_run.result(ID)
    assert found.output.content == again.output.content == "A pipe."
    assert len(upstream.requests) == 2
    assert (await comes_to_be(gateway, "completed")).cost == 300_000_000


async def test_a_stream_that_breaks_off_is_whole_to_the_library(
    gateway: InProcess, upstream: Upstream
) -> None:
    group, findall = a_group(3), a_findall(3)
    async with sdk(gateway) as client:
        upstream.will(sse(group.events[0], group.events[1][:-9], Act.RESET), sse(*group.events[1:]))
        events = [one async for one in await client.task_group.events("tgrp_0123456789abcdef")]
        upstream.will(sse(*findall.events[:2], Act.CLOSE, finished=False))
        upstream.will(sse(*findall.events[2:]))
        found = [one async for one in await client.beta.findall.events("findall_0123456789abcdef")]
    assert [one.event_id for one in events] == ["begin", "e0", "e1", "e2", "end"]  # type: ignore[union-attr]
    assert [one.event_id for one in found] == ["c0", "c1", "c2", "last"]  # type: ignore[union-attr]


async def test_another_s_run_is_not_found_by_the_library(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(told(task_run(OTHERS), 202))
    await (await caller(connect, gateway, OTHER_KEY)).create()
    async with sdk(gateway) as client:
        with pytest.raises(parallel.NotFoundError):
            await client.task_run.retrieve(OTHERS)
        with pytest.raises(parallel.NotFoundError):
            await client.task_run.result(OTHERS)
    assert len(upstream.requests) == 1


async def test_the_library_for_typescript(gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
    upstream.will(
        told(task_run(OTHERS), 202), told(task_run(), 202), told(task_run(ID, "running")), told(result())
    )
    await (await caller(connect, gateway, OTHER_KEY)).create()
    process = await asyncio.create_subprocess_exec(
        installed(),
        str(FOLDER / "parallel_runs.mjs"),
        f"{gateway.url}/v1/acct/gw/parallel",
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await soon(process.communicate(), NODE_SECONDS)
    assert [json.loads(line) for line in said.splitlines()] == [
        {"made": ID},
        {"read": "running"},
        {"result": "A pipe."},
        {"others": {"error": "NotFoundError", "status": 404}},
    ]
    assert set(runs_of(gateway)) == {ID, OTHERS}
