"""A start that fails says why, makes nothing and shows no token."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.gateway import PROGRAM, environment

SECONDS = 120.0  # only a failing test waits so long


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def failed(folder: Path, *arguments: str, **environ: str) -> str:
    """What `penstock serve` says that does not come to serve. Nothing is there afterwards that was not before."""
    before = sorted(folder.rglob("*"))
    done = subprocess.run(
        [*PROGRAM, "serve", *arguments],
        cwd=folder,
        env=environment(environ),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "pst_" not in done.stdout + done.stderr
    assert sorted(folder.rglob("*")) == before
    return done.stderr


def test_without_the_prices_that_are_named(tmp_path: Path) -> None:
    (tmp_path / "penstock.toml").write_text('[pricing]\nfile = "gone.toml"\n')
    said = failed(tmp_path, "--port", "0")
    assert f"{tmp_path / 'gone.toml'}: no such file" in said


def test_on_a_port_that_is_taken(tmp_path: Path, taken: int) -> None:
    assert "choose another --port" in failed(tmp_path, "--port", str(taken))


@pytest.mark.parametrize("has_lock", [True, False])
def test_in_a_folder_that_is_there_already(tmp_path: Path, taken: int, has_lock: bool) -> None:
    data = tmp_path / "penstock-data"
    data.mkdir()
    (data / "notes").write_text("mine")
    if has_lock:  # of a server that was stopped
        (data / "lock").touch()
    failed(tmp_path, "--port", str(taken))


def test_on_an_address_of_another_machine(tmp_path: Path) -> None:
    (tmp_path / "penstock.toml").write_text("[accounts.local.gateways.default]\nauthentication = true\n")
    assert "choose another --host" in failed(tmp_path, "--host", "192.0.2.1", "--port", "0")


@pytest.mark.parametrize("key", ["abc", "c2hvcnQ="])
def test_with_a_master_key_that_is_none(tmp_path: Path, key: str) -> None:
    said = failed(tmp_path, "--port", "0", PENSTOCK_MASTER_KEY=key)
    assert "PENSTOCK_MASTER_KEY" in said
    assert key not in said


def test_with_a_file_of_the_master_key_that_is_not_there(tmp_path: Path) -> None:
    said = failed(tmp_path, "--port", "0", PENSTOCK_MASTER_KEY_FILE=str(tmp_path / "gone.key"))
    assert "gone.key" in said
