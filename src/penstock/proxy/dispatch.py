"""Calls that may be answered otherwise than by one plain attempt at one address.

Recall, reserve, attempt, relay: from the cache, together with an identical call in flight, by a stored key, or
by the provider after several attempts. A call goes on without the client who began it while others share it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from penstock.clock import Clock
from penstock.errors import UNAVAILABLE, GatewayError
from penstock.proxy.answer_cache import AnswerCache, Hit, Plan
from penstock.proxy.attempts import FIRST_ERROR, Attempts
from penstock.proxy.call import Call, Route
from penstock.proxy.capture import Budget, Capture
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.response import Responder, note_answer
from penstock.proxy.single_flight import AnswerHead, Flight, Subscriber
from penstock.proxy.upstream.exchange import Exchange, Progress, Sink, UpstreamError
from penstock.wire.accepts import accepts_encoding

_MISS = b"cf-aig-cache-status: MISS\r\n"
_HIT = b"cf-aig-cache-status: HIT\r\n"
_REPLAYED = b"idempotent-replayed: true\r\n"
_FAILURE_SECONDS = 2.0  # for what a failed step has to say
_FAILURE_BYTES = 1024 * 1024


class Dispatch:
    """Serves calls of which `Call.steers` says that they need it, or that carry an `Idempotency-Key`."""

    def __init__(
        self,
        recall: AnswerCache,
        attempts: Attempts,
        answering: Responder,
        clock: Clock,
        budget: Budget,
        buffered_body: int,
    ) -> None:
        self._answers = recall
        self._attempts = attempts
        self._responder = answering
        self._clock = clock
        self._budget = budget
        self._buffered_body = buffered_body

    async def serve(self, call: Call, route: Route, inbound: Inbound, *, more: bool) -> bool:
        """Answers the call. False: the step failed with an answer that nobody gets to see (`more` follows).

        Raises `GatewayError` and `UpstreamError`.
        """
        self._attempts.check_credential(call, route)
        plan = await self._answers.plan(call, route, self._buffered_body)
        if plan is None:
            return await self._alone(call, route, inbound, more=more)
        hit = self._answers.glance(call, plan)
        if hit is not None:
            return await self._replay(call, inbound, plan, hit, more=more)
        while True:
            found = await self._answers.find(call, plan)
            if isinstance(found, Hit):
                return await self._replay(call, inbound, plan, found, more=more)
            if found is None:
                return await self._lead(call, route, inbound, plan, more=more)
            joined = await self._join(call, inbound, plan, found, more=more)
            if joined is not None:
                return joined
            if found.kept:  # in an encoding that this client does not take
                return await self._alone(call, route, inbound, more=more)

    # -- one call for one client

    async def _alone(self, call: Call, route: Route, inbound: Inbound, *, more: bool) -> bool:
        await self._reserve(call)
        call.exchange = exchange = await self._attempts.open(call, route, more=more)
        call.first_byte = self._clock.monotonic()
        if more and exchange.status >= FIRST_ERROR:
            self._responder.head(call, exchange)
            await self._hear_out(call, exchange)
            return False
        relayed = self._responder.relay(call, exchange, inbound)
        if relayed is not None:
            await relayed
            inbound.end(exchange.trailers)
        return True

    async def _hear_out(self, call: Call, exchange: Exchange) -> None:
        """The body of an answer that is not passed on, for the record; as much as comes in short time."""
        call.capture = capture = Capture(_FAILURE_BYTES, self._budget)

        def hear(data: bytes) -> None:
            call.received += len(data)
            capture.add(data)

        if not await _heard_out(exchange, hear):
            capture.cut = True

    async def _reserve(self, call: Call) -> None:
        spending = call.gateway.spending
        if spending is not None:
            await call.body.gather(self._buffered_body)
            spending.reserve(call)

    # -- an answer that is there

    async def _replay(self, call: Call, inbound: Inbound, plan: Plan, hit: Hit, *, more: bool) -> bool:
        reply = hit.reply
        call.note("cache", self._clock.monotonic(), "REPLAYED" if hit.replayed else "HIT")
        call.cached = True
        call.cost = 0
        call.model = call.model or reply.model
        age = max(0, self._clock.now_us() - reply.created_us) // 1_000_000
        call.own_headers += b"%bage: %d\r\n" % (_REPLAYED if hit.replayed else _HIT, age)
        if plan.once_key and not hit.replayed:
            await self._answers.copy_once(plan, reply)
        if more and reply.status >= FIRST_ERROR:
            self._responder.note(call, reply)
            return False
        self._responder.replay(call, inbound, reply)
        return True

    # -- one call for several clients

    async def _lead(self, call: Call, route: Route, inbound: Inbound, plan: Plan, *, more: bool) -> bool:
        flight: Flight | None = None
        try:
            await self._reserve(call)
            flight = self._answers.lead(plan)
            inbound.guard = guard = _Guard(flight, inbound)
            if plan.ttl:
                call.own_headers += _MISS
                call.note("cache", self._clock.monotonic(), "MISS")
            failed = await self._fly(call, route, inbound, plan, flight, guard, more=more)
        except asyncio.CancelledError:
            ended = GatewayError(UNAVAILABLE, "the call this one had joined was ended; try again")
            self._answers.give_up(plan, flight, ended)
            raise
        except Exception as error:
            inbound.guard = None  # a step that follows has its own
            self._answers.give_up(plan, flight, error)
            raise
        guard.finished = True
        call.whole = not call.answer_cut
        if failed:
            inbound.guard = None
        if guard.passenger is not None and not inbound.gone:
            await guard.passenger.done
            inbound.end(flight.trailers)
        self._note(call, flight)
        return not failed

    async def _fly(
        self,
        call: Call,
        route: Route,
        inbound: Inbound,
        plan: Plan,
        flight: Flight,
        guard: _Guard,
        *,
        more: bool,
    ) -> bool:
        """The call, up to where its answer is kept; whether it was a failure that the caller does not see."""
        call.exchange = exchange = await self._attempts.open(call, route, more=more)
        call.first_byte = self._clock.monotonic()
        landed, lines = self._responder.land(call, exchange)
        failed = more and exchange.status >= FIRST_ERROR
        if not failed and not inbound.gone:
            if exchange.complete:
                self._responder.whole(call, inbound, landed, exchange)
            else:
                guard.passenger = self._responder.board(call, inbound, flight, landed, first=True)
        flight.land(landed, exchange)
        if not failed:
            await exchange.relay(flight.feed)
        elif not await _heard_out(exchange, flight.feed):
            self._answers.give_up(plan, flight, UpstreamError("an error without end", Progress.ANSWERED))
            call.answer_cut = True
            return failed
        flight.finish(exchange.trailers)
        await self._answers.keep(plan, flight, landed, lines, route.provider.slug, call.model)
        return failed

    def _note(self, call: Call, flight: Flight) -> None:
        """What was kept of the answer is better than what one client got of it."""
        if flight.kept and (call.capture is not None or call.relay is None):
            if call.capture is not None:
                call.capture.release()
                call.capture = None
            note_answer(call, [flight.body()])

    async def _join(
        self, call: Call, inbound: Inbound, plan: Plan, flight: Flight, *, more: bool
    ) -> bool | None:
        """Shares somebody else's call, and costs nothing. None: too late for that, or not in this encoding."""
        landed = await self._landing(flight)
        if more and landed.status >= FIRST_ERROR:
            call.status = landed.status
            return False
        repeated = plan.once_key != b""
        if not flight.kept:
            return None
        if not repeated and not accepts_encoding(call.lookup("accept-encoding"), landed.content_encoding):
            return None
        call.first_byte = self._clock.monotonic()
        call.note("cache", call.first_byte, "JOINED a call in flight")
        call.cached = True
        call.cost = 0
        call.own_headers += _REPLAYED if repeated else _HIT if landed.status == 200 else _MISS
        passenger = self._responder.board(call, inbound, flight, landed, first=False)
        try:
            await passenger.done
            inbound.end(flight.trailers)
        finally:
            flight.leave(passenger)
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


class _Guard:
    """Keeps a call going whose client has left, while others want its answer."""

    __slots__ = ("_flight", "_task", "finished", "passenger")

    def __init__(self, flight: Flight, inbound: Inbound) -> None:
        self._flight = flight
        self._task = inbound.task
        self.passenger: Subscriber | None = None
        self.finished = False  # the answer is whole and kept: nobody needs this call any more

    def holds(self) -> bool:
        """The client has left: whether the call goes on."""
        if self.passenger is not None:
            self._flight.leave(self.passenger)
        if self.finished or not self._flight.is_wanted:
            return False
        if self._task is not None:
            self._flight.cancel = _cancelling(self._task)
        return True


def _cancelling(task: asyncio.Task[None]) -> Callable[[], None]:
    def cancel() -> None:
        task.cancel()

    return cancel
