"""One upstream answer on its way to several clients at once.

A `Flight` takes the answer's pieces as the provider sends them and keeps them, as long as there is room, for
who joins later and for the store. Each client is a `Subscriber`, with its own pace. No tasks: pieces are pushed
from the reader's callback. Who may join which flight, and what is stored, is decided in `answer_cache.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from penstock.budget import Budget
from penstock.proxy.upstream.exchange import Exchange
from penstock.wire.headers import Header

MAX_KEPT_BYTES = 25 * 1024 * 1024  # Cloudflare 3.2
_ALLOWANCE = 65536  # what a flight may keep without asking the budget
_STEP = 262144
_END_BYTES = 65536  # of an answer that is not kept: enough to tell how it ended

Congested = Callable[[], bool]


class AnswerHead(msgspec.Struct, gc=False):
    """The head of the answer, as every subscriber gets it."""

    status: int
    lines: bytes  # header lines without framing, for who began the call
    shared_lines: bytes  # and for the others
    length: int | None
    content_type: bytes
    content_encoding: bytes
    bodiless: bool


class Taker(Protocol):
    """Where a client's pieces go."""

    def feed(self, data: bytes) -> None: ...


class Subscriber:
    """One client of a flight: has got `position` pieces so far. `pause` and `resume` are its connection's."""

    __slots__ = ("_congested", "_flight", "_taker", "done", "position")

    def __init__(self, flight: Flight, taker: Taker, congested: Congested) -> None:
        self._flight = flight
        self._congested = congested
        self._taker = taker
        self.position = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_slow(self) -> bool:
        """Whether its client does not take what is there."""
        return self._congested()

    def pump(self) -> None:
        """Hands on what its client can take now."""
        flight = self._flight
        while not self._congested():
            data = flight.piece(self.position)
            if data is None:
                break
            self.position += 1
            self._taker.feed(data)
        flight.check_end(self)

    def pause(self) -> None:
        """Its client cannot take more for now."""
        self._flight.pace()

    def resume(self) -> None:
        """Its client can take more."""
        self.pump()
        self._flight.pace()


class Flight:
    """A call under way. `landing` resolves with the answer's head, or fails as the call did."""

    def __init__(self, budget: Budget, fingerprint: bytes, *, stays: bool) -> None:
        """`stays`: the call goes on when nobody is left to hear the answer."""
        self._budget = budget
        self._stays = stays
        self.fingerprint = fingerprint
        self._room = _ALLOWANCE
        self._borrowed = 0
        self._pieces: list[bytes] = []
        self._dropped = 0  # pieces that all subscribers have had, and nobody keeps
        self._subscribers: list[Subscriber] = []
        self._exchange: Exchange | None = None
        self._over = False
        self._closed = False
        self._error: Exception | None = None
        self.waiting = 0  # who has joined and waits for the head
        self.size = 0
        self.kept = True  # all pieces are still here
        self.unframed = False  # that it is whole is told by nothing but its bytes
        self._first, self._last = b"", bytearray()  # of an answer that is not kept
        self.trailers: list[Header] = []
        self.landing: asyncio.Future[AnswerHead] = asyncio.get_running_loop().create_future()
        self.cancel: Callable[[], None] | None = None  # set when the client who began it has left

    @property
    def is_wanted(self) -> bool:
        """Whether the call should go on without the client who began it."""
        return bool(self._subscribers) or self.waiting > 0 or self._stays

    # -- the provider's side

    def land(self, head: AnswerHead, exchange: Exchange) -> None:
        """The head is there; pieces will follow."""
        self._exchange = exchange
        self.landing.set_result(head)

    def feed(self, data: bytes) -> None:
        """The next piece."""
        self.size += len(data)
        if self.kept and not self._has_room(len(data)):
            self.kept = False
            self._first = next(iter(self._pieces), data)[:_END_BYTES]
            self._last = _last_bytes(self._pieces)
        if not self.kept:
            self._last += data[-_END_BYTES:]
            if len(self._last) > 2 * _END_BYTES:
                del self._last[:-_END_BYTES]
        self._pieces.append(data)
        for subscriber in self._subscribers:
            subscriber.pump()
        if not self.kept:
            self._trim()
        self.pace()

    def finish(self, trailers: list[Header], *, unframed: bool = False) -> None:
        """The answer has come to its end. `unframed`: which was that of its connection."""
        self.trailers = trailers
        self.unframed = unframed
        self._over = True
        for subscriber in tuple(self._subscribers):
            subscriber.pump()

    def fail(self, error: Exception) -> None:
        """There will be no answer, or not all of it."""
        self._error = error
        self._over = True
        if not self.landing.done():
            self.landing.set_exception(error)
            self.landing.exception()  # nobody may be waiting
        for subscriber in tuple(self._subscribers):
            self.check_end(subscriber)

    def body(self) -> bytes:
        """The whole body, once it is there and was kept."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def ends(self) -> tuple[bytes, bytes]:
        """The first and the last bytes of an answer that was not kept."""
        return self._first, bytes(self._last)

    def close(self) -> None:
        """Gives the memory back, as soon as no subscriber needs it."""
        self._closed = True
        if self._borrowed and not self._subscribers:
            self._budget.give_back(self._borrowed)
            self._borrowed = 0

    # -- the clients' side

    def subscribe(self, taker: Taker, congested: Congested) -> Subscriber:
        """One more client; gets all pieces from the first on. Only while they are `kept`, or before the first."""
        subscriber = Subscriber(self, taker, congested)
        self._subscribers.append(subscriber)
        subscriber.pump()
        self.pace()
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """The client has what it wanted, or has gone."""
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)
        if not self._over:
            self.pace()
        if self._closed:
            self.close()

    def give_up(self) -> None:
        """To be called when a client has gone: a call that nobody wants, and whose first client left, ends."""
        if not self._over and not self.is_wanted and self.cancel is not None:
            self.cancel()

    def piece(self, position: int) -> bytes | None:
        """The piece at a position, None when it is still to come."""
        index = position - self._dropped
        return self._pieces[index] if index < len(self._pieces) else None

    def check_end(self, subscriber: Subscriber) -> None:
        """Tells a subscriber who has had all there is how it ended."""
        if not self._over or subscriber.done.done():
            return
        if subscriber.position < self._dropped + len(self._pieces):
            return
        if self._error is None:
            subscriber.done.set_result(None)
        else:
            subscriber.done.set_exception(self._error)
            subscriber.done.exception()

    def pace(self) -> None:
        """While pieces are kept the fastest client sets the pace, afterwards the slowest."""
        exchange, subscribers = self._exchange, self._subscribers
        if exchange is None or self._over:
            return
        slow = [subscriber.is_slow for subscriber in subscribers]
        if slow and (all(slow) if self.kept else any(slow)):
            exchange.pause()
        else:
            exchange.resume()

    # -- room

    def _has_room(self, size: int) -> bool:
        if self.size > MAX_KEPT_BYTES:
            return False
        while size > self._room:
            granted = self._budget.take(_STEP)
            if not granted:
                return False
            self._borrowed += granted
            self._room += granted
        self._room -= size
        return True

    def _trim(self) -> None:
        had = min(
            (subscriber.position for subscriber in self._subscribers),
            default=self._dropped + len(self._pieces),
        )
        if had > self._dropped:
            del self._pieces[: had - self._dropped]
            self._dropped = had


def _last_bytes(pieces: list[bytes]) -> bytearray:
    found: list[bytes] = []
    missing = _END_BYTES
    for piece in reversed(pieces):
        found.append(piece[-missing:])
        missing -= len(found[-1])
        if not missing:
            break
    return bytearray().join(reversed(found))
