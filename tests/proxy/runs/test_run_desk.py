"""The desk of runs: in order, in a thread of its own, and nothing is lost of what could not be written at once."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from penstock.proxy.runs.desk import RunDesk
from penstock.runs.run import Outcome, Run
from penstock.stores.opening import Stores
from penstock.stores.opening.runs import run_ledger, run_reader
from penstock.stores.runs import ANY_RUN, Made, OpenRunLedger, RunsUnavailable, Seen
from support.run_ledgers import made, run, seen
from support.waiting import eventually, soon


class Shop:
    """A desk over a ledger that can be shut."""

    def __init__(self, data: Path) -> None:
        self.stores = Stores(data)
        self.is_shut = False
        self.threads: set[int] = set()
        self.desk = RunDesk(self._opened)

    def _opened(self) -> OpenRunLedger:
        self.threads.add(threading.get_ident())
        if self.is_shut:
            raise RunsUnavailable("shut by the test")
        return run_ledger(self.stores)

    def runs(self) -> dict[str, Run]:
        try:
            with closing(run_reader(self.stores)) as reader:
                return {one.id: one for one in reader.runs(ANY_RUN, 1000)}
        except RunsUnavailable:
            return {}

    async def tell(self, told: Made) -> None:
        done = asyncio.Event()
        self.desk.tell(lambda: told, done.set)
        await soon(done.wait())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    found = Shop(tmp_path)
    yield found
    found.desk.close()


async def test_what_was_told_is_there_when_it_is_done(shop: Shop) -> None:
    await shop.tell(made(run("trun_1")))
    assert set(shop.runs()) == {"trun_1"}
    assert shop.threads.isdisjoint({threading.get_ident()})


async def test_without_runs_there_is_neither_thread_nor_file(shop: Shop) -> None:
    before = threading.active_count()
    shop.desk.sweep()
    shop.desk.close()
    assert threading.active_count() == before
    assert not list(shop.stores.data.iterdir())


async def test_what_is_seen_after_it_was_made_is_taken_up_after_it(shop: Shop) -> None:
    done = asyncio.Event()
    shop.desk.tell(lambda: made(run("trun_1")), done.set)
    shop.desk.look(lambda: [seen("trun_1", "running")])
    shop.desk.see([seen("trun_1", "completed", at=20)])
    await soon(done.wait())
    await eventually(lambda: shop.runs()["trun_1"].state == "completed" or None, "a completed run")


async def test_what_cannot_be_written_holds_up_nobody_and_is_written_later(shop: Shop) -> None:
    shop.is_shut = True
    await shop.tell(made(run("trun_1")))
    shop.desk.see([seen("trun_1")])
    with pytest.raises(RunsUnavailable):
        await shop.desk.ask(lambda ledger: ledger.get("trun_1"))
    shop.desk.sweep()
    assert shop.runs() == {}
    shop.is_shut = False
    shop.desk.sweep()
    await eventually(lambda: shop.runs().get("trun_1"), "the run")
    assert shop.runs()["trun_1"].state == "completed"


async def test_trouble_is_said_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.is_shut = True
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            await shop.tell(made(run("trun_1")))
    assert len([record for record in caplog.records if "shut by the test" in record.getMessage()]) == 1


async def test_what_waits_is_bounded(shop: Shop) -> None:
    shop.is_shut = True
    for number in range(1_200):
        await shop.tell(made(run(f"trun_{number}"), call_id=f"call-{number}"))
    shop.is_shut = False
    shop.desk.sweep()
    await eventually(lambda: "trun_1199" in shop.runs() or None, "the last run")
    assert len(shop.runs()) == 1000


async def test_an_answer_that_cannot_be_read_loses_nothing_else(shop: Shop) -> None:
    def broken() -> Made:
        raise ValueError("odd")

    def odd() -> Sequence[Seen]:
        raise ValueError("odd")

    done = asyncio.Event()
    shop.desk.tell(broken, done.set)
    await soon(done.wait())
    shop.desk.look(odd)
    await shop.tell(made(run("trun_1")))
    assert set(shop.runs()) == {"trun_1"}


async def test_what_is_left_is_written_at_the_end(shop: Shop) -> None:
    shop.desk.tell(lambda: made(run("trun_1"), outcome=Outcome.MADE), lambda: None)
    shop.desk.see([seen("trun_1")])
    shop.desk.close()
    assert shop.runs()["trun_1"].state == "completed"
