"""One program under the benchmark's control, leader of its own process group, output in a log file.

Ending it ends the whole group, by its id: first politely, after a bound without mercy.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import procfs

GRACE = 8.0
IDLE_SHARE = 0.04
IDLE_WINDOW = 0.25


class Child:
    def __init__(self, argv: Sequence[str], log: Path, env: Mapping[str, str], cwd: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                process_group=0,
            )

    @property
    def group(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip()[:200] if lines else "it said nothing"

    def settle(self, limit: float = 30.0) -> None:
        """Wait until the group is idle, so that work it put off is over (or the limit is)."""
        until = time.monotonic() + limit
        while time.monotonic() < until:
            before = procfs.cpu_seconds(self.group)
            time.sleep(IDLE_WINDOW)
            if procfs.cpu_seconds(self.group) - before <= IDLE_SHARE * IDLE_WINDOW:
                return

    def stop(self) -> None:
        self._signal(signal.SIGTERM)
        self._wait(GRACE)
        self._signal(signal.SIGKILL)
        self._wait(GRACE)

    def _signal(self, number: signal.Signals) -> None:
        if procfs.members(self.group):
            try:
                os.killpg(self.group, number)
            except ProcessLookupError:
                pass

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (self.alive or procfs.members(self.group)) and time.monotonic() < until:
            time.sleep(0.02)
