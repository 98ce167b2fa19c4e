"""From a call that has ended to its frame in the journal, with all secrets taken out.

The last thing that happens to a call; pure but for giving captured memory back.
"""

from __future__ import annotations

from penstock.call import Call
from penstock.inbound import Inbound
from penstock.redaction import redact, redact_end, secrets_of
from penstock.request_body import RequestBody
from penstock.telemetry.record import CallRecord, frame_pieces

_CLIENT_LEFT = 499


def record_frame(call: Call, inbound: Inbound, now: float) -> list[bytes]:
    """The pieces to append to the journal for `call`, which ended at `now` (monotonic seconds)."""
    request, request_cut, response, response_cut = _bodies(call, inbound.body)
    head, controls, provider, error = call.head, call.controls, call.provider, call.error
    record = CallRecord(  # in the order of its fields: by name this would cost as much as all the rest
        call.id,
        call.event_id,
        call.created_us,
        call.gateway.account,
        call.gateway.id,
        "" if provider is None else provider.slug,
        inbound.method.decode("ascii"),
        call.path,
        call.status or _CLIENT_LEFT,
        call.outcome,
        int((now - call.started) * 1e6),
        int((call.first_byte - call.started) * 1e6) if call.first_byte else None,
        inbound.body.size,
        call.received,
        request_cut,
        response_cut,
        controls.collect_payload,
        head.content_type.decode("latin-1"),
        call.response_type.decode("latin-1"),
        head.content_encoding.decode("latin-1"),
        call.response_encoding.decode("latin-1"),
        head.user_agent.decode("latin-1"),
        0,
        call.compat,
        call.authenticated,
        None if error is None else error.fault.code,
        "" if error is None else (error.detail or error.fault.message),
        controls.metadata,
        controls.seen,
        call.model,
    )
    return frame_pieces(record, request, response)


def _bodies(call: Call, body: RequestBody) -> tuple[bytes, bool, bytes, bool]:
    """Request and answer as they may be kept, and of each whether it is only a part."""
    request, request_cut = body.recorded()
    capture = call.capture
    response = call.answer if capture is None else capture.release()
    response_cut = capture is not None and capture.cut
    if not call.controls.collect_payload:
        return b"", False, b"", False
    if len(response) > body.log_limit:
        response, response_cut = response[: body.log_limit], True
    if call.head.credentials or call.controls.authorization:
        secrets = secrets_of(call.head.credentials, call.controls.authorization)
        request, response = redact(request, secrets), redact(response, secrets)
        if request_cut:
            request = redact_end(request, secrets)
        if response_cut:
            response = redact_end(response, secrets)
    if call.provider is not None and call.provider.redact is not None:
        request = call.provider.redact(request)
    return request, request_cut, response, response_cut
