"""FindAll: reading objectives, running, changing and cancelling runs, and their events."""

import asyncio
import threading
from pathlib import Path

import pytest
from local_clock import ManualClock
from local_engine import Caller, engine

from parallel_local.findall.objective import read_objective
from parallel_local.findall.verdicts import judged

RUNS = "/v1beta/findall/runs"


def wanted(**changes: object) -> dict[str, object]:
    return {
        "objective": "Find robotics companies that recently raised money",
        "entity_type": "companies",
        "match_conditions": [{"name": "raised", "description": "Company must have recently raised money."}],
        "generator": "core",
        "match_limit": 5,
        **changes,
    }


def fields(*names: str) -> dict[str, object]:
    properties = {name: {"type": "string"} for name in names}
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(names),
        "additionalProperties": False,
    }
    return {"output_schema": {"type": "json", "json_schema": schema}}


async def new_run(call: Caller, **changes: object) -> str:
    response = await call.post(RUNS, wanted(**changes))
    assert response.status_code == 200, response.text
    assert response.json()["status"]["status"] == "queued"
    return f"{RUNS}/{response.json()['findall_id']}"


@pytest.mark.parametrize(
    ("text", "noun", "conditions", "asked"),
    [
        (
            "Find all AI companies that recently raised money and get their website, CEO name, and CTO name.",
            "companies",
            ["AI companies", "recently raised money"],
            ["website", "CEO name", "CTO name"],
        ),
        (
            "FindAll portfolio companies of Khosla Ventures founded after 2020",
            "companies",
            ["portfolio companies", "of Khosla Ventures", "founded after 2020"],
            [],
        ),
        (
            "Give me a list of law firms based in Berlin and specialised in tax; return their phone & size",
            "firms",
            ["law firms", "based in Berlin", "specialised in tax"],
            ["phone", "size"],
        ),
        ("dentists in Ohio", "dentists", ["in Ohio"], []),
        ("volcanoes", "volcanoes", ["one of the volcanoes"], []),
        ("?!", "entities", ["one of the entities"], []),
    ],
)
def test_objectives_are_taken_apart(text: str, noun: str, conditions: list[str], asked: list[str]) -> None:
    parts = read_objective(text)
    assert parts.entity_type == noun
    assert len(parts.conditions) == len(conditions)
    for condition, expected in zip(parts.conditions, conditions, strict=True):
        assert expected in condition.description
    assert list(parts.fields) == asked


@pytest.mark.parametrize("key", ["objective", "query"])
async def test_ingest(tmp_path: Path, key: str) -> None:
    async with engine(tmp_path) as call:
        body = (
            await call.post("/v1beta/findall/ingest", {key: "Find dams in Veldland and get their height"})
        ).json()
    assert body["entity_type"] == "dams"
    assert body["match_conditions"]
    schema = body["enrichments"][0]["output_schema"]["json_schema"]
    assert list(schema["properties"]) == ["height"]
    assert ("warnings" in body) == (key == "query")


@pytest.mark.parametrize("body", [{}, {"objective": ""}, {"objective": 5}, {"objective": "x" * 5001}, []])
async def test_ingest_refusals(tmp_path: Path, body: object) -> None:
    async with engine(tmp_path) as call:
        response = await call.post("/v1beta/findall/ingest", body)
    assert response.status_code == 422
    assert response.json()["detail"]


