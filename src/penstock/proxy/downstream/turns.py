"""Whose turn a request is on its connection, and when the next one's is.

One request after the other is answered, in the order in which they came, pages of the ASGI application among them: the
next begins when what was written before has gone out. A client that sends no more is still answered. How long a client
may take, and what it may hold, is decided in `connection.py`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Protocol

from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from penstock.proxy.downstream.busy_poll import BusyPoll
from penstock.proxy.downstream.half_closed import HalfClosed
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.downstream.request_reader import RequestReader
from penstock.proxy.room import Room

_QUEUED = (
    16  # pipelined requests that may wait; then we stop reading, and no longer notice that a client leaves
)


class Handler(Protocol):
    """What answers requests of the data plane, and how much may be held for them."""

    room: Room

    def run(self, inbound: Inbound) -> Coroutine[None, None, None]: ...


class Turns(RequestReader):
    """The turns of one connection. Who inherits ends it, and knows what it holds."""

    handler: Handler
    busy_poll: BusyPoll
    cycle: RequestResponseCycle | Inbound | None  # type: ignore[assignment]
    pipeline: deque[tuple[RequestResponseCycle | Inbound, ASGI3Application]]  # type: ignore[assignment]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._answering: Inbound | None = None  # the one whose turn it is; `cycle` is the latest that came
        self._running: RequestResponseCycle | Inbound | None = None  # whose turn it is, page or call
        self._half_closed: HalfClosed | None = None  # the client sends no more
        self._lingering = False  # all is answered; we wait for the client to close
        self._stalled = False  # a request waits until what was written before has gone out

    def _take(self, inbound: Inbound) -> None:
        """Starts the request, or queues it behind the one in progress on this connection."""
        self._taken = True
        current = self.cycle
        self.cycle = inbound
        if current is None or current.response_complete:
            if not self.flow.write_paused:
                self._start(inbound)
                return
            self._stalled = True
        self.pipeline.appendleft((inbound, self.app))
        self._weigh()
        if self._is_full():
            self.flow.pause_reading()

    def _start(self, inbound: Inbound) -> None:
        self._answering = self._running = inbound
        inbound.task = task = self.loop.create_task(self.handler.run(inbound))
        self.tasks.add(task)
        if len(self.tasks) == 1:
            self.busy_poll.nudge()

    def _start_asgi_task(self, cycle: RequestResponseCycle | Inbound, app: ASGI3Application) -> None:
        if isinstance(cycle, Inbound):
            self._start(cycle)
        else:
            self._running = cycle
            super()._start_asgi_task(cycle, app)

    def done(self, inbound: Inbound) -> None:
        if inbound.task is not None:
            self.tasks.discard(inbound.task)

    def answered(self, inbound: Inbound) -> None:
        self.server_state.total_requests += 1
        if len(self.tasks) <= 1:
            self.busy_poll.nudge()
        if self.flow.read_paused or self.pipeline or self._behind or self._half_closed is not None:
            self._next()

    def on_response_complete(self) -> None:
        """A page of the ASGI application was answered. What it did not want of the request's body is let go."""
        if isinstance(self._running, RequestResponseCycle):
            self._running.body = bytearray()
            self._weigh()
        if self.pipeline and self.flow.write_paused:
            self.server_state.total_requests += 1
            self._stalled = True
            return
        super().on_response_complete()
        self.read_on()
        self._weigh()
        if self._half_closed is not None and not (self._is_busy() or self._behind):
            self.transport.close()

    def _next(self) -> None:
        """The next request has its turn: not before what was written has gone out, but for a bounded rest."""
        waited = bool(self.pipeline)
        if waited:
            if self.flow.write_paused:
                self._stalled = True
                return
            self._start_asgi_task(*self.pipeline.pop())
        elif self._half_closed is not None and not self._behind:
            self.transport.close()
            return
        if self._reading is None:
            self._held = False
        if self._behind:
            self.read_on()
        elif not self._is_full():
            self.flow.resume_reading()
        if waited:
            self._weigh()

    def _is_full(self) -> bool:
        queued = len(self.pipeline)
        full = self._held or queued >= _QUEUED or (queued > 0 and self.handler.room.is_tight)
        return full or (isinstance(self.cycle, RequestResponseCycle) and _is_swamped(self.cycle))

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _hold(self, hold: bool) -> None:
        if self.transport.is_closing():
            return
        self._held = hold
        if hold:
            self.flow.pause_reading()
        elif self._behind:
            self.read_on()
        else:
            self.flow.resume_reading()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more. What it asked for is answered, as far as it came whole (RFC 9112, 9.6)."""
        if self._open and not self._drop_unfinished():
            return False
        if self._lingering or not self._is_busy():
            return False
        if self._half_closed is None:
            self._half_closed = HalfClosed(self.loop, self.transport, self._filler)
        return True

    def _drop_unfinished(self) -> bool:
        """Of the request that will not be whole nothing is left; false where it is the one being answered."""
        if not self._in_head:
            unfinished = self.cycle if self._reading is None else self._reading
            if not self.pipeline or self.pipeline[0][0] is not unfinished:
                return False
            self.pipeline.popleft()
            if isinstance(unfinished, Inbound):
                unfinished.leave()
            self.cycle = self.pipeline[0][0] if self.pipeline else self._running
        self._open = self._in_head = False
        self._reading = None
        return True

    def _filler(self) -> bytes:
        return self._running.filler() if isinstance(self._running, Inbound) else b""


def _is_swamped(cycle: RequestResponseCycle) -> bool:
    """Whether more has come than an application has read."""
    return len(cycle.body) > HIGH_WATER_LIMIT and not cycle.response_complete
