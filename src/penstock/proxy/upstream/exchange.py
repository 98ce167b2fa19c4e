"""One request and its answer on one upstream connection (HTTP/1.1, over httptools).

`Connection` is the asyncio protocol of a pooled connection, and what its parser calls; `Exchange` is one use
of it. Nothing here opens or chooses connections (that is `pool.py`) and nothing here knows of gateways.

The answer's head resolves a future, which is where retries are decided. The body is pushed: until somebody
calls `relay` it is held (and reading pauses when it grows), afterwards each piece goes straight to the sink
from the reader's callback, without a task. Whoever holds the exchange holds the connection; `close` is the
only way to give it back.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Protocol

import httptools
import msgspec

from penstock.wire.headers import Header

Sink = Callable[[bytes], None]

HELD_BYTES = 65536  # of an answer nobody relays yet; beyond this the provider has to wait
MAX_BARREN_BYTES = 131072  # without a piece of body among them
_BODILESS = frozenset({204, 304})


class Progress(Enum):
    """How far a request got, which decides whether it may be sent again."""

    NOT_SENT = "not sent"
    SENT = "sent"
    ANSWERED = "answered"


class UpstreamError(Exception):
    """The provider did not give a whole, sound answer. `timeout` tells a missed deadline from a broken one.

    `local`: the reason lies on this side, and says nothing of the provider.
    """

    def __init__(
        self, reason: str, progress: Progress, *, timeout: bool = False, local: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.progress = progress
        self.timeout = timeout
        self.local = local


class Source(Protocol):
    """The request's body, seen from the side that sends it on."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...


class Lessor(Protocol):
    """Who gets a connection back after use."""

    def give_back(self, connection: Connection) -> None: ...
    def forget(self, connection: Connection) -> None: ...


class Exchange(msgspec.Struct, eq=False, kw_only=True):
    """One request on a connection and what comes back. A struct, because one is made for every call.

    `head` resolves when the answer's head is whole (`status`, `headers`) or fails with `UpstreamError`.
    """

    connection: Connection | None
    head: asyncio.Future[None]
    headers: list[Header]
    bodiless: bool  # no body whatever its headers say: HEAD, 204, 304
    status: int = 0
    trailers: list[Header] = []
    held: list[bytes] = []
    complete: bool = False
    keep_alive: bool = False
    unframed: bool = False  # its end is that of the connection, which may have come too early
    error: UpstreamError | None = None
    sending: bool = False  # the request's body has not all been handed over
    write_blocked: bool = False  # the provider does not take what we send
    paused: bool = False  # we do not take what the provider sends
    deadline: float = 0.0  # 0: to be set at the next sweep
    source: Source | None = None
    _finished: asyncio.Future[None] | None = None
    _first: asyncio.Future[None] | None = None
    _held_bytes: int = 0
    _sink_paused: bool = False

    # -- relaying

    def relay(self, sink: Sink) -> asyncio.Future[None]:
        """From now on every piece of the body goes to `sink`, beginning with what was held.

        The future resolves at the answer's sound end, or fails with `UpstreamError`.
        """
        self._finished = finished = self.head.get_loop().create_future()
        held, self.held = self.held, []
        for data in held:
            sink(data)
        if self.connection is not None and not self.complete:
            self.connection.sink = sink
        if self.error is not None:
            finished.set_exception(self.error)
        elif self.complete:
            finished.set_result(None)
        if self.paused and not self._sink_paused:
            self._set_paused(False)
        return finished

    async def first_byte(self) -> None:
        """Waits for the first piece of the body, or the sound end of an empty one. Raises `UpstreamError`."""
        if self.error is not None and not self.held:
            raise self.error
        if not self.held and not self.complete:
            self._first = self.head.get_loop().create_future()
            await self._first

    def hold(self, data: bytes) -> None:
        """A piece that nobody takes yet."""
        self.held.append(data)
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        self._held_bytes += len(data)
        if self._held_bytes > HELD_BYTES:
            self._set_paused(True)

    def pause(self) -> None:
        """The client cannot take more for now."""
        self._sink_paused = True
        self._set_paused(True)

    def resume(self) -> None:
        """The client can take more."""
        self._sink_paused = False
        if self._finished is not None:
            self._set_paused(False)

    def _set_paused(self, paused: bool) -> None:
        connection = self.connection
        if connection is None or paused == self.paused or connection.transport.is_closing():
            return
        self.paused = paused
        if paused:
            connection.transport.pause_reading()
        else:
            connection.heard = True  # a provider held back by us is not idle
            connection.transport.resume_reading()

    # -- the request's body

    def send(self, data: bytes) -> None:
        """Sends a piece of the request, framed by the caller."""
        connection = self.connection
        if connection is not None and not connection.transport.is_closing():
            connection.transport.write(data)

    def send_many(self, pieces: Sequence[bytes]) -> None:
        """Like `send`, without joining large pieces."""
        connection = self.connection
        if connection is not None and not connection.transport.is_closing():
            connection.transport.writelines(pieces)

    @property
    def unsent(self) -> int:
        """Bytes of it that the provider does not take for now."""
        connection = self.connection
        return (
            connection.transport.get_write_buffer_size()
            if self.write_blocked and connection is not None
            else 0
        )

    # -- the end

    def finish(self) -> None:
        """The answer is whole."""
        self.complete = True
        if self._finished is not None or self._first is not None:
            for waiting in (self._finished, self._first):
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)

    def broke(self, reason: str, *, timeout: bool = False) -> None:
        """The answer will not come, or not whole: whoever waits is told."""
        if self.complete or self.error is not None:
            return
        silent = self.connection is None or self.connection.barren_bytes == 0
        progress = Progress.SENT if silent and not self.status else Progress.ANSWERED
        self.error = error = UpstreamError(reason, progress, timeout=timeout)
        for waiting in (self.head, self._first, self._finished):
            if waiting is not None and not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # the waiter may be gone already; asyncio must not complain

    def lost(self, error: Exception | None) -> None:
        """The connection has gone. Without a declared length that is how an answer ends (HTTP/1.0)."""
        if not self.status:
            self.broke("the connection was closed before an answer")
        elif error is None and not _has_framing(self.headers):
            self.unframed = True
            self.finish()
        else:
            self.broke("the connection was closed in the middle of the answer")

    def close(self) -> None:
        """Gives the connection back: to the pool when the exchange ended soundly, else closed at once."""
        connection, self.connection = self.connection, None
        if self.source is not None:
            self.source = None
        if connection is not None:
            if self.paused and not connection.transport.is_closing():
                connection.transport.resume_reading()
            connection.release(
                reusable=self.complete and self.keep_alive and not (self.sending or self.write_blocked)
            )


