"""The log and the limits are told what calls have come to: once, whoever dies in between, and as far as is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.following.telling import AT_ONCE, LATEST_US, source
from penstock.pricing.parallel_prices import SOURCE
from penstock.runs.run import RunKind
from penstock.stores.counters import CountersUnavailable
from penstock.stores.ledger import LedgerMissing, LedgerReader, LedgerUnavailable
from penstock.stores.runs import Stale
from support.counters import MemoryCounters
from support.run_ledgers import BASE, CORE, create, run, seen
from support.told_costs import Books, Later, unavailable


@pytest.fixture
def counters() -> MemoryCounters:
    return MemoryCounters()


@pytest.fixture
def books(tmp_path: Path, counters: MemoryCounters) -> Iterator[Books]:
    books = Books(tmp_path, counters, Later())
    yield books
    books.log.close()


async def test_an_end_stands_in_the_log_and_gives_the_budget_back(books: Books) -> None:
    paid, free = books.order(run("trun_1")), books.order(run("trun_2", product="ultra"))
    before = books.used
    books.runs.saw([seen("trun_1"), seen("trun_2", "failed")])
    await books.teller().tell(books.runs)
    assert books.logged(paid) == (CORE, SOURCE)
    assert books.logged(free) == (0, f"{SOURCE}, nothing charged")
    assert (before, books.used) == (CORE + 300_000_000, CORE)
    assert books.runs.stale(9) == []


async def test_as_long_as_a_part_is_open_it_is_an_estimate(books: Books) -> None:
    name = books.order(run("trun_1"), run("trun_2"))
    books.runs.saw([seen("trun_1", "failed")])
    await books.teller().tell(books.runs)
    assert (books.logged(name), books.used) == ((CORE, f"{SOURCE}, estimate"), CORE)
    books.runs.saw([seen("trun_2", product="base")])
    await books.teller().tell(books.runs)
    assert (books.logged(name), books.used) == ((BASE, SOURCE), BASE)


async def test_what_is_dearer_than_expected_counts(books: Books) -> None:
    name = books.order(run("monitor_1", RunKind.MONITOR, "lite"))
    for executions in (["a"], ["a", "b"], ["a", "b", "c"]):
        books.runs.saw([seen("monitor_1", "active", kind=RunKind.MONITOR, executions=executions)])
        await books.teller().tell(books.runs)
    assert (books.logged(name)[0], books.used) == (3 * 3_000_000, 3 * 3_000_000)


@pytest.mark.parametrize(("state", "nano"), [("failed", 0), ("completed", CORE)])
async def test_what_is_estimated_later_counts_once_it_is_certain(books: Books, state: str, nano: int) -> None:
    """A run that is only seen in a group: its end may give it back, and limits could not."""
    name = books.order(run("tgrp_1", RunKind.GROUP, ""))
    for now, used in (("running", 0), (state, nano)):
        books.runs.saw([seen("trun_1", now, product="core", parent="tgrp_1")])
        await books.teller().tell(books.runs)
        assert books.used == used
    assert books.logged(name)[0] == nano


async def test_what_nobody_knows_corrects_nothing(books: Books) -> None:
    name = books.order(run("trun_1", product="brand-new"), run("trun_2"))
    used = books.used
    books.runs.saw([seen("trun_1"), seen("trun_2")])
    await books.teller().tell(books.runs)
    assert (books.logged(name), books.used) == ((None, None), used)


async def test_a_price_of_the_callers_own_stays(books: Books) -> None:
    name = books.order(run("trun_1"), custom=True)
    before = books.logged(name), books.used
    books.runs.saw([seen("trun_1", "failed")])
    await books.teller().tell(books.runs)
    assert (books.logged(name), books.used) == before
    assert books.runs.stale(9) == []


async def test_a_call_that_is_not_in_the_log_yet_is_waited_for(books: Books) -> None:
    name, teller = books.order(run("trun_1"), logged=False), books.teller()
    books.runs.saw([seen("trun_1", "failed")])
    await teller.tell(books.runs)
    assert books.used == CORE, "both are told together"
    books.arrive(name, CORE)
    await teller.tell(books.runs)
    assert books.logged(name)[0] == CORE, "it is not looked for each time"
    books.clock.ahead += 10
    await teller.tell(books.runs)
    assert (books.logged(name)[0], books.used) == (0, 0)


async def test_one_that_never_comes_is_waited_for_an_hour(books: Books) -> None:
    books.order(run("trun_1"), logged=False)
    books.runs.saw([seen("trun_1", "failed")])
    teller = books.teller()
    books.clock.ahead += LATEST_US / 1e6 - 2
    await teller.tell(books.runs)
    assert (books.used, len(books.runs.stale(9))) == (CORE, 1)
    books.clock.ahead += 1
    await teller.tell(books.runs)
    assert (books.used, books.runs.stale(9)) == (0, [])


async def test_one_that_comes_in_the_last_moment_is_told(books: Books) -> None:
    name, teller = books.order(run("trun_1"), logged=False), books.teller()
    books.runs.saw([seen("trun_1", "failed")])
    books.clock.ahead += LATEST_US / 1e6 - 2
    await teller.tell(books.runs)
    books.arrive(name, CORE)
    books.clock.ahead += 1
    await teller.tell(books.runs)
    assert books.logged(name)[0] == 0


async def test_a_gateway_without_a_log_is_not_waited_for(books: Books) -> None:
    books.order(run("trun_1"), logged=False)
    books.runs.saw([seen("trun_1", "failed")])
    await books.teller().tell(books.runs, frozenset({("acct", "gw")}))
    assert (books.used, books.runs.stale(9)) == (0, [])


async def test_as_long_as_there_is_no_log_it_is_waited_for(books: Books) -> None:
    def missing() -> LedgerReader:
        raise LedgerMissing("there is none")

    books.order(run("trun_1"))
    books.runs.saw([seen("trun_1", "failed")])
    await books.teller(missing).tell(books.runs)
    assert len(books.runs.stale(9)) == 1


async def test_a_log_that_cannot_be_used_holds_up_all(books: Books) -> None:
    books.order(run("trun_1"))
    books.runs.saw([seen("trun_1", "failed")])
    with pytest.raises(LedgerUnavailable):
        await books.teller(unavailable).tell(books.runs)
    await books.teller().tell(books.runs)
    assert books.used == 0


async def test_limits_that_cannot_be_used_are_told_later(books: Books, counters: MemoryCounters) -> None:
    name = books.order(run("trun_1"))
    books.runs.saw([seen("trun_1", "failed")])
    counters.broken = True
    with pytest.raises(CountersUnavailable):
        await books.teller().tell(books.runs)
    counters.broken = False
    await books.teller().tell(books.runs)
    assert (books.logged(name)[0], books.used, books.runs.stale(9)) == (0, 0, [])


async def test_those_that_wait_hide_no_others(books: Books) -> None:
    """However many of them there are."""
    waiting = [books.order(run(f"early_{number}"), logged=False) for number in range(AT_ONCE + 5)]
    books.runs.saw([seen(f"early_{number}", "failed") for number in range(len(waiting))])
    name = books.order(run("trun_1"))
    books.runs.saw([seen("trun_1", "failed", at=20)])
    await books.teller().tell(books.runs)
    assert books.logged(name)[0] == 0
    assert len(books.runs.stale(1000)) == len(waiting)


async def test_a_change_while_it_waits_is_told_after_it(books: Books) -> None:
    books.order(run("early_1"), logged=False)
    books.runs.saw([seen("early_1", "failed")])
    name, teller = books.order(run("trun_1"), run("trun_2")), books.teller()
    books.runs.saw([seen("trun_1", "failed", at=20)])
    books.runs.stale(9)
    books.runs.saw([seen("trun_2", "failed", at=21)])
    for _ in range(2):
        await teller.tell(books.runs)
    assert books.logged(name)[0] == 0
    assert books.used == CORE


async def test_who_has_told_twice_has_told_once(books: Books, counters: MemoryCounters) -> None:
    """As who dies before he has written down that he has."""
    name = books.order(run("trun_1"), run("trun_2"), run("trun_3"))
    books.runs.saw([seen("trun_1", "failed")])
    (first,) = books.runs.stale(9)
    books.teller()._correct(first)
    books.runs.saw([seen("trun_2", "failed")])
    for _ in range(2):
        await books.teller().tell(books.runs)
    assert (books.logged(name)[0], books.used) == (CORE, CORE)


def test_where_a_cost_is_from() -> None:
    def told(nano: int | None, *, is_final: bool) -> str | None:
        return source(Stale(create(), nano, is_final, 1, None))

    assert told(7, is_final=True) == "parallel card 2026-11-10"
    assert told(7, is_final=False) == "parallel card 2026-11-10, estimate"
    assert told(0, is_final=False) == "parallel card 2026-11-10, estimate"
    assert told(0, is_final=True) == "parallel card 2026-11-10, nothing charged"
    assert told(None, is_final=True) is None
