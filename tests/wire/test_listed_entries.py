"""Leaving entries out of lists: what stays is as it was, and a page can still be turned."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.pieces import finished
from penstock.wire.listed_entries import Keeps, without_entries


def left_of(document: object, places: str, *stay: str, indent: int | None = None) -> object:
    data = json.dumps(document, indent=indent).encode()
    return json.loads(finished(without_entries(data, places.split(), keeping(*stay))))


def keeping(*stay: str) -> Keeps:
    def asks(names: Sequence[str]) -> bool:
        return any(name in stay for name in names)

    return Keeps(asks)


@given(
    st.lists(st.tuples(st.text(max_size=5), st.booleans(), st.text(max_size=20)), max_size=30),
    st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5), max_size=5),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_what_stays_is_as_it_was(
    entries: list[tuple[str, bool, str]], beside: dict[str, object], indent: int | None, large: bool
) -> None:
    """Whatever stands beside the list, and however long it is."""
    rows = [{"id": f"m{at}", "x": text} for at, (_, _, text) in enumerate(entries)]
    stay = [f"m{at}" for at, (_, stays, _) in enumerate(entries) if stays]
    beside = {name: value for name, value in beside.items() if name != "data"}
    if large:
        beside["about"] = "x" * 200_000
    told = {**beside, "data": rows}
    expected = {**beside, "data": [row for row in rows if row["id"] in stay]}
    assert left_of(told, "data[].id", *stay, indent=indent) == expected


@pytest.mark.parametrize(
    ("page", "stay", "expected"),
    [
        (
            {
                "data": [{"id": "a"}, {"id": "b"}, {"id": "c"}],
                "first_id": "a",
                "last_id": "c",
                "has_more": True,
            },
            ("b",),
            {"data": [{"id": "b"}], "first_id": "b", "last_id": "b", "has_more": True},
        ),
        (
            {"data": [{"id": "a"}], "first_id": "a", "last_id": "a", "has_more": False},
            (),
            {"data": [], "first_id": None, "last_id": None, "has_more": False},
        ),
        (  # the next page begins behind it
            {"data": [{"id": "a"}], "first_id": "a", "last_id": "a", "has_more": True},
            (),
            {"data": [], "first_id": None, "last_id": "a", "has_more": True},
        ),
        (
            {"data": [{"id": "a"}, {"id": "b"}], "total": 2, "total_count": 40, "pagination": {"count": 2}},
            ("a",),
            {"data": [{"id": "a"}], "total": 1, "total_count": 40, "pagination": {"count": 1}},
        ),
        ({"data": None, "total": 0}, (), {"data": None, "total": 0}),
    ],
)
def test_pages(page: object, stay: tuple[str, ...], expected: object) -> None:
    assert left_of(page, "data[].id", *stay) == expected


def test_what_has_no_name_goes() -> None:
    entries = [
        {},
        {"id": None},
        {"id": 1},
        {"id": ["a"]},
        {"id": {"a": 1}},
        "a",
        None,
        [],
        {"id": "a" * 200_000},
    ]
    assert left_of({"data": entries}, "data[].id", "a") == {"data": [{"id": ["a"]}]}


def test_of_a_member_that_is_there_twice_nothing_stays_unseen() -> None:
    data = b'{"data":[{"id":"secret"}],"data":[{"id":"a"},{"id":"secret","id":"a"}]}'
    left = finished(without_entries(data, ("data[].id",), keeping("a")))
    assert left.startswith(b'{"data":[{"id":"a"}')
    assert left.count(b"data") == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"1",
        b'{"data":1}',
        b'{"data":[1,]}',
        b'{"data":{"a":[]}}',
        b'{"items":[{"id":"b"}]}',
        b'{"page":{}}',
        b"[" * 100_000,
    ],
)
def test_what_has_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"it is|there is|nothing"):
        finished(without_entries(data, ("data[].id",), keeping("a")))


@pytest.mark.parametrize("data", [b"{}", b' {"object":"list","total":0}\n', b'{"data":null}'])
def test_a_list_that_is_left_out_is_an_empty_one(data: bytes) -> None:
    assert finished(without_entries(data, ("data[].id",), keeping("a"))) == data
    if b"data" not in data:
        assert finished(without_entries(data, ("[].id",), keeping("a"))) == data


def test_more_than_can_be_told_is_refused() -> None:
    for data in (b'{"data":[' + b"1," * 200_000 + b"1]}", b"{" + b'"a":1,' * 50_000 + b'"data":[]}'):
        with pytest.raises(ValueError, match="than"):
            finished(without_entries(data, ("data[].id",), keeping("a")))
