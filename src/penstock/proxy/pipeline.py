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
from penstock.providers.registry import UNIFIED
from penstock.proxy.accept import Acceptor
from penstock.proxy.answer_cache import AnswerCache
from penstock.proxy.attempts import Attempts
from penstock.proxy.call import Call, OwnAnswer, Route, Spending
from penstock.proxy.call_bodies import request_of
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.fallback import Untouched, step_call
from penstock.proxy.long_work import in_turns
from penstock.proxy.plan import (
    ALONE,
    ANSWERED,
    FAILED,
    TAKEN,
    Ended,
    Kept,
    Leg,
    ModelList,
    Plan,
    StepList,
    gives_way,
)
from penstock.proxy.policies.cors import is_preflight, unprivileged
from penstock.proxy.policies.credentials import usable_keys
from penstock.proxy.policies.model_list import called, check_own, is_model_list, own_answer, usable
from penstock.proxy.policies.operation_limit import check_operation, check_own_operation
from penstock.proxy.policies.own_models import show_own_models
from penstock.proxy.policies.retry import PATIENT, RetryRules, rules
from penstock.proxy.policies.virtual_keys import check_models, check_provider
from penstock.proxy.question import PartTaken
from penstock.proxy.refusal import end_badly
from penstock.proxy.response import Responder
from penstock.proxy.resumption import Resumption
from penstock.proxy.room import Room, busy
from penstock.proxy.routing import Compat, Named, OneModel, Universal, World, check_universal
from penstock.proxy.runs.desk import RunDesk
from penstock.proxy.runs.door import RunDoor
from penstock.proxy.settle import Settlement
from penstock.proxy.sharing import Sharing
from penstock.proxy.unified.choice import at_once, choose, looked_through, read_question
from penstock.proxy.unified.run import choose_run, is_run, read_run
from penstock.proxy.unified.search import OneSearch, choose_search, is_search, read_searches
from penstock.proxy.upstream.exchange import Progress, UpstreamError
from penstock.proxy.waiting import waits
from penstock.proxy.whole_bodies import WholeBodies
from penstock.wire.controls import NO_CONTROLS
from penstock.wire.headers import HeaderSorter
from penstock.wire.json_outline import SMALL_BYTES, readable
from penstock.wire.own_tokens import OwnTokens
from penstock.wire.surface import Surface
from penstock.wire.universal import Step, reading_steps

_MOST_CLEANED = 64 * 1024 * 1024  # bytes of bodies that wait for being cleaned of secrets


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
        runs: RunDesk,
    ) -> None:
        """`budget` is the part of the room that captures and kept answers may take."""
        self.world = world
        self._clock = clock
        self.room = room
        self._budget = budget
        self._bodies = bodies
        self._limits = limits
        self._listing = asyncio.Lock()
        self._sorter = HeaderSorter()
        logged, refuse = limits.logged_body, limits.refuse_unlogged
        self._acceptor = Acceptor(
            self._sorter, journal, clock, budget, logged, own=own, refuse_unlogged=refuse
        )
        self._responder = Responder(self._sorter, room, budget, limits.logged_body)
        self._attempts = attempts
        self._resumption = Resumption(attempts, self._responder, clock, budget)
        self._runs = RunDoor(runs, clock, bodies, budget)
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
            call.compat = isinstance(place, Compat)
            inbound.account = call.gateway.account
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
            elif isinstance(place, Compat):
                route = at_once(call, place, self.world, self._bodies.limit)
                if route is None:
                    plan = await self._tries(call, place)
                    leg = plan.after(None)
                else:
                    call.operation = route.operation(call.method)
                    leg = Leg(call, route)
            else:
                if call.controls.wait:
                    plan = waits(call, place, self.world, self._clock, self._recorded) or ALONE
                leg = plan.after(None) or Leg(call, place)
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
            route = leg.place if isinstance(leg.place, Route) else await self._route(leg)
            if call.token is not None:
                await _check_token(call, route, self._bodies)
            if route.provider.keeps_runs:
                await self._runs.admit(call, route, inbound)
            if _steers(call, route):
                leg.steers = True
                call.keys = usable_keys(call, route)
                leg.rules = _rules(call)
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
            elif gives_way(leg, exchange.status):
                leg.ended = FAILED
                await sharing.hear_out(call, exchange)
            else:
                by = self._responder if call.ticket is None else self._resumption.of(leg, route)
                if (relaying := by.relay(call, exchange, inbound)) is not None:
                    await relaying
        except PartTaken as taken:
            _take(leg, inbound, taken, self._bodies, self._clock)
        except (Exception, asyncio.CancelledError) as error:
            if lookup is not None:
                sharing.give_up(lookup, lead, inbound, error)
            leg.ended = _ended(leg, inbound, error)
            end_badly(call, inbound, error, self._clock, silent=leg.ended == FAILED)
            without_frames(error)
        finally:
            self._settlement.settle(call, inbound, silent=leg.ended != ANSWERED)

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

    async def _tries(self, call: Call, compat: Compat) -> ModelList:
        """The legs of a unified request, whose models stand in its body and in a header.

        Raises `OwnAnswer` for who asks which models there are.
        """
        if is_model_list(compat.tail):
            raise await self._models(call, compat)
        places = await _reader(compat)(call, compat, self.world, self._bodies)
        if (
            len(places) == 1 and places[0].surface is not Surface.EMBEDDINGS
        ):  # these may take several requests
            return ModelList(call, places)
        return ModelList(
            call, places, partial(self._again, Untouched(call, places[0].request.body, self._clock))
        )

    def _again(self, untouched: Untouched, index: int) -> Call:
        return self._recorded(untouched.again(index))

    def _step(self, origin: Call, step: Step, index: int) -> Call:
        return self._recorded(step_call(origin, step, index, self._sorter, self._clock))

    def _recorded(self, call: Call) -> Call:
        if call.logged:
            limit = self._limits.logged_body if call.controls.collect_payload else 0
            call.body.record(limit, self._budget)
        return call

    # -- route

    async def _route(self, leg: Leg) -> Route:
        """Where a leg leads whose path does not tell: to what was named, or stands in its body."""
        call, place = leg.call, leg.place
        if isinstance(place, Kept):
            raise place.answer
        if isinstance(place, Named):
            place = self.world.step(call.gateway, place, call.header)
        if isinstance(place, Compat):  # of a step
            call.compat = True
            if is_model_list(place.tail):
                raise await self._models(call, place)
            read = read_searches if is_search(place.tail) else read_question
            place = (await read(call, place, self.world, self._bodies))[0]
        if isinstance(place, OneSearch):
            place = await choose_search(call, place, self.world)
        if isinstance(place, OneModel):
            place = await (choose_run if place.run else choose)(call, place, self.world)
        call.provider = place.provider
        call.operation = place.operation(call.method)
        return place

    async def _models(self, call: Call, compat: Compat) -> OwnAnswer:
        """One at a time: the first one may have to wait for price lists, and no thread is to be held by the others."""
        world, wanted = self.world, check_own(call, compat.tail)
        check_own_operation(call, UNIFIED)
        account = call.gateway.account
        providers = usable(call, world.providers_of(account))
        others = called(call.token, world.aliases_of(account).table, providers)
        async with self._listing:
            return await asyncio.to_thread(
                own_answer, call.token, wanted, providers, world.models, call.created_us, others
            )

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
            reading = self._bodies.read_flags(call, call.body.kept or b"")
            if reading is not None:
                await reading
        reserving = spending.reserve(call)
        if reserving is not None:
            await reserving


