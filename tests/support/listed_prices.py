"""The packaged prices of language models, and some of an operator's own, for whoever prices calls in a test."""

from __future__ import annotations

import tomllib

from penstock.pricing import compile_llm_prices
from penstock.pricing.overrides import parse_overrides
from penstock.pricing.price_book import PriceBook
from penstock.pricing.price_table import PriceTable
from penstock.settings.layers import Layer

TABLE = PriceTable(compile_llm_prices.compiled())


class Listed:
    """The packaged prices, and some of the operator's."""

    def __init__(self, text: str = "") -> None:
        own = parse_overrides(Layer(tomllib.loads(text), path="prices.toml", text=text))
        self.own = PriceBook(None, own)
        self._full = PriceBook(TABLE, own)

    def full(self) -> PriceBook:
        """All of them."""
        return self._full
