"""Money as whole numbers: costs in nano-dollars (1e-9 USD), rates in atto-dollars (1e-18 USD) per unit.

Sums of whole numbers are exact and come out the same in every order; a budget kept in floats does not. Rates
need the finer unit: a token may cost less than a nano-dollar. Floats appear only where a person or an API
reads or writes USD.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal

NANO = 1_000_000_000
"""Nano-dollars in a dollar."""

ATTO_PER_NANO = 1_000_000_000
_HALF = ATTO_PER_NANO // 2
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)


def to_nano(usd: Decimal | float | str) -> int:
    """Dollars as whole nano-dollars; a float counts as what it prints."""
    return _whole(usd, 9)


def to_usd(nano: int) -> float:
    """Nano-dollars as the USD number that the log shows (Cloudflare 3.20)."""
    return nano / NANO


def to_rate(usd: Decimal | float | str, per: int = 1) -> int:
    """Dollars for `per` units as atto-dollars for one."""
    return _whole(_WIDE.divide(_decimal(usd), Decimal(per)), 18)


def rate_to_usd(atto: int) -> Decimal:
    """Atto-dollars for one unit as dollars."""
    return Decimal(atto).scaleb(-18, _WIDE)


def nano_of_atto(atto: int) -> int:
    """A sum of counts times rates as whole nano-dollars, half a one rounded up."""
    return (atto + _HALF) // ATTO_PER_NANO


def nano_table(usd: Mapping[str, str]) -> dict[str, int]:
    """A column of a price list, given as decimal text, in nano-dollars."""
    return {name: to_nano(price) for name, price in usd.items()}


def _decimal(usd: Decimal | float | str) -> Decimal:
    return Decimal(repr(usd)) if isinstance(usd, float) else Decimal(usd)


def _whole(usd: Decimal | float | str, places: int) -> int:
    return int(_decimal(usd).scaleb(places, _WIDE).to_integral_value(ROUND_HALF_EVEN))
