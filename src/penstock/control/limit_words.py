"""Limits in words: `$41.20 of $50 a day`, `82 %`, `resets in 3 h`. The same on pages and in commands. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import floor
from typing import Final, Literal

from penstock.control.limit_use import LimitShown, LimitUse
from penstock.control.limits import Unit
from penstock.time_text import span

NEAR: Final = 0.8
"""The part of a limit from which on it is told that it is near."""

Level = Literal["free", "near", "full"]
"""How much there is left: enough, little, nothing."""

_TIMES: Final = {60: "a minute", 3600: "an hour", 86_400: "a day", 604_800: "a week"}
_LEAST_CENTS: Final = 1.0  # US dollars that are written with cents


def level_of(use: LimitUse) -> Level:
    """How much is left of a limit."""
    if use.used >= use.limit:
        return "full"
    return "near" if use.share >= NEAR else "free"


def percent(use: LimitUse) -> str:
    """`82 %`: of what is not used up never `100 %`, of what is used never `0 %`."""
    if 0 < use.share < 0.01:
        return "<1 %"
    return f"{floor(round(100 * use.share, 6)):,} %"


def limit_text(limit: LimitShown) -> str:
    """`$50 a day`, `100 requests in 90 s, trailing`, `20 runs at once`."""
    name = "" if limit.unit == "USD" else f" {limit.unit[:-1] if limit.limit == 1 else limit.unit}"
    trailing = ", trailing" if limit.technique == "sliding" else ""
    return f"{amount(limit.unit, limit.limit)}{name} {_time(limit.window)}{trailing}"


def used_text(limit: LimitShown) -> str:
    """`$41.20 of $50 a day`; without what is used where that cannot be told."""
    told = limit_text(limit)
    return told if limit.use is None else f"{amount(limit.unit, limit.use.used)} of {told}"


def short_text(limits: Sequence[LimitShown], most: int) -> str:
    """`$41.20 of $50 a day (82 %), 3 of 20 runs at once (15 %)`: the fullest in the order in which they stand."""
    kept = fullest(limits, most)
    told = [
        used_text(one) + (f" ({percent(one.use)})" if one.use is not None else "")
        for one in limits
        if one in kept
    ]
    return "; ".join([*told, f"{len(limits) - most} more"] if len(limits) > most else told)


def fullest(limits: Sequence[LimitShown], most: int) -> list[LimitShown]:
    """So many of them, of which the greatest part is used."""
    by_share = sorted(limits, key=lambda one: 0 if one.use is None else one.use.share, reverse=True)
    return by_share[:most]


def room_text(limit: LimitShown, now_us: int) -> str:
    """`resets in 3 h`; of a trailing window `more room in 20 min`. Empty where nothing is used, or no time helps."""
    if limit.use is None or not limit.use.used or not limit.use.resets_us:
        return ""
    wait = span(max(1, (limit.use.resets_us - now_us) / 1_000_000))
    return f"more room in {wait}" if limit.technique == "sliding" else f"resets in {wait}"


def standing_text(limit: LimitShown, now_us: int) -> str:
    """`82 % of $50 a day (spend), resets in 3 h`."""
    part = f"{percent(limit.use)} of " if limit.use is not None else ""
    name = "" if limit.name == limit.unit else f" ({limit.name})"
    return ", ".join(filter(None, (f"{part}{limit_text(limit)}{name}", room_text(limit, now_us))))


def amount(unit: Unit, number: float) -> str:
    """`1,234`; of money `$50`, `$41.20`, `$0.003564`."""
    if unit != "USD":
        return f"{number:,.0f}"
    if number == 0 or number >= _LEAST_CENTS:
        return f"${number:,.2f}".removesuffix(".00")
    return f"${Decimal(f'{number:.4g}').normalize():f}"


def _time(window: int) -> str:
    return _TIMES.get(window, f"in {span(window)}") if window else "at once"
