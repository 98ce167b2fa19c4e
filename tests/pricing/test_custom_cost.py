"""Prices that callers send along (Cloudflare 2.1, 3.19)."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.pricing.bill import MOST_NANO
from penstock.pricing.custom_cost import CustomCost, custom_cost, parse_custom_cost
from penstock.wire.usage import Usage

ANTHROPIC = Usage(100, 10, 110, None, 40, 20, cache_apart=True)
OPENAI = Usage(160, 10, 170, None, 40, 20)


def rates(**usd: float | None) -> CustomCost:
    parsed = parse_custom_cost(json.dumps(usd).encode())
    assert parsed is not None
    return parsed


def test_the_contracts_own_example() -> None:
    sent = rates(per_token_in=0.000001, per_token_out=0.000002)
    assert custom_cost(sent, Usage(100, 20)) == 100 * 1_000 + 20 * 2_000


def test_rates_below_a_nano_dollar_add_up() -> None:
    assert custom_cost(rates(per_token_in=3.75e-10), Usage(1_000_000, 0)) == 375_000
    assert custom_cost(rates(per_token_in=1e-10), Usage(4, 0)) == 0
    assert custom_cost(rates(per_token_in=1e-10), Usage(5, 0)) == 1


def test_without_cache_rates_the_vendors_counts_are_taken_as_they_are() -> None:
    sent = rates(per_token_in=0.001, per_token_out=0)
    assert custom_cost(sent, OPENAI) == 160 * 1_000_000
    assert custom_cost(sent, ANTHROPIC) == 100 * 1_000_000


@pytest.mark.parametrize("usage", [OPENAI, ANTHROPIC])
def test_with_cache_rates_every_token_is_charged_once(usage: Usage) -> None:
    sent = rates(
        per_token_in=0.001, per_token_out=0.002, per_cache_read_token=0.0001, per_cache_write_token=0.003
    )
    assert custom_cost(sent, usage) == (100 * 1_000 + 10 * 2_000 + 40 * 100 + 20 * 3_000) * 1_000


@pytest.mark.parametrize("usage", [OPENAI, ANTHROPIC])
def test_one_cache_rate_brings_the_other_at_the_price_of_input(usage: Usage) -> None:
    assert (
        custom_cost(rates(per_token_in=0.001, per_cache_read_token=0.0001), usage)
        == (100 * 1_000 + 40 * 100 + 20 * 1_000) * 1_000
    )
    assert custom_cost(rates(per_token_in=0.001, per_cache_write_token=0), usage) == (100 + 40) * 1_000_000
    assert custom_cost(rates(per_cache_read_token=0.001), usage) == 40 * 1_000_000


def test_without_usage_nothing_is_charged() -> None:
    sent = rates(per_token_in=0.001)
    assert custom_cost(sent, None) is None
    assert custom_cost(sent, Usage(results=3)) is None
    assert custom_cost(sent, Usage(0, 0)) == 0


def test_a_total_is_for_the_request_whatever_it_used() -> None:
    sent = rates(total_cost=0.25, per_token_in=1)
    assert custom_cost(sent, None) == custom_cost(sent, Usage(5, 5)) == 250_000_000
    assert custom_cost(rates(total_cost=0), Usage(5, 5)) == 0


def test_zero_is_a_price() -> None:
    assert custom_cost(rates(per_token_in=0), Usage(5, 5)) == 0


def test_what_is_null_or_unknown_is_not_said() -> None:
    assert rates(per_token_in=1e-6, total_cost=None) == rates(per_token_in=1e-6, per_image=5)


@pytest.mark.parametrize(
    "value",
    [
        b"", b"{}", b'{"per_image": 1}', b"null", b"1", b"[]", b"x", b"\xff", b'{"per_token_in": "0.1"}',
        b'{"per_token_in": -1}', b'{"per_token_in": 1e400}', b'{"per_token_in": NaN}', b'{"per_token_in": 1001}',
        b'{"per_token_in": Infinity}', b'{"per_token_in": true}', b'{"per_token_in": {}}', b'{"total_cost": 1e7}',
        b'{"per_token_in": 1, "per_token_out": "x"}', b'{"per_token_in": 1} x', b"[" * 1000,
        b'{"per_token_in": 1, "x": "' + b"x" * 1024 + b'"}',
    ],
)  # fmt: skip
def test_a_malformed_header_is_ignored_as_a_whole(value: bytes) -> None:
    assert parse_custom_cost(value) is None


@given(st.binary(max_size=100))
def test_no_header_can_break_it(value: bytes) -> None:
    parse_custom_cost(value)
    parse_custom_cost(b'{"per_token_in":' + value + b"}")


@given(st.floats(0, 1000), st.floats(0, 1000), st.integers(0, 2**53), st.integers(0, 2**53))
def test_the_sum_is_exact_to_a_nano_dollar(
    usd_in: float, usd_out: float, tokens_in: int, tokens_out: int
) -> None:
    exact = Fraction(repr(usd_in)) * tokens_in + Fraction(repr(usd_out)) * tokens_out
    cost = custom_cost(rates(per_token_in=usd_in, per_token_out=usd_out), Usage(tokens_in, tokens_out))
    assert cost is not None
    # A rate is held to 1e-18 USD, so each token may be wrong by half of that.
    assert abs(cost - min(exact * 10**9, Fraction(MOST_NANO))) <= 1 + Fraction(
        tokens_in + tokens_out, 2 * 10**9
    )


def test_no_call_costs_more_than_a_store_can_hold() -> None:
    sent = rates(per_token_in=1000, per_token_out=1000)
    assert custom_cost(sent, Usage(2**53, 2**53)) == MOST_NANO == 10**15
    assert custom_cost(rates(total_cost=1_000_000), None) == MOST_NANO
