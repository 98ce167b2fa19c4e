"""A mergeable sketch of many durations: counts in buckets that grow by a constant factor (as in DDSketch).

Pure. The counts are lanes of one large whole number, so that merging two sketches is one addition, in plain
Python as quick as it gets. Nothing here knows what was measured; microseconds are what the range is made for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import ceil, log2
from typing import Final

_PER_DOUBLING = 8
_GROWTH = 2 ** (1 / _PER_DOUBLING)
_BUCKETS = 40 * _PER_DOUBLING
_LANE_BYTES = 5
_LANE_BITS = 8 * _LANE_BYTES
_HEAD_BYTES = 2
_WIDE = 0x8000
_LARGE = sum(((1 << _LANE_BITS) - 256) << (_LANE_BITS * lane) for lane in range(_BUCKETS))
_CENTRE = 2 * _GROWTH / (_GROWTH + 1)  # of a bucket, times its lower edge: as far from one edge as the other

RELATIVE_ERROR: Final = (_GROWTH - 1) / (_GROWTH + 1)
"""How far a quantile may be from the true one, as a share of it: 4.33 %."""

GREATEST: Final = 2**40
"""What is greater counts as this (12.7 days in microseconds); what is less than 1 counts as 1."""

UNITS: Final = tuple(1 << (_LANE_BITS * bucket) for bucket in range(_BUCKETS))
"""By bucket, the number that stands for one value; sums of these are what sketches are made of."""


def bucket_of(value: float) -> int:
    """The index of a value in `UNITS`."""
    if value <= 1:
        return 0
    return min(int(log2(value) * _PER_DOUBLING), _BUCKETS - 1)


class Sketch:
    """Counts of positive numbers, at most 2**40 in a bucket. Immutable; equal when all counts are."""

    __slots__ = ("lanes",)

    def __init__(self, lanes: int = 0) -> None:
        """`lanes` is a sum of `UNITS`."""
        self.lanes = lanes

    @classmethod
    def of(cls, values: Iterable[float]) -> Sketch:
        """The sketch of some numbers."""
        return cls(sum(UNITS[bucket_of(value)] for value in values))

    @classmethod
    def from_bytes(cls, data: bytes) -> Sketch:
        """The sketch that `to_bytes` was called on. Raises ValueError for what no sketch gives."""
        return cls(lanes_from(data))

    def to_bytes(self) -> bytes:
        """Two bytes for the first bucket, then one byte for each up to the last, or five where counts are large.

        Empty for the sketch of nothing.
        """
        return bytes_of(self.lanes)

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return sum(self._counts()[1])

    def quantile(self, q: float) -> float | None:
        """The number that a share `q` (0 … 1) of all are not above; None when there are none.

        That is the `ceil(q * count)`-th in order, the first at least, within `RELATIVE_ERROR`.
        """
        return self.quantiles((q,))[0]

    def quantiles(self, shares: Sequence[float]) -> list[float | None]:
        """`quantile` of each share, for the price of one."""
        if not all(0 <= q <= 1 for q in shares):
            raise ValueError("a quantile is between 0 and 1")
        first, counts = self._counts()
        if not counts:
            return [None] * len(shares)
        reached = list(accumulate(counts))
        ranks = [max(ceil(q * reached[-1]), 1) for q in shares]
        return [_CENTRE * _GROWTH ** (first + bisect_left(reached, rank)) for rank in ranks]

    def _counts(self) -> tuple[int, Sequence[int]]:
        """The first bucket that is not empty, and the counts from there on."""
        data = self.to_bytes()
        head, raw = int.from_bytes(data[:_HEAD_BYTES], "little"), data[_HEAD_BYTES:]
        if not head & _WIDE:
            return head, raw
        lanes = range(0, len(raw), _LANE_BYTES)
        return head - _WIDE, [int.from_bytes(raw[at : at + _LANE_BYTES], "little") for at in lanes]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sketch) and self.lanes == other.lanes

    def __hash__(self) -> int:
        return hash(self.lanes)

    def __repr__(self) -> str:
        return f"Sketch(count={self.count}, median={self.quantile(0.5)})"


def merged(first: Sketch, second: Sketch) -> Sketch:
    """The sketch of the numbers of both."""
    return Sketch(first.lanes + second.lanes)


def bytes_of(lanes: int) -> bytes:
    """`Sketch.to_bytes` for who has only the lanes."""
    if not lanes:
        return b""
    first = ((lanes & -lanes).bit_length() - 1) // _LANE_BITS
    lanes >>= first * _LANE_BITS
    raw = lanes.to_bytes(-(-lanes.bit_length() // _LANE_BITS) * _LANE_BYTES, "little")
    if lanes & _LARGE:
        return (first | _WIDE).to_bytes(_HEAD_BYTES, "little") + raw
    return first.to_bytes(_HEAD_BYTES, "little") + raw[::_LANE_BYTES]


def lanes_from(data: bytes) -> int:
    """`Sketch.from_bytes` for who wants only the lanes. Raises ValueError."""
    if not data:
        return 0
    head = int.from_bytes(data[:_HEAD_BYTES], "little")
    if head & _WIDE:
        return _wide_lanes(head - _WIDE, data[_HEAD_BYTES:])
    buckets = len(data) - _HEAD_BYTES
    if buckets < 1 or head + buckets > _BUCKETS or not data[_HEAD_BYTES] or not data[-1]:
        raise ValueError("these bytes are no sketch")
    raw = bytearray(_LANE_BYTES * buckets)
    raw[::_LANE_BYTES] = data[_HEAD_BYTES:]
    return int.from_bytes(raw, "little") << (head * _LANE_BITS)


def _wide_lanes(first: int, raw: bytes) -> int:
    buckets, rest = divmod(len(raw), _LANE_BYTES)
    lanes = int.from_bytes(raw, "little")
    ends_full = any(raw[:_LANE_BYTES]) and any(raw[-_LANE_BYTES:])
    if rest or first + buckets > _BUCKETS or not ends_full or not lanes & _LARGE:
        raise ValueError("these bytes are no sketch")
    return lanes << (first * _LANE_BITS)
