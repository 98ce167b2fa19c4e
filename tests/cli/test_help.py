"""What commands say of themselves, and of words that none of them has."""

from __future__ import annotations

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


def test_what_is_like_no_command_is_only_refused() -> None:
    done = CliRunner().invoke(main, ["xyzzy"])
    assert (done.exit_code, "Did you mean" in done.stderr) == (2, False)
    assert "No such command 'xyzzy'" in done.stderr
