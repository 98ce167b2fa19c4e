"""Starts the program that is counted, natively or under callgrind, and reads what it tells of its runs.

Its environment is always the same, so that nothing in it depends on who measures where.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bench.failure import Failed
from bench.places import ROOT

PROGRAM = (sys.executable, "-m", "bench.instructions.program")
LIMIT = 1800.0
"""Seconds after which the program is ended; it takes one or two minutes, more where much else is done."""
WORDS = 2000


class Run(NamedTuple):
    """A line of the program: a run that is over."""

    case: str
    units: int
    pid: int


def runs(home: Path, step: str, cases: Sequence[str], prefix: Sequence[str] = ()) -> Generator[Run]:
    """The runs of some cases, as they end. `Failed` when one does not do what it should."""
    log = home / f"{step}.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [*prefix, *PROGRAM, str(home), step, *cases],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(home),
            cwd=ROOT,
            process_group=0,
        ) as process,
    ):
        watch = threading.Timer(LIMIT, end, (process.pid,))
        watch.start()
        try:
            for line in process.stdout or ():
                yield Run(**json.loads(line))
            code = process.wait()
        finally:
            watch.cancel()
            end(process.pid)
    if code:
        raise Failed(f"the program ended with {code}: {log.read_text(errors='replace')[-WORDS:].strip()}")


def environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONPYCACHEPREFIX": str(home / "compiled"),
    }


def end(group: int) -> None:
    """Ends the program with all its runs, if it still runs."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
