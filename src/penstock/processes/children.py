"""The processes that a supervisor keeps running: forked, waited for, started again, asked to end.

Whatever happens to one of them is written to the log with what to do, and told in a file to `/readyz`, `/metrics`
and `penstock doctor`. That one cannot be had is never a reason to end. When it is tried again is in `restarts.py`,
what each of them does is `supervisor.py`'s.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from penstock.clock import Clock
from penstock.metrics.process_files import write_processes
from penstock.metrics.process_state import HEARTBEAT_US, Kind, ProcessState, SupervisorState
from penstock.metrics.worker_file import FOLDER, last_state, process_birth
from penstock.processes.restarts import STEADY, Restarts

log = logging.getLogger("penstock.supervisor")

_POLL_SECONDS = 0.1
_MEANWHILE: Final[dict[Kind, str]] = {
    "worker": "Calls under way in it are cut; others go on in other workers, or wait",
    "shipper": "Calls go on, and wait in the journal",
    "keeper": "Calls go on; nothing is exported, and nothing old deleted",
    "local-parallel": "Calls to the local engine get 502; others go on",
}
_KILLED = "somebody has killed it, or the system for want of memory: see `dmesg`"
_CRASHED = "a full disk or a damaged store can do that: see `penstock doctor`"
_TOO_LONG = "it has worked on one batch of calls without an end; which one it is will be found, and got past"
_SAID = "the lines above say why"


def _nothing() -> None:
    """There is nothing to prepare."""


def _unmourned(status: int | None, pause: float) -> None:
    """Nobody but the log is told."""


@dataclass(slots=True)
class Child:
    """A process that is kept running: `run`, in a new process, gives its exit code.

    Before each start `prepare` is called in this process; what it raises is a start that has failed. After each end
    `mourn` is, with the wait status (None: it could not be started), and the pause before the next start.
    """

    name: str
    kind: Kind
    run: Callable[[], int]
    restarts: Restarts
    prepare: Callable[[], None] = _nothing
    mourn: Callable[[int | None, float], None] = _unmourned
    pid: int = 0
    since: float = 0.0  # it runs, or is down
    due: float = 0.0  # it is to be started, if it is down
    ended: str = ""
    cut_calls: int = 0


@dataclass(slots=True)
class Children:
    """All of them. `become` is called in the new process, and gives its exit code."""

    data: Path
    clock: Clock
    become: Callable[[Child], int]
    _all: list[Child] = field(default_factory=list)
    _is_told: bool = True
    _told_us: int = 0

    def add(self, child: Child) -> None:
        """Keeps a further one running, from the next `start_due` on."""
        self._all.append(child)

    def start_due(self) -> None:
        """Starts those that are down and whose pause is over, and sees to it that all is told."""
        for child in self._all:
            if not child.pid and child.due <= self.clock.monotonic():
                self._start(child)
        now_us = self.clock.now_us()
        if not self._is_told or not 0 <= now_us - self._told_us < HEARTBEAT_US:
            self._told_us, self._is_told = now_us, write_processes(self.data, self._state())

    def patience(self, most: float) -> float:
        """Seconds until one is to be started, `most` at most."""
        now = self.clock.monotonic()
        return max(0.0, min([most, *(child.due - now for child in self._all if not child.pid)]))

    def reap(self) -> None:
        """Takes note of those that have ended since, and plans the next start of each."""
        while (found := _next_ended()) is not None:
            pid, status = found
            for child in self._all:
                if child.pid == pid:
                    self._mourn(child, status, f"ended with {_describe(status)}")

    def signal(self, kinds: Sequence[Kind], number: signal.Signals) -> None:
        """Sends a signal to those that run now."""
        for child in self._all:
            if child.kind in kinds:
                _signal(child, number)

    def end(self, kind: Kind, seconds: float) -> None:
        """Asks those of a kind to end, waits, and kills what is left."""
        waiting = [child for child in self._all if child.kind == kind and child.pid]
        for child in waiting:
            _signal(child, signal.SIGTERM)
            _signal(child, signal.SIGCONT)  # one that somebody has stopped would not hear it
        deadline = self.clock.monotonic() + seconds
        while waiting := [child for child in waiting if not _is_gone(child, os.WNOHANG)]:
            if self.clock.monotonic() >= deadline:
                break
            signal.sigtimedwait({signal.SIGCHLD}, _POLL_SECONDS)
        for child in waiting:
            log.error("%s did not end in time and is killed", child.name)
            _signal(child, signal.SIGKILL)
            _is_gone(child, 0)

    # -- one of them

    def _start(self, child: Child) -> None:
        for stream in (sys.stdout, sys.stderr):  # or both processes would write what waits in them
            with suppress(OSError, ValueError):
                stream.flush()
        child.since = self.clock.monotonic()
        try:
            child.prepare()
            pid = os.fork()
        except Exception as error:
            log.error("%s could not be started: %s", child.name, error)
            self._mourn(child, None, "could not be started")
            return
        if pid == 0:
            code = 1
            try:
                code = self.become(child)
            finally:
                os._exit(code)  # whatever it was: what this process was forked from is not to be gone through
        child.pid, self._is_told = pid, False
        log.info("%s started (process %d)", child.name, pid)

    def _mourn(self, child: Child, status: int | None, how: str) -> None:
        now = self.clock.monotonic()
        ran = now - child.since
        cut = _calls_under_way(self.data, child)
        pause = child.restarts.ended(ran)
        child.pid, child.since, child.due, child.ended = 0, now, now + pause, how
        child.cut_calls += cut
        self._is_told = False
        row = f", {child.restarts.in_a_row} times in a row" if child.restarts.in_a_row > 1 else ""
        lost = f" (calls under way when it last told: {cut})" if cut else ""
        log.error(
            "%s %s after %.1f s%s; it is started again %s. %s%s; %s",
            child.name,
            how,
            ran,
            row,
            f"in {pause:g} s" if pause else "at once",
            _MEANWHILE[child.kind],
            lost,
            _advice(status),
        )
        child.mourn(status, pause)

    def _state(self) -> SupervisorState:
        pid = os.getpid()
        return SupervisorState(
            pid=pid, birth=process_birth(pid), processes=tuple(self._process(child) for child in self._all)
        )

    def _process(self, child: Child) -> ProcessState:
        past_us = self.clock.now_us() - round(self.clock.monotonic() * 1e6)
        since_us = past_us + round(child.since * 1e6)
        return ProcessState(
            name=child.name,
            kind=child.kind,
            pid=child.pid,
            since_us=since_us,
            again_us=0 if child.pid else past_us + round(child.due * 1e6),
            steady_us=since_us + round(STEADY * 1e6),
            restarts=child.restarts.in_all,
            in_a_row=child.restarts.in_a_row,
            ended=child.ended,
            cut_calls=child.cut_calls,
        )


def _next_ended() -> tuple[int, int] | None:
    """Pid and wait status of a process that has ended, also of one that was left to this process by another."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _is_gone(child: Child, options: int) -> bool:
    try:
        return os.waitpid(child.pid, options)[0] != 0
    except ChildProcessError:
        return True


def _signal(child: Child, number: signal.Signals) -> None:
    if child.pid:
        with suppress(ProcessLookupError):
            os.kill(child.pid, number)


def _calls_under_way(data: Path, child: Child) -> int:
    """In a worker that has ended, when it last told of itself: one that ends in order takes its file along."""
    state = last_state(data / FOLDER, child.pid) if child.kind == "worker" and child.pid else None
    return state.calls if state is not None else 0


def _describe(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal
        return f"signal {-code}"


def _advice(status: int | None) -> str:
    if status is None:
        return "is there memory, and may this user run more processes (`ulimit -u`)?"
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        return _KILLED
    if code == -signal.SIGPROF:
        return _TOO_LONG
    return _CRASHED if code < 0 else _SAID
