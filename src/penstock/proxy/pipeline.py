"""The one path a request takes: accept, identify, admit, recall, route, attempt, relay, settle.

Bytes are read and written elsewhere (`downstream/inbound.py`, `upstream/exchange.py`), attempts are made in
`attempts.py` and answers kept in `answer_cache.py`; this file says what comes after what. The commit point is
the first byte of the answer: before it an error can become an answer, after it the answer can only be finished
or visibly broken off. Every call is settled exactly once, whatever happens, in code without a single await, so
that no cancellation can come between.
"""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass

from penstock.clock import Clock
from penstock.errors import (
    BAD_HTTP,
    BODY_TOO_LARGE,
    INTERNAL,
    PROVIDER_DOWN,
    PROVIDER_TIMEOUT,
    PROVIDER_UNREACHABLE,
    UNAVAILABLE,
    GatewayError,
)
from penstock.journal.journal import Journal
from penstock.journal.record import COMPLETE, Outcome
from penstock.pricing.asked import asked_model
from penstock.providers.base import Provider
from penstock.proxy.answer_cache import AnswerCache
from penstock.proxy.attempts import Attempts, CircuitOpen
from penstock.proxy.call import Call, Gateway, Route
from penstock.proxy.call_bodies import request_of
from penstock.proxy.capture import Budget
from penstock.proxy.dispatch import Dispatch
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.fallback import step_call
from penstock.proxy.policies.virtual_keys import check_model, check_provider
from penstock.proxy.recorder import record_frame
from penstock.proxy.request_body import RequestBody
from penstock.proxy.response import Responder, note_answer, own_headers
from penstock.proxy.routing import COMPAT, Compat, Universal, World, check_compat, check_universal
from penstock.proxy.upstream.exchange import UpstreamError
from penstock.wire.controls import NO_CONTROLS, parse_controls
from penstock.wire.headers import HeaderSorter, RequestHead
from penstock.wire.openai_chat import ChatRequest
from penstock.wire.status import status_line
from penstock.wire.target import redact_query, split_target
from penstock.wire.universal import Step, parse_steps

log = logging.getLogger("penstock.pipeline")


@dataclass(frozen=True, slots=True)
class PipelineLimits:
    """Bytes: of each body in the log, of a body that must be read whole; and what a full disk means."""

    logged_body: int = 10 * 1024 * 1024
    buffered_body: int = 32 * 1024 * 1024
    refuse_unlogged: bool = False


