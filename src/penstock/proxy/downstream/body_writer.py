"""The body of one answer on its way to its client: counted, kept for the record, framed and written.

Each piece is written where it is fed, from the provider's callback: no waiting and no tasks. The last bytes stay
back until the record of the call has been written. Where filters stand between, see `filtered_writer.py`, which has
the same verbs.
"""

from __future__ import annotations

import asyncio

from penstock.proxy.capture import Capture
from penstock.proxy.downstream.inbound import Flow, Inbound
from penstock.wire.headers import Header

_JOIN_BYTES = 16384  # up to here one copy is cheaper than more buffers


class BodyWriter:
    """Passes the body of one answer on, after its head. `received` is in bytes."""

    __slots__ = ("_capture", "_chunked", "_inbound", "_left", "_tail", "_transport", "received")

    unfinished = True  # the client has a beginning, and no end yet
    logs_provider = True  # the log keeps the provider's bytes

    def __init__(self, inbound: Inbound, capture: Capture | None) -> None:
        """`capture` keeps what the record wants."""
        self._inbound = inbound
        self._transport = inbound.lane.transport
        self._capture = capture
        self._chunked = inbound.chunked
        self._left = inbound.left
        self._tail = b""  # what must not go out yet
        self.received = 0

    def feed(self, data: bytes) -> None:
        """Takes the next piece."""
        size = len(data)
        self.received += size
        if self._capture is not None:
            self._capture.add(data)
        if not self._chunked:
            self._feed_plain(data, size)
        elif size <= _JOIN_BYTES:
            self._transport.write(b"%x\r\n%b\r\n" % (size, data))
        else:
            self._transport.writelines((b"%x\r\n" % size, data, b"\r\n"))

    def _feed_plain(self, data: bytes, size: int) -> None:
        """Keeps the piece that makes a known length whole: with it the client has the answer."""
        if self._left >= 0:
            self._left -= size
            if self._left <= 0:
                self._tail = data
                return
        self._transport.write(data)

    def finish(self, trailers: list[Header]) -> None:
        """The body is whole; its end goes out with `Inbound.finish`."""
        self._inbound.end(trailers, self._tail)

    def break_off(self) -> None:
        """The body will not be whole: the client gets to see that."""
        self._inbound.break_off()

    @property
    def holds_end(self) -> bool:
        """Whether the client lacks bytes that came."""
        return self._tail != b""

    # -- where the pieces come from

    def take(self, source: Flow) -> None:
        """Where they come from; from now on the client's pace is the source's."""
        self._inbound.flow = source
        if self._inbound.is_congested():
            source.pause()

    def is_congested(self) -> bool:
        """Whether more should not come now."""
        return self._inbound.is_congested()

    async def through(self, ended: asyncio.Future[None]) -> None:
        """Waits until all has been passed on, once the source has `ended`. Raises what that does."""
        await ended

    async def drive(self, until: asyncio.Future[None]) -> None:
        """Waits for something else meanwhile."""
        await until

    def forget(self) -> None:
        """Nobody waits for the rest, and nobody was asked."""
