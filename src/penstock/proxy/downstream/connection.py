"""The data plane's way in: a uvicorn HTTP protocol that hands `/v1/…` straight to the pipeline.

Requests below `/v1/` never become ASGI messages: one `Inbound` and one task each, in the order of the
connection. Everything else goes to the ASGI application as usual. This file reads bytes off the client's
connection and refuses what is not sound HTTP; what a request means is decided in the pipeline.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Protocol

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from penstock.errors import BAD_HTTP, HEAD_TOO_LARGE, REQUEST_TIMEOUT, GatewayError
from penstock.proxy.downstream.busy_poll import BusyPoll
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.downstream.offered_upgrade import BodyParser, framing_lines
from penstock.proxy.downstream.timeouts import ClientLimits, Waiting, patience
from penstock.proxy.request_body import RequestBody
from penstock.wire.headers import Header

_PREFIX = b"/v1/"
_DROPPED_BYTES = 16 * 1024 * 1024  # of a refused body we are ready to read and throw away
_QUEUED = (
    16  # pipelined requests that may wait before we stop reading, and with it noticing that a client leaves
)
_VERSIONS = ("1.1", "1.0")


class Handler(Protocol):
    """What answers requests of the data plane."""

    def run(self, inbound: Inbound) -> Coroutine[None, None, None]: ...


class ClientConnection(HttpToolsProtocol):
    """One client connection. Made by `lane_class`, which binds handler and limits."""

    handler: Handler
    limits: ClientLimits
    spin: BusyPoll
    cycle: RequestResponseCycle | Inbound | None  # type: ignore[assignment]
    pipeline: deque[tuple[RequestResponseCycle | Inbound, ASGI3Application]]  # type: ignore[assignment]

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
        self._answering: Inbound | None = None  # the one whose turn it is; `cycle` is the latest that came
        self._in_head = False
        self._chunk = 0
        self._barren = 0  # bytes since the last end of a message or piece of body: heads, framing, trailers
        self._requests = 0
        self._deaf = False  # what comes in is thrown away
        self._lingering = False  # all is answered; we wait for the client to close
        self._watched: tuple[Waiting, int] | None = None
        self._since = 0.0

    # -- bytes in

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self._chunk = len(data)
        self._barren += self._chunk
        if not self._parse(data):
            return
        if self._barren > self.limits.max_head and (self._in_head or self._reading is not None):
            self._fail(_too_large(self.limits))
        elif self._reading is not None and not self._taken:
            self._take(self._reading)

    def _parse(self, data: bytes) -> bool:
        """Feeds the parser; false when there is nothing more to read for us."""
        rest: bytes | memoryview | None = data
        try:
            while rest is not None:
                rest = self._feed(rest)
        except httptools.HttpParserError as error:
            self._fail(GatewayError(BAD_HTTP, f"not sound HTTP: {error}"))
            return False
        return not self._deaf

    def _feed(self, data: bytes | memoryview) -> memoryview | None:
        """Feeds the parser until it stops behind an offered upgrade; what is then left to feed."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._go_on():
                return memoryview(data)[upgrade.args[0] :]
        return None

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self._in_head = True
        self._reading = None

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            self.headers.append((name, value))
        elif self._reading is not None:
            self._reading.body.trailers.append((name, value))
            self._barren += len(name) + len(value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._requests += 1
        url = self.url
        if url.startswith(_PREFIX) or not url.startswith(b"/"):
            self._accept_head(url)
        else:
            self._pass_to_asgi(url)

    def _accept_head(self, url: bytes) -> None:
        parser, limits = self.parser, self.limits
        method, version = parser.get_method(), parser.get_http_version()
        self._reading = inbound = Inbound(
            self,
            method,
            url,
            self.headers,
            RequestBody(self._hold, limits.max_body),
            parser.should_keep_alive(),
            version == "1.0",
        )
        self._taken = False
        if self._barren + self._chunk > limits.max_head and _head_size(url, self.headers) > limits.max_head:
            inbound.error = _too_large(limits)
        elif method == b"CONNECT":
            inbound.error = GatewayError(BAD_HTTP, "this is not a proxy for other hosts")
        elif version not in _VERSIONS:
            inbound.error = GatewayError(BAD_HTTP, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        self._barren = 0

    def _pass_to_asgi(self, url: bytes) -> None:
        headers = self.headers
        self._reading = None
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        inbound = self._reading
        self._barren = 0
        if inbound is None:
            super().on_body(body)
            return
        try:
            inbound.body.feed(body)
        except GatewayError as error:
            inbound.fail(error)
        if inbound.response_complete and inbound.body.size > _DROPPED_BYTES:
            self.transport.close()

    def on_message_complete(self) -> None:
        inbound = self._reading
        self._barren = 0  # at most a chunk too few: a head is measured exactly when it is whole
        if inbound is None:
            super().on_message_complete()
            return
        if inbound.error is None and self.parser.should_upgrade() and framing_lines(inbound.headers):
            return  # the parser does not look for the body; `_go_on` will
        if inbound.body.trailers:
            inbound.keep_alive = inbound.keep_alive and self.parser.should_keep_alive()
        inbound.body.end()
        if not self._taken:
            self._take(inbound)
        self._reading = None

    # -- turns

    def _take(self, inbound: Inbound) -> None:
        """Starts the request, or queues it behind the one in progress on this connection."""
        self._taken = True
        current = self.cycle
        self.cycle = inbound
        if current is None or current.response_complete:
            self._start(inbound)
        else:
            self.pipeline.appendleft((inbound, self.app))
            if len(self.pipeline) >= _QUEUED:
                self.flow.pause_reading()

    def _start(self, inbound: Inbound) -> None:
        self._answering = inbound
        inbound.task = task = self.loop.create_task(self.handler.run(inbound))
        self.tasks.add(task)
        if len(self.tasks) == 1:
            self.spin.nudge()

    def _start_asgi_task(self, cycle: RequestResponseCycle | Inbound, app: ASGI3Application) -> None:
        if isinstance(cycle, Inbound):
            self._start(cycle)
        else:
            super()._start_asgi_task(cycle, app)

    def done(self, inbound: Inbound) -> None:
        if inbound.task is not None:
            self.tasks.discard(inbound.task)

    def answered(self, inbound: Inbound) -> None:
        self.server_state.total_requests += 1
        if len(self.tasks) <= 1:
            self.spin.nudge()
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def _hold(self, hold: bool) -> None:
        if self.transport.is_closing():
            return
        if hold:
            self.flow.pause_reading()
        else:
            self.flow.resume_reading()

    # -- what goes wrong

    def _fail(self, error: GatewayError) -> None:
        """Answers what cannot be understood, after all that came before it, and closes."""
        if self._reading is not None:
            self._reading.keep_alive = False
            self._reading.fail(error)
            if not self._taken:
                self._take(self._reading)
            return
        inbound = Inbound(self, b"GET", b"", [], RequestBody(self._hold), False, False, error=error)
        self._reading = inbound
        self._in_head = False
        self._take(inbound)

    def _go_on(self) -> bool:
        """After an offered upgrade that nobody here speaks: the request stands, as HTTP/1.1 (RFC 9110, 7.8).

        The parser has stopped behind the head. A new one goes on from there, with the body if there is one.
        """
        inbound = self._reading
        if self.parser.get_method() == b"CONNECT":
            self._deaf = True  # what follows was meant for a tunnel
            return False
        if inbound is not None and not self._taken:
            self.parser = httptools.HttpRequestParser(BodyParser(self))
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % framing_lines(inbound.headers))
            return True
        if self.url.startswith(_PREFIX) or not self.url.startswith(b"/"):
            self.parser = httptools.HttpRequestParser(self)
            return True
        if self._should_upgrade():
            self._deaf = True
            self.handle_websocket_upgrade()
        return False

    def linger(self) -> None:
        self._deaf = self._lingering = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.flow.resume_reading()
        else:
            self.transport.close()

    # -- the connection's life

    @property
    def congested(self) -> bool:
        return self.flow.write_paused

    def connection_lost(self, exc: Exception | None) -> None:
        waiting = [cycle for cycle, _ in self.pipeline if isinstance(cycle, Inbound)]
        self.pipeline.clear()
        if isinstance(self.cycle, Inbound):
            self.cycle = None
        super().connection_lost(exc)
        for inbound in (self._answering, self._reading, *waiting):
            if inbound is not None:
                inbound.leave()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._answering is not None and self._answering.flow is not None:
            self._answering.flow.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._answering is not None and self._answering.flow is not None:
            self._answering.flow.resume()

    def shutdown(self) -> None:
        """The server stops: calls in flight end, idle connections close now."""
        current = self.cycle
        if self._lingering or current is None or (current.response_complete and not self._in_head):
            self.transport.close()
            return
        current.keep_alive = False

    def sweep(self, now: float) -> None:
        """Ends a client that is too slow. To be called about once a second."""
        watched = (self._waiting_for(), self._requests)
        if watched != self._watched:
            self._watched = watched
            self._since = now
            return
        received = self._reading.body.size if self._reading is not None else 0
        if now - self._since <= patience(watched[0], self.limits, received):
            return
        if watched[0] is Waiting.READER:
            self.transport.abort()
        elif watched[0] in (Waiting.REQUEST, Waiting.CLOSE) or self._reading_answered():
            self.transport.close()
        else:
            self._fail(GatewayError(REQUEST_TIMEOUT, "the request did not come in time"))

    def _reading_answered(self) -> bool:
        return self._reading is not None and self._reading.response_complete

    def _waiting_for(self) -> Waiting:
        if self._lingering:
            return Waiting.CLOSE
        if self.flow.write_paused:
            return Waiting.READER
        if self._in_head or self._reading is not None:
            if self.flow.read_paused:
                return Waiting.NOTHING
            return Waiting.HEAD if self._in_head else Waiting.BODY
        current = self.cycle
        return Waiting.REQUEST if current is None or current.response_complete else Waiting.NOTHING


def _too_large(limits: ClientLimits) -> GatewayError:
    return GatewayError(HEAD_TOO_LARGE, f"a request's head may have {limits.max_head} bytes")


def _head_size(url: bytes, headers: list[Header]) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def connection_class(handler: Handler, limits: ClientLimits, spin: BusyPoll) -> type[ClientConnection]:
    """The protocol class to give to uvicorn as `http`."""
    return type("BoundFastLane", (ClientConnection,), {"handler": handler, "limits": limits, "spin": spin})
