"""The one path a request takes: accept, identify, admit, recall, route, attempt, relay, settle.

The only file that calls policies. Bytes are read and written elsewhere (`inbound.py`, `exchange.py`); this
file decides. The commit point is the head of the answer: before it an error can become an answer, after it
the answer can only be finished or visibly broken off. Every call is settled exactly once, whatever happens,
in code without a single await, so that no cancellation can come between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass

from penstock.call import Call, Gateway, Route
from penstock.capture import Budget, Capture
from penstock.clock import Clock
from penstock.errors import (
    BAD_HTTP,
    BODY_TOO_LARGE,
    INTERNAL,
    PROVIDER_TIMEOUT,
    PROVIDER_UNREACHABLE,
    UNAVAILABLE,
    GatewayError,
)
from penstock.exchange import Exchange, Progress, UpstreamError
from penstock.inbound import Inbound
from penstock.outgoing import OutgoingRequest
from penstock.providers.base import Provider
from penstock.request_body import RequestBody
from penstock.routing import Compat, World, check_compat
from penstock.telemetry.journal import Journal
from penstock.telemetry.record import COMPLETE, Outcome
from penstock.telemetry.recorder import record_frame
from penstock.upstream import Upstream
from penstock.wire.controls import NO_CONTROLS, parse_controls
from penstock.wire.headers import HeaderSorter
from penstock.wire.openai_chat import ChatRequest
from penstock.wire.status import status_line
from penstock.wire.target import redact_query, split_target

log = logging.getLogger("penstock.pipeline")

_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})


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
        upstream: Upstream,
        journal: Journal,
        clock: Clock,
        budget: Budget,
        limits: PipelineLimits,
    ) -> None:
        self.world = world
        self._upstream = upstream
        self._journal = journal
        self._clock = clock
        self._budget = budget
        self._limits = limits
        self._sorter = HeaderSorter()

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
            if isinstance(route, Compat):
                route = await self._choose(call, route, inbound)
            exchange = await self._attempt(call, route, inbound)
            relayed = self._relay(call, exchange, inbound)
            if relayed is not None:
                await relayed
                inbound.end(exchange.trailers)
        except GatewayError as error:
            self._refuse(call, inbound, error)
        except UpstreamError as error:
            self._lose(call, inbound, error)
        except asyncio.CancelledError:
            self._stop(call, inbound)
        except Exception:
            log.exception("a call failed inside the gateway")
            self._refuse(call, inbound, GatewayError(INTERNAL, "the gateway's log says more"))
        finally:
            self._settle(call, inbound)
            inbound.task_ended()

    # -- 1. accept

    def _accept(self, inbound: Inbound) -> tuple[Call, Route | Compat]:
        path, query = split_target(inbound.target)
        try:
            route = self.world.route(path, inbound.header)
        except GatewayError as error:
            return self._accept_lost(inbound, path, query, error)
        provider = None if isinstance(route, Compat) else route.provider
        return self._new_call(inbound, route.gateway, provider, route.tail, query), route

    def _accept_lost(
        self, inbound: Inbound, path: bytes, query: bytes, error: GatewayError
    ) -> tuple[Call, Compat]:
        """A call that leads nowhere is still a call of its gateway, if that exists."""
        gateway = self.world.gateway_of(path)
        if gateway is None:
            raise error
        tail = path.decode("ascii", "replace").split("/", 4)[-1]
        call = self._new_call(inbound, gateway, None, tail, query)
        call.refusal = error
        return call, Compat(gateway, tail)

    def _new_call(
        self, inbound: Inbound, gateway: Gateway, provider: Provider | None, tail: str, query: bytes
    ) -> Call:
        head = self._sorter.request(inbound.headers, () if provider is None else provider.consumed_headers)
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

    # -- 5. route

    async def _choose(self, call: Call, compat: Compat, inbound: Inbound) -> Route:
        """The provider of a unified call stands in its body, which therefore has to be read whole."""
        check_compat(compat, inbound.method)
        if call.head.expects:
            inbound.invite_body()
        request = ChatRequest(await inbound.body.whole(self._limits.buffered_body))
        call.model = request.model
        route, model = self.world.chat(compat, request.model, inbound.header)
        call.provider = route.provider
        inbound.body.replace(request.with_model(model))
        return route

    # -- 6. attempt

    async def _attempt(self, call: Call, route: Route, inbound: Inbound) -> Exchange:
        """Sends the request and waits for the answer's head."""
        head, method, provider = call.head, inbound.method, route.provider
        if provider.credentials is not None:
            for name, value in provider.credentials(route.tail, inbound.header):
                head.forward += (name.encode("ascii"), b": ", value.encode("latin-1"), b"\r\n")
        if head.expects:
            inbound.invite_body()
        query = call.query if route.query is None else route.query
        outgoing = OutgoingRequest(method, route.path + query, head.forward, inbound.body)
        opening = self._upstream.open(
            self._upstream.pool(route.origin), outgoing, method in _IDEMPOTENT, method == b"HEAD"
        )
        if call.controls.timeout is not None:
            opening = _in_time(opening, call.controls.timeout)
        call.exchange = exchange = await opening
        call.first_byte = self._clock.monotonic()
        return exchange

    # -- 7. relay

    def _relay(self, call: Call, exchange: Exchange, inbound: Inbound) -> asyncio.Future[None] | None:
        """Passes the answer on: what is there already in one piece, what is still to come as it comes."""
        head = self._sorter.response(exchange.headers)
        if head.fault:
            raise UpstreamError(head.fault, Progress.ANSWERED)
        call.status = exchange.status
        call.response_type = head.content_type
        call.response_encoding = head.content_encoding
        start = b"%b%b%b%b" % (
            status_line(exchange.status),
            b"".join(head.forward),
            inbound.framing(head.length, bodiless=exchange.bodiless),
            _own_headers(call),
        )
        if exchange.complete:
            self._note_answer(call, exchange.held)
            inbound.whole(start, exchange.held, exchange.trailers)
            return None
        inbound.send_head(start)
        if call.logged and call.controls.collect_payload:
            call.capture = Capture(self._limits.logged_body, self._budget)
        call.relay = inbound.relay(exchange, call.capture)
        return exchange.relay(call.relay.feed)

    def _note_answer(self, call: Call, pieces: list[bytes]) -> None:
        """Remembers an answer that came in one go, and so is small."""
        if len(pieces) == 1:
            call.answer = pieces[0]
        elif pieces:
            call.answer = b"".join(pieces)
        call.received = len(call.answer)

    # -- when it does not go well

    def _refuse(self, call: Call | None, inbound: Inbound, error: GatewayError) -> None:
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
            self._note_answer(call, [body])
        if error.fault.close:
            inbound.keep_alive = False
        bodiless = inbound.method == b"HEAD"
        head = b"%bcontent-type: application/json\r\ncontent-length: %d\r\n%b%b" % (
            status_line(error.fault.status),
            len(body),
            inbound.framing(len(body), bodiless=bodiless),
            self._headers_without_call(inbound) if call is None else _own_headers(call),
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

    def _lose(self, call: Call | None, inbound: Inbound, error: UpstreamError) -> None:
        """The provider did not answer, or not to the end."""
        fault = PROVIDER_TIMEOUT if error.timeout else PROVIDER_UNREACHABLE
        self._refuse(call, inbound, GatewayError(fault, error.reason))
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

    def _settle(self, call: Call | None, inbound: Inbound) -> None:
        """Records the call and lets the end of the answer go, in this order."""
        if call is None:
            inbound.finish()
            return
        then = inbound.finish
        if call.exchange is not None:
            if inbound.begun and call.outcome != COMPLETE and call.answer == b"":
                then = inbound.break_off
            call.exchange.close()
            call.exchange = None
        if call.relay is not None:
            call.received = call.relay.received
        if not call.logged:
            then()
            return
        try:
            frame = record_frame(call, inbound, self._clock.monotonic())
        except Exception:
            log.exception("a call cannot be recorded")  # the client is not to blame, and gets its answer
            self._journal.unwritten += 1
            then()
        else:
            self._journal.commit(frame, then)


async def _in_time(opening: Coroutine[None, None, Exchange], seconds: float) -> Exchange:
    try:
        async with asyncio.timeout(seconds):
            return await opening
    except TimeoutError:
        raise GatewayError(PROVIDER_TIMEOUT, f"no answer within {seconds * 1000:.0f} ms") from None


def _own_headers(call: Call) -> bytes:
    """The gateway's response headers and the end of the head (Cloudflare 2.2)."""
    name = call.id.encode("ascii")
    event = name if call.event_id is call.id else call.event_id.encode("ascii")
    if call.logged:
        return b"cf-aig-log-id: %b\r\ncf-aig-request-id: %b\r\ncf-aig-event-id: %b\r\n\r\n" % (
            name,
            name,
            event,
        )
    return b"cf-aig-request-id: %b\r\ncf-aig-event-id: %b\r\n\r\n" % (name, event)
