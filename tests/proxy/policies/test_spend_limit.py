"""Spend limits: which rules a call is under, that no limit is overrun, and that a call is settled exactly once.

Laws of the policy, over counters in memory; through sockets it is in the end-to-end tests (Cloudflare 3.8).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from limit_calls import NOW_US, answered, new_call, new_token

from penstock.budget import Budget
from penstock.calls.derive import derive
from penstock.errors import GatewayError
from penstock.journal.record import Outcome, read_frame
from penstock.metadata import MetadataValue
from penstock.pricing.estimate import estimate
from penstock.pricing.overrides import parse_overrides
from penstock.pricing.price_book import PriceBook
from penstock.proxy.call import Call
from penstock.proxy.policies.recent_answers import RecentAnswers
from penstock.proxy.policies.spend_limit import SpendLimits
from penstock.proxy.policies.spend_rule import Rule, compiled
from penstock.proxy.recorder import record_frame
from penstock.settings.gateways import SpendFilter, SpendKey, SpendRule, Unpriced
from penstock.settings.layers import Layer
from penstock.stores import control_store as directory
from penstock.stores.counters import Window
from support.clock import FakeClock
from support.counters import MemoryCounters

NANO = 1_000_000_000
LONG = Window(10**9, False)
OVERRIDES = parse_overrides(Layer({"openai/gpt-5": {"input": 1, "output": 2}}, path="own.toml"))
BOOK = PriceBook(None, OVERRIDES)


class Clock(FakeClock):
    """Stands at the moment of the calls."""

    __slots__ = ()

    def now_us(self) -> int:
        return NOW_US


class Prices:
    """What the ledger goes by: the same book."""

    own = BOOK

    def full(self) -> PriceBook:
        return BOOK


def limits(counters: MemoryCounters, *rules: Rule) -> SpendLimits:
    return SpendLimits("acct", "gw", rules, counters, BOOK, Clock(), RecentAnswers())


def plain_rule(usd: float, name: str = "r") -> Rule:
    return Rule(name, usd, round(usd * NANO), LONG)


def priced_call(usd: float, metadata: Mapping[str, MetadataValue] | None = None) -> Call:
    header = json.dumps({"total_cost": usd}).encode()
    return new_call(headers=[(b"cf-aig-custom-cost", header)], metadata=metadata or {})


def is_let_in(policy: SpendLimits, call: Call) -> bool:
    try:
        policy.reserve(call)
    except GatewayError as error:
        return not is_refusal(error)
    return True


def is_refusal(error: GatewayError) -> bool:
    assert (error.fault.status, error.fault.code) == (429, 2045)
    return True


# -- which rules


WORDS = st.sampled_from(["a", "b", "a=b", "", "1", "true"])
VALUES = st.one_of(WORDS, st.booleans(), st.sampled_from([1, 2.5]))
METADATA = st.dictionaries(st.sampled_from(["user", "team", "x"]), VALUES, max_size=3)
PARTITION = SpendKey(mode="partition")
KEYS = st.one_of(
    st.just(PARTITION),
    st.lists(WORDS, max_size=3).map(lambda values: SpendKey(mode="filter", values=tuple(values))),
)
FILTERS = st.none() | st.lists(
    st.sampled_from(["gpt-5", "openai/gpt-5", "claude", "openai", "anthropic"]), min_size=1, max_size=3
).map(lambda values: SpendFilter(mode="filter", values=tuple(values)))
RULES = st.builds(
    SpendRule,
    id=st.just("r"),
    limit=st.just(1.0),
    limit_type=st.just("cost"),
    window=st.just(60),
    metadata=st.none() | st.dictionaries(st.sampled_from(["user", "team"]), KEYS, max_size=2),
    model=FILTERS,
    provider=FILTERS,
)


def text(value: MetadataValue) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def applies(rule: SpendRule, provider: str, model: str, metadata: Mapping[str, MetadataValue]) -> bool:
    """The contract's words, one after the other."""
    if rule.provider is not None and provider not in rule.provider.values:
        return False
    if rule.model is not None and not {model, f"{provider}/{model}"} & set(rule.model.values):
        return False
    for name, key in (rule.metadata or {}).items():
        if name not in metadata:
            return False
        if key.values is not None and text(metadata[name]) not in key.values:
            return False
    return True


