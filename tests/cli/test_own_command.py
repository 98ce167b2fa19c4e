"""What is printed to be typed can be typed: however the program was started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from penstock.cli.own_command import command_of


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    program = tmp_path / "project" / ".venv" / "bin" / "penstock"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_by_its_name_where_the_shell_finds_it(installed: Path, tmp_path: Path) -> None:
    environ = {"PATH": f"/usr/bin:{installed.parent}"}
    assert command_of(str(installed), environ, tmp_path) == "penstock"


def test_by_its_path_from_here_where_it_does_not(installed: Path, tmp_path: Path) -> None:
    environ = {"PATH": "/usr/bin"}
    assert command_of(str(installed), environ, tmp_path / "project") == ".venv/bin/penstock"
    assert command_of(str(installed), environ, tmp_path / "elsewhere") == str(installed)


def test_another_of_that_name_is_not_it(installed: Path, tmp_path: Path) -> None:
    other = tmp_path / "bin" / "penstock"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    environ = {"PATH": str(other.parent)}
    assert command_of(str(installed), environ, tmp_path / "project") == ".venv/bin/penstock"


def test_a_folder_of_uvx_that_goes_again_is_not_named(tmp_path: Path) -> None:
    program = tmp_path / "cache" / "archive-v0" / "x1" / "bin" / "penstock"
    environ = {"PATH": str(program.parent), "UV": "/usr/bin/uv"}
    assert command_of(str(program), environ, tmp_path) == "uvx penstock"
    wheel = str(tmp_path / "dist" / "penstock-1.whl")
    assert (
        command_of(str(program), environ, tmp_path, lambda: wheel)
        == "uvx --from dist/penstock-1.whl penstock"
    )


def test_as_a_module(tmp_path: Path) -> None:
    assert command_of("/x/penstock/__main__.py", {}, tmp_path) == f"{sys.executable} -m penstock"
