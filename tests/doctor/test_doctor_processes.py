"""The processes as the doctor sees them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from doctor_kit import NOW, SECOND_US, case_of, running, told

from penstock.doctor.processes import processes
from penstock.metrics.process_files import FILES, FOLDER, Heartbeat, read_troubles, write_processes
from penstock.metrics.process_state import Beat, ProcessState, SupervisorState
from penstock.metrics.worker_file import process_birth

WORKER = ProcessState(name="worker 0", kind="worker", pid=2, since_us=NOW, steady_us=NOW)
SHIPPER = ProcessState(name="shipper", kind="shipper", pid=3, since_us=NOW - 90 * SECOND_US, steady_us=NOW)


def tell(data: Path, *found: ProcessState) -> None:
    pid = os.getpid()
    write_processes(data, SupervisorState(pid=pid, birth=process_birth(pid), processes=found))


def test_nothing_runs(tmp_path: Path) -> None:
    assert told(processes(case_of(tmp_path))) == []
    with running(tmp_path):
        text = f"{tmp_path / FOLDER} does not tell how they stand"
        assert told(processes(case_of(tmp_path))) == [("warning", text)]


def test_all_run(tmp_path: Path) -> None:
    Heartbeat(tmp_path, "shipper", 3, lambda: NOW)()
    tell(tmp_path, SHIPPER, WORKER)
    assert told(processes(case_of(tmp_path))) == [("ok", "shipper, worker 0 run")]
    tell(tmp_path, SHIPPER, msgspec.structs.replace(WORKER, restarts=2))
    assert told(processes(case_of(tmp_path))) == [
        ("ok", "shipper, worker 0 run; started again: worker 0 2 times")
    ]


def test_one_is_down_and_one_is_silent(tmp_path: Path) -> None:
    down = msgspec.structs.replace(
        WORKER, pid=0, again_us=NOW + 3 * SECOND_US, in_a_row=4, ended="ended with signal SIGBUS"
    )
    tell(tmp_path, SHIPPER, down)
    found = list(processes(case_of(tmp_path)))
    assert told(found) == [
        ("problem", "shipper has not been heard of for 90 s"),
        ("problem", "worker 0 ended with signal SIGBUS, 4 times in a row; it is started again in 3 s"),
    ]
    assert "`kill -9 3`" in found[0].remedy
    assert "calls go on and wait in the journal" in found[0].remedy
    assert "without workers nothing is served" in found[1].remedy


def test_one_that_cannot_work_says_why(tmp_path: Path) -> None:
    Heartbeat(tmp_path, "shipper", 3, lambda: NOW)("the ledger cannot be written", "disk full")
    tell(tmp_path, SHIPPER)
    assert told(processes(case_of(tmp_path))) == [
        ("problem", "shipper: the ledger cannot be written (disk full)")
    ]


# -- reports that say nothing


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def as_link(path: Path) -> None:
    path.rename(path.with_suffix(".there"))
    path.symlink_to(path.with_suffix(".there"))


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "another document": lambda path: path.write_bytes(b'{"pid": 3}'),
    "another type": lambda path: path.write_bytes(b"[1, 2, 3]"),
    "deeply nested": lambda path: path.write_bytes(b"[" * 100_000),
    "no text": lambda path: path.write_bytes(b'{"pid":3,"written_us":1,"trouble":"\xff","birth":"\xff"}'),
    "too large": lambda path: path.write_bytes(b" " * 2_000_000 + path.read_bytes()),
    "a folder": as_folder,
    "a pipe": as_pipe,
    "a link": as_link,
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", UNREADABLE.values(), ids=UNREADABLE)
def test_a_report_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    """Whether it is the only one; nobody advises to end a process for it."""
    for helper, pid in (("shipper", 3), ("keeper", 4)):
        Heartbeat(tmp_path, helper, pid, lambda: NOW)()
    keeper = msgspec.structs.replace(SHIPPER, name="keeper", kind="keeper", pid=4)
    tell(tmp_path, SHIPPER, keeper, WORKER)
    damage(tmp_path / name)
    with running(tmp_path):
        found = list(processes(case_of(tmp_path)))
    assert told(found) == [("warning", f"{tmp_path / name} cannot be read")]
    assert "kill" not in found[0].remedy
    reasons = [one.reason for one in read_troubles(tmp_path, NOW)]
    helper = Path(name).stem
    assert reasons == ([] if helper == "supervisor" else [f"what {helper} tells of itself cannot be read"])


def test_the_report_of_another_supervisor_is_none(tmp_path: Path) -> None:
    """A copy from elsewhere, or one of before: what it says of its processes is not told as of these."""
    state = SupervisorState(pid=os.getpid(), birth="some other time", processes=(SHIPPER,))
    write_processes(tmp_path, state)
    with running(tmp_path):
        text = f"{tmp_path / FOLDER} does not tell how they stand"
        assert told(processes(case_of(tmp_path))) == [("warning", text)]


@pytest.mark.parametrize("written_us", [NOW + 10**15, 10**30, NOW - 10**15, -(10**30)])
def test_a_sign_of_life_of_another_time_is_none(tmp_path: Path, written_us: int) -> None:
    path = tmp_path / FOLDER / "shipper.json"
    path.parent.mkdir()
    path.write_bytes(msgspec.json.encode({"pid": 3, "written_us": 0}).replace(b"0}", b"%d}" % written_us))
    tell(tmp_path, SHIPPER)
    assert told(processes(case_of(tmp_path))) == [("problem", "shipper has not been heard of for 90 s")]


def test_a_sign_of_life_of_another_process_is_none(tmp_path: Path) -> None:
    path = tmp_path / FOLDER / "shipper.json"
    path.parent.mkdir()
    path.write_bytes(msgspec.json.encode(Beat(pid=99, written_us=NOW, trouble="something else")))
    tell(tmp_path, SHIPPER)
    assert told(processes(case_of(tmp_path))) == [("problem", "shipper has not been heard of for 90 s")]
