"""What is wrong with processes: by what the supervisor tells of them, and helpers of themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.metrics.process_files import FOLDER, Heartbeat, read_processes, read_troubles, write_processes
from penstock.metrics.process_state import (
    HEARTBEAT_US,
    SILENT_US,
    Beat,
    ProcessState,
    SupervisorState,
    troubles,
)
from penstock.metrics.worker_file import process_birth

NOW = 1_760_000_000_000_000
SECOND_US = 1_000_000
SHIPPER = ProcessState(
    name="shipper", kind="shipper", pid=7, since_us=NOW - 3600 * SECOND_US, steady_us=NOW - SECOND_US
)
ALIVE = Beat(pid=7, written_us=NOW - SECOND_US)


def state(**changes: object) -> ProcessState:
    return msgspec.structs.replace(SHIPPER, **changes)


def reasons(process: ProcessState, beat: Beat | None = ALIVE) -> list[str]:
    return [one.reason for one in troubles([process], {} if beat is None else {process.kind: beat}, NOW)]


def test_one_that_is_well() -> None:
    assert reasons(SHIPPER) == []


def test_one_that_was_started_again_once_is_well() -> None:
    assert reasons(state(restarts=1, in_a_row=1, ended="ended with exit code 1", steady_us=NOW + 1)) == []


def test_one_that_is_down() -> None:
    down = state(pid=0, again_us=NOW + 8 * SECOND_US, in_a_row=1, ended="ended with signal SIGKILL")
    assert reasons(down) == ["shipper ended with signal SIGKILL; it is started again in 8 s"]
    late = msgspec.structs.replace(down, again_us=NOW - SECOND_US, in_a_row=5)
    assert reasons(late) == [
        "shipper ended with signal SIGKILL, 5 times in a row; it is started again in 0 s"
    ]


def test_one_that_keeps_ending_is_wrong_until_it_has_run_for_long() -> None:
    again = state(in_a_row=2, ended="ended with exit code 1", steady_us=NOW + 1)
    assert reasons(again) == ["shipper runs, but ended with exit code 1, 2 times in a row"]
    assert reasons(msgspec.structs.replace(again, steady_us=NOW)) == []


@pytest.mark.parametrize("kind", ["shipper", "keeper"])
def test_one_that_is_not_heard_of(kind: str) -> None:
    silent = state(kind=kind, name=kind)
    assert reasons(silent, Beat(pid=7, written_us=NOW - SILENT_US)) == []
    beats = (None, Beat(pid=7, written_us=NOW - SILENT_US - 5 * SECOND_US), Beat(pid=8, written_us=NOW))
    for beat, seconds in zip(beats, (3600, 65, 3600), strict=True):
        (one,) = troubles([silent], {} if beat is None else {kind: beat}, NOW)
        assert (one.reason, one.is_silent) == (f"{kind} has not been heard of for {seconds} s", True)


def test_one_that_was_started_just_now_need_not_have_told_yet() -> None:
    assert reasons(state(since_us=NOW - SILENT_US), None) == []


@pytest.mark.parametrize("kind", ["worker", "local-parallel"])
def test_those_that_tell_elsewhere_or_nowhere_are_not_waited_for(kind: str) -> None:
    assert reasons(state(kind=kind), None) == []


def test_one_that_cannot_do_its_work_shows_to_anybody_what_and_not_why() -> None:
    beat = Beat(pid=7, written_us=NOW, trouble="the ledger cannot be written", detail="/srv/x is full")
    (one,) = troubles([SHIPPER], {"shipper": beat}, NOW)
    assert (one.reason, one.detail) == ("shipper: the ledger cannot be written", "/srv/x is full")
    assert reasons(SHIPPER, msgspec.structs.replace(beat, pid=6)) == [
        "shipper has not been heard of for 3600 s"
    ]


MOMENTS = st.integers(-(2**60), 2**60)


@given(st.lists(st.tuples(*[MOMENTS] * 3, st.integers(0, 2**20), st.integers(0, 2**20)), max_size=5), MOMENTS)
def test_every_clock_is_borne(found: list[tuple[int, int, int, int, int]], now_us: int) -> None:
    processes = [
        state(since_us=since, again_us=again, steady_us=steady, pid=pid, in_a_row=row)
        for since, again, steady, pid, row in found
    ]
    assert all(one.reason for one in troubles(processes, {}, now_us))


# -- files


def supervisor(**changes: object) -> SupervisorState:
    pid = os.getpid()
    whole = SupervisorState(pid=pid, birth=process_birth(pid), processes=(SHIPPER,))
    return msgspec.structs.replace(whole, **changes)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_processes(tmp_path) == ()
    assert write_processes(tmp_path, supervisor())
    assert read_processes(tmp_path) == (SHIPPER,)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / FOLDER).iterdir()] == [0o600]


def test_what_a_supervisor_that_is_gone_has_left_is_not_believed(tmp_path: Path) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    for left in (supervisor(birth="1"), supervisor(pid=done.pid)):
        write_processes(tmp_path, left)
        assert read_processes(tmp_path) == ()


@pytest.mark.parametrize("data", [b"", b"{", b"\xff" * 90, b"[" * 100_000, b'{"pid":"x"}', b" " * 3_000_000])
def test_a_file_that_is_damaged_is_none(tmp_path: Path, data: bytes) -> None:
    write_processes(tmp_path, supervisor())
    for name in ("supervisor", "shipper", "keeper"):
        (tmp_path / FOLDER / f"{name}.json").write_bytes(data)
    assert read_processes(tmp_path) == ()
    assert read_troubles(tmp_path, NOW) == []


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    assert not write_processes(tmp_path, supervisor())
    Heartbeat(tmp_path, "shipper", 7, lambda: NOW)()
    assert read_troubles(tmp_path, NOW) == []


def test_a_heartbeat_is_written_when_it_says_something_new_or_it_is_time(tmp_path: Path) -> None:
    now_us = NOW
    heartbeat = Heartbeat(tmp_path, "shipper", 7, lambda: now_us)
    file = tmp_path / FOLDER / "shipper.json"

    def written(trouble: str, ahead_us: int) -> bool:
        nonlocal now_us
        now_us += ahead_us
        file.unlink(missing_ok=True)
        heartbeat(trouble)
        return file.exists()

    assert written("", 0)
    assert not written("", HEARTBEAT_US - 1)
    assert written("", 1)
    assert written("full", 1)
    assert not written("full", 1)
    assert written("", 1)
    assert written("", -60 * SECOND_US)  # the clock was set back
