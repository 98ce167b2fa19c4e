"""Task runs: creation, states, results, outputs with their evidence, events, and life across restarts."""

import asyncio
from pathlib import Path

import pytest
from local_clock import ManualClock
from local_engine import DOCUMENTS, engine

TEXT = {"task_spec": {"output_schema": "answer"}}


def ask(text: object, processor: object = "base", /, **rest: object) -> dict[str, object]:
    return {"input": text, "processor": processor, **rest}


def json_spec(**properties: object) -> dict[str, object]:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"task_spec": {"output_schema": {"type": "json", "json_schema": schema}}}


async def test_creation(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        response = await call.post("/v1/tasks/runs?beta=true", ask("Amber River"), beta="no-such-beta")
        run = response.json()
        same = (await call.get(f"/v1/tasks/runs/{run['run_id']}")).json()
    assert response.status_code == 202
    assert run["interaction_id"] == run["run_id"]
    assert (run["status"], run["is_active"]) == ("queued", True)
    assert same == run


@pytest.mark.parametrize("processor", ["lite", "base-fast", "core2x", "pro", "ultra8x-fast"])
async def test_every_processor_is_known(tmp_path: Path, processor: str) -> None:
    async with engine(tmp_path, workers=0) as call:
        assert (await call.post("/v1/tasks/runs", ask("x", processor))).status_code == 202


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"input": "x", "processor": "mega"}, 403),
        ({"processor": "base"}, 422),
        ({"input": "x"}, 422),
        ({"input": "", "processor": "base"}, 422),
        ({"input": 5, "processor": "base"}, 422),
        (ask("x" * 25_001), 422),
        (ask("x", metadata={"k" * 17: "v"}), 422),
        (ask("x", metadata={"k": "v" * 513}), 422),
        (ask("x", memory_scope_key="with blank"), 422),
        (ask("x", mcp_servers=[{"name": "n", "url": "u"}] * 11), 422),
        (ask("x", webhook={"url": "ftp://hook.example"}), 422),
        (ask("x", task_spec={"output_schema": {"type": "strange"}}), 422),
        (ask("x", task_spec={"output_schema": {"type": "json"}}), 422),
        (ask("x", task_spec={"output_schema": {"json_schema": {"type": "array"}}}), 422),
        (ask("x", "base", **json_spec(a={"type": "null"})), 422),
        (ask("x", "base", **json_spec(a={"type": "string", "pattern": "x"})), 422),
        (ask("x", "base", **json_spec(**{f"p{n}": {"type": "string"} for n in range(101)})), 422),
    ],
)
async def test_refusals(tmp_path: Path, body: object, status: int) -> None:
    async with engine(tmp_path, workers=0) as call:
        assert (await call.post("/v1/tasks/runs", body)).status_code == status


async def test_too_deep_schema_is_refused(tmp_path: Path) -> None:
    node: dict[str, object] = {"type": "string"}
    for _ in range(6):
        node = {"type": "object", "properties": {"a": node}}
    async with engine(tmp_path, workers=0) as call:
        spec = {"output_schema": {"json_schema": node}}
        assert (await call.post("/v1/tasks/runs", ask("x", task_spec=spec))).status_code == 422


async def test_remarks_on_accepted_tasks(tmp_path: Path) -> None:
    body = ask(
        {"n": 1},
        output_schema={},
        previous_interaction_id="trun_unknown",
        task_spec={
            "output_schema": {
                "json_schema": {"type": "object", "properties": {"sources": {"type": "string"}}}
            },
            "input_schema": {"json_schema": {"type": "object", "required": ["missing"]}},
        },
    )
    async with engine(tmp_path, workers=0) as call:
        warnings = (await call.post("/v1/tasks/runs", body)).json()["warnings"]
    text = " ".join(warning["message"] for warning in warnings)
    for part in (
        "output_schema",
        "trun_unknown",
        "required",
        "additionalProperties",
        "input_schema",
    ):
        assert part in text


