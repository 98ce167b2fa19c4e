"""A stream of Parallel's that breaks off is asked for again from where it was, and goes on to the same client.

Where that is, and whether there is more to come, `runs/stream_place.py` knows; here are the attempts: how many, when,
and that nothing changes for the client but a pause. Pieces go on from the provider's callbacks, as always; a task is
made for each resumption, none for a stream that does not break.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final, NamedTuple

from penstock.budget import Budget
from penstock.clock import Clock
from penstock.errors import GatewayError, without_frames
from penstock.proxy.attempts import Attempts
from penstock.proxy.call import Call, Route
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.paced import Paced
from penstock.proxy.plan import MAX_SENDINGS, Leg
from penstock.proxy.policies.retry import advice, is_failure
from penstock.proxy.response import Responder
from penstock.proxy.upstream.exchange import Exchange, Sink, UpstreamError
from penstock.runs.places import Act
from penstock.runs.stream_place import GROUP_SECONDS, StreamPlace, query_from, seconds_asked
from penstock.wire.headers import Header, without

MOST_IN_VAIN: Final = 5
"""Attempts in a row that bring nothing, after which a stream ends as it did."""

STEADY_SECONDS: Final = 30.0
"""An answer that stood for so long was none in vain."""

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0  # seconds before an attempt; doubled after each in vain
_HELD: Final = 65536  # bytes of an event that has not ended, for which no room is taken
_STEP: Final = 262144
_OK: Final = 200
_OWN_PLACE: Final = frozenset({b"last-event-id"})  # of the caller's; the query says it


class Resumption:
    """Passes on answers of a worker that may be resumed. `budget` is of events that have not ended."""

    def __init__(self, attempts: Attempts, responder: Responder, clock: Clock, budget: Budget) -> None:
        self.attempts = attempts
        self.responder = responder
        self.clock = clock
        self.budget = budget

    def of(self, leg: Leg, route: Route) -> Relay:
        """Who passes on the answer to a call with a ticket."""
        return Relay(self, leg, route)


class Relay(NamedTuple):
    """Of one call."""

    parts: Resumption
    leg: Leg
    route: Route

    def relay(self, call: Call, exchange: Exchange, inbound: Inbound) -> Awaitable[None] | None:
        """Like `Responder.relay`; more answers follow this one where it breaks off."""
        place = None if call.ticket is None else call.ticket.place()
        if not _is_stream(exchange):
            return self.parts.responder.relay(call, exchange, inbound)
        if place is None or not _is_plain(exchange):
            return self.parts.responder.relay(call, exchange, inbound, via=Paced(exchange))
        stream = _Stream(self.parts, self.leg, self.route, exchange, place)
        return _to_the_end(stream, self.parts.responder.relay(call, exchange, inbound, stream))


class _Stream:
    """One stream, of however many answers; to its writer it is one exchange."""

    def __init__(
        self, parts: Resumption, leg: Leg, route: Route, exchange: Exchange, place: StreamPlace
    ) -> None:
        self.trailers: list[Header] = []
        self._attempts = parts.attempts
        self._clock = parts.clock
        self._budget = parts.budget
        self._leg = leg
        self._route = route
        self._exchange = Paced(exchange)
        self._place = place
        self._borrowed = 0
        self._is_raw = False  # there is no room for events: from here on bytes go on as they come
        self._paused = False
        self._sink: Sink = _nowhere
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._began = parts.clock.monotonic()  # the answer that goes on
        self._steps = 0  # places that were known then
        self._in_vain = 0
        self._resumed = 0
        self._until = _end_of(leg.call, place)

    # -- what its writer sees

    def relay(self, sink: Sink) -> asyncio.Future[None]:
        """From now on every whole event goes to `sink`. The future resolves at the sound end, or fails."""
        self._sink = sink
        self._listen()
        return self._ended

    def pause(self) -> None:
        """The client cannot take more for now."""
        self._paused = True
        self._exchange.pause()

    def resume(self) -> None:
        """The client can take more."""
        self._paused = False
        self._exchange.resume()

    def close(self) -> None:
        """Nobody wants the rest."""
        self._sink = _nowhere
        self._ended.cancel()
        if self._task is not None:
            self._task.cancel()
        self._give_room_back()

    # -- one answer

    def _listen(self) -> None:
        if self._paused:
            self._exchange.pause()
        self._exchange.relay(self._feed).add_done_callback(self._answer_ended)

    def _feed(self, data: bytes) -> None:
        passed = data if self._is_raw else self._place.feed(data)
        if self._place.held > _HELD + self._borrowed and not self._take_room():
            self._is_raw = True
            passed += self._place.finish()
        if passed:
            self._sink(passed)

    def _answer_ended(self, relayed: asyncio.Future[None]) -> None:
        if self._ended.done():
            return
        error = relayed.exception()
        if self._is_raw or not self._place.goes_on(is_sound=error is None):
            self._end(error)
            return
        now = self._clock.monotonic()
        if self._place.steps > self._steps or now - self._began >= STEADY_SECONDS:
            self._in_vain = 0
        self._task = asyncio.get_running_loop().create_task(self._go_on(error))

    def _end(self, error: BaseException | None) -> None:
        rest = self._place.finish()
        if rest:
            self._sink(rest)
        if not self._resumed:
            self.trailers = self._exchange.trailers
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)

    # -- the next one

    async def _go_on(self, error: BaseException | None) -> None:
        """Asks until an answer goes on, or there is no use in it: then the stream ends as the last answer did."""
        try:
            exchange = await self._asked_again("" if error is None else str(error))
        except Exception as unexpected:
            self._end_if_open(unexpected)
            return
        if exchange is None:
            self._end_if_open(error)
            return
        self._leg.call.exchange = exchange
        self._exchange = Paced(exchange)
        self._place.anew()
        self._began, self._steps = self._clock.monotonic(), self._place.steps
        self._listen()

    def _end_if_open(self, error: BaseException | None) -> None:
        if not self._ended.done():
            self._end(error)

    async def _asked_again(self, reason: str) -> Exchange | None:
        call, after = self._leg.call, 0.0
        self._exchange.close()
        call.head.forward, call.head.joined = without(call.head.forward, _OWN_PLACE), b""
        while self._in_vain < MOST_IN_VAIN and self._resumed < MAX_SENDINGS and after <= _LONGEST_WAIT:
            wait = max(after, _FIRST_WAIT * 2.0**self._in_vain * (0.75 + self._clock.chance() / 2))
            if self._clock.monotonic() + wait >= self._until:
                break
            await self._clock.sleep(wait)
            self._in_vain += 1
            self._resumed += 1
            what = f"from {self._place.last_event_id[:64] or 'its start'}: {reason or 'it ended too early'}"
            call.note("resume", self._clock.monotonic(), what)
            try:
                exchange = await self._attempts.open(self._leg, self._route, query=self._query())
            except UpstreamError as error:
                reason = error.reason
                without_frames(error)
                continue
            except GatewayError as error:
                call.note("failure", self._clock.monotonic(), error.detail)
                break
            finally:
                call.secrets = tuple(dict.fromkeys(call.secrets))
            if _is_stream(exchange) and _is_plain(exchange):
                return exchange
            exchange.close()
            if not is_failure(exchange.status):
                call.note("failure", self._clock.monotonic(), f"it was answered with {exchange.status}")
                break
            reason = f"it was answered with {exchange.status}"
            after = advice(exchange.headers, self._clock.now_us()).after or 0.0
        return None

    def _query(self) -> bytes:
        query = self._leg.call.query if self._route.query is None else self._route.query
        left = None if seconds_asked(query) is None else self._until - self._clock.monotonic()
        return query_from(query, self._place.last_event_id, left)

    # -- room

    def _take_room(self) -> bool:
        granted = self._budget.take(_STEP)
        self._borrowed += granted
        return granted == _STEP or self._place.held <= _HELD + self._borrowed

    def _give_room_back(self) -> None:
        self._budget.give_back(self._borrowed)
        self._borrowed = 0


async def _to_the_end(stream: _Stream, relaying: Awaitable[None] | None) -> None:
    try:
        if relaying is not None:
            await relaying
    finally:
        stream.close()


def _end_of(call: Call, place: StreamPlace) -> float:
    """Until when it may go on, in monotonic seconds: as long as its caller, or else Parallel, wants it to be."""
    query_seconds = seconds_asked(call.query)
    if query_seconds is not None:
        return call.started + query_seconds
    return float("inf") if place.act is Act.FINDALL_EVENTS else call.started + GROUP_SECONDS


def _is_stream(exchange: Exchange) -> bool:
    """Whether it is a stream of events."""
    return (
        exchange.status == _OK
        and not exchange.bodiless
        and _values(exchange.headers, b"content-type")[:17].lower() == b"text/event-stream"
    )


def _is_plain(exchange: Exchange) -> bool:
    """Whether it can be read as it is."""
    return _values(exchange.headers, b"content-encoding").strip().lower() in (b"", b"identity")


def _values(headers: Sequence[Header], name: bytes) -> bytes:
    return b", ".join(value for key, value in headers if key.lower() == name)


def _nowhere(_: bytes) -> None:
    """Where the rest goes that nobody wants."""
