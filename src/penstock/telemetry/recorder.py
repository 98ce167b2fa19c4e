"""From a call that has ended to its frame in the journal, with all secrets taken out.

The last thing that happens to a call; pure but for giving captured memory back.
"""

from __future__ import annotations

from penstock.call import Call
from penstock.inbound import Inbound
from penstock.redaction import redact, secrets_of
from penstock.telemetry.record import CallRecord, frame_pieces

_CLIENT_LEFT = 499


def record_frame(call: Call, inbound: Inbound, now: float) -> list[bytes]:
    """The pieces to append to the journal for `call`, which ended at `now` (monotonic seconds)."""
    request, request_cut = inbound.body.recorded()
    capture = call.capture
    response = call.answer if capture is None else capture.release()
    head, controls, provider, error = call.head, call.controls, call.provider, call.error
    if head.credentials or controls.authorization:
        secrets = secrets_of(head.credentials, controls.authorization)
        request, response = redact(request, secrets), redact(response, secrets)
    if provider is not None and provider.redact is not None:
        request = provider.redact(request)
    response_cut = capture is not None and capture.cut
    if not controls.collect_payload:
        response = b""
    elif len(response) > inbound.body.log_limit:
        response, response_cut = response[: inbound.body.log_limit], True
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
