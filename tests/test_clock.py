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
from penstock.time_text import moment_us, rfc3339

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


@given(st.integers(min_value=0, max_value=253_402_300_799_999))
def test_a_time_is_read_as_it_is_written(milliseconds: int) -> None:
    assert moment_us(rfc3339(milliseconds * 1000)) == milliseconds * 1000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1970-01-01T00:00:01", 1_000_000),
        (" 1970-01-02 ", 86_400_000_000),
        ("1969-12-31T23:59:59Z", -1_000_000),
        ("0001-01-01T00:00:00+23:59", None),
        ("2026-02-30T00:00:00Z", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_time_in_rfc_3339(text: str, moment: int | None) -> None:
    assert moment_us(text) == moment
