"""Task suggestions: fields and inputs read out of an intent, processors that are enough for a task."""

from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_contract import Json
from local_engine import Caller, engine

from parallel_local.answers.schema_rules import schema_problems
from parallel_local.runs.suggestions import suggested

SUGGEST = "/v1beta/tasks/suggest"
PROCESSOR = "/v1beta/tasks/suggest-processor"


async def suggestion(call: Caller, intent: str, **rest: object) -> Json:
    answer = await call.post(SUGGEST, {"user_intent": intent, **rest})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def types(schema: object) -> dict[str, object]:
    """The type of each field."""
    properties = cast("dict[str, dict[str, object]]", cast("Json", schema)["properties"])
    return {name: field["type"] for name, field in properties.items()}


@pytest.mark.parametrize(
    ("intent", "output", "inputs"),
    [
        (
            "Find the CEO, the founding year and the number of employees of each company.",
            {"ceo": "string", "founding_year": "integer", "number_of_employees": "integer"},
            {"company": "string"},
        ),
        (
            "For every river, get its length and list of tributaries",
            {"length": "string", "list_of_tributaries": "array"},
            {"river": "string"},
        ),
        ("What is the notice period?", {"notice_period": "string"}, {"query": "string"}),
        (
            "Determine whether the supplier is certified",
            {"supplier_is_certified": "boolean"},
            {"query": "string"},
        ),
        ("How many offices does each of our subsidiaries have?", {"number_of_offices": "integer"}, None),
        ("Wie heißt der Vorstand?", {"answer": "string"}, {"query": "string"}),
    ],
)
async def test_fields_are_read_out_of_the_intent(
    tmp_path: Path, intent: str, output: dict[str, str], inputs: dict[str, str] | None
) -> None:
    async with engine(tmp_path, workers=0) as call:
        found = await suggestion(call, intent)
    assert types(found["output_schema"]) == output
    assert inputs is None or types(found["input_schema"]) == inputs
    assert intent.startswith(str(found["title"])[:20])


async def test_what_cannot_be_read_is_one_field_and_said_so(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        vague = await suggestion(call, "competitors?")
        deed = await suggestion(call, "Send the report to every customer")
    assert types(vague["output_schema"]) == {"answer": "string"}
    assert [one["type"] for one in cast("list[Json]", vague["warnings"])] == ["schema_generalization"]
    assert cast("list[Json]", deed["warnings"])[0]["type"] == "unattainable_task"


async def test_inputs_that_the_intent_names(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        found = await suggestion(call, "Find the CEO of Acme Robotics, Borealis Arms and Cinder Motion")
    assert types(found["output_schema"]) == {"ceo": "string"}
    assert found["inputs"] == [
        {"name": "Acme Robotics"},
        {"name": "Borealis Arms"},
        {"name": "Cinder Motion"},
    ]


async def test_columns_are_the_input(tmp_path: Path) -> None:
    """As `parallel-cli enrich suggest` sends them, and as a previous task."""
    columns = "\n\nInput columns available:\n- company: the name\n- city: where it sits"
    earlier = {"input_schema": {"type": "object", "properties": {"vendor": {"type": "string"}}}}
    async with engine(tmp_path, workers=0) as call:
        listed = await suggestion(call, "Find the CEO" + columns)
        previous = await suggestion(call, "Find the CEO", previous_task=earlier)
    assert types(listed["input_schema"]) == {"company": "string", "city": "string"}
    assert types(listed["output_schema"]) == {"ceo": "string"}
    assert types(previous["input_schema"]) == {"vendor": "string"}


async def test_a_suggested_task_can_be_run(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        found = await suggestion(call, "Find the CEO of Acme Robotics")
        spec = {"output_schema": {"type": "json", "json_schema": found["output_schema"]}}
        given_ = cast("list[Json]", found["inputs"])[0]
        output = await call.run({"input": given_, "processor": "base", "task_spec": spec})
    assert output["content"] == {"ceo": "Ada Fairweather"}


def fields(count: int) -> Json:
    return {"type": "object", "properties": {f"f{n}": {"type": "string"} for n in range(count)}}


@pytest.mark.parametrize(
    ("output", "best"),
    [
        ("a short answer", "base"),
        ({"type": "text", "description": "an answer"}, "base"),
        ({"type": "auto"}, "pro"),
        ({"type": "json", "json_schema": fields(5)}, "base"),
        ({"type": "json", "json_schema": fields(6)}, "core"),
        (fields(3), "base"),
        (fields(11), "pro"),
        (fields(21), "ultra2x"),
        (fields(60), "ultra2x"),
    ],
)
async def test_the_least_processor_that_is_enough_comes_first(
    tmp_path: Path, output: object, best: str
) -> None:
    async with engine(tmp_path, workers=0) as call:
        found = (await call.post(PROCESSOR, {"task_spec": {"output_schema": output}})).json()
    names = found["recommended_processors"]
    assert names[0] == best
    assert len(names) == len(set(names)) == 16


async def test_a_choice_is_kept_to_and_never_lite(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:

        async def chosen(names: list[str]) -> object:
            body = {"task_spec": {"output_schema": fields(8)}, "choose_processors_from": names}
            return (await call.post(PROCESSOR, body)).json()["recommended_processors"]

        assert await chosen(["lite", "base", "pro-fast", "core-fast"]) == ["core-fast", "pro-fast", "base"]
        assert await chosen(["lite", "lite-fast"]) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SUGGEST, {}),
        (SUGGEST, {"user_intent": " "}),
        (SUGGEST, {"user_intent": 5}),
        (SUGGEST, {"user_intent": "x" * 15_001}),
        (SUGGEST, {"user_intent": "x", "previous_task": "y"}),
        (PROCESSOR, {}),
        (PROCESSOR, {"task_spec": {}}),
        (PROCESSOR, {"task_spec": {"output_schema": "x"}, "choose_processors_from": ["huge"]}),
    ],
)
async def test_what_breaks_the_schema(tmp_path: Path, path: str, body: object) -> None:
    async with engine(tmp_path, workers=0) as call:
        assert (await call.post(path, body)).status_code == 422


@given(st.text(max_size=300), st.sampled_from(["", "Find the ", "For each company, get "]))
def test_every_intent_has_a_task_that_the_contract_allows(text: str, before: str) -> None:
    found = suggested(before + text, None)
    assert schema_problems(found.output_schema, ()) == []
    assert schema_problems(found.input_schema, ()) == []
    assert found.title
