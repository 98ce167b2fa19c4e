"""One request and its answer on one upstream connection (HTTP/1.1, over httptools).

`Connection` is the asyncio protocol of a pooled connection; `Exchange` is one use of it. Nothing here opens
or chooses connections (that is `upstream.py`) and nothing here knows of gateways or providers.

The answer's head resolves a future, which is where retries are decided. The body is pushed: until somebody
calls `relay` it is held (and reading pauses when it grows), afterwards each piece goes straight to the sink
from the reader's callback, without a task. Whoever holds the exchange holds the connection; `close` is the
only way to give it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol

import httptools

Header = tuple[bytes, bytes]

HELD_BYTES = 65536  # of an answer nobody relays yet; beyond this the provider has to wait
MAX_HEAD_BYTES = 131072
_BODILESS = frozenset({204, 304})
_NEVER = float("inf")


class Progress(Enum):
    """How far a request got, which decides whether it may be sent again."""

    NOT_SENT = "not sent"
    SENT = "sent"
    ANSWERED = "answered"


class UpstreamError(Exception):
    """The provider did not give a whole, sound answer. `timeout` tells a missed deadline from a broken one."""

    def __init__(self, reason: str, progress: Progress, *, timeout: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.progress = progress
        self.timeout = timeout


class Source(Protocol):
    """The request's body, seen from the side that sends it on."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...


class Lessor(Protocol):
    """Who gets a connection back after use."""

    def give_back(self, connection: Connection) -> None: ...
    def forget(self, connection: Connection) -> None: ...


