"""The laws of restarting: never given up, ever more slowly, quickly again for what has proved itself."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from penstock.processes.restarts import FIRST, STEADY, Restarts, pause

LONGEST = st.floats(0.01, 3600.0)
SHORT = st.floats(0.0, STEADY, exclude_max=True)


@given(LONGEST, st.integers(2, 200))
def test_pauses_grow_up_to_their_bound_and_stay_there(longest: float, failures: int) -> None:
    pauses = [pause(number, longest) for number in range(failures)]
    assert all(earlier <= later <= longest for earlier, later in pairwise(pauses))
    assert pause(1_000_000, longest) == longest


def test_the_first_end_costs_no_pause_and_the_next_ones_double() -> None:
    restarts = Restarts(60.0)
    assert [restarts.ended(1.0) for _ in range(11)] == [
        0.0, FIRST, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0
    ]  # fmt: skip


@given(st.lists(SHORT, max_size=50), LONGEST, st.floats(STEADY, 1e9))
def test_one_that_has_run_for_long_begins_anew(short: list[float], longest: float, long: float) -> None:
    restarts = Restarts(longest)
    for ran in short:
        restarts.ended(ran)
    assert restarts.in_a_row == len(short)
    assert (restarts.ended(long), restarts.in_a_row, restarts.in_all) == (0.0, 1, len(short) + 1)


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=100), LONGEST)
def test_one_that_is_never_well_is_mostly_left_alone(ran: list[float], longest: float) -> None:
    """Of the starts within `STEADY` seconds there are few, however quickly it ends."""
    restarts = Restarts(longest)
    for seconds in ran:
        waits = restarts.ended(seconds)
        assert 0.0 <= waits <= longest
        assert (waits == 0.0) == (restarts.in_a_row == 1)
