"""Rows and prices for the tests of repricing and explaining."""

from __future__ import annotations

import tomllib

import msgspec

from penstock.pricing.overrides import parse_overrides
from penstock.pricing.price_book import PriceBook
from penstock.settings.layers import Layer
from penstock.stores.ledger import CallRow

ROW = CallRow(
    1, "0199c8ff-1000-7000-8000-00000000beef", "0199c8ff-1000-7000-8000-00000000beef", 1_760_000_000_000_000,
    "acc", "main", "openai", "openai/gpt", "text generation", "chat", "POST", "chat/completions?x=1", 200,
    "complete", True, False, 0, False, True, 250_000, 90_000, 1000, 100,
    {"input_tokens": 1000, "output_tokens": 100}, 3_000_000, "prices.toml", False, 1, "", "", "", "", 60, 400,
    "application/json", "application/json", "", "", "tests", {}, {}, None, None, None, "", (),
)  # fmt: skip


def row(**changes: object) -> CallRow:
    """A call of 1000 tokens in and 100 out, which has cost 0.003 USD."""
    return msgspec.structs.replace(ROW, **changes)


class Listed:
    """Prices out of the text of a prices' file."""

    def __init__(self, text: str = "", source: str = "prices.toml") -> None:
        self.own = PriceBook(None, parse_overrides(Layer(tomllib.loads(text), path=source, text=text)))

    def full(self) -> PriceBook:
        """The same."""
        return self.own


OLD = Listed('["openai/gpt"]\ninput = 2\noutput = 10\n')
NEW = Listed(
    '["openai/gpt"]\ninput = 1\noutput = 10\ncache_read = 0.5\n["openai/new"]\ninput = 1\noutput = 1\n'
)