@given(
    RULES,
    st.sampled_from(["openai", "anthropic"]),
    st.sampled_from(["gpt-5", "claude"]),
    st.booleans(),
    METADATA,
)
def test_a_rule_is_about_the_calls_it_says(
    rule: SpendRule, provider: str, model: str, prefixed: bool, metadata: dict[str, MetadataValue]
) -> None:
    call = new_call(provider, model=f"{provider}/{model}" if prefixed else model, metadata=metadata)
    key = compiled(rule, 0).key(b"spend", call)
    assert (key is not None) is applies(rule, provider, model, metadata)


TEXT = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.sampled_from(["a", "b", "c", "\x1f", "=", "a\x1fuser=b", "b\x1fuser=c"]),
)
PAIRS = st.fixed_dictionaries({"team": TEXT, "user": TEXT})
BY_TWO = compiled(
    SpendRule(id="r", limit=1, limit_type="cost", window=60, metadata={"user": PARTITION, "team": PARTITION}),
    0,
)


@given(PAIRS, PAIRS)
@example({"team": "a", "user": "b\x1fuser=c"}, {"team": "a\x1fuser=b", "user": "c"})
def test_other_values_are_other_counters(
    one: dict[str, MetadataValue], other: dict[str, MetadataValue]
) -> None:
    first, second = (BY_TWO.key(b"spend", new_call(metadata=metadata)) for metadata in (one, other))
    assert (first == second) is (one == other)


@given(st.text(max_size=300), METADATA)
def test_any_id_and_metadata_make_a_key(name: str, metadata: dict[str, MetadataValue]) -> None:
    """A surrogate in an id of the file cannot be: TOML forbids it."""
    name = name.encode(errors="replace").decode()
    assert Rule(name, 1, 1, LONG).key(b"spend", new_call(metadata=metadata)) is not None


# -- before and after a call


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["call", "call", "call", "end"]),
        st.integers(0, 40),  # the price, or which call ends
        st.sampled_from(["a", "b", None]),
        st.sampled_from([200, 202, 500, 0]),
    ),
    max_size=40,
)


@given(STEPS, st.integers(1, 60), st.integers(1, 60))
def test_no_limit_is_overrun_and_nothing_stays_set_aside(
    steps: list[tuple[str, int, str | None, int]], wide: int, narrow: int
) -> None:
    """Prices are known before: whatever the order of beginnings and ends, both limits hold, always."""
    counters = MemoryCounters()
    each = Rule("each", narrow / NANO, narrow, LONG, partitions=("user",))
    policy = limits(counters, Rule("all", wide / NANO, wide, LONG), each)
    under_way: list[tuple[Call, int, str | None]] = []
    spent: dict[str | None, int] = {}

    def total(user: str | None) -> int:
        """Spent and set aside."""
        return spent.get(user, 0) + sum(price for _, price, who in under_way if who == user)

    def check() -> None:
        assert sum(map(total, ("a", "b", None))) <= wide
        assert max(total("a"), total("b")) <= narrow
        assert counters.held == len(under_way)

    def end(call: Call, price: int, user: str | None, status: int) -> None:
        call.status = status
        policy.settle(call)
        spent[user] = spent.get(user, 0) + (price if 200 <= status < 300 else 0)

    for verb, number, user, status in steps:
        if verb == "call":
            call = priced_call(number / NANO, {} if user is None else {"user": user})
            all_used = sum(map(total, ("a", "b", None)))
            fits = all_used + max(1, number) <= wide
            fits = fits and (user is None or total(user) + max(1, number) <= narrow)
            assert is_let_in(policy, call) is fits
            if fits:
                under_way.append((call, number, user))
        elif under_way:
            end(*under_way.pop(number % len(under_way)), status)
        check()
    while under_way:
        end(*under_way.pop(), 200)
        check()
    used = counters.used(b'spend acct\x1fgw["all"]', LONG, NOW_US)
    assert used == sum(spent.values())


@given(st.integers(0, 5), st.sampled_from([200, 404, 0]))
def test_a_call_is_settled_exactly_once(again: int, status: int) -> None:
    counters = MemoryCounters()
    policy = limits(counters, plain_rule(5))
    call = priced_call(1)
    policy.reserve(call)
    for _ in range(again + 1):
        answered(call, status, b"{}")
        policy.settle(call)
    assert [used for _, used in counters.settled] == [NANO if status == 200 else 0]


