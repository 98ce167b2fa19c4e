"""Whose price counts where a request asks for one model and another one answers. Pure."""

from __future__ import annotations

from penstock.pricing.price_book import PriceBook
from penstock.providers.registry import as_shipped


def is_choice(provider: str, asked: str | None, answered: str | None) -> bool:
    """Whether these are two models: `asked` may have `provider/` before it."""
    if asked is None or answered is None or asked == answered:
        return False
    return asked.removeprefix(f"{provider}/") != answered


def priced_by(book: PriceBook, provider: str, asked: str | None, answered: str | None) -> str | None:
    """The model whose price counts: the one asked for, or the one that answered where that is known to be better.

    A deployment, a router or an alias has no price of its own; at a provider whose customers name their models, any
    name may be theirs.
    """
    if not is_choice(provider, asked, answered):
        return asked or answered
    shipped = as_shipped(provider)
    first, second = (answered, asked) if shipped is not None and shipped.model_is_own else (asked, answered)
    has_none = book.rates(provider, first) is None and book.rates(provider, second) is not None
    return second if has_none else first