async def test_run_judges_every_candidate_with_evidence(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        run = await new_run(call)
        events = await call.events(f"{run}/events")
        result = (await call.get(f"{run}/result")).json()
    assert result["run"]["status"]["status"] == "completed"
    assert result["run"]["status"]["termination_reason"] == "candidates_exhausted"
    states = {candidate["name"]: candidate["match_status"] for candidate in result["candidates"]}
    assert states == {"Acme Robotics": "matched", "Borealis Arms": "unmatched", "Cinder Motion": "unmatched"}
    acme = next(candidate for candidate in result["candidates"] if candidate["name"] == "Acme Robotics")
    assert acme["output"]["raised"] == {"value": "yes", "type": "match_condition", "is_matched": True}
    assert "$12 million" in acme["basis"][0]["citations"][0]["excerpts"][0]
    assert result["last_event_id"] == events[-1]["event_id"]
    assert [event["data"]["status"]["status"] for event in (events[0], events[-1])] == [  # type: ignore[index]
        "queued",
        "completed",
    ]


async def test_enrichment_queues_the_run_again(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        run = await new_run(call)
        await call.events(f"{run}/events")
        before = (await call.get(f"{run}/result")).json()["last_event_id"]
        schema = (await call.post(f"{run}/enrich", fields("ceo_name", "website"))).json()
        events = await call.events(f"{run}/events", last_event_id=before)
        result = (await call.get(f"{run}/result")).json()
        kept = (await call.get(f"{run}/schema")).json()
    kinds = [event["type"] for event in events]
    assert schema == kept
    assert len(schema["enrichments"]) == 1
    assert kinds[0] == "findall.schema.updated"
    assert "findall.candidate.enriched" in kinds
    assert events[-1]["data"]["status"]["status"] == "completed"  # type: ignore[index]
    acme = next(candidate for candidate in result["candidates"] if candidate["name"] == "Acme Robotics")
    assert acme["output"]["ceo_name"] == {"value": "Ada Fairweather", "type": "enrichment"}
    assert acme["output"]["website"]["value"] == "https://acme.example"
    assert {entry["field"] for entry in acme["basis"]} == {"raised", "ceo_name", "website"}


async def test_tool_servers_of_an_enrichment_are_named_in_a_warning_and_keep_no_secrets(
    tmp_path: Path,
) -> None:
    servers = [{"url": "https://tools.example", "name": "tools", "headers": {"authorization": "hush"}}]
    async with engine(tmp_path, workers=0) as call:
        run = await new_run(call)
        answer = await call.post(f"{run}/enrich", {**fields("ceo_name"), "mcp_servers": servers})
        kept = await call.get(f"{run}/schema")
        plain = (await call.post(f"{run}/enrich", fields("website"))).json()
        many = await call.post(f"{run}/enrich", {**fields("website"), "mcp_servers": servers * 11})
    assert [warning["message"] for warning in answer.json()["warnings"]] == [
        "MCP servers are not called by this engine: tools"
    ]
    assert "warnings" not in plain
    assert many.status_code == 422
    assert "tools.example" in kept.text
    assert "hush" not in answer.text + kept.text


async def test_a_field_that_is_asked_for_twice_has_one_basis(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        run = await new_run(call)
        for _ in range(2):
            await call.post(f"{run}/enrich", fields("ceo_name"))
            await call.events(f"{run}/events")
        candidates = (await call.get(f"{run}/result")).json()["candidates"]
    acme = next(candidate for candidate in candidates if candidate["name"] == "Acme Robotics")
    assert [entry["field"] for entry in acme["basis"]] == ["raised", "ceo_name"]


async def test_a_run_changed_while_queued_is_worked_on_once(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=4) as call:
        run = await new_run(call)
        await asyncio.gather(*(call.post(f"{run}/enrich", fields(name)) for name in ("ceo", "website")))
        await call.events(f"{run}/events")
        candidates = (await call.get(f"{run}/result")).json()["candidates"]
    assert sorted(item["name"] for item in candidates) == ["Acme Robotics", "Borealis Arms", "Cinder Motion"]
    matched = next(item for item in candidates if item["match_status"] == "matched")
    assert set(matched["output"]) == {"raised", "ceo", "website"}


async def test_excluded_candidates_stay_out(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        run = await new_run(call, exclude_list=[{"name": "acme robotics", "url": ""}])
        await call.events(f"{run}/events")
        names = [item["name"] for item in (await call.get(f"{run}/result")).json()["candidates"]]
    assert names == ["Borealis Arms", "Cinder Motion"]


async def test_match_limit_and_extension(tmp_path: Path) -> None:
    docs = tmp_path / "many"
    docs.mkdir()
    rows = "\n".join(f"| Firm {number} | yes |" for number in range(9))
    (docs / "firms.md").write_text(f"# Firms\n\n| Company | Audited |\n| --- | --- |\n{rows}\n")
    condition = [{"name": "audited", "description": "Audited"}]
    async with engine(tmp_path, docs=docs) as call:
        run = await new_run(call, match_conditions=condition)
        await call.events(f"{run}/events")
        first = (await call.get(run)).json()["status"]
        assert (await call.post(f"{run}/extend", {"additional_match_limit": 996})).status_code == 422
        assert (await call.post(f"{run}/extend", {"additional_match_limit": 0})).status_code == 422
        schema = (await call.post(f"{run}/extend", {"additional_match_limit": 10})).json()
        await call.events(f"{run}/events")
        second = (await call.get(run)).json()["status"]
        assert (await call.post(f"{run}/extend", {"additional_match_limit": 1})).status_code == 422
    assert (first["termination_reason"], first["metrics"]["matched_candidates_count"]) == (
        "match_limit_met",
        5,
    )
    assert schema["match_limit"] == 15
    assert (second["termination_reason"], second["metrics"]["matched_candidates_count"]) == (
        "candidates_exhausted",
        9,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"match_limit": 4},
        {"match_limit": 1001},
        {"generator": "preview", "match_limit": 11},
        {"generator": "turbo"},
        {"match_conditions": []},
        {"match_conditions": [{"name": "x"}]},
        {"entity_type": " "},
        {"exclude_list": [{"name": "x"}]},
        {"objective": None},
    ],
)
async def test_run_refusals(tmp_path: Path, changes: dict[str, object]) -> None:
    async with engine(tmp_path, workers=0) as call:
        assert (await call.post(RUNS, wanted(**changes))).status_code == 422


async def test_cancelling(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        run = await new_run(call)
        assert (await call.post(f"{run}/cancel")).status_code == 204
        status = (await call.get(run)).json()["status"]
        assert (await call.post(f"{run}/cancel")).status_code == 409
        assert (await call.post(f"{RUNS}/findall_x/cancel")).status_code == 404
    assert (status["status"], status["is_active"]) == ("cancelled", False)
    assert status["termination_reason"] == "user_cancelled"


async def test_cancelling_while_a_candidate_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def held(*given: object) -> object:
        begun.set()
        assert go_on.wait(30)
        return judged(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("parallel_local.runs.findall.judged", held)
    async with engine(tmp_path) as call:
        run = await new_run(call)
        assert await asyncio.to_thread(begun.wait, 30)
        assert (await call.post(f"{run}/cancel")).status_code == 204
        go_on.set()
        later = await new_run(call)
        assert (await call.events(f"{later}/events"))[-1]["data"]["status"]["status"] == "completed"  # type: ignore[index]
        events = await call.events(f"{run}/events")
        result = (await call.get(f"{run}/result")).json()
    assert [event["type"] for event in events] == [
        "findall.status",
        "findall.status",
        "findall.candidate.generated",
        "findall.status",
    ]
    assert result["run"]["status"]["status"] == "cancelled"
    assert [item["match_status"] for item in result["candidates"]] == ["generated"]


async def test_preview_runs_cannot_be_extended(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        run = await new_run(call, generator="preview")
        assert (await call.post(f"{run}/extend", {"additional_match_limit": 1})).status_code == 422
        assert (await call.post(f"{run}/enrich", fields("x"))).status_code == 200
        bad = {"output_schema": {"json_schema": {"type": "string"}}}
        assert (await call.post(f"{run}/enrich", bad)).status_code == 422
        assert (await call.post(f"{run}/enrich", {**fields("x"), "processor": "?"})).status_code == 422


async def test_unknown_ids(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        for tail in ("", "/result", "/schema", "/events"):
            assert (await call.get(f"{RUNS}/findall_x{tail}")).status_code == 404
            assert (await call.get(f"{RUNS}/elephant{tail}")).status_code == 422
        assert (await call.post(f"{RUNS}/findall_x/enrich", fields("x"))).status_code == 404
        assert (await call.post(f"{RUNS}/findall_x/extend", {"additional_match_limit": 1})).status_code == 404


async def test_heartbeat_comes_within_ten_seconds(tmp_path: Path) -> None:
    clock = ManualClock()
    async with engine(tmp_path, workers=0, clock=clock) as call:
        run = await new_run(call)
        stream = asyncio.create_task(call.events(f"{run}/events", timeout=25))
        for _ in range(3):
            await clock.sleepers(1)
            clock.advance(10)
        events = await stream
    assert [event["type"] for event in events] == ["findall.status"] * 3
    assert str(events[1]["event_id"]).startswith("heartbeat_")


async def test_runs_survive_a_restart(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        run = await new_run(call)
    async with engine(tmp_path) as call:
        await call.events(f"{run}/events")
        status = (await call.get(run)).json()["status"]
    assert status["status"] == "completed"


@pytest.mark.parametrize(("kind", "expected"), [("companies", {"Acme Robotics"}), ("people", set())])
async def test_entity_search(tmp_path: Path, kind: str, expected: set[str]) -> None:
    async with engine(tmp_path) as call:
        ask = {"entity_type": kind, "objective": "companies that recently raised money", "match_limit": 5}
        body = (await call.post("/v1beta/findall/entity-search", ask)).json()
        assert (
            await call.post("/v1beta/findall/entity-search", {**ask, "match_limit": 4})
        ).status_code == 422
    assert {entity["name"] for entity in body["entities"]} == expected
