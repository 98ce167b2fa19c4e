"""The one path a request takes: accept, identify, admit, route, recall, reserve, attempt, relay, settle.

This file says what comes after what; each phase is a file or a few. A request is a plan of legs (`plan.py`): it is
accepted and admitted once, and each leg then takes the same way from its route to its settlement. The commit point
is the first byte of the answer: before it an error can become an answer, after it the answer can only be finished
or visibly broken off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from penstock.budget import Budget
from penstock.clock import Clock
from penstock.errors import GatewayError, without_frames
from penstock.journal.journal import Journal
from penstock.proxy.accept import Acceptor
from penstock.proxy.answer_cache import AnswerCache
from penstock.proxy.attempts import Attempts
from penstock.proxy.call import Call, Route, Spending
from penstock.proxy.call_bodies import request_of
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.fallback import step_call
from penstock.proxy.long_work import in_turns
from penstock.proxy.plan import ALONE, ANSWERED, FAILED, FIRST_ERROR, Ended, Leg, Plan, StepList
from penstock.proxy.policies.cors import is_preflight, unprivileged
from penstock.proxy.policies.credentials import usable_keys
from penstock.proxy.policies.retry import rules
from penstock.proxy.policies.virtual_keys import check_clear, check_models, check_provider
from penstock.proxy.refusal import end_badly
from penstock.proxy.response import Responder
from penstock.proxy.room import Room
from penstock.proxy.routing import Compat, Named, Universal, World, check_compat, check_universal
from penstock.proxy.settle import Settlement
from penstock.proxy.sharing import Sharing
from penstock.proxy.upstream.exchange import UpstreamError
from penstock.proxy.whole_bodies import WholeBodies
from penstock.wire.controls import NO_CONTROLS
from penstock.wire.headers import HeaderSorter
from penstock.wire.json_outline import SMALL_BYTES, readable
from penstock.wire.openai_chat import reading
from penstock.wire.own_tokens import OwnTokens
from penstock.wire.universal import Step, reading_steps

_MOST_CLEANED = 64 * 1024 * 1024  # bytes of bodies that wait for being cleaned of secrets
_LOOKED_AT_HERE = 256 * 1024  # bytes of a body; a larger one would hold up everybody else's calls


@dataclass(frozen=True, slots=True)
class PipelineLimits:
    """Bytes of each body in the log, and what a full disk means."""

    logged_body: int = 10 * 1024 * 1024
    refuse_unlogged: bool = False


class Pipeline:
    """Takes requests through the phases. `world` may be swapped at any time; calls keep the one they began with."""

    def __init__(
        self,
        world: World,
        attempts: Attempts,
        answers: AnswerCache,
        journal: Journal,
        clock: Clock,
        room: Room,
        budget: Budget,
        bodies: WholeBodies,
        limits: PipelineLimits,
        own: OwnTokens,
    ) -> None:
        """`budget` is the part of the room that captures and kept answers may take."""
        self.world = world
        self._clock = clock
        self.room = room
        self._budget = budget
        self._bodies = bodies
        self._limits = limits
        self._sorter = HeaderSorter()
        self._acceptor = Acceptor(
            self._sorter,
            journal,
            clock,
            budget,
            limits.logged_body,
            own=own,
            refuse_unlogged=limits.refuse_unlogged,
        )
        self._responder = Responder(self._sorter, room, budget, limits.logged_body)
        self._attempts = attempts
        self._sharing = Sharing(answers, self._responder, clock, budget, bodies)
        self._settlement = Settlement(journal, clock, own, room.part(_MOST_CLEANED))

    async def run(self, inbound: Inbound) -> None:
        """One request, from its head to the settlement of its last leg. Never raises."""
        inbound.running = True
        call: Call | None = None
        try:
            if inbound.error is not None:
                raise inbound.error
            call, place = self._acceptor.accept(self.world, inbound)
            for identify in call.gateway.identify:
                identify(call)
            if call.refusal is not None:
                raise call.refusal
            if call.head.asked_method and is_preflight(call) and isinstance(place, Route):
                place = unprivileged(call, place)
            if self.room.is_tight:
                self.room.check(call.gateway.account)
            for admit in call.gateway.admit:
                admitting = admit(call)
                if admitting is not None:
                    await admitting
            if call.head.expects:
                inbound.invite_body()
            plan: Plan = ALONE
            if isinstance(place, Universal):
                plan = await self._steps(call, inbound)
                leg = plan.after(None)
            else:
                leg = Leg(call, place)
        except (Exception, asyncio.CancelledError) as error:
            end_badly(call, inbound, error, self._clock)
            without_frames(error)
            self._settlement.settle(call, inbound)
        else:
            while leg is not None:
                await self._serve(leg, inbound)
                leg = plan.after(leg) if leg.more and not inbound.gone else None
        finally:
            inbound.task_ended()

    async def _serve(self, leg: Leg, inbound: Inbound) -> None:
        """One leg through its phases, from route to settle; `leg.ended` says how it went. Never raises."""
        call, sharing, lookup, lead = leg.call, self._sharing, None, None
        try:
            if call.is_step:
                for identify in call.gateway.identify:
                    identify(call)
                if call.refusal is not None:
                    raise call.refusal
            route = leg.place if isinstance(leg.place, Route) else await self._route(leg, inbound)
            if call.token is not None:
                await self._check_token(call, route)
            if call.steers or call.head.idempotency_key or route.provider.extra_headers:
                leg.steers = True
                call.keys = usable_keys(call, route)
                leg.rules = rules(call.gateway.retry, call.controls, call.config)
                if call.gateway.rewrites or call.controls is not NO_CONTROLS:
                    await self._rewrite(leg, route)
                lookup = await sharing.recall(leg, route, inbound)
                if leg.over:
                    return
                if call.gateway.spending is not None:
                    await self._reserve(call, call.gateway.spending)
                if lookup is not None:
                    lead = sharing.lead(lookup, call, inbound)
                if leg.body is not None:
                    call.body.replace(leg.body)
            call.exchange = exchange = await self._attempts.open(leg, route)
            call.first_byte = self._clock.monotonic()
            if lead is not None:
                await sharing.share(lead, leg, route, inbound, exchange)
            elif leg.more and exchange.status >= FIRST_ERROR:
                leg.ended = FAILED
                await sharing.hear_out(call, exchange)
            else:
                relaying = self._responder.relay(call, exchange, inbound)
                if relaying is not None:
                    await relaying
        except (Exception, asyncio.CancelledError) as error:
            if lookup is not None:
                sharing.give_up(lookup, lead, inbound, error)
            leg.ended = _ended(leg, inbound, error)
            end_badly(call, inbound, error, self._clock, silent=leg.ended == FAILED)
            without_frames(error)
        finally:
            self._settlement.settle(call, inbound, silent=leg.ended == FAILED)

    def close(self) -> None:
        """Hands what is left to the journal; to be called when no request is left, and before the journal closes."""
        self._settlement.close()

    # -- what a request is made of

    async def _steps(self, call: Call, inbound: Inbound) -> StepList:
        """The legs of a universal request."""
        call.body.budget = None  # it holds the credentials of all its steps
        check_universal(inbound.method)
        steps = await in_turns(reading_steps(await self._bodies.plain(call)))
        call.body.forget()  # each step has its own
        call.settled = True  # from here on each step is a call, and has a row, of its own
        return StepList(steps, lambda step, index: self._step(call, step, index))

    def _step(self, origin: Call, step: Step, index: int) -> Call:
        call = step_call(origin, step, index, self._sorter, self._clock)
        if call.logged and call.controls.collect_payload:
            call.body.record(self._limits.logged_body, self._budget)
        return call

    # -- route

    async def _route(self, leg: Leg, inbound: Inbound) -> Route:
        """Where a leg leads whose path does not tell: to what was named, or stands in its body."""
        call, place = leg.call, leg.place
        if isinstance(place, Named):
            place = self.world.step(call.gateway, place, call.header)
        if isinstance(place, Compat):
            call.compat = True
            place = await self._choose(call, place, inbound)
        call.provider = place.provider
        call.operation = place.operation(call.method)
        return place

    async def _choose(self, call: Call, compat: Compat, inbound: Inbound) -> Route:
        """The provider of a unified call stands in its body, which therefore has to be read whole."""
        check_compat(compat, inbound.method)
        body = await self._bodies.plain(call)
        request = await in_turns(reading(body))
        await _looked_through(body, partial(check_clear, call, body))
        call.model = request.model
        route, model = self.world.chat(compat, request.model, call.header)
        call.provider = route.provider
        call.model = f"{route.provider.slug}/{model}"  # prefixes have aliases
        call.body.replace(request.with_model(model))
        return route

    async def _check_token(self, call: Call, route: Route) -> None:
        """What a virtual key restricts: providers, and models, for which the body may have to be read."""
        check_provider(call)
        if call.token is None or not call.token.models:
            return
        whole = await self._bodies.gather(call)
        if call.body.size > SMALL_BYTES or call.head.content_encoding:
            await _check_readable(call)
        body = request_of(call) if whole else None
        await _looked_through(body, partial(check_models, call, route, body))

    async def _rewrite(self, leg: Leg, route: Route) -> None:
        """Lets policies look at the body when it is whole; the leg keeps what they leave of it.

        What makes calls identical is the caller's own body still, and who rewrote it.
        """
        call = leg.call
        for hook in call.gateway.request_hooks:
            if not hook.wants(call, route):
                continue
            if leg.body is None:
                await self._bodies.gather(call)
                if call.body.size > SMALL_BYTES or call.head.content_encoding:
                    await _check_readable(call)
            rewriting = hook.rewrite(call, route, call.body.kept if leg.body is None else leg.body)
            rewritten = await rewriting if isinstance(rewriting, Awaitable) else rewriting
            if rewritten is not None:
                leg.body = rewritten
                call.rewritten += f" {hook.name}"

    async def _reserve(self, call: Call, spending: Spending) -> None:
        if not call.operation.is_work:
            return
        if not call.body.complete:
            await self._bodies.gather(call)
        if call.body.size > SMALL_BYTES or call.head.content_encoding:
            await _check_readable(call)
        if call.operation.flags and not call.flags_read:
            reading = self._bodies.read_flags(call)
            if reading is not None:
                await reading
        reserving = spending.reserve(call)
        if reserving is not None:
            await reserving


async def _check_readable(call: Call) -> None:
    """Raises `GatewayError` 413 for a body that is at hand, and that policies would read for too long."""
    await in_turns(readable(request_of(call) or b""))


async def _looked_through(body: bytes | None, check: Callable[[], None]) -> None:
    """Looks through a body, a large one in a thread. Raises what `check` raises."""
    if body is None or len(body) <= _LOOKED_AT_HERE:
        check()
    else:
        await asyncio.to_thread(check)


def _ended(leg: Leg, inbound: Inbound, error: BaseException) -> Ended:
    """Before the commit point what went wrong with a call is no answer, if another leg follows."""
    expected = isinstance(error, GatewayError | UpstreamError)
    return FAILED if leg.more and expected and not inbound.begun else ANSWERED
