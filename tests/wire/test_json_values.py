"""Single values of odd JSON: each of its kind or not said, and documents that are cut as far as they come."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.json_values import (
    ABSENT,
    array_in,
    count,
    cut_text,
    elements,
    flag,
    is_object,
    members,
    names,
    number,
    struct_of,
    text,
    time_us,
)


class Two(msgspec.Struct):
    one: msgspec.Raw = ABSENT
    two: msgspec.Raw = ABSENT


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b'"x"', ("x", None, None, None)),
        (b"7", ("", None, 7.0, 7)),
        (b"7.0", ("", None, 7.0, 7)),
        (b"7.5", ("", None, 7.5, None)),
        (b"-1", ("", None, -1.0, None)),
        (b"1e30", ("", None, 1e30, None)),
        (b"1e999", ("", None, None, None)),
        (b"NaN", ("", None, None, None)),
        (b"true", ("", True, None, None)),
        (b"null", ("", None, None, None)),
        (b"{}", ("", None, None, None)),
        (b'"\xff"', ("", None, None, None)),
        (b"", ("", None, None, None)),
    ],
)
def test_a_value_is_of_its_kind_or_not_said(raw: bytes, found: tuple[object, ...]) -> None:
    assert (text(raw), flag(raw), number(raw), count(raw)) == found
    held = msgspec.Raw(raw)
    assert (text(held), flag(held), number(held), count(held)) == found


def test_texts_have_a_length() -> None:
    assert text(b'"12345"', 5) == "12345"
    assert text(b'"123456"', 5) == ""
    assert cut_text(b'"123456"', 5) == "12345"
    assert cut_text(b"7", 5) == ""


def test_a_time() -> None:
    assert time_us(b'"1970-01-01T00:00:01.000002Z"') == 1_000_002
    assert time_us(b'"1970-01-01T01:00:00+01:00"') == 0
    assert time_us(b'"soon"') is time_us(b"7") is time_us(b"") is None


@given(st.integers(0, 60))
def test_a_document_that_is_cut_has_what_came_whole(place: int) -> None:
    document = b'\xef\xbb\xbf {"one": [1, {"a": 2}], "three": null, "two": "x"}'
    found = struct_of(Two, document[:place])
    if place < document.index(b"{") + 1:
        assert found is None
    else:
        assert found is not None
        assert bytes(found.one) in (b"", b'[1, {"a": 2}]')
        assert bool(found.one) == (place >= document.index(b', "three"'))
        assert bool(found.two) == (place >= len(document) - 1)


@pytest.mark.parametrize("document", [b"", b"[]", b"7", b"null", b"x", b"[" * 100_000])
def test_what_is_no_object_is_none(document: bytes) -> None:
    assert struct_of(Two, document) is None
    assert names(document, 5) == []
    assert members(document, 5, 1_000_000) == {}
    assert array_in(document, "one") == b""
    assert not is_object(document)


def test_elements_as_far_as_they_are_whole() -> None:
    array = b'[1, "two", {"three": [3]}, [4]]'
    assert list(elements(array, 9)) == [b"1", b'"two"', b'{"three": [3]}', b"[4]"]
    assert list(elements(array, 2)) == [b"1", b'"two"']
    assert list(elements(array[:20], 9)) == [b"1", b'"two"']
    assert list(elements(b"{}", 9)) == list(elements(b"", 9)) == []


def test_an_array_in_an_object() -> None:
    document = b'{"a": "[", "b": {"c": [0]}, "c": [1, 2], "d": 3}'
    assert list(elements(array_in(document, "c"), 9)) == [b"1", b"2"]
    assert list(elements(array_in(document[:36], "c"), 9)) == [b"1"]
    assert array_in(document, "b") == array_in(document, "x") == b""


def test_members_are_bounded() -> None:
    document = json.dumps({str(at): at for at in range(20)}).encode()
    assert list(members(document, 3, 1000)) == names(document, 3) == ["0", "1", "2"]
    assert members(document, 3, 10) == {}
    assert is_object(b" {")
    assert not is_object(b'"{"')


@given(st.binary(max_size=60))
def test_any_bytes_are_read(data: bytes) -> None:
    for one in (data, msgspec.Raw(data)):
        text(one)
        count(one)
        time_us(one)
        struct_of(Two, one)
        assert len(list(elements(one, 3))) <= 3
        assert len(names(one, 3)) <= 3
        array_in(one, "a")
        members(one, 3, 100)
