"""What one model costs: prices of several units, by date, time of day and service tier; and a usage's cost.

Units may contain each other: cached audio is cached input, audio input, and input. Each token is charged
once, at the price of the narrowest priced unit that it belongs to. Pure; where prices come from is not known
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from operator import attrgetter
from typing import Final, NamedTuple

import msgspec

from penstock.pricing.bill import Bill, Charge
from penstock.wire.usage import Usage

_US_PER_SECOND = 1_000_000
_SECONDS_PER_DAY = 86_400

# Field of `Usage` → what else a count of it is also counted as.
_PARENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "input_tokens": (),
    "output_tokens": (),
    "input_cached_tokens": ("input_tokens",),
    "input_cache_write_tokens": ("input_tokens",),
    "input_cache_write_1h_tokens": ("input_cache_write_tokens", "input_tokens"),
    "input_audio_tokens": ("input_tokens",),
    "input_image_tokens": ("input_tokens",),
    "input_video_tokens": ("input_tokens",),
    "input_cached_audio_tokens": ("input_cached_tokens", "input_audio_tokens", "input_tokens"),
    "input_cached_image_tokens": ("input_cached_tokens", "input_image_tokens", "input_tokens"),
    "output_audio_tokens": ("output_tokens",),
    "output_image_tokens": ("output_tokens",),
    "output_video_tokens": ("output_tokens",),
    "output_reasoning_tokens": ("output_tokens",),
    "output_citation_tokens": ("output_tokens",),
    "input_audio_seconds": (),
    "input_characters": (),
    "output_images": (),
    "output_video_seconds": (),
    "web_searches": (),
    "file_searches": (),
    "search_units": (),
    "input_pages": (),
    "input_annotated_pages": ("input_pages",),
    "requests": (),
}
# What must be told where it has a price; a part of it that is not told is none.
_ENDS = (
    "input_tokens",
    "output_tokens",
    "search_units",
    "input_pages",
    "input_characters",
    "output_images",
    "output_video_seconds",
)
_SPEECH = "input_audio_seconds"
_SEARCHES = ("web_searches", "file_searches")
BATCH: Final = "batch"
"""The service tier of what is worked off when there is time for it."""
_COUNTS: Final[Mapping[str, Callable[[Usage], int | None]]] = {
    "input_tokens": attrgetter("all_input_tokens"),
    "requests": lambda usage: usage.answers or 1,
}
"""How a unit is counted that is no field of `Usage` by its name."""
UNITS = tuple(_PARENTS)
"""What can be priced: fields of `Usage`, and what is counted out of them."""


class Rate(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """Atto-dollars for one `unit`. `steps` are pairs: above so many input tokens, this rate for all. Some is charged as
    `least` of it, if it is less.
    """

    unit: str
    base: int
    steps: tuple[tuple[int, int], ...] = ()
    least: int = 0


class When(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """From an instant on (Unix µs), or daily between two times (seconds since midnight, UTC)."""

    since_us: int = 0
    from_second: int = 0
    to_second: int = 0

    def holds(self, when_us: int) -> bool:
        if when_us < self.since_us:
            return False
        if self.from_second == self.to_second:
            return True
        second = when_us // _US_PER_SECOND % _SECONDS_PER_DAY
        if self.to_second < self.from_second:
            return second >= self.from_second or second < self.to_second
        return self.from_second <= second < self.to_second


class Prices(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Rates and when they hold; None is always. A `tier` names the service tier they are for, or the variant."""

    rates: tuple[Rate, ...]
    when: When | None = None
    tier: str = ""


class _Line(msgspec.Struct, frozen=True, gc=False):
    """One rate, ready. `count` reads a usage; `within` are the places of the narrower units, which come before it.

    `is_end`: it charges what went in or came out, and so must be told; `is_speech`: what went in where no tokens did.
    """

    unit: str
    count: Callable[[Usage], int | None]
    base: int
    steps: tuple[tuple[int, int], ...]
    within: tuple[int, ...]
    is_end: bool
    is_speech: bool


class _Period(NamedTuple):
    when: When | None
    rates: tuple[Rate, ...]
    lines: tuple[_Line, ...]


