"""Counters in LMDB: what is left behind in it, spoilt values, bounded steps and full maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
import pytest

from penstock.stores.counters import CountersUnavailable, Granted, Reservation, Window
from penstock.stores.lmdb.counters import DATABASES, LmdbCounters
from penstock.stores.lmdb.environment import open_environment
from support.counters import FIXED, claim, reserve, reserve_nothing

SECOND = 1_000_000
DAY = 24 * 3600 * SECOND
T0 = 1_700_000_040 * SECOND  # a whole minute

SLIDING = Window(60, True)
BOTH = pytest.mark.parametrize("window", [FIXED, SLIDING], ids=["fixed", "sliding"])


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[lmdb.Environment]:
    with open_environment(tmp_path / "counters", 1 << 22, DATABASES) as environment:
        yield environment


@pytest.fixture
def counters(environment: lmdb.Environment) -> LmdbCounters:
    return LmdbCounters(environment, b"worker-a")


@pytest.fixture
def other(environment: lmdb.Environment) -> LmdbCounters:
    return LmdbCounters(environment, b"worker-b")


# -- reserving and settling


@BOTH
def test_an_absurd_use_stops_at_the_largest_total(counters: LmdbCounters, window: Window) -> None:
    counters.settle(reserve(counters, 1, T0, window), 10**30, T0)
    counters.settle(reserve_nothing(counters, 10**40, T0, window), 10**30, T0)
    assert counters.used(b"key", window, T0) == 2**63 - 1
    assert counters.used(b"key", window, T0 + 60 * SECOND) == 0


@BOTH
def test_no_more_is_given_back_than_is_there(
    environment: lmdb.Environment, counters: LmdbCounters, window: Window
) -> None:
    made = reserve(counters, 600, T0, window)
    with environment.begin(environment.open_db(b"counters"), write=True) as txn:
        txn.delete(b"key")
    counters.take([claim(5, 10, window)], T0)
    counters.settle(made, 0, T0)
    assert counters.used(b"key", window, T0) == 0


# -- the dead


def test_a_heartbeat_is_written_once_a_second(environment: lmdb.Environment, counters: LmdbCounters) -> None:
    counters.beat(T0)
    before = environment.info()["last_txnid"]
    counters.beat(T0 + SECOND - 1)
    assert environment.info()["last_txnid"] == before
    counters.beat(T0 + SECOND)
    assert environment.info()["last_txnid"] == before + 1
    counters.beat(T0)  # the clock was set back
    assert environment.info()["last_txnid"] == before + 2


def test_nothing_is_known_of_a_worker_dead_for_more_than_a_day(
    environment: lmdb.Environment, counters: LmdbCounters, other: LmdbCounters
) -> None:
    made = reserve(other, 600, T0)
    open_still = reserve(other, 1, T0 + SECOND // 2)
    assert counters.reap(T0 + DAY - 1) == 2
    other.settle(made, 5, T0 + DAY - 1)
    assert counters.used(b"key", FIXED, T0 + DAY - 1) == 5
    counters.reap(T0 + DAY)
    counters.reap(T0 + DAY + 120 * SECOND)
    other.settle(open_still, 5, T0 + DAY + 120 * SECOND)
    assert counters.used(b"key", FIXED, T0 + DAY + 120 * SECOND) == 0
    assert entries(environment) == {
        b"counters": 0,
        b"leases": 0,
        b"reservations": 0,
        b"buried-reservations": 0,
        b"endings": 0,
        b"shares": 0,
        b"amendments": 0,
    }


def entries(environment: lmdb.Environment) -> dict[bytes, int]:
    with environment.begin() as txn:
        names = [name for name, _ in txn.cursor()]
    found = {}
    for name in names:
        database = environment.open_db(name)
        with environment.begin() as txn:
            found[name] = txn.stat(database)["entries"]
    return found


def test_many_reservations_of_the_dead_come_back_in_bounded_steps(
    environment: lmdb.Environment, counters: LmdbCounters, other: LmdbCounters
) -> None:
    day = Window(86400, False)
    for _ in range(600):
        reserve(other, 1, T0, day)
    returned = [counters.reap(T0 + 20 * SECOND) for _ in range(4)]
    assert returned == [256, 256, 88, 0]
    assert counters.used(b"key", day, T0 + 20 * SECOND) == 0
    for _ in range(4):
        counters.reap(T0 + 2 * DAY)
    assert set(entries(environment).values()) == {0}


def test_owners_with_like_names_are_not_mixed_up(environment: lmdb.Environment) -> None:
    short, long = LmdbCounters(environment, b"a"), LmdbCounters(environment, b"a\0")
    reserve(short, 5, T0)
    made = reserve(long, 70, T0)
    short.beat(T0 + 20 * SECOND)
    assert short.reap(T0 + 20 * SECOND) == 1
    assert short.used(b"key", FIXED, T0 + 20 * SECOND) == 5
    long.settle(made, 100, T0 + 20 * SECOND)
    assert short.used(b"key", FIXED, T0 + 20 * SECOND) == 105


def test_counters_without_content_are_forgotten_and_no_others(
    environment: lmdb.Environment, counters: LmdbCounters
) -> None:
    for number in range(1000):
        window = (FIXED, SLIDING, Window(3600, True), Window(3600, False))[number % 4]
        counters.take([claim(1, 5, window, b"%d" % number)], T0)
    later = T0 + 60 * SECOND
    for _ in range(5):
        counters.reap(later)
    assert entries(environment)[b"counters"] == 500
    assert counters.used(b"2", Window(3600, True), later) == 1
    for _ in range(3):
        counters.reap(T0 + 3600 * SECOND)
    assert entries(environment)[b"counters"] == 0


# -- what is not as it should be


@BOTH
@pytest.mark.parametrize("length", [0, 1, 8, 15, 16, 17, 31, 33, 47, 4095])
def test_a_value_of_an_impossible_length_is_an_empty_counter(
    environment: lmdb.Environment, counters: LmdbCounters, window: Window, length: int
) -> None:
    made = reserve(counters, 600, T0, window)
    with environment.begin(environment.open_db(b"counters"), write=True) as txn:
        txn.put(b"key", b"\x7f" * length)
        txn.put(b"other", b"\x7f" * length)
    assert counters.used(b"key", window, T0) == 0
    counters.settle(made, 2, T0)
    assert counters.take([claim(1, 3, window)], T0) == Granted((0,), (60 * SECOND,))
    counters.reap(T0)
    assert entries(environment)[b"counters"] == 1


def test_an_unreadable_reservation_is_as_good_as_none(
    environment: lmdb.Environment, counters: LmdbCounters, other: LmdbCounters
) -> None:
    first, second = reserve(other, 1, T0), reserve(other, 1, T0)
    with environment.begin(environment.open_db(b"reservations"), write=True) as txn:
        for made in (first, second):
            txn.put(made.id, b"\xc1")
    other.settle(first, 5, T0)
    assert counters.reap(T0 + 30 * SECOND) == 0
    assert entries(environment)[b"reservations"] == 0


def until_unavailable(verb: Callable[[int], None], why: str) -> int:
    """How often the verb succeeded before the store said that it is full."""
    done = 0

    def repeat() -> None:
        nonlocal done
        while done < 100_000:
            verb(done)
            done += 1

    with pytest.raises(CountersUnavailable, match=why):
        repeat()
    return done


SMALL_MAP = 1024 * 1024


def test_in_a_crowded_map_no_counter_is_added_and_those_there_are_work(tmp_path: Path) -> None:
    with open_environment(tmp_path / "small", SMALL_MAP, DATABASES) as environment:
        counters = LmdbCounters(environment, b"worker")
        old, early = [claim(1, 500, SLIDING, b"old")], reserve(counters, 1, T0)
        counters.take(old, T0)

        def take(number: int) -> None:
            counters.take([claim(1, 5, Window(86400, False), b"%d" % number)], T0)

        added = until_unavailable(take, "the map is full")
        assert added > 1000
        for refused in (
            lambda: counters.take([claim(1, 5, SLIDING, b"new"), *old], T0),
            lambda: counters.reserve([claim(1, 5, SLIDING, b"new")], T0),
        ):
            with pytest.raises(CountersUnavailable, match="the map is full"):
                refused()
        assert counters.used(b"old", SLIDING, T0) == 1
        for tenth in range(1, 400):
            granted = counters.take(old, T0 + tenth * SECOND // 10)
            assert isinstance(granted, Granted)
            assert granted.remaining == (499 - tenth,)
        assert isinstance(counters.reserve(old, T0 + 40 * SECOND), Reservation)
        counters.settle(early, 5, T0)
        assert counters.used(b"key", FIXED, T0) == 5
        for _ in range(added // 256 + 2):
            counters.reap(T0 + 2 * DAY)
        assert entries(environment)[b"counters"] == 0
        assert isinstance(counters.reserve([claim(1, 5, SLIDING, b"new")], T0 + 2 * DAY), Reservation)


def test_a_worker_that_only_reserves_sees_in_time_that_the_map_fills(tmp_path: Path) -> None:
    with open_environment(tmp_path / "small", SMALL_MAP, DATABASES) as environment:
        counters = LmdbCounters(environment, b"worker")

        def use(number: int) -> None:
            made = counters.reserve([claim(1, 5, Window(86400, False), b"%d" % number)], T0)
            assert isinstance(made, Reservation)
            counters.settle(made, 1, T0)

        assert until_unavailable(use, "the map is full") > 1000


def test_a_failure_counts_nothing(tmp_path: Path) -> None:
    environment = open_environment(tmp_path / "closed", 1 << 20, DATABASES)
    counters = LmdbCounters(environment, b"worker")
    made = reserve(counters, 1, T0)
    environment.close()
    with pytest.raises(CountersUnavailable):
        counters.take([claim(1, 5)], T0)
    with pytest.raises(CountersUnavailable):
        counters.settle(made, 1, T0)
    with pytest.raises(CountersUnavailable):
        counters.used(b"key", FIXED, T0)
    with pytest.raises(CountersUnavailable):
        counters.beat(T0 + DAY)
    with pytest.raises(CountersUnavailable):
        counters.reap(T0)


def test_an_environment_with_too_little_room_for_databases_is_said(tmp_path: Path) -> None:
    with (
        open_environment(tmp_path / "few", 1 << 20, DATABASES - 1) as environment,
        pytest.raises(CountersUnavailable, match="MDB_DBS_FULL"),
    ):
        LmdbCounters(environment, b"worker")


def test_an_amount_that_cannot_be_stored_is_not_counted(counters: LmdbCounters) -> None:
    with pytest.raises(CountersUnavailable):
        counters.take([claim(2**63, 2**70)], T0)
    assert counters.used(b"key", FIXED, T0) == 0
    assert counters.take([claim(1, 3)], T0) == Granted((2,), (60 * SECOND,))
