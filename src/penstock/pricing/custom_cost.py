"""Prices that a caller sends along: `cf-aig-custom-cost` (Cloudflare 2.1, 3.19).

They take the place of every price list for their request. A malformed header is ignored as a whole
(Cloudflare 2.4). Pure.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from penstock.pricing.bill import Charge, charge, total
from penstock.pricing.units import to_nano, to_rate
from penstock.wire.usage import Usage

_MAX_HEADER_BYTES = 1024

# More than anybody's price, and still far from what whole numbers of a store can hold.
_PerToken = Annotated[float, msgspec.Meta(ge=0, le=1000)]
_PerRequest = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]


class _Header(msgspec.Struct, gc=False):
    per_token_in: _PerToken | None = None
    per_token_out: _PerToken | None = None
    per_cache_read_token: _PerToken | None = None
    per_cache_write_token: _PerToken | None = None
    total_cost: _PerRequest | None = None


class CustomCost(msgspec.Struct, frozen=True, gc=False):
    """One caller's rates in atto-dollars per token; `total` is nano-dollars for the request, whatever it used.

    `cache_read` and `cache_write` are both None, or both numbers: one given brings the other.
    """

    token_in: int = 0
    token_out: int = 0
    cache_read: int | None = None
    cache_write: int | None = None
    total: int | None = None


_decode = msgspec.json.Decoder(_Header).decode
_NOTHING = _Header()


def parse_custom_cost(value: bytes) -> CustomCost | None:
    """The header's rates; None for one that is malformed, or says nothing."""
    if len(value) > _MAX_HEADER_BYTES:
        return None
    try:
        header = _decode(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    if header == _NOTHING:
        return None
    token_in = to_rate(header.per_token_in or 0.0)
    cache = header.per_cache_read_token, header.per_cache_write_token
    is_cached_apart = cache != (None, None)
    read, write = (token_in if usd is None else to_rate(usd) for usd in cache)
    return CustomCost(
        token_in,
        to_rate(header.per_token_out or 0.0),
        read if is_cached_apart else None,
        write if is_cached_apart else None,
        None if header.total_cost is None else to_nano(header.total_cost),
    )


def custom_cost(rates: CustomCost, usage: Usage | None) -> int | None:
    """Nano-dollars by a caller's rates; None when they are for tokens and no tokens were told."""
    charges = custom_charges(rates, usage)
    return None if charges is None else total(charges)


def custom_charges(rates: CustomCost, usage: Usage | None) -> tuple[Charge, ...] | None:
    """How that comes about.

    Without cache rates the counts are taken as the provider tells them. With them, cached tokens come out of
    an input count that includes them, and are charged at their own rates (Cloudflare 3.19).
    """
    if rates.total is not None:
        return (charge("requests", 1, rates.total),)
    if usage is None or (usage.input_tokens is None and usage.output_tokens is None):
        return None
    tokens_in = usage.input_tokens or 0
    cached: tuple[Charge, ...] = ()
    if rates.cache_read is not None and rates.cache_write is not None:
        read, written = usage.input_cached_tokens or 0, usage.input_cache_write_tokens or 0
        if not usage.cache_apart:
            tokens_in = max(0, tokens_in - read - written)
        cached = (
            Charge("input_cached_tokens", read, rates.cache_read),
            Charge("input_cache_write_tokens", written, rates.cache_write),
        )
    return (
        Charge("input_tokens", tokens_in, rates.token_in),
        *(one for one in cached if one.amount),
        Charge("output_tokens", usage.output_tokens or 0, rates.token_out),
    )
