"""A request's body on its way from the client to the provider.

Pieces come in as the client's parser finds them and go out as they come, framed as they were (a declared
length stays one, chunked stays chunked). Before a connection stands they wait, and the client is held back
when much waits. The first part is kept for the record. No sockets here: the two sides are callables.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from penstock.budget import Budget
from penstock.errors import BODY_TOO_LARGE, GatewayError
from penstock.pricing.estimated_usage import LOOKED_AT
from penstock.proxy.capture import MANY_PIECES, Capture, join_crumbs
from penstock.proxy.room import Share
from penstock.proxy.upstream.exchange import Exchange
from penstock.wire.headers import Header, trailer_lines

WAITING_BYTES = 65536  # what may wait for a connection before the client has to
_JOIN_BYTES = 16384  # up to here one copy is cheaper than one more buffer
_GROWTH = 262144  # that a body of unknown length asks for at first

Hold = Callable[[bool], None]


class RequestBody(msgspec.Struct, eq=False):
    """One request's body. A struct, because one is made for every call.

    `hold(True)` stops reading from the client, `hold(False)` goes on. `length` is what was declared, -1 for
    nothing, as in a plain GET; `limit` is in bytes, 0 for none.
    """

    hold: Hold
    limit: int = 0
    length: int = -1
    chunked: bool = False
    complete: bool = False
    size: int = 0
    trailers: list[Header] = []
    failure: GatewayError | None = None
    sent: bool = False  # something of it, or its head, was handed to a provider's connection
    log_limit: int = 0
    budget: Budget | None = None  # none: nothing of it is to be recorded
    share: Share | None = None  # of the worker's room; none: it takes what it needs
    _room: int = WAITING_BYTES  # that what waits may take before it asks for more
    _waiting: list[bytes] = []
    _exchange: Exchange | None = None
    _original: bytes = b""  # of a small one that another was put in the place of
    _capture: Capture | None = None  # made only when what came is let go before the call ends
    _collecting: asyncio.Future[None] | None = None
    _enough: int = 0  # bytes after which whoever collects has seen enough; 0: never
    _streamed: bool = False  # it was sent before it was complete
    _dropping: bool = False
    _swept: int = 0  # pieces that are no crumbs

    @classmethod
    def of(cls, data: bytes) -> RequestBody:
        """A body that is all there."""
        body = cls(_no_hold, length=len(data), complete=True, size=len(data))
        body._waiting = [data]
        return body

    # -- the client's side

    def feed(self, data: bytes) -> None:
        """Takes the next piece. Raises `GatewayError` when the body is larger than allowed."""
        self.size = size = self.size + len(data)
        if self._dropping:
            return
        if 0 < self.limit < size:
            raise GatewayError(BODY_TOO_LARGE, f"the body of this request may have {self.limit} bytes")
        exchange = self._exchange
        if exchange is not None:
            if self._capture is not None:
                self._capture.add(data)
            _send(exchange, data, self.chunked)
            return
        waiting = self._waiting
        waiting.append(data)
        if len(waiting) - self._swept > MANY_PIECES:
            self._swept = join_crumbs(waiting, self._swept)
        if size > self._room:  # nothing of it has been let go
            self.hold(True)
            self._wake()
        elif 0 < self._enough < size:
            self._wake()

    def end(self) -> None:
        """The client has sent all of it."""
        self.complete = True
        exchange = self._exchange
        if exchange is not None and exchange.sending:
            exchange.sending = False
            if self.chunked:
                exchange.send(b"0\r\n%b\r\n" % trailer_lines(self.trailers))
        if self._collecting is not None:
            self._wake()

    def drop(self) -> None:
        """Nobody wants the rest; it is read and thrown away."""
        self._dropping = True
        self._exchange = None
        self._waiting = []
        self.hold(False)

    def fail(self, error: GatewayError) -> None:
        """The rest will not come: too large, too slow."""
        self.failure = error
        self._wake()

    # -- the record

    def record(self, limit: int, budget: Budget) -> None:
        """Asks to keep the first `limit` bytes for the log, and some to look at, before anything is sent."""
        self.log_limit = limit
        self.budget = budget

    def recorded(self) -> tuple[bytes, bool]:
        """What was kept for the log, and whether that is less than what came."""
        if self.budget is None:
            return b"", False
        waiting, limit = self._waiting, self.log_limit
        if self._original:
            return self._original[:limit], len(self._original) > limit
        if self._capture is not None:
            first = self._capture.first
            return first[:limit], self._capture.cut or len(first) > limit
        return (waiting[0], False) if len(waiting) == 1 and self.size <= limit else _first(waiting, limit)

    # -- the provider's side

    @property
    def replayable(self) -> bool:
        """Whether nothing of it has been let go, so that it can be sent again."""
        return self.complete and self._exchange is None

    def framing(self) -> bytes:
        """The header line that frames it at the provider, or nothing for a request without a body."""
        if self.chunked:
            return b"transfer-encoding: chunked\r\n"
        return b"content-length: %d\r\n" % self.length if self.length >= 0 else b""

    def send_to(self, exchange: Exchange, head: bytes) -> None:
        """Sends `head` and all that has come so far; what is still to come follows by itself."""
        self.sent = True
        if self.complete:
            self._send_whole(exchange, head)
            return
        self._exchange = exchange
        self._streamed = True
        exchange.sending = True
        exchange.source = self
        waiting, self._waiting = self._waiting, []
        if self.budget is not None and self._capture is None:
            self._begin_capture(self.budget, waiting)
        exchange.send(head)
        for data in waiting:
            _send(exchange, data, self.chunked)
        if not exchange.write_blocked:
            self.hold(False)

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

    def pause(self) -> None:
        """The provider cannot take more for now."""
        self.hold(True)

    def resume(self) -> None:
        """The provider can take more."""
        self.hold(False)

    @property
    def unsent(self) -> int:
        """Bytes of it that went out as they came and the provider does not take for now."""
        return 0 if self._exchange is None else self._exchange.unsent

    # -- reading it whole

    async def whole(self, limit: int) -> bytes:
        """Waits for all of it. Raises `GatewayError` when it is larger than `limit` or breaks off."""
        self.limit = min(self.limit, limit) if self.limit else limit
        if self.length > self.limit or self.size > self.limit:
            raise GatewayError(BODY_TOO_LARGE, f"the body of this request may have {self.limit} bytes")
        await self._collect(self.limit)
        return self._joined()

    async def gather(self, limit: int) -> bool:
        """Waits for all of it, unless it has more than `limit` bytes, or breaks off: then false, and it will go
        out as it comes. Raises `GatewayError` when it breaks off.
        """
        if self.length > limit:
            return False
        await self._collect(limit)
        return self.complete

    async def _collect(self, limit: int) -> None:
        """Waits until it is complete, or has more than `limit` bytes."""
        while not self.complete and self.failure is None and self.size <= limit:
            self._collecting = asyncio.get_running_loop().create_future()
            await self._ask_for_room(limit)
            self._enough = limit
            self.hold(False)
            await self._collecting
        self._collecting = None
        self._enough = 0
        if self.failure is not None:
            raise self.failure

    async def _ask_for_room(self, limit: int) -> None:
        """All at once, where it says how long it is; else twice as much each time."""
        wanted = self.length if self.length >= 0 else min(limit, max(_GROWTH, 2 * self.size))
        if wanted <= self._room and self.size <= self._room:
            return
        share = self.share
        missing = 0 if share is None else max(wanted, self.size) - share.held
        if share is not None and missing > 0 and not share.take(missing):
            self.hold(True)
            await share.wait(missing)
        self._room = max(wanted, self.size)

    @property
    def kept(self) -> bytes | None:
        """All of it; None when it is not complete, or went out as it came."""
        if not self.complete or self._streamed:
            return None
        return self._waiting[0] if len(self._waiting) == 1 else self._joined()

    def replace(self, data: bytes) -> None:
        """Puts a rewritten body in the place of the one that was read whole; the record keeps the original."""
        if self.budget is not None and self._capture is None:
            self._original = self._original or small(self)
            if not self._original:
                self._begin_capture(self.budget, [self._joined()])
        self.unpack(data)

    def unpack(self, data: bytes) -> None:
        """Puts what it stands for in the place of one that was read whole, for the record as well."""
        self._waiting = [data]
        self.length = len(data)
        self.chunked = False
        self.trailers = []

    def _begin_capture(self, budget: Budget, pieces: Iterable[bytes]) -> None:
        self._capture = Capture(max(self.log_limit, LOOKED_AT), budget)
        for data in pieces:
            self._capture.add(data)

    def forget(self) -> None:
        """Its bytes have been read, and are not wanted as they are."""
        self._waiting = []

    def let_go(self) -> None:
        """The call has ended: nothing of it is needed any more."""
        self._waiting, self._original = [], b""
        if self.share is not None:
            self.share.release()

    def _joined(self) -> bytes:
        """What waits, in one piece from now on."""
        if len(self._waiting) > 1:
            self._waiting = [b"".join(self._waiting)]
        return self._waiting[0] if self._waiting else b""

    def _wake(self) -> None:
        if self._collecting is not None and not self._collecting.done():
            self._collecting.set_result(None)


def small(body: RequestBody) -> bytes:
    """All of it, where it has come in one piece and is so small that it takes no room; else nothing."""
    is_small = body.complete and body.size <= _JOIN_BYTES and not body._streamed and len(body._waiting) == 1
    return body._waiting[0] if is_small else b""


def seen(body: RequestBody) -> bytes:
    """What is at hand of what came, from its beginning on. To be asked when the call has ended."""
    if body._original:
        return body._original
    return body.kept or b"" if body._capture is None else body._capture.first


def _no_hold(_hold: bool) -> None:
    """There is no client to hold back."""


def _first(pieces: list[bytes], limit: int) -> tuple[bytes, bool]:
    """The first bytes of them all, without a copy of the rest, and whether there is one."""
    found, left = [], limit
    for data in pieces:
        found.append(data[:left])
        left -= len(data)
        if left < 0:
            break
    return b"".join(found), left < 0


def _send(exchange: Exchange, data: bytes, chunked: bool) -> None:
    if not chunked:
        exchange.send(data)
    elif len(data) <= _JOIN_BYTES:
        exchange.send(b"%x\r\n%b\r\n" % (len(data), data))
    else:
        exchange.send_many([b"%x\r\n" % len(data), data, b"\r\n"])


def _chunks(pieces: Iterable[bytes]) -> Iterable[bytes]:
    for data in pieces:
        yield b"%x\r\n" % len(data)
        yield data
        yield b"\r\n"
