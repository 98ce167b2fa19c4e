"""Names of tools and ids of calls in other spellings: always the same, never two alike, and the way back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.dialects.tool_names import (
    CLAUDE_ID,
    CLAUDE_NAME,
    CONVERSE_ID,
    CONVERSE_NAME,
    GEMINI_NAME,
    OPENAI_ID,
    OPENAI_NAME,
    Spelling,
    ToolNames,
    made_id,
)

SPELLINGS = [CLAUDE_ID, CLAUDE_NAME, CONVERSE_ID, CONVERSE_NAME, GEMINI_NAME, OPENAI_ID, OPENAI_NAME]


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(st.text(max_size=200))
def test_every_text_gets_a_legal_form_that_is_always_the_same(spelling: Spelling, text: str) -> None:
    found = spelling.legal(text)
    assert spelling.is_legal(found)
    assert spelling.legal(text) == found == spelling.legal(found)
    assert (found == text) is spelling.is_legal(text)


@pytest.mark.parametrize("name", ["a", "get_weather", "a.b:c-d", "_x", "x" * 64])
def test_legal_names_stay(name: str) -> None:
    assert GEMINI_NAME.legal(name) == name


@pytest.mark.parametrize("name", ["", "1a", "-a", "a b", "a/b", "é", "x" * 65, "a\n", "用法"])
def test_others_are_changed(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}", GEMINI_NAME.legal(name))
    assert GEMINI_NAME.legal(name) != name


def test_two_names_never_become_one() -> None:
    assert len({GEMINI_NAME.legal(name) for name in ("a b", "a/b", "a_b", "a\tb", "x" * 65, "x" * 66)}) == 6


@given(
    st.lists(
        st.text(max_size=8)
        | st.sampled_from(["a b", "a/b", OPENAI_NAME.legal("a b"), OPENAI_NAME.legal("a/b")]),
        max_size=8,
    )
)
def test_there_is_a_way_back(declared: list[str]) -> None:
    names = ToolNames(OPENAI_NAME, declared)
    assert [names.original(names.legal(name)) for name in declared] == declared
    assert len({names.legal(name) for name in declared}) == len(set(declared))
    assert all(OPENAI_NAME.is_legal(names.legal(name)) for name in declared)


def test_a_prefix_is_cut_only_before_declared_names() -> None:
    names = ToolNames(GEMINI_NAME, ["look", "default_api:own"])
    assert names.original("default_api:look", "default_api:") == "look"
    assert names.original("default_api:own", "default_api:") == "default_api:own"
    assert names.original("default_api:gone", "default_api:") == "default_api:gone"


def test_ids_that_are_made_differ_by_call_number_and_choice() -> None:
    ids = [made_id("0192-aa", 0), made_id("0192-aa", 1), made_id("0192-aa", 1, 1), made_id("0192-ab", 0)]
    assert len(set(ids)) == 4
    assert all(CONVERSE_ID.is_legal(one) and CLAUDE_ID.is_legal(one) for one in ids)
