"""The attempt phase: a leg is sent, and sent again where that is asked for and does no harm.

Asks the breakers of the address and of what is asked there, sends, notes how it went and waits; what comes next is
decided in `plan.py`, which credential goes out in `policies/credentials.py`, and what happens on a connection in
`upstream/pool.py`. The commit point is the answer's first byte: what comes back from here is an answer that goes to the
caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial

from penstock.clock import Clock
from penstock.errors import UNAVAILABLE, GatewayError, without_frames
from penstock.proxy.call import Call, Route
from penstock.proxy.outgoing import (
    OutgoingRequest,
    keep_tokens,
    lines_with_credentials,
    query_without_keys,
)
from penstock.proxy.plan import FIRST_ERROR, Give, Leg, Sent, Tries, Wait, next_move, within_bounds
from penstock.proxy.policies.breaker import CLOSED, Breaker, Breakers
from penstock.proxy.policies.credentials import KeyTurn, sent_keys
from penstock.proxy.policies.retry import NO_ADVICE, advice, is_failure, is_free, lacks_money, rules
from penstock.proxy.policies.sent_orders import ends_plan, may_stand
from penstock.proxy.policies.what_was_asked import Asked, at_hand, waited_for
from penstock.proxy.signing.signer import Sending, Signer
from penstock.proxy.upstream.exchange import Exchange, Progress, UpstreamError
from penstock.proxy.upstream.pool import Pool, Upstream
from penstock.proxy.whole_bodies import WholeBodies
from penstock.stores.counters import CountersUnavailable
from penstock.wire.own_tokens import OwnTokens

_NO_STATUS = 1000  # is as high as this
_EVERY_STATUS = 1001  # errors too: nothing else follows


class CircuitOpen(UpstreamError):
    """The address is left alone for now, or what is asked there; worth another try after `seconds`."""

    def __init__(self, seconds: float, *, whole: bool = True) -> None:
        what = "the provider's address keeps failing" if whole else "what is asked there keeps failing"
        super().__init__(f"{what} and is left alone for a moment", Progress.NOT_SENT)
        self.seconds = seconds
        self.whole = whole  # the address, whatever is asked there


class Attempts:
    """Sends legs to providers."""

    def __init__(
        self,
        upstream: Upstream,
        clock: Clock,
        breakers: Breakers,
        bodies: WholeBodies,
        own: OwnTokens,
        signer: Signer,
    ) -> None:
        self._signer = signer
        self._own = own
        self._upstream = upstream
        self._clock = clock
        self._breakers = breakers
        self._bodies = bodies

    def open(self, leg: Leg, route: Route, query: bytes | None = None) -> Coroutine[None, None, Exchange]:
        """Sends the request and waits for the answer's head. `query`: with its `?`, in place of its own.

        Raises `UpstreamError`, and `GatewayError` where a credential may not go there. Of what the caller sent
        nothing with a token of the gateway goes out.
        """
        call = leg.call
        pool = self._upstream.pool(route.origin, guarded=route.provider.guarded)
        if query is None:
            query = call.query if route.query is None else route.query
        if query and route.provider.key_header_at is not None:
            query = query_without_keys(route, query)
        target = route.path + query
        if call.may_show or not route.provider.static:
            keep_tokens(call, target, self._own)
        head = call.head
        lines = [head.joined] if head.joined and call.keys is None else head.forward
        if route.provider.adds_lines:
            lines = lines_with_credentials(call, route, plain=call.keys is None)
            if call.keys is None and (own := sent_keys(call, route.provider)) is not None:
                call.keys, leg.steers = own, True
                leg.rules = rules(call.gateway.retry, call.controls, call.config)
        outgoing = OutgoingRequest(call.method, target, lines, call.body, call.operation)
        if not leg.steers:
            limit = call.controls.timeout
            return self._once(call, pool, outgoing, limit, 0 if limit is None else _EVERY_STATUS)
        return self._several(leg, route, pool, outgoing)

    async def _several(self, leg: Leg, route: Route, pool: Pool, outgoing: OutgoingRequest) -> Exchange:
        call, keys, clock = leg.call, leg.call.keys, self._clock
        count = 1 if keys is None else len(keys.keys)
        tries = Tries(leg.rules, leg.more, count)
        if leg.rules.attempts > 1 or leg.more or count > 1:
            if not call.body.complete:
                await self._bodies.gather(call)
        elif keys is None:
            limit = leg.rules.timeout
            return await self._noted(leg, pool, outgoing, limit, 0 if limit is None else _EVERY_STATUS)
        turn = None if keys is None else KeyTurn(call, route, keys, outgoing.lines)
        whole_below = FIRST_ERROR if leg.more else _NO_STATUS
        while True:
            if turn is not None:
                outgoing.lines = turn.next_lines(clock.monotonic())
            fresh = tries.retries + tries.replaced > 0
            try:
                if turn is not None and turn.parts is not None:
                    sending = Sending(call, route, pool, outgoing, turn)
                    attempt = partial(self._noted, leg, pool, outgoing, tries.limit, whole_below, fresh)
                    exchange = await self._signer.send(sending, attempt, tries.limit)
                else:
                    exchange = await self._noted(leg, pool, outgoing, tries.limit, whole_below, fresh)
            except UpstreamError as error:
                sent = await self._unanswered(leg, error, outgoing, turn)
                move = within_bounds(next_move(tries, sent, clock.chance), leg)
                if isinstance(move, Give):
                    self._end(leg, sent, tries)
                    raise
                without_frames(error)
            else:
                if exchange.status < FIRST_ERROR and turn is None and not leg.more:
                    return exchange
                seen = await self._seen(leg, exchange, outgoing, turn)
                move = within_bounds(next_move(tries, seen, clock.chance), leg)
                if isinstance(move, Give):
                    self._end(leg, seen, tries)
                    return exchange
                exchange.close()
            if call.body.sent:
                await _pay(call)
            tries = move.tries
            if isinstance(move, Wait):
                call.note("wait", clock.monotonic(), f"{move.seconds * 1000:.0f} ms")
                await clock.sleep(move.seconds)

    async def _unanswered(
        self, leg: Leg, error: UpstreamError, outgoing: OutgoingRequest, turn: KeyTurn | None
    ) -> Sent:
        """How a sending went that was not answered, or not made; what fails with one key may go well with another."""
        if not isinstance(error, CircuitOpen):
            is_sent = outgoing.replayable and leg.call.body.sent  # else nothing is sent again as it is
            ordered = is_sent and await may_stand(leg.call, self._bodies)
            return Sent(0, outgoing.replayable, ordered)
        spare = not error.whole and turn is not None and turn.has_another
        return Sent(0, outgoing.replayable, hopeless=not spare, spare_key=spare)

    async def _seen(
        self, leg: Leg, exchange: Exchange, outgoing: OutgoingRequest, turn: KeyTurn | None
    ) -> Sent:
        """How a sending went that was answered."""
        status, told = exchange.status, NO_ADVICE
        if status >= FIRST_ERROR:
            told = advice(exchange.headers, self._clock.now_us())
        spare = turn is not None and turn.is_refused(
            status, told.after, self._clock.monotonic(), hopeless=told.again is False
        )
        ordered = False
        if outgoing.replayable and (leg.more or status >= FIRST_ERROR):
            try:
                ordered = await may_stand(leg.call, self._bodies, status, told)
            except BaseException:
                exchange.close()
                raise
        again = told.again
        if again is None and leg.rules.attempts > 1 and _lacks_money(exchange):
            again = False
        return Sent(
            status, outgoing.replayable, ordered, spare_key=spare, retry_after=told.after, again=again
        )

    def _end(self, leg: Leg, sent: Sent, tries: Tries) -> None:
        """No more attempts; nor does another leg follow where this one may have made something."""
        if not sent.ordered:
            return
        more = leg.more
        if ends_plan(leg.call):
            leg.more = False
        is_kept_back = tries.retries + 1 < tries.rules.attempts or more != leg.more
        if is_kept_back and (sent.status == 0 or is_failure(sent.status)):
            leg.call.note("order", self._clock.monotonic(), "may have been carried out, and is not repeated")

    async def _noted(
        self,
        leg: Leg,
        pool: Pool,
        outgoing: OutgoingRequest,
        limit: float | None,
        whole_below: int = 0,
        fresh: bool = False,
    ) -> Exchange:
        """One attempt, remembered in the call's trail."""
        call = leg.call
        call.note("attempt", self._clock.monotonic(), f"{call.attempts + 1} {pool.origin}")
        try:
            leg.made += 1
            exchange = await self._once(call, pool, outgoing, limit, whole_below, fresh)
        except UpstreamError as error:
            leg.made -= isinstance(error, CircuitOpen)
            call.note("failure", self._clock.monotonic(), error.reason)
            raise
        call.note("answer", self._clock.monotonic(), str(exchange.status))
        if is_free(exchange.status):
            call.body.sent = False
        return exchange

    async def _once(
        self,
        call: Call,
        pool: Pool,
        outgoing: OutgoingRequest,
        limit: float | None,
        whole_below: int = 0,
        fresh: bool = False,
    ) -> Exchange:
        """One attempt of at most `limit` seconds, unless a breaker is against it. `fresh`: on a connection of its own.

        An answer with a status under `whole_below`, unless it is a failure, is no answer before its first byte.
        """
        address = self._breakers.of(pool.origin, call.gateway.account)
        asked, part = (None, None) if address.calm else await self._admitted(address, call)
        generation, part_generation = address.generation, 0 if part is None else part.generation
        call.attempts += 1
        opening = self._upstream.open(pool, outgoing, call.method == b"HEAD", fresh)
        if whole_below:
            opening = _with_first_byte(opening, whole_below)
        try:
            exchange = await (opening if limit is None else _in_time(opening, limit))
        except UpstreamError as error:
            if error.local:
                _abandon(address, generation, part, part_generation)
            elif error.progress is Progress.NOT_SENT:
                address.failed(self._clock.monotonic(), generation, connect=True)
                if part is not None:
                    part.abandoned(part_generation)
            else:
                address.succeeded(generation)
                self._reached(address, call, asked, part_generation, well=False)
            raise
        except BaseException:
            _abandon(address, generation, part, part_generation)
            raise
        address.succeeded(generation)
        if exchange.status >= 500 or not address.calm:
            self._reached(address, call, asked, part_generation, well=exchange.status < 500)
        return exchange

    async def _admitted(self, address: Breaker, call: Call) -> tuple[Asked | None, Breaker | None]:
        """What is asked at an address where something fails, and its breaker, if it has one. Raises `CircuitOpen`."""
        asked = part = None
        if address.parts:
            asked = await waited_for(call, self._bodies)
            part = self._breakers.part(address, asked.id, self._clock.monotonic())
        now = self._clock.monotonic()
        seconds = 0.0 if address.state == CLOSED else address.admit(now)
        if seconds:
            raise CircuitOpen(seconds)
        if part is not None and part.state != CLOSED:
            seconds = part.admit(now)
            if seconds:
                address.abandoned(address.generation)
                raise CircuitOpen(seconds, whole=False)
        return asked, part

    def _reached(
        self, address: Breaker, call: Call, asked: Asked | None, generation: int, *, well: bool
    ) -> None:
        """The address was reached: how that went counts for what was asked there."""
        asked, now = asked or at_hand(call), self._clock.monotonic()
        if not well:
            part = self._breakers.failing_part(address, asked.id, asked.name, call.gateway.account, now)
            part.failed(now, generation, connect=False)
        elif one := self._breakers.part(address, asked.id, now):
            one.succeeded(generation)


def _lacks_money(exchange: Exchange) -> bool:
    codings = (value for name, value in exchange.headers if name.lower() == b"content-encoding")
    return lacks_money(exchange.status, b", ".join(codings), b"".join(exchange.held))


def _abandon(address: Breaker, generation: int, part: Breaker | None, part_generation: int) -> None:
    address.abandoned(generation)
    if part is not None:
        part.abandoned(part_generation)


async def _pay(call: Call) -> None:
    """What was sent without an end that is known is paid as estimated; the next sending is set aside for anew.

    Raises `GatewayError` where there is no room for that.
    """
    spending = call.gateway.spending
    try:
        if spending is not None:
            spending.settle(call)
    except CountersUnavailable as error:
        raise GatewayError(UNAVAILABLE, "costs cannot be counted at the moment") from error
    call.body.sent = False
    if spending is None:
        return
    reserving = spending.reserve(call)
    if reserving is not None:
        await reserving


async def _with_first_byte(opening: Coroutine[None, None, Exchange], below: int) -> Exchange:
    exchange = await opening
    if below != _EVERY_STATUS and (exchange.status >= below or is_failure(exchange.status)):
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
