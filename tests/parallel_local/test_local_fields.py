"""Named fields of a caller's schema: right or silent, whatever they are called, and always valid."""

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from bench.local.fields import FieldFigures, measure_fields, told
from hypothesis import given, settings
from hypothesis import strategies as st
from local_engine import engine, write_documents

from parallel_local.answers.fill import Filler
from parallel_local.answers.schema_rules import schema_problems
from parallel_local.answers.schema_view import view
from parallel_local.answers.subject import Subject, named_entities
from parallel_local.retrieval.library import Library

HERE = Path(__file__).parent
Schema = dict[str, object]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    base = tmp_path_factory.mktemp("fields")
    opened = Library.open(write_documents(base / "docs"), base / "data")
    yield opened
    opened.close()


def _filled(library: Library, given: object, schema: Schema) -> dict[str, object]:
    text = str(given)
    subject = Subject(text, named_entities(text, library.entities()), given)
    filler = Filler(library, subject, schema, None)
    fields = view(schema, schema).properties()
    return {name: filler.field(name, raw).value for name, raw in fields.items()}


@pytest.mark.parametrize(
    ("table", "exact", "silent"),
    [
        ("field_traps", 0.95, 0.9),
        ("field_traps_more", 0.93, 0.9),
        ("field_traps_third", 0.87, 0.8),
        ("field_traps_fourth", 0.84, 0.7),
        ("field_traps_fifth", 0.8, 0.7),
        ("field_traps_sixth", 0.75, 0.9),
    ],
)
def test_traps(table: str, exact: float, silent: float, tmp_path: Path) -> None:
    """The limits are well above what is promised (.50 exact, 5 % of `high` wrong), so that a step back shows."""
    figures: FieldFigures = measure_fields(HERE / f"{table}.txt", tmp_path)
    lines: list[str] = []
    told(figures, lines.append)
    said = "\n".join(lines)
    assert figures.exact >= exact, said
    assert figures.silent >= silent, said
    assert figures.high_wrong <= 0.02, said
    assert len(figures.high) >= 0.4 * len(figures.answers), said


@pytest.mark.parametrize(
    ("table", "exact", "silent"),
    [
        ("logs", 0.78, 0.85),
        ("estates", 0.84, 0.85),
        ("digs", 0.78, 0.9),
        ("clinic", 0.69, 0.85),
        ("parish", 0.63, 0.9),
        ("railways", 0.71, 0.7),
        ("museum", 0.81, 0.8),
        ("walks", 0.79, 0.9),
        ("workshops", 0.69, 0.9),
        ("sport", 0.76, 0.9),
        ("villages", 0.91, 0.9),
        ("cellars", 0.9, 0.9),
        ("dutch", 0.72, 0.9),
        ("papers", 0.77, 0.9),
        ("last", 0.78, 0.9),
    ],
)
def test_traps_of_other_kinds(table: str, exact: float, silent: float, tmp_path: Path) -> None:
    """Papers in six languages. Each was measured before a rule was made for it: what is sure is to be right."""
    figures: FieldFigures = measure_fields(HERE / f"field_traps_{table}.txt", tmp_path)
    lines: list[str] = []
    told(figures, lines.append)
    said = "\n".join(lines)
    assert figures.exact >= exact, said
    assert figures.silent >= silent, said
    assert figures.high_wrong <= 0.03, said
    assert len(figures.high) >= 0.33 * len(figures.answers), said


@pytest.mark.parametrize(
    "name",
    ["who", "when", "answer", "value", "the", "of", "is_it", "wer", "où", "el", "что", "何", "x1", "_", " ", "?",
     "A&B", "a" * 200],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["string", "integer", "boolean"])
async def test_any_name_for_a_field(name: str, kind: str, tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {name: {"type": kind}, "ceo_name": {"type": "string"}},
        "required": [name, "ceo_name"],
        "additionalProperties": False,
    }
    spec = {"task_spec": {"output_schema": {"type": "json", "json_schema": schema}}}
    async with engine(tmp_path) as call:
        output = await call.run({"input": {"company": "Acme Robotics"}, "processor": "base", **spec})
    jsonschema.validate(output["content"], schema)
    content = output["content"]
    assert isinstance(content, dict)
    assert content["ceo_name"] == "Ada Fairweather"


