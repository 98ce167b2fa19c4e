"""A measurement from beginning to end: everything once without callgrind, then under it, then the costs.

What happens in the program that is counted is in `program.py`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bench.instructions import callgrind
from bench.instructions.cases import Case
from bench.instructions.launch import Run, runs
from bench.instructions.loads import cost

MEMORY = Path("/dev/shm")
ROOM = 500_000_000
"""Bytes that must be free there; a tenth of it is needed."""

Say = Callable[[str], None]


def costs_of(cases: Sequence[Case], say: Say) -> dict[str, float]:
    """Instructions a unit, by case. Raises `Failed`."""
    names = [case.name for case in cases]
    with tempfile.TemporaryDirectory(prefix="penstock-", dir=folder_in_memory()) as folder:
        home = Path(folder)
        say("every case once, not counted")
        for run in runs(home, "prepare", names):
            say(f"{run.case}: answers as it should")
        say("starting under callgrind")
        with closing(runs(home, "measure", names, callgrind.prefix(home))) as measured:
            return {case.name: _cost(home, case, measured, say) for case in cases}


def _cost(home: Path, case: Case, measured: Iterator[Run], say: Say) -> float:
    counts = [callgrind.counted(home, next(measured).pid) for _ in (case.short, case.long)]
    found = cost(case.short, case.long, *counts)
    say(f"{case.name}: {found:,.0f} instructions an additional {case.unit}")
    return found


def folder_in_memory() -> Path | None:
    """Where the data is kept meanwhile, so that no disk is waited for; None: in the system's usual place."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None
