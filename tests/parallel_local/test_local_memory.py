"""Memory: completed runs by scope, by relevance and by age; clearing, evicting; nothing of the runs is lost."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from local_clock import ManualClock
from local_engine import Caller, engine, write_documents
from local_monitors import made, stream, triggered

RETRIEVE = "/v1beta/memory/retrieve"
CLEAR = "/v1beta/memory/clear"
EVICT = "/v1beta/memory/evict"
RIVER = "How long is the Amber River?"
ACME = "Who is the CEO of Acme Robotics?"
FINDALL: dict[str, object] = {
    "objective": "Find robotics companies that raised money",
    "entity_type": "companies",
    "match_conditions": [{"name": "raised", "description": "raised money"}],
    "generator": "base",
    "match_limit": 5,
}


async def task(call: Caller, text: object, **rest: object) -> str:
    """A completed task run."""
    created = await call.post("/v1/tasks/runs", {"input": text, "processor": "lite", **rest})
    run_id = str(created.json()["run_id"])
    assert (await call.get(f"/v1/tasks/runs/{run_id}/result")).status_code == 200
    return run_id


async def findall(call: Caller, **rest: object) -> str:
    """A completed FindAll run."""
    findall_id = str((await call.post("/v1beta/findall/runs", {**FINDALL, **rest})).json()["findall_id"])
    await call.events(f"/v1beta/findall/runs/{findall_id}/events")
    return findall_id


async def recalled(call: Caller, **asked: object) -> list[dict[str, Any]]:
    answer = await call.post(RETRIEVE, asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def ids(results: Sequence[dict[str, Any]]) -> list[object]:
    return [item["id"] for item in results]


async def test_what_completed_is_remembered_newest_first(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        river, acme = await task(call, RIVER), await task(call, ACME)
        companies = await findall(call)
        every = await recalled(call)
        tasks = await recalled(call, kind="task")
        one = await recalled(call, kind="task", limit=1, query="")
        none = await recalled(call, kind="monitor")
    assert ids(every) == [companies, acme, river]
    assert [item["kind"] for item in every] == ["findall", "task", "task"]
    assert (every[0]["matched_count"], every[0]["input_excerpt"]) == (2, FINDALL["objective"])
    assert "412 kilometers" in str(tasks[1]["output_excerpt"])
    assert (ids(one), none) == ([acme], [])


async def test_a_query_finds_by_words_of_input_and_output(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        river, acme = await task(call, RIVER), await task(call, ACME)
        companies = await findall(call)
        asked = ("kilometers", "CEO Acme", "the robotics", "zeppelins", "rivers", " ")
        found = [ids(await recalled(call, query=query)) for query in asked]
    assert found == [[river], [acme], [companies, acme], [], [river], [companies, acme, river]]


async def test_scopes_know_nothing_of_each_other(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        mine = await task(call, RIVER)
        theirs = await task(call, {"question": RIVER}, memory_scope_key="team-a")
        companies = await findall(call, memory_scope_key="team-a")
        assert ids(await recalled(call)) == [mine]
        assert ids(await recalled(call, memory_scope_key="team-a")) == [companies, theirs]
        assert ids(await recalled(call, memory_scope_key="team")) == []
        assert (await call.post(CLEAR, {"memory_scope_key": "team-a"})).status_code == 204
        assert ids(await recalled(call, memory_scope_key="team-a")) == []
        assert ids(await recalled(call)) == [mine]


async def test_forgetting_leaves_the_runs(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        river, acme = await task(call, RIVER), await task(call, ACME)
        for _ in range(2):
            assert (await call.post(EVICT, {"kind": "task", "id": river})).status_code == 204
        assert (await call.post(EVICT, {"kind": "findall", "id": acme})).status_code == 204
        assert ids(await recalled(call)) == [acme]
        assert (await call.post(CLEAR, {})).status_code == 204
        assert (await call.post(CLEAR, raw=b"")).status_code == 204
        assert await recalled(call) == []
        assert (await call.get(f"/v1/tasks/runs/{river}/result")).status_code == 200


async def test_a_run_of_a_group_is_remembered_and_outlives_a_restart(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        group = (await call.post("/v1/tasks/groups", {})).json()["taskgroup_id"]
        inputs = [{"input": RIVER, "processor": "lite", "memory_scope_key": "g"}]
        added = await call.post(f"/v1/tasks/groups/{group}/runs", {"inputs": inputs})
        await call.events(f"/v1/tasks/groups/{group}/events")
    async with engine(tmp_path) as call:
        assert ids(await recalled(call, memory_scope_key="g")) == added.json()["run_ids"]


async def test_a_run_that_completes_again_is_remembered_once(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        companies = await findall(call)
        schema = {"type": "object", "properties": {"ceo": {"type": "string"}}, "required": ["ceo"]}
        enrichment = {"output_schema": {"type": "json", "json_schema": schema}, "processor": "lite"}
        path = f"/v1beta/findall/runs/{companies}"
        assert (await call.post(path + "/enrich", enrichment)).status_code == 200
        await call.events(path + "/events")
        assert ids(await recalled(call)) == [companies]


async def test_monitors_are_remembered_with_what_they_told(tmp_path: Path) -> None:
    docs = write_documents(tmp_path / "docs")
    async with engine(tmp_path, docs=docs) as call:
        river = await made(call, stream(RIVER, include_backfill=True))
        silent = await made(call, stream("How many steps has the lighthouse?"))
        first = await recalled(call, kind="monitor")
        (docs / "new.md").write_text("# Dams\n\nThe Amber River is 431 kilometers long since the new dam.\n")
        call.engine.library.refresh()
        await triggered(call, river)
        every = await recalled(call)
        dam = await recalled(call, query="431")
        steps = await recalled(call, query="lighthouse steps")
        events = (await call.get(f"/v1/monitors/{river}/events")).json()["events"]
    assert ids(first) == [silent, river]
    assert ids(every) == [river, silent]
    assert [item["status"] for item in every] == ["active", "active"]
    assert every[0]["input_excerpt"] == RIVER
    told = every[0]["matched_events"]
    assert [one["event_id"] for one in told] == [event["event_id"] for event in events]
    assert [one["event_group_id"] for one in told] == [event["event_group_id"] for event in events]
    assert "431 kilometers" in told[0]["excerpt"]
    assert every[1]["matched_events"] == []
    assert (ids(dam), dam[0]["matched_events"]) == ([river], [told[0]])
    assert ids(steps) == [silent]


async def test_a_monitor_that_ended_is_remembered_as_that_and_can_be_forgotten(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        ours = await made(call, {**stream(include_backfill=True), "memory_scope_key": "team-a"})
        theirs = await made(call, stream(include_backfill=True))
        assert ids(await recalled(call)) == [theirs]
        await call.post(f"/v1/monitors/{ours}/cancel")
        [item] = await recalled(call, memory_scope_key="team-a")
        assert (item["id"], item["status"]) == (ours, "cancelled")
        await call.post(EVICT, {"kind": "monitor", "id": theirs})
        assert await recalled(call) == []
        await triggered(call, theirs)
        [again] = await recalled(call)
        assert (again["id"], again["matched_events"]) == (theirs, [])
    async with engine(tmp_path) as call:
        assert ids(await recalled(call, memory_scope_key="team-a", kind="monitor")) == [ours]


async def test_a_snapshot_is_remembered_by_the_fields_that_changed(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "fees.md").write_text("# Fees\n\nThe entrance fee is 12 euros.\n")
    schema = {
        "type": "object",
        "properties": {"entrance_fee": {"type": "string"}},
        "required": ["entrance_fee"],
    }
    spec = {"output_schema": {"type": "json", "json_schema": schema}}
    async with engine(tmp_path, docs=docs) as call:
        run_id = await task(call, "What is the entrance fee?", task_spec=spec, memory_scope_key="tasks")
        body = {"type": "snapshot", "frequency": "1d", "settings": {"task_run_id": run_id}}
        monitor = await made(call, body)
        (docs / "fees.md").write_text("# Fees\n\nThe entrance fee is 15 euros.\n")
        call.engine.library.refresh()
        await triggered(call, monitor)
        [item] = await recalled(call, query="entrance fee")
    assert (item["id"], item["input_excerpt"]) == (monitor, "What is the entrance fee?")
    assert [event["excerpt"] for event in item["matched_events"]] == ['{"entrance_fee":"15 euros"}']


async def test_what_is_unfinished_or_cancelled_is_not_remembered(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        await call.post("/v1/tasks/runs", {"input": RIVER, "processor": "lite"})
        findall_id = (await call.post("/v1beta/findall/runs", FINDALL)).json()["findall_id"]
        assert (await call.post(f"/v1beta/findall/runs/{findall_id}/cancel")).status_code == 204
        assert await recalled(call) == []


async def test_only_what_is_younger(tmp_path: Path) -> None:
    clock = ManualClock()
    async with asyncio.timeout(60), engine(tmp_path, clock=clock) as call:
        await task(call, RIVER)
        clock.advance(3600)
        acme = await task(call, ACME)
        since = ("2026-11-01T13:00:00Z", "2026-11-01T14:00:00+01:00", "2026-11-01T13:00:00.000000Z")
        for moment in since:
            assert ids(await recalled(call, since=moment)) == [acme]
        assert await recalled(call, since="2026-11-01T13:00:01Z") == []
        assert len(await recalled(call, since="2020-01-01T00:00:00Z")) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RETRIEVE, {"query": "x" * 501}),
        (RETRIEVE, {"limit": 0}),
        (RETRIEVE, {"limit": 26}),
        (RETRIEVE, {"kind": "search"}),
        (RETRIEVE, {"since": "yesterday"}),
        (RETRIEVE, {"since": "2026-11-01T12:00:00"}),
        (RETRIEVE, {"since": "2026-11-01"}),
        (RETRIEVE, {"memory_scope_key": "a b"}),
        (RETRIEVE, {"memory_scope_key": ""}),
        (RETRIEVE, {"memory_scope_key": "x" * 129}),
        (CLEAR, {"memory_scope_key": "a/b"}),
        (CLEAR, []),
        (EVICT, {}),
        (EVICT, {"kind": "task"}),
        (EVICT, {"kind": "search", "id": "trun_1"}),
        (EVICT, {"kind": "task", "id": "x" * 129}),
    ],
)
async def test_what_breaks_the_schema(tmp_path: Path, path: str, body: object) -> None:
    async with engine(tmp_path, workers=0) as call:
        answer = await call.post(path, body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"