class Pipeline:
    """Takes requests through the phases. `world` may be swapped at any time; calls keep the one they began with."""

    def __init__(
        self,
        world: World,
        attempts: Attempts,
        recall: AnswerCache,
        journal: Journal,
        clock: Clock,
        budget: Budget,
        limits: PipelineLimits,
    ) -> None:
        self.world = world
        self._attempts = attempts
        self._journal = journal
        self._clock = clock
        self._budget = budget
        self._limits = limits
        self._sorter = HeaderSorter()
        self._responder = Responder(self._sorter, budget, limits.logged_body)
        self._dispatch = Dispatch(recall, attempts, self._responder, clock, budget, limits.buffered_body)

    async def run(self, inbound: Inbound) -> None:
        """One call from its head to its settlement. Never raises."""
        inbound.running = True
        call: Call | None = None
        try:
            if inbound.error is not None:
                raise inbound.error
            call, route = self._accept(inbound)
            for hook in call.gateway.identify:
                hook(call)
            if call.refusal is not None:
                raise call.refusal
            for hook in call.gateway.admit:
                hook(call)
            if call.head.expects:
                inbound.invite_body()
            if isinstance(route, Universal):
                call.body.budget = None  # it holds the credentials of all its steps
                await self._steps(call, inbound)
                return
            if isinstance(route, Compat):
                route = await self._choose(call, route, inbound)
            if call.token is not None:
                await self._check_token(call, route)
            if call.steers or call.head.idempotency_key or route.provider.extra_headers:
                await self._dispatch.serve(call, route, inbound, more=False)
            else:
                pool, outgoing = self._attempts.prepare(call, route)
                call.exchange = exchange = await self._attempts.once(
                    call, pool, outgoing, call.controls.timeout
                )
                call.first_byte = self._clock.monotonic()
                relayed = self._responder.relay(call, exchange, inbound)
                if relayed is not None:
                    await relayed
                    inbound.end(exchange.trailers)
        except (Exception, asyncio.CancelledError) as error:
            self._end_badly(call, inbound, error)
        finally:
            self._settle(call, inbound)
            inbound.task_ended()

    # -- 1. accept

    def _accept(self, inbound: Inbound) -> tuple[Call, Route | Compat | Universal]:
        path, query = split_target(inbound.target)
        try:
            route = self.world.route(path, inbound.header)
        except GatewayError as error:
            return self._accept_lost(inbound, path, query, error)
        provider = route.provider if isinstance(route, Route) else None
        head = self._sorter.request(inbound.headers, () if provider is None else provider.consumed_headers)
        return self._new_call(inbound, head, route.gateway, provider, route.tail, query), route

    def _accept_lost(
        self, inbound: Inbound, path: bytes, query: bytes, error: GatewayError
    ) -> tuple[Call, Compat]:
        """A call that leads nowhere is still a call of its gateway, if that exists."""
        gateway = self.world.gateway_of(path)
        if gateway is None:
            raise error
        tail = path.decode("ascii", "replace").split("/", 4)[-1]
        call = self._new_call(inbound, self._sorter.request(inbound.headers), gateway, None, tail, query)
        call.refusal = error
        call.compat = tail.partition("/")[0] == COMPAT
        return call, Compat(gateway, tail)

    def _new_call(
        self,
        inbound: Inbound,
        head: RequestHead,
        gateway: Gateway,
        provider: Provider | None,
        tail: str,
        query: bytes,
    ) -> Call:
        controls = parse_controls(head.controls) if head.controls else NO_CONTROLS
        now_us = self._clock.now_us()
        name = self._clock.new_id(now_us)
        call = Call(
            name,
            controls.event_id or name,
            now_us,
            self._clock.monotonic(),
            gateway,
            head,
            controls,
            provider,
            tail + redact_query(query.decode("latin-1")) if query else tail,
            query,
            gateway.collect_logs if controls.collect_log is None else controls.collect_log,
            provider is None,
            inbound.method,
            inbound.body,
            inbound.header,
            controls.metadata,
            gateway.steers or (controls is not NO_CONTROLS and controls.steer),
        )
        call.refusal = self._head_refusal(call, inbound.body)
        return call

    def _head_refusal(self, call: Call, body: RequestBody) -> GatewayError | None:
        """What the head alone says against the call; takes over what it says about the body."""
        head = call.head
        body.length = head.length
        body.chunked = head.chunked
        if call.logged:
            if call.controls.collect_payload:
                body.record(self._limits.logged_body, self._budget)
            if self._limits.refuse_unlogged and not self._journal.healthy:
                return GatewayError(UNAVAILABLE, "calls cannot be logged at the moment; is the disk full?")
        if head.fault:
            return GatewayError(BAD_HTTP, head.fault)
        if 0 < body.limit < head.length:
            return GatewayError(BODY_TOO_LARGE, f"the body of this request may have {body.limit} bytes")
        return None

    # -- 3. admit

    async def _check_token(self, call: Call, route: Route) -> None:
        """What a virtual key restricts: providers, and models, for which the body may have to be read."""
        check_provider(call)
        if call.token is None or not call.token.models:
            return
        whole = await call.body.gather(self._limits.buffered_body)
        body = request_of(call) if whole else None
        asked = asked_model(route.provider.slug, route.tail, body or b"", strict=True)
        check_model(call, call.model or asked)

    # -- 5. route

    async def _choose(self, call: Call, compat: Compat, inbound: Inbound) -> Route:
        """The provider of a unified call stands in its body, which therefore has to be read whole."""
        check_compat(compat, inbound.method)
        request = ChatRequest(await call.body.whole(self._limits.buffered_body))
        call.model = request.model
        route, model = self.world.chat(compat, request.model, call.header)
        call.provider = route.provider
        call.model = f"{route.provider.slug}/{model}"  # prefixes have aliases
        call.body.replace(request.with_model(model))
        return route

    # -- several steps

    async def _steps(self, call: Call, inbound: Inbound) -> None:
        """A universal request: its steps in order, until one of them has an answer (Cloudflare 1.7)."""
        check_universal(inbound.method)
        steps = parse_steps(await call.body.whole(self._limits.buffered_body))
        call.settled = True  # from here on each step is a call, and has a row, of its own
        for index, step in enumerate(steps):
            over = await self._step(call, step, index, inbound, more=index + 1 < len(steps))
            if over or inbound.gone:
                return

    async def _step(self, origin: Call, step: Step, index: int, inbound: Inbound, *, more: bool) -> bool:
        """One step; whether the request is over with it."""
        call = step_call(origin, step, index, self._sorter, self._clock)
        if call.logged and call.controls.collect_payload:
            call.body.record(self._limits.logged_body, self._budget)
        over = True
        try:
            for hook in call.gateway.identify:
                hook(call)
            tail = step.endpoint.partition("?")[0]
            route = self.world.step(call.gateway, step.provider, tail, call.header)
            if isinstance(route, Compat):
                call.compat = True
                route = await self._choose(call, route, inbound)
            call.provider = route.provider
            if call.token is not None:
                await self._check_token(call, route)
            over = await self._dispatch.serve(call, route, inbound, more=more)
        except (Exception, asyncio.CancelledError) as error:
            over = not more or inbound.begun or not isinstance(error, GatewayError | UpstreamError)
            self._end_badly(call, inbound, error, silent=not over)
        finally:
            self._settle(call, inbound, silent=not over)
        return over

    # -- when it does not go well

    def _end_badly(
        self, call: Call | None, inbound: Inbound, error: BaseException, *, silent: bool = False
    ) -> None:
        """The call did not come to its answer. `silent`: another step will answer."""
        if isinstance(error, GatewayError):
            self._refuse(call, inbound, error, silent=silent)
        elif isinstance(error, UpstreamError):
            self._lose(call, inbound, error, silent=silent)
        elif isinstance(error, asyncio.CancelledError):
            self._stop(call, inbound)
        else:
            log.error("a call failed inside the gateway", exc_info=error)
            self._refuse(call, inbound, GatewayError(INTERNAL, "the gateway's log says more"))

    def _refuse(
        self, call: Call | None, inbound: Inbound, error: GatewayError, *, silent: bool = False
    ) -> None:
        """The gateway answers itself; too late for that, the answer is broken off."""
        if call is not None:
            call.error = error
            call.outcome = Outcome.REFUSED
        if inbound.begun:
            return
        body = error.body()
        if call is not None:
            call.status = error.fault.status
            call.response_type = b"application/json"
            call.response_encoding = b""
            note_answer(call, [body])
        if silent:
            return
        if error.fault.close:
            inbound.keep_alive = False
        bodiless = inbound.method == b"HEAD"
        head = b"%bcontent-type: application/json\r\ncontent-length: %d\r\n%b%b%b" % (
            status_line(error.fault.status),
            len(body),
            error.headers,
            inbound.framing(len(body), bodiless=bodiless),
            self._headers_without_call(inbound) if call is None else own_headers(call),
        )
        inbound.whole(head, [] if bodiless else [body], [])

    def _headers_without_call(self, inbound: Inbound) -> bytes:
        """An answer to what is no gateway's call still has a name to ask about (Cloudflare 2.2)."""
        name = self._clock.new_id(self._clock.now_us())
        own = inbound.header("cf-aig-event-id") or ""
        event = parse_controls([(b"cf-aig-event-id", own.encode("latin-1"))]).event_id or name
        return b"cf-aig-request-id: %b\r\ncf-aig-event-id: %b\r\n\r\n" % (
            name.encode("ascii"),
            event.encode("ascii"),
        )

    def _lose(self, call: Call | None, inbound: Inbound, error: UpstreamError, *, silent: bool) -> None:
        """The provider did not answer, or not to the end."""
        if isinstance(error, CircuitOpen):
            fault, headers = PROVIDER_DOWN, b"retry-after: %d\r\n" % math.ceil(error.seconds)
        else:
            fault, headers = PROVIDER_TIMEOUT if error.timeout else PROVIDER_UNREACHABLE, b""
        self._refuse(call, inbound, GatewayError(fault, error.reason, headers=headers), silent=silent)
        if call is not None:
            call.outcome = Outcome.PROVIDER_BROKE

    def _stop(self, call: Call | None, inbound: Inbound) -> None:
        """The task was cancelled: the client left, its request went wrong, or the server stops."""
        if inbound.error is not None and not inbound.gone:
            self._refuse(call, inbound, inbound.error)
            return
        if not inbound.gone and not inbound.begun:
            self._refuse(call, inbound, GatewayError(UNAVAILABLE, "the gateway is stopping"))
        if call is not None:
            call.outcome = Outcome.ABANDONED if inbound.gone else Outcome.SHUTDOWN

    # -- 8. settle

    def _settle(self, call: Call | None, inbound: Inbound, *, silent: bool = False) -> None:
        """Records the call and lets the end of the answer go, in this order."""
        if call is None:
            inbound.finish()
            return
        if call.settled:
            return
        call.settled = True
        then = _nothing if silent else inbound.finish
        if inbound.begun and call.relay is not None and call.outcome != COMPLETE:
            then = inbound.break_off
        if call.exchange is not None:
            call.exchange.close()
            call.exchange = None
        if inbound.gone and call.outcome == COMPLETE:
            call.outcome = Outcome.ABANDONED
        if call.relay is not None:
            call.received = call.relay.received
        if call.reservation is not None:
            self._settle_spending(call)
        if not call.logged:
            then()
            return
        try:
            frame = record_frame(call, self._clock.monotonic())
        except Exception:
            log.exception("a call cannot be recorded")  # the client is not to blame, and gets its answer
            self._journal.unwritten += 1
            then()
        else:
            self._journal.commit(frame, then)

    def _settle_spending(self, call: Call) -> None:
        if call.capture is not None:
            call.answer, call.answer_cut = call.capture.release(), call.capture.cut
            call.capture = None
        spending = call.gateway.spending
        if spending is not None:
            try:
                spending.settle(call)
            except Exception:
                log.exception("what a call has cost could not be counted")


def _nothing() -> None:
    """A step that failed has nothing to let go."""
