"""What a finished call costs: the one place that knows which prices go before which.

First what the caller said, then the operator's own prices, then Parallel's card, then what the provider says that it
charges, then the price lists of other searches, then the price book (Cloudflare 3.19, Parallel 3, search and runs A7).
Pure. Whether a call is charged at all (it succeeded, it
was no cache hit) is for the caller to know.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

from penstock.pricing.bill import Bill, charge
from penstock.pricing.custom_cost import CustomCost, custom_charges
from penstock.pricing.parallel_card import card_source, is_until_its_end, parallel_bill
from penstock.pricing.price_book import PriceBook
from penstock.pricing.search_card import search_bill, search_source
from penstock.pricing.search_prices import PRICES as SEARCHED
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.wire.usage import Usage

CUSTOM = "cf-aig-custom-cost"
"""The source of a price that the caller said."""

PARALLEL = "parallel"

LOCAL = "local"
"""The source of the price of what this machine's own engine has answered: nothing."""

_BY_ESTIMATE = ", tokens estimated"
"""Ends the source of a price where it is multiplied by tokens that nobody told."""

_REPORTERS = frozenset({"exa", "grok", "openrouter", "perplexity-ai"})
"""Who says in an answer what it charges for it, by its own papers. Whom an operator has added is believed as well."""


def call_cost(
    book: PriceBook,
    provider: str,
    path_tail: str,
    model: str | None,
    request_body: bytes | None,
    usage: Usage | None,
    custom: CustomCost | None,
    when_us: int,
    *,
    is_local: bool = False,
) -> Bill | None:
    """The cost of an answered call, or None where it is unknown.

    `provider` is a slug; `path_tail` what follows it in the path; `model` the one asked for, or the one that
    answered, with or without `provider/` before it; `request_body` is plain JSON, None where it is not at hand
    as a whole (it is looked at for Parallel alone, where an empty one means reading); `when_us` is the call's
    beginning (Unix µs); `is_local`: this machine's own engine answered. A caller's rates that come to nothing,
    because no tokens are known, are not replaced; what is estimated of a usage is nothing to them. Where a price goes
    by what is estimated, its source says so.
    """
    if usage is not None and usage.is_estimated:
        price = partial(call_cost, book, provider, path_tail, model, request_body, is_local=is_local)
        return _by_estimate(price, usage, custom, when_us)
    if custom is not None:
        if usage is not None and usage.unreadable and custom.total is None:
            return None
        charges = custom_charges(custom, usage)
        return None if charges is None else Bill(CUSTOM, charges)
    reported = None if usage is None else usage.reported_nano_usd
    if reported is not None and not is_believed(provider):
        reported = None
    is_special = is_local or reported is not None or provider == PARALLEL
    if is_special and book.override(provider, model) is None:
        if is_local:
            return Bill(LOCAL, ())
        if reported is None:
            return parallel_bill(path_tail, request_body, usage)
        return Bill(reported_by(provider), (charge("as reported", 1, reported),))
    if provider in SEARCHED and book.override(provider, model) is None:
        searched = search_bill(provider, model, usage)
        if searched is not None:
            return searched
    if usage is not None and usage.unreadable and None not in (usage.input_tokens, usage.output_tokens):
        return None  # it comes on top of both
    return book.cost(provider, model, usage, when_us)


def _by_estimate(
    price: Callable[[Usage | None, CustomCost | None, int], Bill | None],
    usage: Usage,
    custom: CustomCost | None,
    when_us: int,
) -> Bill | None:
    """The price of a usage of which some is estimated; of what is not, where that is the same, or the caller's."""
    exact = price(usage.told if usage.told.tells_something else None, custom, when_us)
    if custom is not None:
        return exact
    bill = price(usage.unmarked, None, when_us)
    if bill is None or (exact is not None and exact.nano == bill.nano):
        return bill
    return Bill(bill.source + _BY_ESTIMATE, bill.charges)


def is_by_estimate(source: str | None) -> bool:
    """Whether a price of this source was multiplied by tokens that nobody told."""
    return source is not None and source.endswith(_BY_ESTIMATE)


@lru_cache(maxsize=256)  # asked of every call, and there are few
def is_estimate(source: str | None) -> bool:
    """Whether a price of this source is not certain: it goes by such tokens, or a run is still to come to its end."""
    return is_by_estimate(source) or is_until_its_end(source)


def price_source(
    book: PriceBook, provider: str, path_tail: str, model: str | None, usage: Usage | None
) -> str | None:
    """Whose prices a call of these goes by, unless the caller said some."""
    if book.override(provider, model) is None:
        if provider == PARALLEL:
            return card_source(path_tail)
        if usage is not None and usage.reported_nano_usd is not None and is_believed(provider):
            return reported_by(provider)
        if (source := search_source(provider, model)) is not None:
            return source
    rates = book.rates(provider, model)
    return None if rates is None else rates.source


def reported_by(provider: str) -> str:
    """The source of what a provider says that it charges."""
    return f"reported by {provider}"


def is_believed(provider: str) -> bool:
    """Whether a number in a provider's answer that is called a cost is one, in dollars."""
    return provider in _REPORTERS or provider.startswith(CUSTOM_PREFIX)
