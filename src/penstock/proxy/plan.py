"""What a request is made of, and what comes next: legs, and the attempts of one leg. Pure: no I/O, no clock.

A `Leg` is one call to one provider. A `Plan` says which leg follows, given how the last one ended: none after a
plain call's, the next one in the list of a universal request; it knows no more of the others than that. Within a
leg `next_move` says whether to send once more, to wait before that, or to give what there is. The commit point is
an answer that is no failure: after it nothing is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, Protocol

import msgspec

from penstock.errors import TOO_MANY_CALLS, GatewayError
from penstock.proxy.call import Call, OwnAnswer, Route
from penstock.proxy.policies.retry import NO_RETRY, RetryRules, is_failure, time_limit, wait_ms
from penstock.proxy.routing import Compat, Named, OneModel
from penstock.wire.search.errors import gives_way as another_may_search
from penstock.wire.surface import Surface
from penstock.wire.universal import Step

FIRST_ERROR = 400
"""The status from which on an answer is an error."""

MAX_SENDINGS = 100
"""How often one request may be sent to providers, all its steps, attempts and keys together."""

LONGEST_WAITING = 600.0
"""Seconds that one request may wait between attempts, all in all."""


Ended = Literal["answered", "failed", "taken"]
"""How a leg ended, as far as the next one is concerned."""

ANSWERED: Final = "answered"
"""The client has its answer, or will get no other."""

FAILED: Final = "failed"
"""The client has seen nothing of it yet."""

TAKEN: Final = "taken"
"""The client gets it with the answers to the other parts of its question."""


class Kept(msgspec.Struct, frozen=True, gc=False):
    """An answer that is there already: where a leg leads that asks nobody."""

    answer: OwnAnswer


class Leg(msgspec.Struct, eq=False):
    """One call to one provider. Body, stored keys that may go out, and the row in the log are its `call`'s.

    A struct, because one is made for every call.
    """

    call: Call
    place: (
        Route | Compat | OneModel | Named | Kept
    )  # where it leads, as far as that can be told before its turn
    more: bool = False  # another leg follows if this one fails, so nobody gets to see how it failed
    steers: bool = False  # it may want more than one plain attempt
    rules: RetryRules = NO_RETRY
    made: int = 0  # how often the request was sent to providers, by this leg and those before
    waited: float = 0.0  # seconds, between sendings, likewise
    body: bytes | None = None  # that goes to the provider in place of the caller's
    over: bool = False  # it was answered without asking the provider
    ended: Ended = ANSWERED


def gives_way(leg: Leg, status: int) -> bool:
    """Whether an answer of this status is nobody's, since the next leg has its turn: a search that is itself at fault
    is so with every provider.
    """
    if not leg.more or status < FIRST_ERROR:
        return False
    place = leg.place
    if isinstance(place, OneModel) and place.surface is Surface.SEARCH:
        return another_may_search(status, stored=bool(leg.call.stored_key))
    return True


class Plan(Protocol):
    """Which leg comes next."""

    def after(self, leg: Leg | None) -> Leg | None:
        """The leg that follows one that has ended; the first, where there was none. None: the request is over."""


class Alone:
    """The plan of a plain call: nothing follows."""

    def after(self, leg: Leg | None) -> Leg | None:
        return None


ALONE = Alone()


class StepList:
    """The plan of a universal request: its steps in order, until one has an answer (Cloudflare 1.7)."""

    def __init__(self, steps: Sequence[Step], make: Callable[[Step, int], Call]) -> None:
        """`make` gives the call of a step, by its place in the list."""
        self._steps = steps
        self._make = make

    def after(self, leg: Leg | None) -> Leg | None:
        index = 0 if leg is None else leg.call.step + 1
        if index >= len(self._steps) or (leg is not None and leg.ended == ANSWERED):
            return None
        step = self._steps[index]
        place = Named(step.provider, step.endpoint.partition("?")[0])
        call, more = self._make(step, index), index + 1 < len(self._steps)
        if leg is None:
            return Leg(call, place, more=more)
        if leg.made >= MAX_SENDINGS:
            call.refusal, more = _spent(), False
        return Leg(call, place, more=more, made=leg.made, waited=leg.waited)


class ModelList:
    """The plan of a question to several models: each in turn, until one has an answer.

    A question that takes several requests is asked part by part, and of the next model from its first part on.
    """

    def __init__(
        self, call: Call, places: Sequence[OneModel], make: Callable[[int], Call] | None = None
    ) -> None:
        """`call` is the first one's; `make` gives that of another, by its number, where there may be others."""
        self._call = call
        self._places = places
        self._make = make
        self._index = 0  # of the model whose turn it is

    def after(self, leg: Leg | None) -> Leg | None:
        if leg is None:
            return Leg(self._call, self._places[0], more=len(self._places) > 1)
        if leg.ended == ANSWERED or self._make is None:
            return None
        made = leg.made
        if leg.ended == TAKEN:
            self._places[self._index].part += 1
            made -= not leg.over  # one for each part is on top of what a request has
        else:
            self._index += 1
            if self._index >= len(self._places):
                return None
        place, more = self._places[self._index], self._index + 1 < len(self._places)
        call = self._make(leg.call.step + 1)
        if made >= MAX_SENDINGS:
            call.refusal, more = _spent(), False
        return Leg(call, place, more=more, made=made, waited=leg.waited)


