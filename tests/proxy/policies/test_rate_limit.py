"""Rate limits of gateway and key together: laws over any sequence of calls (Cloudflare 3.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limit_calls import NOW_US, new_call, new_token

from penstock.errors import GatewayError
from penstock.proxy.call import Call
from penstock.proxy.policies.rate_limit import RateLimit, rate_claim
from penstock.stores import control_store as directory
from penstock.stores.control_store import Token
from support.clock import FakeClock
from support.counters import SECOND, MemoryCounters


class Clock(FakeClock):
    """Set, to the microsecond."""

    __slots__ = ("at_us",)

    def __init__(self) -> None:
        super().__init__()
        self.at_us = NOW_US

    def now_us(self) -> int:
        return self.at_us


@dataclass(frozen=True)
class Limit:
    limit: int
    interval: int
    technique: directory.Technique


class Outcome(NamedTuple):
    """What a caller is told: who refused, or None, and the headers as they are sent."""

    refused_by: str | None
    headers: str

    def number(self, name: str, letter: str) -> int:
        match = re.search(rf'"{name}";[^,\r]*?\b{letter}=(\d+)', self.headers.partition("ratelimit: ")[2])
        assert match, self.headers
        return int(match[1])


def admit(policy: RateLimit, token: Token | None) -> Outcome:
    call: Call = new_call(token=token)
    try:
        policy.admit(call)
    except GatewayError as error:
        return refusal(error, call)
    return Outcome(None, call.own_headers.decode())


def refusal(error: GatewayError, call: Call) -> Outcome:
    assert (error.fault.status, error.fault.code) == (429, 2003)
    assert call.own_headers == b""
    text = error.headers.decode()
    return Outcome("key" if '"key"' in text else "gateway", text)


def live(times: list[int], limit: Limit, now_us: int) -> int:
    span = limit.interval * SECOND
    if limit.technique == "sliding":
        return sum(time > now_us - span for time in times)
    return sum(time // span == now_us // span for time in times)


limits = st.builds(
    Limit, st.integers(1, 4), st.sampled_from([1, 7, 60]), st.sampled_from(["fixed", "sliding"])
)
steps = st.lists(
    st.tuples(st.one_of(st.just(0), st.integers(0, 20 * SECOND)), st.sampled_from([None, 0, 1])), max_size=30
)


@given(st.none() | limits, st.none() | limits, limits, steps)
def test_a_call_passes_when_both_have_room_and_then_both_count_it(
    gateway: Limit | None, first: Limit | None, second: Limit, calls: list[tuple[int, int | None]]
) -> None:
    """One gateway, one key perhaps without a limit, one with: held against lists of what was let in."""
    clock, counters = Clock(), MemoryCounters()
    own = None if gateway is None else rate_claim(b"gw", gateway.limit, gateway.interval, gateway.technique)
    policy = RateLimit(own, counters, clock)
    keys = [first, second]
    tokens = [
        new_token(
            str(index), None if one is None else directory.RateLimit(one.limit, one.interval, one.technique)
        )
        for index, one in enumerate(keys)
    ]
    let_in: dict[str, list[int]] = {"gateway": [], "0": [], "1": []}
    for wait, who in calls:
        clock.at_us += wait
        mine = None if who is None else keys[who]
        applying = [("gateway", "gateway", gateway), ("key", str(who), mine)]
        full = [
            said
            for said, name, limit in applying
            if limit is not None and live(let_in[name], limit, clock.at_us) >= limit.limit
        ]
        outcome = admit(policy, None if who is None else tokens[who])
        assert (outcome.refused_by is None) is (full == []), (outcome, full)
        if full:
            assert outcome.refused_by in full
            continue
        for said, name, limit in applying:
            if limit is None:
                assert f'"{said}"' not in outcome.headers
                continue
            let_in[name].append(clock.at_us)
            left = limit.limit - live(let_in[name], limit, clock.at_us)
            assert outcome.number(said, "r") == left
            assert 0 < outcome.number(said, "t") <= limit.interval


@given(limits, st.lists(st.integers(0, 10 * SECOND), max_size=12))
def test_who_waits_as_told_gets_in_and_not_a_second_earlier(limit: Limit, waits: list[int]) -> None:
    clock, counters = Clock(), MemoryCounters()
    policy = RateLimit(rate_claim(b"gw", limit.limit, limit.interval, limit.technique), counters, clock)
    outcome = admit(policy, None)
    for wait in waits:
        clock.at_us += wait
        outcome = admit(policy, None)
    while outcome.refused_by is None:
        outcome = admit(policy, None)
    seconds = int(outcome.headers.partition("retry-after: ")[2].partition("\r")[0])
    assert 1 <= seconds <= limit.interval
    assert outcome.number("gateway", "t") == seconds
    told = clock.at_us
    clock.at_us = told + (seconds - 1) * SECOND
    assert admit(policy, None).refused_by == "gateway"
    clock.at_us = told + seconds * SECOND
    assert admit(policy, None).refused_by is None


@given(limits, st.integers(1, 200))
def test_refusals_are_never_counted(limit: Limit, tries: int) -> None:
    clock, counters = Clock(), MemoryCounters()
    claim = rate_claim(b"gw", limit.limit, limit.interval, limit.technique)
    policy = RateLimit(claim, counters, clock)
    passed = sum(admit(policy, None).refused_by is None for _ in range(tries))
    assert passed == min(tries, limit.limit) == counters.used(b"gw", claim.window, clock.at_us)


def test_without_any_limit_nothing_is_asked_of_the_counters() -> None:
    counters = MemoryCounters()
    counters.broken = True
    policy = RateLimit(None, counters, Clock())
    assert admit(policy, None) == Outcome(None, "")
    assert admit(policy, new_token("0")) == Outcome(None, "")


def test_broken_counters_let_nobody_in() -> None:
    counters = MemoryCounters()
    counters.broken = True
    policy = RateLimit(rate_claim(b"gw", 1, 60, "fixed"), counters, Clock())
    with pytest.raises(GatewayError) as raised:
        policy.admit(new_call())
    assert (raised.value.fault.status, raised.value.fault.retry) == (503, True)


@given(st.integers(1, 2**53 - 1), st.integers(1, 10**9), st.sampled_from(["fixed", "sliding"]))
def test_any_configured_limit_makes_sound_header_lines(
    limit: int, interval: int, technique: directory.Technique
) -> None:
    """Also for keys: what goes out is three lines at most, of printable ASCII."""
    token = new_token("0", directory.RateLimit(limit, interval, technique))
    policy = RateLimit(rate_claim(b"gw", limit, interval, technique), MemoryCounters(), Clock())
    headers = admit(policy, token).headers
    lines = headers.split("\r\n")
    assert lines.pop() == ""
    assert [line.partition(": ")[0] for line in lines] == ["ratelimit-policy", "ratelimit"]
    assert headers.replace("\r\n", "").isprintable()
