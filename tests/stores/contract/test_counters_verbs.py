"""All counters grant what a limit leaves, say when there will be room, and lose no reservation."""

from __future__ import annotations

from collections.abc import Callable

import lmdb
import pytest

from penstock.stores.counters import (
    Claim,
    Counters,
    Family,
    Granted,
    Looked,
    Refused,
    Reservation,
    Standing,
    Window,
)
from support.counters import FIXED, claim, reserve, reserve_nothing

SECOND = 1_000_000
DAY = 24 * 3600 * SECOND
T0 = 1_700_000_040 * SECOND  # a whole minute

SLIDING = Window(60, True)
BOTH = pytest.mark.parametrize("window", [FIXED, SLIDING], ids=["fixed", "sliding"])


@pytest.fixture
def counters(counting: Callable[[bytes], Counters]) -> Counters:
    return counting(b"worker-a")


@pytest.fixture
def other(counting: Callable[[bytes], Counters]) -> Counters:
    return counting(b"worker-b")


# -- taking


@BOTH
def test_a_limit_is_granted_to_the_last_and_not_beyond(counters: Counters, window: Window) -> None:
    for left in (2, 1, 0):
        assert counters.take([claim(1, 3, window)], T0) == Granted((left,), (60 * SECOND,))
    assert counters.take([claim(1, 3, window)], T0) == Refused(0, 0, 60 * SECOND)
    assert counters.used(b"key", window, T0) == 3


def test_a_fixed_window_ends_with_the_clock(counters: Counters) -> None:
    late = T0 + 59 * SECOND
    assert counters.take([claim(3, 3)], late) == Granted((0,), (SECOND,))
    assert counters.take([claim(1, 3)], late + SECOND - 1) == Refused(0, 0, 1)
    assert counters.take([claim(1, 3)], late + SECOND) == Granted((2,), (60 * SECOND,))


def test_a_sliding_window_lets_its_oldest_go_first(counters: Counters) -> None:
    counters.take([claim(1, 3, SLIDING)], T0)
    counters.take([claim(2, 3, SLIDING)], T0 + 10 * SECOND)
    now = T0 + 20 * SECOND
    assert counters.take([claim(1, 3, SLIDING)], now) == Refused(0, 0, 40 * SECOND)
    assert counters.take([claim(2, 3, SLIDING)], now) == Refused(0, 0, 50 * SECOND)
    assert counters.take([claim(2, 3, SLIDING)], T0 + 60 * SECOND) == Refused(0, 1, 10 * SECOND)
    assert counters.take([claim(1, 3, SLIDING)], T0 + 60 * SECOND) == Granted((0,), (10 * SECOND,))


@BOTH
def test_a_claim_above_its_limit_is_never_granted(counters: Counters, window: Window) -> None:
    assert counters.take([claim(4, 3, window)], T0 + 5 * SECOND) == Refused(0, 3, 60 * SECOND)
    assert counters.used(b"key", window, T0) == 0


@BOTH
def test_a_claim_of_nothing_is_granted_at_the_limit_and_refused_above(
    counters: Counters, window: Window
) -> None:
    assert counters.take([claim(0, 3, window)], T0) == Granted((3,), (60 * SECOND,))
    counters.take([claim(3, 3, window)], T0)
    assert counters.take([claim(0, 3, window)], T0) == Granted((0,), (60 * SECOND,))
    assert counters.take([claim(0, 2, window)], T0) == Refused(0, 0, 60 * SECOND)


@BOTH
def test_how_a_counter_stands_is_seen_by_who_does_not_count(
    counters: Counters, other: Counters, window: Window
) -> None:
    def standing(now_us: int) -> Standing:
        nobodys, found = other.standings([Looked(b"other", window), Looked(b"key", window)], now_us)
        assert nobodys.used == 0
        return found

    assert standing(T0) == Standing(0, 60 * SECOND)
    counters.take([claim(2, 3, window)], T0)
    made = reserve(counters, 600, T0, window)
    assert standing(T0) == Standing(602, 60 * SECOND)
    counters.settle(made, 5, T0)
    assert standing(T0 + SECOND) == Standing(7, 59 * SECOND)
    assert standing(T0 + 60 * SECOND).used == 0
    assert other.standings([], T0) == []


