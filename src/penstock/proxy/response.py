"""The relay phase: an answer's head and body on their way to the client, with the gateway's own headers.

From a provider as it comes, from a store, or as one of several subscribers of a flight: each begins with `_begin`,
which sends what is all there in one piece, and else gives the writer that takes the pieces. Decides nothing about
what is sent, but for the filters on the call; keeps on it what its record needs.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Sequence
from typing import Protocol

from penstock.budget import Budget
from penstock.pricing.estimated_usage import LOOKED_AT
from penstock.proxy.body_filter import BodyFilter, filters_for
from penstock.proxy.call import Call
from penstock.proxy.capture import Capture, ReadCapture
from penstock.proxy.downstream.body_writer import BodyWriter
from penstock.proxy.downstream.filtered_writer import FilteredWriter, log_tap
from penstock.proxy.downstream.inbound import Flow, Inbound
from penstock.proxy.room import Room
from penstock.proxy.single_flight import AnswerHead, Flight, Subscriber
from penstock.proxy.upstream.exchange import Exchange, Progress, Sink, UpstreamError
from penstock.stores.replies import Reply
from penstock.wire.content_encoding import decoder
from penstock.wire.headers import Header, HeaderSorter, ResponseHead
from penstock.wire.result_lines import ResultLines
from penstock.wire.status import status_line

Writer = BodyWriter | FilteredWriter

_NOT_KEPT = frozenset({b"age", b"content-length", b"set-cookie"})
_NOT_SHARED = frozenset({b"set-cookie"})
# What is said of a body's bytes, and does not hold once they were filtered.
_OF_THE_BYTES = frozenset(
    {
        b"accept-ranges",
        b"content-digest",
        b"content-encoding",
        b"content-length",
        b"content-md5",
        b"digest",
        b"etag",
        b"repr-digest",
    }
)
_LENGTH = frozenset({b"content-length"})
_TYPE = frozenset({b"content-type"})
_LARGE_STREAM = 1024 * 1024  # of a larger one nobody waits for the next event
LARGE_REPLY = 65536  # bytes; a larger answer from a store takes room, and goes out as the client takes it
_PERMISSION = b"access-control-"
_BODILESS = (204, 304)
_PACKED_LOOKED_AT = (
    10 * 1024 * 1024
)  # of one in a content coding, whose last bytes tell nothing by themselves
_EVENT_END = re.compile(rb"(?<=\n\n)|(?<=\r\n\r\n)|(?<=\r\r)")
_EVENT_STREAM = b"text/event-stream"


class Responder:
    """Sends answers. `logged_body` is how many bytes of each may be kept for the record, which takes from `budget`."""

    def __init__(self, sorter: HeaderSorter, room: Room, budget: Budget, logged_body: int) -> None:
        self._sorter = sorter
        self._room = room
        self._budget = budget
        self._logged_body = logged_body

    def head(self, call: Call, exchange: Exchange) -> ResponseHead:
        """The sorted head of an answer, noted on the call. Raises `UpstreamError` for an unsound one."""
        head = self._sorter.response(exchange.headers)
        if head.fault:
            raise UpstreamError(head.fault, Progress.ANSWERED)
        call.status = exchange.status
        call.response_type = head.content_type
        if head.content_encoding:
            call.response_encoding = head.content_encoding
        return head

    def _begin(
        self,
        call: Call,
        inbound: Inbound,
        lines: bytes,
        length: int | None,
        pieces: list[bytes] | None,
        trailers: list[Header],
        *,
        bodiless: bool,
    ) -> Writer | None:
        """Begins the answer whose status and types are on the call. `pieces`: of a body that is all there.

        None: it is sent. Else the writer waits for the pieces, those that are there as well.
        """
        if call.speaks_for_pages:
            lines = _without_permissions(lines)
        if call.filters:
            filters = filters_for(call.filters, call.status, call.response_type, lines)
            if filters:
                lines = _as_filtered(lines, filters)
            if filters and not bodiless:
                return self._filtered(call, inbound, lines, filters)
        framing = inbound.framing(length, bodiless=bodiless)
        start = b"".join((status_line(call.status), lines, framing, own_headers(call)))
        if pieces is not None:
            inbound.whole(start, pieces, trailers)
            return None
        inbound.send_head(start)
        if not call.answer:  # else all of it is known already
            self._capture(call)
        call.writer = writer = BodyWriter(inbound, call.capture)
        return writer

    def _filtered(
        self, call: Call, inbound: Inbound, lines: bytes, filters: Sequence[BodyFilter]
    ) -> FilteredWriter:
        plain = decoder(call.response_encoding.decode("latin-1"))
        if log_tap(filters):
            call.response_encoding = b""

        def head() -> bytes:
            return b"%b%b%b%b" % (
                status_line(call.status),
                lines,
                inbound.framing(None, bodiless=False),
                own_headers(call),
            )

        self._capture(call)
        share = self._room.share(call.gateway.account)
        call.writer = writer = FilteredWriter(inbound, head, plain, filters, call.capture, share)
        return writer

    def _capture(self, call: Call) -> None:
        """What the record, or a price, is made of. What the log does not keep is only looked at."""
        ticket = call.ticket
        is_told = call.reservation is not None or call.key_reservation is not None
        if call.logged or is_told or ticket is not None:
            limit = _PACKED_LOOKED_AT if call.response_encoding else LOOKED_AT  # and its last bytes
            if call.controls.collect_payload and self._logged_body > limit:
                limit = self._logged_body
            settles, listener = call.operation.settles, None if ticket is None else ticket.listener()
            if settles is not None and settles.lines:
                listener = call.results = ResultLines(settles.lines)
            if listener is None:
                call.capture = Capture(limit, self._budget, ends=True)
                return
            encoding = call.response_encoding.decode("latin-1")
            call.capture = ReadCapture(limit, self._budget, listener, encoding)

    # -- from a provider

    def relay(
        self,
        call: Call,
        exchange: Exchange,
        inbound: Inbound,
        stream: Relayed | None = None,
        via: Relayed | None = None,
    ) -> Awaitable[None] | None:
        """Passes the answer on: what is there already in one piece; else as it comes, which is to be awaited.

        `stream`: what its body becomes the beginning of. `via`: through what it comes, as it is.
        """
        head = self.head(call, exchange)
        lines, pieces = b"".join(head.forward), exchange.held if exchange.complete else None
        if stream is not None:
            lines, head.length, pieces = _without(lines, _LENGTH), None, None
        writer = self._begin(
            call, inbound, lines, head.length, pieces, exchange.trailers, bodiless=exchange.bodiless
        )
        if writer is not None:
            return _relayed(writer, stream or via or exchange)
        note_answer(call, exchange.held)
        return None

    # -- shared answers

    def land(self, call: Call, exchange: Exchange) -> tuple[AnswerHead, bytes]:
        """The head of an answer for all who share it, and its lines as they may be kept for another day."""
        head = self.head(call, exchange)
        forward = head.forward
        shared: list[bytes] = []
        kept: list[bytes] = []
        for start in range(0, len(forward), 4):
            name, line = forward[start].lower(), forward[start : start + 4]
            if name not in _NOT_SHARED:
                shared += line
            if name not in _NOT_KEPT:
                kept += line
        landed = AnswerHead(
            exchange.status,
            b"".join(forward),
            b"".join(shared),
            head.length,
            head.content_type,
            head.content_encoding,
            exchange.bodiless,
        )
        return landed, b"".join(kept)

    def subscribe(
        self,
        call: Call,
        inbound: Inbound,
        flight: Flight,
        landed: AnswerHead,
        first: Exchange | None = None,
    ) -> tuple[Subscriber, Writer] | None:
        """Begins the answer to one of those who share it; the rest is pushed to it. None: it has all of it.

        `first`: what the one gets it from who began the call.
        """
        call.status = landed.status
        call.response_type = landed.content_type
        call.response_encoding = landed.content_encoding
        lines = landed.shared_lines if first is None else landed.lines
        pieces = first.held if first is not None and first.complete else None
        trailers = [] if first is None else first.trailers
        writer = self._begin(call, inbound, lines, landed.length, pieces, trailers, bodiless=landed.bodiless)
        if writer is None:
            note_answer(call, pieces or [])
            return None
        subscriber = flight.subscribe(writer, writer.is_congested)
        writer.take(subscriber)
        return subscriber, writer

    # -- from a store

    def note(self, call: Call, reply: Reply) -> None:
        """What the record says of an answer from a store."""
        call.status = reply.status
        call.response_type = reply.content_type
        call.response_encoding = reply.content_encoding
        call.answer = reply.body
        call.received = len(reply.body)

    def replay(self, call: Call, inbound: Inbound, reply: Reply) -> Awaitable[None] | None:
        """An answer from a store: a stream as a stream, with its events whole.

        To be awaited where it has filters, or is so large that it goes out as the client takes it.
        """
        self.note(call, reply)
        streamed = reply.content_type.startswith(_EVENT_STREAM) and not reply.content_encoding
        bodiless = reply.status in _BODILESS
        size = len(reply.body)
        length = None if streamed or bodiless else size
        lines = reply.head if length is None else b"%bcontent-length: %d\r\n" % (reply.head, length)
        pieces = events(reply.body) if streamed else [reply.body]
        at_once = pieces if size <= LARGE_REPLY else None
        writer = self._begin(call, inbound, lines, length, at_once, [], bodiless=bodiless)
        if writer is None:
            return None
        return _paced(writer, pieces) if isinstance(writer, BodyWriter) else _replayed(writer, reply.body)


class Relayed(Flow, Protocol):
    """Where the pieces of an answer come from: an exchange, or several, one after the other."""

    @property
    def trailers(self) -> list[Header]:
        """What followed the body, once it has ended."""

    def relay(self, sink: Sink) -> asyncio.Future[None]:
        """From now on every piece goes to `sink`. Resolves at the sound end, or fails."""


class _AtHand:
    """A source that is all there. `ready` is set while the client takes more."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.ready.set()

    def pause(self) -> None:
        self.ready.clear()

    def resume(self) -> None:
        self.ready.set()


