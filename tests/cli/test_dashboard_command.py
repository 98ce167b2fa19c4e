"""`penstock dashboard`: a link for the server that runs on a folder, and a clear refusal where none does."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from penstock.cli.main import main
from penstock.clock import Clock
from penstock.metrics.worker_file import FOLDER, process_birth
from penstock.metrics.worker_state import WorkerState, encode
from penstock.pages.dashboard.sign_in_files import LINK_FILE, LINK_SECONDS, offer_link, take_link


def called(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["dashboard", *arguments], env={"PENSTOCK_DATA": str(data)})


def refused(data: Path, *arguments: str) -> str:
    done = called(data, *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert not (data / LINK_FILE).exists()
    return done.stderr


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A folder that somebody holds, as a server does."""
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield tmp_path


def serving(data: Path, address: str) -> None:
    """A worker, this process, that tells where it is."""
    pid, now_us = os.getpid(), Clock().now_us()
    state = WorkerState(
        pid=pid,
        birth=process_birth(pid),
        started_us=now_us,
        written_us=now_us,
        address=address,
        directory_version=0,
        calls=0,
        connections=0,
        journal_healthy=True,
        unwritten=0,
        breakers=(),
        open_breakers=0,
    )
    (data / FOLDER).mkdir()
    (data / FOLDER / f"{pid}.json").write_bytes(encode(state))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
        ("http://192.0.2.7:9000", "http://192.0.2.7:9000"),
        ("http://0.0.0.0:9000", "http://127.0.0.1:9000"),
        ("http://[::]:9000", "http://127.0.0.1:9000"),
    ],
)
def test_the_link_leads_to_the_server_and_signs_in_once(data: Path, address: str, shown: str) -> None:
    serving(data, address)
    done = called(data)
    base, _, secret = done.stdout.strip().partition("/sign-in?link=")
    assert (done.exit_code, base) == (0, shown)
    assert take_link(data, secret, Clock().now_us())
    assert not take_link(data, secret, Clock().now_us())


def test_it_takes_the_place_of_the_link_before(data: Path) -> None:
    serving(data, "http://127.0.0.1:9000")
    offer_link(data, "of-the-start", Clock().now_us())
    first, second = (called(data).stdout.strip().rpartition("=")[2] for _ in range(2))
    now_us = Clock().now_us()
    assert not take_link(data, "of-the-start", now_us)
    assert not take_link(data, first, now_us)
    assert take_link(data, second, now_us)


def test_it_ends_within_the_hour_and_json_says_when(data: Path) -> None:
    serving(data, "http://127.0.0.1:9000")
    done = called(data, "--json")
    found = json.loads(done.stdout)
    assert set(found) == {"url", "expires_at"}
    assert done.stderr == ""
    secret = found["url"].rpartition("=")[2]
    assert not take_link(data, secret, Clock().now_us() + LINK_SECONDS * 1_000_000)


def test_the_secret_is_not_in_the_folder(data: Path) -> None:
    serving(data, "http://127.0.0.1:9000")
    secret = called(data).stdout.strip().rpartition("=")[2]
    assert secret not in (data / LINK_FILE).read_text()
    assert (data / LINK_FILE).stat().st_mode & 0o077 == 0


def test_without_a_server_there_is_none(tmp_path: Path) -> None:
    assert "no server runs on" in refused(tmp_path)
    (tmp_path / "lock").touch()  # of one that was stopped
    serving(tmp_path, "http://127.0.0.1:9000")
    said = refused(tmp_path)
    assert "no server runs on" in said
    assert f"penstock serve --data {tmp_path}" in said


def test_without_a_folder_there_is_none_and_none_is_made(tmp_path: Path) -> None:
    assert "there is no data folder" in refused(tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def test_a_server_without_workers_is_told(data: Path) -> None:
    assert "no worker that serves" in refused(data)


def test_a_folder_of_another_user_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serving(data, "http://127.0.0.1:9000")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert "belongs to user" in refused(data)
