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
    assert here.presses("a")
    here.sweep()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, GatewayError) and result.fault.status == 503 for result in results)
    assert not here.presses("a")


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
    assert here.presses("loud")
    assert not here.presses("quiet"), "others have more than their part"


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


# -- many who wait


async def test_what_is_done_for_one_takes_no_longer_where_many_wait() -> None:
    """Thousands may: each of them costs a client next to nothing."""
    here = Counting(SIZE, FakeClock())
    holder = here.share("a")
    assert holder.take(750)
    waiting = [asyncio.ensure_future(here.share("a").wait(750)) for _ in range(2000)]
    await asyncio.sleep(0)
    here.asked = 0
    for _ in range(100):
        other = here.share("b")
        assert other.take(10)
        other.release()
        here.presses("a")
        here.sweep()
    assert here.asked < 1000
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not here.is_awaited("a")


class Counting(Room):
    """Counts how often it is asked whether something fits."""

    asked = 0

    def fits(self, account: str, amount: int) -> bool:
        self.asked += 1
        return super().fits(account, amount)


async def test_many_who_have_waited_too_long_are_refused_some_at_a_time() -> None:
    here, clock = room()
    assert here.share("a").take(750)
    waiting = [asyncio.ensure_future(here.share(name).wait(750)) for name in "ab" * 200]
    await asyncio.sleep(0)
    clock.ahead += PATIENCE
    here.sweep()
    await asyncio.sleep(0)
    done = sum(one.done() for one in waiting)
    while done < len(waiting):
        await asyncio.sleep(0)
        now_done = sum(one.done() for one in waiting)
        assert now_done - done <= 100
        done = now_done
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, GatewayError) for result in results)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, SIZE // 2), st.booleans()), max_size=30))
def test_all_who_wait_are_served_in_the_end_and_in_order(asked: list[tuple[str, int, bool]]) -> None:
    """In the order in which they came, of each account; those who hold something before the others."""

    async def everybody() -> None:
        here, _ = room()
        everything = here.share("x")
        assert everything.take(here.most)
        served: list[tuple[str, int, bool]] = []

        async def one(number: int, account: str, amount: int, holds: bool) -> None:
            share = here.share(account)
            if holds:
                share.force(1)
            await share.wait(amount)
            served.append((account, number, holds))
            await asyncio.sleep(0)
            share.release()

        tasks = [asyncio.ensure_future(one(number, *who)) for number, who in enumerate(asked)]
        await asyncio.sleep(0)
        everything.release()
        await asyncio.wait_for(asyncio.gather(*tasks), 5)
        for account in "abc":
            order = [(not holds, number) for name, number, holds in served if name == account]
            assert order == sorted(order)
        assert here.budget.free == SIZE

    asyncio.run(everybody())


# -- who makes room for whom


@pytest.mark.parametrize(
    ("held", "waiting", "amount", "pressed"),
    [
        ({"a": 200, "b": 700}, "b", 300, {"b"}),
        ({"a": 200, "b": 700}, "a", 200, {"a", "b"}),
        ({"a": 200, "b": 700}, "c", 200, {"a", "b", "c"}),
        ({"a": 200, "b": 700}, "c", 300, {"b", "c"}),
        ({"a": 300, "b": 650}, "b", 100, {"a", "b"}),
    ],
)
async def test_who_has_its_part_makes_no_room_for_who_wants_more(
    held: dict[str, int], waiting: str, amount: int, pressed: set[str]
) -> None:
    """A quarter is everybody's part."""
    here, clock = room()
    for account, size in held.items():
        here.share(account).force(size)
    line = asyncio.ensure_future(here.share(waiting).wait(amount))
    await asyncio.sleep(0)
    assert not any(map(here.presses, "abc"))
    clock.ahead += 1
    assert {account for account in "abc" if here.presses(account)} == pressed
    line.cancel()


def test_what_cannot_be_done_without_leaves_less_to_each() -> None:
    """Whatever a part has taken, an account leaves as much to the others as it may have itself."""
    here, _ = room()
    assert here.part(800).take(800) == 750
    greedy = here.share("greedy")
    while greedy.take(10):
        pass
    assert here.share("other").take(60)
    assert greedy.held <= 190
