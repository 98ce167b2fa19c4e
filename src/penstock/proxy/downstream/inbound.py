"""One request of a client's connection, and the way its answer goes back.

`Inbound` joins what the parser found (method, target, headers, body as it comes) with the writing side: head,
pieces, end. It keeps the last bytes of an answer until `finish`, so that the record is on its way to the disk
before the client can see the answer as whole. What the bytes mean is decided in the pipeline.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Protocol

import msgspec

from penstock.errors import GatewayError
from penstock.proxy.request_body import RequestBody
from penstock.wire.headers import Header, trailer_lines

_RESET = struct.pack("ii", 1, 0)
_SMALL_BODY = 4096  # may stay until the next request comes
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Flow(Protocol):
    """Where an answer comes from, and can be held back."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...


class Guard(Protocol):
    """Who wants a call to go on without its client."""

    def holds(self) -> bool:
        """The client has left: whether the call goes on."""


class Lane(Protocol):
    """The client's connection, as an inbound request sees it."""

    transport: asyncio.Transport

    @property
    def congested(self) -> bool:
        """Whether the client takes less than is written."""

    def done(self, inbound: Inbound) -> None:
        """The task of the request has ended."""

    def answered(self, inbound: Inbound) -> None:
        """The answer has been handed to the transport; the next request may have its turn."""

    def linger(self) -> None:
        """Closes after what was written has been read, without a reset that would destroy it."""


class Inbound(msgspec.Struct, eq=False):
    """A request and its answer. A struct, because one is made for every call."""

    lane: Lane
    method: bytes
    target: bytes
    headers: list[Header]
    body: RequestBody
    keep_alive: bool
    http10: bool
    task: asyncio.Task[None] | None = None
    flow: Flow | None = None  # while an answer may come in pieces
    guard: Guard | None = None
    error: GatewayError | None = None  # found while reading; the answer to give
    begun: bool = False  # the answer's head is out: from here on nothing can be taken back
    response_complete: bool = False
    running: bool = False  # the task has taken its first step: before that it cannot be interrupted
    gone: bool = False  # the client has left
    chunked: bool = False
    left: int = -1  # bytes of the answer's body, where that is known
    account: str = ""  # whose call it is, once its token is known to be good
    _until_close: bool = False
    _tail: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header (lower-case name)."""
        wanted = name.encode("ascii")
        for key, value in self.headers:
            if len(key) == len(wanted) and key.lower() == wanted:
                return value.decode("latin-1")
        return None

    def invite_body(self) -> None:
        """Tells a client that waits for it (`Expect: 100-continue`) to send the body."""
        if not self.body.complete and not self.http10:
            self.lane.transport.write(_CONTINUE)

    def fail(self, error: GatewayError) -> None:
        """The request itself went wrong after it had been taken up: too large, too slow, not sound."""
        if self.error is not None or self.response_complete:
            return
        self.error = error
        self.body.fail(error)
        self._interrupt()

    def leave(self) -> None:
        """The client has gone: whoever works for it stops."""
        self.gone = True
        self.response_complete = True
        if self.guard is None or not self.guard.holds():
            self._interrupt()

    def _interrupt(self) -> None:
        if self.task is not None and self.running:
            self.task.cancel()

    # -- the answer

    def framing(self, length: int | None, *, bodiless: bool) -> bytes:
        """Decides how the answer's end is told; returns the header lines for it (its length passes as it is)."""
        if bodiless:
            self.left = 0
        elif length is not None:
            self.left = length
        elif self.http10:
            self._until_close = True
            self.keep_alive = False
        else:
            self.chunked = True
            if self.keep_alive:
                return b"transfer-encoding: chunked\r\n"
            return b"connection: close\r\ntransfer-encoding: chunked\r\n"
        return b"" if self.keep_alive and not self.http10 else b"connection: close\r\n"

    def send_head(self, head: bytes) -> None:
        """Sends the answer's head; from now on the call cannot be answered otherwise."""
        self.begun = True
        self.lane.transport.write(head)

    def is_congested(self) -> bool:
        """Whether the client takes less than is written."""
        return self.lane.congested

    def end(self, trailers: list[Header], tail: bytes = b"") -> None:
        """The body is whole; its end goes out with `finish`. `tail`: what of it was kept back."""
        if self.chunked:
            self._tail = b"0\r\n%b\r\n" % trailer_lines(trailers) if trailers else b"0\r\n\r\n"
        else:
            self._tail = tail

    def whole(self, head: bytes, pieces: list[bytes], trailers: list[Header]) -> None:
        """An answer that is all there already; goes out with `finish`, in one write."""
        self.begun = True
        if not self.chunked:
            self._tail = head + pieces[0] if len(pieces) == 1 else b"".join((head, *pieces))
            return
        self.end(trailers)
        parts = [head]
        for data in pieces:
            parts += (b"%x\r\n" % len(data), data, b"\r\n")
        parts.append(self._tail)
        self._tail = b"".join(parts)

    def finish(self) -> None:
        """Sends the end of the answer. The record of the call has been written by now."""
        if self.response_complete:
            return
        self.response_complete = True
        if self.flow is not None:
            self.flow = None
        lane = self.lane
        transport = lane.transport
        if transport.is_closing():
            return
        if self._tail:
            transport.write(self._tail)
            self._tail = b""
        if not self.body.complete:
            self.body.drop()
        if self.keep_alive and not self.http10:
            lane.answered(self)
        elif self.body.complete:
            transport.close()
        else:
            lane.linger()

    def filler(self) -> bytes:
        """What may go out now and means nothing to a client: an interim answer, or a zero before a chunk's size.

        Empty where there is no such thing.
        """
        if self.response_complete or self.http10 or self._tail:
            return b""
        if not self.begun:
            return _CONTINUE
        return b"0" if self.chunked else b""

    def task_ended(self) -> None:
        """The task has done its work; the server no longer waits for it, and nothing of the call is held here."""
        if self.flow is not None or self.guard is not None:
            self.flow = self.guard = None
        body = self.body
        if body.size > _SMALL_BODY or body.share is not None:
            body.let_go()
        self.lane.done(self)

    def break_off(self) -> None:
        """Ends an answer that cannot be ended soundly, so that the client sees it was cut."""
        if self.response_complete:
            return
        self.response_complete = True
        self.flow = None
        transport = self.lane.transport
        if self._until_close:
            connection = transport.get_extra_info("socket")
            if connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()
        else:
            transport.close()
