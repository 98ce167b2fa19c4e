"""An operator's own prices: what `prices.toml` says, as rates, or all that is wrong with it.

A table for each `"provider/model"`, in USD. Pure: the file is read in `loading.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated

import msgspec
from msgspec import Meta

from penstock.pricing.rates import Prices, Rate, Rates
from penstock.pricing.supplement import HALF_FOR_BATCHES
from penstock.pricing.units import to_rate
from penstock.settings.check import ConfigError, Problem
from penstock.settings.layers import Layer
from penstock.settings.toml_position import lines, nearest_line
from penstock.settings.value_types import Table
from penstock_common.check import FieldError, findings

ModelName = Annotated[
    str,
    Meta(pattern=r"^[^/\s]+/[^\s]+\Z", description='"provider/model", or "provider/*" for all its models'),
]
Usd = Annotated[float, Meta(ge=0, le=1_000_000)]

_PER = 1_000_000
_UNITS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "input_cached_tokens",
    "cache_write": "input_cache_write_tokens",
}


class PriceEntry(Table, frozen=True, kw_only=True):
    """USD for a million tokens, and for a request. Cached tokens without a price are input like any other."""

    input: Usd | None = None
    output: Usd | None = None
    cache_read: Usd | None = None
    cache_write: Usd | None = None
    request: Usd | None = None

    def __post_init__(self) -> None:
        if all(getattr(self, name) is None for name in self.__struct_fields__):
            raise FieldError("", "there is no price in it")
        for name in ("cache_read", "cache_write"):
            if self.input is None and getattr(self, name) is not None:
                raise FieldError(name, "cached tokens need a price of `input` beside their own")


OwnPrices = Mapping[ModelName, PriceEntry]


def parse_overrides(layer: Layer) -> dict[str, Rates]:
    """Rates by `provider/model`; their source is the file's name. Raises ConfigError with all that is wrong."""
    wrong = list(findings(layer.values, OwnPrices))
    if wrong:
        places = lines(layer.text)
        raise ConfigError([Problem(layer.path, nearest_line(places, one.path), one.reason) for one in wrong])
    source = PurePath(layer.path or "").name
    entries = msgspec.convert(layer.values, dict[str, PriceEntry])
    return {
        name: Rates(
            [Prices(_rates(entry))], source, halves_batches=name.partition("/")[0] in HALF_FOR_BATCHES
        )
        for name, entry in entries.items()
    }


def _rates(entry: PriceEntry) -> tuple[Rate, ...]:
    usd = {unit: getattr(entry, field) for field, unit in _UNITS.items()}
    rates = [Rate(unit, to_rate(price, _PER)) for unit, price in usd.items() if price is not None]
    if entry.request is not None:
        rates.append(Rate("requests", to_rate(entry.request)))
    return tuple(rates)
