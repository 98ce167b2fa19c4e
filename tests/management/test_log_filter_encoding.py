"""Filters in a query: every way of writing them reads as the same filters, and nothing at all is an accident."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import cast
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from cloudflare._qs import Querystring
from hypothesis import given
from hypothesis import strategies as st

from penstock.control.log_filters import DATASET_RULES, KINDS, LOG_RULES, MAX_NUMBER
from penstock.management.log_filters.encoding import Pairs, split_filters
from penstock.management.log_filters.filters import conditions
from penstock.management.problem import ManagementError, Problem

Filter = dict[str, object]
Encoder = Callable[[Sequence[Filter]], Pairs]


def by_columns(filters: Sequence[Filter]) -> Pairs:
    """As it leaves the official Python library: `httpx` puts parameters of one name together."""
    return httpx.QueryParams([*by_dots(filters)]).multi_items()


def by_sorted_columns(filters: Sequence[Filter]) -> Pairs:
    """As the official Go library does it."""
    return sorted(by_brackets(filters), key=lambda pair: pair[0])


def by_dots(filters: Sequence[Filter]) -> Pairs:
    """Filter by filter: what belongs together is told by the order alone."""
    return Querystring(array_format="repeat", nested_format="dots").stringify_items({"filters": [*filters]})


def by_brackets(filters: Sequence[Filter]) -> Pairs:
    return Querystring(array_format="repeat", nested_format="brackets").stringify_items(
        {"filters": [*filters]}
    )


def by_empty_brackets(filters: Sequence[Filter]) -> Pairs:
    return Querystring(array_format="brackets", nested_format="brackets").stringify_items(
        {"filters": [*filters]}
    )


def by_numbers(filters: Sequence[Filter]) -> Pairs:
    return Querystring(array_format="indices", nested_format="brackets").stringify_items(
        {"filters": [*filters]}
    )


def by_numbers_and_dots(filters: Sequence[Filter]) -> Pairs:
    return Querystring(array_format="indices", nested_format="dots").stringify_items({"filters": [*filters]})


def by_numbers_in_any_order(filters: Sequence[Filter]) -> Pairs:
    return sorted(by_numbers(filters), key=lambda pair: pair[0][::-1])


def as_json(filters: Sequence[Filter]) -> Pairs:
    return [("filters", json.dumps(filters))]


def as_several_json(filters: Sequence[Filter]) -> Pairs:
    return [("filters[]", json.dumps(one)) for one in filters]


ENCODERS: list[Encoder] = [
    by_dots, by_brackets, by_empty_brackets, by_numbers, by_numbers_and_dots, as_json, as_several_json,
]  # fmt: skip

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
VALUES = {
    "text": TEXTS,
    "any": TEXTS,
    "number": st.integers(-MAX_NUMBER, MAX_NUMBER) | st.floats(-1e6, 1e6, allow_nan=False).map(float),
    "flag": st.booleans(),
    "time": st.datetimes().map(lambda moment: moment.isoformat()),
}
FITTING = {
    "text": ("eq", "neq", "contains"),
    "any": ("eq", "neq", "contains"),
    "number": ("eq", "neq", "lt", "gt"),
    "time": ("eq", "neq", "lt", "gt"),
    "flag": ("eq", "neq"),
}


def refusals(query: Pairs) -> list[Problem]:
    """What is said against the filters of a query."""
    try:
        found, _ = split_filters(query)
        conditions(found, LOG_RULES)
    except ManagementError as error:
        return [*error.problems]
    return []


@st.composite
def filters(draw: st.DrawFn, most: int = 4) -> Filter:
    key = draw(st.sampled_from(sorted(KINDS)))
    kind = KINDS[key]
    operator = draw(st.sampled_from(FITTING[kind]))
    return {
        "key": key,
        "operator": operator,
        "value": draw(st.lists(VALUES[kind], min_size=1, max_size=most)),
    }


@pytest.mark.parametrize("encoder", ENCODERS)
@given(wanted=st.lists(filters(), max_size=5), data=st.data())
def test_each_encoding_reads_as_the_same_filters(
    encoder: Encoder, wanted: list[Filter], data: st.DataObject
) -> None:
    sent = parse_qsl(urlencode(encoder(wanted)), keep_blank_values=True, errors="strict")
    before = data.draw(st.sampled_from([[], [("page", "2")]]))
    found, rest = split_filters([*before, *sent, ("search", "x")])
    assert conditions(found, LOG_RULES) == conditions(wanted, LOG_RULES)
    assert rest == [*before, ("search", "x")]


@pytest.mark.parametrize(
    "order", [("key", "operator", "value"), ("operator", "value", "key"), ("value", "key", "operator")]
)
@given(wanted=st.lists(filters(), max_size=5))
def test_the_fields_may_come_in_any_order(order: tuple[str, ...], wanted: list[Filter]) -> None:
    turned = [{name: one[name] for name in order} for one in wanted]
    found, _ = split_filters(by_dots(turned))
    assert conditions(found, LOG_RULES) == conditions(wanted, LOG_RULES)


@given(wanted=st.lists(filters(), max_size=12))
def test_numbers_tell_filters_apart_in_any_order(wanted: list[Filter]) -> None:
    found, _ = split_filters(by_numbers_in_any_order(wanted))
    assert [set(one.values) for one in conditions(found, LOG_RULES)] == [
        set(one.values) for one in conditions(wanted, LOG_RULES)
    ]


@pytest.mark.parametrize("encoder", [by_columns, by_sorted_columns])
@given(wanted=st.lists(filters(1), max_size=6))
def test_columns_of_filters_with_one_value_read_as_the_same(encoder: Encoder, wanted: list[Filter]) -> None:
    found, _ = split_filters(encoder(wanted))
    assert conditions(found, LOG_RULES) == conditions(wanted, LOG_RULES)


@pytest.mark.parametrize("encoder", [by_columns, by_sorted_columns])
@given(wanted=st.lists(filters(), max_size=6))
def test_columns_read_as_the_same_or_are_refused(encoder: Encoder, wanted: list[Filter]) -> None:
    sent = encoder(wanted)
    if refusals(sent):
        assert any(len(cast(list[object], one["value"])) > 1 for one in wanted)
    else:
        found, _ = split_filters(sent)
        assert conditions(found, LOG_RULES) == conditions(wanted, LOG_RULES)


@pytest.mark.parametrize(
    "wanted",
    [
        [("model", "contains", ["gpt", "o3"]), ("success", "eq", [True]), ("cost", "gt", [0.5, 2])],
        [("cached", "eq", [False]), ("created_at", "gt", ["2026-01-01"]), ("user", "eq", ["a", "b", "c"])],
        [("model", "eq", ["a", "b"])],
        [("model", "eq", [None]), ("success", "eq", [True])],
        [("success", "eq", [True]), ("cost", "neq", [None]), ("cached", "eq", [False])],
    ],
)
def test_columns_are_told_apart_by_what_fits(wanted: list[tuple[str, str, list[object]]]) -> None:
    filters: list[Filter] = [dict(zip(("key", "operator", "value"), one, strict=True)) for one in wanted]
    found, _ = split_filters(by_columns(filters))
    assert conditions(found, LOG_RULES) == conditions(filters, LOG_RULES)


@pytest.mark.parametrize(
    "query",
    [
        "filters.key=model&filters.key=user&filters.operator=eq&filters.operator=eq&filters.value=a"
        "&filters.value=b&filters.value=c",
        "filters.key=model&filters.key=user&filters.operator=eq&filters.operator=eq&filters.value=a",
        "filters.key=cost&filters.key=cost&filters.operator=gt&filters.operator=lt&filters.value=1",
        "filters.key=model&filters.key=user&filters.operator=eq&filters.value=a&filters.value=b",
        "&".join(["filters.key=model"] * 40 + ["filters.operator=eq"] * 40 + ["filters.value=a"] * 900),
    ],
)
def test_columns_that_leave_a_choice_are_refused(query: str) -> None:
    (problem,) = refusals(parse_qsl(query))
    assert problem.path == ("query", "filters")


@pytest.mark.parametrize("encoder", [by_dots, by_brackets, by_numbers])
def test_a_null_that_the_client_leaves_out(encoder: Encoder) -> None:
    wanted: list[Filter] = [
        {"key": "model", "operator": "eq", "value": [None]},
        {"key": "cached", "operator": "eq", "value": [True]},
    ]
    found, _ = split_filters(encoder(wanted))
    assert [one.values for one in conditions(found, LOG_RULES)] == [(None,), (True,)]


def test_a_null_that_the_client_writes_as_nothing() -> None:
    found, _ = split_filters([("filters[key]", "cost"), ("filters[operator]", "neq"), ("filters[value]", "")])
    assert conditions(found, LOG_RULES)[0].values == (None,)


def test_datasets_know_fewer_keys_and_operators() -> None:
    for wrong in (
        {"key": "id", "operator": "eq", "value": ["x"]},
        {"key": "model", "operator": "neq", "value": ["x"]},
        {"key": "model", "operator": "eq", "value": [None]},
    ):
        with pytest.raises(ManagementError):
            conditions([wrong], DATASET_RULES)
    assert conditions([{"key": "model", "operator": "eq", "value": "x"}], DATASET_RULES)[0].values == ("x",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["key", "operator", "value", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)
NAMES = st.from_regex(r"filters(\[[a-z0-9]*\]|\.[a-z0-9]+){0,3}", fullmatch=True)


@given(query=st.lists(st.tuples(NAMES, st.text(max_size=10) | JSON.map(json.dumps)), max_size=6))
def test_garbage_is_refused_and_nothing_else(query: list[tuple[str, str]]) -> None:
    assert all(problem.code == 7001 and problem.message for problem in refusals(query))


@pytest.mark.parametrize("space", [" ", "\t", "\r\n", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u2003"])
@pytest.mark.parametrize("key", ["cost", "status_code", "duration"])
def test_a_number_may_stand_between_any_spaces(key: str, space: str) -> None:
    query = [("filters.key", key), ("filters.operator", "gt"), ("filters.value", f"{space}0.5{space}")]
    assert refusals(query) == []
    assert len(refusals([*query[:2], ("filters.value", f"0{space}5")])) == 1


@given(value=JSON)
def test_any_json_is_a_filter_or_is_refused(value: object) -> None:
    assert all(problem.code == 7001 for problem in refusals([("filters", json.dumps(value))]))