@BOTH
def test_how_the_values_of_a_family_stand(counters: Counters, other: Counters, window: Window) -> None:
    ours, theirs = Family(b"acct", b"gw\x1frule"), Family(b"acct", b"gw\x1fother")
    for value, used in ((b"ada", 9), (b"bob", 8), (b"cyd", 2)):
        counters.take([Claim(value, used, 10, window, ours)], T0)
    counters.take([Claim(b"ada", 10, 10, window, theirs), Claim(b"ada", 10, 10, window)], T0)
    looked = [Looked(value, window, ours) for value in (b"ada", b"cyd", b"nobody")]
    assert [one.used for one in other.standings(looked, T0)] == [9, 2, 0]
    full, free = other.standings([Looked(value, window, ours, least=9) for value in (b"ada", b"bob")], T0)
    assert full == Standing(9, 60 * SECOND)
    assert free.used in (0, 8)  # less than anybody asks for
    near = other.of_family(ours, window, 8, 100, T0)
    assert sorted(near) == [Standing(8, 60 * SECOND), Standing(9, 60 * SECOND)]
    assert other.of_family(Family(b"acct", b"gw"), window, 1, 100, T0) == []
    assert len(other.of_family(ours, window, 1, 2, T0)) == 2
    assert other.of_family(ours, window, 1, 100, T0 + 60 * SECOND) == []


@BOTH
def test_all_claims_are_counted_or_none(counters: Counters, window: Window) -> None:
    small = claim(1, 1, window, b"small")
    large = claim(1, 5, window, b"large")
    assert counters.take([large, small], T0) == Granted((4, 0), (60 * SECOND, 60 * SECOND))
    assert counters.take([large, small], T0) == Refused(1, 0, 60 * SECOND)
    assert counters.used(b"large", window, T0) == 1
    assert counters.take([large], T0) == Granted((3,), (60 * SECOND,))


def test_no_claims_are_no_limit(counters: Counters) -> None:
    assert counters.take([], T0) == Granted((), ())
    made = counters.reserve([], T0)
    assert isinstance(made, Reservation)
    counters.settle(made, 5, T0)


@BOTH
def test_claims_on_one_counter_are_counted_together(counters: Counters, window: Window) -> None:
    assert counters.take([claim(2, 3, window), claim(2, 3, window)], T0) == Refused(1, 1, 60 * SECOND)
    assert counters.take([claim(2, 9, window), claim(2, 9, window)], T0) == Granted(
        (5, 5), (60 * SECOND, 60 * SECOND)
    )


@BOTH
def test_a_later_claim_cannot_overrun_the_limit_of_an_earlier(counters: Counters, window: Window) -> None:
    assert counters.take([claim(2, 3, window), claim(2, 9, window)], T0) == Refused(0, 1, 60 * SECOND)
    assert counters.used(b"key", window, T0) == 0


def test_counters_with_any_key_are_apart(counters: Counters) -> None:
    keys = [b"", b"a", b"a" * 255, b"a" * 256, b"a" * 5000, b"a" * 5001, bytes(300)]
    for amount, key in enumerate(keys, 1):
        counters.take([claim(amount, 100, key=key)], T0)
    assert [counters.used(key, FIXED, T0) for key in keys] == list(range(1, len(keys) + 1))


@pytest.mark.parametrize("after", [Window(3600, False), Window(3600, True), Window(30, False), SLIDING])
def test_a_change_of_the_window_keeps_what_was_counted(counters: Counters, after: Window) -> None:
    for second in (31, 32, 33):
        counters.take([claim(1, 5)], T0 + second * SECOND)
    assert counters.take([claim(1, 4, after)], T0 + 34 * SECOND) == Granted(
        (0,), (counters_end(after, T0 + 31 * SECOND, T0 + 34 * SECOND),)
    )
    assert counters.used(b"key", FIXED, T0 + 34 * SECOND) == 4


def counters_end(window: Window, first_us: int, now_us: int) -> int:
    span = window.seconds * SECOND
    return first_us + span - now_us if window.sliding else span - now_us % span


@BOTH
def test_a_clock_that_goes_back_a_little_counts_on(counters: Counters, window: Window) -> None:
    counters.take([claim(1, 3, window)], T0 + 2 * SECOND)
    counters.take([claim(1, 3, window)], T0 - 2 * SECOND)
    assert counters.take([claim(2, 3, window)], T0 + SECOND) == Refused(
        0, 1, 61 * SECOND if window.sliding else 59 * SECOND
    )
    assert counters.used(b"key", window, T0 + 3 * SECOND) == 2


