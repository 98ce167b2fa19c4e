"""Callgrind: how a program is started under it, and what it says has been executed.

It runs a program some fifty times slower, and lays out memory by itself, so that nothing is left to chance there.
"""

from __future__ import annotations

import re
from pathlib import Path

from bench.failure import Failed

_TOTALS = re.compile(r"^totals: (\d+)$", re.MULTILINE)


def prefix(home: Path) -> list[str]:
    """What comes before a command, so that each of its processes leaves its count below `home`."""
    return ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={home}/callgrind.%p"]


def counted(home: Path, pid: int) -> int:
    """The instructions of a process that has ended, with those of the one it was forked from until then."""
    counts = home / f"callgrind.{pid}"
    try:
        text = counts.read_text(errors="replace")
        counts.unlink()
    except OSError as error:
        raise Failed(f"callgrind has left no counts: {error}") from error
    return total(text)


def total(text: str) -> int:
    """Raises `Failed` when callgrind did not come to its end."""
    found = _TOTALS.findall(text)
    if len(found) != 1:
        raise Failed("callgrind has left no total")
    return int(found[0])
