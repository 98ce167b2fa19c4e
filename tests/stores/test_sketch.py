"""The laws of the sketch: it merges like the numbers it stands for, tells quantiles as exactly as it says, and
comes back from bytes as it was.
"""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.stores.sketch import GREATEST, RELATIVE_ERROR, Sketch, bucket_of, merged

NUMBERS = st.one_of(
    st.integers(0, GREATEST + 5),
    st.floats(0, GREATEST, allow_nan=False),
    st.integers(0, 40).map(lambda power: 2**power),
)
MANY = st.lists(NUMBERS, max_size=40)
SKETCHES = st.builds(
    lambda values, times: Sketch(Sketch.of(values).lanes * times), MANY, st.integers(1, 10**8)
)


@given(MANY, MANY)
def test_merging_is_the_sketch_of_all_the_numbers(first: list[float], second: list[float]) -> None:
    assert merged(Sketch.of(first), Sketch.of(second)) == Sketch.of(first + second)


@given(SKETCHES, SKETCHES, SKETCHES)
def test_the_order_of_merging_does_not_matter(one: Sketch, two: Sketch, three: Sketch) -> None:
    assert merged(one, two) == merged(two, one)
    assert merged(merged(one, two), three) == merged(one, merged(two, three))
    assert merged(one, Sketch()) == one
    assert merged(one, two).count == one.count + two.count


@given(st.lists(NUMBERS, min_size=1, max_size=40), st.lists(st.floats(0, 1), max_size=5))
def test_quantiles_are_as_exact_as_they_say(values: list[float], shares: list[float]) -> None:
    ordered = sorted(min(max(value, 1), GREATEST) for value in values)
    found = Sketch.of(values).quantiles(shares)
    for share, quantile in zip(shares, found, strict=True):
        exact = ordered[max(ceil(share * len(ordered)), 1) - 1]
        assert quantile == pytest.approx(exact, rel=RELATIVE_ERROR + 1e-9)
        assert quantile == Sketch.of(values).quantile(share)


def test_nothing_has_no_quantile() -> None:
    assert Sketch().quantiles((0, 1)) == [None, None]
    assert Sketch().count == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        Sketch().quantile(1.1)


@given(SKETCHES)
def test_bytes_come_back_as_they_were(sketch: Sketch) -> None:
    data = sketch.to_bytes()
    assert Sketch.from_bytes(data) == sketch
    assert hash(Sketch.from_bytes(data)) == hash(sketch)
    assert len(data) <= 2 + 5 * 320


def test_few_numbers_need_few_bytes() -> None:
    assert len(Sketch().to_bytes()) == 0
    assert len(Sketch.of([250_000]).to_bytes()) == 3
    assert len(Sketch.of([250_000, 1_000_000] * 100).to_bytes()) == 3 + 16
    assert len(Sketch.of([250_000, 1_000_000] * 200).to_bytes()) <= 2 + 5 * 17


@given(st.binary(max_size=40))
@example(b"\0")
@example(b"\0\0")
@example(b"\0\0\0")
@example(b"\0\x80\1\0\0\0\0")  # five bytes where one would do
@example(b"\xff\x7f\1")
@example(b"\x3f\1\1\1")  # a bucket too many
@example(b"\0\x80\1\1\1\1\1\1")  # half a lane
def test_bytes_that_no_sketch_gives_are_refused(data: bytes) -> None:
    try:
        sketch = Sketch.from_bytes(data)
    except ValueError:
        return
    assert sketch.to_bytes() == data


@given(NUMBERS, NUMBERS)
def test_greater_numbers_are_in_no_lower_bucket(one: float, other: float) -> None:
    assert (bucket_of(one) <= bucket_of(other)) or one > other
