"""What a client is told when a call does not come to its answer: the gateway's own envelope, or a cut.

Before the commit point an error becomes an answer; after it there is nothing left to say, and the answer is
broken off when the call is settled. Notes on the call how it ended.
"""

from __future__ import annotations

import asyncio
import logging
import math

from penstock.clock import Clock
from penstock.errors import (
    BUSY,
    INTERNAL,
    PROVIDER_DOWN,
    PROVIDER_TIMEOUT,
    PROVIDER_UNREACHABLE,
    UNAVAILABLE,
    GatewayError,
)
from penstock.journal.record import Outcome
from penstock.proxy.attempts import CircuitOpen
from penstock.proxy.call import Call, OwnAnswer
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.response import note_answer, own_headers
from penstock.proxy.unified.own_errors import at_rest, error_body, rest_error_body
from penstock.proxy.upstream.exchange import UpstreamError
from penstock.wire.controls import parse_controls
from penstock.wire.status import status_line
from penstock.wire.unified_paths import is_rest, looks_unified

_JSON = b"application/json"

log = logging.getLogger("penstock.pipeline")


def end_badly(
    call: Call | None, inbound: Inbound, error: BaseException, clock: Clock, *, silent: bool = False
) -> None:
    """The call did not come to its answer. `silent`: another leg will answer."""
    if isinstance(error, GatewayError):
        _refuse(call, inbound, error, clock, silent=silent)
    elif isinstance(error, OwnAnswer):
        _answer(call, inbound, error, clock)
    elif isinstance(error, UpstreamError):
        _lose(call, inbound, error, clock, silent=silent)
    elif isinstance(error, asyncio.CancelledError):
        _stop(call, inbound, clock)
    elif isinstance(error, MemoryError):
        log.error("a call is given up: there is no memory for it")
        _refuse(call, inbound, GatewayError(BUSY, "the gateway has no memory for this call"), clock)
    else:
        log.error("a call failed inside the gateway", exc_info=error)
        _refuse(call, inbound, GatewayError(INTERNAL, "the gateway's log says more"), clock)


def _refuse(
    call: Call | None, inbound: Inbound, error: GatewayError, clock: Clock, *, silent: bool = False
) -> None:
    """The gateway answers itself; too late for that, the answer is broken off."""
    if is_rest(inbound.target):
        error = at_rest(error)
    if call is not None:
        call.error = error
        call.outcome = Outcome.REFUSED
    if inbound.begun:
        return
    if error.fault.close and not silent:
        inbound.keep_alive = False
    own = OwnAnswer(error.fault.status, error.headers, _body(call, inbound, error))
    _answer(call, inbound, own, clock, silent=silent)


def _body(call: Call | None, inbound: Inbound, error: GatewayError) -> bytes:
    """As callers of the unified endpoint read it, and everybody else."""
    path, ref_id = inbound.target.partition(b"?")[0], "" if call is None else call.id
    if is_rest(path):
        return rest_error_body(error, path, ref_id)
    if looks_unified(path) if call is None else call.compat and not call.is_step:
        return error_body(error, path, ref_id)
    return error.body()


def _answer(
    call: Call | None, inbound: Inbound, own: OwnAnswer, clock: Clock, *, silent: bool = False
) -> None:
    """An answer of the gateway's own, whole."""
    body = own.body
    if call is not None:
        _forget_answer(call)
        call.status = own.status
        call.response_type = _JSON if body else b""
        call.response_encoding = b""
        note_answer(call, [body])
    if silent:
        return
    bodiless = inbound.method == b"HEAD" or not body
    head = b"%b%b%b%b%b" % (
        status_line(own.status),
        b"content-type: %b\r\ncontent-length: %d\r\n" % (_JSON, len(body)) if body else b"",
        own.lines,
        inbound.framing(len(body), bodiless=bodiless),
        _headers_without_call(inbound, clock) if call is None else own_headers(call),
    )
    inbound.whole(head, [] if bodiless else [body], [])


def _forget_answer(call: Call) -> None:
    """The provider's answer is not the one the client gets, as far as it came."""
    call.writer = None
    if call.capture is not None:
        call.capture.drop()
        call.capture = None


def _headers_without_call(inbound: Inbound, clock: Clock) -> bytes:
    """An answer to what is no gateway's call still has a name to ask about (Cloudflare 2.2)."""
    name = clock.new_id(clock.now_us())
    own = inbound.header("cf-aig-event-id") or ""
    event = parse_controls([(b"cf-aig-event-id", own.encode("latin-1"))]).event_id or name
    return b"cf-aig-request-id: %b\r\ncf-aig-event-id: %b\r\n\r\n" % (
        name.encode("ascii"),
        event.encode("ascii"),
    )


def _lose(call: Call | None, inbound: Inbound, error: UpstreamError, clock: Clock, *, silent: bool) -> None:
    """The provider did not answer, or not to the end."""
    if isinstance(error, CircuitOpen):
        fault, headers = PROVIDER_DOWN, b"retry-after: %d\r\n" % math.ceil(error.seconds)
    else:
        fault, headers = PROVIDER_TIMEOUT if error.timeout else PROVIDER_UNREACHABLE, b""
    _refuse(call, inbound, GatewayError(fault, error.reason, headers=headers), clock, silent=silent)
    if call is not None:
        call.outcome = Outcome.PROVIDER_BROKE


def _stop(call: Call | None, inbound: Inbound, clock: Clock) -> None:
    """The task was cancelled: the client left, its request went wrong, or the server stops."""
    if inbound.error is not None and not inbound.gone:
        _refuse(call, inbound, inbound.error, clock)
        return
    if not inbound.gone and not inbound.begun:
        _refuse(call, inbound, GatewayError(UNAVAILABLE, "the gateway is stopping"), clock)
    if call is not None:
        call.outcome = Outcome.ABANDONED if inbound.gone else Outcome.SHUTDOWN
