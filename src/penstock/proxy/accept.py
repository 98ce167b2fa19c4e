"""The accept phase: from a request's head to its `Call`, and to where its path leads.

What the head alone says against a call is put on it here and told after its caller is known. Reads no body and
asks no policy.
"""

from __future__ import annotations

from penstock.budget import Budget
from penstock.clock import Clock
from penstock.errors import BAD_HTTP, BODY_TOO_LARGE, UNAVAILABLE, GatewayError
from penstock.journal.journal import Journal
from penstock.providers.operation_table import UNKNOWN_OPERATION
from penstock.proxy.call import Call, Route
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.outgoing import keep_private, make_rest
from penstock.proxy.request_body import RequestBody
from penstock.proxy.routing import Compat, Universal, World
from penstock.wire.controls import AUTHORIZATION, NO_CONTROLS, parse_controls
from penstock.wire.headers import Header, HeaderSorter, RequestHead, without
from penstock.wire.own_tokens import BACKSLASH, PERCENT, UNDERSCORE, OwnTokens
from penstock.wire.target import ONE_HOST, redact_query, split_target
from penstock.wire.unified_paths import looks_unified
from penstock_common.own_program import is_host

_REMEMBERED_HOSTS = 64
_NO_WEBSOCKETS = (
    "WebSockets are not spoken here yet: call the provider's HTTP endpoints, or its own address for realtime"
)


class Acceptor:
    """Makes calls of requests. `logged_body`: bytes of each that may be kept for the record."""

    def __init__(
        self,
        sorter: HeaderSorter,
        journal: Journal,
        clock: Clock,
        budget: Budget,
        logged_body: int,
        *,
        own: OwnTokens,
        refuse_unlogged: bool,
    ) -> None:
        self._own = own
        self._by_word = not own.has_form
        self._hosts: set[bytes | None] = set()  # some that are sound
        self._sorter = sorter
        self._journal = journal
        self._clock = clock
        self._budget = budget
        self._logged_body = logged_body
        self._refuse_unlogged = refuse_unlogged

    def accept(self, world: World, inbound: Inbound) -> tuple[Call, Route | Compat | Universal]:
        """The call, and where it leads. Raises `GatewayError` for a path of no gateway's, if that is no secret."""
        known = world.known(inbound.target)
        place, query, refusal = (known, b"", None) if known is not None else _found(world, inbound)
        gateway, tail = place.gateway, place.tail
        if isinstance(place, Route):
            provider, operation = place.provider, place.operation(inbound.method)
            head = self._sorter.request(inbound.headers, provider.consumed_headers)
        else:
            provider, operation = None, UNKNOWN_OPERATION
            head = self._sorter.request(inbound.headers)
        if head.host not in self._hosts:
            self._check_host(head.host, inbound)
        controls = parse_controls(head.controls) if head.controls else NO_CONTROLS
        head.joined = joined = b"".join(head.forward)
        asked = _asked(inbound.target, head.controls) if head.controls else inbound.target
        text, may_show = joined + asked, False
        if UNDERSCORE in text or PERCENT in text or BACKSLASH in text or head.hop_by_hop or self._by_word:
            may_show = self._shows(inbound, head, asked)
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
            operation,
            may_show,
        )
        if isinstance(place, Compat) and place.rest:
            make_rest(call)
        if refusal is not None:
            _take_for(call, inbound.target, is_anybodys=gateway is world.nobody)
        unsound = self._head_refusal(call, inbound.body)
        if refusal is not None or unsound is not None:
            call.refusal = refusal or unsound
        return call, place

    def _check_host(self, host: bytes | None, inbound: Inbound) -> None:
        """Raises `GatewayError` where it is none; some that are sound are remembered."""
        if not (inbound.http10 if host is None else is_host(host)):
            raise GatewayError(BAD_HTTP, ONE_HOST)
        if host is not None and len(self._hosts) < _REMEMBERED_HOSTS:
            self._hosts.add(host)

    def _shows(self, inbound: Inbound, head: RequestHead, asked: bytes) -> bool:
        """Whether a token of the gateway stands elsewhere than where credentials do; whoever looks there is told to."""
        own = self._own
        lines = b"\n".join([value for _, value in inbound.headers]) if head.hop_by_hop else head.joined
        if not own.stands_in(lines + asked):
            return False
        if head.credentials and not head.hop_by_hop:
            head.suspect = True
            rest = without(head.forward, {name for name, _ in head.credentials})
            return own.stands_in(b"".join(rest) + asked)
        return True

    def _head_refusal(self, call: Call, body: RequestBody) -> GatewayError | None:
        """What the head alone says against the call; takes over what it says about the body."""
        head = call.head
        if call.query or head.rare:
            keep_private(call)
            if head.websocket and call.method == b"GET":
                head.fault = _NO_WEBSOCKETS
        body.length = head.length
        if head.chunked:
            body.chunked = True
        if call.logged:
            body.record(self._logged_body if call.controls.collect_payload else 0, self._budget)
            if self._refuse_unlogged and not self._journal.healthy:
                return GatewayError(UNAVAILABLE, "calls cannot be logged at the moment; is the disk full?")
        if head.fault:
            return GatewayError(BAD_HTTP, head.fault)
        if 0 < body.limit < head.length:
            return GatewayError(BODY_TOO_LARGE, f"the body of this request may have {body.limit} bytes")
        return None


def _take_for(call: Call, target: bytes, *, is_anybodys: bool) -> None:
    """What a call is taken for that leads nowhere; one of no gateway is nobody's to remember."""
    call.compat = looks_unified(split_target(target)[0])
    call.logged = call.logged and not is_anybodys


def _asked(target: bytes, controls: list[Header]) -> bytes:
    """What is asked of the gateway itself, but for the header that is there for its tokens."""
    return b"\n".join([target, *[value for name, value in controls if name != AUTHORIZATION]])


def _found(world: World, inbound: Inbound) -> tuple[Route | Compat | Universal, bytes, GatewayError | None]:
    """Where a target leads, its query with the `?`, and why it leads nowhere, if so."""
    path, query = split_target(inbound.target)
    try:
        return world.route(path, inbound.header), query, None
    except GatewayError as error:
        place = world.nowhere(path, inbound.header)
        if place is None:
            raise
        return (
            place,
            query,
            error,
        )  # still a call of its gateway; without one there may be a door all the same
