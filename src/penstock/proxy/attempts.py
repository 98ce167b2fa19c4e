"""The attempt phase: a leg is sent, and sent again where that is asked for and does no harm.

Asks the breaker of the address, sends, notes how it went and waits; what comes next is decided in `plan.py`, which
credential goes out in `policies/credentials.py`, and what happens on a connection in `upstream/pool.py`. The commit
point is the answer's first byte: what comes back from here is an answer that goes to the caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from penstock.clock import Clock
from penstock.errors import UNAVAILABLE, GatewayError, without_frames
from penstock.proxy.call import Call, Route
from penstock.proxy.outgoing import OutgoingRequest, keep_tokens, lines_with_credentials
from penstock.proxy.plan import FIRST_ERROR, Give, Leg, Sent, Tries, Wait, next_move, within_bounds
from penstock.proxy.policies.breaker import CLOSED, Breaker, Breakers
from penstock.proxy.policies.credentials import KeyTurn
from penstock.proxy.policies.retry import is_failure, is_free, retry_after_seconds
from penstock.proxy.upstream.exchange import Exchange, Progress, UpstreamError
from penstock.proxy.upstream.pool import Pool, Upstream
from penstock.proxy.whole_bodies import WholeBodies
from penstock.stores.counters import CountersUnavailable
from penstock.wire.own_tokens import OwnTokens

_NO_STATUS = 1000  # is as high as this
_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})


class CircuitOpen(UpstreamError):
    """The address is left alone for now; worth another try after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            "the provider's address keeps failing and is left alone for a moment", Progress.NOT_SENT
        )
        self.seconds = seconds