def test_a_refused_call_has_nothing_to_settle() -> None:
    counters = MemoryCounters()
    policy = limits(counters, plain_rule(1), plain_rule(0.5, "less"))
    call = priced_call(0.75)
    assert not is_let_in(policy, call)
    assert call.reservation is None
    policy.settle(call)
    assert (counters.held, counters.keys, counters.settled) == (0, set(), [])


def test_a_call_under_no_rule_touches_no_counter() -> None:
    counters = MemoryCounters()
    counters.broken = True
    policy = limits(counters, Rule("r", 1, NANO, LONG, providers=frozenset({"anthropic"})))
    call = priced_call(5)
    assert is_let_in(policy, call)
    policy.settle(answered(call, 200, b"{}"))


def test_broken_counters_let_nobody_in() -> None:
    counters = MemoryCounters()
    counters.broken = True
    with pytest.raises(GatewayError) as raised:
        limits(counters, plain_rule(1)).reserve(priced_call(1))
    assert (raised.value.fault.status, raised.value.fault.retry) == (503, True)


@given(st.floats(0.000001, 10), st.floats(0.000001, 10), st.floats(0.000001, 10))
def test_a_key_is_under_its_own_limit_and_the_rules(rule_usd: float, key_usd: float, price: float) -> None:
    counters = MemoryCounters()
    policy = limits(counters, plain_rule(rule_usd))
    token = new_token("0", spend=directory.SpendLimit(key_usd, 60))
    call = priced_call(price)
    call.token = token
    least = min(round(rule_usd * NANO), round(key_usd * NANO))
    assert is_let_in(policy, call) is (max(1, round(price * NANO)) <= least)