class Exchange:
    """One request on a connection and what comes back.

    `head` resolves when the answer's head is whole (then `status`, `headers`, `length`, `chunked` are set) or
    fails with `UpstreamError`. `finished` is made by `relay` and resolves at the answer's sound end, or fails.
    """

    __slots__ = (
        "_bodiless",
        "_connection",
        "_head_bytes",
        "_held_bytes",
        "_informational",
        "_keep_alive",
        "_loop",
        "_paused",
        "_sink",
        "_sink_paused",
        "chunked",
        "complete",
        "deadline",
        "error",
        "finished",
        "head",
        "headers",
        "heard",
        "held",
        "length",
        "sending",
        "source",
        "status",
        "trailers",
        "write_blocked",
    )

    def __init__(self, connection: Connection, *, bodiless: bool, deadline: float) -> None:
        self._connection: Connection | None = connection
        self._loop = connection.loop
        self._bodiless = bodiless
        self._informational = False
        self._keep_alive = False
        self._paused = False
        self._sink_paused = False
        self._sink: Callable[[bytes], None] | None = None
        self._head_bytes = 0
        self._held_bytes = 0
        self.head: asyncio.Future[None] = connection.loop.create_future()
        self.finished: asyncio.Future[None] | None = None
        self.error: UpstreamError | None = None
        self.status = 0
        self.headers: list[Header] = []
        self.trailers: list[Header] = []
        self.length: int | None = None
        self.chunked = False
        self.held: list[bytes] = []
        self.complete = False
        self.heard = False
        self.deadline = deadline
        self.sending = False  # the request's body has not all been handed over
        self.write_blocked = False  # the provider does not take what we send
        self.source: Source | None = None

    # -- the answer, as the parser finds it

    def on_message_begin(self) -> None:
        if self.complete and self._connection is not None:
            self._connection.reusable = False  # bytes nobody asked for

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise ValueError("the head of the answer is too large")
        if self.status:
            self.trailers.append((name, value))
        else:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        connection = self._connection
        if connection is None or self.complete:
            return
        status = connection.parser.get_status_code()
        if 100 <= status < 200:
            self._informational = True
            self.headers.clear()
            return
        self._informational = False
        self._read_framing(status)
        self._keep_alive = connection.parser.should_keep_alive()
        self.status = status
        self.heard = True
        if not self.head.done():
            self.head.set_result(None)
        if self._bodiless and not (status in _BODILESS or self.length == 0):
            self._finish()

    def _read_framing(self, status: int) -> None:
        length: int | None = None
        for name, value in self.headers:
            size = len(name)
            if size == 14 and name.lower() == b"content-length":
                length = int(value)
            elif size == 17 and name.lower() == b"transfer-encoding":
                if value.strip().lower() != b"chunked":
                    raise ValueError("the answer has a transfer encoding other than chunked")
                self.chunked = True
        if status in _BODILESS:
            self._bodiless = True
        self.length = length

    @property
    def bodiless(self) -> bool:
        """Whether the answer has no body whatever its headers say: HEAD, 204, 304."""
        return self._bodiless

    def on_body(self, data: bytes) -> None:
        self.heard = True
        sink = self._sink
        if sink is not None:
            sink(data)
            return
        self.held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > HELD_BYTES:
            self._set_paused(True)

    def on_message_complete(self) -> None:
        if self._informational:
            self._informational = False
            return
        if not self.complete:
            self._finish()

    def _finish(self) -> None:
        self.complete = True
        finished = self.finished
        if finished is not None and not finished.done():
            finished.set_result(None)

    # -- relaying

    def relay(self, sink: Callable[[bytes], None]) -> asyncio.Future[None]:
        """From now on every piece of the body goes to `sink`, beginning with what was held."""
        self.finished = finished = self._loop.create_future()
        self._sink = sink
        held, self.held = self.held, []
        for data in held:
            sink(data)
        if self.error is not None:
            finished.set_exception(self.error)
        elif self.complete:
            finished.set_result(None)
        if self._paused and not self._sink_paused:
            self._set_paused(False)
        return finished

    def pause(self) -> None:
        """The client cannot take more for now."""
        self._sink_paused = True
        self._set_paused(True)

    def resume(self) -> None:
        """The client can take more."""
        self._sink_paused = False
        if self._sink is not None:
            self._set_paused(False)

    def _set_paused(self, paused: bool) -> None:
        connection = self._connection
        if connection is None or paused == self._paused or connection.closing():
            return
        self._paused = paused
        if paused:
            connection.transport.pause_reading()
        else:
            self.heard = True  # a provider held back by us is not idle
            connection.transport.resume_reading()

    @property
    def held_back(self) -> bool:
        """Whether reading is paused, so that silence is not the provider's."""
        return self._paused

    # -- the request's body

    def send(self, data: bytes) -> None:
        """Sends a piece of the request, framed by the caller."""
        connection = self._connection
        if connection is not None and not connection.closing():
            connection.transport.write(data)

    def send_many(self, pieces: Sequence[bytes]) -> None:
        """Like `send`, without joining large pieces."""
        connection = self._connection
        if connection is not None and not connection.closing():
            connection.transport.writelines(pieces)

    # -- the end

    def broke(self, reason: str, *, timeout: bool = False) -> None:
        """The answer will not come, or not whole: whoever waits is told, and the connection is closed."""
        if self.complete or self.error is not None:
            return
        progress = Progress.ANSWERED if self.headers or self.status else Progress.SENT
        self.error = error = UpstreamError(reason, progress, timeout=timeout)
        if not self.head.done():
            self.head.set_exception(error)
            self.head.exception()  # the waiter may be gone already; never "exception was never retrieved"
        finished = self.finished
        if finished is not None and not finished.done():
            finished.set_exception(error)
            finished.exception()

    def lost(self, error: Exception | None) -> None:
        """The connection has gone. Without a declared length that is how an answer ends (HTTP/1.0)."""
        until_close = bool(self.status) and not self.chunked and self.length is None
        if until_close and error is None:
            self._finish()
        elif self.status:
            self.broke("the connection was closed in the middle of the answer")
        else:
            self.broke("the connection was closed before an answer")

    def close(self) -> None:
        """Gives the connection back: to the pool when the exchange ended soundly, else closed at once."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        reusable = self.complete and self._keep_alive and not self.sending and not self._paused
        if self._paused and not connection.closing():
            connection.transport.resume_reading()
        connection.release(reusable=reusable)


class Connection(asyncio.Protocol):
    """A pooled upstream connection; serves one exchange at a time."""

    __slots__ = ("exchange", "idle_until", "lessor", "loop", "parser", "reusable", "transport", "used")

    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop, lessor: Lessor) -> None:
        self.loop = loop
        self.lessor = lessor
        self.exchange: Exchange | None = None
        self.parser: httptools.HttpResponseParser = None
        self.reusable = True
        self.used = False
        self.idle_until = _NEVER

    def begin(self, *, bodiless: bool, deadline: float) -> Exchange:
        """Starts an exchange; the caller then sends the request on it."""
        self.exchange = exchange = Exchange(self, bodiless=bodiless, deadline=deadline)
        self.parser = httptools.HttpResponseParser(exchange)
        return exchange

    def closing(self) -> bool:
        return self.transport.is_closing()

    def release(self, *, reusable: bool) -> None:
        """Ends the exchange's hold; keeps the connection only when nothing is left on the line."""
        self.exchange = None
        self.parser = None
        if reusable and self.reusable and not self.transport.is_closing():
            self.used = True
            self.lessor.give_back(self)
        else:
            self.lessor.forget(self)
            self.transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:
            self.reusable = False
            self.transport.abort()
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._unsound(exchange, "the provider switched protocols unasked")
        except httptools.HttpParserError as error:
            self._unsound(exchange, _parser_reason(error))

    def _unsound(self, exchange: Exchange, reason: str) -> None:
        self.reusable = False
        exchange.broke(f"the answer is not sound HTTP: {reason}")
        self.transport.abort()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        self.lessor.forget(self)
        if self.exchange is not None:
            self.exchange.lost(exc)

    def pause_writing(self) -> None:
        exchange = self.exchange
        if exchange is not None:
            exchange.write_blocked = True
            if exchange.source is not None:
                exchange.source.pause()

    def resume_writing(self) -> None:
        exchange = self.exchange
        if exchange is not None:
            exchange.write_blocked = False
            exchange.heard = True
            if exchange.source is not None:
                exchange.source.resume()


def _parser_reason(error: httptools.HttpParserError) -> str:
    cause = error.__context__
    return str(cause) if isinstance(cause, ValueError) else str(error)


