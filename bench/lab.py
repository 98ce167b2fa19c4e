"""The place a run happens in: two cores, a scratch folder, and the programs started there.

The gateway under test has one core to itself; load, upstreams and the benchmark itself share the other.
Leaving the lab ends every program and removes the folder, also after an error or Ctrl-C.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from bench import procfs
from bench.child import Child
from bench.cores import Core, Reading, busy_seconds, own_seconds
from bench.places import CACHE, ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Lab:
    def __init__(self) -> None:
        self._allowed = sorted(os.sched_getaffinity(0))
        self._gateways: list[Child] = []
        self._loads: list[Child] = []
        self._count = 0
        CACHE.mkdir(parents=True, exist_ok=True)
        self._home = Path(tempfile.mkdtemp(prefix="run-", dir=CACHE))

    @property
    def gateway_core(self) -> int:
        return self._allowed[0]

    @property
    def load_core(self) -> int:
        return self._allowed[1] if len(self._allowed) > 1 else self._allowed[0]

    @property
    def crowded(self) -> bool:
        """Whether gateway and load have to share one core, which spoils every figure."""
        return len(self._allowed) < 2

    def __enter__(self) -> Lab:
        os.sched_setaffinity(0, {self.load_core})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in [*self._gateways, *self._loads]:
            child.stop()
        shutil.rmtree(self._home, ignore_errors=True)
        os.sched_setaffinity(0, self._allowed)

    def folder(self, name: str) -> Path:
        """A new empty folder on disk that lives as long as the lab."""
        self._count += 1
        path = self._home / f"{self._count:03}-{name}"
        path.mkdir()
        return path

    def start_gateway(self, argv: Sequence[str], home: Path, env: Mapping[str, str] | None = None) -> Child:
        self._gateways.append(self._start(self.gateway_core, argv, home, env or {}))
        return self._gateways[-1]

    def start_load(self, argv: Sequence[str], home: Path) -> Child:
        self._loads.append(self._start(self.load_core, argv, home, {"PYTHONPATH": str(ROOT)}))
        return self._loads[-1]

    def stop(self, child: Child) -> None:
        child.stop()
        for children in (self._gateways, self._loads):
            if child in children:
                children.remove(child)

    def reading(self) -> Reading:
        """Where both cores stand now; two of them tell what others took in between."""
        gateways = sum(procfs.cpu_seconds(child.group) for child in self._gateways)
        loads = sum(procfs.cpu_seconds(child.group) for child in self._loads) + own_seconds()
        return Reading(
            time.monotonic(),
            Core(busy_seconds(self.gateway_core), gateways + (loads if self.crowded else 0.0)),
            Core(busy_seconds(self.load_core), loads + (gateways if self.crowded else 0.0)),
        )

    def _start(self, core: int, argv: Sequence[str], home: Path, env: Mapping[str, str]) -> Child:
        clean = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8"}
        return Child(["taskset", "-c", str(core), *argv], home / "output.log", clean | dict(env), home)