@given(st.integers(1, 3000), st.integers(0, 20_000))
def test_a_guess_is_let_in_while_anything_is_left(left: int, asked: int) -> None:
    """And where not all of it fits, a quarter of it is set aside, or what is left: others are let in as well."""
    counters = MemoryCounters()
    policy = limits(counters, Rule("r", 1, left * 1000, LONG))
    body = json.dumps({"model": "gpt-5", "max_tokens": asked + 1}).encode()
    guess = -(-len(body) // 4) * 1000 + (asked + 1) * 2000
    call = new_call(body=body)
    policy.reserve(call)
    assert call.reservation is not None
    expected = guess if guess <= left * 1000 else min(-(-guess // 4), left * 1000)
    assert call.reservation.amount == expected
    assert is_let_in(policy, new_call(body=body)) is (expected < left * 1000)


def test_first_guesses_leave_room_for_others_and_later_ones_go_by_the_answers() -> None:
    """Sixteen at once on a budget for five calls of the kind, whose requests do not say how long answers may be."""
    recent = RecentAnswers()

    def policy_for(calls: int) -> SpendLimits:
        rule = Rule("r", 1, calls * 418_000, LONG)
        return SpendLimits("acct", "gw", (rule,), MemoryCounters(), BOOK, Clock(), recent)

    policy = policy_for(5)
    body = json.dumps({"model": "gpt-5", "messages": []}).encode()
    first = [new_call(body=body) for _ in range(16)]
    passed = [call for call in first if is_let_in(policy, call)]
    assert 4 <= len(passed) <= 8
    usage = {"prompt_tokens": 18, "completion_tokens": 200}
    for call in passed:
        answered(call, 200, json.dumps({"model": "gpt-5", "usage": usage}).encode(), b"application/json")
        policy.settle(call)
    later = policy_for(10)
    assert sum(is_let_in(later, new_call(body=body)) for _ in range(30)) in (10, 11)


def test_reading_and_cancelling_are_in_nobody_s_way() -> None:
    counters = MemoryCounters()
    policy = limits(counters, Rule("r", 1, 1, LONG))
    assert is_let_in(policy, priced_call(1e-9))
    for method, tail in (
        (b"GET", "responses/resp_1"),
        (b"POST", "responses/resp_1/cancel"),
        (b"DELETE", "files/f"),
    ):
        call = new_call(tail=tail, method=method)
        policy.reserve(call)
        assert call.reservation is None


@pytest.mark.parametrize(
    ("tail", "unpriced", "passes"),
    [
        ("chat/completions", None, True),
        ("images/generations", None, False),
        ("videos", None, False),
        ("nobody/knows", None, True),
        ("chat/completions", "refuse", False),
        ("nobody/knows", "refuse", False),
        ("images/generations", "allow", True),
    ],
)
def test_what_has_no_known_price(tail: str, unpriced: Unpriced, passes: bool) -> None:
    rules = (plain_rule(1),)
    policy = SpendLimits("acct", "gw", rules, MemoryCounters(), BOOK, Clock(), RecentAnswers(), unpriced)
    body = b'{"model":"nobody-knows"}'
    assert is_let_in(policy, new_call(tail=tail, body=body)) is passes
    known = [(b"cf-aig-custom-cost", b'{"total_cost":0.1}')]
    assert is_let_in(policy, new_call(tail=tail, body=body, headers=known))


# -- what is counted is what the log says


COUNTS = st.none() | st.integers(0, 10**7)
USAGES = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": COUNTS,
        "completion_tokens": COUNTS,
        "total_tokens": COUNTS,
        "prompt_tokens_details": st.none() | st.fixed_dictionaries({"cached_tokens": COUNTS}),
    },
)
RATE = st.floats(0, 0.001) | st.just(0)
PRICE = st.none() | st.dictionaries(
    st.sampled_from(
        ["per_token_in", "per_token_out", "per_cache_read_token", "per_cache_write_token", "total_cost"]
    ),
    RATE,
    max_size=4,
)
REQUESTS = st.sampled_from(
    [
        ("openai", "chat/completions", {"model": "gpt-5"}),
        ("openai", "chat/completions", {"model": "openai/gpt-5"}),
        ("openai", "chat/completions", {"model": "nobody-knows"}),
        ("openai", "responses", {"prompt": {"id": "x"}}),
        ("parallel", "v1/search", {"objective": "x", "mode": "fast"}),
        ("parallel", "v1/tasks/runs", {"input": "x", "processor": "core"}),
        ("parallel", "v1/monitors", {"query": "x"}),
        ("parallel", "v1beta/findall/runs", {"generator": "base", "match_limit": 7}),
    ]
)
ENDS = st.sampled_from(
    [
        (200, Outcome.COMPLETE),
        (202, Outcome.COMPLETE),
        (404, Outcome.COMPLETE),
        (503, Outcome.COMPLETE),
        (429, Outcome.REFUSED),
    ]
)


@given(REQUESTS, USAGES, PRICE, ENDS, st.booleans(), st.booleans(), st.booleans())
@example(
    ("parallel", "v1/monitors", {"query": "x"}),
    {"completion_tokens": 1},
    {"per_token_out": 0.0004},
    (200, Outcome.COMPLETE),
    False,
    False,
    False,
)
def test_the_counter_counts_what_the_row_says(
    request_: tuple[str, str, dict[str, object]],
    usage: dict[str, object] | None,
    price: dict[str, float] | None,
    end: tuple[int, Outcome],
    streamed: bool,
    packed: bool,
    squeezed: bool,
) -> None:
    """And the estimate of a call that worked, when neither row nor caller know a price.

    `packed`, `squeezed`: gzip, of the answer and of the request.
    """
    provider, tail, fields = request_
    body = json.dumps(fields).encode()
    headers = [] if price is None else [(b"cf-aig-custom-cost", json.dumps(price).encode())]
    if squeezed:
        body = gzip.compress(body, mtime=0)
        headers.append((b"content-encoding", b"gzip"))
    counters = MemoryCounters()
    policy = limits(counters, plain_rule(10**6))
    call = new_call(provider, tail, body, headers=headers)
    policy.reserve(call)
    assert call.reservation is not None
    aside = call.reservation.amount
    status, outcome = end
    answer = {"model": "gpt-5", "choices": [], **({} if usage is None else {"usage": usage})}
    told = json.dumps(answer).encode()
    if streamed:
        told = b"data: " + told + b"\n\ndata: [DONE]\n\n"
    answered(
        call,
        status,
        gzip.compress(told, mtime=0) if packed else told,
        b"text/event-stream" if streamed else b"application/json",
        outcome,
    )
    call.response_encoding = b"gzip" if packed else b""
    policy.settle(call)
    frame = record_frame(call, 1.0, Budget(0))
    assert isinstance(frame, list)
    entry = read_frame(b"".join(frame), 0)
    cost = derive(entry.record, entry.request, entry.response, Prices()).cost_nano
    ((_, counted),) = counters.settled
    if cost is None:
        # Prices of the caller's own for tokens charge nothing where none are told (Cloudflare 3.19).
        unsaid = estimate(BOOK, provider, tail, call.model or None, json.dumps(fields).encode(), None, NOW_US)
        cost = max(aside, unsaid or 0) if 200 <= status < 300 and not price else 0
    assert counted == cost
