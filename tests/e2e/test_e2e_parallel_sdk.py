"""The official Parallel library against `penstock serve --local-parallel`, with only its base URL changed.

Everything passes through the gateway to an engine over two documents: nothing leaves the machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import parallel
import pytest
from pydantic import BaseModel

from conftest import Serve
from support.configuration import gateways, providers
from support.documents import write_documents
from support.gateway import Gateway
from support.replies import sse, whole
from support.upstream import Upstream

QUESTION = "When was the Zorblax reservoir completed?"


class Reservoir(BaseModel):
    """What to find out."""

    completed: str


@pytest.fixture
def documents(tmp_path: Path) -> str:
    return str(write_documents(tmp_path))


@pytest.fixture
async def gateway(serve: Serve, documents: str) -> AsyncIterator[Gateway]:
    """With an engine that has said that it serves, too."""
    running = await serve(None, "--local-parallel", documents)
    await running.says("parallel-local: 2 documents")
    yield running
    await running.stop()


@pytest.fixture
async def sdk(gateway: Gateway) -> AsyncIterator[parallel.AsyncParallel]:
    client = _sdk(gateway.url, "local/default")
    yield client
    await client.close()


def _sdk(url: str, gateway: str, max_retries: int = 0) -> parallel.AsyncParallel:
    base_url = f"{url}/v1/{gateway}/parallel"
    return parallel.AsyncParallel(api_key="parallel-key-1", base_url=base_url, max_retries=max_retries)


async def test_search(gateway: Gateway, sdk: parallel.AsyncParallel) -> None:
    found = await sdk.search(search_queries=["Zorblax reservoir"], objective=QUESTION)
    assert found.results[0].url == "https://docs.example.test/zorblax"
    assert "1987" in "".join(found.results[0].excerpts)
    (row,) = await gateway.logs(1)
    assert (row.provider, row.path, row.request_type, row.success) == (
        "parallel",
        "v1/search",
        "search",
        True,
    )


async def test_extract(sdk: parallel.AsyncParallel) -> None:
    page = await sdk.extract(
        urls=["https://docs.example.test/bridge"], advanced_settings={"full_content": True}
    )
    assert page.errors == []
    assert "opened in 1903" in (page.results[0].full_content or "")


async def test_execute_into_a_model(gateway: Gateway, sdk: parallel.AsyncParallel) -> None:
    """Creates a run, polls for its result, parses it."""
    result = await sdk.task_run.execute(input=QUESTION, processor="lite", output=Reservoir)
    assert result.run.status == "completed"
    assert result.output.parsed is not None
    assert "1987" in result.output.parsed.completed
    assert result.output.basis[0].citations
    rows = await gateway.logs(2)
    assert [(row.method, row.status_code) for row in rows] == [("POST", 202), ("GET", 200)]


async def test_execute_into_text(sdk: parallel.AsyncParallel) -> None:
    result = await sdk.task_run.execute(input=QUESTION, processor="base", output="One sentence")
    assert isinstance(result.output.content, str)
    assert "1987" in result.output.content


async def test_events_of_a_run(gateway: Gateway, sdk: parallel.AsyncParallel) -> None:
    run = await sdk.task_run.create(input=QUESTION, processor="core", enable_events=True)
    kinds = [event.type async for event in await sdk.task_run.events(run.run_id)]
    assert kinds[0] == kinds[-1] == "task_run.state"
    assert any(kind.startswith("task_run.progress_msg.") for kind in kinds)
    assert (await sdk.task_run.retrieve(run.run_id)).status == "completed"
    rows = await gateway.logs(3)
    streams = [row for row in rows if row.path.endswith("/events")]
    assert [(row.response_content_type or "").partition(";")[0] for row in streams] == ["text/event-stream"]
    assert {row.outcome for row in rows} == {"complete"}


async def test_task_group(sdk: parallel.AsyncParallel) -> None:
    group = await sdk.task_group.create(metadata={"team": "a"})
    inputs = [
        {"input": QUESTION, "processor": "lite"},
        {"input": "When was the Tarnholt bridge opened?", "processor": "lite"},
    ]
    added = await sdk.task_group.add_runs(
        group.task_group_id,
        inputs=[{"input": str(one["input"]), "processor": str(one["processor"])} for one in inputs],
    )
    assert len(added.run_ids) == 2
    async for event in await sdk.task_group.events(group.task_group_id):
        last = event
    assert last.type == "task_group_status"
    assert not last.status.is_active
    ended = await sdk.task_group.get_runs(group.task_group_id, include_output=True)
    states = [event async for event in ended]
    assert {state.type for state in states} == {"task_run.state"}
    assert sorted(state.run.run_id for state in states if state.type == "task_run.state") == sorted(
        added.run_ids
    )


async def test_unknown_run_is_an_error_of_the_library(sdk: parallel.AsyncParallel) -> None:
    with pytest.raises(parallel.NotFoundError):
        await sdk.task_run.retrieve("trun_00000000000000000000000000000000")


# -- what the library's logic depends on (Parallel 4.4), against a scripted provider


async def test_408_of_a_long_poll_passes_and_is_polled_again(serve: Serve, upstream: Upstream) -> None:
    run = (
        b'{"run_id":"trun_1","interaction_id":"trun_1","status":"running","is_active":true,'
        b'"processor":"lite","created_at":null,"modified_at":null}'
    )
    result = (
        b'{"run":'
        + run.replace(b"running", b"completed")
        + b',"output":{"type":"text","content":"x","basis":[]}}'
    )
    json_type = (("Content-Type", "application/json"),)
    upstream.will(
        whole(run, 202, json_type),
        whole(b'{"type":"error"}', 408, (*json_type, ("retry-after-ms", "1"))),
        whole(result, 200, json_type),
    )
    gateway = await serve(gateways() + providers({"parallel": upstream.url}))
    async with _sdk(gateway.url, "acct/gw", max_retries=2) as sdk:
        done = await sdk.task_run.execute(input="x", processor="lite", output="text")
    assert done.output.content == "x"
    assert [row.status_code for row in await gateway.logs(3)] == [202, 408, 200]
    assert {seen.header("x-api-key") for seen in upstream.requests} == {b"parallel-key-1"}
    assert upstream.requests[1].target.startswith(b"/v1/tasks/runs/trun_1/result")
    await gateway.stop()


async def test_cut_event_stream_is_an_error_of_the_library(serve: Serve, upstream: Upstream) -> None:
    upstream.will(sse(b'data: {"type":"error","error":{"ref_id":"1","message":"m"}}\n\n', finished=False))
    gateway = await serve(gateways() + providers({"parallel": upstream.url}))
    async with _sdk(gateway.url, "acct/gw") as sdk:
        stream = await sdk.task_run.events("trun_1")
        await anext(stream)
        await upstream.drop_idle(0)
        with pytest.raises((parallel.APIError, httpx.RemoteProtocolError)):
            await anext(stream)
    await gateway.stop()
