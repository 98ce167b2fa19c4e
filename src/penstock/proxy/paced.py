"""An answer that is read as it passes leaves others their turn: what comes at once is taken in parts.

A transport hands over megabytes in one turn of the loop, if a provider is quick; reading them may take its time over
each event. Only pauses and resumes; what is read, and by whom, is known elsewhere.
"""

from __future__ import annotations

import asyncio
from typing import Final

from penstock.proxy.upstream.exchange import Exchange, Sink
from penstock.wire.headers import Header

_TURN: Final = 65536  # bytes


class Paced:
    """An exchange, to whoever passes its answer on, that gives a part of what it has in each turn."""

    __slots__ = ("_exchange", "_in_turn", "_paused", "_sink")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._sink: Sink = _nowhere
        self._in_turn = 0
        self._paused = False

    @property
    def trailers(self) -> list[Header]:
        """What followed the body, once it has ended."""
        return self._exchange.trailers

    def relay(self, sink: Sink) -> asyncio.Future[None]:
        """From now on every piece goes to `sink`. Resolves at the sound end, or fails."""
        self._sink = sink
        return self._exchange.relay(self._feed)

    def pause(self) -> None:
        """The client cannot take more for now."""
        self._paused = True
        self._exchange.pause()

    def resume(self) -> None:
        """The client can take more: at once, or in the next turn."""
        self._paused = False
        if self._in_turn < _TURN:
            self._exchange.resume()

    def close(self) -> None:
        """Nobody wants the rest."""
        self._sink = _nowhere
        self._exchange.close()

    def _feed(self, data: bytes) -> None:
        self._sink(data)
        if not self._in_turn:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._in_turn += len(data)
        if self._in_turn >= _TURN:
            self._exchange.pause()

    def _next_turn(self) -> None:
        self._in_turn = 0
        if not self._paused:
            self._exchange.resume()


def _nowhere(_: bytes) -> None:
    """Where the rest goes that nobody wants."""
