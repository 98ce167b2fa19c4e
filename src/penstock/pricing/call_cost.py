"""What a finished call costs: the one place that knows which prices go before which.

First what the caller said, then the operator's own prices, then Parallel's card, then the price book
(Cloudflare 3.19, Parallel 3). Pure. Whether a call is charged at all (it succeeded, it was no cache hit) is for
the caller to know.
"""

from __future__ import annotations

from penstock.pricing.bill import Bill
from penstock.pricing.custom_cost import CustomCost, custom_charges
from penstock.pricing.parallel_card import card_source, parallel_bill
from penstock.pricing.price_book import PriceBook
from penstock.wire.usage import Usage

CUSTOM = "cf-aig-custom-cost"
"""The source of a price that the caller said."""

PARALLEL = "parallel"


def call_cost(
    book: PriceBook,
    provider: str,
    path_tail: str,
    model: str | None,
    request_body: bytes | None,
    usage: Usage | None,
    custom: CustomCost | None,
    when_us: int,
) -> Bill | None:
    """The cost of an answered call, or None where it is unknown.

    `provider` is a slug; `path_tail` what follows it in the path; `model` the one asked for, or the one that
    answered, with or without `provider/` before it; `request_body` is plain JSON, None where it is not at hand
    as a whole (it is looked at for Parallel alone, where an empty one means reading); `when_us` is the call's
    beginning (Unix µs). A caller's rates that come to nothing, because no tokens are known, are not replaced.
    """
    if custom is not None:
        if usage is not None and usage.unreadable and custom.total is None:
            return None
        charges = custom_charges(custom, usage)
        return None if charges is None else Bill(CUSTOM, charges)
    if provider == PARALLEL and book.override(provider, model) is None:
        return parallel_bill(path_tail, request_body, usage)
    if usage is not None and usage.unreadable and None not in (usage.input_tokens, usage.output_tokens):
        return None  # it comes on top of both
    return book.cost(provider, model, usage, when_us)


def price_source(book: PriceBook, provider: str, path_tail: str, model: str | None) -> str | None:
    """Whose prices a call of these goes by, unless the caller said some."""
    if provider == PARALLEL and book.override(provider, model) is None:
        return card_source(path_tail)
    rates = book.rates(provider, model)
    return None if rates is None else rates.source
