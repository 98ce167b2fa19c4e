"""Task groups: batches, cursors, snapshots and the resumable stream."""

from pathlib import Path

import pytest
from local_engine import Caller, engine

VERSIONS = pytest.mark.parametrize("version", ["v1", "v1beta"])


def tasks(*inputs: str, **rest: object) -> dict[str, object]:
    return {"inputs": [{"input": text, "processor": "lite", **rest} for text in inputs]}


async def new_group(call: Caller, version: str = "v1") -> str:
    response = await call.post(f"/{version}/tasks/groups", {"metadata": {"team": "a"}})
    assert response.status_code == 200
    return f"/{version}/tasks/groups/{response.json()['taskgroup_id']}"


@VERSIONS
async def test_batches_and_cursors(tmp_path: Path, version: str) -> None:
    async with engine(tmp_path, workers=0) as call:
        group = await new_group(call, version)
        first = (await call.post(f"{group}/runs?refresh_status=true", tasks("a", "b"))).json()
        second = (await call.post(f"{group}/runs", tasks("c"))).json()
        whole = (await call.get(group)).json()
        later = await call.events(f"{group}/runs", last_event_id=second["run_cursor"])
    assert (first["run_cursor"], first["event_cursor"]) == (None, None)
    assert len(first["run_ids"]) == 2
    assert second["status"]["num_task_runs"] == 3
    assert whole["status"]["task_run_status_counts"] == {"queued": 3}
    assert whole["status"]["is_active"] is True
    assert [event["run"]["run_id"] for event in later] == second["run_ids"]  # type: ignore[index]


@VERSIONS
async def test_snapshot_filters_and_leaves_bodies_out(tmp_path: Path, version: str) -> None:
    async with engine(tmp_path) as call:
        group = await new_group(call, version)
        spec = {"output_schema": "answer"}
        added = (await call.post(f"{group}/runs", {"default_task_spec": spec, **tasks("Amber River")})).json()
        run_id = added["run_ids"][0]
        assert (await call.get(f"/v1/tasks/runs/{run_id}/result")).json()["output"]["type"] == "text"
        plain = await call.events(f"{group}/runs")
        full = await call.events(f"{group}/runs", include_input="true", include_output="true")
        none = await call.events(f"{group}/runs", status="failed")
        one = (await call.get(f"{group}/runs/{run_id}")).json()
    assert (plain[0]["input"], plain[0]["output"]) == (None, None)
    assert full[0]["input"]
    assert full[0]["output"]
    assert none == []
    assert one["taskgroup_id"] == group.rpartition("/")[2]


async def test_stream_resumes_without_gaps_or_repeats(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        group = await new_group(call)
        await call.post(f"{group}/runs", tasks("a", "b"))
        live = await call.events(f"{group}/events")
        states = [event for event in live if event["type"] == "task_run.state"]
        middle = str(states[2]["event_id"])
        rest = await call.events(f"{group}/events", last_event_id=middle)
    assert live[-1]["type"] == "task_group_status"
    assert live[-1]["status"]["is_active"] is False  # type: ignore[index]
    told = [event["event_id"] for event in rest if event["type"] == "task_run.state"]
    assert told == [event["event_id"] for event in states[3:]]
    for run in {event["run"]["run_id"] for event in states}:  # type: ignore[index]
        moves = [event["run"]["status"] for event in states if event["run"]["run_id"] == run]  # type: ignore[index]
        assert moves == ["queued", "running", "completed"]


async def test_refusals(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        group = await new_group(call)
        other = await new_group(call)
        run_id = (await call.post(f"{group}/runs", tasks("a"))).json()["run_ids"][0]
        assert (await call.post(f"{group}/runs", tasks(*["x"] * 1001))).status_code == 422
        assert (await call.post(f"{group}/runs", {"inputs": [{"input": "x"}]})).status_code == 422
        assert (
            await call.post(f"{group}/runs", {"inputs": [{"input": "x", "processor": "?"}]})
        ).status_code == 403
        assert (await call.post("/v1/tasks/groups/tgrp_x/runs", tasks("a"))).status_code == 404
        assert (await call.post("/v1/tasks/groups", {"metadata": {"k" * 17: 1}})).status_code == 422
        assert (await call.get("/v1/tasks/groups/tgrp_x")).status_code == 404
        assert (await call.get("/v1/tasks/groups/elephant")).status_code == 422
        assert (await call.get(f"{other}/runs/{run_id}")).status_code == 404
        assert (await call.get(f"{group}/events", last_event_id="x' OR 1=1")).status_code == 422
        assert (await call.get(f"{group}/runs", status="sleeping")).status_code == 422
        assert (await call.get(f"{group}/runs", include_input="maybe")).status_code == 422
        assert (await call.get("/v1/tasks/groups/tgrp_x/events")).status_code == 404


async def test_remarks_on_an_input_are_its_run_s(tmp_path: Path) -> None:
    servers = [{"url": "https://tools.example", "name": "tools"}]
    async with engine(tmp_path, workers=0) as call:
        group = await new_group(call)
        plain = {"input": "a", "processor": "lite"}
        odd = {**plain, "previous_interaction_id": "trun_none", "mcp_servers": servers}
        added = (await call.post(f"{group}/runs", {"inputs": [plain, odd]})).json()
        runs = [(await call.get(f"{group}/runs/{run_id}")).json() for run_id in added["run_ids"]]
    assert runs[0]["warnings"] is None
    assert [warning["message"] for warning in runs[1]["warnings"]] == [
        "MCP servers are not called by this engine: tools",
        "previous interaction 'trun_none' is unknown and was ignored",
    ]


async def test_counts_are_told_only_when_a_run_has_another_state(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        group = await new_group(call)
        await call.post(f"{group}/runs", tasks("a", "b", "c"))
        live = await call.events(f"{group}/events")
    told = [event["event_id"] for event in live if event["type"] == "task_group_status"]
    assert len(told) == len(set(told)) > 0
    assert told[-1] == live[-2]["event_id"]


async def test_a_thousand_inputs_are_accepted_at_once(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        group = await new_group(call)
        added = (await call.post(f"{group}/runs", tasks(*["x"] * 1000))).json()
        runs = await call.events(f"{group}/runs")
    assert added["status"]["num_task_runs"] == 1000
    assert [event["run"]["run_id"] for event in runs] == added["run_ids"]  # type: ignore[index]
