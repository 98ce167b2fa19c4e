"""The configuration and the data folder as the doctor sees them."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from doctor_kit import case_of, running, states, tell, told, worker_state

from penstock.doctor.configuration import configuration, useless_settings
from penstock.doctor.data_folder import data_folder, disk_space
from penstock.doctor.units import GIB, MIB, counted, size, span

Disk = namedtuple("Disk", ("total", "used", "free"))


# -- configuration


def test_without_a_file_the_defaults_are_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert told(configuration(case_of(tmp_path))) == [("ok", "no file: the defaults are in force")]


def test_a_sound_file(tmp_path: Path) -> None:
    case = case_of(tmp_path / "data", "[server]\nport = 9000\n")
    assert told(configuration(case)) == [("ok", f"{tmp_path / 'penstock.toml'} is sound")]
    assert case.address == "http://127.0.0.1:9000"


def test_all_mistakes_are_told_with_their_lines(tmp_path: Path) -> None:
    case = case_of(tmp_path / "data", "[server]\nprot = 1\nworkers = 0\n")
    found = told(configuration(case))
    assert [state for state, _ in found] == ["problem", "problem"]
    assert found[0][1].startswith(f"{tmp_path / 'penstock.toml'}:2: ")
    assert found[1][1].startswith(f"{tmp_path / 'penstock.toml'}:3: ")
    assert case.data == tmp_path / "data"


def test_a_mistake_in_the_environment(tmp_path: Path) -> None:
    case = case_of(tmp_path, environ={"PENSTOCK_PORT": "many", "PENSTOCK_ADMIN_TOKEN": "se cret"})
    found = told(configuration(case))
    assert [state for state, _ in found] == ["problem", "problem"]
    assert "PENSTOCK_PORT" in found[0][1]
    assert "se cret" not in str(found)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('[server]\nhost = "0.0.0.0"\n', "without authentication"),
        ('[providers.opnai]\nbase_url = "https://x.example"\n', 'did you mean "openai"'),
    ],
)
def test_what_would_not_be_served_with(tmp_path: Path, text: str, part: str) -> None:
    ((state, told_),) = told(configuration(case_of(tmp_path / "data", text)))
    assert state == "problem"
    assert part in told_


def test_settings_without_effect(tmp_path: Path) -> None:
    text = "[accounts.local.gateways.default]\nzdr = true\n"
    ((state, told_),) = told(useless_settings(case_of(tmp_path / "data", text)))
    assert state == "warning"
    assert "zdr has no effect" in told_
    assert told(useless_settings(case_of(tmp_path / "data", ""))) == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('[server]\nhost = "0.0.0.0"', "http://127.0.0.1:8787"),
        ('[server]\nhost = ""', "http://127.0.0.1:8787"),
        ('[server]\nhost = "::"', "http://[::1]:8787"),
        ('[server]\nhost = "::1"', "http://[::1]:8787"),
        ('[server]\nhost = "10.0.0.1"', "http://10.0.0.1:8787"),
    ],
)
def test_where_the_gateway_is_looked_for(tmp_path: Path, text: str, address: str) -> None:
    assert case_of(tmp_path / "data", text).address == address


def test_where_a_worker_says_it_is_goes_before_the_settings(tmp_path: Path) -> None:
    tell(tmp_path, worker_state(address="http://127.0.0.1:4711"))
    assert case_of(tmp_path).address == "http://127.0.0.1:4711"
    assert case_of(tmp_path, url="http://127.0.0.1:1").address == "http://127.0.0.1:1"


# -- the folder


def test_a_sound_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert told(data_folder(case_of(tmp_path))) == [("ok", f"{tmp_path} is there, private and writable")]


def test_no_folder(tmp_path: Path) -> None:
    assert told(data_folder(case_of(tmp_path / "none"))) == [
        ("problem", f"{tmp_path / 'none'} does not exist")
    ]
    (tmp_path / "file").write_text("")
    assert told(data_folder(case_of(tmp_path / "file"))) == [("problem", f"{tmp_path / 'file'} is no folder")]


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o702])
def test_a_folder_that_others_may_enter(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    ((state, text),) = told(data_folder(case_of(tmp_path)))
    assert state == "warning"
    assert f"mode {mode:04o}" in text


@pytest.mark.parametrize(
    ("free", "state"), [(100 * MIB, "problem"), (GIB, "warning"), (3 * GIB, "ok"), (0, "problem")]
)
def test_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10 * GIB, 10 * GIB - free, free))
    ((found, text),) = told(disk_space(case_of(tmp_path)))
    assert found == state
    assert text == f"{size(free)} of 10.0 GiB are free"


def test_looking_for_the_lock_makes_none_and_takes_none(tmp_path: Path) -> None:
    assert not case_of(tmp_path).is_running
    assert list(tmp_path.iterdir()) == []
    with running(tmp_path):
        assert case_of(tmp_path).is_running
    assert not case_of(tmp_path).is_running
    assert states([]) == []


# -- words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (86_400 * 3, "3 d")],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert span(int(seconds * 1_000_000)) == text


def test_numbers() -> None:
    assert [size(1), size(1024), size(1536 * 1024), size(5 * GIB)] == [
        "1 bytes",
        "1.0 KiB",
        "1.5 MiB",
        "5.0 GiB",
    ]
    assert [counted(n, "call") for n in (0, 1, 2)] == ["no calls", "1 call", "2 calls"]
