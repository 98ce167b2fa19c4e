"""An event loop without a network and without time, and both ends of the connections that the gateway has on it.

The gateway opens its connections as always; what comes back is a `Line` to a made-up provider. Timers never ring,
so that nothing happens more often because it takes longer. Nothing here knows of Penstock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import Context
from functools import partial
from typing import TypeVar, TypeVarTuple, Unpack

import uvloop

NEVER = 1e8
"""Seconds by which every timer is late."""
HINT_BYTES = 5

Accept = Callable[[], asyncio.Protocol]
"""Makes the gateway's side of a caller's connection."""

P = TypeVar("P", bound=asyncio.BaseProtocol)
Ts = TypeVarTuple("Ts")


class Line(asyncio.Transport):
    """What one side writes to. `whole` gets all that was written, each time it ends with `end`.

    The last piece must hold the last bytes of `end`, so that most pieces need only be looked at, not joined.
    """

    def __init__(self, end: bytes, whole: Callable[[bytes], None]) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self._end = end
        self._hint = end[-HINT_BYTES:]
        self._whole = whole
        self._closing = False
        self._pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        piece = bytes(data)
        self._pieces.append(piece)
        if piece.endswith(self._hint) and self.so_far.endswith(self._end):
            written, self._pieces = self.so_far, []
            self._whole(written)

    @property
    def so_far(self) -> bytes:
        return b"".join(self._pieces)

    def writelines(self, pieces: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(pieces))

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True

    def can_write_eof(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""

    def pause_reading(self) -> None:
        """What comes next comes all the same; no case is about back-pressure."""

    def resume_reading(self) -> None:
        """See `pause_reading`."""


class Provider:
    """Gives every request the same answer, each piece of it in a turn of the loop of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answer: Sequence[bytes], request_end: bytes) -> None:
        self._loop = loop
        self._request_end = request_end
        self.answer = answer
        self.asked = 0

    def connect(self, protocol: asyncio.Protocol) -> Line:
        line = Line(self._request_end, partial(self._ask, protocol))
        protocol.connection_made(line)
        return line

    def _ask(self, protocol: asyncio.Protocol, request: bytes) -> None:
        self.asked += 1
        self._loop.call_soon(self._send, protocol, iter(self.answer))

    def _send(self, protocol: asyncio.Protocol, pieces: Iterator[bytes]) -> None:
        piece = next(pieces, None)
        if piece is not None:
            protocol.data_received(piece)
            self._loop.call_soon(self._send, protocol, pieces)


class Caller:
    """One keep-alive connection to the gateway. `answer` is None while it is on its way."""

    def __init__(self, protocol: asyncio.Protocol, answer_end: bytes) -> None:
        self._protocol = protocol
        self._line = Line(answer_end, self._take)
        self.answer: bytes | None = None
        protocol.connection_made(self._line)

    def ask(self, request: bytes) -> None:
        self.answer = None
        self._protocol.data_received(request)

    @property
    def so_far(self) -> bytes:
        """Of an answer that is not whole yet."""
        return self._line.so_far

    def _take(self, answer: bytes) -> None:
        self.answer = answer


class Listening:
    """What a server gets for its listening socket; nobody ever comes that way."""

    def close(self) -> None:
        """There is nothing to close."""

    async def wait_closed(self) -> None:
        """It is closed already."""


class Wires(uvloop.Loop):
    """uvloop, with its network and its timers taken out. Turns, tasks and futures are those of production."""

    def __init__(self) -> None:
        super().__init__()
        self.provider: Provider | None = None
        self.accept: asyncio.Future[Accept] = self.create_future()
        """Is there once the gateway listens."""

    async def create_connection(  # type: ignore[override]  # of all its overloads, what the gateway uses
        self, protocol_factory: Callable[[], P], *where: object, **how: object
    ) -> tuple[asyncio.Transport, P]:
        protocol = protocol_factory()
        assert self.provider is not None
        assert isinstance(protocol, asyncio.Protocol)
        return self.provider.connect(protocol), protocol

    async def create_server(  # type: ignore[override]
        self, protocol_factory: Accept, *where: object, **how: object
    ) -> Listening:
        self.accept.set_result(protocol_factory)
        return Listening()

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return super().call_later(delay + NEVER, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return super().call_at(when + NEVER, callback, *args, context=context)
