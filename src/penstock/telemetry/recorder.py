"""From a call that has ended to its frame in the journal, with all secrets taken out.

The last thing that happens to a call; pure but for giving captured memory back.
"""

from __future__ import annotations

from penstock.call import Call
from penstock.inbound import Inbound
from penstock.redaction import redact, secrets_of
from penstock.telemetry.record import CallRecord, Outcome, frame

_CLIENT_LEFT = 499


def record_frame(call: Call, inbound: Inbound, now: float) -> bytes:
    """The bytes to append to the journal for `call`, which ended at `now` (monotonic seconds)."""
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
    record = CallRecord(
        id=call.id,
        event_id=call.event_id,
        created_us=call.created_us,
        account=call.gateway.account,
        gateway=call.gateway.id,
        provider="" if provider is None else provider.slug,
        method=inbound.method.decode("ascii"),
        path=call.path,
        status=call.status or _CLIENT_LEFT,
        outcome=call.outcome,
        duration_us=int((now - call.started) * 1e6),
        first_byte_us=int((call.first_byte - call.started) * 1e6) if call.first_byte else None,
        request_size=inbound.body.size,
        response_size=call.received,
        request_cut=request_cut,
        response_cut=response_cut,
        bodies=controls.collect_payload,
        request_type=head.content_type.decode("latin-1"),
        response_type=call.response_type.decode("latin-1"),
        request_encoding=head.content_encoding.decode("latin-1"),
        response_encoding=call.response_encoding.decode("latin-1"),
        user_agent=head.user_agent.decode("latin-1"),
        step=0,
        compat=call.compat,
        authenticated=call.authenticated,
        error_code=None if error is None else error.fault.code,
        error_detail="" if error is None else (error.detail or error.fault.message),
        metadata=controls.metadata,
        controls=controls.seen,
        model=call.model,
    )
    return frame(record, request, response)
