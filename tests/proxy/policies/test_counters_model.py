"""The counters in memory, which other tests trust, behave as the engine does: same verbs, same answers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.stores.counters import Claim, Counters, Granted, Refused, Reservation, Window
from penstock.stores.lmdb.counters import DATABASES, LmdbCounters
from penstock.stores.lmdb.environment import open_environment
from support.counters import SECOND, MemoryCounters

T0 = 1_700_000_040 * SECOND
WINDOWS = (Window(7, True), Window(60, False), Window(60, True))

_numbers = count()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LmdbCounters]:
    with open_environment(tmp_path_factory.mktemp("counters"), 1 << 26, DATABASES) as environment:
        yield LmdbCounters(environment, b"worker")


CLAIMS = st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=3, unique=True)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "reserve", "partial", "settle"]),
        CLAIMS,
        st.integers(0, 5),  # the amount, or what was used
        st.integers(0, 9 * SECOND),  # what passes before
    ),
    max_size=25,
)


@given(st.tuples(*[st.integers(0, 12)] * 3), STEPS)
def test_in_memory_as_in_the_engine(
    engine: LmdbCounters, limits: tuple[int, int, int], steps: list[tuple[str, list[int], int, int]]
) -> None:
    """Three counters, each with its own limit and window."""
    both: tuple[Counters, Counters] = (engine, MemoryCounters())
    prefix, now_us = b"%d " % next(_numbers), T0
    open_ones: list[tuple[Reservation, Reservation]] = []
    for verb, chosen, amount, wait in steps:
        now_us += wait
        claims = [Claim(prefix + b"%d" % one, amount, limits[one], WINDOWS[one]) for one in chosen]
        if verb == "settle":
            if open_ones:
                for counters, reservation in zip(both, open_ones.pop(amount % len(open_ones)), strict=True):
                    counters.settle(reservation, amount, now_us)
        elif verb == "take":
            real, model = (counters.take(claims, now_us) for counters in both)
            assert type(real) is type(model)
            if isinstance(real, Granted):
                assert isinstance(model, Granted)
                assert real.remaining == model.remaining
        else:
            real_one, model_one = (
                counters.reserve(claims, now_us, partial=verb == "partial") for counters in both
            )
            if isinstance(real_one, Refused) or isinstance(model_one, Refused):
                assert isinstance(real_one, Refused)
                assert isinstance(model_one, Refused)
                assert real_one.index == model_one.index
            else:
                assert real_one.amount == model_one.amount
                open_ones.append((real_one, model_one))
        for one, window in enumerate(WINDOWS):
            key = prefix + b"%d" % one
            assert engine.used(key, window, now_us) == both[1].used(key, window, now_us)
