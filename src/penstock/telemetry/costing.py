"""What a call has cost, as the ledger remembers it (Cloudflare 3.19).

An answer from a store costs nothing, a call that failed neither; what cannot be told stays unknown. Prices are
looked up in `pricing/`; the large table is asked for only where tokens are to be priced.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from penstock.pricing.call_cost import CUSTOM, call_cost
from penstock.pricing.custom_cost import parse_custom_cost
from penstock.pricing.price_book import PriceBook
from penstock.telemetry.record import CallRecord, Outcome
from penstock.wire.content_encoding import plain
from penstock.wire.usage import Usage

_HEADER = "cf-aig-custom-cost"


class Prices(Protocol):
    """Where prices come from."""

    @property
    def own(self) -> PriceBook:
        """The operator's own prices."""

    def full(self) -> PriceBook:
        """With the language models' prices; may have to read, or to make, their table."""


class NoPrices:
    """Knows the cards that need no table."""

    own = PriceBook(None, {})

    def full(self) -> PriceBook:
        """The same."""
        return self.own


class Cost(NamedTuple):
    """Nano-dollars, None for unknown; whose price it was."""

    nano: int | None
    source: str | None
    custom: bool


UNKNOWN = Cost(None, None, custom=False)


def cost_of(
    record: CallRecord, request: bytes, model: str | None, usage: Usage | None, prices: Prices
) -> Cost:
    """The cost of a call by its record, its request and what the answer says was used."""
    if record.cached:
        return Cost(0, "cache", custom=False)
    if not (200 <= record.status < 300 and (record.outcome == Outcome.COMPLETE or record.whole)):
        return UNKNOWN
    header = record.controls.get(_HEADER)
    custom = None if header is None else parse_custom_cost(header.encode("latin-1"))
    if not record.bodies and record.cost is not None:
        return Cost(record.cost, CUSTOM if custom is not None else None, custom is not None)
    lost = record.request_cut or not record.bodies
    body = None if lost else plain(request, record.request_encoding)
    priced = call_cost(
        prices.own if usage is None or custom is not None else prices.full(),
        record.provider,
        record.path.partition("?")[0],
        model,
        body,
        usage,
        custom,
        record.created_us,
    )
    return UNKNOWN if priced is None else Cost(priced.nano, priced.source, priced.source == CUSTOM)
