"""The shared checker beyond what settings have: JSON's words, open shapes, unions, text that stands for values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from penstock_common.check import Finding, findings


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """A closed shape."""

    name: str
    size: Annotated[int, Meta(ge=1)] = 1


class Open(msgspec.Struct):
    """A shape that takes other fields, with a bit of everything."""

    inner: Inner | None = None
    texts: list[str] = []
    either: str | dict[str, int] | None = None
    items: Annotated[list[Inner], Meta(min_length=1)] | None = None
    pair: tuple[int, str] | None = None
    mark: Literal[0, 1] = 0
    share: Annotated[float, Meta(gt=0)] = 1.0
    labels: Annotated[dict[str, str], Meta(max_length=2)] | None = None
    tag: Annotated[str, Meta(pattern="^[a-z]+$", max_length=8)] = "x"


def told(
    value: object, kind: object = Open, *, strict: bool = True
) -> list[tuple[tuple[str | int, ...], str]]:
    return [(one.path, one.what) for one in findings(value, kind, strict=strict, table="an object")]


@pytest.mark.parametrize(
    ("value", "path", "what"),
    [
        ([], (), "found an array of 0, allowed: an object"),
        (None, (), "found null, allowed: an object"),
        ({"inner": {"size": 1}}, ("inner", "name"), 'lacks "name"'),
        ({"inner": {"name": "x", "sise": 1}}, ("inner", "sise"), 'unknown key "sise"'),
        (
            {"inner": {"name": "x", "size": 0}},
            ("inner", "size"),
            "found 0, allowed: a whole number of at least 1",
        ),
        ({"inner": 5}, ("inner",), "found a number, allowed: an object"),
        ({"inner": True}, ("inner",), "found true, allowed: an object"),
        ({"texts": ["a", 1]}, ("texts", 1), "found 1, allowed: a string"),
        ({"texts": "a"}, ("texts",), "found a string, allowed: an array"),
        ({"either": {"a": "b"}}, ("either", "a"), 'found "b", allowed: a whole number'),
        ({"either": 1}, ("either",), "found a number, allowed: a string or an object"),
        ({"items": [{}]}, ("items", 0, "name"), 'lacks "name"'),
        ({"items": []}, ("items",), "found an array of 0, allowed: an array of at least 1"),
        ({"pair": [1]}, ("pair",), "found an array of 1, allowed: an array of 2"),
        ({"mark": 2}, ("mark",), "found 2, allowed: 0 or 1"),
        ({"share": 0}, ("share",), "found 0, allowed: a number above 0"),
        (
            {"labels": {"a": "", "b": "", "c": ""}},
            ("labels",),
            "found an object of 3, allowed: an object of at most 2 entries",
        ),
        ({"labels": 5}, ("labels",), "found a number, allowed: an object of at most 2 entries"),
        (
            {"tag": "a b"},
            ("tag",),
            'found "a b", allowed: a string of at most 8 characters, as the pattern ^[a-z]+$ has it',
        ),
    ],
)
def test_what_is_wrong_with_json(value: object, path: tuple[str | int, ...], what: str) -> None:
    assert told(value) == [(path, what)]


def test_other_fields_are_welcome_where_the_shape_is_open() -> None:
    assert told({"anything": [1]}) == []


def test_all_that_is_wrong_is_told() -> None:
    wrong = {"inner": {"nam": "x"}, "texts": [1, 2], "mark": "x", "other": 1}
    assert [path for path, _ in told(wrong)] == [
        ("inner", "nam"),
        ("inner", "name"),
        ("texts", 0),
        ("texts", 1),
        ("mark",),
    ]


def test_near_names_are_offered() -> None:
    (unknown,) = (one for one in findings({"nam": 1}, Inner) if one.kind == "unknown")
    assert unknown.hint == 'did you mean "name"?'
    assert unknown.reason == 'unknown key "nam" at the top level; did you mean "name"?'


def test_text_stands_for_values_where_it_may() -> None:
    assert told({"mark": "1", "share": "0.5"}, strict=False) == []
    assert told({"mark": "1"}) == [(("mark",), 'found "1", allowed: 0 or 1')]
    assert told({"share": "many"}, strict=False) == [(("share",), 'found "many", allowed: a number above 0')]


NAMES = st.sampled_from(
    ["inner", "texts", "either", "items", "pair", "mark", "share", "name", "size", "kind"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda held: st.lists(held, max_size=3) | st.dictionaries(NAMES, held, max_size=4),
    max_leaves=10,
)


@given(value=JSON)
def test_there_are_findings_exactly_where_it_does_not_convert(value: object) -> None:
    try:
        msgspec.convert(value, Open)
        fits = True
    except msgspec.ValidationError:
        fits = False
    found: list[Finding] = list(_all(value))
    assert (found == []) is fits
    assert all(one.reason and one.what for one in found)


def _all(value: object) -> Iterator[Finding]:
    return findings(value, Open)
