"""When runs are looked at: first, again, after failures, when they are late, and what is taken for stuck."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.pricing.parallel_prices import FINDALL_RUN, TASK
from penstock.runs.becoming import AGAIN_US, become, reopened
from penstock.runs.money import enrich_charge
from penstock.runs.pace import (
    FINDALLS,
    TASKS,
    is_followed,
    is_stale,
    is_stuck,
    monitor_every,
    next_look,
    pace,
    rests,
)
from penstock.runs.run import Money, Run, RunKind, SeenBy
from support.known_runs import NOW, SECOND, after, findall, made, seen, task

MINUTE, HOUR = 60, 3600
MIDDLE = 0.5  # of chance: no jitter


def wait(run: Run, failures: int = 0, at: float = 0, retry_after: float = 0) -> float:
    """Seconds until the next look, as asked so many seconds after it was made."""
    now_us = NOW + round(at * SECOND)
    return (next_look(run, failures, now_us, MIDDLE, retry_after=retry_after) - now_us) / SECOND


# -- the data


def test_every_processor_and_generator_on_the_card_has_a_pace() -> None:
    assert set(TASKS) == set(TASK)
    assert set(FINDALLS) == set(FINDALL_RUN)


@pytest.mark.parametrize(
    ("processor", "first", "every", "stale", "usual", "fast"),
    [
        ("lite", 10, 10, 10 * MINUTE, 2 * MINUTE, 20),
        ("base", 15, 15, 15 * MINUTE, 3 * MINUTE, 50),
        ("core", 30, 30, 30 * MINUTE, 5 * MINUTE, 100),
        ("core2x", 30, 30, 30 * MINUTE, 10 * MINUTE, 3 * MINUTE),
        ("pro", 60, 45, 45 * MINUTE, 10 * MINUTE, 5 * MINUTE),
        ("ultra", 120, 60, 90 * MINUTE, 25 * MINUTE, 10 * MINUTE),
        ("ultra2x", 300, 120, 3 * HOUR, 50 * MINUTE, 20 * MINUTE),
        ("ultra4x", 300, 120, 4 * HOUR, 90 * MINUTE, 40 * MINUTE),
        ("ultra8x", 300, 120, 6 * HOUR, 2 * HOUR, HOUR),
    ],
)
def test_tasks_are_looked_at_by_how_long_their_processor_takes(
    processor: str, first: int, every: int, stale: int, usual: int, fast: int
) -> None:
    assert wait(task(processor)) == wait(task(f"{processor}-fast")) == first
    assert wait(task(processor), at=first) == every
    for name, most in ((processor, usual), (f"{processor}-fast", fast)):
        run = task(name)
        assert not is_stale(run, NOW + stale * SECOND)
        assert is_stale(run, NOW + stale * SECOND + 1)
        assert not is_stuck(run, NOW + 2 * most * SECOND)
        assert is_stuck(run, NOW + 2 * most * SECOND + 1)


@given(st.sampled_from(sorted(TASKS)))
def test_a_run_is_not_late_before_its_time(processor: str) -> None:
    found = TASKS[processor]
    assert found.usual < found.stale
    assert found.first <= found.stale
    assert found.every <= found.stale


@pytest.mark.parametrize(("generator", "every"), [("preview", 30), ("base", 30), ("core", 45), ("pro", 60)])
def test_findall_runs_may_take_hours(generator: str, every: int) -> None:
    run = findall(generator)
    assert (wait(run), wait(run, at=MINUTE)) == (30, every)
    assert not is_stale(run, NOW + 12 * HOUR * SECOND)
    assert is_stale(run, NOW + 12 * HOUR * SECOND + 1)
    assert not is_stuck(run, NOW + 12 * HOUR * SECOND)


@pytest.mark.parametrize("run", [task("nova"), task(""), task("core-fast-fast"), findall("huge")])
def test_what_nobody_knows_is_looked_at_with_care(run: Run) -> None:
    slowest = max(found.usual for found in TASKS.values())
    assert wait(run) == wait(run, at=MINUTE) == MINUTE
    assert not is_stuck(run, NOW + 2 * round(slowest) * SECOND)
    assert is_stuck(run, NOW + 13 * HOUR * SECOND)


@pytest.mark.parametrize(
    ("frequency", "every"),
    [
        ("1h", 10 * MINUTE),
        ("2h", 20 * MINUTE),
        ("24h", 4 * HOUR),
        ("1d", 4 * HOUR),
        ("30d", 6 * HOUR),
        ("2w", 6 * HOUR),
        ("hourly", 10 * MINUTE),
        ("daily", 4 * HOUR),
        ("every_two_weeks", 6 * HOUR),
        ("9999w", 6 * HOUR),
        ("", 10 * MINUTE),
        ("0h", 10 * MINUTE),
        ("-1h", 10 * MINUTE),
        ("1m", 10 * MINUTE),
        ("1h\n", 10 * MINUTE),
        ("٣h", 10 * MINUTE),
        ("9" * 5000 + "h", 10 * MINUTE),
    ],
)
def test_monitors_are_looked_at_by_how_often_they_run(frequency: str, every: int) -> None:
    assert monitor_every(frequency) == every
    monitor = made(RunKind.MONITOR, "lite")
    now_us = NOW + 30 * 24 * HOUR * SECOND
    assert next_look(monitor, 0, now_us, MIDDLE, frequency=frequency) == now_us + every * SECOND
    assert not is_stale(monitor, now_us)
    assert not is_stuck(monitor, now_us)


@given(st.text(max_size=8))
def test_no_word_makes_a_monitor_be_looked_at_too_often(frequency: str) -> None:
    assert 10 * MINUTE <= monitor_every(frequency) <= 6 * HOUR


def test_a_group_is_looked_at_while_it_has_something_to_do() -> None:
    group = made(RunKind.GROUP)
    assert wait(group) == wait(group, at=HOUR) == 30
    late = NOW + 400 * HOUR * SECOND
    again = replace(group, since_us=late)
    assert (is_stale(group, late), is_stale(again, late + SECOND), is_stuck(group, late)) == (
        True,
        False,
        False,
    )


# -- whether at all


def test_what_is_still_to_come_is_followed() -> None:
    assert is_followed(task())
    assert is_followed(replace(task(), owner=None, money=Money.NONE))
    assert not is_followed(after(task(), seen(task(), "completed")))
    assert is_followed(after(task(), seen(task(), "expired", is_active=False)))
    assert not is_followed(made(RunKind.RESPONSE))
    assert not is_followed(after(made(RunKind.GROUP), seen(made(RunKind.GROUP), is_active=False)))


def test_a_run_without_price_is_not_followed_after_its_end() -> None:
    assert is_followed(task("nova"))
    assert not is_followed(after(task("nova"), seen(task("nova"), "completed")))


def test_a_findall_run_is_looked_at_until_it_is_settled() -> None:
    end = seen(findall(), "completed", modified=1, matched=3)
    ended = after(findall(), end, at=100)
    assert is_followed(ended)
    assert wait(ended, at=100) == AGAIN_US / SECOND
    assert not is_followed(after(ended, end, at=160))


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 200))
def test_the_look_after_its_end_is_late_enough_to_settle_it(chance: float, later: int) -> None:
    end = seen(findall(), "completed", modified=1, matched=3)
    ended = after(findall(), end, at=100)
    looked_us = next_look(ended, 0, NOW + (100 + later) * SECOND, chance)
    assert become(ended, end, SeenBy.POLL, looked_us).money is Money.SETTLED


@pytest.mark.parametrize("run", [task(), findall()])
def test_what_has_ended_is_neither_late_nor_stuck(run: Run) -> None:
    """Also where it is still looked at for what it costs."""
    run = after(run, seen(run, "completed", modified=1))
    assert not is_stale(run, NOW + 1000 * HOUR * SECOND)
    assert not is_stuck(run, NOW + 1000 * HOUR * SECOND)


def test_what_is_inactive_without_an_end_gets_late() -> None:
    run = after(task(), seen(task(), "expired", is_active=False))
    assert is_stale(run, NOW + HOUR * SECOND)


def test_a_run_that_came_back_is_late_by_its_new_beginning() -> None:
    old = after(findall(), seen(findall(), "completed", modified=1, matched=3))
    then = NOW + 1000 * HOUR * SECOND
    back = reopened(old, enrich_charge(old, "call-2", "core"), then)
    assert not is_stale(back, then + HOUR * SECOND)
    assert not is_stuck(back, then + HOUR * SECOND)
    assert next_look(back, 0, then, MIDDLE) == then + 30 * SECOND
    assert is_stuck(back, then + 13 * HOUR * SECOND)


# -- how long until then


def test_a_first_look_that_came_early_is_not_followed_by_another_at_once() -> None:
    """By chance it is a fifth earlier than meant."""
    early = next_look(task("ultra"), 0, NOW, 0.0)
    assert early == NOW + 96 * SECOND
    assert next_look(task("ultra"), 0, early, MIDDLE) == early + 60 * SECOND


def test_a_late_run_is_looked_at_half_as_often() -> None:
    assert wait(task("core"), at=31 * MINUTE) == 60


def test_each_failure_doubles_the_wait_up_to_an_hour() -> None:
    run = task("core")
    waits = [wait(run, failures, at=MINUTE) for failures in range(9)]
    assert waits == [30, 60, 120, 240, 480, 960, 1920, HOUR, HOUR]
    assert wait(run, 10**9, at=MINUTE) == HOUR


def test_failures_never_make_a_look_come_sooner() -> None:
    monitor = made(RunKind.MONITOR)
    now_us = NOW + 48 * HOUR * SECOND
    assert next_look(monitor, 9, now_us, MIDDLE, frequency="30d") == now_us + 6 * HOUR * SECOND


@given(
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(sorted(TASKS)),
    st.integers(0, 40),
    st.integers(0, 10**6),
)
def test_looks_are_spread_by_a_fifth(chance: float, processor: str, failures: int, at: int) -> None:
    middle = wait(task(processor), failures, at)
    now_us = NOW + at * SECOND
    spread = (next_look(task(processor), failures, now_us, chance) - now_us) / SECOND
    assert 0.8 * middle - 1e-5 <= spread <= 1.2 * middle + 1e-5


@given(
    st.sampled_from([task("lite"), findall("pro"), made(RunKind.GROUP), made(RunKind.MONITOR), task("nova")]),
    st.integers(0, 40),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 86_400),
)
def test_what_the_provider_asks_for_is_kept(run: Run, failures: int, chance: float, asked: float) -> None:
    looked_us = next_look(run, failures, NOW, chance, retry_after=asked)
    assert looked_us >= NOW + math.floor(asked * SECOND)


@pytest.mark.parametrize("asked", [-5.0, float("nan"), 0.0, float("-inf")])
def test_what_is_no_time_to_wait_is_not_asked_for(asked: float) -> None:
    assert wait(task("core"), retry_after=asked) == 30


@pytest.mark.parametrize("asked", [10.0**12, float("inf")])
def test_nobody_is_waited_for_longer_than_a_day(asked: float) -> None:
    assert wait(task("core"), retry_after=asked) == 24 * HOUR


# -- when a run that is due can wait


def rest(run: Run, at: float) -> float | None:
    """Seconds that it rests from then on, as asked so many seconds after it was made; None: not at all."""
    now_us = NOW + round(at * SECOND)
    until_us = rests(run, now_us, MIDDLE)
    return None if until_us is None else (until_us - now_us) / SECOND


def test_one_that_was_just_made_rests_until_its_first_look() -> None:
    assert rest(task("pro"), 0) == 60
    assert rest(task("pro"), 47) == 13
    assert rest(task("pro"), 48) is None


def test_one_that_callers_look_at_rests() -> None:
    read = after(task(), seen(task(), "running"), by=SeenBy.READ, at=100)
    assert rest(read, 110) == 20
    assert rest(read, 129) == 1
    assert rest(read, 130) is None
    polled = after(task(), seen(task(), "running"), by=SeenBy.POLL, at=100)
    assert rest(polled, 110) is None


def test_a_findall_run_that_has_ended_rests_until_its_second_look() -> None:
    over = after(findall(), seen(findall(), "completed", is_active=False, matched=3), by=SeenBy.READ, at=100)
    assert rest(over, 110) == AGAIN_US / SECOND - 10
    assert rest(over, 160) is None


@given(
    st.sampled_from([*map(task, TASKS), findall(), made(RunKind.GROUP), made(RunKind.MONITOR)]),
    st.sampled_from(list(SeenBy)),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.floats(0, 1, exclude_max=True),
)
def test_nothing_rests_for_ever(run: Run, by: SeenBy, seen_at: float, later: float, chance: float) -> None:
    seen_us = NOW + round(seen_at * SECOND)
    run = replace(run, seen_by=by, seen_us=seen_us)
    now_us = seen_us + round(later * SECOND)
    until_us = rests(run, now_us, chance)
    if until_us is not None:
        assert until_us > now_us
        assert rests(run, until_us, chance) is None


def test_a_clock_that_goes_back_makes_nothing_late() -> None:
    before = NOW - HOUR * SECOND
    assert next_look(task("core"), 0, before, MIDDLE) == before + 30 * SECOND
    assert not is_stale(task("core"), before)


def test_each_kind_has_a_pace() -> None:
    assert all(pace(made(kind)).every > 0 for kind in RunKind)
