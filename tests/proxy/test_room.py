"""A worker's memory for what waits: never given twice, a part is left to others, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.budget import Budget
from penstock.errors import GatewayError
from penstock.proxy.room import PATIENCE, Room
from support.clock import FakeClock

SIZE = 1000


def room() -> tuple[Room, FakeClock]:
    clock = FakeClock()
    return Room(SIZE, clock), clock


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, SIZE)), max_size=20))
def test_no_more_is_taken_than_there_is_and_all_of_it_comes_back(asked: list[tuple[str, int]]) -> None:
    here, _ = room()
    shares = []
    for account, amount in asked:
        share = here.share(account)
        share.take(amount)
        shares.append(share)
        assert sum(one.held for one in shares) == SIZE - here.budget.free <= SIZE
    for share in shares:
        share.release()
    assert here.budget.free == SIZE


@given(st.integers(1, SIZE * 3 // 4), st.integers(1, SIZE // 4))
def test_an_account_leaves_a_quarter_to_the_others(step: int, wanted: int) -> None:
    here, _ = room()
    greedy = here.share("greedy")
    while greedy.take(step):
        pass
    assert here.share("other").take(wanted)


async def test_who_waits_is_let_in_in_order() -> None:
    here, _ = room()
    first = here.share("a")
    assert first.take(750)
    shares = [here.share("a") for _ in range(3)]
    waiting = [asyncio.ensure_future(share.wait(300)) for share in shares]
    await asyncio.sleep(0)
    assert not here.share("a").take(1), "nobody of the account overtakes"
    first.release()
    await asyncio.gather(*waiting[:2])
    assert [share.held for share in shares] == [300, 300, 0]
    shares[0].release()
    await waiting[2]


async def test_another_account_does_not_wait_behind() -> None:
    here, _ = room()
    greedy = here.share("greedy")
    assert greedy.take(750)
    waiting = asyncio.ensure_future(here.share("greedy").wait(500))
    await asyncio.sleep(0)
    assert here.share("other").take(250)
    waiting.cancel()


async def test_waiting_ends_in_bounded_time_also_where_all_wait_for_each_other() -> None:
    here, clock = room()
    holders = [here.share("a") for _ in range(3)]
    for share in holders:
        assert share.take(250)
    waiting = [asyncio.ensure_future(share.wait(250)) for share in holders]
    await asyncio.sleep(0)
    clock.ahead += PATIENCE
    assert here.pressed
    here.sweep()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, GatewayError) and result.fault.status == 503 for result in results)
    assert not here.pressed


async def test_one_who_leaves_the_line_takes_nothing() -> None:
    here, _ = room()
    first = here.share("a")
    first.take(750)
    waiting = asyncio.ensure_future(here.share("a").wait(500))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    first.release()
    assert here.budget.free == SIZE


def test_a_call_may_not_begin_while_its_account_has_more_than_its_part() -> None:
    here, _ = room()
    here.share("loud").force(800)
    assert here.is_tight
    with pytest.raises(GatewayError) as refused:
        here.check("loud")
    assert b"retry-after" in refused.value.headers
    here.check("quiet")
    here.share("loud").force(400)
    with pytest.raises(GatewayError):
        here.check("quiet")
    assert here.pressed


def test_a_part_takes_from_the_whole_and_leaves_the_reserve() -> None:
    here, _ = room()
    part = here.part(900)
    assert part.take(900) == 750
    assert (part.free, here.budget.free) == (150, 250)
    part.give_back(750)
    assert (part.free, here.budget.free) == (900, SIZE)


def test_a_budget_alone_gives_what_it_has() -> None:
    budget = Budget(10)
    assert (budget.take(7), budget.take(7), budget.free) == (7, 3, 0)
