"""Laws of counters, held against models that know nothing of how a counter is stored.

A model is the list of what was granted and when. Whatever the order of steps: a limit is never overrun, nothing
is refused without need, no reservation is lost and none is given back twice.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from soundness_kit import unsound

from penstock.stores.counters import Claim, Granted, Refused, Reservation, Window
from penstock.stores.lmdb import window_log
from penstock.stores.lmdb.counters import CHECKS, DATABASES, LmdbCounters
from penstock.stores.lmdb.environment import open_environment
from penstock.stores.lmdb.window_log import EXACT_ENTRIES

SECOND = 1_000_000
T0 = 1_700_000_040 * SECOND

windows = st.builds(Window, st.sampled_from([1, 7, 60]), st.booleans())
limits = st.integers(0, 12)
amounts = st.integers(0, 5)
tenths = st.integers(0, 30).map(lambda tenth: tenth * SECOND // 10)


class Taken(NamedTuple):
    time_us: int
    amount: int


@pytest.fixture(scope="module")
def counters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LmdbCounters]:
    with open_environment(tmp_path_factory.mktemp("laws"), 1 << 26, DATABASES) as environment:
        yield LmdbCounters(environment, b"worker")


_numbers = count()


def fresh_key() -> bytes:
    return b"%d" % next(_numbers)


def is_live(taken: Taken, window: Window, now_us: int) -> bool:
    span = window.seconds * SECOND
    return taken.time_us > now_us - span if window.sliding else taken.time_us // span >= now_us // span


def total(taken: list[Taken], window: Window, now_us: int) -> int:
    return sum(one.amount for one in taken if is_live(one, window, now_us))


def until_granted(taken: list[Taken], claim: Claim, now_us: int) -> int:
    """Looks for the first moment with room, instead of working it out."""
    span = claim.window.seconds * SECOND
    moments = {one.time_us + span for one in taken} | {(now_us // span + 1) * span}
    fitting = [
        moment
        for moment in sorted(moments)
        if moment > now_us and total(taken, claim.window, moment) + claim.amount <= claim.limit
    ]
    return fitting[0] - now_us if claim.amount <= claim.limit and fitting else span


@given(windows, limits, st.lists(st.tuples(tenths, amounts), max_size=60))
def test_up_to_many_entries_a_counter_is_exact(
    counters: LmdbCounters, window: Window, limit: int, steps: list[tuple[int, int]]
) -> None:
    taken: list[Taken] = []
    key, now = fresh_key(), T0
    for later, amount in steps:
        now += later
        claim = Claim(key, amount, limit, window)
        used = total(taken, window, now)
        outcome = counters.take([claim], now)
        if used + amount > limit:
            assert outcome == Refused(0, limit - used, until_granted(taken, claim, now))
        else:
            taken.append(Taken(now, amount))
            assert isinstance(outcome, Granted)
            assert outcome.remaining == (limit - used - amount,)
        assert counters.used(key, window, now) == total(taken, window, now)


@settings(max_examples=20)
@given(
    st.integers(130, 400),
    st.lists(st.tuples(st.integers(1, 60_000), st.integers(1, 3)), min_size=300, max_size=500),
)
def test_a_crowded_sliding_window_never_overruns_and_is_late_by_a_quantum_at_most(
    counters: LmdbCounters, limit: int, steps: list[tuple[int, int]]
) -> None:
    window = Window(7, True)
    span = window.seconds * SECOND
    longer = span + span // EXACT_ENTRIES
    taken: list[Taken] = []
    key, now = fresh_key(), T0
    for later, amount in steps:
        now += later
        outcome = counters.take([Claim(key, amount, limit, window)], now)
        if isinstance(outcome, Granted):
            taken.append(Taken(now, amount))
            assert total(taken, window, now) <= limit
        else:
            assert sum(one.amount for one in taken if one.time_us > now - longer) + amount > limit


@given(windows, st.lists(st.tuples(st.integers(-3, 5), amounts), max_size=60))
def test_no_clock_makes_a_limit_overrun(
    counters: LmdbCounters, window: Window, steps: list[tuple[int, int]]
) -> None:
    """What is taken by a clock that is behind counts at the latest moment anybody has seen.

    Not where it is behind by more than the window: then the clock was set back, and the counter follows it.
    """
    taken: list[Taken] = []
    key, now, latest = fresh_key(), T0, 0
    for step, amount in steps:
        now = max(now + step * SECOND // 10, latest - window.seconds * SECOND)
        if isinstance(counters.take([Claim(key, amount, 12, window)], now), Granted) and amount:
            latest = max(latest, now)
            taken.append(Taken(latest, amount))
        moment = max(latest, now)
        assert total(taken, window, moment) <= counters.used(key, window, moment) <= 12


@given(
    st.lists(st.tuples(windows, limits, st.integers(0, 2), amounts), min_size=2, max_size=6),
    st.integers(0, 3),
)
def test_claims_in_one_call_are_all_counted_or_none(
    counters: LmdbCounters, wanted: list[tuple[Window, int, int, int]], before: int
) -> None:
    keys = [fresh_key() for _ in range(3)]
    windows_of = [wanted[0][0]] * 3
    for key, window in zip(keys, windows_of, strict=True):
        counters.take([Claim(key, before, 100, window)], T0)
    claims = [Claim(keys[which], amount, limit, windows_of[which]) for _, limit, which, amount in wanted]
    sums = {key: before + sum(one.amount for one in claims if one.key == key) for key in keys}
    outcome = counters.take(claims, T0)
    if isinstance(outcome, Granted):
        assert all(sums[one.key] <= one.limit for one in claims)
        assert outcome.remaining == tuple(one.limit - sums[one.key] for one in claims)
    else:
        assert any(sums[one.key] > one.limit for one in claims)
        assert sums[claims[outcome.index].key] > claims[outcome.index].limit
    after = sums if isinstance(outcome, Granted) else dict.fromkeys(keys, before)
    assert {key: counters.used(key, wanted[0][0], T0) for key in keys} == after


class Step(NamedTuple):
    seconds: int
    window: Window
    amount: int
    back: bool


step_lists = st.lists(
    st.builds(Step, st.integers(-70, 70), windows, st.integers(1, 5), st.booleans()), max_size=80
)


@given(step_lists)
def test_a_total_is_the_sum_of_its_entries_whatever_the_window(steps: list[Step]) -> None:
    now, value = T0, b""
    places: list[Taken] = []
    for step in steps:
        now += step.seconds * SECOND // 10
        log = window_log.live(value, step.window, now)
        if step.back and places:
            place = places.pop(0)
            log = window_log.minus(log, place.amount, place.time_us, step.window)
        else:
            log, time = window_log.plus(log, step.amount, step.window, now)
            places.append(Taken(time, step.amount))
        value = window_log.stored(log)
        numbers = list(memoryview(log.entries).cast("q"))
        assert log.total == sum(numbers[1::2])
        assert all(amount > 0 for amount in numbers[1::2])
        assert numbers[::2] == sorted(set(numbers[::2]))


@settings(max_examples=20)
@given(st.integers(1, 86400), st.lists(st.integers(1, 4000), min_size=400, max_size=600))
def test_a_sliding_log_stays_bounded(seconds: int, thousandths: list[int]) -> None:
    """However fast entries come: each is later than the last by up to a 250th of the window."""
    window = Window(seconds, True)
    now, value = T0, b""
    for step in thousandths:
        now += step * seconds
        log, time = window_log.plus(window_log.live(value, window, now), 1, window, now)
        assert now <= time <= now + seconds * SECOND // EXACT_ENTRIES
        assert len(log.entries) <= 258 * 16
        value = window_log.stored(log)


@given(
    st.lists(st.tuples(st.integers(0, 290), st.integers(1, 5)), min_size=1, max_size=40),
    st.lists(st.sampled_from([Window(60, False), Window(60, True), Window(300, False), Window(300, True)])),
)
def test_a_change_of_window_or_technique_keeps_what_is_live_in_all_of_them(
    counters: LmdbCounters, tenths_and_amounts: list[tuple[int, int]], changes: list[Window]
) -> None:
    begin = 1_700_000_100 * SECOND  # windows of 60 and of 300 seconds begin here
    key = fresh_key()
    for tenth, amount in sorted(tenths_and_amounts):
        window = changes[tenth % len(changes)] if changes else Window(60, False)
        assert isinstance(
            counters.take([Claim(key, amount, 1000, window)], begin + tenth * SECOND // 10), Granted
        )
    expected = sum(amount for _, amount in tenths_and_amounts)
    for window in (Window(60, False), Window(60, True), Window(300, False), Window(300, True)):
        assert counters.used(key, window, begin + 29 * SECOND) == expected


@given(st.binary(max_size=200), windows, st.integers(T0 - SECOND, T0 + SECOND))
def test_no_value_of_a_wrong_length_is_read(value: bytes, window: Window, now_us: int) -> None:
    if len(value) % 16 or len(value) <= 16:
        assert window_log.live(value, window, now_us) == window_log.live(None, window, now_us)
        assert window_log.is_over(value, now_us)


class Open(NamedTuple):
    owner: int
    reservation: Reservation


class Reserving(RuleBasedStateMachine):
    """Three workers that reserve, settle, die and come back; the model adds up what must be counted."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.environment: lmdb.Environment = open_environment(Path(self.folder.name), 1 << 24, DATABASES)
        self.workers = [LmdbCounters(self.environment, b"worker-%d" % number) for number in range(3)]
        self.now = T0
        self.counted = 0
        self.heard: dict[int, int] = {}
        self.open: list[Open] = []
        self.buried: list[Open] = []
        self.settled: list[Open] = []
        self.window = Window(1, False)

    def teardown(self) -> None:
        for worker, reservation in (*self.open, *self.buried):
            self.workers[worker].settle(reservation, 1, self.now)
            self.counted += 1
        assert self.workers[0].used(b"key", self.window, self.now) == self.counted
        self.environment.close()
        self.folder.cleanup()

    @initialize(sliding=st.booleans())
    def choose(self, sliding: bool) -> None:
        self.window = Window(10 * 365 * 86400, sliding)

    def hear(self, worker: int) -> None:
        if worker not in self.heard or self.now - self.heard[worker] >= SECOND:
            self.heard[worker] = self.now

    @rule(tenths=st.integers(0, 80))
    def wait(self, tenths: int) -> None:
        self.now += tenths * SECOND // 10

    @rule(worker=st.integers(0, 2))
    def beat(self, worker: int) -> None:
        self.workers[worker].beat(self.now)
        self.hear(worker)

    @rule(worker=st.integers(0, 2), amount=st.integers(0, 50))
    def reserve(self, worker: int, amount: int) -> None:
        made = self.workers[worker].reserve([Claim(b"key", amount, 10_000, self.window)], self.now)
        assert isinstance(made, Reservation)
        self.open.append(Open(worker, made))
        self.hear(worker)

    @rule(which=st.integers(0, 1000), used=st.integers(0, 80))
    def settle(self, which: int, used: int) -> None:
        for pending in (self.open, self.buried):
            if pending:
                one = pending.pop(which % len(pending))
                self.workers[one.owner].settle(one.reservation, used, self.now)
                self.settled.append(one)
                self.counted += used

    @rule(which=st.integers(0, 1000))
    def settle_again(self, which: int) -> None:
        if self.settled:
            one = self.settled[which % len(self.settled)]
            self.workers[one.owner].settle(one.reservation, 1000, self.now)

    @rule(amount=st.integers(0, 20))
    def take(self, amount: int) -> None:
        assert isinstance(
            self.workers[0].take([Claim(b"key", amount, 10_000, self.window)], self.now), Granted
        )
        self.counted += amount

    @rule(worker=st.integers(0, 2))
    def reap(self, worker: int) -> None:
        dead = {owner for owner, heard in self.heard.items() if self.now - heard >= 10 * SECOND}
        theirs = [one for one in self.open if one.owner in dead]
        assert self.workers[worker].reap(self.now) == len(theirs)
        self.open = [one for one in self.open if one.owner not in dead]
        self.buried += theirs

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        aside = sum(one.reservation.amount for one in self.open)
        assert self.workers[0].used(b"key", self.window, self.now) == self.counted + aside

    @invariant()
    def no_start_would_set_it_aside(self) -> None:
        assert unsound(self.environment, CHECKS) == []


TestReserving = Reserving.TestCase
TestReserving.settings = settings(max_examples=40, stateful_step_count=40)
