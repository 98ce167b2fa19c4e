"""An answer's body on its way from the provider to the client.

A `Relay` is called for every piece, from the reader's callback: it counts, keeps what the record wants, frames
and writes. No waiting and no tasks. The last bytes stay here until the record of the call has been written.
"""

from __future__ import annotations

import asyncio

from penstock.proxy.capture import Capture

_JOIN_BYTES = 16384  # up to here one copy is cheaper than more buffers


class Relay:
    """Passes the body of one answer on. `received` is in bytes; `tail` is what must not go out yet."""

    __slots__ = ("_capture", "_chunked", "_left", "_transport", "received", "tail")

    def __init__(
        self, transport: asyncio.Transport, capture: Capture | None, *, chunked: bool, length: int
    ) -> None:
        """`length` is how much is to come, where that is known; below zero it is not."""
        self._transport = transport
        self._capture = capture
        self._chunked = chunked
        self._left = length
        self.received = 0
        self.tail = b""

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
                self.tail = data
                return
        self._transport.write(data)
