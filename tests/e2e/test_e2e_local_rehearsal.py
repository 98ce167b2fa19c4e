"""Rehearsals of the local engine through the gateway: its headers pass on, and so does what comes of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import parallel
import pytest

from conftest import Serve
from support.documents import write_documents
from support.gateway import Gateway

SECONDS = 60
SEARCH = {"search_queries": ["Zorblax reservoir"]}
STREAM = {"model": "parallel", "input": "When was the Zorblax reservoir completed?", "stream": True}


@pytest.fixture
async def gateway(serve: Serve, tmp_path: Path) -> AsyncIterator[Gateway]:
    running = await serve(None, "--local-parallel", str(write_documents(tmp_path)))
    await running.says("parallel-local: 2 documents")
    yield running
    await running.stop()


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    base = f"{gateway.url}/v1/local/default/parallel"
    async with httpx.AsyncClient(base_url=base, headers={"x-api-key": "k"}, timeout=SECONDS) as found:
        yield found


@pytest.mark.parametrize("status", [429, 500])
async def test_a_status(client: httpx.AsyncClient, status: int) -> None:
    answer = await client.post("/v1/search", json=SEARCH, headers={"x-local-fail": str(status)})
    assert answer.status_code == status
    assert answer.json()["error"]["detail"] == {"rehearsed": str(status)}
    assert (await client.post("/v1/search", json=SEARCH)).status_code == 200


async def test_latency_and_a_slow_body(client: httpx.AsyncClient) -> None:
    headers = {"x-local-latency": "5-20", "x-local-fail": "slow"}
    slow = await client.post("/v1/search", json=SEARCH, headers=headers)
    plain = await client.post("/v1/search", json=SEARCH)
    assert slow.json()["results"] == plain.json()["results"]
    refused = await client.post("/v1/search", json=SEARCH, headers={"x-local-latency": "60001"})
    assert refused.status_code == 422


@pytest.mark.parametrize(("path", "body"), [("/v1/search", SEARCH), ("/v1/responses", STREAM)])
async def test_a_connection_that_is_cut(
    client: httpx.AsyncClient, path: str, body: dict[str, object]
) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post(path, json=body, headers={"x-local-fail": "cut"})
    assert (await client.post(path, json=body)).status_code == 200


async def test_a_run_that_fails(gateway: Gateway) -> None:
    base = f"{gateway.url}/v1/local/default/parallel"
    async with parallel.AsyncParallel(
        api_key="k", base_url=base, max_retries=0, default_headers={"x-local-fail": "run"}
    ) as sdk:
        with pytest.raises(parallel.NotFoundError) as failure:
            await sdk.task_run.execute(input="Zorblax", processor="lite", output="one sentence")
    assert "rehearsed" in json.dumps(failure.value.body).lower()
