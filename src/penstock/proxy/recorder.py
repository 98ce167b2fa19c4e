"""From a call that has ended to its frame in the journal, with all secrets taken out.

The last thing that happens to a call; pure but for giving captured memory back.
"""

from __future__ import annotations

from functools import partial

import msgspec

from penstock.journal.record import CallRecord, Cleaning, frame_pieces
from penstock.pricing.asked import asked_model
from penstock.pricing.call_cost import PARALLEL
from penstock.pricing.parallel_card import parallel_cost
from penstock.proxy.call import Call
from penstock.proxy.call_bodies import answer_of, request_of
from penstock.proxy.capture import Capture
from penstock.proxy.redaction import redact, redact_end, secrets_of
from penstock.proxy.request_body import RequestBody
from penstock.wire.own_tokens import NO_ADMIN, SHORTEST, OwnTokens
from penstock.wire.usage import Usage

_CLIENT_LEFT = 499
_MAX_TRACEPARENT = 128


def record_frame(call: Call, now: float, own: OwnTokens = NO_ADMIN) -> list[bytes]:
    """The pieces to append to the journal for `call`, which ended at `now` (monotonic seconds)."""
    if call.capture is not None:
        _take(call, call.capture)
    usage = None if call.controls.collect_payload else _facts(call)
    request, request_cut, response, response_cut = _bodies(call, call.body)
    head, controls, provider, error, token = call.head, call.controls, call.provider, call.error, call.token
    record = CallRecord(  # in the order of its fields: by name this would cost as much as all the rest
        call.id,
        call.event_id,
        call.created_us,
        call.gateway.account,
        call.gateway.id,
        "" if provider is None else provider.slug,
        call.method.decode("ascii"),
        call.path,
        call.status or _CLIENT_LEFT,
        call.outcome,
        int((now - call.started) * 1e6),
        int((call.first_byte - call.started) * 1e6) if call.first_byte else None,
        call.body.size,
        call.received,
        request_cut,
        response_cut,
        controls.collect_payload,
        head.content_type.decode("latin-1"),
        call.response_type.decode("latin-1"),
        head.content_encoding.decode("latin-1"),
        call.response_encoding.decode("latin-1"),
        head.user_agent.decode("latin-1"),
        call.step,
        call.compat,
        call.authenticated,
        None if error is None else error.fault.code,
        "" if error is None else (error.detail or error.fault.message),
        call.metadata,
        _controls(call) if call.gateway.traces else controls.seen,
        call.model,
        call.cached,
        call.attempts,
        call.stored_key,
        "" if token is None else token.id,
        "" if token is None else token.user,
        "" if token is None else token.team,
        call.cost,
        call.whole,
        usage,
        call.trail,
    )
    return frame_pieces(record, request, response, _cleaning(call, own))


def _cleaning(call: Call, own: OwnTokens) -> Cleaning | None:
    """What takes tokens out of the record; None where nothing in it can hold one."""
    if not call.may_show and call.error is None and len(call.model) < SHORTEST and own.has_form:
        return None
    return partial(_clean, own=own)


def _clean(meta: bytes, own: OwnTokens) -> bytes:
    if not own.stands_in(meta):
        return meta
    return msgspec.msgpack.encode(_redacted(msgspec.msgpack.decode(meta), own))


def _redacted(value: object, own: OwnTokens) -> object:
    """The same value of msgpack, without tokens in its texts."""
    if isinstance(value, str):
        return own.redacted(value.encode()).decode(errors="replace")
    if isinstance(value, dict):
        return {_redacted(name, own): _redacted(inner, own) for name, inner in value.items()}
    return [_redacted(inner, own) for inner in value] if isinstance(value, list) else value


def _take(call: Call, capture: Capture) -> None:
    """The memory of what was captured goes back, for others."""
    call.answer, call.answer_cut = capture.release(), capture.cut
    call.capture = None


def _controls(call: Call) -> dict[str, str]:
    """The control headers, and the trace that the caller's part belongs to (Cloudflare 3.22)."""
    parent = (call.client or call.lookup)("traceparent")
    seen = call.controls.seen
    return seen if parent is None else {**seen, "traceparent": parent[:_MAX_TRACEPARENT]}


def _facts(call: Call) -> Usage | None:
    """What the bodies would have told later, of a call whose bodies are not kept."""
    answer, request = answer_of(call), request_of(call)
    slug = "" if call.provider is None else call.provider.slug
    tail = call.path.partition("?")[0]
    call.model = call.model or asked_model(slug, tail, request or b"") or answer.model or ""
    if call.cost is None and slug == PARALLEL and 200 <= call.status < 300:
        call.cost = parallel_cost(tail, request, answer.usage)
    return answer.usage


def _bodies(call: Call, body: RequestBody) -> tuple[bytes, bool, bytes, bool]:
    """Request and answer as they may be kept, and of each whether it is only a part."""
    request, request_cut = body.recorded()
    response, response_cut = call.answer, call.answer_cut
    if not call.controls.collect_payload:
        return b"", False, b"", False
    if len(response) > body.log_limit:
        response, response_cut = response[: body.log_limit], True
    if call.head.credentials or call.controls.authorization or call.secrets:
        secrets = [*secrets_of(call.head.credentials, call.controls.authorization), *call.secrets]
        request, response = redact(request, secrets), redact(response, secrets)
        if request_cut:
            request = redact_end(request, secrets)
        if response_cut:
            response = redact_end(response, secrets)
    if call.provider is not None and call.provider.redact is not None:
        request = call.provider.redact(request)
    return request, request_cut, response, response_cut
