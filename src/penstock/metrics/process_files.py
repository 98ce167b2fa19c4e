"""How processes stand, as small JSON files below the data folder, each replaced as a whole.

The supervisor writes one when something changes, and now and then in case somebody has damaged it, shipper and keeper
one each as a sign of life. What they say is in `process_state.py`. Nothing here raises for a full or broken disk: to
tell is less than to work.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from penstock.durable import replace_file
from penstock.metrics.process_state import (
    HEARTBEAT_US,
    UNREADABLE,
    Beat,
    ProcessState,
    SupervisorState,
    Trouble,
    Unreadable,
    troubles,
)
from penstock.metrics.worker_file import process_birth

FOLDER: Final = "processes"
"""Below the data directory."""

_SUPERVISOR: Final = "supervisor"
_HELPERS: Final = ("shipper", "keeper")

FILES: Final = tuple(f"{FOLDER}/{name}.json" for name in (_SUPERVISOR, *_HELPERS))
"""Their names, below the data directory."""

_LARGEST_BYTES = 1024 * 1024

_State = TypeVar("_State", SupervisorState, Beat)


def write_processes(data: Path, state: SupervisorState) -> bool:
    """Tells the supervisor's state, below the data directory; whether that could be done."""
    return _write(data, _SUPERVISOR, state)


def read_processes(data: Path) -> tuple[ProcessState, ...]:
    """What the supervisor keeps running; nothing where none lives that has told, or what it told cannot be read."""
    state = _read(data, _SUPERVISOR, SupervisorState)
    if not isinstance(state, SupervisorState) or state.birth != process_birth(state.pid):
        return ()
    return state.processes


def read_troubles(data: Path, now_us: int) -> list[Trouble]:
    """What is wrong with the processes of a data directory. May wait for the disk."""
    beats = {name: beat for name in _HELPERS if (beat := _read(data, name, Beat)) is not None}
    return list(troubles(read_processes(data), beats, now_us))


def unreadable(data: Path) -> list[Path]:
    """Of these files those that are there and say nothing that can be understood."""
    found = {_SUPERVISOR: _read(data, _SUPERVISOR, SupervisorState) == UNREADABLE}
    found |= {name: _read(data, name, Beat) == UNREADABLE for name in _HELPERS}
    return [_path(data, name) for name, is_unreadable in found.items() if is_unreadable]


class Heartbeat:
    """The sign of life of one helper, `name`, in the process `pid`."""

    def __init__(self, data: Path, name: str, pid: int, now_us: Callable[[], int]) -> None:
        self._data = data
        self._name = name
        self._pid = pid
        self._now_us = now_us
        self._last: Beat | None = None

    def __call__(self, trouble: str = "", detail: str = "") -> None:
        """To be called all the time: writes when that says something new, or it is time."""
        now_us, last = self._now_us(), self._last
        beat = Beat(pid=self._pid, written_us=now_us, trouble=trouble, detail=detail)
        is_new = last is None or (last.trouble, last.detail) != (trouble, detail)
        if is_new or last is None or not 0 <= now_us - last.written_us < HEARTBEAT_US:
            self._last = beat
            _write(self._data, self._name, beat)


def _write(data: Path, name: str, state: SupervisorState | Beat) -> bool:
    try:
        path = _path(data, name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, msgspec.json.encode(state))
    except OSError:
        return False
    return True


def _read(data: Path, name: str, kind: type[_State]) -> _State | Unreadable | None:
    """None where there is no such file. A pipe in its place is not waited for."""
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(_path(data, name), flags), "rb") as file:
            return msgspec.json.decode(file.read(_LARGEST_BYTES), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeError):
        return UNREADABLE


def _path(data: Path, name: str) -> Path:
    return data / FOLDER / f"{name}.json"
