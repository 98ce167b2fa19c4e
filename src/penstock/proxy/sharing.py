"""The recall phase, and what follows from it: an answer that is there, or on its way, is not asked for again.

Answers a leg from a store or by joining an identical call in flight; where it is the one that others may join, its
answer goes through a flight to all of them, and is kept. A call goes on without the client who began it while
others share it. What makes calls identical is `policies/cache_key.py`'s affair, where answers are kept
`answer_cache.py`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from penstock.budget import Budget
from penstock.clock import Clock
from penstock.errors import UNAVAILABLE, GatewayError
from penstock.proxy.answer_cache import AnswerCache, Hit, Lookup
from penstock.proxy.body_filter import filters_for
from penstock.proxy.call import Call, Route
from penstock.proxy.call_bodies import end_of_answer, end_of_body
from penstock.proxy.capture import Capture
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.plan import ANSWERED, FAILED, Leg, gives_way
from penstock.proxy.policies.sent_orders import ends_plan, may_stand
from penstock.proxy.response import LARGE_REPLY, Responder, Writer, note_answer
from penstock.proxy.single_flight import AnswerHead, Flight, Subscriber
from penstock.proxy.upstream.exchange import Exchange, Progress, Sink, UpstreamError
from penstock.proxy.whole_bodies import WholeBodies
from penstock.wire.accepts import accepts_encoding
from penstock.wire.content_encoding import codings
from penstock.wire.stream_end import UNTOLD, End, is_silent

_MISS = b"cf-aig-cache-status: MISS\r\n"
_HIT = b"cf-aig-cache-status: HIT\r\n"
_REPLAYED = b"idempotent-replayed: true\r\n"
_FAILURE_SECONDS = 2.0  # for what a failed step has to say
_FAILURE_BYTES = 1024 * 1024
_UNPACKED_HERE = (
    65536  # bytes of an answer in a content coding; a larger one would hold up everybody else's calls
)


class Sharing:
    """Answers legs together with others, before them or after them."""

    def __init__(
        self, answers: AnswerCache, responder: Responder, clock: Clock, budget: Budget, bodies: WholeBodies
    ) -> None:
        self._answers = answers
        self._responder = responder
        self._clock = clock
        self._budget = budget
        self._bodies = bodies

    async def recall(self, leg: Leg, route: Route, inbound: Inbound) -> Lookup | None:
        """Answers the leg without asking the provider: then `leg.over`. Or the call is to be made: for others as
        well, where there is a lookup. Raises `GatewayError` and `UpstreamError`.
        """
        call = leg.call
        lookup = await self._answers.lookup(call, route, self._bodies)
        if lookup is None:
            return None
        hit, reserved = self._answers.glance(call, lookup), 0
        while True:
            while hit is None:
                found = await self._answers.find(call, lookup)
                if found is None:
                    return lookup
                if isinstance(found, Hit):
                    hit, found = found, None
                elif await self._join(leg, inbound, lookup, found) or found.kept:
                    return None
            size = len(hit.reply.body)
            if size <= LARGE_REPLY or size <= reserved:
                break
            share = self._bodies.share_of(call, inbound.body)
            if share.take(size):
                break
            hit = None  # nobody holds an answer while waiting for room for it
            lookup.glanced = False
            await share.wait(size)
            reserved = size
        if lookup.once_key and not hit.replayed:
            await self._answers.copy_once(lookup, hit.reply)
        replaying = self._replay(leg, inbound, hit)
        if replaying is not None:
            await replaying
        return None

    async def hear_out(self, call: Call, exchange: Exchange) -> None:
        """The body of an answer that is not passed on, for the record; as much as comes in short time."""
        self._responder.head(call, exchange)
        call.capture = capture = Capture(_FAILURE_BYTES, self._budget)

        def hear(data: bytes) -> None:
            call.received += len(data)
            capture.add(data)

        if not await _heard_out(exchange, hear):
            capture.cut = True

    # -- an answer that is there

    def _replay(self, leg: Leg, inbound: Inbound, hit: Hit) -> Awaitable[None] | None:
        call, reply = leg.call, hit.reply
        leg.over = True
        call.note("cache", self._clock.monotonic(), "REPLAYED" if hit.replayed else "HIT")
        call.cached = True
        call.cost = 0
        call.model = call.model or reply.model
        age = max(0, self._clock.now_us() - reply.created_us) // 1_000_000
        call.own_headers += b"%bage: %d\r\n" % (_REPLAYED if hit.replayed else _HIT, age)
        if gives_way(leg, reply.status):
            self._responder.note(call, reply)
            leg.ended = FAILED
            return None
        return self._responder.replay(call, inbound, reply)

    # -- one call for several clients

    def lead(self, lookup: Lookup, call: Call, inbound: Inbound) -> Lead:
        """The call is about to be made; from now on others may join."""
        inbound.guard = lead = Lead(lookup, self._answers.lead(lookup), inbound.task)
        if lookup.ttl:
            call.own_headers += _MISS
            call.note("cache", self._clock.monotonic(), "MISS")
        return lead

    async def share(self, lead: Lead, leg: Leg, route: Route, inbound: Inbound, exchange: Exchange) -> None:
        """The answer on its way to all, until it is kept and this leg's client has it."""
        call, flight = leg.call, lead.flight
        if gives_way(leg, exchange.status):
            leg.ended = FAILED
        try:
            await self._pass_on(lead, leg, route, inbound, exchange)
            lead.finished = True
            call.whole = not call.answer_cut
            if leg.ended == FAILED:
                inbound.guard = None
            if lead.own is not None and not inbound.gone:
                await _to_the_end(lead.own, flight)
        finally:
            if lead.own is not None:
                lead.own[1].forget()
                flight.leave(lead.own[0])
        is_noted = call.capture is None and (call.writer is not None or call.answer)
        if flight.kept and not is_noted and _logs_providers(call):
            if call.capture is not None:  # what was kept is better than what one client got of it
                call.capture.release()
                call.capture = call.results = None
            note_answer(call, [flight.body()])

    async def _pass_on(
        self, lead: Lead, leg: Leg, route: Route, inbound: Inbound, exchange: Exchange
    ) -> None:
        call, flight = leg.call, lead.flight
        landed, lines = self._responder.land(call, exchange)
        passed_on = leg.ended == ANSWERED
        if passed_on and not inbound.gone:
            lead.own = self._responder.subscribe(call, inbound, flight, landed, exchange)
        flight.land(landed, exchange)
        if passed_on:
            relayed = exchange.relay(flight.feed)
            await (relayed if lead.own is None else lead.own[1].drive(relayed))
        elif not await _heard_out(exchange, flight.feed):
            error = UpstreamError("an error without end", Progress.ANSWERED)
            self._answers.give_up(lead.lookup, flight, error)
            call.answer_cut = True
            return
        flight.finish(exchange.trailers, unframed=exchange.unframed)
        dialect, plain = call.operation.dialect, not (landed.content_encoding or exchange.unframed)
        is_silent_one = plain and flight.kept and is_silent(dialect, landed.content_type, flight.body())
        if is_silent_one or await _is_whole(call, flight, exchange, landed):
            await self._answers.keep(lead.lookup, flight, landed, lines, route.provider.slug, call.model)
        else:
            self._answers.give_up(lead.lookup, flight, None)

    def give_up(self, lookup: Lookup, lead: Lead | None, inbound: Inbound, error: BaseException) -> None:
        """The call was not made, or not to its end: those who have joined are told."""
        flight = None if lead is None else lead.flight
        if lead is not None and lead.finished:
            return
        if isinstance(error, Exception):
            inbound.guard = None  # a leg that follows has its own
            self._answers.give_up(lookup, flight, error)
        else:
            ended = GatewayError(UNAVAILABLE, "the call this one had joined was ended; try again")
            self._answers.give_up(lookup, flight, ended)

    async def _join(self, leg: Leg, inbound: Inbound, lookup: Lookup, flight: Flight) -> bool:
        """Shares somebody else's call, and costs nothing. False: too late for that, or not in this encoding."""
        call = leg.call
        landed = await self._landing(flight)
        failed = gives_way(leg, landed.status)
        if failed and not (ends_plan(call) and await may_stand(call, self._bodies, landed.status)):
            call.status = landed.status
            leg.over, leg.ended = True, FAILED
            return True
        repeated = lookup.once_key != b""
        if not flight.kept:
            return False
        if not (repeated or _is_understood(call, landed)):
            return False
        leg.over = True
        call.first_byte = self._clock.monotonic()
        call.note("cache", call.first_byte, "JOINED a call in flight")
        call.cached = True
        call.cost = 0
        call.own_headers += _REPLAYED if repeated else _HIT if landed.status == 200 else _MISS
        own = self._responder.subscribe(call, inbound, flight, landed)
        if own is None:
            return True
        try:
            await _to_the_end(own, flight)
            call.unframed = flight.unframed
        finally:
            flight.leave(own[0])
            flight.give_up()
        return True

    async def _landing(self, flight: Flight) -> AnswerHead:
        flight.waiting += 1
        try:
            landed = await asyncio.shield(flight.landing)
        except BaseException:
            flight.waiting -= 1
            flight.give_up()
            raise
        flight.waiting -= 1
        return landed


