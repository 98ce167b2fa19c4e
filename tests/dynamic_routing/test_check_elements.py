"""What is wrong with the elements of a route: each rule alone, all at once, and on any JSON."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from route_samples import END, Element, every_kind, model, older, simple, to

from penstock.dynamic_routing.check import MAX_ELEMENTS, check_elements
from penstock.dynamic_routing.conditions import MAX_DEPTH, check_conditions
from penstock.dynamic_routing.dialect import modern

Path = tuple[str | int, ...]
START, CONDITIONAL, RATE, PERCENTAGE, MODEL, OTHER_MODEL, ENDING = range(7)


def paths(elements: object) -> list[Path]:
    found = check_elements(elements)
    assert all(finding.reason for finding in found)
    return [finding.path for finding in found]


def changed(place: int, part: str, **fields: object) -> list[Element]:
    """One of each kind, with other fields in one part of one of them; None takes a field away."""
    elements = every_kind()
    held = cast(dict[str, object], elements[place].setdefault(part, {}))
    held.update({name.replace("_percent", "%"): value for name, value in fields.items()})
    elements[place][part] = {name: value for name, value in held.items() if value is not None}
    return elements


def test_good_routes_have_no_findings() -> None:
    assert check_elements(every_kind()) == []
    assert check_elements(simple()) == []


def test_the_older_dialect_reads_as_todays() -> None:
    assert check_elements(older()) == []
    found = cast(list[Element], modern(older()))
    wanted = every_kind()
    cast(dict[str, object], wanted[RATE]["properties"])["technique"] = "fixed"
    wanted[PERCENTAGE]["outputs"] = {"10%": to("m1"), "else": to("m2")}
    assert found == wanted


def test_words_of_both_dialects_at_once_are_refused() -> None:
    elements = changed(RATE, "properties", interval=60)
    assert paths(elements) == [(RATE, "properties", "interval")]


@given(order=st.permutations(range(7)))
def test_the_order_of_elements_does_not_matter(order: list[int]) -> None:
    elements = every_kind()
    assert check_elements([elements[place] for place in order]) == []


@pytest.mark.parametrize("elements", [None, 1, "x", {}, {"elements": []}, [], [END] * (MAX_ELEMENTS + 1)])
def test_elements_are_an_array_of_some(elements: object) -> None:
    assert paths(elements) == [()]


@pytest.mark.parametrize(
    ("place", "part", "fields", "path"),
    [
        (START, "outputs", {"next": None}, ("outputs", "next")),
        (START, "outputs", {"next": "c"}, ("outputs", "next")),
        (START, "outputs", {"next": {"elementId": 1}}, ("outputs", "next", "elementId")),
        (CONDITIONAL, "outputs", {"true": None}, ("outputs", "true")),
        (CONDITIONAL, "outputs", {"maybe": to("e")}, ("outputs", "maybe")),
        (CONDITIONAL, "properties", {"conditions": None}, ("properties", "conditions")),
        (
            CONDITIONAL,
            "properties",
            {"conditions": {"a": {"$like": 1}}},
            ("properties", "conditions", "a", "$like"),
        ),
        (RATE, "properties", {"limitType": "tokens"}, ("properties", "limitType")),
        (RATE, "properties", {"key": ""}, ("properties", "key")),
        (RATE, "properties", {"limit": -1}, ("properties", "limit")),
        (RATE, "properties", {"limit": True}, ("properties", "limit")),
        (RATE, "properties", {"window": 0}, ("properties", "window")),
        (RATE, "properties", {"window": None}, ("properties", "window")),
        (RATE, "properties", {"technique": "leaky"}, ("properties", "technique")),
        (RATE, "outputs", {"success": None}, ("outputs", "success")),
        (MODEL, "properties", {"provider": None}, ("properties", "provider")),
        (MODEL, "properties", {"model": 5}, ("properties", "model")),
        (MODEL, "properties", {"timeout": 0}, ("properties", "timeout")),
        (MODEL, "properties", {"timeout": 10**400}, ("properties", "timeout")),
        (MODEL, "properties", {"timeout": float("inf")}, ("properties", "timeout")),
        (MODEL, "properties", {"retries": 6}, ("properties", "retries")),
        (MODEL, "properties", {"retries": 0.5}, ("properties", "retries")),
        (MODEL, "properties", {"retry": 1}, ("properties", "retry")),
        (ENDING, "outputs", {"next": to("s")}, ("outputs", "next")),
    ],
)
def test_a_field_that_is_wrong(place: int, part: str, fields: dict[str, object], path: Path) -> None:
    found = paths(changed(place, part, **fields))
    assert (place, *path) in found


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        ({"10%": "m1", "80%": "m2"}, "the shares sum to 90%, not to 100%"),
        ({"60%": "m1", "50%": "m2"}, "the shares sum to 110%, not to 100%"),
        ({"60%": "m1", "50%": "m2", "else": "e"}, "the shares sum to 110%, not to 100%"),
        ({"33.3%": "m1", "33.4%": "m2"}, "the shares sum to 66.7%, not to 100%"),
        ({"else": "m1"}, "there are 0 shares, allowed are 1 to 5"),
        ({f"{n}%": "m1" for n in (10, 11, 12, 13, 14, 40)}, "there are 6 shares, allowed are 1 to 5"),
    ],
)
def test_shares_that_are_not_the_whole(shares: dict[str, str], reason: str) -> None:
    elements = every_kind()
    elements[PERCENTAGE]["outputs"] = {name: to(target) for name, target in shares.items()}
    assert reason in [finding.reason for finding in check_elements(elements)]


@pytest.mark.parametrize("shares", [("33.3%", "66.7%"), ("0.1%", "99.9%"), ("100%",), ("0%", "100%")])
def test_shares_that_are_the_whole(shares: tuple[str, ...]) -> None:
    elements = every_kind()
    elements[PERCENTAGE]["outputs"] = dict(zip(shares, (to("m1"), to("m2")), strict=False)) | {
        "else": to("m1")
    }
    assert check_elements(elements) == []


@pytest.mark.parametrize("name", ["ten%", "10", "-10%", "1e1%", "%", "١٠%", "10 %"])
def test_a_share_is_written_as_a_percentage(name: str) -> None:
    elements = every_kind()
    elements[PERCENTAGE]["outputs"] = {name: to("m1"), "10%": to("m1"), "90%": to("m2")}
    assert paths(elements) == [(PERCENTAGE, "outputs", name)]


def test_a_fallback_may_be_left_out() -> None:
    assert check_elements(changed(MODEL, "outputs", fallback=None)) == []
    assert check_elements(changed(RATE, "outputs", fallback=None)) == []


# -- the graph


def test_there_is_exactly_one_start() -> None:
    assert () in paths(simple()[1:])
    second = {"id": "s2", "type": "start", "outputs": {"next": to("m")}}
    assert paths([*simple(), second]) == [()]


def test_ids_are_unique() -> None:
    elements = [*simple(), model("m")]
    assert paths(elements) == [(1, "id"), (3, "id")]


def test_outputs_lead_to_elements_that_are_there() -> None:
    elements = simple()
    elements[1] = model("m", fallback="gone")
    assert paths(elements) == [(1, "outputs", "fallback", "elementId")]


def test_nothing_leads_back_to_the_start() -> None:
    elements = simple()
    elements[1] = model("m", fallback="s")
    assert (1, "outputs", "fallback", "elementId") in paths(elements)


def test_elements_that_nothing_leads_to() -> None:
    assert paths([*simple(), model("alone"), model("alone too", success="alone")]) == [(3,), (4,)]


def test_circles() -> None:
    elements = [simple()[0], model("m", fallback="n"), model("n", fallback="m"), END]
    assert paths(elements) == [(1,), (2,)]
    assert paths([simple()[0], model("m", fallback="m"), END]) == [(1,)]
    # What only leads into a circle is not part of it.
    before = {"id": "s", "type": "start", "outputs": {"next": to("b")}}
    assert paths([before, model("b", success="m"), *elements[1:]]) == [(2,), (3,)]


def test_several_problems_are_told_at_once() -> None:
    elements = [{"id": "", "type": "start"}, {"type": "oracle"}, 5, model("m", timeout=-1)]
    assert len(paths(elements)) >= 6


def test_a_long_chain_is_no_trouble() -> None:
    chain = [model(f"m{n}", success=f"m{n + 1}", fallback=f"m{n + 1}") for n in range(MAX_ELEMENTS - 2)]
    start = {"id": "s", "type": "start", "outputs": {"next": to("m0")}}
    end = {"id": f"m{MAX_ELEMENTS - 2}", "type": "end"}
    elements = [start, *chain, end]
    random.Random(1).shuffle(elements)
    assert check_elements(elements) == []


# -- conditions


@pytest.mark.parametrize(
    "query",
    [
        {"metadata.plan": "paid"},
        {"metadata.plan": None},
        {"metadata.plan": {"$in": ["a", 1, None]}},
        {"$and": [{"a": 1}, {"$or": [{"b": {"$gt": 1, "$lte": 5}}, {"c": {"$exists": False}}]}]},
        {"$not": {"a": {"$ne": True}}},
        {"a": {"$not": {"$regex": "^x[0-9]+$"}}},
        {"headers.x-tier": {"$nin": ["free"]}, "body.stream": {"$eq": True}},
    ],
)
def test_good_conditions(query: object) -> None:
    assert list(check_conditions(query)) == []


@pytest.mark.parametrize(
    ("query", "path"),
    [
        (None, ()),
        ([], ()),
        ({}, ()),
        ({"": 1}, ("",)),
        ({"a": [1]}, ("a",)),
        ({"a": {}}, ("a",)),
        ({"a": {"eq": 1}}, ("a", "eq")),
        ({"a": {"$eq": [1]}}, ("a", "$eq")),
        ({"a": {"$in": 1}}, ("a", "$in")),
        ({"a": {"$in": []}}, ("a", "$in")),
        ({"a": {"$in": [{}]}}, ("a", "$in")),
        ({"a": {"$gt": None}}, ("a", "$gt")),
        ({"a": {"$gt": True}}, ("a", "$gt")),
        ({"a": {"$exists": 1}}, ("a", "$exists")),
        ({"a": {"$regex": "("}}, ("a", "$regex")),
        ({"a": {"$regex": 1}}, ("a", "$regex")),
        ({"a": {"$regex": "x" * 1001}}, ("a", "$regex")),
        ({"a": {"$where": "1"}}, ("a", "$where")),
        ({"a": {"$not": 1}}, ("a", "$not")),
        ({"$eq": 1}, ("$eq",)),
        ({"$and": {}}, ("$and",)),
        ({"$or": []}, ("$or",)),
        ({"$or": [{"a": 1}, {}]}, ("$or", 1)),
        ({"$and": [{"$or": [{"a": {"$x": 1}}]}]}, ("$and", 0, "$or", 0, "a", "$x")),
    ],
)
def test_bad_conditions(query: object, path: Path) -> None:
    assert [finding.path for finding in check_conditions(query)] == [path]


@pytest.mark.parametrize(
    "wrap",
    [lambda inner: {"$and": [inner]}, lambda inner: {"$not": inner}],
)
def test_conditions_are_not_nested_without_end(wrap: Callable[[object], object]) -> None:
    query: object = {"a": 1}
    for _ in range(MAX_DEPTH - 1):
        query = wrap(query)
    assert list(check_conditions(query)) == []
    for _ in range(500):
        query = wrap(query)
    assert len(list(check_conditions(query))) == 1


# -- anything

WORDS = st.sampled_from(
    [
        "id", "type", "properties", "outputs", "elementId", "next", "true", "false", "else", "success", "fallback",
        "conditions", "condition", "$and", "$not", "$eq", "$regex", "limit", "window", "interval", "retries", "s",
        "start", "conditional", "percentage", "rate", "rate_limit", "model", "end", "10%", "timeout",
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)


@given(elements=JSON | st.lists(JSON, max_size=5))
def test_any_json_has_findings_or_none(elements: object) -> None:
    assert all(finding.reason for finding in check_elements(elements))


@given(data=st.data())
def test_a_good_route_with_anything_in_it(data: st.DataObject) -> None:
    elements = every_kind()
    element = data.draw(st.sampled_from(elements))
    part = data.draw(st.sampled_from(sorted(element)))
    element[part] = data.draw(JSON)
    assert all(finding.reason for finding in check_elements(elements))


@given(elements=JSON)
def test_modern_words_stay(elements: object) -> None:
    assert repr(modern(modern(elements))) == repr(modern(elements))
