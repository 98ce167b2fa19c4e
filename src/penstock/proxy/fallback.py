"""One of several tries of a request as a call of its own: a step of a universal request (Cloudflare 1.7), or another
model on the unified endpoint.

Same caller, same event, own id, own target, own body. Makes the call; when its turn comes is `plan.py`'s affair,
and what becomes of it the pipeline's.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

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


class Untouched:
    """A call as it came, before its first leg changes head and body for its provider: other legs begin with that."""

    def __init__(self, call: Call, body: bytes, clock: Clock) -> None:
        self._call = call
        self._clock = clock
        self._body = body
        self._head = replace(call.head, forward=[*call.head.forward], length=len(body))
        self._begin = call.lookup, call.withheld, call.secrets, call.own_headers, call.filters, call.controls
        self._address = call.method, call.path, call.query

    def again(self, index: int) -> Call:
        """The call of another leg."""
        origin, now_us = self._call, self._clock.now_us()
        lookup, withheld, secrets, own_headers, filters, controls = self._begin
        method, path, query = self._address
        call = Call(
            self._clock.new_id(now_us),
            origin.event_id,
            now_us,
            self._clock.monotonic(),
            origin.gateway,
            replace(self._head, forward=[*self._head.forward]),
            controls,
            None,
            path,
            query,
            origin.logged,
            True,
            method,
            RequestBody.of(self._body),
            lookup,
            origin.metadata,
            True,
        )
        call.may_show, call.authenticated, call.token = origin.may_show, origin.authenticated, origin.token
        call.withheld, call.secrets, call.filters = withheld, secrets, filters
        call.speaks_for_pages, call.rest = origin.speaks_for_pages, origin.rest
        call.step = index
        call.own_headers = own_headers + b"cf-aig-step: %d\r\n" % index
        return call


def _lookup(headers: list[Header]) -> Callable[[str], str | None]:
    return {name.decode("ascii"): value.decode("latin-1") for name, value in headers}.get


def _metadata(origin: Call, own: dict[str, MetadataValue]) -> dict[str, MetadataValue]:
    """A step's metadata, with what the caller's token stamps on all its calls."""
    return own if origin.token is None else {**own, **origin.token.metadata}
