"""The processes as the doctor sees them."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from doctor_kit import NOW, SECOND_US, case_of, running, told

from penstock.doctor.processes import processes
from penstock.metrics.process_files import FOLDER, Heartbeat, write_processes
from penstock.metrics.process_state import ProcessState, SupervisorState
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
