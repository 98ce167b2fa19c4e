"""Marks: which numbers there are in a block, in two bytes each.

The remainders of the numbers, sorted. They may say "perhaps" of a number that is not among them (of a thousand
marks, to one question in sixty), never "no" of one that is. Pure.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

_PRIME: Final = 65_521  # the largest below what two bytes hold: even steps of prices spread over all of it


def made_of(numbers: Iterable[int]) -> bytes:
    """The marks of some numbers."""
    return array("H", sorted({number % _PRIME for number in numbers})).tobytes()


def with_more(marks: bytes, numbers: Iterable[int]) -> bytes:
    """The marks of some more numbers."""
    return made_of([*_remainders(marks), *numbers])


def may_hold(marks: bytes, number: int) -> bool:
    """Whether the number may be among them."""
    found = _remainders(marks)
    place = bisect_left(found, number % _PRIME)
    return place < len(found) and found[place] == number % _PRIME


def _remainders(marks: bytes) -> array[int]:
    found = array("H")
    found.frombytes(marks)
    return found
