"""How much of the two cores went to programs that are not ours while something was measured.

On a machine that others use too, a figure from a disturbed moment says little; no report may call it met.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

LIMIT = 0.1
"""A share of a core above which a round counts as disturbed."""


@dataclass(frozen=True, slots=True)
class Core:
    busy: float
    """Seconds the core has worked or was withheld by the host, interrupts left out."""
    ours: float
    """Seconds of CPU our own programs on that core have used."""


@dataclass(frozen=True, slots=True)
class Reading:
    clock: float
    gateway: Core
    load: Core


def foreign_share(before: Reading, after: Reading) -> float:
    """The larger share of the two cores that went to others between two readings, from 0 to 1."""
    seconds = after.clock - before.clock
    if seconds <= 0:
        return 0.0
    pairs = ((before.gateway, after.gateway), (before.load, after.load))
    return max(min(max(_foreign(*pair) / seconds, 0.0), 1.0) for pair in pairs)


def busy_seconds(core: int) -> float:
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _wait, _irq, _softirq, steal, *_ = (int(field) for field in fields)
            return (user + nice + system + steal) / os.sysconf("SC_CLK_TCK")
    return 0.0


def own_seconds() -> float:
    """CPU of this process and of the children it has waited for, wrk among them."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _foreign(before: Core, after: Core) -> float:
    return (after.busy - before.busy) - (after.ours - before.ours)
