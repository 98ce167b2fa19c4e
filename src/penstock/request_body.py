"""A request's body on its way from the client to the provider.

Pieces come in as the client's parser finds them and go out as they come, framed as they were (a declared
length stays one, chunked stays chunked). Before a connection stands they wait, and the client is held back
when much waits. The first part is kept for the record. No sockets here: the two sides are callables.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from penstock.capture import Budget, Capture
from penstock.errors import BODY_TOO_LARGE, GatewayError
from penstock.exchange import Exchange
from penstock.wire.headers import Header, trailer_lines

WAITING_BYTES = 65536  # what may wait for a connection before the client has to
_JOIN_BYTES = 16384  # up to here one copy is cheaper than one more buffer


class RequestBody:
    """One request's body. `length` is what was declared: -1 for nothing, as in a plain GET."""

    __slots__ = (
        "_capture",
        "_collecting",
        "_dropping",
        "_exchange",
        "_hold",
        "_limit",
        "_sent_any",
        "_waiting",
        "_waiting_bytes",
        "chunked",
        "complete",
        "failure",
        "length",
        "size",
        "trailers",
    )

    def __init__(self, length: int, *, chunked: bool, limit: int, hold: Callable[[bool], None]) -> None:
        """`limit` is in bytes, 0 for none; `hold(True)` stops reading from the client, `hold(False)` goes on."""
        self.length = length
        self.chunked = chunked
        self.complete = not chunked and length <= 0
        self.size = 0
        self.trailers: list[Header] = []
        self.failure: GatewayError | None = None
        self._limit = limit
        self._hold = hold
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._exchange: Exchange | None = None
        self._sent_any = False
        self._dropping = False
        self._capture: Capture | None = None
        self._collecting: asyncio.Future[None] | None = None

    # -- the client's side

    def feed(self, data: bytes) -> None:
        """Takes the next piece. Raises `GatewayError` when the body is larger than allowed."""
        self.size += len(data)
        if self._dropping:
            return
        if self._limit and self.size > self._limit:
            raise GatewayError(BODY_TOO_LARGE, f"a request's body may have {self._limit} bytes")
        if self._capture is not None:
            self._capture.add(data)
        if self._exchange is not None:
            self._send(self._exchange, data)
        else:
            self._waiting.append(data)
            self._waiting_bytes += len(data)
            if self._waiting_bytes > WAITING_BYTES and self._collecting is None:
                self._hold(True)

    def end(self) -> None:
        """The client has sent all of it."""
        self.complete = True
        exchange = self._exchange
        if exchange is not None and exchange.sending:
            exchange.sending = False
            if self.chunked:
                exchange.send(b"0\r\n%b\r\n" % trailer_lines(self.trailers))
        self._wake()

    def drop(self) -> None:
        """Nobody wants the rest; it is read and thrown away."""
        self._dropping = True
        self._exchange = None
        self._waiting = []
        self._hold(False)

    def fail(self, error: GatewayError) -> None:
        """The rest will not come: too large, too slow."""
        self.failure = error
        self._wake()

    # -- the provider's side

    @property
    def replayable(self) -> bool:
        """Whether nothing of it has been let go, so that it can be sent again."""
        return self.complete and not self._sent_any

    def record(self, limit: int, budget: Budget) -> None:
        """Keeps the first `limit` bytes for the log; to be called before anything is sent."""
        self._capture = capture = Capture(limit, budget)
        for data in self._waiting:
            capture.add(data)

    def recorded(self) -> tuple[bytes, bool]:
        """What was kept, and whether that is less than what came."""
        capture = self._capture
        return (b"", False) if capture is None else (capture.release(), capture.cut)

    def framing(self) -> bytes:
        """The header line that frames it at the provider, or nothing for a request without a body."""
        if self.chunked:
            return b"transfer-encoding: chunked\r\n"
        return b"content-length: %d\r\n" % self.length if self.length >= 0 else b""

    def send_to(self, exchange: Exchange, head: bytes) -> None:
        """Sends `head` and all that has come so far; what is still to come follows by itself."""
        if self.complete:
            self._send_whole(exchange, head)
            return
        self._exchange = exchange
        self._sent_any = True
        exchange.sending = True
        exchange.source = self
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        exchange.send(head)
        for data in waiting:
            self._send(exchange, data)
        if not exchange.write_blocked:
            self._hold(False)

    def _send_whole(self, exchange: Exchange, head: bytes) -> None:
        pieces = self._waiting
        if self.chunked:
            exchange.send_many([head, *_chunks(pieces), b"0\r\n%b\r\n" % trailer_lines(self.trailers)])
        elif not pieces:
            exchange.send(head)
        elif self.size <= _JOIN_BYTES:
            exchange.send(head + pieces[0] if len(pieces) == 1 else b"".join((head, *pieces)))
        else:
            exchange.send_many([head, *pieces])

    def _send(self, exchange: Exchange, data: bytes) -> None:
        if not self.chunked:
            exchange.send(data)
        elif len(data) <= _JOIN_BYTES:
            exchange.send(b"%x\r\n%b\r\n" % (len(data), data))
        else:
            exchange.send_many([b"%x\r\n" % len(data), data, b"\r\n"])

    def pause(self) -> None:
        """The provider cannot take more for now."""
        self._hold(True)

    def resume(self) -> None:
        """The provider can take more."""
        self._hold(False)

    # -- reading it whole

    async def whole(self, limit: int) -> bytes:
        """Waits for all of it. Raises `GatewayError` when it is larger than `limit` or breaks off."""
        if self.length > limit:
            raise GatewayError(BODY_TOO_LARGE, f"the body of this request may have {limit} bytes")
        self._limit = min(self._limit, limit) if self._limit else limit
        while not self.complete and self.failure is None:
            self._collecting = asyncio.get_running_loop().create_future()
            self._hold(False)
            await self._collecting
        if self.failure is not None:
            raise self.failure
        if self.size > limit:
            raise GatewayError(BODY_TOO_LARGE, f"the body of this request may have {limit} bytes")
        return b"".join(self._waiting)

    def replace(self, data: bytes) -> None:
        """Puts a rewritten body in the place of the one that was read whole; the record keeps the original."""
        self._waiting = [data]
        self.size = self.length = len(data)
        self.chunked = False
        self.trailers = []

    def _wake(self) -> None:
        if self._collecting is not None and not self._collecting.done():
            self._collecting.set_result(None)


def _chunks(pieces: Iterable[bytes]) -> Iterable[bytes]:
    for data in pieces:
        yield b"%x\r\n" % len(data)
        yield data
        yield b"\r\n"
