"""Spending rules: each has an id of its own, for a counter belongs to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.settings import ConfigError, load
from penstock.settings.gateways import SpendRule, rule_id

RULES = "accounts.local.gateways.default.spend_limits.rules"
RULE = f"[[{RULES}]]\nlimit = 1\nlimitType = 'cost'\nwindow = 60\n"


def complaint(folder: Path, text: str) -> str:
    file = folder / "penstock.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, environ={}, overrides={})
    return str(caught.value)


def test_two_rules_may_not_share_an_id(tmp_path: Path) -> None:
    said = complaint(tmp_path, RULE + "id = 'team'\n" + RULE + "id = 'team'\n")
    assert "2 rules have the id 'team'" in said


def test_nor_may_one_take_the_name_of_a_place(tmp_path: Path) -> None:
    assert "'rule-2'" in complaint(tmp_path, RULE + "id = 'rule-2'\n" + RULE)


def test_the_place_of_such_rules_is_told(tmp_path: Path) -> None:
    other = "[accounts.local.gateways.first]\ncache_ttl = 5\n"
    said = complaint(tmp_path, other + RULE + "id = 'rule-2'\n" + RULE)
    assert said.endswith(
        f"penstock.toml:3: {RULES}: 2 rules have the id 'rule-2'; each needs its own counter"
    )


def test_a_rule_without_an_id_is_known_by_its_place() -> None:
    rule = SpendRule(limit=1.0, limit_type="cost", window=60)
    assert [rule_id(rule, index) for index in range(2)] == ["rule-1", "rule-2"]
