"""Several keys under one alias: taken in turn, left alone when refused, and back by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from penstock.proxy.policies.key_pool import KeyPool, refused

REFUSALS = (401, 402, 403)


def choices(pool: KeyPool[str], now: float, count: int) -> list[str]:
    return [pool.keys[pool.choose(now)] for _ in range(count)]


def pause_of(pool: KeyPool[str], index: int, now: float) -> int:
    """Whole seconds until the key of a pool with others is in use again."""
    return next(seconds for seconds in range(2000) if index in rounds(pool, now + seconds))


def rounds(pool: KeyPool[str], now: float) -> set[int]:
    return {pool.choose(now) for _ in pool.keys}


@given(st.integers(100, 999))
def test_what_is_about_the_key(status: int) -> None:
    assert refused(status) == (status in (401, 402, 403, 429))


def test_a_pool_needs_a_key() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        KeyPool[str](())


def test_keys_are_taken_in_turn() -> None:
    assert choices(KeyPool(("a", "b", "c")), 0.0, 7) == ["a", "b", "c", "a", "b", "c", "a"]


@pytest.mark.parametrize("status", [*REFUSALS, 429])
def test_a_refused_key_is_left_out_and_the_others_share_its_turns(status: int) -> None:
    pool = KeyPool(("a", "b", "c"))
    pool.set_aside(1, 0.0, status, None)
    assert choices(pool, 1.0, 4) == ["a", "c", "a", "c"]


def test_a_key_is_available_again_when_its_pause_is_over() -> None:
    pool = KeyPool(("a", "b"))
    pool.set_aside(0, 0.0, 429, 5.0)
    assert [pool.is_available(0, now) for now in (0.0, 4.75, 5.0)] == [False, False, True]
    assert pool.is_available(1, 0.0)


def test_a_lone_key_is_always_tried() -> None:
    pool = KeyPool(("a",))
    for status in (*REFUSALS, 429):
        pool.set_aside(0, 0.0, status, 900.0)
        assert pool.choose(0.0) == 0


def test_when_all_are_set_aside_the_first_to_come_back_is_tried() -> None:
    pool = KeyPool(("a", "b", "c"))
    pool.set_aside(0, 0.0, 401, None)
    pool.set_aside(1, 0.0, 429, 5.0)
    pool.set_aside(2, 0.0, 429, 30.0)
    assert choices(pool, 1.0, 2) == ["b", "b"]
    assert choices(pool, 5.0, 2) == ["b", "b"]
    pool.set_aside(1, 5.0, 429, 100.0)
    assert choices(pool, 6.0, 2) == ["c", "c"]


@pytest.mark.parametrize("status", REFUSALS)
def test_refusals_that_repeat_last_twice_as_long_up_to_a_quarter_of_an_hour(status: int) -> None:
    pool, now, pauses = KeyPool(("a", "b")), 100.0, []
    for _ in range(6):
        pool.set_aside(0, now, status, None)
        pauses.append(pause_of(pool, 0, now))
        now += pauses[-1]
    assert pauses == [60, 120, 240, 480, 900, 900]


def test_a_success_makes_the_next_refusal_a_first_one() -> None:
    pool = KeyPool(("a", "b"))
    pool.set_aside(0, 0.0, 401, None)
    pool.set_aside(0, 60.0, 401, None)
    pool.restore(0)
    assert rounds(pool, 61.0) == {0, 1}
    pool.set_aside(0, 61.0, 401, None)
    assert pause_of(pool, 0, 61.0) == 60


def test_many_calls_refused_at_once_are_one_refusal() -> None:
    pool = KeyPool(("a", "b"))
    for moment in range(50):
        pool.set_aside(0, moment / 100, 401, None)
    assert pause_of(pool, 0, 0.0) == 61


@pytest.mark.parametrize(
    ("asked", "pause"),
    [(None, 10), (30.0, 30), (0.0, 1), (0.25, 1), (900.0, 900), (100_000.0, 900), (float("inf"), 900)],
)
def test_too_many_calls_pause_for_as_long_as_the_provider_says(asked: float | None, pause: int) -> None:
    pool = KeyPool(("a", "b"))
    for start in (0.0, 1000.0, 2000.0):
        pool.set_aside(0, start, 429, asked)
        assert pause_of(pool, 0, start) == pause


def test_too_many_calls_do_not_shorten_a_refusal() -> None:
    pool = KeyPool(("a", "b"))
    pool.set_aside(0, 0.0, 403, None)
    pool.set_aside(0, 1.0, 429, 2.0)
    assert pause_of(pool, 0, 0.0) == 60


class PoolMachine(RuleBasedStateMachine):
    """Whatever happens: a key that works is preferred, turns are fair, and no pause is longer than allowed."""

    @initialize(count=st.integers(1, 5))
    def start(self, count: int) -> None:
        self.pool = KeyPool(tuple(range(count)))
        self.now = 0.0
        self.latest = [0.0] * count  # when each may be back at the latest

    def _index(self, number: int) -> int:
        return number % len(self.latest)

    @rule(seconds=st.integers(0, 1000))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(
        number=st.integers(0, 4),
        status=st.sampled_from([*REFUSALS, 429]),
        asked=st.none() | st.floats(0, 10**6),
    )
    def refuse(self, number: int, status: int, asked: float | None) -> None:
        index = self._index(number)
        self.pool.set_aside(index, self.now, status, asked)
        self.latest[index] = self.now + 900
        if len(self.latest) > 1 and any(latest <= self.now for latest in self.latest):
            assert index not in self._turns()

    @rule(number=st.integers(0, 4))
    def restore(self, number: int) -> None:
        index = self._index(number)
        self.pool.restore(index)
        self.latest[index] = 0.0
        assert index in self._turns()

    def _turns(self) -> list[int]:
        return [self.pool.choose(self.now) for _ in self.latest]

    @invariant()
    def what_must_be_back_has_its_turn(self) -> None:
        turns = self._turns()
        assert {index for index, latest in enumerate(self.latest) if latest <= self.now} <= set(turns)
        counts = [turns.count(index) for index in set(turns)]
        assert max(counts) - min(counts) <= 1


PoolMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestPoolMachine = PoolMachine.TestCase
