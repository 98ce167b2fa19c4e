"""Rows and prices for the tests of repricing and explaining."""

from __future__ import annotations

import tomllib

import msgspec

from penstock.pricing.overrides import parse_overrides
from penstock.pricing.price_book import PriceBook
from penstock.settings.layers import Layer
from penstock.stores.ledger import CallRow

ROW = CallRow(
    arrival=1, id="0199c8ff-1000-7000-8000-00000000beef", event_id="0199c8ff-1000-7000-8000-00000000beef",
    created_us=1_760_000_000_000_000, account="acc", gateway="main", provider="openai", model="openai/gpt",
    model_type="text generation", request_type="chat", method="POST", path="chat/completions?x=1", status_code=200,
    outcome="complete", success=True, cached=False, step=0, compat=False, authenticated=True, duration_us=250_000,
    first_byte_us=90_000, tokens_in=1000, tokens_out=100, cost_nano=3_000_000, price_source="prices.toml",
    usage_metadata={"input_tokens": 1000, "output_tokens": 100}, custom_cost=False, attempts=1, stored_key="",
    token="", user="", team="", request_size=60, response_size=400, request_content_type="application/json",
    response_content_type="application/json", request_encoding="", response_encoding="", user_agent="tests",
    metadata={}, controls={}, feedback=None, score=None, error_code=None, error_detail="", trail=(),
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
