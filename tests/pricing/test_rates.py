"""Units that contain each other, tiers by size, by service, by time; and money as whole numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.pricing.rates import UNITS, Prices, Rate, Rates, When
from penstock.pricing.units import NANO, nano_of_atto, to_nano, to_rate, to_usd
from penstock.wire.usage import Usage

ATTO = 10**9  # one nano-dollar
HOUR_US = 3600 * 1_000_000


def rates(**nano: int) -> tuple[Rate, ...]:
    return tuple(Rate(unit, price * ATTO) for unit, price in nano.items())


def cost(usage: Usage | None, *prices: Prices, when_us: int = 0) -> int | None:
    bill = Rates(prices, "test").cost(usage, when_us)
    return None if bill is None else bill.nano


def test_each_token_is_charged_once_at_its_narrowest_unit() -> None:
    prices = Prices(
        rates(
            input_tokens=1,
            input_cached_tokens=10,
            input_audio_tokens=100,
            input_cached_audio_tokens=1_000,
            output_tokens=10_000,
            output_reasoning_tokens=100_000,
        )
    )
    usage = Usage(
        100, 7, None, 3, 20, input_audio_tokens=30, input_cached_audio_tokens=5
    )  # 55 text, 15 cached text, 25 audio, 5 cached audio
    assert cost(usage, prices) == 55 + 15 * 10 + 25 * 100 + 5 * 1_000 + 4 * 10_000 + 3 * 100_000


def test_a_part_without_a_price_of_its_own_costs_what_the_whole_does() -> None:
    assert cost(Usage(100, 0, None, None, 60), Prices(rates(input_tokens=2))) == 200
    assert cost(Usage(100, 0, None, None, 60, cache_apart=True), Prices(rates(input_tokens=2))) == 320


def test_the_longer_kept_are_a_part_of_what_was_written() -> None:
    prices = Prices(rates(input_tokens=1, input_cache_write_tokens=10, input_cache_write_1h_tokens=100))
    assert cost(Usage(5, 0, None, None, None, 8, 3, cache_apart=True), prices) == 5 + 5 * 10 + 3 * 100


def test_parts_that_are_more_than_the_whole_leave_nothing_negative() -> None:
    prices = Prices(rates(input_tokens=1, input_audio_tokens=10))
    assert cost(Usage(5, 0, input_audio_tokens=9), prices) == 90


def test_unknown_is_unknown_where_it_has_a_price() -> None:
    prices = Prices(rates(input_tokens=1, output_tokens=1))
    assert cost(None, prices) is None
    assert cost(Usage(5), prices) is None
    assert cost(Usage(None, 5), prices) is None
    assert cost(Usage(5), Prices(rates(input_tokens=1, output_tokens=0))) == 5
    assert cost(Usage(5, 5), Prices(())) is None


def test_a_request_has_a_price_without_any_usage() -> None:
    assert cost(None, Prices(rates(requests=7))) == 7


def test_a_step_is_for_all_tokens_once_the_input_is_above_it() -> None:
    step = Prices(
        (
            Rate("input_tokens", ATTO, ((100, 2 * ATTO), (200, 3 * ATTO))),
            Rate("output_tokens", ATTO, ((100, 5 * ATTO),)),
        )
    )
    assert cost(Usage(100, 10), step) == 110
    assert cost(Usage(101, 10), step) == 202 + 50
    assert cost(Usage(201, 10), step) == 603 + 50
    assert cost(Usage(1, 10, None, None, 100, cache_apart=True), step) == 202 + 50


def test_of_several_prices_the_last_that_holds_counts() -> None:
    prices = (
        Prices(rates(input_tokens=1)),
        Prices(rates(input_tokens=2), When(since_us=1_000)),
        Prices(rates(input_tokens=3), When(since_us=2_000)),
    )
    used = Usage(1)
    assert [cost(used, *prices, when_us=when) for when in (0, 999, 1_000, 2_000)] == [1, 1, 2, 3]
    assert cost(used, *prices[1:], when_us=0) == 2


@pytest.mark.parametrize(
    ("begin", "end", "inside"),
    [(1, 4, {1, 2, 3}), (22, 2, {22, 23, 0, 1}), (0, 0, set(range(24)))],
)
def test_prices_by_the_time_of_day(begin: int, end: int, inside: set[int]) -> None:
    prices = (
        Prices(rates(input_tokens=1)),
        Prices(rates(input_tokens=2), When(0, begin * 3600, end * 3600)),
    )
    day = 20_000 * 24 * HOUR_US
    costs = [cost(Usage(1), *prices, when_us=day + hour * HOUR_US) for hour in range(24)]
    assert {hour for hour, nano in enumerate(costs) if nano == 2} == inside


def test_a_service_tiers_prices_go_before_the_standard_ones() -> None:
    prices = (
        Prices(rates(input_tokens=1, output_tokens=10)),
        Prices(rates(input_tokens=5), When(since_us=1_000), tier="priority"),
        Prices(rates(input_tokens=7, output_tokens=70), tier="priority"),
    )
    assert cost(Usage(1, 1), *prices) == 11
    assert cost(Usage(1, 1, service_tier="flex"), *prices) == 11
    assert cost(Usage(1, 1, service_tier="priority"), *prices) == 77
    assert cost(Usage(1, 1, service_tier="priority"), *prices, when_us=1_000) == 75


def test_there_must_be_standard_prices() -> None:
    for prices in ([], [Prices(rates(input_tokens=1), tier="flex")]):
        with pytest.raises(ValueError):
            Rates(prices, "test")


def test_every_unit_is_told_by_a_usage() -> None:
    assert set(UNITS) - {"requests"} <= set(Usage.__struct_fields__)


def test_money() -> None:
    assert NANO == to_nano(1) == to_nano("1.0") == to_nano(Decimal(1)) == to_nano(1.0)
    assert to_nano(0.1) == 100_000_000
    assert to_nano("0.0000000005") == 0
    assert to_usd(5_000_000) == 0.005
    assert to_rate("2.5", 1_000_000) == 2_500_000_000_000
    assert (nano_of_atto(ATTO // 2 - 1), nano_of_atto(ATTO // 2)) == (0, 1)


@given(st.integers(0, 2**53))
def test_usd_and_back(nano: int) -> None:
    assert abs(to_nano(to_usd(nano)) - nano) <= 1
