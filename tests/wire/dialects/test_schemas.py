"""JSON Schemas for targets that do not know all of it, and the bounds of what a caller may send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.dialects.gemini.schema_subset import in_subset
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.schemas import Loss, closed, expanded, fits_strict, sound

Said = tuple[Object, tuple[str, ...]]


def subset(schema: Object) -> Said:
    dropped = Dropped()
    return in_subset(schema, "s", Loss(dropped)), dropped.paths


def sounded(schema: Object) -> Said:
    dropped = Dropped()
    return sound(schema, "s", Loss(dropped)), dropped.paths


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "string"}, {"type": "STRING"}),
        ({"type": "STRING"}, {"type": "STRING"}),
        ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}),
        ({"type": ["string"]}, {"type": "STRING"}),
        ({"const": "a"}, {"type": "STRING", "enum": ["a"]}),
        ({"type": "string", "const": "a"}, {"type": "STRING", "enum": ["a"]}),
        ({"const": 4}, {"type": "INTEGER", "minimum": 4, "maximum": 4}),
        ({"const": None}, {"type": "NULL"}),
        ({"type": "integer", "enum": [3, 1, 2]}, {"type": "INTEGER", "minimum": 1, "maximum": 3}),
        ({"enum": ["a", None]}, {"type": "STRING", "enum": ["a"], "nullable": True}),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "INTEGER", "minimum": 1}),
        ({"type": "integer", "exclusiveMinimum": 0.0}, {"type": "INTEGER", "minimum": 1}),
        ({"type": "integer", "exclusiveMaximum": 9, "maximum": 5}, {"type": "INTEGER", "maximum": 5}),
        ({"type": "integer", "exclusiveMaximum": 5, "maximum": 9}, {"type": "INTEGER", "maximum": 4}),
        ({"type": "integer", "minimum": 3, "exclusiveMinimum": True}, {"type": "INTEGER", "minimum": 4}),
        ({"type": "integer", "minimum": 3, "exclusiveMinimum": False}, {"type": "INTEGER", "minimum": 3}),
        ({"type": "array"}, {"type": "ARRAY", "items": {}}),
        ({"items": {"type": "string"}}, {"type": "ARRAY", "items": {"type": "STRING"}}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "STRING", "nullable": True}),
        (
            {"anyOf": [{"type": "string"}, {"type": "number"}], "default": 3},
            {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}], "default": 3},
        ),
        (
            {"type": ["array", "object"], "items": {"type": "string"}, "properties": {"a": {}}},
            {
                "anyOf": [
                    {"type": "ARRAY", "items": {"type": "STRING"}},
                    {"type": "OBJECT", "properties": {"a": {}}},
                ]
            },
        ),
        (
            {"allOf": [{"properties": {"a": {"type": "string"}}}, {"required": ["a"]}], "title": "t"},
            {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"], "title": "t"},
        ),
        (
            {
                "$ref": "#/$defs/a~1b",
                "description": "d",
                "$defs": {"a/b": {"type": "string", "description": "x"}},
            },
            {"type": "STRING", "description": "d"},
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"$ref": "#/definitions/A"}},
                "definitions": {"A": {"enum": ["x"]}},
            },
            {"type": "OBJECT", "properties": {"a": {"type": "STRING", "enum": ["x"]}}},
        ),
        (
            {"type": "object", "additionalProperties": False, "$schema": "x", "$comment": "y"},
            {"type": "OBJECT"},
        ),
        (
            {"type": "string", "format": "date-time", "minLength": 1},
            {"type": "STRING", "format": "date-time", "minLength": 1},
        ),
    ],
)
def test_what_the_subset_says_with_other_words(schema: Object, wanted: Object) -> None:
    assert subset(schema) == (wanted, ())


@pytest.mark.parametrize(
    ("schema", "wanted", "told"),
    [
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "NUMBER"}, ("s.exclusiveMinimum",)),
        ({"type": "integer", "exclusiveMinimum": 0.5}, {"type": "INTEGER"}, ("s.exclusiveMinimum",)),
        ({"type": "integer", "multipleOf": 2}, {"type": "INTEGER"}, ("s.multipleOf",)),
        ({"type": "string", "format": "email"}, {"type": "STRING"}, ("s.format",)),
        ({"type": "integer", "enum": [1, 3]}, {"type": "INTEGER"}, ("s.enum",)),
        ({"enum": ["", "a"]}, {}, ("s.enum",)),
        ({"not": {"type": "string"}}, {}, ("s.not",)),
        (
            {"oneOf": [{"type": "string"}, {"type": "number"}]},
            {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]},
            ("s.oneOf",),
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"type": "OBJECT"},
            ("s.additionalProperties",),
        ),
        (
            {"prefixItems": [{"type": "string"}, {"type": "integer"}]},
            {"type": "ARRAY", "items": {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]}},
            ("s.prefixItems",),
        ),
        (
            {"type": "object", "properties": {"next": {"$ref": "#"}}},
            {"type": "OBJECT", "properties": {"next": {"type": "OBJECT", "properties": {"next": {}}}}},
            ("s.properties.next.properties.next.$ref",),
        ),
        ({"$ref": "https://elsewhere.test/schema"}, {}, ("s.$ref",)),
        ({"$ref": "#/$defs/gone"}, {}, ("s.$ref",)),
    ],
)
def test_what_the_subset_cannot_say_is_told(schema: Object, wanted: Object, told: tuple[str, ...]) -> None:
    assert subset(schema) == (wanted, told)
    with pytest.raises(Refused) as refused:
        in_subset(schema, "s", Loss(Dropped(), strict=True))
    assert refused.value.path == told[0]


NAMES = [
    "pattern",
    "title",
    "const",
    "$ref",
    "$defs",
    "required",
    "properties",
    "oneOf",
    "exclusiveMinimum",
    "not",
]


@pytest.mark.parametrize("name", NAMES)
def test_properties_that_are_called_like_keywords_stay(name: str) -> None:
    schema: Object = {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}
    assert subset(schema) == (
        {"type": "OBJECT", "properties": {name: {"type": "STRING"}}, "required": [name]},
        (),
    )
    assert sounded(schema) == (schema, ())
    assert expanded(schema, "s", Loss(Dropped())) == schema


@pytest.mark.parametrize(
    ("schema", "wanted", "told"),
    [
        (
            {"type": "object", "properties": {"a": {}}, "required": ["a", "b", 1]},
            {"type": "object", "properties": {"a": {}}, "required": ["a"]},
            ("s.required[1]", "s.required[2]"),
        ),
        ({"type": "object", "required": ["b"]}, {"type": "object"}, ("s.required[0]",)),
        (
            {"properties": {"a": {"type": "string", "required": True}}},
            {"properties": {"a": {"type": "string"}}},
            ("s.properties.a.required",),
        ),
        ({"type": "string", "properties": {"a": {}}}, {"type": "string"}, ("s.properties",)),
        (
            {"type": ["object", "null"], "properties": {"a": {}}, "required": ["a"]},
            {"type": ["object", "null"], "properties": {"a": {}}, "required": ["a"]},
            (),
        ),
    ],
)
def test_what_no_gemini_takes(schema: Object, wanted: Object, told: tuple[str, ...]) -> None:
    assert sounded(schema) == (wanted, told)


def test_closing_tells_what_was_open() -> None:
    dropped = Dropped()
    schema: Object = {
        "type": "object",
        "properties": {
            "a": {"type": "object", "additionalProperties": False},
            "b": {"type": ["object", "null"]},
            "c": {"type": "string"},
        },
    }
    found = closed(schema, "s", dropped)
    assert found["additionalProperties"] is False
    assert dropped.paths == ("s.properties.b.additionalProperties", "s.additionalProperties")
    assert "additionalProperties" not in schema


@pytest.mark.parametrize(
    ("schema", "fits"),
    [
        ({"type": "object", "properties": {}, "additionalProperties": False}, True),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            True,
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": [],
                "additionalProperties": False,
            },
            False,
        ),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, False),
        (
            {"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False},
            False,
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": ["object", "null"]}},
                "required": ["a"],
                "additionalProperties": False,
            },
            False,
        ),
        ({"type": "string"}, False),
    ],
)
def test_what_fits_strict_mode(schema: Object, fits: bool) -> None:
    assert fits_strict(schema) is fits


def deep(levels: int) -> Object:
    schema: Object = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


def doubling(times: int) -> Object:
    definitions: dict[str, Json] = {"d0": {"type": "string"}}
    for number in range(1, times):
        one: Json = {"$ref": f"#/$defs/d{number - 1}"}
        definitions[f"d{number}"] = {"type": "object", "properties": {"a": one, "b": one}}
    return {"$ref": f"#/$defs/d{times - 1}", "$defs": definitions}


@pytest.mark.parametrize("schema", [deep(100), doubling(60), {"anyOf": [{"type": "string"}] * 30_000}])
def test_schemas_without_bounds_are_refused(schema: Object) -> None:
    for made in (subset, sounded):
        if made is sounded and "$ref" in schema:
            continue
        with pytest.raises(Refused):
            made(schema)
    assert fits_strict(schema) is False


def test_deep_but_not_too_deep() -> None:
    found, told = subset(deep(60))
    assert found["type"] == "ARRAY"
    assert told == ()


WORDS = st.sampled_from(
    ["type", "properties", "items", "required", "anyOf", "enum", "const", "$ref", "$defs", "allOf", "x"]
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False)
    | st.sampled_from(["string", "object", "#", "#/$defs/x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, ANYTHING, max_size=5))
def test_whatever_is_called_a_schema_is_written_or_refused(schema: Object) -> None:
    for made in (subset, sounded):
        try:
            found, _ = made(schema)
        except Refused:
            continue
        assert isinstance(found, dict)
    fits_strict(schema)
