"""What comes next: the moves of one leg's attempts as a table and as laws, and the legs of a plan."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.proxy.call import Call
from penstock.proxy.plan import (
    ALONE,
    ANSWERED,
    FAILED,
    GIVE,
    Ended,
    Give,
    Leg,
    Send,
    Sent,
    StepList,
    Tries,
    Wait,
    next_move,
)
from penstock.proxy.policies.retry import RetryRules
from penstock.proxy.routing import Named
from penstock.wire.controls import NO_CONTROLS
from penstock.wire.universal import NO_CONFIG, Step

LONGEST_WAIT = 60.0

TWICE = Tries(RetryRules(attempts=2, delay_ms=1000, backoff="constant"))
KEYS = Tries(RetryRules(), keys=3)


def even() -> float:
    """A chance that changes nothing."""
    return 0.5


@pytest.mark.parametrize(
    ("tries", "sent", "move"),
    [
        (TWICE, Sent(200, replayable=True), GIVE),
        (TWICE, Sent(404, replayable=True), GIVE),
        (TWICE, Sent(500, replayable=True), Wait(msgspec.structs.replace(TWICE, retries=1), 1.0)),
        (TWICE, Sent(0, replayable=True), Wait(msgspec.structs.replace(TWICE, retries=1), 1.0)),
        (TWICE, Sent(0, replayable=True, hopeless=True), GIVE),
        (TWICE, Sent(0, replayable=False), GIVE),
        (TWICE, Sent(500, replayable=False), GIVE),
        (TWICE, Sent(0, replayable=True, ordered=True), GIVE),
        (TWICE, Sent(500, replayable=True, ordered=True), GIVE),
        (KEYS, Sent(0, replayable=True, ordered=True, spare_key=True), GIVE),
        (TWICE, Sent(429, True, retry_after=7.2), Wait(msgspec.structs.replace(TWICE, retries=1), 7.2)),
        (TWICE, Sent(429, True, retry_after=60.5), GIVE),
        (msgspec.structs.replace(TWICE, retries=1), Sent(500, True), GIVE),
        (KEYS, Sent(401, True, spare_key=True), Send(msgspec.structs.replace(KEYS, replaced=1))),
        (KEYS, Sent(401, True), GIVE),
        (KEYS, Sent(401, False, spare_key=True), GIVE),
        (msgspec.structs.replace(KEYS, replaced=2), Sent(401, True, spare_key=True), GIVE),
    ],
)
def test_moves(tries: Tries, sent: Sent, move: Send | Wait | Give) -> None:
    assert next_move(tries, sent, even) == move


def test_a_refused_key_is_replaced_before_the_call_is_tried_again() -> None:
    tries = Tries(RetryRules(attempts=2, delay_ms=0), keys=2)
    refused = Sent(429, replayable=True, spare_key=True)
    moves = []
    while not isinstance(move := next_move(tries, refused, even), Give):
        moves.append(type(move))
        tries = move.tries
    assert moves == [Send, Wait, Send]


def test_the_last_of_several_attempts_is_not_timed_unless_a_leg_follows() -> None:
    rules = RetryRules(attempts=2, timeout=3.0)
    assert [Tries(rules, retries=count).limit for count in (0, 1)] == [3.0, None]
    assert [Tries(rules, more=True, retries=count).limit for count in (0, 1)] == [3.0, 3.0]


# -- laws

RULES = st.builds(
    RetryRules,
    attempts=st.integers(1, 5),
    delay_ms=st.integers(0, 60_000),
    backoff=st.sampled_from(["constant", "linear", "exponential"]),
)
SENT = st.builds(
    Sent,
    status=st.sampled_from([0, 200, 204, 302, 400, 401, 402, 403, 404, 408, 429, 500, 503, 529]),
    replayable=st.booleans() | st.just(True),
    ordered=st.just(False) | st.booleans(),
    hopeless=st.just(False) | st.booleans(),
    spare_key=st.booleans(),
    retry_after=st.none() | st.floats(0, 100),
)
CHANCE = st.floats(0, 1, exclude_max=True)


def walk(tries: Tries, sent: Sequence[Sent], chance: float) -> list[tuple[Sent, Send | Wait | Give]]:
    """All moves of a leg whose sendings go as told, the last one over and over; fails when it has no end."""
    moves = []
    for one in itertools.chain(sent, itertools.repeat(sent[-1], 100)):
        move = next_move(tries, one, lambda: chance)
        moves.append((one, move))
        if isinstance(move, Give):
            return moves
        tries = move.tries
    raise AssertionError("it never ends")


WALKS = st.builds(
    walk,
    st.builds(Tries, RULES, more=st.booleans(), keys=st.integers(1, 4)),
    st.lists(SENT, min_size=1, max_size=30),
    CHANCE,
)


@given(
    tries=st.builds(Tries, RULES, more=st.booleans(), keys=st.integers(1, 4)),
    sent=st.lists(SENT, min_size=1, max_size=30),
    chance=CHANCE,
)
def test_it_ends_and_never_sends_more_often_than_allowed(
    tries: Tries, sent: list[Sent], chance: float
) -> None:
    moves = walk(tries, sent, chance)
    assert len(moves) <= tries.rules.attempts * tries.keys
    assert sum(isinstance(move, Wait) for _, move in moves) < tries.rules.attempts
    rounds = itertools.groupby(moves, lambda pair: isinstance(pair[1], Send))
    assert all(len(list(group)) < tries.keys for replaced, group in rounds if replaced)


@given(moves=WALKS)
def test_nothing_is_sent_again_that_cannot_be_or_was_answered(
    moves: list[tuple[Sent, Send | Wait | Give]],
) -> None:
    for sent, move in moves:
        if isinstance(move, Give):
            continue
        assert sent.replayable
        assert not sent.ordered
        assert not sent.hopeless
        assert sent.spare_key or sent.status in (0, 408, 429) or sent.status >= 500


@given(moves=WALKS)
def test_a_wait_is_no_shorter_than_the_provider_asks_and_never_above_a_minute(
    moves: list[tuple[Sent, Send | Wait | Give]],
) -> None:
    for sent, move in moves:
        if isinstance(move, Wait):
            assert (sent.retry_after or 0.0) <= move.seconds + 1e-9
            assert 0 <= move.seconds <= LONGEST_WAIT


# -- plans


def steps(count: int) -> StepList:
    """A universal request; its calls are told apart by their numbers."""
    listed = [
        Step("openai", f"chat/{number}?a=b", [], NO_CONTROLS, NO_CONFIG, b"{}") for number in range(count)
    ]
    return StepList(listed, lambda _, index: cast(Call, _Numbered(index)))


class _Numbered:
    """A call, as far as a plan looks at it."""

    def __init__(self, step: int) -> None:
        self.step = step


@given(count=st.integers(1, 6), failing=st.integers(0, 7))
def test_steps_follow_each_other_until_one_answers(count: int, failing: int) -> None:
    plan, taken = steps(count), []
    leg = plan.after(None)
    while leg is not None:
        assert isinstance(leg.place, Named)
        assert leg.place.tail == f"chat/{leg.call.step}"
        assert leg.more is (leg.call.step + 1 < count)
        taken.append(leg.call.step)
        leg.ended = FAILED if len(taken) <= failing else ANSWERED
        leg = plan.after(leg)
    assert taken == list(range(min(count, failing + 1)))


@pytest.mark.parametrize("ended", [ANSWERED, FAILED])
def test_nothing_follows_a_plain_call(ended: Ended) -> None:
    leg = Leg(cast(Call, _Numbered(0)), Named("openai", "chat"), ended=ended)
    assert ALONE.after(leg) is None
