"""Which models there are, as far as price lists tell: what a gateway can list without asking any provider.

The large table is read when somebody first asks, which may take seconds: not in an event loop. A list that has a
model need not be one that a key of the operator's may call, and what no list has may be called all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from threading import Lock

import msgspec

from penstock.pricing.model_limits import limits
from penstock.pricing.parallel_prices import CHAT
from penstock.pricing.price_book import PriceBook
from penstock.pricing.units import ATTO_PER_NANO, rate_to_usd

_BESIDE = {"parallel": CHAT}
_PRICES = {
    "prompt": "input_tokens",
    "completion": "output_tokens",
    "input_cache_read": "input_cached_tokens",
    "input_cache_write": "input_cache_write_tokens",
    "request": "requests",
}


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model: tokens, and USD for one of a thing as decimal text, by OpenRouter's names of things."""

    context: int | None = None
    output: int | None = None
    prices: dict[str, str] = {}


class KnownModels:
    """The names of models by provider. May be asked by several threads."""

    def __init__(self, load: Callable[[], PriceBook] | None = None) -> None:
        """`load` reads the prices; without it only those are known that are in the program."""
        self._load = load
        self._book: PriceBook | None = None
        self._found: dict[str, tuple[str, ...]] = {}
        self._lock = Lock()

    def of(self, provider: str) -> tuple[str, ...]:
        """Those of a provider (a slug), without it in front: the operator's own first."""
        with self._lock:
            found = self._found.get(provider)
            if found is None:
                found = self._found[provider] = self._look(provider)
            return found

    def facts(self, provider: str, model: str, when_us: int) -> ModelFacts:
        """Of one that `of` gave, at an instant (Unix µs): prices are of the standard tier, below all steps."""
        with self._lock:
            known, book = limits(provider, model), self._book
            window = None if book is None else book.context(provider, model)
            return ModelFacts(
                context=window or known.context,
                output=known.output,
                prices=self._prices(provider, model, when_us),
            )

    def _prices(self, provider: str, model: str, when_us: int) -> dict[str, str]:
        rates = None if self._book is None else self._book.rates(provider, model)
        if rates is None:
            beside = _BESIDE.get(provider, {}).get(model)
            return {} if beside is None else {"request": _text(rate_to_usd(beside * ATTO_PER_NANO))}
        bases = ((name, rates.base(unit, when_us)) for name, unit in _PRICES.items())
        return {name: _text(rate_to_usd(base)) for name, base in bases if base is not None}

    def _look(self, provider: str) -> tuple[str, ...]:
        if self._book is None and self._load is not None:
            self._book = self._load()
        priced = [] if self._book is None else self._book.models(provider)
        return tuple(dict.fromkeys((*priced, *_BESIDE.get(provider, ()))))


def _text(usd: Decimal) -> str:
    return f"{usd.normalize():f}"