async def _relayed(writer: Writer, source: Relayed) -> None:
    writer.take(source)
    await writer.through(source.relay(writer.feed))
    writer.finish(source.trailers)


async def _paced(writer: BodyWriter, pieces: Sequence[bytes]) -> None:
    source = _AtHand()
    writer.take(source)
    for piece in pieces:
        step = LARGE_REPLY if len(pieces) == 1 else len(piece)  # an event stays in one chunk
        for start in range(0, len(piece), step):
            await source.ready.wait()
            writer.feed(piece[start : start + step])
    writer.finish([])


async def _replayed(writer: Writer, body: bytes) -> None:
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ended.set_result(None)
    writer.take(_AtHand())
    writer.feed(body)
    await writer.through(ended)
    writer.finish([])


def _without_permissions(lines: bytes) -> bytes:
    """Header lines without what a provider says to browsers."""
    kept = (line for line in lines.splitlines(keepends=True) if not line.lower().startswith(_PERMISSION))
    return b"".join(kept)


def _as_filtered(lines: bytes, filters: Sequence[BodyFilter]) -> bytes:
    """Header lines as they are for what filters make of the body."""
    lines = _without(lines, _OF_THE_BYTES)
    content_type = next((one.content_type for one in reversed(filters) if one.content_type), b"")
    if not content_type:
        return lines
    return _without(lines, _TYPE) + b"content-type: %b\r\n" % content_type


def _without(lines: bytes, names: frozenset[bytes]) -> bytes:
    """Header lines without those of some names (lower case)."""
    kept = (line for line in lines.splitlines(keepends=True) if line.partition(b":")[0].lower() not in names)
    return b"".join(kept)


def note_answer(call: Call, pieces: Sequence[bytes]) -> None:
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
    log = f"cf-aig-log-id: {call.id}\r\n" if call.logged else ""
    own = f"{log}cf-aig-request-id: {call.id}\r\ncf-aig-event-id: {call.event_id}\r\n\r\n"
    return call.own_headers + own.encode("ascii")
