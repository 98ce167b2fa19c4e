"""What filters mean, without a ledger: each way of writing one comes to one predicate."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given

from penstock.stores.filters import groups, meaning
from penstock.stores.ledger import ANY, Condition, Key, Operator, Query, Scalar, UnfitCondition
from penstock.stores.predicates import (
    Always,
    Among,
    AnyOf,
    Began,
    Beyond,
    EventId,
    Flag,
    Id,
    IdPart,
    Metadata,
    Moments,
    Not,
    Part,
    Predicate,
    Range,
    Search,
    Text,
    Within,
)
from support import ledger_model as model
from support.ledger_questions import SEEDS, conditions, made, queries, row_of
from support.predicate_model import fits

ID = "0199c8ff-1000-7000-8000-000000000000"
NOON_US = 1_735_732_800_000_000  # 2025-01-01T12:00:00Z
NOON = "2025-01-01T12:00:00Z"


def _means(key: Key, operator: Operator, *values: Scalar) -> Predicate:
    return meaning(Condition(key, operator, values))


@pytest.mark.parametrize(
    ("key", "values", "predicate"),
    [
        ("provider", ["openai"], Text("provider", ("openai",))),
        ("provider", ["openai", None], Text("provider", ("openai",), unknown=True)),
        ("user", [""], Text("user", (), unknown=True)),
        ("user", [12, 1.0, True], Text("user", ("12", "1", "true"))),
        ("model", ["openai/gpt-4o"], Text("model", ("openai/gpt-4o",))),
        ("model", ["gpt-4o"], Text("model", ("gpt-4o",), bare=("gpt-4o",))),
        ("model", ["", "a/b", "c"], Text("model", ("a/b", "c"), unknown=True, bare=("c",))),
        ("metadata.key", ["team"], Metadata("metadata.key", ('"team"',))),
        ("metadata.value", ["12"], Metadata("metadata.value", ('"12"', "12", "12.0"))),
        ("metadata.value", [12], Metadata("metadata.value", ('"12"', "12", "12.0"))),
        ("metadata.value", ["0.5"], Metadata("metadata.value", ('"0.5"', "0.5"))),
        ("metadata.value", [True], Metadata("metadata.value", ('"true"', "true"))),
        ("metadata.value", [""], Metadata("metadata.value", ('""',))),
        ("metadata.value", [None], Metadata("metadata.value", (), unknown=True)),
        ("metadata.value", ['say "x"'], Metadata("metadata.value", (r'"say \"x\""',))),
        ("success", [True, "0"], Flag("success", (True, False))),
        ("success", [None], Flag("success", ())),
        ("authentication", ["True"], Flag("authenticated", (True,))),
        ("compatibilityMode", [1], Flag("compat", (True,))),
        ("wholesale", [False], Always(True)),
        ("wholesale", ["true"], Always(False)),
        ("dlp_action", ["BLOCK", 0, False], Always(False)),
        ("dlp_action", ["BLOCK", ""], Always(True)),
        ("dlp_action", [None], Always(True)),
        ("status_code", ["404", 200], Among("status_code", (Decimal(404), Decimal(200)))),
        ("feedback", [None, 0.5], Among("feedback", (Decimal("0.5"),), unknown=True)),
        ("tokens", [15], Within("tokens", (Range(15, 15),))),
        ("tokens_in", [1.5, None], Within("tokens_in", (), unknown=True)),
        ("cost", ["0.0015"], Within("cost", (Range(1_500_000, 1_500_000),))),
        ("cost", [0.1 + 0.2], Within("cost", (Range(300_000_000, 300_000_000),))),
        ("duration", [2], Within("duration", (Range(1500, 2500),))),
        ("duration", [3], Within("duration", (Range(2501, 3499),))),
        ("created_at", [NOON], Began((Moments(NOON_US, NOON_US + 1000),))),
        (
            "created_at",
            ["2025-01-01T14:00:00.0005+02:00", None],
            Began((Moments(NOON_US, NOON_US + 1000),)),
        ),
        ("id", [f" {ID.upper()} ", 7], Id((ID,))),
        ("event_id", ["Event", ID], EventId(("Event", ID), ("event", ID))),
    ],
)
def test_one_of_some_values_and_none_of_them(key: Key, values: list[Scalar], predicate: Predicate) -> None:
    assert _means(key, "eq", *values) == predicate
    other = Always(not predicate.fits) if isinstance(predicate, Always) else Not(predicate)
    assert _means(key, "neq", *values) == other


@pytest.mark.parametrize(
    ("key", "values", "predicate"),
    [
        ("provider", ["PEN", "x"], Part("provider", ("pen", "x"))),
        ("metadata.value", ["aNN"], Part("metadata.value", ("ann",))),
        ("id", ["ABC"], IdPart("id", ("abc",))),
        ("event_id", ["ABC"], IdPart("event_id", ("abc",))),
        ("dlp_action", ["x"], Always(False)),
    ],
)
def test_a_part(key: Key, values: list[Scalar], predicate: Predicate) -> None:
    assert _means(key, "contains", *values) == predicate


@pytest.mark.parametrize(
    ("key", "values", "less", "greater"),
    [
        ("feedback", [-1, 1], Beyond("feedback", "lt", Decimal(1)), Beyond("feedback", "gt", Decimal(-1))),
        ("feedback", ["0.5"], Beyond("feedback", "lt", Decimal("0.5")), Beyond("feedback", "gt", Decimal("0.5"))),
        ("tokens", [10, 2.5], Within("tokens", (Range(None, 9),)), Within("tokens", (Range(3, None),))),
        ("cost", [1e-9], Within("cost", (Range(None, 0),)), Within("cost", (Range(2, None),))),
        ("duration", [2], Within("duration", (Range(None, 1499),)), Within("duration", (Range(2501, None),))),
        ("duration", [], Always(False), Always(False)),
        ("feedback", [], Always(False), Always(False)),
        ("created_at", [NOON], Began((Moments(None, NOON_US),)), Began((Moments(NOON_US + 1000, None),))),
        (
            "created_at",
            ["2025-01-01T12:00:00.0005Z"],
            Began((Moments(None, NOON_US + 500),)),
            Began((Moments(NOON_US + 501, None),)),
        ),
        ("created_at", [], Always(False), Always(False)),
    ],
)  # fmt: skip
def test_less_and_greater(key: Key, values: list[Scalar], less: Predicate, greater: Predicate) -> None:
    """Than any of the values, which is than one of them."""
    assert (_means(key, "lt", *values), _means(key, "gt", *values)) == (less, greater)


@pytest.mark.parametrize(
    ("key", "operator", "value", "why"),
    [
        ("cost", "eq", "cheap", "cost is a number: 'cheap' is none"),
        ("cost", "contains", "1", "`contains` is for texts, and cost is none"),
        ("created_at", "contains", "1", "`contains` is for texts, and created_at is a time"),
        ("success", "contains", "t", "`contains` is for texts, and success is none"),
        ("wholesale", "contains", "t", "wholesale is true or false"),
        ("wholesale", "contains", "true", "`contains` is for texts, and wholesale is none"),
        ("duration", "lt", None, "`lt` wants a value for duration, not null"),
        ("feedback", "gt", None, "`gt` wants a value for feedback, not null"),
        ("created_at", "gt", None, "`gt` wants a value for created_at, not null"),
        ("model", "gt", "a", "`gt` is for numbers and times, and model is neither"),
        ("id", "lt", "a", "`lt` is for numbers and times, and id is neither"),
        ("dlp_action", "lt", "a", "`lt` is for numbers and times, and dlp_action is neither"),
        ("metadata.key", "contains", None, "`contains` wants a text for metadata.key, not null"),
        ("event_id", "contains", None, "`contains` wants a text for event_id, not null"),
    ],
)
def test_what_no_call_could_be_asked(key: Key, operator: Operator, value: Scalar, why: str) -> None:
    with pytest.raises(UnfitCondition, match=why):
        _means(key, operator, value)


def test_a_query_is_groups_all_of_which_must_hold() -> None:
    openai, alike = Condition("provider", "eq", ("openai",)), Condition("wholesale", "eq", (False,))
    query = Query(conditions=((openai,), (), (openai, alike)), search="GPT")
    provider = Text("provider", ("openai",))
    assert groups(query) == (provider, AnyOf((provider, Always(True))), Search("gpt"))
    assert groups(ANY) == ()


@given(SEEDS, conditions())
def test_a_filter_means_what_the_model_of_a_ledger_says(seed: int, condition: Condition) -> None:
    row = row_of(made(seed))
    assert fits(meaning(condition), row) == model.holds(row, condition)


@given(SEEDS, queries())
def test_a_query_means_what_the_model_of_a_ledger_says(seed: int, where: Query) -> None:
    row = row_of(made(seed))
    whole = Query(conditions=where.conditions, search=where.search)
    assert all(fits(one, row) for one in groups(where)) == model.fits(row, whole)