class Rates:
    """The prices of one model, and where they are from. Immutable."""

    __slots__ = ("_apart", "_counts_apart", "_halves_batches", "_periods", "_tiers", "source")

    def __init__(
        self,
        prices: Sequence[Prices],
        source: str,
        apart: Set[str] = frozenset(),
        *,
        halves_batches: bool = False,
    ) -> None:
        """Of several that hold at a time the last counts, and the first if none does.

        A service tier's prices go before those, unit by unit, the first that hold before the later ones. Counts of
        what is `apart` have no price where they have none of their own. `halves_batches`: where a batch has no prices
        of its own, it costs half. Raises ValueError where none is for the standard tier.
        """
        self.source = source
        self._apart = tuple(sorted(apart))
        self._counts_apart = attrgetter(*self._apart) if len(self._apart) > 1 else None
        self._halves_batches = halves_batches
        self._periods = tuple(
            _Period(one.when, one.rates, _lines(one.rates)) for one in reversed(prices) if not one.tier
        )
        if not self._periods:
            raise ValueError("no standard prices")
        self._tiers = tuple(one for one in prices if one.tier)

    def cost(self, usage: Usage | None, when_us: int) -> Bill | None:
        """The cost of a call that began at `when_us` (Unix µs); None where a priced count is unknown."""
        period = self._period(when_us)
        if usage is None:
            usage = _NO_USAGE
        lines = period.lines
        tier = usage.service_tier or usage.variant
        if tier is not None:
            lines = self._tier_lines(period, tier, when_us)
        if self._counts_apart is not None and any(self._counts_apart(usage)):
            told_apart = [unit for unit in self._apart if getattr(usage, unit)]
            if not all(_is_priced(unit, lines) for unit in told_apart):
                return None
        charges = _charges(lines, usage)
        return None if charges is None else Bill(self.source, charges)

    def base(self, unit: str, when_us: int) -> int | None:
        """What one of a unit costs at first, in atto-dollars; None where it has no price of its own."""
        return next((rate.base for rate in self._period(when_us).rates if rate.unit == unit), None)

    def _period(self, when_us: int) -> _Period:
        for one in self._periods:
            if one.when is None or one.when.holds(when_us):
                return one
        return self._periods[-1]

    def _tier_lines(self, period: _Period, tier: str, when_us: int) -> tuple[_Line, ...]:
        rates: dict[str, Rate] = {}
        for prices in self._tiers:
            if prices.tier == tier and (prices.when is None or prices.when.holds(when_us)):
                rates = {rate.unit: rate for rate in prices.rates} | rates
        if not rates:
            return (
                _lines(map(_half, period.rates)) if tier == BATCH and self._halves_batches else period.lines
            )
        return _lines(({rate.unit: rate for rate in period.rates} | rates).values())


def _is_priced(unit: str, lines: Sequence[_Line]) -> bool:
    """Whether a count has a price of its own; speech may be charged by its length."""
    return any(line.unit == unit or (line.is_speech and unit == "input_audio_tokens") for line in lines)


def _half(rate: Rate) -> Rate:
    """Searches on the way cost what they always do."""
    if rate.unit in _SEARCHES:
        return rate
    steps = tuple((start, above // 2) for start, above in rate.steps)
    return Rate(rate.unit, rate.base // 2, steps, rate.least)


def _counting(rate: Rate) -> Callable[[Usage], int | None]:
    count = _COUNTS.get(rate.unit) or attrgetter(rate.unit)
    if not rate.least:
        return count

    def at_least(usage: Usage) -> int | None:
        number = count(usage)
        return None if number is None else max(number, rate.least)

    return at_least


_NO_USAGE = Usage()


def _lines(rates: Iterable[Rate]) -> tuple[_Line, ...]:
    """The narrowest units first."""
    ordered = sorted(rates, key=lambda rate: -len(_PARENTS[rate.unit]))
    return tuple(
        _Line(
            rate.unit,
            _counting(rate),
            rate.base,
            rate.steps,
            tuple(at for at, narrow in enumerate(ordered) if rate.unit in _PARENTS[narrow.unit]),
            is_end=rate.base != 0 and rate.unit in (*_ENDS, _SPEECH),
            is_speech=rate.base != 0 and rate.unit == _SPEECH,
        )
        for rate in ordered
    )


def _charges(lines: Sequence[_Line], usage: Usage) -> tuple[Charge, ...] | None:
    if not lines:
        return None
    tokens_in = usage.all_input_tokens
    counted: dict[int, int] = {}  # what lines have to themselves, by their places
    charges: list[Charge] = []
    for place, line in enumerate(lines):
        count = line.count(usage)
        if not count:
            if line.is_end and count is None and (tokens_in is None or not line.is_speech):
                return None
            continue
        for narrower in line.within:
            count -= counted.get(narrower, 0)
        if count <= 0:  # parts that are more than the whole: the vendor's mistake
            continue
        counted[place] = count
        rate = line.base
        if line.steps and (size := usage.input_of_each) is not None:
            for start, above in line.steps:
                if size > start:
                    rate = above
        charges.append(Charge(line.unit, count, rate))
    return tuple(charges)