async def _heard_out(exchange: Exchange, sink: Sink) -> bool:
    """Takes an answer that is not passed on, as much as comes in short time; whether that was all of it."""
    enough = asyncio.get_running_loop().create_future()
    left = _FAILURE_BYTES

    def hear(data: bytes) -> None:
        nonlocal left
        left -= len(data)
        sink(data)
        if left < 0 and not enough.done():
            exchange.pause()
            enough.set_result(None)

    whole = exchange.relay(hear)
    await asyncio.wait((whole, enough), timeout=_FAILURE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    return whole.done() and whole.exception() is None


async def _is_whole(call: Call, flight: Flight, exchange: Exchange, landed: AnswerHead) -> bool:
    """Whether an answer that came to its end is known to be whole, and none of an error under a good status."""
    framed = not exchange.unframed
    if not 200 <= exchange.status < 300:
        return framed
    encoding = landed.content_encoding.decode("latin-1")
    if not flight.kept:
        verdict = UNTOLD if codings(encoding) else end_of_answer(call, *flight.ends(), framed=framed)
    elif encoding and flight.size > _UNPACKED_HERE:
        verdict = await asyncio.to_thread(end_of_body, call, encoding, flight.body(), framed=framed)
    else:
        verdict = end_of_body(call, encoding, flight.body(), framed=framed)
    return verdict.end is End.SOUND or (framed and verdict.end is End.UNTOLD)


async def _to_the_end(own: tuple[Subscriber, Writer], flight: Flight) -> None:
    subscriber, writer = own
    await writer.through(subscriber.done)
    writer.finish(flight.trailers)


def _is_understood(call: Call, landed: AnswerHead) -> bool:
    """Whether the client takes the answer's coding, or it is undone for filters."""
    accepted = accepts_encoding(call.lookup("accept-encoding"), landed.content_encoding)
    return accepted or bool(filters_for(call.filters, landed.status, landed.content_type, landed.lines))


def _logs_providers(call: Call) -> bool:
    """Whether the log keeps the provider's bytes."""
    return call.writer is None or call.writer.logs_provider


class Lead:
    """The call that a flight is of. Keeps it going when its client has left, while others want the answer."""

    __slots__ = ("_task", "finished", "flight", "lookup", "own")

    def __init__(self, lookup: Lookup, flight: Flight, task: asyncio.Task[None] | None) -> None:
        self.lookup = lookup
        self.flight = flight
        self._task = task
        self.own: tuple[Subscriber, Writer] | None = None  # its own client
        self.finished = False  # the answer is whole and kept: nobody needs this call any more

    def holds(self) -> bool:
        """The client has left: whether the call goes on."""
        if self.own is not None:
            self.flight.leave(self.own[0])
        if self.finished or not self.flight.is_wanted:
            return False
        if self.own is not None:
            self.own[1].forget()
        if self._task is not None:
            self.flight.cancel = _cancelling(self._task)
        return True


def _cancelling(task: asyncio.Task[None]) -> Callable[[], None]:
    def cancel() -> None:
        task.cancel()

    return cancel
