"""Identifiers are UUIDv7s of their moment, and no two are alike.

Their randomness is drawn in advance for many; every bit of it must still vary.
"""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.clock import Clock

SHAPE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@given(st.lists(st.integers(min_value=0, max_value=2**48 * 1000 - 1), min_size=1, max_size=5))
def test_each_is_of_its_moment(moments: list[int]) -> None:
    clock = Clock()
    for moment in [*moments, *moments]:
        name = clock.new_id(moment)
        assert SHAPE.fullmatch(name)
        assert uuid.UUID(name).int >> 80 == moment // 1000
        assert uuid.UUID(name).version == 7
        assert uuid.UUID(name).variant == uuid.RFC_4122


def test_no_two_are_alike() -> None:
    clock = Clock()
    assert len({clock.new_id(1_760_000_000_000_000) for _ in range(20_000)}) == 20_000


def test_every_random_bit_varies() -> None:
    clock = Clock()
    names = [uuid.UUID(clock.new_id(0)).int for _ in range(2000)]
    ones = zeros = 0
    for name in names:
        ones |= name
        zeros |= ~name
    assert ones & zeros & (2**128 - 1) == 0x0FFF_3FFF_FFFF_FFFF_FFFF


def test_later_ones_sort_behind() -> None:
    clock = Clock()
    names = [clock.new_id(moment * 1000) for moment in range(1_760_000_000_000, 1_760_000_000_500)]
    assert names == sorted(names)


@pytest.mark.parametrize("name", ["now_us", "monotonic"])
def test_time_does_not_go_back(name: str) -> None:
    read = getattr(Clock(), name)
    times = [read() for _ in range(100)]
    assert times == sorted(times)