async def test_long_poll_gives_up_with_408(tmp_path: Path) -> None:
    clock = ManualClock()
    async with engine(tmp_path, workers=0, clock=clock) as call:
        run_id = (await call.post("/v1/tasks/runs", ask("x"))).json()["run_id"]
        poll = asyncio.create_task(call.get(f"/v1/tasks/runs/{run_id}/result", timeout=1))
        default = asyncio.create_task(call.get(f"/v1/tasks/runs/{run_id}/result"))
        await clock.sleepers(2)
        clock.advance(1)
        assert (await poll).status_code == 408
        assert not default.done()
        clock.advance(599)
        assert (await default).status_code == 408
        assert (await call.get(f"/v1/tasks/runs/{run_id}/result", timeout=0)).status_code == 408


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/tasks/runs/trun_unknown", 404),
        ("/v1/tasks/runs/trun_unknown/result", 404),
        ("/v1/tasks/runs/trun_unknown/input", 404),
        ("/v1/tasks/runs/trun_unknown/events", 404),
        ("/v1beta/tasks/runs/trun_unknown/events", 404),
        ("/v1/tasks/runs/elephant", 422),
        ("/v1/tasks/runs/trun_unknown/result?timeout=soon", 422),
        ("/v1/tasks/runs/trun_unknown/result?timeout=-1", 422),
        ("/v1/tasks/runs/trun_unknown/result?timeout=nan", 422),
    ],
)
async def test_unknown_and_impossible_ids(tmp_path: Path, path: str, status: int) -> None:
    async with engine(tmp_path, workers=0) as call:
        response = await call.client.get(path)
    assert response.status_code == status
    assert response.json()["type"] == "error"


async def test_failed_run_has_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise ValueError("no index")

    monkeypatch.setattr("parallel_local.runs.tasks.compose", broken)
    async with engine(tmp_path) as call:
        run_id = (await call.post("/v1/tasks/runs", ask("x"))).json()["run_id"]
        assert (await call.get(f"/v1/tasks/runs/{run_id}/result")).status_code == 404
        run = (await call.get(f"/v1/tasks/runs/{run_id}")).json()
        events = await call.events(f"/v1/tasks/runs/{run_id}/events")
    assert (run["status"], run["is_active"]) == ("failed", False)
    assert run["error"]["message"]
    assert events[-1]["output"] is None


async def test_text_output_quotes_verbatim(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        output = await call.run(ask("How long is the Amber River?", **TEXT))
    assert output["type"] == "text"
    assert "412 kilometers" in str(output["content"])
    basis = output["basis"]
    assert isinstance(basis, list)
    assert [entry["field"] for entry in basis] == ["output"]
    assert basis[0]["confidence"] in ("low", "medium", "high")
    for citation in basis[0]["citations"]:
        assert all(any(text in source for source in DOCUMENTS.values()) for text in citation["excerpts"])


async def test_json_output_is_typed_and_every_field_has_a_basis(tmp_path: Path) -> None:
    spec = json_spec(
        ceo_name={"type": "string"},
        founded_year={"type": "integer"},
        employees={"type": "integer"},
        raised_money={"type": "boolean"},
        amount_raised={"type": "number"},
        website={"type": "string"},
        stage={"anyOf": [{"type": "string", "enum": ["seed", "growth"]}, {"type": "null"}]},
        favorite_color={"type": ["string", "null"]},
        home_address={"type": "object", "properties": {"planet": {"type": "string"}}, "required": ["planet"]},
        investments={
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"investor": {"type": "string"}, "amount": {"type": "number"}},
            },
        },
    )
    async with engine(tmp_path) as call:
        output = await call.run(ask({"company": "Acme Robotics"}, **spec))
        beta = await call.run(ask({"company": "Acme Robotics"}, **spec), beta="x, field-basis-2025-11-25")
    content = output["content"]
    assert content == {
        "ceo_name": "Ada Fairweather",
        "founded_year": 2019,
        "employees": 45,
        "raised_money": True,
        "amount_raised": 12_000_000,
        "website": "https://acme.example",
        "stage": None,
        "favorite_color": None,
        "home_address": {"planet": "not found in the documents"},
        "investments": [
            {"investor": "North Fund", "amount": 8_000_000},
            {"investor": "South Fund", "amount": 4_000_000},
        ],
    }
    fields = [entry["field"] for entry in _entries(output)]
    assert fields == list(content)
    sure = {entry["field"]: entry["confidence"] for entry in _entries(output)}
    assert sure["ceo_name"] == "high"
    assert sure["favorite_color"] == "low"
    assert [f for f in (e["field"] for e in _entries(beta)) if "." in str(f)] == [
        "investments.0",
        "investments.1",
    ]


