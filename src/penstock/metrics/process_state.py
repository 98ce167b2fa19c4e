"""What the supervisor tells of the processes it keeps running, what helpers tell of themselves, and what is wrong.

Only workers are needed for serving; anything else that does not work is said here and by nobody louder than that.
Pure, and never a secret. Files are in `process_files.py`; who fills this in is `processes/children.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

Kind = Literal["worker", "shipper", "keeper", "local-parallel"]

HEARTBEAT_US: Final = 5_000_000
"""So often at least a helper writes, as long as it gets on."""

SILENT_US: Final = 60_000_000
"""A helper that has not written for so long does not get on. They run when nobody else wants to, so it is long."""

_SECOND_US = 1_000_000

Unreadable = Literal["unreadable"]
UNREADABLE: Final[Unreadable] = "unreadable"
"""What stands where something should have been told."""


class ProcessState(msgspec.Struct, frozen=True, kw_only=True):
    """One process that the supervisor keeps running. Wall-clock microseconds."""

    name: str
    kind: Kind
    pid: int  # 0: it is down
    since_us: int  # it runs, or is down, since then
    again_us: int = 0  # it is down, and is started again then
    steady_us: int = 0  # if it still runs then, what was before is over
    restarts: int = 0  # since the supervisor began
    in_a_row: int = 0  # ends since it last ran for long
    ended: str = ""  # how, the last time; a predicate
    cut_calls: int = 0  # calls under way when it ended, all times together


class SupervisorState(msgspec.Struct, frozen=True, kw_only=True):
    """All processes of an installation. `birth` tells a supervisor from a later process with the same pid."""

    pid: int
    birth: str
    processes: tuple[ProcessState, ...]


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """What a helper last said. `trouble` is what it cannot do now, `detail` why: it may name files."""

    pid: int
    written_us: int
    trouble: str = ""
    detail: str = ""


class Trouble(NamedTuple):
    """One thing that is wrong. `reason` may be shown to anybody, `detail` to the operator."""

    process: ProcessState
    reason: str
    detail: str = ""
    is_silent: bool = False
    is_unreadable: bool = False  # what it tells of itself


def troubles(
    processes: Sequence[ProcessState], beats: Mapping[str, Beat | Unreadable], now_us: int
) -> Iterator[Trouble]:
    """What is wrong now. `beats` by kind; that a process was started again, once, is nothing wrong."""
    for one in processes:
        if not one.pid:
            seconds = max(0, one.again_us - now_us) // _SECOND_US
            yield Trouble(one, f"{one.name} {one.ended}{_row(one)}; it is started again in {seconds} s")
        elif one.in_a_row > 1 and now_us < one.steady_us:
            yield Trouble(one, f"{one.name} runs, but {one.ended}{_row(one)}")
        if one.pid and one.kind in ("shipper", "keeper"):
            yield from _own(one, beats.get(one.kind), now_us)


def _own(one: ProcessState, beat: Beat | Unreadable | None, now_us: int) -> Iterator[Trouble]:
    """By what it says itself, if this very process has said something, and not in days to come."""
    if beat == UNREADABLE:
        yield Trouble(one, f"what {one.name} tells of itself cannot be read", is_unreadable=True)
        return
    known = (
        beat if beat is not None and beat.pid == one.pid and beat.written_us <= now_us + SILENT_US else None
    )
    silent_us = now_us - max(one.since_us, known.written_us if known else 0)
    if silent_us > SILENT_US:
        yield Trouble(
            one, f"{one.name} has not been heard of for {silent_us // _SECOND_US} s", is_silent=True
        )
    elif known is not None and known.trouble:
        yield Trouble(one, f"{one.name}: {known.trouble}", known.detail)


def _row(one: ProcessState) -> str:
    return f", {one.in_a_row} times in a row" if one.in_a_row > 1 else ""
