"""Who orders a run and says `cf-aig-wait` gets its result, if that comes in time, and else what is usual.

A plan of up to three legs: the order, whose answer is held; the question for the result; and what the order was
answered with, where there is no result yet. Each of the first two is a call with a row of its own. Pure, but for who
makes calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import msgspec

from penstock.clock import Clock
from penstock.proxy.body_filter import BodyFilter
from penstock.proxy.call import Call, OwnAnswer, Route
from penstock.proxy.fallback import Untouched
from penstock.proxy.held_filter import HeldFilter
from penstock.proxy.plan import FAILED, TAKEN, Kept, Leg, Plan
from penstock.proxy.question import PartTaken
from penstock.proxy.routing import World
from penstock.runs.places import Act, what

_ACCEPTED: Final = 202
_MOST_HELD: Final = 1024 * 1024  # bytes; the answer to an order has a few hundred


class _Made(msgspec.Struct, gc=False):
    run_id: str


_to_made = msgspec.json.Decoder(_Made).decode


def waits(
    call: Call, place: object, world: World, clock: Clock, recorded: Callable[[Call], Call]
) -> Plan | None:
    """The plan of a call that orders a run and waits for it; None for any other. `recorded` keeps a call's body."""
    if not isinstance(place, Route) or not place.provider.keeps_runs:
        return None
    if what(call.method, place.tail).act is not Act.MAKE_TASK:
        return None
    return WaitForResult(call, place, world, clock, recorded)


class WaitForResult:
    """Of one request."""

    def __init__(
        self, call: Call, route: Route, world: World, clock: Clock, recorded: Callable[[Call], Call]
    ) -> None:
        self._route = route
        self._call = call
        self._world = world
        self._untouched = Untouched(call, b"", clock)
        self._recorded = recorded
        self._made = b""
        call.filters += (self._holder,)

    def after(self, leg: Leg | None) -> Leg | None:
        """The order; then, where it was held, the question; then, where that has failed, what was held."""
        if leg is None:
            return Leg(self._call, self._route)
        if leg.ended == TAKEN:
            return self._question(leg)
        return self._usual(2) if leg.ended == FAILED and isinstance(leg.place, Route) else None

    def _usual(self, index: int) -> Leg:
        """What the order was answered with."""
        call = self._untouched.again(index)
        call.logged = False
        return Leg(call, Kept(OwnAnswer(_ACCEPTED, b"", self._made)))

    def _question(self, leg: Leg) -> Leg:
        run_id = _run_id(self._made)
        if not run_id:
            return self._usual(1)
        call = self._recorded(self._untouched.again(1))
        version = self._route.tail.partition("/")[0]
        tail = f"{version}/tasks/runs/{quote(run_id, safe='')}/result"
        query = f"?timeout={self._call.controls.wait}"
        call.method, call.path, call.query = b"GET", tail + query, query.encode()
        call.head.idempotency_key, call.compat = b"", False
        route = self._world.locate(self._route.gateway, self._route.provider, tail, call.lookup)
        call.provider, call.operation = route.provider, route.operation(b"GET")
        return Leg(call, route, more=True, made=leg.made)

    def _holder(self, status: int, _content_type: bytes, _lines: bytes) -> BodyFilter | None:
        return _Holder(self._hold) if status == _ACCEPTED else None

    def _hold(self, body: bytes) -> None:
        self._made = body


class _Holder(HeldFilter):
    """Keeps the answer to the order, and lets nothing of it go."""

    def __init__(self, hold: Callable[[bytes], None]) -> None:
        super().__init__()
        self._hold = hold

    def finish(self) -> bytes:
        """Raises `PartTaken`: what follows is the answer. One that is no answer to an order is passed on."""
        body = bytes(self._body)
        if len(body) > _MOST_HELD:
            return body
        self._hold(body)
        raise PartTaken(len(body), len(body))


def _run_id(answer: bytes) -> str:
    try:
        return _to_made(answer).run_id
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