def _entries(output: dict[str, object]) -> list[dict[str, object]]:
    basis = output["basis"]
    assert isinstance(basis, list)
    return basis


@pytest.mark.parametrize("processor", ["base", "ultra"])
async def test_auto_output_describes_itself(tmp_path: Path, processor: str) -> None:
    async with engine(tmp_path) as call:
        output = await call.run(ask("Write a report on Acme Robotics including investors", processor))
    schema, content = output["output_schema"], output["content"]
    assert isinstance(schema, dict)
    assert isinstance(content, dict)
    assert list(schema["properties"]) == list(content) == [entry["field"] for entry in _entries(output)]


async def test_report_has_sections_citations_and_references(tmp_path: Path) -> None:
    text = "Write a detailed report on robotics companies including funding and zeppelin hangars"
    async with engine(tmp_path) as call:
        output = await call.run(ask(text, "ultra", task_spec={"output_schema": {"type": "text"}}))
    report = str(output["content"])
    assert report.startswith("# Robotics companies")
    assert "## Funding" in report
    assert "## Not found in the documents\n\n- zeppelin hangars" in report
    assert "[1]" in report
    assert "1. " in report.partition("## References")[2]


async def test_nothing_found_is_said(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        output = await call.run(ask("zeppelin maintenance intervals", **TEXT))
    assert "Not found in the documents" in str(output["content"])
    assert _entries(output)[0]["confidence"] == "low"
    assert _entries(output)[0]["citations"] == []


async def test_earlier_interaction_gives_context(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        first = (await call.post("/v1/tasks/runs", ask("Amber River"))).json()
        output = await call.run(ask("What joins?", previous_interaction_id=first["interaction_id"], **TEXT))
    assert "joins in Norwick" in str(output["content"])


async def test_input_comes_back_without_secrets(tmp_path: Path) -> None:
    servers = [{"name": "n", "url": "https://mcp.example", "headers": {"Authorization": "Bearer secret-1"}}]
    async with engine(tmp_path, workers=0) as call:
        run_id = (await call.post("/v1/tasks/runs", ask("x", mcp_servers=servers))).json()["run_id"]
        response = await call.get(f"/v1/tasks/runs/{run_id}/input")
    assert response.json()["input"] == "x"
    assert response.json()["mcp_servers"][0]["headers"] == {"Authorization": "[redacted]"}
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"secret-1" not in stored


@pytest.mark.parametrize("version", ["v1", "v1beta"])
async def test_events_begin_and_end_with_the_state(tmp_path: Path, version: str) -> None:
    async with engine(tmp_path) as call:
        created = (await call.post("/v1/tasks/runs", ask("Amber River", "pro", **TEXT))).json()
        events = await call.events(f"/{version}/tasks/runs/{created['run_id']}/events")
    kinds = [str(event["type"]) for event in events]
    assert kinds[0] == kinds[-1] == "task_run.state"
    assert events[-1]["output"]
    assert "task_run.progress_stats" in kinds
    assert "task_run.progress_msg.plan" in kinds
    searches = [str(event["message"]) for event in events if event["type"] == "task_run.progress_msg.search"]
    assert searches
    assert all(text.startswith(("Objective:", "Query:")) for text in searches)


async def test_event_stream_closes_in_time(tmp_path: Path) -> None:
    clock = ManualClock()
    async with engine(tmp_path, workers=0, clock=clock) as call:
        run_id = (await call.post("/v1/tasks/runs", ask("x"))).json()["run_id"]
        stream = asyncio.create_task(call.events(f"/v1/tasks/runs/{run_id}/events"))
        await clock.sleepers(1)
        clock.advance(570)
        events = await stream
    assert [event["type"] for event in events] == ["task_run.state", "task_run.state"]


async def test_runs_survive_a_restart(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        waiting = (await call.post("/v1/tasks/runs", ask("How long is the Amber River?", **TEXT))).json()
    async with engine(tmp_path) as call:
        path = f"/v1/tasks/runs/{waiting['run_id']}"
        finished = (await call.get(path + "/result")).json()
    async with engine(tmp_path, workers=0) as call:
        again = (await call.get(path + "/result")).json()
    assert "412" in finished["output"]["content"]
    assert again == finished
