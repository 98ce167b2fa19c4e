"""What a call will cost at most, or nearly: what a spend limit sets aside before it is made (Cloudflare 3.8).

A guess from the request alone, on the high side for text: four bytes a token go in, and all comes out that was
asked for. Pure. What the call then really costs is in `call_cost.py`.
"""

from __future__ import annotations

import re

from penstock.pricing.call_cost import PARALLEL, call_cost
from penstock.pricing.custom_cost import CustomCost
from penstock.pricing.parallel_card import parallel_highest
from penstock.pricing.price_book import PriceBook
from penstock.pricing.search_card import search_highest
from penstock.pricing.search_prices import PRICES as SEARCHED
from penstock.wire.usage import Usage
from penstock.wire.usage_counts import with_units

UNSAID_OUTPUT_TOKENS = 1024
"""Of a request that sets no limit to its answer, where what it did use will never be known."""

FIRST_GUESS_TOKENS = 256
"""Of such a request, before it is sent and while nothing is known of the model's answers."""

_BYTES_PER_TOKEN = 4

# What bounds an answer by any vendor's name for it, at any depth, and how many answers there are to be.
_OUTPUT = re.compile(
    rb'"(?:max_(?:completion_|output_|new_)?tokens(?:_to_sample)?|maxoutputtokens|maxtokens)"\s*:\s*"?([0-9]{1,15})'
)
_ANSWERS = re.compile(rb'"(?:n|best_of|candidatecount)"\s*:\s*"?([0-9]{1,15})')
_MOST_TOKENS, _MOST_ANSWERS = 10_000_000, 1000
_LOOKED_AT = 128 * 1024  # bytes, at either end of a body: what is hidden between costs more for its length


def estimate(
    book: PriceBook,
    provider: str,
    path_tail: str,
    model: str | None,
    request_body: bytes,
    custom: CustomCost | None,
    when_us: int,
    unsaid: int = UNSAID_OUTPUT_TOKENS,
    units: Usage | None = None,
) -> int | None:
    """Nano-dollars to set aside; None where the price is unknown. Arguments as those of `call_cost`, the tokens of an
    answer whose length is `unsaid`, and `likely_units`.
    """
    if provider == PARALLEL and custom is None and book.override(provider, model) is None:
        return parallel_highest(path_tail, request_body)
    if provider in SEARCHED and custom is None and book.override(provider, model) is None:
        searched = search_highest(provider, model, request_body)
        if searched is not None:
            return searched
    is_guessed = custom is not None or provider != PARALLEL
    usage = with_units(units, guessed_usage(path_tail, request_body, unsaid=unsaid)) if is_guessed else None
    priced = call_cost(book, provider, path_tail, model, request_body, usage, custom, when_us)
    return None if priced is None else priced.nano


def guessed_usage(
    path_tail: str,
    request_body: bytes,
    least_output: int = 0,
    size: int = 0,
    unsaid: int = UNSAID_OUTPUT_TOKENS,
) -> Usage:
    """The tokens that a request may use. Embeddings are not generated: nothing comes out.

    `least_output` has come out already; `size` is that of a body that cannot be read.
    """
    tokens_in = -(-(len(request_body) or size) // _BYTES_PER_TOKEN)
    if "embed" in path_tail.lower():
        return Usage(tokens_in, 0)
    return Usage(tokens_in, max(_asked_output(request_body, unsaid), least_output))


def _asked_output(request_body: bytes, unsaid: int) -> int:
    """The most that any reader may take it to ask for: a bound that is there twice, or by two names, is the higher."""
    if len(request_body) > 2 * _LOOKED_AT:
        request_body = request_body[:_LOOKED_AT] + request_body[-_LOOKED_AT:]
    lowered = request_body.lower()
    tokens = _largest(_OUTPUT, lowered, (b'"max',), _MOST_TOKENS)
    answers = _largest(_ANSWERS, lowered, (b'"n"', b'"best_of"', b'"candidatecount"'), _MOST_ANSWERS)
    return (tokens or unsaid) * (answers or 1)


def _largest(pattern: re.Pattern[bytes], body: bytes, begins: tuple[bytes, ...], most: int) -> int:
    """0 where there is none; what nobody would take is none either. `begins`: how what the pattern finds begins."""
    largest = 0
    for begin in begins:
        place = body.find(begin)
        while place >= 0:
            found = pattern.match(body, place)
            if found is not None and largest < (number := int(found[1])) <= most:
                largest = number
            place = body.find(begin, place + 1)
    return largest
