"""Snapshot monitors: a task carried out again, and the fields that changed (Parallel 2.13)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_engine import DOCUMENTS, Caller, engine
from local_monitors import Json, changed, events, made, triggered

from parallel_local.monitors.telling import changed_part
from parallel_local.wire.common import FieldBasis
from parallel_local.wire.tasks import JsonOutput, TextOutput

SCHEMA: Json = {
    "type": "object",
    "properties": {"ceo": {"type": ["string", "null"]}, "employees": {"type": ["integer", "null"]}},
    "required": ["ceo", "employees"],
    "additionalProperties": False,
}
TASK: Json = {
    "input": {"company": "Acme Robotics"},
    "processor": "base",
    "task_spec": {"output_schema": {"type": "json", "json_schema": SCHEMA}},
}


async def completed(call: Caller, body: Json) -> tuple[str, Json]:
    run_id = str((await call.post("/v1/tasks/runs", body)).json()["run_id"])
    return run_id, (await call.get(f"/v1/tasks/runs/{run_id}/result")).json()["output"]


def snapshot(run_id: str) -> Json:
    return {"type": "snapshot", "frequency": "1d", "processor": "base", "settings": {"task_run_id": run_id}}


async def test_only_the_fields_that_changed_are_told(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        run_id, first = await completed(call, TASK)
        monitor = await made(call, snapshot(run_id))
        path = f"/v1/monitors/{monitor}"
        fresh = (await call.get(path)).json()
        assert await events(call, monitor) == []
        text = DOCUMENTS["acme.md"].replace("45 employees", "52 employees")
        (tmp_path / "docs" / "acme.md").write_text(text)
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
        later = (await call.get(path)).json()
        await triggered(call, monitor)
        assert await events(call, monitor) == [event]
    assert fresh["settings"] == {
        "task_run_id": run_id,
        "query": '{"company":"Acme Robotics"}',
        "output_schema": {"type": "json", "json_schema": SCHEMA},
    }
    assert fresh["output"]["latest_snapshot"] == first
    assert event["event_type"] == "snapshot"
    assert event["previous_output"] == first
    part = event["changed_output"]
    assert isinstance(part, dict)
    assert part["content"] == {"employees": 52}
    assert [entry["field"] for entry in part["basis"]] == ["employees"]
    assert "52 employees" in str(part["basis"][0]["citations"])
    assert later["output"]["latest_snapshot"]["content"] == {"ceo": "Ada Fairweather", "employees": 52}


async def test_a_text_is_told_whole(tmp_path: Path) -> None:
    body: Json = {
        "input": "How long is the Amber River?",
        "processor": "base",
        "task_spec": {"output_schema": "answer"},
    }
    async with engine(tmp_path) as call:
        run_id, first = await completed(call, body)
        monitor = await made(call, snapshot(run_id))
        text = DOCUMENTS["rivers.md"].replace("412", "413")
        (tmp_path / "docs" / "rivers.md").write_text(text)
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
    assert event["previous_output"] == first
    assert "413 kilometers" in str(event["changed_output"])


async def test_no_task_runs_appear_by_it(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        run_id, _ = await completed(call, TASK)
        before = (await call.get(f"/v1/tasks/runs/{run_id}")).json()
        trace = await call.events(f"/v1/tasks/runs/{run_id}/events")
        monitor = await made(call, snapshot(run_id))
        await triggered(call, monitor)
        assert (await call.get(f"/v1/tasks/runs/{run_id}")).json() == before
        assert await call.events(f"/v1/tasks/runs/{run_id}/events") == trace


async def test_a_task_that_has_not_completed_is_no_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(tmp_path, workers=0) as call:
        run_id = (await call.post("/v1/tasks/runs", TASK)).json()["run_id"]
        queued = await call.post("/v1/monitors", snapshot(run_id))
    assert queued.status_code == 422
    assert "the task run is queued" in queued.text


async def test_its_settings_cannot_be_changed(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        run_id, _ = await completed(call, TASK)
        monitor = await made(call, snapshot(run_id))
        path = f"/v1/monitors/{monitor}/update"
        for type_ in ("event_stream", "snapshot"):
            assert (await call.post(path, {"type": type_, "settings": {"query": "x"}})).status_code == 422
        assert (await call.post(path, {"frequency": "2d"})).json()["frequency"] == "2d"


def json_output(content: dict[str, object]) -> JsonOutput:
    basis = [FieldBasis(name, str(value)) for name, value in content.items()]
    return JsonOutput(content=content, basis=basis)


values = st.one_of(st.none(), st.integers(0, 3), st.text(max_size=2), st.lists(st.integers(0, 2), max_size=2))
contents = st.dictionaries(st.sampled_from(["a", "b", "c", "d.e"]), values)


@given(contents, contents)
def test_what_changed_and_what_was_before_make_what_is_now(
    before: dict[str, object], now: dict[str, object]
) -> None:
    part = changed_part(json_output(before), json_output(now))
    if part is None:
        assert before == now
        return
    assert isinstance(part, JsonOutput)
    merged = {name: value for name, value in {**before, **part.content}.items() if name in now}
    assert merged == now
    for name, value in part.content.items():
        assert name not in before or before[name] != now.get(name) or name not in now
        assert value == now.get(name)


def test_texts_that_are_the_same_are_no_change() -> None:
    one = TextOutput(content="a", basis=[])
    assert changed_part(one, TextOutput(content="a", basis=[FieldBasis("output", "b")])) is None
    assert changed_part(one, TextOutput(content="b", basis=[])) == TextOutput(content="b", basis=[])
