"""Circuit breakers: when one opens, whom it lets through meanwhile, and that it always closes again."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from penstock.proxy.policies.breaker import Breaker, BreakerRules, Breakers

RULES = BreakerRules()
ORIGIN = "https://api.example.com"


def breaker(rules: BreakerRules = RULES) -> Breaker:
    return Breaker(rules, ORIGIN)


def state_of(one: Breaker) -> str:
    return one.state


def calls(one: Breaker, now: float, outcomes: Iterable[bool | None]) -> None:
    """Calls that end at `now`: True answered, False failed, None did not even connect."""
    for outcome in outcomes:
        assert one.admit(now) == 0.0
        if outcome:
            one.succeeded(one.generation)
        else:
            one.failed(now, one.generation, connect=outcome is None)


def opened(now: float, rules: BreakerRules = RULES) -> Breaker:
    one = breaker(rules)
    calls(one, now, [None] * rules.connect_failures)
    assert state_of(one) == "open"
    return one


def probe(one: Breaker, now: float) -> int:
    """Lets the probe through; its generation."""
    assert one.admit(now) == 0.0
    assert state_of(one) == "half-open"
    return one.generation


# -- opening


def test_a_new_breaker_lets_everything_through() -> None:
    one = breaker()
    assert (state_of(one), one.since, one.origin, one.admit(0.0)) == ("closed", 0.0, ORIGIN, 0.0)


def test_it_opens_at_the_fifth_connection_in_a_row_that_fails() -> None:
    one = breaker()
    calls(one, 1.0, [None] * 4)
    assert state_of(one) == "closed"
    calls(one, 2.0, [None])
    assert (state_of(one), one.since) == ("open", 2.0)


@pytest.mark.parametrize("between", [True, False])
def test_an_answer_of_any_kind_is_a_connection(between: bool) -> None:
    one = breaker()
    for _ in range(3):
        calls(one, 1.0, [None] * 4 + [between])
    assert state_of(one) == "closed"


def test_connections_in_a_row_may_fail_slowly() -> None:
    one = breaker()
    for minute in range(5):
        calls(one, minute * 60.0, [None])
    assert state_of(one) == "open"


def test_it_opens_when_half_of_enough_calls_fail() -> None:
    one = breaker()
    calls(one, 1.0, [False, True] * 9 + [False])
    assert state_of(one) == "closed", "nineteen calls are not enough"
    calls(one, 1.0, [False])
    assert state_of(one) == "open"


def test_fewer_than_half_do_not_open_it() -> None:
    one = breaker()
    calls(one, 1.0, [False, True, True] * 200)
    assert state_of(one) == "closed"


def test_a_window_begins_with_a_failure_and_ends_after_its_time() -> None:
    one = breaker()
    calls(one, 0.0, [False] * 19)
    calls(one, 9.9, [True] * 19)
    calls(one, 10.0, [False] * 19)
    assert state_of(one) == "closed", "the nineteen of the former window are gone"
    calls(one, 19.9, [False])
    assert state_of(one) == "open"


def test_long_health_does_not_hide_an_outage() -> None:
    one = breaker()
    calls(one, 0.0, [True] * 10_000)
    calls(one, 0.0, [False] * 20)
    assert state_of(one) == "open"


def test_a_rule_of_nought_is_off() -> None:
    no_share = breaker(BreakerRules(error_share=0.0))
    calls(no_share, 1.0, [False] * 1000)
    assert state_of(no_share) == "closed"
    no_connect = breaker(BreakerRules(connect_failures=0, min_calls=100))
    calls(no_connect, 1.0, [None] * 99)
    assert state_of(no_connect) == "closed"
    calls(no_connect, 1.0, [None])
    assert state_of(no_connect) == "open", "a connection that fails is a call that fails as well"


# -- open, and half-open


def test_an_open_breaker_says_how_long() -> None:
    one = opened(100.0)
    assert [one.admit(now) for now in (100.0, 101.5, 104.75)] == [5.0, 3.5, 0.25]


def test_one_probe_passes_and_closes_it() -> None:
    one = opened(100.0)
    generation = probe(one, 105.0)
    assert one.since == 105.0
    assert one.admit(105.0) == 5.0
    assert one.admit(134.0) == 1.0
    one.succeeded(generation)
    assert state_of(one) == "closed"
    assert one.admit(134.0) == 0.0


def test_a_closed_breaker_has_forgotten_what_opened_it() -> None:
    one = opened(100.0)
    one.succeeded(probe(one, 105.0))
    calls(one, 105.0, [None] * 4)
    assert state_of(one) == "closed"
    calls(one, 105.0, [None])
    assert one.admit(105.0) == 5.0


def test_after_it_has_closed_the_pause_is_short_again() -> None:
    one = opened(0.0)
    one.failed(5.0, probe(one, 5.0), connect=False)
    assert one.admit(5.0) == 10.0
    one.succeeded(probe(one, 15.0))
    calls(one, 15.0, [None] * 5)
    assert one.admit(15.0) == 5.0


def test_failures_of_before_count_no_more_once_it_has_closed() -> None:
    one = breaker()
    calls(one, 0.0, [False] * 20)
    one.succeeded(probe(one, 5.0))
    calls(one, 6.0, [False] * 19)
    assert state_of(one) == "closed"


@pytest.mark.parametrize("connect", [True, False])
def test_probes_that_fail_double_the_pause_up_to_a_minute(connect: bool) -> None:
    one, now, pauses = opened(0.0), 0.0, []
    for _ in range(6):
        pauses.append(one.admit(now))
        now += pauses[-1]
        one.failed(now, probe(one, now), connect=connect)
        assert (state_of(one), one.since) == ("open", now)
    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_probe_given_up_by_its_caller_makes_room_at_once() -> None:
    one = opened(0.0)
    one.abandoned(probe(one, 5.0))
    assert state_of(one) == "half-open"
    one.succeeded(probe(one, 5.0))
    assert state_of(one) == "closed"


def test_a_probe_that_never_reports_holds_up_the_next_for_half_a_minute() -> None:
    one = opened(0.0)
    lost = probe(one, 5.0)
    assert one.admit(34.75) == 0.25
    probe(one, 35.0)
    assert one.admit(35.0) > 0
    one.succeeded(lost)
    assert state_of(one) == "closed", "late, but it is an answer"


def test_calls_let_through_before_it_opened_change_nothing_any_more() -> None:
    one = breaker()
    old = one.generation
    calls(one, 0.0, [None] * 5)
    one.succeeded(old)
    assert one.admit(1.0) == 4.0
    probe(one, 5.0)
    one.succeeded(old)
    one.failed(5.0, old, connect=True)
    one.abandoned(old)
    assert (state_of(one), one.since) == ("half-open", 5.0)
    assert one.admit(5.0) > 0
    one.succeeded(one.generation)
    for _ in range(100):
        one.failed(6.0, old, connect=True)
    assert state_of(one) == "closed"


def test_an_abandoned_call_of_a_closed_breaker_is_nothing() -> None:
    one = breaker()
    calls(one, 1.0, [None] * 4)
    one.abandoned(one.generation)
    assert state_of(one) == "closed"
    calls(one, 1.0, [None])
    assert state_of(one) == "open"


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin, end, fail, vanish, in any order. Times are quarters of seconds, so that sums are exact."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = BreakerRules(connect_failures=2, min_calls=4, probe_seconds=8.0)
        self.one = Breaker(self.limits, ORIGIN)
        self.now = 0.0
        self.flying: list[int] = []  # generations
        self.ended: list[tuple[float, str]] = []  # what the breaker may count, since it closed last
        self.probe_at = 0.0  # when the next probe may go, while it is not closed
        self.pause = self.limits.open_seconds

    @rule(quarters=st.integers(0, 300))
    def wait(self, quarters: int) -> None:
        self.now += quarters / 4

    @rule()
    def begin(self) -> None:
        before = state_of(self.one)
        left = self.one.admit(self.now)
        if before == "closed" or self.now >= self.probe_at:
            assert left == 0.0
            assert state_of(self.one) == ("closed" if before == "closed" else "half-open")
            self.probe_at = self.now + self.limits.probe_seconds
            self.flying.append(self.one.generation)
        else:
            most = self.probe_at - self.now
            assert left == (most if before == "open" else min(most, self.limits.open_seconds))
            assert state_of(self.one) == before

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), kind=st.sampled_from(["succeeded", "failed", "unconnected", "abandoned"]))
    def end(self, data: st.DataObject, kind: str) -> None:
        generation = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        before = (state_of(self.one), self.one.since, self.one.generation)
        if kind == "succeeded":
            self.one.succeeded(generation)
        elif kind == "abandoned":
            self.one.abandoned(generation)
        else:
            self.one.failed(self.now, generation, connect=kind == "unconnected")
        if generation != before[2]:
            assert (state_of(self.one), self.one.since, self.one.generation) == before
        elif before[0] == "half-open":
            self._probe_ended(kind)
        else:
            self._call_ended(kind)

    def _probe_ended(self, kind: str) -> None:
        if kind == "abandoned":
            assert state_of(self.one) == "half-open"
            self.probe_at = self.now
        elif kind == "succeeded":
            assert state_of(self.one) == "closed"
            self.ended, self.pause = [], self.limits.open_seconds
        else:
            assert (state_of(self.one), self.one.since) == ("open", self.now)
            self.pause = min(self.pause * 2, self.limits.max_open_seconds)
            self.probe_at = self.now + self.pause

    def _call_ended(self, kind: str) -> None:
        if kind != "abandoned":
            self.ended.append((self.now, kind))
        is_failure = kind in ("failed", "unconnected")
        in_a_row = [kind for _, kind in self.ended[-2:]] == ["unconnected"] * 2
        if state_of(self.one) == "closed":
            assert not (is_failure and in_a_row)
            return
        assert is_failure
        assert in_a_row or self._is_half_of_a_window()
        self.probe_at = self.now + self.pause

    def _is_half_of_a_window(self) -> bool:
        """Whether some window that ends now has enough calls, half of them failures."""
        for start, (moment, _) in enumerate(self.ended):
            kinds = [kind for _, kind in self.ended[start:]]
            failures = len(kinds) - kinds.count("succeeded")
            if self.now - moment < self.limits.window and len(kinds) >= 4 and failures * 2 >= len(kinds):
                return True
        return False

    @rule()
    def an_origin_that_recovers_is_served_again(self) -> None:
        self.now += self.limits.max_open_seconds
        self.begin()
        if self.one.generation == self.flying[-1] and state_of(self.one) == "half-open":
            self.one.succeeded(self.flying.pop())
            self._probe_ended("succeeded")
        assert self.one.admit(self.now) == 0.0


BreakerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBreakerMachine = BreakerMachine.TestCase


# -- many origins


def test_every_origin_has_its_own() -> None:
    many = Breakers(RULES)
    calls(many.of("https://a"), 0.0, [None] * 5)
    assert state_of(many.of("https://a")) == "open"
    assert state_of(many.of("https://b")) == "closed"
    assert many.of("https://a") is many.of("https://a")


def test_the_closed_one_asked_for_longest_ago_makes_room() -> None:
    many = Breakers(RULES)
    first = many.of("0")
    second, third, _, fourth = [many.of(str(number)) for number in range(1, 4096)][:4]
    calls(second, 0.0, [None] * 5)
    assert many.of("0") is first
    many.of("4096")
    many.of("4097")
    assert many.of("0") is first, "it was asked for"
    assert many.of("1") is second, "it is open"
    assert many.of("4") is fourth
    assert many.of("2") is not third


def test_open_ones_do_not_fill_the_memory() -> None:
    many = Breakers(RULES)
    made = [many.of(str(number)) for number in range(10_000)]
    for one in made[-4096:]:
        calls(one, 0.0, [None] * 5)
    kept = made[-1]
    for number in range(10_000, 14_000):
        calls(many.of(str(number)), 0.0, [None] * 5)
    assert many.of(kept.origin) is kept
    assert state_of(many.of(made[-4096].origin)) == "closed", "the oldest one was let go"


def test_origins_that_an_account_makes_up_take_the_place_of_its_own() -> None:
    many = Breakers(RULES)
    good = [many.of(f"https://good-{number}", "good") for number in range(200)]
    for one in good[:100]:
        calls(one, 0.0, [None] * 5)
    for number in range(100_000):
        one = many.of(f"https://evil-{number}", "evil")
        if number % 2:
            calls(one, 0.0, [None] * 5)
    assert [many.of(one.origin, "good") for one in good] == good
    assert [state_of(one) for one in good] == ["open"] * 100 + ["closed"] * 100
    open_ones = many.not_closed()
    assert open_ones[:100] == good[:100], "those of who has few are told first"
    assert len(open_ones) <= 4096
    new = many.of("https://new", "another")
    many.of("https://evil-x", "evil")
    assert many.of("https://new", "another") is new


# -- what is asked at an origin


def failing(many: Breakers, asked: str, account: str = "", origin: str = ORIGIN, now: float = 0.0) -> Breaker:
    return many.failing_part(many.of(origin, account), asked, asked, account, now)


def test_a_part_is_there_from_its_first_failure_until_it_has_gone_well_for_a_window() -> None:
    many = Breakers(RULES)
    whole = many.of(ORIGIN)
    assert whole.calm
    assert many.part(whole, "bad", 0.0) is None
    part = failing(many, "bad")
    part.failed(0.0, part.generation, connect=False)
    assert (whole.calm, state_of(whole), many.part(whole, "bad", 9.0)) == (False, "closed", part)
    assert many.part(whole, "other", 9.0) is None
    assert many.part(whole, "other", 21.0) is None
    assert whole.calm, "nothing failed any more"


def test_an_open_part_is_told_and_forgotten_when_nobody_asks_any_more() -> None:
    many = Breakers(RULES)
    part = failing(many, "bad")
    calls(part, 0.0, [False] * 20)
    assert [(one.origin, one.asked) for one in many.not_closed()] == [(ORIGIN, "bad")]
    assert many.part(many.of(ORIGIN), "other", 60.0) is None
    assert many.not_closed() == [part]
    assert many.part(many.of(ORIGIN), "other", 100.0) is None
    assert many.not_closed() == []
    assert many.of(ORIGIN).calm


def test_things_that_an_account_makes_up_take_the_place_of_its_own() -> None:
    many = Breakers(RULES)
    good = [failing(many, f"good-{number}", "good") for number in range(100)]
    for one in good:
        calls(one, 0.0, [False] * 20)
    for number in range(20_000):
        calls(failing(many, f"evil-{number}", "evil"), 0.0, [False] * (20 if number % 2 else 1))
    whole = many.of(ORIGIN, "good")
    assert [many.part(whole, f"good-{number}", 1.0) for number in range(100)] == good
    assert len(whole.parts) <= 4096
    assert len(many.not_closed()) <= 4096


def test_an_origin_that_goes_takes_its_parts_with_it() -> None:
    many = Breakers(RULES)
    part = failing(many, "bad", "evil")
    calls(part, 0.0, [False] * 20)
    for number in range(10_000):
        calls(many.of(f"https://evil-{number}", "evil"), 0.0, [None] * 5)
    assert part not in many.not_closed()
    assert many.of(ORIGIN, "evil").calm
