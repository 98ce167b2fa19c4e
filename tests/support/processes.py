"""Looking at processes from outside: which there are, and whether they have ended."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from support.waiting import PATIENCE, eventually


def family(pid: int) -> list[psutil.Process]:
    """A process's children and their children."""
    return psutil.Process(pid).children(recursive=True)


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; what only waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def all_gone(processes: Sequence[psutil.Process]) -> None:
    """Waits until none of them runs."""
    what = f"the end of {[process.pid for process in processes]}"
    await eventually(lambda: None if any(map(is_alive, processes)) else True, what, PATIENCE)
