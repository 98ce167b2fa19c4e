"""The relay phase: an answer's head and body on their way to the client, with the gateway's own headers.

From a provider as it comes, from a store in one piece, or as one of several subscribers of a flight. Decides
nothing about what is sent; keeps on the call what its record needs.
"""

from __future__ import annotations

import asyncio
import re

from penstock.proxy.call import Call
from penstock.proxy.capture import Budget, Capture
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.single_flight import AnswerHead, Flight, Subscriber
from penstock.proxy.upstream.exchange import Exchange, Progress, UpstreamError
from penstock.stores.replies import Reply
from penstock.wire.headers import HeaderSorter, ResponseHead, without
from penstock.wire.status import status_line

_NOT_KEPT = frozenset({b"age", b"content-length", b"set-cookie"})
_NOT_SHARED = frozenset({b"set-cookie"})
_LARGE_STREAM = 1024 * 1024  # of a larger one nobody waits for the next event
_BODILESS = (204, 304)
_LOOKED_AT = 1024 * 1024  # of a body that is not kept
_EVENT_END = re.compile(rb"(?<=\n\n)|(?<=\r\n\r\n)|(?<=\r\r)")
_EVENT_STREAM = b"text/event-stream"


class Responder:
    """Sends answers. `logged_body` is how many bytes of each may be kept for the record."""

    def __init__(self, sorter: HeaderSorter, budget: Budget, logged_body: int) -> None:
        self._sorter = sorter
        self._budget = budget
        self._logged_body = logged_body

    def relay(self, call: Call, exchange: Exchange, inbound: Inbound) -> asyncio.Future[None] | None:
        """Passes the answer on: what is there already in one piece, what is still to come as it comes."""
        head = self.head(call, exchange)
        start = b"%b%b%b%b" % (
            status_line(exchange.status),
            b"".join(head.forward),
            inbound.framing(head.length, bodiless=exchange.bodiless),
            own_headers(call),
        )
        if exchange.complete:
            note_answer(call, exchange.held)
            inbound.whole(start, exchange.held, exchange.trailers)
            return None
        inbound.send_head(start)
        self._capture(call)
        call.relay = inbound.relay(exchange, call.capture)
        return exchange.relay(call.relay.feed)

    def head(self, call: Call, exchange: Exchange) -> ResponseHead:
        """The sorted head of an answer, noted on the call. Raises `UpstreamError` for an unsound one."""
        head = self._sorter.response(exchange.headers)
        if head.fault:
            raise UpstreamError(head.fault, Progress.ANSWERED)
        call.status = exchange.status
        call.response_type = head.content_type
        call.response_encoding = head.content_encoding
        return head

    def _capture(self, call: Call) -> None:
        """What the record, or a price, is made of. Bodies that will not be kept are only looked at."""
        if call.logged or call.reservation is not None:
            kept = call.controls.collect_payload
            limit = self._logged_body if kept else min(self._logged_body, _LOOKED_AT)
            call.capture = Capture(limit, self._budget)

    # -- shared answers

    def land(self, call: Call, exchange: Exchange) -> tuple[AnswerHead, bytes]:
        """The head of an answer for all who share it, and its lines as they may be kept for another day."""
        head = self.head(call, exchange)
        landed = AnswerHead(
            exchange.status,
            b"".join(head.forward),
            b"".join(without(head.forward, _NOT_SHARED)),
            head.length,
            head.content_type,
            head.content_encoding,
            exchange.bodiless,
        )
        return landed, b"".join(without(head.forward, _NOT_KEPT))

    def subscribe(
        self, call: Call, inbound: Inbound, flight: Flight, landed: AnswerHead, *, first: bool
    ) -> Subscriber:
        """Begins the answer to one of those who share it; the rest is pushed to it. `first`: who began the call."""
        call.status = landed.status
        call.response_type = landed.content_type
        call.response_encoding = landed.content_encoding
        inbound.send_head(_start(call, inbound, landed, landed.lines if first else landed.shared_lines))
        self._capture(call)
        call.relay = inbound.passage(call.capture)
        subscriber = flight.subscribe(call.relay, inbound.is_congested)
        inbound.flow = subscriber
        return subscriber

    def whole(self, call: Call, inbound: Inbound, landed: AnswerHead, exchange: Exchange) -> None:
        """The answer to somebody who shares it with nobody, when all of it is there."""
        note_answer(call, exchange.held)
        inbound.whole(_start(call, inbound, landed, landed.lines), exchange.held, exchange.trailers)

    def note(self, call: Call, reply: Reply) -> None:
        """What the record says of an answer from a store."""
        call.status = reply.status
        call.response_type = reply.content_type
        call.response_encoding = reply.content_encoding
        note_answer(call, [reply.body])

    def replay(self, call: Call, inbound: Inbound, reply: Reply) -> None:
        """An answer from a store: a stream as a stream, with its events whole."""
        self.note(call, reply)
        streamed = reply.content_type.startswith(_EVENT_STREAM) and not reply.content_encoding
        bodiless = reply.status in _BODILESS
        length = None if streamed or bodiless else len(reply.body)
        head = b"%b%b%b%b%b" % (
            status_line(reply.status),
            reply.head,
            b"" if length is None else b"content-length: %d\r\n" % length,
            inbound.framing(length, bodiless=bodiless),
            own_headers(call),
        )
        inbound.whole(head, events(reply.body) if streamed else [reply.body], [])


def _start(call: Call, inbound: Inbound, landed: AnswerHead, lines: bytes) -> bytes:
    """The head of a shared answer, as one client gets it."""
    return b"%b%b%b%b" % (
        status_line(landed.status),
        lines,
        inbound.framing(landed.length, bodiless=landed.bodiless),
        own_headers(call),
    )


def note_answer(call: Call, pieces: list[bytes]) -> None:
    """Remembers an answer that is there in one go."""
    if len(pieces) == 1:
        call.answer = pieces[0]
    elif pieces:
        call.answer = b"".join(pieces)
    call.received = len(call.answer)


def events(body: bytes) -> list[bytes]:
    """The events of a stream, each with the empty line that ends it; a large one in one piece."""
    if len(body) > _LARGE_STREAM:
        return [body]
    if b"\r" not in body:
        whole = [event + b"\n\n" for event in body.split(b"\n\n")]
        whole[-1] = whole[-1][:-2]
        return [event for event in whole if event]
    return [event for event in _EVENT_END.split(body) if event]


def own_headers(call: Call) -> bytes:
    """The gateway's response headers and the end of the head (Cloudflare 2.2)."""
    name = call.id.encode("ascii")
    event = name if call.event_id is call.id else call.event_id.encode("ascii")
    if call.logged:
        return b"%bcf-aig-log-id: %b\r\ncf-aig-request-id: %b\r\ncf-aig-event-id: %b\r\n\r\n" % (
            call.own_headers,
            name,
            name,
            event,
        )
    return b"%bcf-aig-request-id: %b\r\ncf-aig-event-id: %b\r\n\r\n" % (call.own_headers, name, event)
