"""The bytes of a client's connection, read: heads become requests, pieces of body go to theirs.

A uvicorn HTTP protocol. Requests below `/v1/`, and those of the REST API, become `Inbound`; everything else goes to the
ASGI application as usual, which is what uvicorn's own class does. Whose turn a request is, and what is done about one
that cannot be understood, is decided in `connection.py`.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from penstock.errors import BAD_HTTP, HEAD_TOO_LARGE, METHOD_NOT_ALLOWED, GatewayError
from penstock.proxy.downstream.inbound import Inbound, Lane
from penstock.proxy.downstream.offered_upgrade import BodyParser, framing_lines
from penstock.proxy.downstream.timeouts import ClientLimits
from penstock.proxy.request_body import RequestBody
from penstock.wire.headers import Header
from penstock.wire.own_tokens import OwnTokens
from penstock.wire.target import resolved
from penstock.wire.unified_paths import is_rest

_PREFIX = b"/v1/"
_SLICE = 2048  # bytes that are parsed at once; behind a request that waits:
_SMALL_SLICE = 512
_BODY_SLICE = 65536  # of a body whose length is known
_TURN_BYTES = 65536  # parsed in slices, then others have a turn: each byte may be the end of something
_SMALL_HEAD = 16384  # bytes; for more there has to be room
_FRAME, _FRAMING = 16, 3  # bytes of framing that a piece of body may have, and each of its bytes
_MOST_FIELDS = 500  # of a head, or of trailers
_FIELD_BYTES = 170  # that a field takes besides its own
_DROPPED_BYTES = 16 * 1024 * 1024  # of a refused body we are ready to read and throw away
_VERSIONS = ("1.1", "1.0")
_NO_TRACE = "TRACE would show a caller what was added to its request"
_ALLOWED = b"allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"


class RequestReader(HttpToolsProtocol, Lane):
    """What comes in on one connection. Who inherits takes requests, and fails those that are not sound."""

    limits: ClientLimits
    own: OwnTokens

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._reading: Inbound | None = None  # the request whose body is being parsed
        self._taken = False  # `_reading` has been handed on
        self._in_head = False
        self._open = False  # a message has begun, and is not whole
        self._chunk = 0
        self._barren = 0  # bytes of head, framing and trailers, without what the body may have of them
        self._page_bytes = 0  # of the body of a request to a page
        self._requests = 0
        self._deaf = False  # what comes in is thrown away
        self._held = False  # by the body that is being read
        self._unread = memoryview(b"")  # came, and is not parsed yet
        self._behind = False  # there is some
        self._parsing = False
        self._small_head = min(_SMALL_HEAD, self.limits.max_head)

    def _take(self, inbound: Inbound) -> None:
        """A request is there, its body perhaps still to come."""
        raise NotImplementedError

    def _fail(self, error: GatewayError) -> None:
        """What comes in cannot be understood."""
        raise NotImplementedError

    def _hold(self, hold: bool) -> None:
        """Stops reading, or goes on."""
        raise NotImplementedError

    def _weigh(self) -> None:
        """What this connection holds has changed."""
        raise NotImplementedError

    def _is_full(self) -> bool:
        """Whether nothing more is to be parsed for now."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(transport, self)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        size = len(data)
        if (size > _SLICE or self._behind) and not self._parsing:
            self._unread = memoryview(bytes(self._unread) + data if self._behind else data)
            self.read_on()
            return
        self._chunk = size
        self._barren += size
        if not self._parse(data):
            return
        if self._open and (self._in_head or self._barren > self._small_head) and not self._bears():
            return
        if self._reading is not None and not self._taken:
            self._take(self._reading)

    def _bears(self) -> bool:
        """Whether a head, or trailers, may go on; else they have failed."""
        fields = self._unfinished_fields()
        if self._barren + _FIELD_BYTES * len(fields) <= self._small_head:
            return True
        self._weigh()
        if self._barren <= self.limits.max_head and len(fields) <= _MOST_FIELDS:
            return not self._deaf
        self._fail(_too_large(self.limits))
        self._deaf = True
        fields.clear()
        return False

    def _unfinished_fields(self) -> list[Header]:
        """Those of a head, or of trailers, of which there is no end yet. Those behind a page's body are not kept."""
        if self._in_head:
            return self.headers
        return [] if self._reading is None else self._reading.body.trailers

    def _unfinished(self) -> int:
        """Bytes that are held for them."""
        return self._barren + _FIELD_BYTES * len(self._unfinished_fields()) if self._open else 0

    def read_on(self) -> None:
        """Parses what has come, in slices, until enough requests wait: parsed they weigh a hundred times as much."""
        if self._parsing:
            return
        had, left = len(self._unread), _TURN_BYTES
        self._parsing = True
        while self._unread and left > 0 and not self._deaf and not self._is_full():
            size = _SMALL_SLICE if self.pipeline else _slice(None if self._in_head else self._reading)
            left -= size if size <= _SLICE else 0
            data, self._unread = self._unread[:size], self._unread[size:]
            self.data_received(bytes(data))
        self._parsing = False
        if self._deaf or not self._unread:
            self._unread = memoryview(b"")  # a slice holds all that came with it
        elif had > 2 * len(self._unread):
            self._unread = memoryview(bytes(self._unread))
        self._behind = len(self._unread) > 0
        if self._unread:
            self.flow.pause_reading()
            if left <= 0:
                self.loop.call_soon(self.read_on)
        elif had and self.flow.read_paused and not (self._deaf or self._is_full()):
            self.flow.resume_reading()
        if had > _SLICE:
            self._weigh()

    def _parse(self, data: bytes) -> bool:
        """Feeds the parser; false when there is nothing more to read for us."""
        rest: bytes | memoryview = data
        try:
            while True:
                try:
                    self.parser.feed_data(rest)
                    break
                except httptools.HttpParserUpgrade as upgrade:  # it stops behind an offered one
                    if not self._go_on():
                        break
                    rest = memoryview(rest)[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            self._fail(GatewayError(BAD_HTTP, f"not sound HTTP: {error}"))
            return False
        return not self._deaf

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self._in_head = self._open = True
        self._reading = None

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            self.headers.append((name, value))
        elif self._reading is not None and not self.own.stands_in(b"%b: %b" % (name, value)):
            self._reading.body.trailers.append((name, value))
            self._barren += len(name) + len(value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._requests += 1
        url, parser = self.url, self.parser
        method, version = parser.get_method(), parser.get_http_version()
        error = None
        if method == b"CONNECT" or version not in _VERSIONS:
            error = _refusal(method)
        elif self._barren + self._chunk > self.limits.max_head or len(self.headers) > _MOST_FIELDS:
            error = _measured(url, self.headers, self.limits)
        self._barren = 0
        if not url.startswith(_PREFIX) and not is_rest(url):
            if error is None:
                try:
                    url, self.headers = resolved(url, self.headers, host_may_lack=version == "1.0")
                except GatewayError as found:
                    error = found
            if error is None and url.startswith(b"/") and not _is_call(url):
                self._pass_to_asgi(url)
                return
        self._reading = inbound = Inbound(
            self,
            method,
            url,
            self.headers,
            RequestBody(self._hold, self.limits.max_body),
            parser.should_keep_alive(),
            version == "1.0",
        )
        if error is None and method == b"TRACE":
            error = GatewayError(METHOD_NOT_ALLOWED, _NO_TRACE, headers=_ALLOWED)
        inbound.error = error
        self._taken = False

    def _pass_to_asgi(self, url: bytes) -> None:
        headers = self.headers
        self._reading, self._page_bytes = None, 0
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()
        if self.pipeline and not self._is_full():
            self.flow.resume_reading()  # else nobody would notice that the client leaves

    def on_body(self, body: bytes) -> None:
        inbound = self._reading
        if self._barren:
            self._barren = max(0, self._barren - _FRAME - _FRAMING * len(body))
        if inbound is None:
            self._page_body(body)
            return
        try:
            inbound.body.feed(body)
        except GatewayError as error:
            inbound.fail(error)
        if inbound.response_complete and inbound.body.size > _DROPPED_BYTES:
            self.transport.close()

    def _page_body(self, body: bytes) -> None:
        super().on_body(body)
        self._page_bytes += len(body)
        if not self.cycle.response_complete:
            self._weigh()  # whether its caller has a good token is being looked up
        elif self._page_bytes > _DROPPED_BYTES:
            self.transport.close()

    def on_message_complete(self) -> None:
        inbound = self._reading
        self._barren = 0  # at most a chunk too few: a head is measured exactly when it is whole
        if self.parser.should_upgrade() and _has_body(self.parser.get_method(), self.headers):
            return  # the parser does not look for it; `_go_on` will
        self._open = False
        if inbound is None:
            super().on_message_complete()
            return
        if inbound.body.trailers:
            inbound.keep_alive = inbound.keep_alive and self.parser.should_keep_alive()
            if _head_size(b"", inbound.body.trailers) > self.limits.max_head:
                self._fail(_too_large(self.limits))
        inbound.body.end()
        if not self._taken:
            self._take(inbound)
        self._reading = None

    def _go_on(self) -> bool:
        """After an offered upgrade that nobody here speaks: the request stands, as HTTP/1.1 (RFC 9110, 7.8).

        The parser has stopped behind the head. A new one goes on from there, with the body if there is one.
        """
        if self.parser.get_method() == b"CONNECT":
            self._deaf = True  # what follows was meant for a tunnel
            return False
        if self._open:
            self.parser = httptools.HttpRequestParser(BodyParser(self))
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % framing_lines(self.headers))
        else:
            self.parser = httptools.HttpRequestParser(self)
        return True


def _is_call(url: bytes) -> bool:
    """Whether a target is the data plane's; else it is a page, or the management API."""
    return url.startswith(_PREFIX) or is_rest(url)


def _measured(url: bytes, fields: list[Header], limits: ClientLimits) -> GatewayError | None:
    is_large = len(fields) > _MOST_FIELDS or _head_size(url, fields) > limits.max_head
    return _too_large(limits) if is_large else None


def _has_body(method: bytes, fields: list[Header]) -> bool:
    return method != b"CONNECT" and framing_lines(fields) != b""


def _refusal(method: bytes) -> GatewayError:
    """Why a method, or else a version, is not for us."""
    if method == b"CONNECT":
        return GatewayError(BAD_HTTP, "this is not a proxy for other hosts")
    return GatewayError(BAD_HTTP, "only HTTP/1.1 and HTTP/1.0 are spoken here")


class _Flow(FlowControl):
    """Tells the reader as well when an application wants more of a body."""

    def __init__(self, transport: asyncio.Transport, reader: RequestReader) -> None:
        super().__init__(transport)
        self._reader = weakref.ref(reader)

    def resume_reading(self) -> None:
        paused, reader = self.read_paused, self._reader()
        super().resume_reading()
        if paused and reader is not None:
            reader.loop.call_soon(reader.read_on)  # what is there already


def _slice(inbound: Inbound | None) -> int:
    """Bytes to parse at once, of the body of this request or of heads: no more requests than a few may end in them."""
    if inbound is None:
        return _SLICE
    length = inbound.header("content-length") or ""
    left = int(length) - inbound.body.size if length.isascii() and length.isdigit() else 0
    return min(left, _BODY_SLICE) if left > 0 else _SLICE


def _too_large(limits: ClientLimits) -> GatewayError:
    return GatewayError(
        HEAD_TOO_LARGE, f"a request's head may have {limits.max_head} bytes, and {_MOST_FIELDS} fields"
    )


def head_weight(headers: Iterable[Header]) -> int:
    """Bytes that fields take in memory."""
    return sum(len(name) + len(value) + _FIELD_BYTES for name, value in headers)


def _head_size(url: bytes, headers: list[Header]) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)
