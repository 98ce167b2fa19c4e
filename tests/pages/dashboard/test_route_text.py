"""The text of a route, what differs between two, and small changes, as functions: for any route that may be stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.dynamic_routing.check import check_elements
from penstock.management.reading import Pairs
from penstock.pages.dashboard.route_difference import differences, marks
from penstock.pages.dashboard.route_drawing import placed, route_drawing
from penstock.pages.dashboard.route_steps import steps
from penstock.pages.dashboard.route_templates import TEMPLATES
from penstock.pages.dashboard.route_text import read_elements, written
from penstock.pages.dashboard.route_values import nodes_of, with_values

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
Elements = list[Any]


@st.composite
def routes(draw: st.DrawFn) -> Elements:
    """Models one after the other, each of which may fall back to any later one; by chance now and then."""
    names = draw(st.lists(NAMES, min_size=2, max_size=7, unique=True))
    found: Elements = [{"id": names[0], "type": "start", "outputs": {"next": {"elementId": names[1]}}}]
    for place, name in enumerate(names[1:-1], 1):
        later = {"elementId": draw(st.sampled_from(names[place + 1 :]))}
        onwards = {"elementId": names[place + 1]}
        if draw(st.booleans()):
            found.append({"id": name, "type": "percentage", "outputs": {"30%": later, "else": onwards}})
            continue
        properties = {"provider": draw(NAMES), "model": draw(NAMES), "timeout": 9000, "retries": 1}
        outputs = {"success": onwards, "fallback": later}
        found.append({"id": name, "type": "model", "properties": properties, "outputs": outputs})
    return [*found, {"id": names[-1], "type": "end", "outputs": {}}]


@given(routes())
def test_what_is_written_reads_the_same(elements: Elements) -> None:
    assert check_elements(elements) == []
    text = written(elements)
    assert read_elements(text).elements == elements
    assert all(one.isprintable() or one == "\n" for one in text)
    whole = json.dumps({"name": "x", "elements": elements})
    assert read_elements(whole).elements == elements


@given(routes(), routes())
def test_nothing_differs_where_nothing_is_marked(one: Elements, other: Elements) -> None:
    assert differences(one, one) == ()
    assert differences(one, one[::-1]) == ()
    told = differences(one, other)
    assert {each.node for each in told} == set(marks(one, other))
    assert (told == ()) == (marks(one, other) == {})
    back = {(each.node, each.field): (each.after, each.before) for each in differences(other, one)}
    assert {(each.node, each.field): (each.before, each.after) for each in told} == back


@given(routes())
def test_steps_are_those_of_the_drawing(elements: Elements) -> None:
    found = steps(elements)
    assert {one.id for one in found} == {one.id for one in placed(elements)}
    for number, step in enumerate(found, 1):
        for way in step.ways:
            assert way.step > number
            assert found[way.step - 1].id == way.id
    assert route_drawing(elements, "x").count('class="way') == sum(len(one.ways) for one in found)


@given(routes(), st.data())
def test_small_changes_leave_the_rest(elements: Elements, data: st.DataObject) -> None:
    fields = [value for node in nodes_of(elements) for value in node.values]
    as_it_is: Pairs = [(one.name, one.value) for one in fields]
    assert with_values(elements, as_it_is) == elements
    if fields:
        one = data.draw(st.sampled_from(fields))
        changed = with_values(elements, [(one.name, "3")])
        assert len(marks(elements, changed)) == (one.value != "3")
        assert check_elements(changed) == []


@pytest.mark.parametrize("sent", [["20", "20", "20"], ["20.0", "20", "20"], ["20%", "20.0%", " 20 "]])
def test_equal_shares_stay_apart(sent: list[str]) -> None:
    outputs = {name: {"elementId": f"m{name}"} for name in ("10%", "30%", "50%", "else")}
    node = {"id": "p", "type": "percentage", "outputs": outputs}
    form = [(f"node0.share{place}", text) for place, text in enumerate(sent)]
    (after,) = with_values([node], form)
    assert isinstance(after, dict)
    assert [one["elementId"] for one in after["outputs"].values()] == ["m10%", "m30%", "m50%", "melse"]
    assert [float(name.removesuffix("%")) for name in after["outputs"] if name != "else"] == [20, 20, 20]


@given(st.text(max_size=200) | st.recursive(st.none() | st.text(), lambda one: st.lists(one)).map(json.dumps))
def test_any_text_is_read_or_told_about(text: str) -> None:
    found = read_elements(text)
    assert bool(found.mistakes) != bool(found.elements)
    assert all(one.what for one in found.mistakes)


@pytest.mark.parametrize("begun", TEMPLATES, ids=lambda one: one.key)
def test_templates_are_routes(begun: Any) -> None:  # noqa: ANN401
    assert check_elements(begun.elements) == []
