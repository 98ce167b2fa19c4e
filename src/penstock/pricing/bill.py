"""A bill: how the cost of one call comes about, line by line, and whose prices those are.

Only the nouns; who makes bills is in `rates.py` and `parallel_card.py`, whose prices go first in `call_cost.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.pricing.units import ATTO_PER_NANO, NANO, nano_of_atto

MOST_NANO: Final = 1_000_000 * NANO
"""No call costs more: what callers say of prices, and answers of counts, could make more than stores can hold."""


class Charge(msgspec.Struct, frozen=True, gc=False):
    """One line: so many of something, at a rate in atto-dollars for one."""

    what: str
    amount: int
    rate: int


class Bill(msgspec.Struct, frozen=True, gc=False):
    """Whose prices, and the lines."""

    source: str
    charges: tuple[Charge, ...]

    @property
    def nano(self) -> int:
        """The cost in nano-dollars."""
        return total(self.charges)


def total(charges: Iterable[Charge]) -> int:
    """Nano-dollars of all lines together, rounded once; at most `MOST_NANO`."""
    atto = 0
    for charge in charges:
        atto += charge.amount * charge.rate
    return min(nano_of_atto(atto), MOST_NANO)


def charge(what: str, amount: int, nano: int) -> Charge:
    """A line with a rate in nano-dollars."""
    return Charge(what, amount, nano * ATTO_PER_NANO)
