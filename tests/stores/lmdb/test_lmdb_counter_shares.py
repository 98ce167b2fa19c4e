"""Counters that callers made up: how much room they may take, what those without one get, and when it is free again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest

from penstock.stores.counters import Claim, Family, Granted, Looked, Refused, Reservation, Window
from penstock.stores.lmdb.counters import DATABASES, LmdbCounters
from penstock.stores.lmdb.environment import open_environment

SECOND = 1_000_000
DAY = 24 * 3600 * SECOND
T0 = 1_700_006_400 * SECOND  # a whole day

FIXED, SLIDING = Window(86400, False), Window(86400, True)
BOTH = pytest.mark.parametrize("window", [FIXED, SLIDING], ids=["fixed", "sliding"])
EVIL, GOOD, OTHER_RULE = Family(b"evil", b"r"), Family(b"good", b"r"), Family(b"evil", b"other")
MAP_BYTES = 1024 * 1024
MANY = 5000  # more than there is room for


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[lmdb.Environment]:
    with open_environment(tmp_path / "counters", MAP_BYTES, DATABASES) as environment:
        yield environment


@pytest.fixture
def counters(environment: lmdb.Environment) -> LmdbCounters:
    return LmdbCounters(environment, b"worker")


def made_up(
    value: bytes | int, window: Window = FIXED, amount: int = 1, limit: int = 1, family: Family = EVIL
) -> Claim:
    return Claim(b"%d" % value if isinstance(value, int) else value, amount, limit, window, family)


def granted(counters: LmdbCounters, claim: Claim, now_us: int = T0) -> bool:
    return isinstance(counters.take([claim], now_us), Granted)


def left(counters: LmdbCounters, claim: Claim, now_us: int = T0) -> int:
    """What the limit of a claim leaves free."""
    found = counters.take([Claim(claim.key, 0, claim.limit, claim.window, claim.family)], now_us)
    return found.remaining[0] if isinstance(found, Granted) else found.remaining


def fill(counters: LmdbCounters, window: Window, family: Family = EVIL) -> list[int]:
    """Takes one of each of many invented values; those that were granted."""
    return [value for value in range(MANY) if granted(counters, made_up(value, window, family=family))]


def sizes(environment: lmdb.Environment) -> dict[str, int]:
    with environment.begin() as txn:
        return {
            name: txn.stat(environment.open_db(name.encode(), txn))["entries"]
            for name in ("counters", "endings", "shares")
        }


def pages(environment: lmdb.Environment) -> int:
    with environment.begin() as txn:
        stats = [txn.stat(environment.open_db(name, txn)) for name in (b"counters", b"endings", b"shares")]
    return sum(one["leaf_pages"] + one["branch_pages"] + one["overflow_pages"] for one in stats)


@BOTH
def test_values_without_a_counter_of_their_own_are_held_to_the_limit_together(
    counters: LmdbCounters, environment: lmdb.Environment, window: Window
) -> None:
    before = fill(counters, window)
    assert 300 < len(before) < MANY // 4
    assert sizes(environment)["counters"] == len(before)  # with the joint ones, each of which has granted one
    assert not any(granted(counters, made_up(b"more-%d" % number, window)) for number in range(1000))
    assert pages(environment) * 4096 < MAP_BYTES // 2


@BOTH
def test_what_an_account_invents_takes_no_room_of_others(
    counters: LmdbCounters, environment: lmdb.Environment, window: Window
) -> None:
    ada = made_up(b"ada", window, 2, 5, GOOD)
    assert granted(counters, ada)
    fill(counters, window)
    fill(counters, window, OTHER_RULE)
    assert left(counters, ada) == 3
    assert [granted(counters, ada) for _ in range(3)] == [True, False, False]
    for number in range(50):
        new = made_up(b"new-%d" % number, window, 2, 5, GOOD)
        assert [granted(counters, new) for _ in range(3)] == [True, True, False]
    assert granted(counters, Claim(b"of the operator", 1, 1, window))


@BOTH
def test_one_rule_takes_no_room_of_another_of_its_account(counters: LmdbCounters, window: Window) -> None:
    fill(counters, window)
    for number in range(50):
        new = made_up(number, window, 2, 5, OTHER_RULE)
        assert [granted(counters, new) for _ in range(3)] == [True, True, False]


def test_many_accounts_that_fill_up_leave_room_for_the_next(
    counters: LmdbCounters, environment: lmdb.Environment
) -> None:
    for number in range(4):
        fill(counters, FIXED, Family(b"evil-%d" % number, b"r"))
    for number in range(4):
        new = made_up(number, FIXED, 2, 5, GOOD)
        assert [granted(counters, new) for _ in range(3)] == [True, True, False]
    assert pages(environment) * 4096 < MAP_BYTES * 3 // 4


@BOTH
def test_counters_that_there_are_stay_exact_where_no_more_may_be_added(
    counters: LmdbCounters, window: Window
) -> None:
    early = made_up(b"early", window, 1, 3)
    assert granted(counters, early)
    fill(counters, window)
    assert [granted(counters, early, T0 + step * SECOND) for step in range(3)] == [True, True, False]
    assert granted(counters, early, T0 + DAY + 3 * SECOND) is True


def test_a_log_that_may_not_grow_lets_go_late_and_never_early(
    counters: LmdbCounters, environment: lmdb.Environment
) -> None:
    early = made_up(b"early", SLIDING, 1, 100)
    assert granted(counters, early)
    fill(counters, SLIDING)
    before = pages(environment)
    times = [T0 + step * 600 * SECOND for step in range(1, 100)]
    assert all(granted(counters, early, time) for time in times)
    assert not granted(counters, early, times[-1] + 1)
    assert pages(environment) <= before + 1
    for hour in range(17, 25 + 6):
        now = T0 + hour * 3600 * SECOND
        exact = sum(time > now - DAY for time in [T0, *times])
        late = sum(time > now - DAY - DAY // 4 for time in [T0, *times])
        assert exact <= 100 - left(counters, early, now) <= late


def test_a_reservation_in_a_log_that_was_made_coarse_is_given_back(counters: LmdbCounters) -> None:
    early = made_up(b"early", SLIDING, 1, 1000)
    made = counters.reserve([made_up(b"early", SLIDING, 7, 1000)], T0 + SECOND)
    assert isinstance(made, Reservation)
    fill(counters, SLIDING)
    for step in range(2, 42):
        assert granted(counters, early, T0 + step * SECOND)
    counters.settle(made, 2, T0 + 60 * SECOND)
    assert left(counters, early, T0 + 60 * SECOND) == 1000 - 40 - 2


@BOTH
def test_values_that_have_ended_make_room_at_once(counters: LmdbCounters, window: Window) -> None:
    first = fill(counters, window)
    later = T0 + 3 * DAY
    again = [value for value in range(MANY) if granted(counters, made_up(b"x%d" % value, window), later)]
    assert abs(len(again) - len(first)) <= 32


def test_a_value_that_gets_its_own_counter_begins_with_what_was_counted_jointly(
    counters: LmdbCounters, environment: lmdb.Environment
) -> None:
    fill(counters, SLIDING)
    jointly, other = (made_up(value, SLIDING, 1, 20) for value in (b"jointly", b"other"))
    late = T0 + DAY - SECOND
    own = 0
    while granted(counters, jointly, late):
        own += 1
    assert own in (19, 20)  # somebody else may have been counted there
    seen = [Looked(claim.key, SLIDING, EVIL) for claim in (jointly, made_up(0))]
    assert [one.used for one in counters.standings(seen, late)] == [20, 1]
    assert 20 in [one.used for one in counters.of_family(EVIL, SLIDING, 20, MANY, late)]
    for _ in range(3):
        counters.reap(T0 + DAY + SECOND)
    assert sizes(environment)["counters"] < 16
    now = late + DAY - 1
    assert 0 <= left(counters, jointly, now) <= 20 - own
    assert left(counters, jointly, now + 1) == 20
    assert granted(counters, other, now + 1)
    assert left(counters, other, now + 1) == 19


@BOTH
def test_calls_that_cost_nothing_leave_nothing(
    counters: LmdbCounters, environment: lmdb.Environment, window: Window
) -> None:
    for value in range(MANY):
        made = counters.reserve([made_up(value, window, 5, 10)], T0 + value)
        assert isinstance(made, Reservation)
        counters.settle(made, 0, T0 + value + 7)
    assert sizes(environment) == {"counters": 0, "endings": 0, "shares": 0}


def test_a_long_value_takes_no_more_room_than_a_short_one(
    counters: LmdbCounters, environment: lmdb.Environment
) -> None:
    for number in range(100):
        assert granted(counters, made_up(b"%d" % number + b"x" * 64_000))
    assert sizes(environment)["counters"] == 100
    assert pages(environment) < 20


@BOTH
def test_what_has_ended_is_free_again_in_bounded_steps(
    counters: LmdbCounters, environment: lmdb.Environment, window: Window
) -> None:
    counters.take([Claim(b"of the operator", 1, 1, window)], T0)
    fill(counters, window)
    fill(counters, window, GOOD)
    there = sizes(environment)["counters"]
    gone = []
    for _ in range(3):
        counters.reap(T0 + 3 * DAY)
        gone.append(there - sizes(environment)["counters"])
    assert gone[0] <= 5 * 256
    assert sizes(environment) == {"counters": 0, "endings": 0, "shares": 0}


def test_a_counter_in_use_is_not_forgotten_when_it_was_first_meant_to_end(
    counters: LmdbCounters, environment: lmdb.Environment
) -> None:
    for day in range(5):
        now = T0 + day * DAY * 2 // 3
        assert granted(counters, made_up(b"ada", SLIDING, 1, 3), now)
        counters.reap(now)
        assert sizes(environment) == {"counters": 1, "endings": 1, "shares": 3}
    assert left(counters, made_up(b"ada", SLIDING, 1, 3), now) == 1


def test_shares_are_known_after_a_restart_and_to_all_workers(
    counters: LmdbCounters, environment: lmdb.Environment
) -> None:
    fill(counters, FIXED)
    other = LmdbCounters(environment, b"another")
    before = sizes(environment)["counters"]
    assert not any(granted(other, made_up(b"more-%d" % number)) for number in range(100))
    assert sizes(environment)["counters"] == before


def test_counters_from_before_the_clock_was_set_back_do_not_stay(
    counters: LmdbCounters, environment: lmdb.Environment
) -> None:
    for value in range(300):
        granted(counters, made_up(value), T0 + 365 * DAY)
    for now in (T0, T0, T0 + 2 * DAY, T0 + 2 * DAY, T0 + 2 * DAY):
        counters.reap(now)
    assert sizes(environment)["counters"] == 0
    assert sizes(environment)["shares"] == 0


def test_what_is_refused_takes_no_room(counters: LmdbCounters, environment: lmdb.Environment) -> None:
    for value in range(1000):
        assert counters.take([made_up(value, FIXED, 2, 1)], T0) == Refused(0, 1, DAY)
    assert sizes(environment) == {"counters": 0, "endings": 0, "shares": 0}
