"""Prices: what models and products cost by the lists in force, whose price that is, and of when.

One provider at a time: the lists have thousands of models. What prices mean is in `pricing/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from penstock.management.resources import Resources
from penstock.pages.dashboard.page import Visit, need, page, pages
from penstock.pricing import parallel_prices as card
from penstock.pricing.call_cost import PARALLEL
from penstock.pricing.price_book import PriceBook
from penstock.pricing.rates import UNITS
from penstock.pricing.units import rate_to_usd, to_usd
from penstock.providers.registry import BUILT_IN

_MOST: Final = 300  # rows
_MILLION: Final = 1_000_000
_COLUMNS: Final = ("input_tokens", "input_cached_tokens", "output_tokens")
_OTHERS: Final = tuple(unit for unit in UNITS if unit not in _COLUMNS)
_PRODUCTS: Final[Mapping[str, tuple[str, Mapping[str, int]]]] = {
    "task": ("a run", card.TASK),
    "search": ("a search", card.SEARCH),
    "extract": ("an address", {"": card.EXTRACT_URL}),
    "findall": ("a run", card.FINDALL_RUN),
    "findall match": ("a match", card.FINDALL_MATCH),
    "responses": ("a response", card.RESPONSES),
    "chat": ("a chat", card.CHAT),
    "monitor": ("an execution", card.MONITOR_EXECUTION),
}


class Price(msgspec.Struct, frozen=True):
    """US dollars for a million tokens, and what else costs something, in words. `own` is the operator's."""

    model: str
    input: float | None
    cached: float | None
    output: float | None
    others: str
    source: str
    own: bool


class Prices(msgspec.Struct, frozen=True):
    """Those of one provider; `more` were left out. `file` is the operator's list."""

    provider: str
    providers: tuple[str, ...]
    search: str
    prices: tuple[Price, ...]
    more: int
    file: str


@page("/accounts/{account}/prices", "prices.html", permission="read", title="Prices")
def prices(resources: Resources, visit: Visit) -> Prices:
    """What a provider's models cost now."""
    need(visit, "read")
    book = resources.prices().full()
    known = [one.slug for one in BUILT_IN if one.slug == PARALLEL or book.models(one.slug)]
    wanted, search = visit.given("provider"), visit.given("search").strip()[:100]
    provider = wanted if wanted in known else next(iter(known), "")
    found = _of_parallel() if provider == PARALLEL else _listed(book, provider, visit.now_us)
    fitting = [one for one in found if search.casefold() in one.model.casefold()]
    file = resources.settings.pricing.file or ""
    return Prices(
        provider, tuple(known), search, tuple(fitting[:_MOST]), max(0, len(fitting) - _MOST), str(file)
    )


def _listed(book: PriceBook, provider: str, now_us: int) -> Iterator[Price]:
    for model in book.models(provider):
        rates = book.rates(provider, model)
        if rates is None:
            continue
        base = {unit: rates.base(unit, now_us) for unit in UNITS}
        million = {unit: None if atto is None else _usd(atto, _MILLION) for unit, atto in base.items()}
        others = [f"{unit} {_each(unit, atto)}" for unit in _OTHERS if (atto := base[unit])]
        is_own = book.override(provider, model) is not None
        first, cached, last = (million[unit] for unit in _COLUMNS)
        yield Price(model, first, cached, last, ", ".join(others), rates.source, is_own)


def _of_parallel() -> Iterator[Price]:
    for product, (each, table) in _PRODUCTS.items():
        for name, nano in table.items():
            title = f"{product} {name}".strip()
            yield Price(title, None, None, None, f"${to_usd(nano):g} {each}", card.SOURCE, own=False)


def _each(unit: str, atto: int) -> str:
    """Of tokens a million, of all else one."""
    if unit.endswith("_tokens"):
        return f"${_usd(atto, _MILLION):g} a million"
    return f"${_usd(atto, 1):g} each"


def _usd(atto: int, count: int) -> float:
    return float(rate_to_usd(atto) * count)


PAGES = pages(prices)
