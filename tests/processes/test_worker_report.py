"""What a worker reports of itself: breakers, keys set aside, its journal; and what it leaves out."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from penstock.budget import Budget
from penstock.journal.journal import Journal
from penstock.metrics.worker_file import HEARTBEAT_US, StateFile, read_states
from penstock.metrics.worker_state import KeySetAside, WorkerState
from penstock.processes.worker_report import LISTED, Traffic, WorkerReport
from penstock.providers.registry import BUILT_IN
from penstock.proxy.call import Gateway
from penstock.proxy.policies.breaker import Breaker, BreakerRules, Breakers
from penstock.proxy.policies.stored_keys import StoredKey, StoredKeys
from support.clock import FakeClock

OPENAI = next(provider for provider in BUILT_IN if provider.slug == "openai")
SECRET = b"sk-never-to-be-seen"
SECOND_US = 1_000_000


@dataclass
class World:
    """As much of one as a report needs."""

    gateways: list[Gateway] = field(default_factory=list)
    directory_version: int = 7


@dataclass
class Worker:
    """A worker of which only the report is real, and what it reports on."""

    folder: Path
    clock: FakeClock
    breakers: Breakers
    journal: Journal
    report: WorkerReport
    world: World

    def told(self, calls: int = 0, connections: int = 0) -> WorkerState:
        self.report.publish(self.world, Traffic(calls, connections, "http://127.0.0.1:1"))
        (state,) = read_states(self.folder / "workers").workers
        return state

    def open_breaker(self, origin: str) -> Breaker:
        breaker = self.breakers.of(origin)
        breaker.failed(self.clock.monotonic(), breaker.generation, connect=True)
        return breaker

    def seconds(self, moment_us: int) -> float:
        """From now to a moment that was told, which is whole seconds."""
        return (moment_us - self.clock.now_us()) / SECOND_US


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Worker]:
    clock = FakeClock()
    breakers = Breakers(BreakerRules(connect_failures=1))
    journal = Journal(tmp_path / "journal", clock, segment_bytes=1000, backlog=Budget(1000), fsync_interval=0)
    report = WorkerReport(StateFile(tmp_path / "workers", os.getpid()), breakers, journal, clock)
    yield Worker(tmp_path, clock, breakers, journal, report, World())
    journal.close()


async def test_a_quiet_worker(worker: Worker) -> None:
    started_us = worker.clock.now_us()
    worker.clock.ahead += 30
    state = worker.told(2, 9)
    assert (state.pid, state.started_us, state.written_us) == (
        os.getpid(), started_us, started_us + 30 * SECOND_US,
    )  # fmt: skip
    assert (state.calls, state.connections, state.address) == (2, 9, "http://127.0.0.1:1")
    assert (state.directory_version, state.journal_healthy, state.unwritten) == (7, True, 0)
    assert (state.breakers, state.open_breakers, state.keys, state.keys_away) == ((), 0, (), 0)


async def test_breakers_that_are_not_closed(worker: Worker) -> None:
    worker.breakers.of("https://well.example")
    ill = worker.open_breaker("https://ill.example")
    (told,) = worker.told().breakers
    assert (told.origin, told.state) == ("https://ill.example", "open")
    assert worker.seconds(told.since_us) == pytest.approx(0, abs=0.51)
    assert worker.seconds(told.next_try_us) == pytest.approx(5, abs=0.51)
    worker.clock.ahead += 6
    assert ill.admit(worker.clock.monotonic()) == 0
    (told,) = worker.told().breakers
    assert told.state == "half-open"
    ill.succeeded(ill.generation)
    assert worker.told().breakers == ()


async def test_keys_that_are_set_aside(worker: Worker) -> None:
    keys = StoredKeys(StoredKey(name, "openai", "batch", SECRET) for name in ("one", "two"))
    worker.world.gateways = [Gateway("local", "bare"), Gateway("local", "default", keys=keys)]
    pool = keys.pool(OPENAI, "batch")
    assert pool is not None
    pool.set_aside(1, worker.clock.monotonic(), 401, None)
    state = worker.told()
    (told,) = state.keys
    back_us = told.back_us
    assert told == KeySetAside("local", "default", "openai", "batch", "two", back_us)
    assert worker.seconds(back_us) == pytest.approx(60, abs=0.51)
    assert state.keys_away == 1
    assert SECRET not in (worker.folder / "workers" / f"{os.getpid()}.json").read_bytes()
    worker.clock.ahead += 60
    assert worker.told().keys == ()


async def test_an_outage_of_everything_is_counted_and_not_listed_whole(worker: Worker) -> None:
    for number in range(LISTED + 20):
        worker.open_breaker(f"https://{number}.example")
    keys = StoredKeys(StoredKey(str(number), "openai", "default", SECRET) for number in range(LISTED + 5))
    pool = keys.pool(OPENAI, "")
    assert pool is not None
    for index in range(LISTED + 5):
        pool.set_aside(index, worker.clock.monotonic(), 429, 30)
    worker.world.gateways = [Gateway("local", "default", keys=keys)]
    state = worker.told()
    assert (len(state.breakers), state.open_breakers) == (LISTED, LISTED + 20)
    assert (len(state.keys), state.keys_away) == (LISTED, LISTED + 5)


async def test_waiting_alone_is_no_news(worker: Worker) -> None:
    """What ends at a fixed moment does not look different each second."""
    worker.open_breaker("https://ill.example")
    first = worker.told()
    worker.clock.ahead += 1
    assert worker.told() == first
    worker.clock.ahead += HEARTBEAT_US / SECOND_US
    assert worker.told().written_us > first.written_us


async def test_records_that_are_lost(worker: Worker) -> None:
    worker.journal.unwritten = 3
    assert worker.told().unwritten == 3


async def test_a_worker_that_ends_leaves_nothing(worker: Worker) -> None:
    worker.told()
    worker.report.close()
    assert read_states(worker.folder / "workers").workers == ()
