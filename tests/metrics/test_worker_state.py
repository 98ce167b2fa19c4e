"""What workers tell of themselves: the form, when a file is written, and which files are believed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.metrics.worker_file import HEARTBEAT_US, StateFile, process_birth, read_states
from penstock.metrics.worker_state import BreakerState, KeySetAside, WorkerState, decode, encode

ME = os.getpid()
NOW = 1_760_000_000_000_000
STATE = WorkerState(
    pid=ME,
    birth=process_birth(ME),
    started_us=NOW - 60_000_000,
    written_us=NOW,
    address="http://127.0.0.1:8787",
    directory_version=3,
    calls=2,
    connections=5,
    journal_healthy=True,
    unwritten=0,
    breakers=(BreakerState("https://api.example.com", "open", NOW - 1_000_000, NOW + 4_000_000),),
    open_breakers=1,
    keys=(KeySetAside("local", "default", "openai", "default", "key-1", NOW + 60_000_000),),
    keys_away=1,
)


def later(microseconds: int, **changes: object) -> WorkerState:
    return msgspec.structs.replace(STATE, written_us=NOW + microseconds, **changes)


def gone() -> int:
    """The pid of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(60)
    return process.pid


# -- the form


@given(
    st.builds(
        WorkerState,
        breakers=st.lists(st.from_type(BreakerState), max_size=3).map(tuple),
        keys=st.lists(st.from_type(KeySetAside), max_size=3).map(tuple),
        pid=st.integers(1, 2**31),
        **{
            name: st.integers(-(2**62), 2**62)
            for name in ("started_us", "written_us", "directory_version", "calls", "connections", "unwritten")
        },
    )
)
def test_what_is_encoded_is_decoded(state: WorkerState) -> None:
    assert decode(encode(state)) == state


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(msgspec.json.encode))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        encode(STATE)[:-1],
        encode(STATE).replace(b'"open"', b'"ajar"'),
        encode(STATE).replace(b'"calls":2', b'"calls":"2"'),
        encode(STATE).replace(b'"pid"', b'"dip"'),
    ],
)
def test_what_is_nearly_a_state_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode(data)


def test_fields_of_a_later_version_are_left_alone() -> None:
    assert decode(encode(STATE).replace(b'{"pid"', b'{"mood":"good","pid"')) == STATE


# -- writing


def test_a_state_is_written_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "workers"
    StateFile(folder, ME).publish(STATE)
    assert [path.name for path in folder.iterdir()] == [f"{ME}.json"]
    assert stat.S_IMODE((folder / f"{ME}.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert read_states(folder) == ((STATE,), ())


def test_it_is_written_when_it_changes_and_else_as_a_heartbeat(tmp_path: Path) -> None:
    file = StateFile(tmp_path, ME)

    def written() -> int:
        return read_states(tmp_path).workers[0].written_us - NOW

    file.publish(STATE)
    file.publish(later(1_000_000))
    assert written() == 0
    file.publish(later(2_000_000, calls=3))
    assert written() == 2_000_000
    file.publish(later(2_000_000 + HEARTBEAT_US - 1, calls=3))
    assert written() == 2_000_000
    file.publish(later(2_000_000 + HEARTBEAT_US, calls=3))
    assert written() == 2_000_000 + HEARTBEAT_US


def test_a_clock_that_is_set_back_is_written_at_once(tmp_path: Path) -> None:
    file = StateFile(tmp_path, ME)
    file.publish(STATE)
    file.publish(later(-3_600_000_000))
    assert read_states(tmp_path).workers == (later(-3_600_000_000),)


def test_the_file_goes_when_the_worker_ends(tmp_path: Path) -> None:
    file = StateFile(tmp_path, ME)
    file.remove()
    file.publish(STATE)
    file.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said_once_and_written_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "workers"
    folder.write_text("in the way")
    file = StateFile(folder, ME)
    file.publish(STATE)
    file.publish(later(1))
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    folder.unlink()
    file.publish(later(2))
    assert read_states(folder).workers == (later(2),)


def test_a_link_laid_for_the_writer_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / f".{ME}.new").symlink_to(victim)
    StateFile(tmp_path, ME).publish(STATE)
    assert victim.read_text() == "untouched"


# -- reading


def test_without_a_folder_there_are_none(tmp_path: Path) -> None:
    assert read_states(tmp_path / "workers") == ((), ())


def test_files_of_ended_processes_are_removed(tmp_path: Path) -> None:
    pid = gone()
    (tmp_path / f"{pid}.json").write_bytes(encode(later(0, pid=pid)))
    (tmp_path / f".{pid}.new").write_bytes(b"half of")
    assert read_states(tmp_path) == ((), ())
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_an_earlier_process_with_the_same_pid_is_removed(tmp_path: Path) -> None:
    (tmp_path / f"{ME}.json").write_bytes(encode(later(0, birth="1")))
    assert read_states(tmp_path) == ((), ())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f".{ME}.new").write_bytes(b'{"pid":')
    assert read_states(tmp_path) == ((), ())
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"\xff" * 100, b" " * (2 * 1024 * 1024), encode(later(0, pid=ME + 1))]
)
def test_a_damaged_file_is_named_and_kept(tmp_path: Path, data: bytes) -> None:
    (tmp_path / f"{ME}.json").write_bytes(data)
    assert read_states(tmp_path) == ((), (f"{ME}.json",))
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_no_file_does_not_hold_up_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{ME}.json")
    assert read_states(tmp_path).workers == ()


@pytest.mark.parametrize(
    "name", ["0.json", "-1.json", "12a.json", "99999999999999999999.json", "notes.txt", "1.json.bak"]
)
def test_other_files_are_none_of_ours(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(encode(STATE))
    assert read_states(tmp_path) == ((), ())
    assert (tmp_path / name).exists()


def test_a_process_has_one_birth() -> None:
    assert process_birth(ME) == process_birth(ME) != ""
    assert process_birth(gone()) == ""
