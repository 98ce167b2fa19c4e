"""Ids of spend rules: a rule that is there keeps its own, whatever is put in front of it or changed in it."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from penstock.control.spend_rule_ids import with_rule_ids
from penstock.settings.gateway_fields import to_settings
from penstock.settings.gateways import SpendRule

Rule = dict[str, object]
Rules = tuple[SpendRule, ...]


def text_of(rule: Rule) -> str:
    return json.dumps(rule, sort_keys=True)


limits = st.integers(1, 4).map(float)
scopes = st.fixed_dictionaries(
    {"window": st.sampled_from([60, 3600]), "technique": st.sampled_from(["fixed", "sliding"])},
    optional={
        "model": st.fixed_dictionaries({"mode": st.just("filter"), "values": st.just(["openai/gpt-5"])}),
        "metadata": st.dictionaries(st.sampled_from("ab"), st.just({"mode": "partition"}), min_size=1),
    },
)
bare = st.builds(lambda limit, scope: {"limit": limit, "limitType": "cost", **scope}, limits, scopes)
several = st.lists(bare, max_size=6)
different = st.lists(bare, max_size=6, unique_by=text_of)


def rule(limit: float = 5, window: int = 3600, **fields: object) -> Rule:
    return {"limit": limit, "limitType": "cost", "window": window, **fields}


def named(old: Rules, *rules: Rule, seed: str = "seed") -> Rules:
    """The rules of a gateway that had the old ones."""
    settings = to_settings({"spend_limits": {"enabled": True, "rules": list(rules)}})
    limits = with_rule_ids(settings, old, seed).spend_limits
    assert limits is not None
    assert limits.enabled
    return limits.rules


def ids(rules: Rules) -> list[str]:
    return [rule.id or "" for rule in rules]


def test_new_rules_get_ids_that_differ() -> None:
    first, second, third = ids(named((), rule(), rule(), rule(1)))
    assert len({first, second, third}) == 3
    assert re.fullmatch("[0-9a-f]{8}", first)


def test_a_given_id_is_kept_also_an_old_one_at_another_rule() -> None:
    old = named((), rule(1, id="a"), rule(2, id="b"))
    assert ids(named(old, rule(2, id="a"), rule(9, 60, id="c"))) == ["a", "c"]


def test_an_empty_id_is_none() -> None:
    assert ids(named(named((), rule(id="a")), rule(id=""))) == ["a"]


def test_a_rule_in_front_leaves_the_others_theirs() -> None:
    old = named((), rule(5))
    (kept,) = ids(old)
    new, same = ids(named(old, rule(1), rule(5)))  # that counts the same calls, by another limit
    assert same == kept
    assert new != kept


def test_a_rule_with_another_limit_or_switched_off_is_the_same() -> None:
    old = named((), rule(5), rule(5, 60))
    hour, minute = ids(old)
    assert ids(named(old, rule(7, 60), rule(5, enabled=False))) == [minute, hour]


def test_a_rule_that_counts_other_calls_is_another() -> None:
    old = named((), rule(5))
    assert ids(named(old, rule(5, 60))) != ids(old)
    assert ids(named(old, rule(5, provider={"mode": "filter", "values": ["openai"]}))) != ids(old)


def test_a_rule_that_comes_again_begins_anew() -> None:
    old = named((), rule(5), seed="first")
    gone = named(old, seed="second")
    assert ids(named(gone, rule(5), seed="third")) != ids(old)


def test_fields_without_rules_stay_as_they_are() -> None:
    for fields in ({}, {"cache_ttl": 1}, {"spend_limits": None}, {"spend_limits": {"enabled": True}}):
        settings = to_settings(dict(fields))
        assert with_rule_ids(settings, (), "seed") == settings


@given(several, several)
def test_each_rule_has_an_id_of_its_own(before: list[Rule], after: list[Rule]) -> None:
    old = named((), *before, seed="first")
    found = ids(named(old, *after, seed="second"))
    assert len(set(found)) == len(found) == len(after)
    assert all(found)


@given(several)
def test_the_same_rules_again_change_nothing(rules: list[Rule]) -> None:
    old = named((), *rules, seed="first")
    assert named(old, *rules, seed="second") == old


@given(different, st.data())
def test_what_is_equal_keeps_its_id_wherever_it_stands(rules: list[Rule], data: st.DataObject) -> None:
    """Whatever comes, goes or changes its place beside it."""
    old = named((), *rules, seed="first")
    known = dict(zip(map(text_of, rules), ids(old), strict=True))
    mixed = data.draw(st.permutations([*rules, *data.draw(several)]).map(lambda them: them[:8]))
    found = ids(named(old, *mixed, seed="second"))
    for text, name in known.items():
        if text in map(text_of, mixed):
            assert name in [found[place] for place, one in enumerate(mixed) if text_of(one) == text]
