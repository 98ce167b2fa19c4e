"""What commands say of themselves, and of words that none of them has."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from penstock.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["srve"], "serve"),
        (["lgos"], "logs"),
        (["logs", "shwo"], "show"),
        (["keys", "creat"], "create"),
        (["gateways", "sett"], "set"),
        (["provider-keys", "lst"], "list"),
    ],
)
def test_a_mistyped_command_names_the_one_that_was_meant(arguments: list[str], meant: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert f"'{meant}'" in done.stderr.partition("Did you mean")[2]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["logs", "--provder", "openai"], "--provider"),
        (["logs", "--sinc", "1d"], "--since"),
        (["cost", "--modle", "x"], "--model"),
        (["serve", "--prot", "9000"], "--port"),
        (["keys", "create", "x", "--rate-limt", "1/1s"], "--rate-limit"),
        (["dashboard", "--jsno"], "--json"),
    ],
)
def test_a_mistyped_option_names_the_one_that_was_meant(arguments: list[str], meant: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert meant in done.stderr.partition("Did you mean")[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["logs", "--since", "yesterdy"], "--since"),
        (["logs", "--until", "2026-13-01"], "--until"),
        (["logs", "--status", "20x"], "'20x' is not a status"),
        (["logs", "--cached", "maybe"], "neither yes nor no"),
        (["logs", "--cost", "cheap"], "write one like >0.01"),
        (["logs", "--metadata", "project"], "project=maps"),
        (["cost", "--since", "yesterdy"], "--since"),
        (["cost", "--by", "modl"], "did you mean model?"),
        (["cost", "--by", "dya"], "did you mean day?"),
        (["runs", "--since", "yesterdy"], "--since"),
        (["runs", "--kind", "tsk"], "--kind"),
        (["hooks", "--state", "gone"], "--state"),
        (["evidence", "--confidence", "hihg"], "--confidence"),
        (["keys", "create", "x", "--rate-limit", "many"], "100/60s"),
        (["keys", "create", "x", "--expires", "soon"], "--expires"),
        (["cache", "purge", "--provider", "opnai"], 'did you mean "openai"?'),
    ],
)
def test_a_mistyped_value_is_an_error_that_says_what_may_stand_there(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    done = CliRunner().invoke(main, arguments, env={"PENSTOCK_DATA": str(tmp_path)})
    assert done.exit_code == 2
    assert says in done.stderr


def test_what_is_like_no_command_is_only_refused() -> None:
    done = CliRunner().invoke(main, ["xyzzy"])
    assert (done.exit_code, "Did you mean" in done.stderr) == (2, False)
    assert "No such command 'xyzzy'" in done.stderr
