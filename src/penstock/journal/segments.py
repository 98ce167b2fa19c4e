"""Journal segments: their names, who still writes to one, which there are.

Shared by the writer and the shipper, so that both mean the same. A segment belongs to a living writer as long
as somebody holds the exclusive lock on it; the kernel lets go of it when the writer closes the file or dies.
What is inside a segment is not known here.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path
from typing import NamedTuple

DIRECTORY = "journal"  # below the data directory

_NAME = re.compile(r"(\d{20})-(\d+)-(\d+)\.journal", re.ASCII)


class SegmentName(NamedTuple):
    """The parts of a name, in the order in which segments are sorted."""

    created_us: int
    pid: int
    seq: int


def new_name(created_us: int, pid: int, seq: int) -> str:
    """The name of the `seq`-th segment of process `pid`. Names are never used twice."""
    return f"{created_us:020d}-{pid}-{seq}.journal"


def parse(name: str) -> SegmentName | None:
    """The parts of a segment's name; None for any other file."""
    match = _NAME.fullmatch(name)
    return SegmentName(*map(int, match.groups())) if match else None


def list_segments(folder: Path) -> list[str]:
    """The names of all segments, oldest first. None, when the directory is not there yet."""
    try:
        found = [(parts, name) for name in os.listdir(folder) if (parts := parse(name))]
    except FileNotFoundError:
        return []
    return [name for _, name in sorted(found)]


def create(folder: Path, name: str) -> int:
    """A new, empty segment, locked for its writer: the descriptor to append to.

    It gets its name only after it is locked. Between creating and locking, the shipper would take it for an
    abandoned, empty segment and delete it under the writer's hands.
    """
    hidden = folder / f".{name}.new"
    fd = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(folder / name)
    except BaseException:
        os.close(fd)
        hidden.unlink(missing_ok=True)
        raise
    return fd


def is_abandoned(fd: int) -> bool:
    """Whether nobody will write to this file any more. Ask before reading its end, not after."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(fd, fcntl.LOCK_UN)
    return True
