"""`[models]`: what names may stand for, and what is said, with the line, of those that lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.control.compile import build_registry
from penstock.settings import ConfigError, load
from penstock.settings.models import MOST_MODELS, fault_in, flattened
from penstock_common.check import FieldError


def complaint(tmp_path: Path, text: str) -> str:
    path = tmp_path / "penstock.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        build_registry(load(path, environ={}, overrides={}))
    return str(caught.value).replace(str(path), "penstock.toml")


def test_a_table(tmp_path: Path) -> None:
    path = tmp_path / "penstock.toml"
    path.write_text(
        '[models]\n"gpt-4o-mini" = "openai/gpt-4o-mini"\nsmart = ["anthropic/claude-sonnet-4-5", "gpt-4o-mini"]\n'
        '"*" = "openrouter"\n',
        encoding="utf-8",
    )
    found = load(path, environ={}, overrides={})
    build_registry(found)
    assert flattened(found.models) == {
        "gpt-4o-mini": ("openai/gpt-4o-mini",),
        "smart": ("anthropic/claude-sonnet-4-5", "openai/gpt-4o-mini"),
        "*": ("openrouter",),
    }
    assert found.model_lines == {"gpt-4o-mini": 2, "smart": 3, "*": 4}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '\nx = "anthropc/claude"',
            '3: models.x: no provider is called "anthropc"; did you mean "anthropic"?',
        ),
        ('x = "gpt-4o"', '2: models.x: "gpt-4o" is neither provider/model nor another name of this table'),
        ('x = "openai/"', '2: models.x: "openai/" names no model'),
        ('"*" = "opnrouter"', '2: models."*": no provider is called "opnrouter"; did you mean "openrouter"?'),
        (
            '"*" = "openai/gpt-4o"',
            '2: models."*": no provider is called "openai/gpt-4o"; did you mean "openai"?',
        ),
        ('a = "b"\nb = "a"', '2: models.a: leads back to itself: "a" → "b" → "a"'),
        ('"a/b" = ["c"]\nc = "a/b"', '2: models."a/b": leads back to itself: "a/b" → "c" → "a/b"'),
        (
            'x = ["openai/a", "*"]\n"*" = "openai"',
            '2: models.x: "*" stands for other names, and no name for it: say which model is meant',
        ),
        ("x = []", "2: models.x: found an array of 0, allowed: a string or an array of 1 to 16"),
        ("x = 1", "2: models.x: found a number, allowed: a string or an array of 1 to 16"),
        (
            'x = ["openai/a", "a b"]',
            '2: models.x[1]: found "a b", allowed: up to 256 characters without blanks',
        ),
        ('x = "openai/a b"', '2: models.x: found "openai/a b", allowed: up to 256 characters without blanks'),
        (
            '"a b" = "openai/a"',
            '2: [models]: found the name "a b", allowed: up to 256 characters without blanks',
        ),
    ],
)
def test_what_is_wrong_with_one(tmp_path: Path, text: str, said: str) -> None:
    assert complaint(tmp_path, f"[models]\n{text}\n") == f"penstock.toml:{said}"


def test_all_that_is_wrong_is_said(tmp_path: Path) -> None:
    said = complaint(tmp_path, '[models]\na = "nobody/x"\nb = "openai/x"\nc = "y"\n').splitlines()
    assert [line.partition(": ")[0] for line in said] == ["penstock.toml:2", "penstock.toml:4"]


def test_ones_own_provider_may_be_in_the_directory(tmp_path: Path) -> None:
    path = tmp_path / "penstock.toml"
    path.write_text('[models]\na = "custom-mine/x"\n"*" = ["custom-mine", "openai"]\n', encoding="utf-8")
    build_registry(load(path, environ={}, overrides={}))


def test_a_name_in_its_own_list_is_the_model() -> None:
    table = {"openai/a": ["openai/a", "anthropic/b"], "smart": ["openai/a", "cohere/c"]}
    assert flattened(table) == {
        "openai/a": ("openai/a", "anthropic/b"),
        "smart": ("openai/a", "anthropic/b", "cohere/c"),
    }


def test_names_lead_on_within_bounds() -> None:
    chain = {f"n{i}": f"n{i + 1}" for i in range(15)} | {"n15": "openai/x"}
    assert flattened(chain)["n0"] == ("openai/x",)
    assert flattened(dict(reversed(chain.items())))["n0"] == ("openai/x",)
    for one in (chain, dict(reversed(chain.items()))):
        with pytest.raises(FieldError, match="more than 16 steps"):
            flattened({"first": "n0", **one})
    many = {f"m{i}": [f"openai/{i}-{k}" for k in range(5)] for i in range(4)}
    with pytest.raises(FieldError, match=f"stands for 20 models in the end, allowed: {MOST_MODELS}"):
        flattened({**many, "all": list(many)})


def test_lists_of_lists_do_not_multiply() -> None:
    """Each name is worked out once, however many lead to it."""
    tower: dict[str, list[str] | str] = {"n0": "openai/x"}
    for level in range(1, 15):
        tower[f"n{level}"] = [f"n{below}" for below in range(level)]
    assert flattened(tower)["n14"] == ("openai/x",)


NAMES = st.sampled_from(["a", "b", "c", "d", "*", "openai/x", "anthropic/y"])


@given(st.dictionaries(NAMES, NAMES | st.lists(NAMES, min_size=1, max_size=4), max_size=7))
def test_any_table_comes_to_models_or_is_refused(table: dict[str, str | list[str]]) -> None:
    fault = fault_in(table)
    if fault is not None:
        assert fault.key in table
        return
    found = flattened(table)
    for name, models in found.items():
        assert models
        assert len(set(models)) == len(models)
        assert name == "*" or all(one not in table or one in found[one] for one in models)
