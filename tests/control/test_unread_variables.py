"""A mistyped variable of the environment is told from those that are read, and from those of others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import penstock
from penstock.control.unread_variables import READ, mistyped_variables

SOURCE = Path(penstock.__file__).parent


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PENSTOCK_PROT", "PENSTOCK_PORT"),
        ("PENSTOCK_DATA_DIR", "PENSTOCK_DATA"),
        ("PENSTOCK_WORKER", "PENSTOCK_WORKERS"),
        ("PENSTOCK_CONFIG_FILE", "PENSTOCK_CONFIG"),
        ("PENSTOCK_ADMIN_KEY", "PENSTOCK_ADMIN_TOKEN"),
        ("PENSTOCK_MASTERKEY", "PENSTOCK_MASTER_KEY"),
        ("PENSTOCK_MASTER_KEY_FIEL", "PENSTOCK_MASTER_KEY_FILE"),
    ],
)
def test_one_that_is_like_another_names_it_and_not_its_value(name: str, meant: str) -> None:
    (line,) = mistyped_variables({name: "hush", meant: "x"})
    assert line == f"environment: nobody reads {name}; did you mean {meant}?"


def test_others_are_left_alone() -> None:
    kubernetes = {"PENSTOCK_SERVICE_HOST": "10.0.0.1", "PENSTOCK_PORT_8787_TCP_ADDR": "10.0.0.1"}
    secrets = {"PENSTOCK_LOCAL_PROD_OTEL_1": "hush", "PENSTOCK_TOKEN": "pst_x"}
    assert not list(mistyped_variables({**kubernetes, **secrets, "PORT": "1", **dict.fromkeys(READ, "x")}))


def test_all_that_the_program_names_are_known() -> None:
    text = "\n".join(path.read_text() for path in SOURCE.rglob("*.py"))
    named = set(re.findall(r'"(PENSTOCK_[A-Z_]+)"', text))
    assert named - {"PENSTOCK_TOKEN"} == set(READ)  # that one is for programs that call
