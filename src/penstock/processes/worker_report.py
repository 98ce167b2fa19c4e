"""One worker's report of itself: gathers what only it knows and hands it to its state file.

Called from the worker's sweep and from nowhere else; no call waits for it. What a report says is in
`metrics/worker_state.py`, how it is written in `metrics/worker_file.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from penstock.clock import Clock
from penstock.journal.journal import Journal
from penstock.metrics.worker_file import StateFile
from penstock.metrics.worker_state import BreakerState, KeySetAside, WorkerState
from penstock.proxy.call import Gateway
from penstock.proxy.policies.breaker import Breaker, Breakers

LISTED: Final = 100
"""So many breakers, and so many keys, are named at most."""

_SECOND_US = 1_000_000


class Served(Protocol):
    """What is served by: a `World`."""

    @property
    def gateways(self) -> Iterable[Gateway]:
        """All gateways of all accounts."""

    @property
    def directory_version(self) -> int:
        """The version of the directory's snapshot."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """How busy a worker is: calls in flight, connections of clients; the URL it is reached at; seconds of lag."""

    calls: int
    connections: int
    address: str
    worst_lag: float | None = None


class WorkerReport:
    """The report of one worker, from its start to its end."""

    def __init__(self, file: StateFile, breakers: Breakers, journal: Journal, clock: Clock) -> None:
        self._file = file
        self._breakers = breakers
        self._journal = journal
        self._clock = clock
        self._started_us = clock.now_us()

    def publish(self, served: Served, traffic: Traffic) -> None:
        """To be called about once a second. Never raises."""
        now_us, now = self._clock.now_us(), self._clock.monotonic()
        breakers = self._breakers.not_closed()
        away = [
            (gateway, key, left)
            for gateway in served.gateways
            if gateway.keys is not None
            for key, left in gateway.keys.away(now)
        ]
        state = WorkerState(
            pid=self._file.pid,
            birth=self._file.birth,
            started_us=self._started_us,
            written_us=now_us,
            address=traffic.address,
            directory_version=served.directory_version,
            calls=traffic.calls,
            connections=traffic.connections,
            journal_healthy=self._journal.healthy,
            unwritten=self._journal.unwritten,
            breakers=tuple(_told(one, now_us, now) for one in breakers[:LISTED]),
            open_breakers=len(breakers),
            keys=tuple(
                KeySetAside(gateway.account, gateway.id, key.provider, key.alias, key.id, _at(now_us, left))
                for gateway, key, left in away[:LISTED]
            ),
            keys_away=len(away),
            worst_lag_us=None if traffic.worst_lag is None else int(traffic.worst_lag * _SECOND_US),
        )
        self._file.publish(state)

    def close(self) -> None:
        """The worker ends in order: nothing stays."""
        self._file.remove()


def _told(breaker: Breaker, now_us: int, now: float) -> BreakerState:
    state: Literal["open", "half-open"] = "half-open" if breaker.state == "half-open" else "open"
    return BreakerState(
        breaker.origin,
        state,
        _at(now_us, breaker.since - now),
        _at(now_us, breaker.retry_at - now),
        breaker.asked,
    )


def _at(now_us: int, seconds: float) -> int:
    """A moment by the wall clock, to the second: finer, it would come out a little different each time."""
    return round((now_us + seconds * _SECOND_US) / _SECOND_US) * _SECOND_US
