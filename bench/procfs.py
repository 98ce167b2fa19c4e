"""What the kernel says about a process group: its members, their CPU time and their memory.

Reads /proc only; a process that ends while it is being read counts as nothing.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """Sums over a group, and its largest process, in MB of 10^6 bytes."""

    rss: float
    pss: float | None
    largest_rss: float

    @property
    def best(self) -> float:
        """PSS where the kernel tells it (shared pages counted once), otherwise RSS."""
        return self.rss if self.pss is None else self.pss


def fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command name; index 0 is the state, 2 the process group."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def members(group: int) -> list[int]:
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if (stat := fields(pid)) and int(stat[2]) == group and stat[0] != "Z"]


def cpu_seconds(group: int) -> float:
    """User and system time of a group's members and of the children they have waited for."""
    ticks = sum(sum(int(field) for field in fields(pid)[11:15]) for pid in members(group))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(group: int) -> Memory:
    pids = members(group)
    rss = [_megabytes(pid, "status", "VmRSS") or 0.0 for pid in pids]
    pss = [_megabytes(pid, "smaps_rollup", "Pss") for pid in pids]
    known = [value for value in pss if value is not None]
    return Memory(sum(rss), sum(known) if len(known) == len(pids) else None, max(rss, default=0.0))


def _megabytes(pid: int, file: str, key: str) -> float | None:
    try:
        text = (PROC / str(pid) / file).read_text()
    except OSError:
        return None
    found = re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else None