class Connection(asyncio.Protocol):
    """A pooled upstream connection; serves one exchange at a time."""

    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop, lessor: Lessor) -> None:
        self.loop = loop
        self.lessor = lessor
        self.exchange: Exchange | None = None
        self.sink: Sink | None = None
        self.used = False
        self.heard = False  # something of the answer, since the last sweep
        self.idle_since = 0.0  # 0: to be set at the next sweep
        self._parser: httptools.HttpResponseParser | None = None
        self._fields: list[Header] = []
        self.barren_bytes = 0  # that came since the start or the last piece of body: heads, framing, trailers
        self._informational = False
        self._desynchronised = False  # there was more on the line than the answer

    def begin(self, *, bodiless: bool) -> Exchange:
        """Starts an exchange; the caller then sends the request on it."""
        fields: list[Header] = []
        self._fields = fields
        self.barren_bytes = 0
        self.heard = False
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        self.exchange = exchange = Exchange(
            connection=self, head=self.loop.create_future(), headers=fields, bodiless=bodiless
        )
        return exchange

    def release(self, *, reusable: bool) -> None:
        """Ends the exchange's hold; keeps the connection only when nothing is left on the line."""
        self.exchange = None
        self.sink = None
        if reusable and not self._desynchronised and not self.transport.is_closing():
            self.used = True
            self.lessor.give_back(self)
        else:
            self.lessor.forget(self)
            self.transport.abort()

    # -- what the parser finds

    def on_message_begin(self) -> None:
        if self.exchange is None or self.exchange.complete:
            self._desynchronised = True  # bytes nobody asked for: the next answer would be somebody else's

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        exchange, parser = self.exchange, self._parser
        if exchange is None or parser is None or exchange.complete:
            self._desynchronised = True
            return
        status = parser.get_status_code()
        if status < 200:
            if status < 100:
                raise ValueError(f"there is no status {status}")
            self._informational = True
            self._fields.clear()
            return
        self._fields = exchange.trailers
        exchange.status = status
        self.heard = True
        exchange.keep_alive = parser.should_keep_alive()
        if not exchange.head.done():
            exchange.head.set_result(None)
        if status in _BODILESS:
            exchange.bodiless = True
        elif exchange.bodiless:
            self._parser = None  # it would take what follows for a body
            exchange.finish()

    def on_body(self, data: bytes) -> None:
        self.heard = True
        self.barren_bytes = 0
        if self.sink is not None:
            self.sink(data)
        elif self.exchange is not None and not self.exchange.complete:
            self.exchange.hold(data)
        else:
            self._desynchronised = True

    def on_message_complete(self) -> None:
        if self._informational:
            self._informational = False
        elif self.exchange is not None and not self.exchange.complete:
            self._fields = []  # what may follow is none of this exchange's
            self.sink = None
            self.exchange.finish()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        exchange, parser = self.exchange, self._parser
        if exchange is None or parser is None:
            self._desynchronised = True
            self.transport.abort()
            return
        self.barren_bytes += len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._unsound(exchange, "the provider switched protocols unasked")
        except httptools.HttpParserError as error:
            self._unsound(exchange, str(error))
        if self.barren_bytes > MAX_BARREN_BYTES and not exchange.complete:
            self._unsound(exchange, "its head or its trailers are too large")

    def _unsound(self, exchange: Exchange, reason: str) -> None:
        self._desynchronised = True
        self._parser = None
        exchange.broke(f"the answer is not sound HTTP: {reason}")
        self.transport.abort()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.lessor.forget(self)
        exchange = self.exchange
        if exchange is not None:
            if exc is not None and (exchange.sending or exchange.write_blocked):
                self._read_on()
            exchange.lost(exc)

    def _read_on(self) -> None:
        """Writing failed, and may have kept from us what had come: who refuses a body before it is whole answers, and
        hangs up. Of TLS nothing can be read any more.
        """
        if self.transport.get_extra_info("sslcontext") is not None:
            return
        found = self.transport.get_extra_info("socket")
        if found is None or found.fileno() < 0:
            return
        with socket.socket(fileno=os.dup(found.fileno())) as line, suppress(OSError):
            while self._parser is not None and (data := line.recv(HELD_BYTES, socket.MSG_DONTWAIT)):
                self.data_received(data)

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
            self.heard = True
            if exchange.source is not None:
                exchange.source.resume()


def _has_framing(headers: Sequence[Header]) -> bool:
    return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers)
