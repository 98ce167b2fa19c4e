"""Members of a JSON object by their places: what is changed is changed, and not one other byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.json_members import members, with_member, without_member

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(max_size=6), VALUES, max_size=5)
FORMS = st.sampled_from([None, 0, 1, "\t"])


def written(value: object, indent: int | str | None, *, escaped: bool) -> bytes:
    return json.dumps(value, indent=indent, ensure_ascii=escaped).encode()


@given(value=OBJECTS, indent=FORMS, escaped=st.booleans())
def test_members_are_where_they_stand(value: dict[str, object], indent: int | None, escaped: bool) -> None:
    data = written(value, indent, escaped=escaped)
    found = members(data)
    assert list(found) == list(value)
    for name, member in found.items():
        assert json.loads(member.value) == value[name]
        assert data[member.start : member.end] == member.value
        assert data[member.begin : member.begin + 1] == b'"'


@given(value=OBJECTS, indent=FORMS, name=st.text(max_size=6), new=VALUES)
def test_a_member_more(value: dict[str, object], indent: int | None, name: str, new: object) -> None:
    data = written(value, indent, escaped=True)
    changed = with_member(data, members(data), name, json.dumps(new).encode())
    assert json.loads(changed) == {**value, name: new}
    assert list(json.loads(changed)) == list({**value, name: new})


@given(value=OBJECTS.filter(bool), indent=FORMS, which=st.integers(0, 4))
def test_a_member_less(value: dict[str, object], indent: int | None, which: int) -> None:
    data = written(value, indent, escaped=True)
    name = list(value)[which % len(value)]
    changed = without_member(data, members(data), name)
    assert json.loads(changed) == {key: one for key, one in value.items() if key != name}


@pytest.mark.parametrize(
    ("data", "name", "left"),
    [
        (b'{"a":1,"usage":null,"b":2}', "usage", b'{"a":1,"b":2}'),
        (b'{"usage": null, "b": 2 }', "usage", b'{"b": 2 }'),
        (b'{"a": 1 , "usage": null }', "usage", b'{"a": 1 }'),
        (b' { "usage":null } ', "usage", b" {  } "),
    ],
)
def test_the_other_bytes_stay(data: bytes, name: str, left: bytes) -> None:
    assert without_member(data, members(data), name) == left


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"1",
        b"{",
        b'{"a":1',
        b'{"a":1,"a":1}',
        b'{"a":1,"b":2,"a":1}',
        b'{"a":1,"\\u0061":1}',
        b"{'a':1}",
        b'{"a":1} x',
        b"\xff{}",
        b'{"\xff":1}',
        b"[" * 5000,
    ],
)
def test_what_is_no_object_with_each_name_once(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        members(data)
