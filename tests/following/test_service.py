"""What is done for runs goes on whatever goes wrong with one part of it, and each trouble is said once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from penstock.exits.sender import Sender
from penstock.following.access import CountersAccess, RunsAccess
from penstock.following.follower import Follower
from penstock.following.hooks import Forwarder
from penstock.following.looks import Looks
from penstock.following.plan import FollowPlan
from penstock.following.service import Following
from penstock.providers.registry import Registry
from penstock.runs.run import Outcome
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.runs import ANY_RUN, REPEATED_US, OpenRunLedger, RunsUnavailable
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from support.counters import MemoryCounters
from support.run_ledgers import NOW, SECOND, create, make, run, seen
from support.told_costs import Books, Later
from support.waiting import eventually

DAY = 86_400


class Quick(Later):
    """Nobody waits longer than a moment; how often somebody has waited is counted."""

    waits = 0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.005))
        self.waits += 1

    async def some_rounds(self) -> None:
        enough = self.waits + 5
        await eventually(lambda: self.waits >= enough or None, "five rounds")


class Service:
    """Following of one folder, with what can be made to fail."""

    def __init__(self, folder: Path) -> None:
        self.clock = Quick()
        self.counters = MemoryCounters()
        self.books = Books(folder, self.counters, self.clock)
        self.since: int | None = None
        self.trouble: RunsUnavailable | None = None
        self.opened = 0
        self.log_troubles: list[LedgerUnavailable] = []
        self._path = folder / "runs.db"
        self.following = Following(
            RunsAccess(self._path.exists, self._open),
            CountersAccess(lambda: pytest.fail("nothing is to be corrected")),
            self.books.teller(),
            Follower(Looks(Sender().send, self.clock), self.clock, "a"),
            Forwarder(Sender().send_guarded, Sender().send, self.clock, "a"),
            self.clock,
            lambda: self.since,
            self.log_troubles.append,
        )

    def _open(self) -> OpenRunLedger:
        self.opened += 1
        if self.trouble is not None:
            raise self.trouble
        return SqliteRunLedger(self._path)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    service = Service(tmp_path)
    yield service
    service.books.log.close()


@pytest.fixture
async def running(service: Service) -> AsyncIterator[Service]:
    task = asyncio.create_task(service.following.run())
    yield service
    assert not task.done(), "it never ends by itself"
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def told(running: Service, name: str) -> None:
    await eventually(lambda: running.books.logged(name)[0] == 0 or None, "what it has cost in the log")


async def test_a_ledger_that_cannot_be_used_is_tried_again(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "penstock.following")
    service.trouble = RunsUnavailable("it is locked")
    name = service.books.order(run("trun_1"))
    service.books.runs.saw([seen("trun_1", "failed")])
    task = asyncio.create_task(service.following.run())
    await eventually(lambda: service.opened > 5 or None, "another try")
    assert service.following.runs.trouble == "it is locked"
    service.trouble = None
    await told(service, name)
    task.cancel()
    said = [record.message for record in caplog.records]
    assert said == [
        "the run ledger cannot be used now, runs are not followed: it is locked",
        "the run ledger can be used again",
    ]
    assert service.following.runs.trouble == ""


async def test_limits_that_cannot_be_used_are_said_once(
    running: Service, caplog: pytest.LogCaptureFixture
) -> None:
    name = running.books.order(run("trun_1"))
    running.counters.broken = True
    running.books.runs.saw([seen("trun_1", "failed")])
    await told(running, name)
    await running.clock.some_rounds()
    running.counters.broken = False
    await eventually(lambda: running.books.used == 0 or None, "the budget")
    assert len([record for record in caplog.records if "limits" in record.message]) == 1


async def test_a_log_that_cannot_be_used_is_told_to_who_opened_it(
    running: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise LedgerUnavailable("it is gone")

    monkeypatch.setattr(running.following.teller, "_reader", broken)
    running.books.order(run("trun_1"))
    running.books.runs.saw([seen("trun_1", "failed")])
    await eventually(lambda: running.log_troubles or None, "the trouble")


async def test_a_fault_of_ours_ends_nothing(running: Service, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    running.following.follower.step = broken  # type: ignore[assignment, method-assign]
    name = running.books.order(run("trun_1"))
    running.books.runs.saw([seen("trun_1", "failed")])
    await told(running, name)
    await eventually(lambda: "tried again" in caplog.text or None, "a line in the log")


# -- what is lost, what is old


def outcomes(service: Service) -> list[Outcome]:
    """Of the requests, by what repeats them."""
    found = [
        service.books.runs.intend(create(f"again-{name}", body=name.encode(), key=b"k", at=at))
        for name, at in (("old", -1000), ("new", 0))
    ]
    return [one.outcome for one in found if one is not None]


async def test_what_was_under_way_when_its_worker_ended_is_lost(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    runs = service.books.runs
    for name, at in (("old", -1000), ("new", 0)):
        runs.intend(create(name, body=name.encode(), key=b"k", at=at))
    service.since = NOW - 1001 * SECOND
    await service.following.tidy(runs)
    assert outcomes(service) == [Outcome.INTENT, Outcome.INTENT]
    assert caplog.records == []
    service.since = NOW - 999 * SECOND
    await service.following.tidy(runs)
    assert outcomes(service) == [Outcome.UNKNOWN, Outcome.INTENT]
    assert "their worker ended (1)" in caplog.text


async def test_where_nobody_says_since_when_he_serves_it_is_lost_when_nobody_waits_any_more(
    service: Service,
) -> None:
    runs = service.books.runs
    for name, at in (("old", -1000), ("new", 0)):
        runs.intend(create(name, body=name.encode(), key=b"k", at=at))
    await service.following.tidy(runs)
    assert outcomes(service) == [Outcome.UNKNOWN, Outcome.INTENT]
    service.clock.ahead += REPEATED_US / SECOND
    await service.following.tidy(runs)
    assert outcomes(service) == [Outcome.UNKNOWN, Outcome.UNKNOWN]


async def test_runs_go_long_after_their_end_and_never_before(service: Service) -> None:
    runs = service.books.runs
    make(runs, *(run(f"trun_{number}") for number in range(450)))
    runs.saw([seen(f"trun_{number}") for number in range(449)])
    for one in runs.stale(9):
        runs.told(one.create.call_id, one.version)
    service.following.take_up(FollowPlan())
    service.clock.ahead += 100 * DAY
    await service.following.tidy(runs)
    assert runs.count(ANY_RUN) == 450, "they are kept for ever"
    service.following.take_up(FollowPlan(kept=101 * DAY))
    await service.following.tidy(runs)
    assert runs.count(ANY_RUN) == 450
    service.following.take_up(FollowPlan(kept=99 * DAY))
    await service.following.tidy(runs)
    assert [one.id for one in runs.runs(ANY_RUN, 9)] == ["trun_449"], "one that goes on is never old"


async def test_a_new_plan_is_taken_up_by_who_follows(service: Service) -> None:
    plan = FollowPlan(Registry({"parallel": "https://api.example"}))
    service.following.take_up(plan)
    assert service.following.follower.plan is plan
