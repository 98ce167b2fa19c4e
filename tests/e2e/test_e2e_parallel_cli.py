"""`parallel-cli`, Parallel's own command line, through the gateway to an engine over two documents."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from runs_kit import ledger_of

from conftest import Connect, Serve
from penstock.runs.run import RunKind
from support.documents import write_documents
from support.gateway import Gateway, environment

PROGRAM = str(Path(sys.executable).with_name("parallel-cli"))
QUESTION = "When was the Zorblax reservoir completed?"
SECONDS = 60


@pytest.fixture
async def gateway(serve: Serve, tmp_path: Path) -> AsyncIterator[Gateway]:
    running = await serve(None, "--local-parallel", str(write_documents(tmp_path)))
    await running.says("parallel-local: 2 documents")
    yield running
    await running.stop()


async def said(gateway: Gateway, home: Path, *arguments: str) -> str:
    """What a command says to programs."""
    environ = environment(
        {
            "HOME": str(home),
            "PARALLEL_API_KEY": "parallel-key-1",
            "PARALLEL_API_URL": f"{gateway.url}/v1/local/default/parallel",
        }
    )

    def run() -> subprocess.CompletedProcess[str]:
        command = [PROGRAM, *arguments, "--json"]
        return subprocess.run(
            command, cwd=home, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS
        )

    done = await asyncio.to_thread(run)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_search_and_research(gateway: Gateway, tmp_path: Path) -> None:
    found = json.loads(await said(gateway, tmp_path, "search", QUESTION))
    assert found["results"][0]["url"] == "https://docs.example.test/zorblax"
    done = json.loads(
        await said(
            gateway, tmp_path, "research", "run", QUESTION, "--processor", "lite-fast", "--poll-interval", "1"
        )
    )
    assert "1987" in json.dumps(done["output"])
    (run,) = ledger_of(gateway.data).values()
    assert (run.kind, run.state, run.product) == (RunKind.TASK, "completed", "lite-fast")
    again = json.loads(await said(gateway, tmp_path, "research", "status", run.id))
    assert again["status"] == "completed"


async def test_enrichment_is_a_group_of_runs(gateway: Gateway, tmp_path: Path, connect: Connect) -> None:
    rows = json.loads(
        await said(
            gateway,
            tmp_path,
            *(
                "enrich",
                "run",
                "--data",
                json.dumps([{"place": "Zorblax reservoir"}, {"place": "Tarnholt bridge"}]),
            ),
            *("--target", "out.csv", "--processor", "lite-fast"),
            *("--source-columns", json.dumps([{"name": "place", "description": "what it is"}])),
            *(
                "--enriched-columns",
                json.dumps([{"name": "opened", "description": "the year", "type": "string"}]),
            ),
        )
    )
    assert [row["place"] for row in rows] == ["Zorblax reservoir", "Tarnholt bridge"]
    runs = ledger_of(gateway.data).values()
    (group,) = (run for run in runs if run.kind is RunKind.GROUP)
    assert [run.parent for run in runs if run.kind is RunKind.TASK] == [group.id] * 2
    assert {run.state for run in runs if run.kind is RunKind.TASK} == {"completed"}
    client = await connect(gateway.url)
    path = f"/v1/local/default/parallel/v1/tasks/groups/{group.id}"
    assert (await client.ask("GET", path, ("x-api-key", "another"))).status == 404


async def test_findall_to_its_end(gateway: Gateway, tmp_path: Path) -> None:
    found = json.loads(
        await said(gateway, tmp_path, "findall", "run", "reservoirs with an owner", "--poll-interval", "1")
    )
    run = ledger_of(gateway.data)[found["findall_id"]]
    assert (found["status"], run.kind, run.state) == ("completed", RunKind.FINDALL, "completed")


async def test_a_monitor_from_its_beginning_to_its_end(gateway: Gateway, tmp_path: Path) -> None:
    created = json.loads(
        await said(
            gateway, tmp_path, "monitor", "create", QUESTION, "--frequency", "daily", "--include-backfill"
        )
    )
    monitor = created["monitor_id"]
    changed = json.loads(await said(gateway, tmp_path, "monitor", "update", monitor, "--frequency", "2d"))
    await said(gateway, tmp_path, "monitor", "trigger", monitor)
    listed = json.loads(await said(gateway, tmp_path, "monitor", "list"))
    shown = json.loads(await said(gateway, tmp_path, "monitor", "get", monitor))
    async with asyncio.timeout(SECONDS):
        while "1987" not in await said(
            gateway, tmp_path, "monitor", "events", monitor, "--include-completions"
        ):
            """Its first execution has not ended yet."""
    ended = json.loads(await said(gateway, tmp_path, "monitor", "cancel", monitor))
    assert (created["frequency"], changed["frequency"], shown["frequency"]) == ("1d", "2d", "2d")
    assert [one["monitor_id"] for one in listed["monitors"]] == [monitor]
    assert ended["status"] == "cancelled"
    run = ledger_of(gateway.data)[monitor]
    assert (run.kind, run.state) == (RunKind.MONITOR, "cancelled")
