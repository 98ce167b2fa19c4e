"""A client that sends no more: it may wait for its answers, or be gone for good.

Both look the same from here until something is sent to it: then whoever is gone says so with a reset. So from time
to time something goes out that means nothing to a client, and the connection is looked at a moment later. Where
nothing of the kind may be sent, the kernel asks in its own way, which is answered with a reset only after a minute.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

_FIRST_SECONDS = 1.0
_SLOWER = 4
_LONGEST_SECONDS = 16.0
_LOOK_SECONDS = 0.25
_MOST_FILLERS = 4  # some clients take no more than five interim answers
_PROBES = (
    ("TCP_KEEPIDLE", 15),
    ("TCP_KEEPINTVL", 15),
    ("TCP_KEEPCNT", 4),
)  # names and values; not everywhere


class HalfClosed:
    """Watches one such connection, and aborts it when it turns out that nobody is there."""

    __slots__ = ("_filled", "_filler", "_loop", "_pause", "_sent", "_timer", "_transport")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, filler: Callable[[], bytes]
    ) -> None:
        """`filler` gives what may go out now and means nothing; empty where there is no such thing."""
        self._loop = loop
        self._transport = transport
        self._filler = filler
        self._pause = _FIRST_SECONDS
        self._sent = 0
        self._filled = False
        _ask_by_kernel(transport)
        self._timer = loop.call_later(_FIRST_SECONDS, self._tick)

    def end(self) -> None:
        """The connection has ended."""
        self._timer.cancel()

    def _tick(self) -> None:
        if _is_reset(self._transport):
            self._transport.abort()
            return
        filler = b"" if self._filled or self._sent == _MOST_FILLERS else self._filler()
        self._filled = filler != b""
        if self._filled:
            self._sent += 1
            self._transport.write(filler)
            pause = _LOOK_SECONDS
        else:
            self._pause = pause = min(self._pause * _SLOWER, _LONGEST_SECONDS)
        self._timer = self._loop.call_later(pause, self._tick)


def _ask_by_kernel(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is None or connection.family == socket.AF_UNIX:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBES:
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _is_reset(transport: asyncio.Transport) -> bool:
    connection = transport.get_extra_info("socket")
    return connection is not None and connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
