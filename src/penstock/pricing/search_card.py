"""What a search costs by its vendor's list, in nano-dollars: by the kind of search, and what the answer tells.

Pure. Which kinds there are and what they cost is in `search_prices.py`; what a vendor says that it charges goes before
(`call_cost.py`), and so do prices of the operator's.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.pricing.bill import Bill, Charge, charge, total
from penstock.pricing.search_prices import PRICES, SearchPrice
from penstock.wire.usage_counts import Usage

_UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeError)
_MOST_RESULTS: Final = 100  # that any of them gives for one request
_to_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_to_count = msgspec.json.Decoder(int).decode


def search_bill(provider: str, model: str | None, usage: Usage | None) -> Bill | None:
    """The cost of an answered search; None where the list does not say. `provider` is a slug."""
    prices, price = _found(provider, model)
    if prices is None or price is None:
        return None
    results = None if usage is None else usage.results
    units = None if usage is None else usage.search_units
    if prices.counted and units is not None:
        return Bill(_source(prices), (charge("credits", units, prices.unit),))
    return Bill(_source(prices), _charges(prices, price, results or 0))


def search_source(provider: str, model: str | None) -> str | None:
    """Whose list a search goes by; None where it is on none."""
    prices, price = _found(provider, model)
    return None if prices is None or price is None else _source(prices)


def search_highest(provider: str, model: str | None, request: bytes) -> int | None:
    """The most that a search may cost before there is an answer, by how many results it asks for."""
    prices, price = _found(provider, model)
    if prices is None or price is None:
        return None
    return total(_charges(prices, price, _wanted(prices, request)))


def _found(provider: str, model: str | None) -> tuple[SearchPrice | None, int | None]:
    prices = PRICES.get(provider)
    if prices is None or not model:
        return None, None
    return prices, prices.table.get(model.removeprefix(f"{provider}/"))


def _source(prices: SearchPrice) -> str:
    return f"{prices.source} {prices.as_of}"


def _charges(prices: SearchPrice, price: int, results: int) -> tuple[Charge, ...]:
    first = charge("requests", 1, price)
    more = results - prices.included
    if more <= 0 or not prices.per_result:
        return (first,)
    return first, charge("results", more, prices.per_result)


def _wanted(prices: SearchPrice, request: bytes) -> int:
    if not prices.wanted or not request:
        return 0
    try:
        raw = _to_members(request).get(prices.wanted)
        count = 0 if raw is None else _to_count(raw)
    except _UNREADABLE:
        count = _MOST_RESULTS
    return min(max(count, 0), _MOST_RESULTS)
