"""Where the shipper is, written down before it goes there: what the next one goes by, should this one die there.

A crash, a kill for want of memory and a loop without end would meet the same record again at each start, and hold up
all behind it. One small write for each batch, without waiting for the disk: a process that dies takes nothing of it
along. What stands in a segment is not known here.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Mapping
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

from penstock.journal.reading import PIECE_BYTES

FILE_NAME: Final = ".shipper.at"
"""In the journal's folder: segment, position, and how many shippers began there and did not come back."""

CPU_SECONDS: Final = 120.0
"""Of processor time for one batch, which takes one or two: beyond it the kernel ends the process, by SIGPROF."""

BARE_AFTER: Final = 3
"""So many deaths at one record, and its bodies are left out."""

ASIDE_AFTER: Final = 5
"""So many, and the record itself is."""

_LINE_BYTES = 128  # a name, two numbers and room


class Care(IntEnum):
    """How a place in a segment is to be dealt with."""

    NONE = 0
    ALONE = 1  # one record, so that it is known which one it was
    BARE = 2  # that record without its bodies
    ASIDE = 3  # unread


class Place(NamedTuple):
    """Where a shipper was, and how many have died there."""

    segment: str
    start: int
    deaths: int


def last_place(path: Path) -> Place | None:
    """Where the last shipper was that has written it down to this file; None where that is not to be had."""
    try:
        segment, start, deaths = path.read_bytes()[:_LINE_BYTES].decode("ascii").split()
        place = Place(segment, int(start), int(deaths))
    except (OSError, ValueError):
        return None
    return place if 0 <= place.deaths <= ASIDE_AFTER else None


def gone_back(last: Place | None, positions: Mapping[str, int], segments: Collection[str]) -> str:
    """How a ledger that has come to these positions has less than was stored in it; empty if it has all."""
    if last is None or last.segment not in segments or positions.get(last.segment, 0) >= last.start:
        return ""
    has = positions.get(last.segment, 0)
    return (
        f"the ledger is as it was at an earlier moment: of {last.segment} it has {has} bytes, and had {last.start}. "
        "Calls since then are stored again if the journal has records of them; what else was changed in it since then "
        "(feedback, what was deleted) is lost"
    )


class Trial:
    """Of one shipper process; its predecessor's last place is read when the first one begins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fatal: Place | None = None  # where the one before has died, if it has
        self._at: Place | None = None
        self._alone: tuple[str, int] = "", 0  # a segment, and up to where there one record is taken at a time

    def begin(self, segment: str, start: int) -> Care:
        """To be called before anything is read at a place; how to go about it."""
        if self._at is None:
            self._fatal = last_place(self._path)
        deaths = self._deaths(segment, start)
        self._at = Place(segment, start, deaths)
        self._write(self._at._replace(deaths=min(deaths + 1, ASIDE_AFTER)))
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        if deaths:
            self._alone = segment, start + PIECE_BYTES  # no batch that began here went further
        if deaths >= ASIDE_AFTER:
            return Care.ASIDE
        if deaths >= BARE_AFTER:
            return Care.BARE
        return Care.ALONE if segment == self._alone[0] and start < self._alone[1] else Care.NONE

    def over(self, *, moved: bool) -> None:
        """To be called when it was survived. Where the ledger's position has `moved`, that says so."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        if not moved and self._at is not None:
            self._write(self._at)

    def _deaths(self, segment: str, start: int) -> int:
        fatal = self._fatal
        return fatal.deaths if fatal is not None and fatal[:2] == (segment, start) else 0

    def _write(self, place: Place) -> None:
        """Without room on the disk there is no such care, and shipping goes on."""
        line = f"{place.segment} {place.start} {place.deaths}".ljust(_LINE_BYTES - 1) + "\n"
        with suppress(OSError):
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(file, line.encode("ascii"), 0)
            finally:
                os.close(file)
