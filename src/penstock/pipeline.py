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
    INTERNAL,
    PROVIDER_TIMEOUT,
    PROVIDER_UNREACHABLE,
    UNAVAILABLE,
    GatewayError,
)
from penstock.exchange import Exchange, UpstreamError
from penstock.inbound import Inbound
from penstock.outgoing import OutgoingRequest
from penstock.providers.base import Provider
from penstock.routing import Compat, World, check_compat
from penstock.telemetry.journal import Journal
from penstock.telemetry.record import Outcome
from penstock.telemetry.recorder import record_frame
from penstock.upstream import Upstream
from penstock.wire.controls import Controls, parse_controls
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
            self._identify(call)
            if isinstance(route, Compat):
                route = await self._choose(call, route, inbound)
            exchange = await self._attempt(call, route, inbound)
            await self._relay(call, exchange, inbound)
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
        world = self.world
        try:
            route = world.route(path, inbound.header)
        except GatewayError as error:
            gateway = world.gateway_of(path)
            if gateway is None:
                raise
            tail = path.decode("ascii", "replace").split("/", 4)[-1]
            call = self._new_call(inbound, gateway, None, tail, query)
            call.refusal = error
            return call, Compat(gateway, tail)
        provider = None if isinstance(route, Compat) else route.provider
        call = self._new_call(inbound, route.gateway, provider, route.tail, query)
        call.compat = provider is None
        if not self._journal.healthy and self._limits.refuse_unlogged and call.logged:
            call.refusal = GatewayError(UNAVAILABLE, "calls cannot be logged at the moment: the disk is full?")
        return call, route

    def _new_call(
        self, inbound: Inbound, gateway: Gateway, provider: Provider | None, tail: str, query: bytes
    ) -> Call:
        head = self._sorter.request(inbound.headers, () if provider is None else provider.consumed_headers)
        controls = parse_controls(head.controls) if head.controls else Controls()
        now_us = self._clock.now_us()
        path = f"{tail}?{redact_query(query.decode('latin-1'))}" if query else tail
        started = self._clock.monotonic()
        call = Call(self._clock.new_id(now_us), now_us, started, gateway, head, controls, provider, path)
        call.query = query
        if call.logged and controls.collect_payload:
            inbound.body.record(self._limits.logged_body, self._budget)
        return call

    # -- 2. identify

    def _identify(self, call: Call) -> None:
        for hook in call.gateway.identify:
            hook(call)
        if call.refusal is not None:
            raise call.refusal

    # -- 5. route

    async def _choose(self, call: Call, compat: Compat, inbound: Inbound) -> Route:
        """The provider of a unified call stands in its body, which therefore has to be read whole."""
        check_compat(compat, inbound.method)
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
        lines = call.head.forward
        if route.provider.credentials is not None:
            for name, value in route.provider.credentials(route.tail, inbound.header):
                lines += (name.encode("ascii"), b": ", value.encode("latin-1"), b"\r\n")
        method = inbound.method
        query = call.query if route.query is None else route.query
        outgoing = OutgoingRequest(method, route.path, query, lines, inbound.body)
        inbound.invite_body()
        opening = self._upstream.open(
            self._upstream.pool(route.origin),
            outgoing,
            idempotent=method in _IDEMPOTENT,
            bodiless=method == b"HEAD",
        )
        timeout = call.controls.timeout
        if timeout is None:
            call.exchange = exchange = await opening
        else:
            call.exchange = exchange = await _in_time(opening, timeout)
        call.first_byte = self._clock.monotonic()
        return exchange

    # -- 7. relay

    async def _relay(self, call: Call, exchange: Exchange, inbound: Inbound) -> None:
        """Passes the answer on: what is there already in one piece, what is still to come as it comes."""
        call.status = exchange.status
        lines, call.response_type, call.response_encoding = self._sorter.response(exchange.headers)
        framing = inbound.framing(exchange.length, bodiless=exchange.bodiless)
        head = b"%b%b%b%b" % (status_line(exchange.status), b"".join(lines), framing, _own_headers(call))
        capture: Capture | None = None
        if call.logged and call.controls.collect_payload:
            call.capture = capture = Capture(self._limits.logged_body, self._budget)
        if exchange.complete:
            pieces = exchange.held
            for data in pieces:
                call.received += len(data)
                if capture is not None:
                    capture.add(data)
            inbound.whole(head, pieces, exchange.trailers)
            return
        inbound.send_head(head)
        inbound.attach(exchange)
        await exchange.relay(Relay(call, capture, inbound).feed)
        inbound.end(exchange.trailers)

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
            call.received = len(body)
            call.response_type = b"application/json"
            if call.logged and call.controls.collect_payload:
                call.capture = Capture(self._limits.logged_body, self._budget)
                call.capture.add(body)
        if error.fault.close:
            inbound.keep_alive = False
        bodiless = inbound.method == b"HEAD"
        head = b"%bcontent-type: application/json\r\ncontent-length: %d\r\n%b%b" % (
            status_line(error.fault.status),
            len(body),
            inbound.framing(len(body), bodiless=bodiless),
            b"\r\n" if call is None else _own_headers(call),
        )
        inbound.whole(head, [] if bodiless else [body], [])

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
        if call is not None:
            call.outcome = Outcome.ABANDONED if inbound.gone else Outcome.SHUTDOWN
        if not inbound.gone and not inbound.begun:
            error = GatewayError(UNAVAILABLE, "the gateway is stopping")
            self._refuse(call, inbound, error)

    # -- 8. settle

    def _settle(self, call: Call | None, inbound: Inbound) -> None:
        """Records the call and lets the end of the answer go, in this order."""
        if call is None:
            inbound.finish()
            return
        if call.exchange is not None:
            call.exchange.close()
        then = inbound.finish
        if inbound.begun and call.outcome is not Outcome.COMPLETE and call.exchange is not None:
            then = inbound.break_off
        if call.logged:
            self._journal.commit(record_frame(call, inbound, self._clock.monotonic()), then)
        else:
            then()


class Relay:
    """Counts, keeps and passes on each piece of an answer. Called for every piece: no waiting, no tasks."""

    __slots__ = ("_call", "_capture", "_write")

    def __init__(self, call: Call, capture: Capture | None, inbound: Inbound) -> None:
        self._call = call
        self._capture = capture
        self._write = inbound.write

    def feed(self, data: bytes) -> None:
        self._call.received += len(data)
        if self._capture is not None:
            self._capture.add(data)
        self._write(data)


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
        return b"cf-aig-log-id: %b\r\ncf-aig-request-id: %b\r\ncf-aig-event-id: %b\r\n\r\n" % (name, name, event)
    return b"cf-aig-request-id: %b\r\ncf-aig-event-id: %b\r\n\r\n" % (name, event)