class Attempts:
    """Sends legs to providers."""

    def __init__(
        self, upstream: Upstream, clock: Clock, breakers: Breakers, bodies: WholeBodies, own: OwnTokens
    ) -> None:
        self._own = own
        self._upstream = upstream
        self._clock = clock
        self._breakers = breakers
        self._bodies = bodies

    def open(self, leg: Leg, route: Route) -> Coroutine[None, None, Exchange]:
        """Sends the request and waits for the answer's head.

        Raises `UpstreamError`, and `GatewayError` where a credential may not go there. Of what the caller sent
        nothing with a token of the gateway goes out.
        """
        call = leg.call
        pool = self._upstream.pool(route.origin, guarded=route.provider.guarded)
        target = route.path + (call.query if route.query is None else route.query)
        if call.may_show or not route.provider.static:
            keep_tokens(call, target, self._own)
        provider, head = route.provider, call.head
        lines = [head.joined] if head.joined and call.keys is None else head.forward
        if provider.credentials is not None or provider.extra_headers or provider.unfit is not None:
            lines = lines_with_credentials(call, route, plain=call.keys is None)
        outgoing = OutgoingRequest(call.method, target, lines, call.body)
        if not leg.steers:
            return self._once(call, pool, outgoing, call.controls.timeout)
        return self._several(leg, route, pool, outgoing)

    async def _several(self, leg: Leg, route: Route, pool: Pool, outgoing: OutgoingRequest) -> Exchange:
        call, keys, clock = leg.call, leg.call.keys, self._clock
        count = 1 if keys is None else len(keys.keys)
        tries = Tries(leg.rules, leg.more, count)
        if leg.rules.attempts > 1 or leg.more or count > 1:
            if not call.body.complete:
                await self._bodies.gather(call)
        elif keys is None:
            return await self._noted(leg, pool, outgoing, leg.rules.timeout)
        turn = None if keys is None else KeyTurn(call, route, keys, outgoing.lines)
        whole_below = FIRST_ERROR if leg.more else _NO_STATUS
        while True:
            if turn is not None:
                outgoing.lines = turn.next_lines(clock.monotonic())
            try:
                exchange = await self._noted(leg, pool, outgoing, tries.limit, whole_below)
            except UpstreamError as error:
                sent = Sent(0, outgoing.replayable, hopeless=isinstance(error, CircuitOpen))
                move = within_bounds(next_move(tries, sent, clock.chance), leg)
                if isinstance(move, Give):
                    raise
                without_frames(error)
            else:
                seen = self._seen(exchange, outgoing, turn)
                move = within_bounds(next_move(tries, seen, clock.chance), leg)
                if isinstance(move, Give):
                    return exchange
                exchange.close()
            if call.body.sent:
                await _pay(call)
            tries = move.tries
            if isinstance(move, Wait):
                call.note("wait", clock.monotonic(), f"{move.seconds * 1000:.0f} ms")
                await clock.sleep(move.seconds)

    def _seen(self, exchange: Exchange, outgoing: OutgoingRequest, turn: KeyTurn | None) -> Sent:
        """How a sending went that was answered."""
        status, retry_after = exchange.status, None
        if status >= FIRST_ERROR:
            retry_after = _retry_after(exchange, self._clock.now_us())
        spare = turn is not None and turn.is_refused(status, retry_after, self._clock.monotonic())
        return Sent(status, outgoing.replayable, spare_key=spare, retry_after=retry_after)

    async def _noted(
        self, leg: Leg, pool: Pool, outgoing: OutgoingRequest, limit: float | None, whole_below: int = 0
    ) -> Exchange:
        """One attempt, remembered in the call's trail."""
        call = leg.call
        call.note("attempt", self._clock.monotonic(), f"{call.attempts + 1} {pool.origin}")
        try:
            leg.made += 1
            exchange = await self._once(call, pool, outgoing, limit, whole_below)
        except UpstreamError as error:
            leg.made -= isinstance(error, CircuitOpen)
            call.note("failure", self._clock.monotonic(), error.reason)
            raise
        call.note("answer", self._clock.monotonic(), str(exchange.status))
        if is_free(exchange.status):
            call.body.sent = False
        return exchange

    async def _once(
        self, call: Call, pool: Pool, outgoing: OutgoingRequest, limit: float | None, whole_below: int = 0
    ) -> Exchange:
        """One attempt of at most `limit` seconds, unless the breaker of the address is against it.

        An answer with a status under `whole_below`, unless it is a failure, is no answer before its first byte.
        """
        breaker = self._breakers.of(pool.origin, call.gateway.account)
        if breaker.state != CLOSED:
            seconds = breaker.admit(self._clock.monotonic())
            if seconds:
                raise CircuitOpen(seconds)
        generation = breaker.generation
        call.attempts += 1
        opening = self._upstream.open(pool, outgoing, call.method in _IDEMPOTENT, call.method == b"HEAD")
        if whole_below:
            opening = _with_first_byte(opening, whole_below)
        try:
            exchange = await (opening if limit is None else _in_time(opening, limit))
        except UpstreamError as error:
            self._note_failure(breaker, generation, error)
            raise
        except BaseException:
            breaker.abandoned(generation)
            raise
        if exchange.status >= 500:
            breaker.failed(self._clock.monotonic(), generation, connect=False)
        else:
            breaker.succeeded(generation)
        return exchange

    def _note_failure(self, breaker: Breaker, generation: int, error: UpstreamError) -> None:
        if error.local:
            breaker.abandoned(generation)
        else:
            connect = error.progress is Progress.NOT_SENT
            breaker.failed(self._clock.monotonic(), generation, connect=connect)


async def _pay(call: Call) -> None:
    """What was sent without an end that is known is paid as estimated; the next sending is set aside for anew.

    Raises `GatewayError` where there is no room for that.
    """
    spending = call.gateway.spending
    if spending is None:
        return
    try:
        spending.settle(call)
    except CountersUnavailable as error:
        raise GatewayError(UNAVAILABLE, "costs cannot be counted at the moment") from error
    call.body.sent = False
    reserving = spending.reserve(call)
    if reserving is not None:
        await reserving


def _retry_after(exchange: Exchange, now_us: int) -> float | None:
    for name, value in exchange.headers:
        if len(name) == 11 and name.lower() == b"retry-after":
            return retry_after_seconds(value, now_us)
    return None


async def _with_first_byte(opening: Coroutine[None, None, Exchange], below: int) -> Exchange:
    exchange = await opening
    if exchange.status >= below or is_failure(exchange.status):
        return exchange
    try:
        await exchange.first_byte()
    except BaseException:
        exchange.close()
        raise
    return exchange


async def _in_time(opening: Coroutine[None, None, Exchange], seconds: float) -> Exchange:
    try:
        async with asyncio.timeout(seconds):
            return await opening
    except TimeoutError:
        reason = f"no answer within {seconds * 1000:.0f} ms"
        raise UpstreamError(reason, Progress.SENT, timeout=True, local=True) from None
