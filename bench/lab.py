"""The place a run happens in: two cores, a scratch folder, and the programs started there.

The gateway under test has one core to itself; load, upstreams and the benchmark itself share the other.
Leaving the lab ends every program and removes the folder, also after an error or Ctrl-C.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from bench.child import Child
from bench.places import CACHE, ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Lab:
    def __init__(self) -> None:
        self._allowed = sorted(os.sched_getaffinity(0))
        self._children: list[Child] = []
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
        for child in reversed(self._children):
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
        return self._start(self.gateway_core, argv, home, env or {})

    def start_load(self, argv: Sequence[str], home: Path) -> Child:
        return self._start(self.load_core, argv, home, {"PYTHONPATH": str(ROOT)})

    def stop(self, child: Child) -> None:
        child.stop()
        self._children.remove(child)

    def _start(self, core: int, argv: Sequence[str], home: Path, env: Mapping[str, str]) -> Child:
        clean = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8"}
        child = Child(["taskset", "-c", str(core), *argv], home / "output.log", clean | dict(env), home)
        self._children.append(child)
        return child
