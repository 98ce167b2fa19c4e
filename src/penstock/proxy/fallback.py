"""One step of a universal request as a call of its own (Cloudflare 1.7).

Same caller, same event, own id, own target, own body. Makes the call; when its turn comes is `plan.py`'s affair,
and what becomes of it the pipeline's.
"""

from __future__ import annotations

from collections.abc import Callable

from penstock.clock import Clock
from penstock.metadata import MetadataValue
from penstock.proxy.call import Call
from penstock.proxy.outgoing import keep_private
from penstock.proxy.redaction import secrets_of
from penstock.proxy.request_body import RequestBody
from penstock.wire.controls import merged
from penstock.wire.headers import Header, HeaderSorter
from penstock.wire.target import redact_query
from penstock.wire.universal import Step


def step_call(origin: Call, step: Step, index: int, sorter: HeaderSorter, clock: Clock) -> Call:
    """The call for step `index`. Its provider is not looked up yet."""
    tail, mark, query = step.endpoint.partition("?")
    head = sorter.request(step.headers)
    head.user_agent = head.user_agent or origin.head.user_agent
    head.length = len(step.query)
    controls = merged(origin.controls, step.controls)
    # The first step is the request itself: a lone step has one identifier (Cloudflare 2.5), and one beginning.
    now_us = clock.now_us() if index else origin.created_us
    name = clock.new_id(now_us) if index else origin.id
    call = Call(
        name,
        origin.event_id,
        now_us,
        clock.monotonic() if index else origin.started,
        origin.gateway,
        head,
        controls,
        None,
        tail + redact_query(mark + query),
        (mark + query).encode("ascii"),
        origin.gateway.collect_logs if controls.collect_log is None else controls.collect_log,
        False,
        b"POST",
        RequestBody.of(step.query),
        _lookup(step.headers),
        _metadata(origin, controls.metadata),
        True,
    )
    call.token = origin.token
    call.authenticated = origin.authenticated
    call.client = origin.lookup
    call.secrets = (*origin.secrets, *secrets_of(origin.head.credentials, b""))
    keep_private(call)
    call.speaks_for_pages = origin.speaks_for_pages
    call.is_step = True
    call.step = index
    call.trail = origin.trail if index == 0 else ()
    call.config = step.config
    call.own_headers = origin.own_headers + b"cf-aig-step: %d\r\n" % index
    return call


def _lookup(headers: list[Header]) -> Callable[[str], str | None]:
    return {name.decode("ascii"): value.decode("latin-1") for name, value in headers}.get


def _metadata(origin: Call, own: dict[str, MetadataValue]) -> dict[str, MetadataValue]:
    """A step's metadata, with what the caller's token stamps on all its calls."""
    return own if origin.token is None else {**own, **origin.token.metadata}
