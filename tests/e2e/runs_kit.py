"""Calls to Parallel as its callers make them, and what the provider says of its runs."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from conftest import Connect
from penstock.runs.run import Run
from penstock.stores.opening import Stores
from penstock.stores.opening.runs import run_reader
from penstock.stores.runs import ANY_RUN, Result, RunsUnavailable
from support.client import Answer, Client, Header
from support.inprocess import InProcess
from support.replies import Reply, whole
from support.waiting import eventually

BASE = "/v1/acct/gw/parallel"
JSON = ("content-type", "application/json")
KEY = ("x-api-key", "pk-0123456789-of-ann")
OTHER_KEY = ("x-api-key", "pk-9876543210-of-bob")
TASK = {"input": "What is a penstock?", "processor": "ultra"}
ID = "trun_0123456789abcdef0123456789abcdef"
GROUP = "tgrp_0123456789abcdef0123456789abcdef"
FINDALL = "findall_0123456789abcdef0123456789abcdef"


def told(value: object, status: int = 200) -> Reply:
    return whole(json.dumps(value).encode(), status, headers=(JSON,))


def task_run(
    run_id: str = ID, status: str = "queued", processor: str = "ultra", *, minute: int = 0, **more: object
) -> dict[str, object]:
    return {
        "run_id": run_id,
        "interaction_id": run_id,
        "status": status,
        "is_active": status in ("queued", "running"),
        "warnings": None,
        "error": None,
        "processor": processor,
        "metadata": None,
        "taskgroup_id": None,
        "created_at": "2026-11-30T06:00:00.000000Z",
        "modified_at": f"2026-11-30T06:{minute:02d}:00.000000Z",
        **more,
    }


def result(run_id: str = ID, processor: str = "ultra") -> dict[str, object]:
    basis = [{"field": "output", "citations": [], "reasoning": "Read.", "confidence": "high"}]
    return {
        "run": task_run(run_id, "completed", processor, minute=9),
        "output": {"type": "text", "content": "A pipe.", "basis": basis},
    }


class Caller:
    """Somebody with a key of the provider's."""

    def __init__(self, client: Client, key: Header = KEY) -> None:
        self._client = client
        self._key = key

    async def create(self, body: object = None, *headers: Header, path: str = "/v1/tasks/runs") -> Answer:
        return await self.post(path, TASK if body is None else body, *headers)

    async def post(self, path: str, body: object, *headers: Header) -> Answer:
        sent = b"" if body is None else json.dumps(body).encode()
        return await self._client.ask("POST", BASE + path, self._key, JSON, *headers, body=sent)

    async def get(self, path: str, *headers: Header) -> Answer:
        return await self._client.ask("GET", BASE + path, self._key, *headers)


async def caller(connect: Connect, gateway: InProcess, key: Header = KEY) -> Caller:
    return Caller(await connect(gateway.url), key)


def runs_of(gateway: InProcess) -> dict[str, Run]:
    """The run ledger as everybody sees it, by id."""
    return ledger_of(gateway.data)


def ledger_of(data: Path) -> dict[str, Run]:
    """That of a data folder."""
    try:
        with closing(run_reader(Stores(data))) as reader:
            return {run.id: run for run in reader.runs(ANY_RUN, 10_000)}
    except RunsUnavailable:  # there is none yet
        return {}


def kept_result(gateway: InProcess, run_id: str = ID) -> Result | None:
    with closing(run_reader(Stores(gateway.data))) as reader:
        return reader.result(run_id)


async def comes_to_be(gateway: InProcess, state: str, run_id: str = ID) -> Run:
    """The run, once it is in this state."""

    def look() -> Run | None:
        found = runs_of(gateway).get(run_id)
        return found if found is not None and found.state == state else None

    return await eventually(look, f"{run_id} {state}")
