"""`penstock models`: which names there are, and those of the directory: set, changed and removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from control_store_commands import Shell

FILE = '[models]\nfixed = "openai/gpt-4o"\n'


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    data, config = tmp_path / "data", tmp_path / "penstock.toml"
    data.mkdir()
    config.write_text(FILE)
    return Shell(data, {"PENSTOCK_CONFIG": str(config)})


def names(shell: Shell) -> dict[str, tuple[str, ...]]:
    return {f"{row.account} {row.name}": row.models for row in shell.snapshot().model_aliases}


def test_a_name_is_set_changed_listed_and_removed(shell: Shell) -> None:
    said = shell.run("models", "set", "smart", "anthropic/claude-sonnet-4-5", "openai/gpt-5")
    assert said.err == "smart stands for anthropic/claude-sonnet-4-5, openai/gpt-5.\n"
    shell.run("models", "set", "smart", "openai/gpt-5")
    shell.run("models", "set", "*", "openrouter", "--account", "acct")
    assert names(shell) == {"local smart": ("openai/gpt-5",), "acct *": ("openrouter",)}
    lines = shell.run("models", "list").out.splitlines()
    assert [line.split() for line in lines] == [
        ["NAME", "ACCOUNT", "FROM", "STANDS", "FOR"],
        ["fixed", "all", "file", "openai/gpt-4o"],
        ["smart", "local", "directory", "openai/gpt-5"],
        ["*", "acct", "directory", "openrouter"],
    ]
    shell.run("models", "remove", "smart", "--yes")
    assert names(shell) == {"acct *": ("openrouter",)}
    audit = shell.control_store.audit(None, 10)
    assert [(one.action, one.kind) for one in audit] == [
        ("delete", "model_alias"),
        ("create", "model_alias"),
        ("update", "model_alias"),
        ("create", "model_alias"),
    ]


def test_json_has_the_same(shell: Shell) -> None:
    shell.run("models", "set", "smart", "openai/gpt-5")
    of_file, own = shell.run("models", "list", "--json").rows()
    assert of_file == {"name": "fixed", "models": ["openai/gpt-4o"], "source": "file"}
    assert (own["name"], own["models"], own["source"]) == ("smart", ["openai/gpt-5"], "directory")
    assert own["account_id"] == "local"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "a", "opnai/x"), 'did you mean "openai"'),
        (("set", "a", "b"), "neither provider/model nor another name"),
        (("set", "fixed", "openai/gpt-5"), "penstock.toml"),
        (("set", "a", *(f"openai/{n}" for n in range(17))), "allowed: 16"),
        (("remove", "fixed", "--yes"), "stands in the configuration file"),
        (("remove", "nobody", "--yes"), "`penstock models list`"),
        (("remove", "held", "--yes"), "would be wrong"),
        (("remove", "holds"), "give --yes"),
    ],
)
def test_what_cannot_be(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    shell.run("models", "set", "held", "openai/gpt-5")
    shell.run("models", "set", "holds", "held")
    before = names(shell)
    refused = shell.run("models", *arguments, code=1)
    assert said in refused.err
    assert names(shell) == before


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "x" * 257])
def test_names_that_are_none(shell: Shell, name: str) -> None:
    shell.run("models", "set", name, "openai/gpt-5", code=2)
    shell.run("models", "set", "a", name, code=2)
    assert names(shell) == {}
