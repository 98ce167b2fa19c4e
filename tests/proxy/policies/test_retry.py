"""Retries: who decides, what is worth another attempt, how long to wait, and how providers say so (Cloudflare 3.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.proxy.policies.retry import (
    NO_RETRY,
    Advice,
    RetryRules,
    gateway_rules,
    is_failure,
    is_refused,
    retry_after_seconds,
    rules,
    time_limit,
    wait_ms,
)
from penstock.wire.control_values import Backoff
from penstock.wire.controls import NO_CONTROLS, Controls, merged
from penstock.wire.universal import NO_CONFIG, StepConfig

BACKOFFS: list[Backoff] = ["constant", "linear", "exponential"]
ATTEMPTS = st.integers(1, 5)
DELAYS = st.integers(0, 60_000)
SECONDS = st.floats(0.001, 86_400)
CHANCES = st.floats(0, 1, exclude_max=True)
GATEWAYS = st.builds(
    gateway_rules, st.none() | ATTEMPTS, st.none() | DELAYS, st.none() | st.sampled_from(BACKOFFS)
)
CONTROLS = st.builds(
    Controls,
    max_attempts=st.none() | ATTEMPTS,
    retry_delay=st.none() | DELAYS,
    backoff=st.none() | st.sampled_from(BACKOFFS),
    timeout=st.none() | SECONDS,
)
CONFIGS = st.builds(
    StepConfig,
    timeout=st.none() | SECONDS,
    max_attempts=st.none() | ATTEMPTS,
    retry_delay=st.none() | DELAYS,
    backoff=st.none() | st.sampled_from(BACKOFFS),
)
RULES = st.builds(
    RetryRules,
    attempts=ATTEMPTS,
    delay_ms=DELAYS,
    backoff=st.sampled_from(BACKOFFS),
    timeout=st.none() | SECONDS,
)
NOON = datetime(2026, 10, 9, 12, 0, 0, tzinfo=UTC)
NOON_US = int(NOON.timestamp()) * 1_000_000
MIDDLE = 0.5  # the chance that leaves a wait as it is


# -- who decides


def test_nothing_set_is_one_attempt_and_makes_nothing() -> None:
    assert gateway_rules(None, None, None) is NO_RETRY
    assert rules(NO_RETRY, NO_CONTROLS, NO_CONFIG) is NO_RETRY
    assert (NO_RETRY.attempts, NO_RETRY.timeout) == (1, None)


def test_a_call_that_asks_for_nothing_has_the_rules_of_its_gateway() -> None:
    gateway = gateway_rules(3, 100, "linear")
    assert gateway == RetryRules(3, 100, "linear", None)
    assert rules(gateway, NO_CONTROLS) is gateway
    assert rules(gateway, Controls(event_id="a")) == gateway


def test_attempts_alone_have_growing_waits() -> None:
    chosen = rules(NO_RETRY, Controls(max_attempts=5))
    assert [wait_ms(chosen, number, None, MIDDLE) for number in (1, 2, 3, 4)] == [500, 1000, 2000, 4000]


def test_a_gateway_may_set_the_waits_and_the_call_the_attempts() -> None:
    chosen = rules(gateway_rules(None, 250, "constant"), Controls(max_attempts=2))
    assert chosen == RetryRules(2, 250, "constant", None)


def test_a_delay_of_nothing_is_a_delay() -> None:
    assert rules(gateway_rules(3, 900, None), Controls(retry_delay=0)).delay_ms == 0
    assert (
        rules(gateway_rules(3, 900, None), Controls(retry_delay=5), StepConfig(retry_delay=0)).delay_ms == 0
    )
    assert gateway_rules(3, 0, None).delay_ms == 0


@given(GATEWAYS, CONTROLS, CONTROLS, CONFIGS)
def test_config_then_step_then_request_then_gateway(
    gateway: RetryRules, request: Controls, step: Controls, config: StepConfig
) -> None:
    chosen = rules(gateway, merged(request, step), config)

    def first(*values: object) -> object:
        return next(value for value in values if value is not None)

    assert chosen.attempts == first(
        config.max_attempts, step.max_attempts, request.max_attempts, gateway.attempts
    )
    assert chosen.delay_ms == first(
        config.retry_delay, step.retry_delay, request.retry_delay, gateway.delay_ms
    )
    assert chosen.backoff == first(config.backoff, step.backoff, request.backoff, gateway.backoff)
    limits = (config.timeout, step.timeout, request.timeout)
    assert chosen.timeout == next((limit for limit in limits if limit is not None), None)


# -- what is worth another attempt


@given(st.integers(100, 999))
def test_failures(status: int) -> None:
    assert is_failure(status) == (status in (408, 429) or status // 100 == 5)


# -- how long an attempt may take


def test_the_last_of_several_attempts_is_waited_for() -> None:
    three = RetryRules(attempts=3, timeout=2.0)
    assert [time_limit(three, attempt, last_target=True) for attempt in (1, 2, 3)] == [2.0, 2.0, None]


def test_with_something_to_fall_back_to_every_attempt_has_its_limit() -> None:
    three = RetryRules(attempts=3, timeout=2.0)
    assert [time_limit(three, attempt, last_target=False) for attempt in (1, 2, 3)] == [2.0, 2.0, 2.0]


def test_a_lone_attempt_keeps_its_limit() -> None:
    assert time_limit(RetryRules(timeout=0.05), 1, last_target=True) == 0.05
    assert time_limit(NO_RETRY, 1, last_target=True) is None


# -- how long to wait


@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        ("constant", [100, 100, 100, 100]),
        ("linear", [100, 200, 300, 400]),
        ("exponential", [100, 200, 400, 800]),
    ],
)
def test_growth(backoff: Backoff, expected: list[int]) -> None:
    chosen = RetryRules(5, 100, backoff)
    assert [wait_ms(chosen, number, None, MIDDLE) for number in (1, 2, 3, 4)] == expected


def test_waits_are_spread_by_a_tenth() -> None:
    chosen = RetryRules(2, 1000, "constant")
    assert wait_ms(chosen, 1, None, 0.0) == 900
    assert wait_ms(chosen, 1, None, 0.999) == 1100


@given(RULES, st.integers(1, 4), CHANCES)
def test_a_wait_is_near_the_formula_and_at_most_a_minute(
    chosen: RetryRules, number: int, chance: float
) -> None:
    exact = (
        chosen.delay_ms * {"constant": 1, "linear": number, "exponential": 2 ** (number - 1)}[chosen.backoff]
    )
    wait = wait_ms(chosen, number, None, chance)
    assert wait is not None
    assert min(60_000, int(exact * 0.9)) <= wait <= min(60_000, exact * 1.1 + 1)


@given(RULES, st.integers(1, 4), st.floats(0, 60), CHANCES)
def test_never_before_the_provider_allows(
    chosen: RetryRules, number: int, asked: float, chance: float
) -> None:
    wait = wait_ms(chosen, number, asked, chance)
    without = wait_ms(chosen, number, None, chance)
    assert wait is not None
    assert without is not None
    assert asked * 1000 <= wait <= 60_000
    assert wait >= without


@given(RULES, st.integers(1, 4), st.floats(60, exclude_min=True), CHANCES)
def test_a_provider_that_asks_for_more_than_a_minute_is_not_asked_again(
    chosen: RetryRules, number: int, asked: float, chance: float
) -> None:
    assert wait_ms(chosen, number, asked, chance) is None


# -- what `Retry-After` says


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"0", 0.0),
        (b"30", 30.0),
        (b" 30\t", 30.0),
        (b"0.25", 0.25),
        (b"007", 7.0),
        (b"Fri, 09 Oct 2026 12:00:30 GMT", 30.0),
        (b"Friday, 09-Oct-26 12:00:30 GMT", 30.0),
        (b"Fri Oct  9 12:00:30 2026", 30.0),
        (b"Fri, 09 Oct 2026 11:59:00 GMT", 0.0),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_readable_pauses(value: bytes, expected: float) -> None:
    assert retry_after_seconds(value, NOON_US) == expected


def test_a_fraction_of_the_present_second_counts() -> None:
    assert retry_after_seconds(b"Fri, 09 Oct 2026 12:00:01 GMT", NOON_US + 250_000) == 0.75


def test_a_very_long_pause_is_a_long_pause() -> None:
    assert retry_after_seconds(b"9" * 30, NOON_US) == 2**31
    assert retry_after_seconds(b"Fri, 31 Dec 9999 23:59:59 GMT", NOON_US) > 2**31  # type: ignore[operator]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"-1",
        b"+1",
        b"1e3",
        b"1_0",
        b".5",
        b"inf",
        b"nan",
        b"0x10",
        b"soon",
        b"30 s",
        b"30, 60",
        "٣٠".encode(),
        b"9" * 100_000,
        b"\x00",
        b"\xff",
        b"Fri, 09 Oct 2026 12:00:30 +0100",
        b"Fri, 09 Oct 2026 12:00:30",
        b"Fri, 32 Oct 2026 12:00:30 GMT",
        b"Fri, 09 Oct 2026 25:00:30 GMT",
        b"Fri, 09 Oct 0000 12:00:30 GMT",
        b"Fri, 09 Oct 2026 12:00:30 GMT" * 1000,
        b"2026-10-09T12:00:30Z",
    ],
)
def test_unreadable_pauses(value: bytes) -> None:
    assert retry_after_seconds(value, NOON_US) is None


@given(
    st.binary(max_size=60) | st.text("MonTueWdhFriSatJa0123456789 :,-GMT", max_size=40).map(str.encode),
    st.integers(0, 2**53),
)
def test_anything_is_a_pause_or_none(value: bytes, now_us: int) -> None:
    seconds = retry_after_seconds(value, now_us)
    assert seconds is None or 0 <= seconds < float("inf")


@given(st.integers(0, 10**9))
def test_a_date_is_the_seconds_until_then(seconds: int) -> None:
    value = (NOON + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT").encode()
    assert retry_after_seconds(value, NOON_US) == seconds


# -- orders


@given(status=st.integers(400, 599), after=st.none() | st.floats(0, 100), again=st.none() | st.booleans())
def test_who_refuses_an_order_says_so(status: int, after: float | None, again: bool | None) -> None:
    """The provider's word, a 4xx but for those of who waited too long, or a full house with a time to come back."""
    told = Advice(after, again)
    waited = status in (408, 499)
    full = status in (503, 529) and after is not None
    assert is_refused(status, told) == (again is True or (status < 500 and not waited) or full)