def _spent() -> GatewayError:
    return GatewayError(
        TOO_MANY_CALLS,
        f"this request was sent to providers {MAX_SENDINGS} times, and no step follows; "
        "ask for fewer steps or attempts",
    )


# -- the attempts of one leg


class Tries(msgspec.Struct, frozen=True, gc=False):
    """What a leg may do, and how often it has done it."""

    rules: RetryRules
    more: bool = False  # another leg follows
    keys: int = 1  # among which a refused one can be replaced
    retries: int = 0
    replaced: int = 0  # keys, since the last retry

    @property
    def limit(self) -> float | None:
        """Seconds that the next sending may take to its first byte."""
        return time_limit(self.rules, self.retries + 1, last_target=not self.more)


class Sent(msgspec.Struct, frozen=True, gc=False):
    """How one sending went. `status` 0: there was no answer."""

    status: int
    replayable: bool  # it could be sent again
    ordered: bool = False  # it may have made something, and another sending would make one more
    hopeless: bool = False  # no attempt now would go better
    spare_key: bool = False  # its key was refused, and there is one that was not
    retry_after: float | None = None  # seconds, from the answer
    again: bool | None = None  # whether the answer says to try again at all


class Send(msgspec.Struct, frozen=True, gc=False):
    """Send now."""

    tries: Tries


class Wait(msgspec.Struct, frozen=True, gc=False):
    """Send after so many seconds."""

    tries: Tries
    seconds: float


class Give(msgspec.Struct, frozen=True, gc=False):
    """The answer, or the error, is the leg's."""


GIVE = Give()


def next_move(tries: Tries, sent: Sent, chance: Callable[[], float]) -> Send | Wait | Give:
    """What follows a sending. `chance` gives a number from [0, 1), and spreads the waits; few sendings need it.

    What may have been ordered is not ordered again. A refused key is replaced without waiting, and without counting as
    a retry, until each was tried once. A failure is tried again as often as the rules allow, unless the provider wants
    a longer wait than they do. Its word on whether to try again at all goes before what its status says.
    """
    if not sent.replayable or sent.ordered or sent.hopeless:
        return GIVE
    if sent.spare_key and tries.replaced + 1 < tries.keys:
        return Send(msgspec.structs.replace(tries, replaced=tries.replaced + 1))
    rules = tries.rules
    again = is_failure(sent.status) and sent.status not in rules.final if sent.again is None else sent.again
    if tries.retries + 1 >= rules.attempts or (sent.status and not again):
        return GIVE
    number = tries.retries + 1
    wait = wait_ms(tries.rules, number, sent.retry_after, chance())
    if wait is None:
        return GIVE
    return Wait(msgspec.structs.replace(tries, retries=number, replaced=0), wait / 1000)


def within_bounds(move: Send | Wait | Give, leg: Leg) -> Send | Wait | Give:
    """The move, unless its request has had its share of sendings, or would wait for longer than any may."""
    if leg.made >= MAX_SENDINGS:
        return GIVE
    if isinstance(move, Wait):
        if leg.waited + move.seconds > LONGEST_WAITING:
            return GIVE
        leg.waited += move.seconds
    return move
