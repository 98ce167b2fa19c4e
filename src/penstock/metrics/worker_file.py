"""The workers' states as files: one small JSON file per worker, replaced as a whole, gone when the worker ends.

A file whose process is gone was left by a killed worker; who reads removes it. What a state says is in
`worker_state.py`. Nothing here raises for a full or broken disk: a worker serves, whether or not it can tell.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from penstock.metrics.worker_state import WorkerState, decode, encode

FOLDER: Final = "workers"
"""Below the data directory."""

HEARTBEAT_US: Final = 5_000_000
"""So often at least a worker writes, as long as its event loop turns."""

_LARGEST_BYTES = 1024 * 1024
_NAME = re.compile(r"(?:\.([1-9]\d{0,8})\.new|([1-9]\d{0,8})\.json)", re.ASCII)
_BIRTH_FIELD = 19  # of those that follow the name of the program: ticks from the start of the system

log = logging.getLogger("penstock.worker")


class States(NamedTuple):
    """Of living workers, by pid; and the names of files that cannot be read."""

    workers: tuple[WorkerState, ...]
    unreadable: tuple[str, ...]


class StateFile:
    """The file of one worker."""

    def __init__(self, folder: Path, pid: int) -> None:
        """`folder` is made when it is needed."""
        self.pid = pid
        self.birth = process_birth(pid)
        self._folder = folder
        self._last: WorkerState | None = None
        self._failed = False

    def publish(self, state: WorkerState) -> None:
        """Writes the state, if it says something new or it is time for a sign of life."""
        if self._is_known(state):
            return
        try:
            self._write(encode(state))
        except OSError as error:
            if not self._failed:
                log.error("the state of this worker cannot be written: %s", error)
            self._failed = True
        else:
            self._last, self._failed = state, False

    def remove(self) -> None:
        """The worker ends in order."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _is_known(self, state: WorkerState) -> bool:
        last = self._last
        if last is None or not 0 <= state.written_us - last.written_us < HEARTBEAT_US:
            return False
        return last.says_the_same(state)

    @property
    def _path(self) -> Path:
        return self._folder / f"{self.pid}.json"

    def _write(self, data: bytes) -> None:
        """Readers see the old file or the new one, never a part."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        hidden = self._folder / f".{self.pid}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(hidden, flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        hidden.replace(self._path)


def read_states(folder: Path) -> States:
    """The states of the workers that live; files of others are removed, if this user may. Raises `OSError`."""
    workers, unreadable = [], []
    for name, pid in _files(folder):
        is_alive = process_birth(pid) != ""
        if is_alive and name.startswith("."):
            continue  # it is being written
        try:
            state = _living(folder / name, pid) if is_alive else None
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            unreadable.append(name)
            continue
        if state is not None:
            workers.append(state)
        else:
            with suppress(OSError):
                (folder / name).unlink()
    return States(tuple(workers), tuple(unreadable))


def last_state(folder: Path, pid: int) -> WorkerState | None:
    """What a worker that has just ended last told; None if it ended in order, or its file is not to be had."""
    try:
        return _read(folder / f"{pid}.json", pid)
    except (OSError, ValueError):
        return None


def process_birth(pid: int) -> str:
    """When a process began, as a text that no other process with this pid has; empty when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return fields[_BIRTH_FIELD]


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    found = [(int(match[1] or match[2]), name) for name in names if (match := _NAME.fullmatch(name))]
    for pid, name in sorted(found):
        yield name, pid


def _living(path: Path, pid: int) -> WorkerState | None:
    """The state in a file; None for that of an earlier process."""
    state = _read(path, pid)
    return state if state.birth == process_birth(pid) else None


def _read(path: Path, pid: int) -> WorkerState:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_LARGEST_BYTES + 1)
    if len(data) > _LARGEST_BYTES:
        raise ValueError("too large for the state of a worker")
    state = decode(data)
    if state.pid != pid:
        raise ValueError("the state of another worker")
    return state
