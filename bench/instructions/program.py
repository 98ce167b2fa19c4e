"""The program that is counted: everything is imported once, then each run gets a process of its own.

Run as `python -m bench.instructions.program HOME prepare|measure CASE...`. For each run there is a line of JSON on
standard output when it is over; the exit code is 1 when one did not do what it should.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

from bench.instructions.cases import named

SEED = 1


def main(home: Path, step: str, names: Sequence[str]) -> int:
    os.urandom = Random(
        SEED
    ).randbytes  # the same identifiers in every run: where they fall costs more or less
    gc.freeze()  # as before production forks its workers
    for name in names:
        case = named(name)
        if step == "prepare":
            runs = {0: partial(case.prepare, home / name)}
        else:
            runs = {load.units: partial(case.run, home / name, load) for load in (case.short, case.long)}
        for units, run in runs.items():
            pid, code = apart(run)
            if code:
                return 1
            print(json.dumps({"case": name, "units": units, "pid": pid}), flush=True)
    return 0


def apart(run: Callable[[], None]) -> tuple[int, int]:
    """Runs in a process of its own; its number and its exit code."""
    pid = os.fork()
    if pid == 0:
        os._exit(code_of(run))
    return pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def code_of(run: Callable[[], None]) -> int:
    try:
        run()
    except BaseException:  # whatever it was, this process ends here
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
