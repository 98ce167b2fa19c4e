"""Words of addresses as questions to the run ledger."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.analytics.parameters import BadParameter
from penstock.analytics.run_choice import WORDS, chosen_runs
from penstock.runs.run import RunKind
from penstock.stores.runs import RunQuery

NOW = 1_780_000_000_000_000
HOUR = 3_600_000_000


def chosen(*given: tuple[str, str]) -> RunQuery:
    return chosen_runs(given, "acc", NOW).query


def test_of_one_word_any_value_and_of_several_words_all() -> None:
    assert chosen(
        ("kind", "task"), ("kind", "Group"), ("state", " failed "), ("processor", "core")
    ) == RunQuery(account="acc", kinds=(RunKind.TASK, RunKind.GROUP), states=("failed",), products=("core",))
    assert chosen(("gateway", "a"), ("gateway", "b"), ("owner", "ann"), ("parent", "tgrp_1")) == RunQuery(
        account="acc", gateways=("a", "b"), owner="ann", parent="tgrp_1"
    )
    assert chosen(("since", "2h"), ("until", "1h"), ("active", "yes"), ("active", "no")) == RunQuery(
        account="acc", since_us=NOW - 2 * HOUR, until_us=NOW - HOUR, active=False
    )
    assert chosen(("confidence", "LOW"), ("domain", "https://www.A.example/x")) == RunQuery(
        account="acc", confidences=("low",), domains=("a.example",)
    )


def test_what_is_no_word_or_has_no_value_is_left_alone() -> None:
    found = chosen_runs([("colour", "red"), ("state", " "), ("kind", "task"), ("kind", "task")], "acc", NOW)
    assert found.words == (("kind", "task"),)
    assert found.query == RunQuery(account="acc", kinds=(RunKind.TASK,))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("kind", "search"),
        ("active", "maybe"),
        ("confidence", "sure"),
        ("domain", "a b"),
        ("since", "soon"),
        ("until", "9999-99-99"),
        ("state", "x" * 257),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_word(word: str, text: str) -> None:
    with pytest.raises(BadParameter) as raised:
        chosen((word, text))
    assert raised.value.parameter == word


def test_there_are_not_endless_values() -> None:
    with pytest.raises(BadParameter):
        chosen(*(("state", f"s{number}") for number in range(21)))


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.text(max_size=12)), max_size=8))
def test_any_words_are_a_question_or_refused(given: list[tuple[str, str]]) -> None:
    with suppress(BadParameter):
        assert chosen(*given).account == "acc"
