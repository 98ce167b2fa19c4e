"""Figures and times as the pages write them. Pure; all times are UTC, and say so.

Text of others never comes out of here: it is escaped where it is put into a page.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from penstock.time_text import span

NONE: Final = "–"
"""What is not known."""

_LEAST_USD: Final = 1e-6


def count(number: float | None) -> str:
    """`1,234`; from a hundred thousand on `123k`, `1.2M`."""
    if number is None:
        return NONE
    for least, unit in ((1e9, "G"), (1e6, "M"), (1e5, "k")):
        if abs(number) >= least:
            scaled = number / (1e3 if unit == "k" else least)
            return f"{scaled:.1f}".removesuffix(".0") + unit if unit != "k" else f"{scaled:.0f}k"
    return f"{number:,.0f}"


def calls(number: int) -> str:
    """`one call`, `1,234 calls`."""
    return "one call" if number == 1 else f"{number:,} calls"


def usd(amount: float | None) -> str:
    """`$12.34`; of less than a dollar four digits that tell it apart: `$0.3564`, `$0.000221`."""
    if amount is None:
        return NONE
    if amount == 0:
        return "$0"
    if abs(amount) >= 1:
        return f"${amount:,.2f}"
    if abs(amount) < _LEAST_USD:
        return "<$0.000001"
    return f"${Decimal(f'{amount:.4g}').normalize():f}"


def milliseconds(amount: float | None) -> str:
    """A span given in milliseconds: `3.1 ms`, `840 ms`, `2.35 s`, `4 min 10 s`."""
    if amount is None:
        return NONE
    if amount < 10:
        return f"{amount:.1f} ms"
    if amount < 1000:
        return f"{amount:.0f} ms"
    seconds = amount / 1000
    return f"{seconds:.2f} s" if seconds < 60 else span(seconds)


def octets(number: int | None) -> str:
    """`340 B`, `1.2 kB`, `3.4 MB`."""
    if number is None:
        return NONE
    if number < 1000:
        return f"{number} B"
    if number < 1_000_000:
        return f"{number / 1000:.1f} kB"
    return f"{number / 1_000_000:.1f} MB"


def share(part: float, whole: float) -> str:
    """`12 %` of the whole; below a per cent with a digit behind the point."""
    if not whole:
        return NONE
    found = 100 * part / whole
    return f"{found:.1f} %" if 0 < found < 1 else f"{found:.0f} %"


def moment(time_us: int | None) -> str:
    """`2026-11-30 15:41:02`, UTC."""
    return NONE if time_us is None else f"{_at(time_us):%Y-%m-%d %H:%M:%S}"


def clock_time(time_us: int) -> str:
    """`15:41:02`, UTC."""
    return f"{_at(time_us):%H:%M:%S}"


def day(time_us: int) -> str:
    """`Mon 30 Nov 2026`, UTC."""
    return f"{_at(time_us):%a %-d %b %Y}"


def _at(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC)
