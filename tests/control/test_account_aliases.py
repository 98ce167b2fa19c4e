"""What an account's names come to where some of them have gone wrong since they were added."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from penstock.control.model_aliases import account_aliases
from penstock.settings import Settings, load
from penstock.stores.control_store import Snapshot
from penstock.stores.model_alias import ModelAlias
from support.gateway import prepare

OF_FILE = '[models]\nsmart = "openai/gpt-5"\n"*" = "openrouter"\n'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(prepare(tmp_path, OF_FILE), environ={}, overrides={"server.data": str(tmp_path / "data")})


def rows(**names: str) -> Snapshot:
    return Snapshot(
        model_aliases=tuple(
            ModelAlias(
                id=name, account="a", name=name, models=tuple(meant.split()), created_us=1, modified_us=1
            )
            for name, meant in names.items()
        )
    )


def test_a_wrong_name_keeps_back_no_other(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        found = account_aliases(settings, rows(one="two", two="one", three="two openai/x", good="smart"))
    assert set(found) == {"a"}
    assert found["a"].table == {"smart": ("openai/gpt-5",), "good": ("openai/gpt-5",)}
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert all("of account a, is not used" in line and "leads back to itself" in line for line in said)


def test_the_file_goes_first_whatever_the_directory_says(settings: Settings) -> None:
    snapshot = rows(smart="anthropic/x", **{"*": "groq", "openai/gpt-5": "smart"})
    found = account_aliases(settings, snapshot)["a"]
    assert found.table == {"smart": ("openai/gpt-5",), "openai/gpt-5": ("openai/gpt-5",)}


def test_who_has_no_names_has_no_table(settings: Settings) -> None:
    assert account_aliases(settings, Snapshot()) == {}
