"""What a caller of the engine can make it work on has a bound: schemas, questions, conditions, lists of inputs."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from local_engine import engine

from parallel_local.documents.html import read_html
from parallel_local.documents.markdown import passages
from support.loop_lag import LoopLag

LIMIT = 0.5  # seconds of one turn, the test's own part of it included


def task(value: object, schema: object) -> dict[str, object]:
    """A task whose input has a schema of its own."""
    spec = {"output_schema": "a text", "input_schema": {"type": "json", "json_schema": schema}}
    return {"processor": "base", "input": value, "task_spec": spec}


def doubling(steps: int) -> dict[str, object]:
    """A schema that leads twice to the next one, so many times."""
    definitions: dict[str, object] = {
        f"a{step}": {"allOf": [{"$ref": f"#/$defs/a{step + 1}"}] * 2} for step in range(steps)
    }
    return {"$defs": {**definitions, f"a{steps}": {}}, "$ref": "#/$defs/a0"}


SCHEMAS = {
    "a pattern": ({"a": "a" * 60 + "!"}, {"properties": {"a": {"pattern": "^(a+)+$"}}}, "it has pattern"),
    "patterns of names": ({"a" * 60 + "!": 1}, {"patternProperties": {"^(a+)+$": {}}}, "it has patternProp"),
    "references that double": ({"a": 1}, doubling(14), "it has $ref"),
    "a reference to itself": ({"a": 1}, {"$ref": "#"}, "it has $ref"),
    "another dialect": ({"a": 1}, {"$schema": "http://127.0.0.1:9/x"}, "it has $schema"),
    "many schemas": ({"a": 1}, {"properties": {str(n): {} for n in range(1200)}}, "more than 100 parts"),
    "long both": (
        {"a": [1] * 8000},
        {"properties": {"a": {"items": {"allOf": [{}] * 90}}}},
        "together they are too large",
    ),
}


@pytest.mark.parametrize(("value", "schema", "said"), SCHEMAS.values(), ids=SCHEMAS.keys())
async def test_an_input_schema_that_would_take_long_is_remarked_on(
    tmp_path: Path, value: object, schema: object, said: str
) -> None:
    async with engine(tmp_path, workers=0) as call, LoopLag() as lag:
        answer = await call.post("/v1/tasks/runs", task(value, schema))
    assert answer.status_code == 202
    assert said in answer.json()["warnings"][0]["message"]
    assert lag.worst < LIMIT


async def test_a_schema_leads_to_no_other_machine(tmp_path: Path) -> None:
    met: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    asked = task({"a": 1}, {"properties": {"a": {"$ref": f"http://127.0.0.1:{port}/x"}}})
    async with server, engine(tmp_path, workers=0) as call:
        answer = await asyncio.wait_for(call.post("/v1/tasks/runs", asked), 60)
    assert answer.status_code == 202
    assert met == []


async def test_what_fits_and_what_does_not_is_still_told(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    async with engine(tmp_path, workers=0) as call:
        good = await call.post("/v1/tasks/runs", task({"a": 1}, schema))
        bad = await call.post("/v1/tasks/runs", task({"a": "x"}, schema))
    assert not good.json().get("warnings")
    assert "does not match" in bad.json()["warnings"][0]["message"]


NULLS = {"type": "object", "properties": {"a": {"anyOf": [{"type": "null"}] * 30_000}}}
LONG = "word " * 1_000_000
FINDALL = {
    "objective": "x",
    "entity_type": "companies",
    "generator": "core",
    "match_limit": 5,
    "match_conditions": [{"name": "a", "description": "b"}],
}

REFUSED = {
    "schemas in a schema": (
        "/v1/chat/completions",
        {
            "model": "base",
            "messages": [{"role": "user", "content": "x"}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": NULLS}},
        },
        "more than 1000 schemas",
    ),
    "a long task's schema": (
        "/v1/tasks/runs",
        {
            "processor": "base",
            "input": "x",
            "task_spec": {"output_schema": {"type": "json", "json_schema": NULLS}},
        },
        "15000 characters",
    ),
    "a question": (
        "/v1/chat/completions",
        {"model": "speed", "messages": [{"role": "user", "content": LONG}]},
        "25000 characters",
    ),
    "conditions": (
        "/v1beta/findall/runs",
        {**FINDALL, "match_conditions": FINDALL["match_conditions"] * 20_000},  # type: ignore[operator]
        "at most 50 conditions",
    ),
    "a condition": (
        "/v1beta/findall/runs",
        {**FINDALL, "match_conditions": [{"name": "a", "description": LONG}]},
        "5000 characters",
    ),
    "a kind": ("/v1beta/findall/runs", {**FINDALL, "entity_type": LONG}, "500 characters"),
    "metadata": (
        "/v1/tasks/runs",
        {"processor": "base", "input": "x", "metadata": {str(number): "x" for number in range(90_000)}},
        "at most 100 entries",
    ),
    "domains": (
        "/v1/search",
        {
            "search_queries": ["x"],
            "advanced_settings": {"source_policy": {"include_domains": ["a.b" * 100] * 90_000}},
        },
        "200 domains",
    ),
}


@pytest.mark.parametrize(("path", "body", "said"), REFUSED.values(), ids=REFUSED.keys())
async def test_more_than_anybody_means_is_refused_at_once(
    tmp_path: Path, path: str, body: dict[str, object], said: str
) -> None:
    async with engine(tmp_path, workers=0) as call, LoopLag() as lag:
        answer = await call.post(path, body)
    assert answer.status_code == 422
    assert said in answer.text
    assert lag.worst < LIMIT


async def test_unknown_keys_are_remarked_on_up_to_a_number(tmp_path: Path) -> None:
    asked = {"processor": "base", "input": "x", **{f"key{number}": 1 for number in range(50_000)}}
    async with engine(tmp_path, workers=0) as call, LoopLag() as lag:
        answer = await call.post("/v1/tasks/runs", asked)
    assert answer.status_code == 202
    assert len(answer.json()["warnings"]) == 20
    assert lag.worst < LIMIT


async def test_a_list_of_tasks_lets_others_have_their_turns(tmp_path: Path) -> None:
    schema: dict[str, object] = {"properties": {"a": {"items": {"allOf": [{}] * 60}}}}
    inputs = [task({"a": [1] * 40}, schema) for _ in range(20)]
    async with engine(tmp_path, workers=0) as call:
        group = (await call.post("/v1/tasks/groups", {})).json()["taskgroup_id"]
        async with LoopLag() as lag:
            answer = await call.post(f"/v1/tasks/groups/{group}/runs", {"inputs": inputs})
    assert answer.status_code == 200, answer.text
    assert lag.worst < LIMIT


@pytest.mark.parametrize("unit", ["<a ", "<div ", '<a a="', "<!--", "</", "<b a"])
def test_a_page_of_open_tags_is_read_in_time(unit: str) -> None:
    begun = time.thread_time()
    assert read_html("<p>before</p>" + unit * (100_000 // len(unit))).text == "before"
    assert time.thread_time() - begun < 2


@pytest.mark.parametrize("unit", ["# ", " #", "[", "[a](", "* "])
def test_a_long_line_is_no_heading(unit: str) -> None:
    text = "# a" + unit * (100_000 // len(unit)) + "!"
    begun = time.thread_time()
    assert "".join(part.text for part in passages(text)).replace(" ", "") == text.replace(" ", "")
    assert time.thread_time() - begun < 2
