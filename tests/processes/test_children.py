"""Keeping processes running: real ones, under a clock of the test's own."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from penstock.metrics.process_files import FOLDER, read_processes, read_troubles
from penstock.metrics.process_state import ProcessState
from penstock.processes.children import Child, Children
from penstock.processes.restarts import STEADY, Restarts
from support.clock import FakeClock


def _wait() -> int:
    while True:
        signal.pause()


def _become(child: Child) -> int:
    """As the supervisor does: what it was told since it was forked is heard once it hears by itself."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    return child.run()


class House:
    """Children of this process."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.clock = FakeClock()
        self.children = Children(data, self.clock, _become)
        self._codes: list[int] = []

    def child(self, run: Callable[[], int] = _wait, name: str = "shipper") -> Child:
        child = Child(name, "shipper", run, Restarts(60.0), mourn=self._mourn)
        self.children.add(child)
        return child

    def _mourn(self, status: int | None, pause: float) -> None:
        if status is not None:
            self._codes.append(os.waitstatus_to_exitcode(status))

    def ended(self) -> list[int]:
        """The exit codes of those that have ended, once one has."""
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        self.children.reap()
        codes, self._codes = self._codes, []
        return codes

    def next_start(self) -> float:
        """Lets the pause pass, and starts again; its seconds."""
        pause = self.children.patience(1000.0)
        self.clock.ahead += pause
        self.children.start_due()
        return pause

    @property
    def told(self) -> ProcessState:
        """What the file says of the only one."""
        self.children.start_due()
        (state,) = read_processes(self.data)
        return state

    @property
    def reasons(self) -> list[str]:
        """What is wrong, by the files."""
        return [trouble.reason for trouble in read_troubles(self.data, self.clock.now_us())]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    # Else a child that is asked to end at once would hear it as this process does, and go on.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    yield house
    house.children.end("shipper", 0.0)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_one_that_ends_at_once_is_started_ever_more_slowly(house: House) -> None:
    house.child(lambda: 7)
    house.children.start_due()
    pauses = []
    for _ in range(5):
        assert house.ended() == [7]
        pauses.append(house.next_start())
    assert pauses == pytest.approx([0.0, 0.25, 0.5, 1.0, 2.0])


@pytest.mark.parametrize(
    ("ran", "pause"), [(1.0, 0.5), (60.0, 0.5), (STEADY - 1, 0.5), (STEADY, 0.0), (86_400.0, 0.0)]
)
def test_what_counts_is_how_long_it_ran(house: House, ran: float, pause: float) -> None:
    house.child(lambda: 7)
    house.children.start_due()
    for _ in range(2):
        house.ended()
        house.next_start()
    house.clock.ahead += ran
    house.ended()
    assert house.next_start() == pytest.approx(pause)


@pytest.mark.parametrize("code", [errno.EAGAIN, errno.ENOMEM])
def test_a_fork_that_fails_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    child = house.child()

    def fork() -> NoReturn:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", fork)
        house.children.start_due()
        assert [house.next_start() for _ in range(4)] == pytest.approx([0.0, 0.25, 0.5, 1.0])
        assert (house.told.pid, house.told.ended, house.told.in_a_row) == (0, "could not be started", 5)
        assert house.reasons == ["shipper could not be started, 5 times in a row; it is started again in 2 s"]
    house.next_start()
    assert house.told.pid == child.pid > 0


def test_what_fails_before_the_start_is_tried_again(house: House) -> None:
    child = house.child()
    obstacles = [OSError("in the way"), ValueError("not so")]

    def prepare() -> None:
        if obstacles:
            raise obstacles.pop()

    child.prepare = prepare
    house.children.start_due()
    house.next_start()
    assert child.pid == 0
    house.next_start()
    assert child.pid > 0


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), MemoryError(), RuntimeError("x")])
def test_nothing_gets_out_of_the_new_process(house: House, error: BaseException) -> None:
    """It would go through what is left of its parent, whose children are not its own."""

    def run() -> int:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what Python says of it
        raise error

    house.child(run)
    house.children.start_due()
    assert house.ended() == [1]


def test_output_that_nobody_takes_is_no_obstacle(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    child = house.child()
    monkeypatch.setattr(sys, "stdout", Full())
    house.children.start_due()
    assert child.pid > 0


def test_a_process_left_behind_by_another_is_nobody_of_ours(house: House) -> None:
    stranger = os.fork()
    if stranger == 0:
        os._exit(3)
    child = house.child()
    house.children.start_due()
    assert house.ended() == []
    assert child.pid > 0
    with pytest.raises(ChildProcessError):
        os.waitpid(stranger, 0)


def test_many_that_end_at_once_are_all_noticed(house: House) -> None:
    for number in range(20):
        house.child(lambda: 7, f"shipper {number}")
    house.children.start_due()
    codes: list[int] = []
    while len(codes) < 20:
        codes += house.ended()
    assert codes == [7] * 20


def test_what_is_told_is_well_again_after_a_while(house: House) -> None:
    house.child()
    house.children.start_due()
    assert (house.told.restarts, house.reasons) == (0, [])
    for _ in range(3):
        os.kill(house.told.pid, signal.SIGKILL)
        house.ended()
        house.next_start()
    assert house.told.restarts == 3
    assert house.reasons == ["shipper runs, but ended with signal SIGKILL, 3 times in a row"]
    house.clock.ahead += 59.0
    assert len(house.reasons) == 1
    house.clock.ahead += STEADY - 59.0
    assert house.reasons == [f"shipper has not been heard of for {STEADY:.0f} s"]


def test_a_state_that_cannot_be_written_is_written_later(house: House) -> None:
    (house.data / FOLDER).write_text("in the way")
    child = house.child()
    house.children.start_due()
    assert read_processes(house.data) == ()
    (house.data / FOLDER).unlink()
    assert house.told.pid == child.pid


def test_one_that_hears_nothing_is_killed_at_the_end(house: House) -> None:
    def deaf() -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return _wait()

    child = house.child(deaf)
    house.children.start_due()
    house.children.end("shipper", 0.0)
    with pytest.raises(ChildProcessError):
        os.waitpid(child.pid, 0)


def test_one_that_was_stopped_hears_of_the_end(house: House) -> None:
    child = house.child()
    house.children.start_due()
    os.kill(child.pid, signal.SIGSTOP)
    house.children.end("shipper", 3600.0)
    with pytest.raises(ChildProcessError):
        os.waitpid(child.pid, 0)


def test_one_that_has_ended_already_is_not_waited_for(house: House) -> None:
    child = house.child(lambda: 0)
    house.children.start_due()
    os.waitpid(child.pid, 0)  # somebody else was quicker
    house.children.end("shipper", 3600.0)
