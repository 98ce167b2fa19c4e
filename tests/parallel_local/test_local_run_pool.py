"""Short work does not wait for long work of others, whatever both are; searches wait for no run at all."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_engine import Caller, engine
from local_monitors import made, stream

from parallel_local.answers.compose import Assignment, compose
from parallel_local.answers.report import Step
from parallel_local.findall.candidates import nominees
from parallel_local.retrieval.library import Library
from parallel_local.wire.tasks import Output

LONG = "the long one"
FINDALL = {
    "objective": "robotics companies",
    "entity_type": "companies",
    "match_conditions": [{"name": "a", "description": "raised money"}],
    "generator": "pro",
    "match_limit": 50,
}


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Long tasks, and all FindAll runs, stand still until it is opened."""
    opened = threading.Event()

    def composed(library: Library, task: Assignment) -> Iterator[Step | Output]:
        if LONG in str(task.given):
            opened.wait(250)
        yield from compose(library, task)

    def named(*given: object) -> object:
        opened.wait(250)
        return nominees(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("parallel_local.runs.tasks.compose", composed)
    monkeypatch.setattr("parallel_local.runs.findall.nominees", named)
    yield opened
    opened.set()


async def states(call: Caller, run_ids: list[str]) -> Counter[str]:
    return Counter([(await call.get(f"/v1/tasks/runs/{one}")).json()["status"] for one in run_ids])


@pytest.mark.parametrize("processor", ["core", "pro-fast", "ultra8x"])
async def test_a_short_task_does_not_wait_for_long_ones(
    tmp_path: Path, gate: threading.Event, processor: str
) -> None:
    async with engine(tmp_path, workers=2) as call:
        group = (await call.post("/v1/tasks/groups", {})).json()["taskgroup_id"]
        inputs = [{"input": f"{LONG}: Amber River", "processor": processor}] * 30
        added = (await call.post(f"/v1/tasks/groups/{group}/runs", {"inputs": inputs})).json()
        for name in ("base", "lite", "base-fast"):
            await call.run({"input": "Amber River", "processor": name})
        waiting = await states(call, added["run_ids"])
        # A monitor is short work, too.
        await made(call, stream())
        gate.set()
        for run_id in added["run_ids"]:
            assert (await call.get(f"/v1/tasks/runs/{run_id}/result")).status_code == 200
    assert waiting == {"running": 1, "queued": 29}


async def test_a_short_task_does_not_wait_for_findall_runs(tmp_path: Path, gate: threading.Event) -> None:
    async with engine(tmp_path, workers=2) as call:
        for _ in range(5):
            assert (await call.post("/v1beta/findall/runs", FINDALL)).status_code == 200
        await call.run({"input": "Amber River", "processor": "base"})
        gate.set()


async def test_a_search_does_not_wait_for_runs(tmp_path: Path, gate: threading.Event) -> None:
    async with engine(tmp_path, workers=6) as call:
        for _ in range(20):
            body = {"input": f"{LONG}: Amber River", "processor": "ultra"}
            assert (await call.post("/v1/tasks/runs", body)).status_code == 202
        found = await call.post("/v1/search", {"search_queries": ["Amber River"]})
        gate.set()
    assert found.json()["results"]