@BOTH
@pytest.mark.parametrize("reaped", [True, False])
def test_a_clock_that_goes_back_far_blocks_nobody_for_long(
    counters: Counters, window: Window, reaped: bool
) -> None:
    counters.take([claim(3, 3, window)], T0 + 365 * DAY)
    assert counters.take([claim(1, 3, window)], T0) == Refused(0, 0, 60 * SECOND)
    if reaped:
        counters.reap(T0)
        assert counters.take([claim(1, 3, window)], T0 + 59 * SECOND) == Refused(0, 0, SECOND)
        assert isinstance(counters.take([claim(1, 3, window)], T0 + 60 * SECOND), Granted)
    else:
        assert isinstance(counters.take([claim(1, 4, window)], T0), Granted)
        assert counters.used(b"key", window, T0 + 60 * SECOND) == 0


# -- reserving and settling


@BOTH
def test_what_is_set_aside_counts_until_it_is_settled(counters: Counters, window: Window) -> None:
    made = reserve(counters, 600, T0, window)
    assert made.amount == 600
    assert counters.used(b"key", window, T0) == 600
    assert counters.reserve([claim(600, 1000, window)], T0) == Refused(0, 400, 60 * SECOND)
    counters.settle(made, 50, T0 + SECOND)
    assert counters.used(b"key", window, T0 + SECOND) == 50
    assert isinstance(counters.reserve([claim(600, 1000, window)], T0 + SECOND), Reservation)


@BOTH
def test_settling_twice_changes_nothing(counters: Counters, window: Window) -> None:
    made = reserve(counters, 600, T0, window)
    still_open = reserve(counters, 7, T0, window)
    counters.settle(made, 50, T0)
    counters.settle(made, 50, T0)
    counters.settle(Reservation(b"never made", 5), 50, T0)
    assert counters.used(b"key", window, T0) == 57
    counters.settle(still_open, 0, T0)
    assert counters.used(b"key", window, T0) == 50


@BOTH
def test_more_than_was_set_aside_may_be_used_even_above_the_limit(counters: Counters, window: Window) -> None:
    counters.settle(reserve(counters, 600, T0, window), 5000, T0)
    assert counters.used(b"key", window, T0) == 5000
    assert counters.reserve([claim(1, 1000, window)], T0) == Refused(0, 0, 60 * SECOND)


@BOTH
def test_a_reservation_of_nothing_needs_a_limit_that_is_not_reached(
    counters: Counters, window: Window
) -> None:
    counters.take([claim(2, 3, window)], T0)
    made = reserve_nothing(counters, 3, T0, window)
    assert counters.used(b"key", window, T0) == 2
    counters.settle(made, 1, T0)
    assert counters.reserve([claim(0, 3, window)], T0) == Refused(0, 0, 60 * SECOND)
    assert counters.reserve([claim(0, 0, window, b"shut")], T0) == Refused(0, 0, 60 * SECOND)


def test_all_is_set_aside_or_nothing(counters: Counters) -> None:
    claims = [claim(5, 100, key=b"large"), claim(5, 4, key=b"small")]
    assert counters.reserve(claims, T0) == Refused(1, 4, 60 * SECOND)
    assert counters.used(b"large", FIXED, T0) == 0


def test_one_settlement_counts_in_all_places(counters: Counters) -> None:
    windows = {b"minute": FIXED, b"sliding": SLIDING, b"day": Window(86400, False)}
    made = counters.reserve([claim(5, 100, window, key) for key, window in windows.items()], T0)
    assert isinstance(made, Reservation)
    later = T0 + 61 * SECOND
    counters.take([claim(1, 100, FIXED, b"minute")], later)
    counters.settle(made, 3, later)
    assert {key: counters.used(key, window, later) for key, window in windows.items()} == {
        b"minute": 4,
        b"sliding": 3,
        b"day": 3,
    }


@BOTH
def test_a_call_that_outlives_its_window_counts_when_it_ends(counters: Counters, window: Window) -> None:
    made = reserve(counters, 600, T0, window)
    later = T0 + 100 * SECOND
    assert counters.used(b"key", window, later) == 0
    counters.take([claim(1, 10, window)], later)
    counters.settle(made, 7, later)
    assert counters.used(b"key", window, later) == 8


# -- the dead


@BOTH
def test_what_a_dead_worker_set_aside_is_given_back(
    counters: Counters, other: Counters, window: Window
) -> None:
    reserve(other, 600, T0, window)
    counters.beat(T0 + 9 * SECOND)
    assert counters.reap(T0 + 9 * SECOND) == 0
    assert counters.used(b"key", window, T0 + 9 * SECOND) == 600
    assert counters.reap(T0 + 10 * SECOND) == 1
    assert counters.used(b"key", window, T0 + 10 * SECOND) == 0
    assert counters.reap(T0 + 10 * SECOND) == 0