async def test_an_enrichment_of_any_name_keeps_the_matches(tmp_path: Path) -> None:
    wanted = {
        "objective": "Find robotics companies that raised money",
        "entity_type": "companies",
        "match_conditions": [{"name": "raised", "description": "Company must have raised money."}],
        "generator": "core",
        "match_limit": 5,
    }
    names = ("when", "who", "ceo")
    fields = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }
    schema = {"output_schema": {"type": "json", "json_schema": fields}}
    async with engine(tmp_path) as call:
        created = (await call.post("/v1beta/findall/runs", wanted)).json()
        run = f"/v1beta/findall/runs/{created['findall_id']}"
        await call.events(f"{run}/events")
        assert (await call.post(f"{run}/enrich", schema)).status_code == 200
        await call.events(f"{run}/events")
        result = (await call.get(f"{run}/result")).json()
    matched = [item for item in result["candidates"] if item["match_status"] == "matched"]
    assert result["run"]["status"]["status"] == "completed"
    assert matched
    assert all(set(names) <= set(item["output"]) for item in matched)


async def test_what_was_not_found_and_cannot_be_null_is_warned_of(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {
            "employees": {"type": "integer"},
            "patents": {"type": "integer"},
            "motto": {"type": ["string", "null"]},
            "seat": {"type": "object", "properties": {"street": {"type": "string"}}, "required": ["street"]},
        },
        "required": ["employees", "patents", "motto", "seat"],
        "additionalProperties": False,
    }
    spec = {"task_spec": {"output_schema": {"type": "json", "json_schema": schema}}}
    async with engine(tmp_path) as call:
        created = await call.post(
            "/v1/tasks/runs", {"input": {"company": "Acme Robotics"}, "processor": "base", **spec}
        )
        result = (await call.get(f"/v1/tasks/runs/{created.json()['run_id']}/result")).json()
    told_of = [notice["detail"]["field"] for notice in result["run"]["warnings"] if notice.get("detail")]
    assert told_of == ["patents", "seat.street"]
    content, basis = (
        result["output"]["content"],
        {entry["field"]: entry for entry in result["output"]["basis"]},
    )
    jsonschema.validate(content, schema)
    assert (content["employees"], content["motto"]) == (45, None)
    assert basis["patents"]["confidence"] == "low"
    assert "stands for nothing" in basis["patents"]["reasoning"]
    assert basis["patents"]["citations"] == []


NAMES = st.sampled_from(
    ["ceo", "employees", "founded_year", "who", "raised_money", "amount", "investors", "length_km", "website", "x",
     "the", "être"]
)  # fmt: skip
LEAVES = st.one_of(
    st.sampled_from(["string", "integer", "number", "boolean"]).map(lambda kind: {"type": kind}),
    st.sampled_from(["string", "integer", "number", "boolean"]).map(lambda kind: {"type": [kind, "null"]}),
    st.lists(st.sampled_from(["seed", "growth", "A", "2019", "other"]), min_size=1, unique=True).map(
        lambda options: {"type": "string", "enum": options}
    ),
    st.lists(st.integers(-5, 2020), min_size=1, max_size=4, unique=True).map(
        lambda options: {"enum": options}
    ),
    st.sampled_from(["fixed", 7, True, None]).map(lambda value: {"const": value}),
    st.sampled_from([{}, {"$ref": "#/$defs/leaf"}, {"anyOf": [{"$ref": "#/$defs/leaf"}, {"type": "null"}]}]),
    st.just({"type": "string", "description": "The date in ISO format (YYYY-MM-DD), in millions of USD"}),
)


def _deeper(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    properties = st.dictionaries(NAMES, inner, max_size=4)
    return st.one_of(
        inner.map(lambda node: {"type": "array", "items": node}),
        inner.map(lambda node: {"anyOf": [node, {"type": "null"}]}),
        inner.map(lambda node: {"allOf": [node], "description": "of it"}),
        properties.map(
            lambda fields: {
                "type": "object",
                "properties": fields,
                "required": sorted(fields)[:2],
                "additionalProperties": False,
            }
        ),
    )


NODES: st.SearchStrategy[Schema] = st.recursive(LEAVES, _deeper, max_leaves=6)


@settings(max_examples=120, deadline=None, derandomize=True)  # the law was searched widely; here it is held
@given(st.dictionaries(NAMES, NODES, min_size=1, max_size=4), st.booleans())
def test_every_output_is_valid(library: Library, fields: dict[str, Schema], named: bool) -> None:
    schema: Schema = {
        "$defs": {"leaf": {"type": "integer"}},
        "type": "object",
        "properties": fields,
        "required": sorted(fields),
        "additionalProperties": False,
    }
    if schema_problems(schema, ()):
        return
    given_ = {"company": "Acme Robotics"} if named else "What is known of it, and who says so?"
    jsonschema.validate(_filled(library, given_, schema), schema)