def _reader(compat: Compat) -> Callable[[Call, Compat, World, WholeBodies], Awaitable[list[OneModel]]]:
    """Who reads what is asked there."""
    if is_search(compat.tail):
        return read_searches
    return read_run if is_run(compat.tail) else read_question


def _steers(call: Call, route: Route) -> bool:
    """Whether more may be wanted than one plain attempt."""
    if call.steers or call.head.idempotency_key or route.provider.adds_credentials:
        return True
    return call.ticket is not None and call.ticket.is_patient


def _rules(call: Call) -> RetryRules:
    """How often it is sent."""
    found = rules(call.gateway.retry, call.controls, call.config)
    is_patient = call.ticket is not None and call.ticket.is_patient
    return PATIENT if is_patient and found.attempts == 1 else found


async def _check_token(call: Call, route: Route, bodies: WholeBodies) -> None:
    """What a virtual key restricts: providers, operations, and models, for which the body may have to be read."""
    check_provider(call)
    check_operation(call, route)
    if call.token is None or not call.token.models:
        return
    whole = await bodies.gather(call)
    if call.body.size > SMALL_BYTES or call.head.content_encoding:
        await _check_readable(call)
    body = request_of(call) if whole else None
    await looked_through(body, partial(check_models, call, route, body))
    show_own_models(call)


async def _check_readable(call: Call) -> None:
    """Raises `GatewayError` 413 for a body that is at hand, and that policies would read for too long."""
    await in_turns(readable(request_of(call) or b""))


def _ended(leg: Leg, inbound: Inbound, error: BaseException) -> Ended:
    """Before the commit point what went wrong with a call is no answer, if another leg follows."""
    expected = isinstance(error, GatewayError | UpstreamError)
    return FAILED if leg.more and expected and not inbound.begun else ANSWERED


def _take(leg: Leg, inbound: Inbound, taken: PartTaken, bodies: WholeBodies, clock: Clock) -> None:
    """An answer that the client gets with others; what is kept of it takes room until then. Never raises."""
    inbound.guard = None  # a leg that follows has its own
    most, share = bodies.limit, bodies.share_of(leg.call, inbound.body)
    if taken.together > most:
        reason = f"its answers are more than {most} bytes together"
        end_badly(leg.call, inbound, UpstreamError(reason, Progress.ANSWERED), clock)
    elif not share.take(taken.size):
        end_badly(leg.call, inbound, busy(), clock)
    else:
        leg.ended, leg.more = TAKEN, True
    without_frames(taken)
