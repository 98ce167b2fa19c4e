"""What a worker tells of itself: the nouns, and their form as bytes.

Only what nobody else can know: its breakers, the stored keys it leaves alone, what it could not write down, how
busy it is. Pure; never a secret. Files are in `worker_file.py`, who fills this in is `processes/worker_report.py`.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class BreakerState(msgspec.Struct, frozen=True):
    """A circuit breaker that is not closed. Wall-clock microseconds."""

    origin: str
    state: Literal["open", "half-open"]
    since_us: int
    next_try_us: int  # in the past: the next call is the try
    asked: str = ""  # what is left alone at the origin, such as a model; empty: all of it


class KeySetAside(msgspec.Struct, frozen=True):
    """A stored key that its provider refused, and that is left alone for a while. Wall-clock microseconds."""

    account: str
    gateway: str
    provider: str
    alias: str
    key_id: str
    back_us: int


class WorkerState(msgspec.Struct, frozen=True, kw_only=True):
    """One worker at one moment. Times are wall-clock microseconds.

    `birth` tells a process from a later one with the same pid. The lists are bounded; `open_breakers` and
    `keys_away` are how many there are in all.
    """

    pid: int
    birth: str
    started_us: int
    written_us: int
    address: str  # where it listens, as a URL
    directory_version: int  # of the snapshot it serves by
    calls: int  # in flight
    connections: int  # of clients
    journal_healthy: bool
    unwritten: int  # records lost since the start
    breakers: tuple[BreakerState, ...] = ()
    open_breakers: int = 0
    keys: tuple[KeySetAside, ...] = ()
    keys_away: int = 0
    worst_lag_us: int | None = None  # of its event loop since the start; None: nobody watches it

    def says_the_same(self, other: WorkerState) -> bool:
        """Whether the two differ in nothing but the time of writing."""
        return msgspec.structs.replace(other, written_us=self.written_us) == self


_to_bytes = msgspec.json.Encoder().encode
_to_state = msgspec.json.Decoder(WorkerState).decode


def encode(state: WorkerState) -> bytes:
    """One JSON object."""
    return _to_bytes(state)


def decode(data: bytes) -> WorkerState:
    """What `encode` gave. Raises ValueError for anything else."""
    try:
        return _to_state(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"not the state of a worker: {error}") from error
