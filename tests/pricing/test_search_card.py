"""What searches cost by their vendors' public lists (search and runs A7)."""

from __future__ import annotations

import pytest

from penstock.pricing.call_cost import call_cost, price_source
from penstock.pricing.estimate import estimate
from penstock.pricing.price_book import PriceBook
from penstock.pricing.rates import Prices, Rate, Rates
from penstock.pricing.search_prices import PRICES
from penstock.pricing.units import to_nano, to_rate
from penstock.providers.registry import as_shipped
from penstock.wire.usage import Usage

EMPTY = PriceBook(None, {})
OWN = PriceBook(None, {"exa/*": Rates([Prices((Rate("requests", to_rate("0.5")),))], "prices.toml")})


def cost(provider: str, model: str | None, usage: Usage | None = None, book: PriceBook = EMPTY) -> int | None:
    bill = call_cost(book, provider, "search", model, b"{}", usage, None, 0)
    return None if bill is None else bill.nano


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("exa", "search-lite", "0.004"),
        ("exa", "search-auto", "0.007"),
        ("exa", "exa/search-auto", "0.007"),
        ("exa", "search-instant", "0.004"),
        ("exa", "search-deep", "0.012"),
        ("exa", "search-deep-reasoning", "0.015"),
        ("tavily", "search-basic", "0.008"),
        ("tavily", "search-advanced", "0.016"),
        ("brave", "search-web", "0.005"),
        ("brave", "search-llm-context", "0.005"),
        ("perplexity-ai", "search-web", "0.005"),
        ("perplexity-ai", "search-fast", "0.001"),
    ],
)
def test_a_search_costs_what_its_vendor_lists(provider: str, model: str, usd: str) -> None:
    assert cost(provider, model) == to_nano(usd)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("exa", "search-keyword"),
        ("exa", "contents"),
        ("exa", None),
        ("tavily", "extract"),
        ("brave", "search-other"),
        ("perplexity-ai", "search-people"),
        ("openai", "search-auto"),
    ],
)
def test_what_is_on_no_list_is_unknown(provider: str, model: str | None) -> None:
    assert cost(provider, model) is None


def test_results_beyond_those_included_cost_more() -> None:
    assert cost("exa", "search-auto", Usage(results=10)) == to_nano("0.007")
    assert cost("exa", "search-auto", Usage(results=25)) == to_nano("0.022")
    assert cost("brave", "search-web", Usage(results=25)) == to_nano("0.005")


def test_credits_go_before_the_table() -> None:
    assert cost("tavily", "search-basic", Usage(search_units=3)) == to_nano("0.024")
    assert cost("tavily", "search-advanced", Usage(search_units=0)) == 0


def test_what_the_answer_says_that_it_costs_goes_before_the_list() -> None:
    usage = Usage(results=3, reported_nano_usd=to_nano("0.0123"))
    assert cost("exa", "search-auto", usage) == to_nano("0.0123")
    assert price_source(EMPTY, "exa", "search", "search-auto", usage) == "reported by exa"


def test_others_are_not_believed() -> None:
    assert cost("brave", "search-web", Usage(reported_nano_usd=1)) == to_nano("0.005")


def test_the_operators_own_price_goes_before_all() -> None:
    usage = Usage(reported_nano_usd=1)
    assert cost("exa", "search-auto", usage, OWN) == to_nano("0.5")
    assert estimate(OWN, "exa", "search", "search-auto", b"{}", None, 0) == to_nano("0.5")


@pytest.mark.parametrize(
    ("body", "usd"),
    [
        (b'{"numResults":10}', "0.007"),
        (b'{"numResults":25}', "0.022"),
        (b'{"numResults":1000000}', "0.097"),
        (b'{"numResults":-5}', "0.007"),
        (b'{"numResults":"5"}', "0.097"),
        (b"{}", "0.007"),
        (b"", "0.007"),
        (b"{", "0.097"),
    ],
)
def test_before_an_answer_it_is_the_most_that_it_may_be(body: bytes, usd: str) -> None:
    assert estimate(EMPTY, "exa", "search", "search-auto", body, None, 0) == to_nano(usd)


def test_every_list_says_where_it_is_from_and_when_it_was_read() -> None:
    for slug, prices in PRICES.items():
        assert as_shipped(slug) is not None
        assert "." in prices.source
        assert prices.as_of.startswith("2026-")
        assert (
            price_source(EMPTY, slug, "", next(iter(prices.table)), None) == f"{prices.source} {prices.as_of}"
        )
        assert EMPTY.knows(slug)


def test_every_kind_of_search_on_a_list_is_one_that_can_be_asked() -> None:
    for slug, prices in PRICES.items():
        provider = as_shipped(slug)
        assert provider is not None
        for model in prices.table:
            kind = model.removeprefix("search-")
            assert any(way.name_of(kind) == kind for way in provider.speech.search), model