def test_a_beating_worker_keeps_what_it_set_aside(counters: Counters, other: Counters) -> None:
    reserve(other, 600, T0)
    for second in range(1, 40):
        other.beat(T0 + second * SECOND)
        assert counters.reap(T0 + second * SECOND) == 0
    assert counters.used(b"key", FIXED, T0 + 39 * SECOND) == 600


@BOTH
def test_a_worker_taken_for_dead_still_counts_what_it_used_once(
    counters: Counters, other: Counters, window: Window
) -> None:
    made = reserve(other, 600, T0, window)
    empty = reserve_nothing(other, 1000, T0, window)
    late = T0 + 30 * SECOND
    assert counters.reap(late) == 2
    counters.take([claim(1, 10, window)], late)
    for _ in range(2):
        other.settle(made, 5, late)
        other.settle(empty, 20, late)
    assert counters.used(b"key", window, late) == 26


def entries(environment: lmdb.Environment) -> dict[bytes, int]:
    with environment.begin() as txn:
        names = [name for name, _ in txn.cursor()]
    found = {}
    for name in names:
        database = environment.open_db(name)
        with environment.begin() as txn:
            found[name] = txn.stat(database)["entries"]
    return found


def test_a_counter_is_kept_for_the_longest_window_it_was_used_with(counters: Counters) -> None:
    hour = Window(3600, True)
    counters.take([claim(1, 5, hour)], T0)
    counters.take([claim(1, 5, SLIDING)], T0 + SECOND)
    counters.reap(T0 + 120 * SECOND)
    assert counters.used(b"key", hour, T0 + 120 * SECOND) == 2


# -- corrections


@BOTH
def test_what_was_counted_is_taken_back_and_makes_room(counters: Counters, window: Window) -> None:
    receipt = counters.settle(reserve(counters, 600, T0, window), 600, T0, with_receipt=True)
    counters.take([claim(100, 1000, window)], T0 + SECOND)
    counters.amend(receipt, -600, b"first", T0 + 2 * SECOND)
    assert counters.used(b"key", window, T0 + 2 * SECOND) == 100


@BOTH
def test_a_correction_is_made_once(counters: Counters, window: Window) -> None:
    receipt = counters.settle(reserve(counters, 600, T0, window), 600, T0, with_receipt=True)
    for _ in range(3):
        counters.amend(receipt, -200, b"first", T0 + SECOND)
    counters.amend(receipt, -100, b"second", T0 + SECOND)
    assert counters.used(b"key", window, T0 + SECOND) == 300


@BOTH
def test_what_is_more_than_was_counted_counts_now(counters: Counters, window: Window) -> None:
    receipt = counters.settle(reserve(counters, 100, T0, window), 100, T0, with_receipt=True)
    counters.amend(receipt, 50, b"more", T0 + 2 * SECOND)
    assert counters.used(b"key", window, T0 + 2 * SECOND) == 150


def test_what_no_longer_counts_is_not_taken_out_of_what_others_used(counters: Counters) -> None:
    window = Window(60, True)
    receipt = counters.settle(reserve(counters, 600, T0, window), 600, T0, with_receipt=True)
    later = T0 + 61 * SECOND
    counters.take([claim(100, 1000, window)], later)
    counters.amend(receipt, -600, b"late", later)
    assert counters.used(b"key", window, later) == 100


def test_each_counter_of_a_call_is_corrected(counters: Counters) -> None:
    claims = [claim(300, 1000, FIXED, key) for key in (b"rule", b"token")]
    made = counters.reserve(claims, T0)
    assert isinstance(made, Reservation)
    receipt = counters.settle(made, 300, T0, with_receipt=True)
    counters.amend(receipt, -300, b"void", T0)
    assert [counters.used(key, FIXED, T0) for key in (b"rule", b"token")] == [0, 0]


def test_what_is_no_receipt_corrects_nothing(counters: Counters) -> None:
    counters.take([claim(100, 1000, FIXED)], T0)
    counters.amend(b"", -100, b"nothing", T0)
    counters.amend(b"\xff\x00 odd", -100, b"odd", T0)
    assert counters.used(b"key", FIXED, T0) == 100


def test_without_being_asked_for_there_is_no_receipt_and_none_the_second_time(counters: Counters) -> None:
    made = reserve(counters, 1, T0)
    assert counters.settle(made, 1, T0) == b""
    assert counters.settle(made, 1, T0, with_receipt=True) == b""
