"""A client that sends no more: it may wait for its answers, or be gone for good.

Of a program of this machine the kernel knows which. Of any other it shows only when something is sent to it: then
whoever is gone says so with a reset. So from time to time something goes out that means nothing to a client, and the
connection is looked at a moment later. Where nothing of the kind may be sent, the kernel asks in its own way, which
is answered with a reset only after a minute.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from penstock.proxy.downstream.other_end import OtherEnd

_FIRST_SECONDS = 0.02  # a program that closes has let go of its socket by then
_SLOWER = 2
_LONGEST_SECONDS = 1.0
_LOOK_SECONDS = 0.25  # after something was sent
_PAUSES_SECONDS = (1.0, 2.0, 8.0, 16.0)  # four fillers: some clients take no more than five interim answers
_NEVER = float("inf")
_PROBES = (
    ("TCP_KEEPIDLE", 15),
    ("TCP_KEEPINTVL", 15),
    ("TCP_KEEPCNT", 4),
)  # names and values; not everywhere


class HalfClosed:
    """Watches one such connection, and aborts it when it turns out that nobody is there."""

    __slots__ = ("_fill_at", "_filler", "_loop", "_other_end", "_pause", "_pauses", "_timer", "_transport")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, filler: Callable[[], bytes]
    ) -> None:
        """`filler` gives what may go out now and means nothing; empty where there is no such thing."""
        self._loop = loop
        self._transport = transport
        self._filler = filler
        self._pause = _FIRST_SECONDS
        self._pauses = iter(_PAUSES_SECONDS)
        self._fill_at = loop.time() + next(self._pauses)
        self._other_end = _prepared(transport)
        self._timer = loop.call_later(_FIRST_SECONDS, self._tick)

    def end(self) -> None:
        """The connection has ended."""
        self._timer.cancel()

    def _tick(self) -> None:
        if _is_reset(self._transport) or self._is_abandoned():
            self._transport.abort()
            return
        self._pause = pause = min(self._pause * _SLOWER, _LONGEST_SECONDS)
        now = self._loop.time()
        if now >= self._fill_at:
            filler = self._filler()
            if filler:
                self._transport.write(filler)
                self._fill_at = now + next(self._pauses, _NEVER)
                pause = _LOOK_SECONDS
        self._timer = self._loop.call_later(pause, self._tick)

    def _is_abandoned(self) -> bool:
        if self._other_end is None:
            return False
        found = self._other_end.is_abandoned()
        if found is None:
            self._other_end = None  # of another machine
        return found is True


def _prepared(transport: asyncio.Transport) -> OtherEnd | None:
    """Has the kernel ask now and then, and knows where to look for the other end."""
    connection = transport.get_extra_info("socket")
    if connection is None or connection.family == socket.AF_UNIX:
        return None
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBES:
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    try:
        return OtherEnd(connection)
    except OSError:
        return None


def _is_reset(transport: asyncio.Transport) -> bool:
    connection = transport.get_extra_info("socket")
    return connection is not None and connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
