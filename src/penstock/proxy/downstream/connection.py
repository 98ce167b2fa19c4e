"""A client's connection: whose turn it is, what becomes of what cannot be understood, and when it ends.

Requests below `/v1/` never become ASGI messages: one `Inbound` and one task each, in the order in which they came;
everything else goes to the ASGI application as usual. Bytes are read in `request_reader.py`; what a request means
is decided in the pipeline.
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

from penstock.errors import REQUEST_TIMEOUT, GatewayError
from penstock.proxy.downstream.busy_poll import BusyPoll
from penstock.proxy.downstream.half_closed import HalfClosed
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.downstream.request_reader import RequestReader, head_weight
from penstock.proxy.downstream.timeouts import ClientLimits, Progress, Waiting, seconds_allowed
from penstock.proxy.request_body import RequestBody
from penstock.proxy.room import Room, Share, busy
from penstock.wire.own_tokens import NO_ADMIN, OwnTokens

_QUEUED = (
    16  # pipelined requests that may wait; then we stop reading, and no longer notice that a client leaves
)


class Handler(Protocol):
    """What answers requests of the data plane, and how much may be held for them."""

    room: Room

    def run(self, inbound: Inbound) -> Coroutine[None, None, None]: ...


class ClientConnection(RequestReader):
    """One client connection. Made by `connection_class`, which binds handler and limits."""

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
        self._share: Share | None = None  # of the room: what is not read, on both sides
        self._drained = 0  # bytes that the client took after it had been too slow
        self._peak = 0  # bytes that waited for it when last looked at
        self._progress: Progress | None = None  # while others wait for the memory it takes
        self._watched: tuple[Waiting, int] | None = None
        self._since = 0.0

    # -- turns

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
        """A page of the ASGI application was answered."""
        if self.pipeline and self.flow.write_paused:
            self.server_state.total_requests += 1
            self._stalled = True
            return
        super().on_response_complete()
        self.read_on()
        if self._half_closed is not None and not (self._is_busy() or self._behind):
            self.transport.close()

    def _next(self) -> None:
        """The next request has its turn: not before what was written has gone out, but for a bounded rest."""
        if self.pipeline:
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

    # -- what goes wrong

    def _fail(self, error: GatewayError) -> None:
        """Answers what cannot be understood, after all that came before it, and closes."""
        if self._reading is not None:
            self._reading.keep_alive = False
            self._reading.fail(error)
            if not self._taken:
                self._take(self._reading)
            elif self._reading.response_complete:
                self.linger()
            return
        if not self._end_page():
            self.transport.close()
            return
        self._deaf = True
        inbound = Inbound(self, b"GET", b"", [], RequestBody(self._hold), False, False, error=error)
        self._reading = inbound
        self._in_head = False
        self._take(inbound)

    def _end_page(self) -> bool:
        """The page whose request will not be whole no longer waits for it; false where it has begun to answer."""
        page = self.cycle
        if not self._open or self._drop_unfinished() or page is None or page.response_complete:
            return True
        if isinstance(page, Inbound) or page.response_started:
            return False
        page.disconnected = True
        page.message_event.set()
        self.cycle = None
        return True

    def linger(self) -> None:
        self._deaf = self._lingering = True
        self._unread, self._behind = memoryview(b""), False
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.flow.resume_reading()
        else:
            self.transport.close()

    # -- the connection's life

    @property
    def congested(self) -> bool:
        return self.flow.write_paused

    def connection_lost(self, exc: Exception | None) -> None:
        """All that was held for it is let go here: the collector counts objects, not the megabytes they hold."""
        if self._half_closed is not None:
            self._half_closed.end()
        self._running = self._half_closed = None
        waiting = [cycle for cycle, _ in self.pipeline if isinstance(cycle, Inbound)]
        self.pipeline.clear()
        if isinstance(self.cycle, Inbound):
            self.cycle = None
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        for inbound in (self._answering, self._reading, *waiting):
            if inbound is not None:
                inbound.leave()
        self.cycle = self._answering = self._reading = None
        self.headers = []
        self._unread = memoryview(b"")
        if self._share is not None:
            self._share.release()

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

    def pause_writing(self) -> None:
        super().pause_writing()
        self._peak = self.transport.get_write_buffer_size()
        self._weigh()
        if self._answering is not None and self._answering.flow is not None:
            self._answering.flow.pause()

    def resume_writing(self) -> None:
        self._count_drained()
        super().resume_writing()
        self._weigh()
        if self._answering is not None and self._answering.flow is not None:
            self._answering.flow.resume()
        if self._stalled and not self.flow.write_paused:
            self._stalled = False
            self._next()

    def shutdown(self) -> None:
        """The server stops: calls in flight end, idle connections close now."""
        current = self.cycle
        if self._lingering or current is None or (current.response_complete and not self._in_head):
            self.transport.close()
            return
        current.keep_alive = False

    # -- memory

    def _weigh(self) -> None:
        unsent = self.transport.get_write_buffer_size() if self.flow.write_paused else 0
        held = len(self._unread) + unsent + self._unfinished() + sum(map(_weight, self.pipeline))
        if self._share is None:
            account = "" if self._answering is None else self._answering.account
            self._share = self.handler.room.share(account)
        self._share.hold(held)
        if self._in_head and self.handler.room.budget.free < 0:
            self._fail(busy())

    def _count_drained(self) -> None:
        """How much the client has taken since the last look."""
        waiting = self.transport.get_write_buffer_size()
        self._drained += max(0, self._peak - waiting)
        self._peak = waiting

    def _makes_room(self, now: float) -> bool:
        """Others wait for memory: whether this client holds some, and does not move on."""
        if not self.handler.room.pressed:
            self._progress = None
            return False
        self._count_drained()
        held = 0 if self._share is None else self._share.held
        moved = self._drained
        for inbound in (self._reading, self._answering):
            if inbound is not None and inbound.body.share is not None:
                held += inbound.body.share.held
                moved += inbound.body.size
                break
        if self._progress is None:
            self._progress = Progress(now, moved)
        return self._progress.is_too_slow(now, moved, held)

    def sweep(self, now: float) -> None:
        """Ends a client that is too slow. To be called about once a second."""
        if self._makes_room(now):
            waiting = self._waiting_for()
            if waiting is Waiting.READER:
                self.transport.abort()
            elif waiting is Waiting.BODY and not self._reading_answered():
                self._fail(busy())
        watched = (self._waiting_for(), self._requests)
        if watched != self._watched:
            self._watched = watched
            self._since = now
            return
        received = self._reading.body.size if self._reading is not None else 0
        if now - self._since <= seconds_allowed(watched[0], self.limits, received):
            return
        if watched[0] is Waiting.READER:
            self.transport.abort()
        elif watched[0] in (Waiting.REQUEST, Waiting.CLOSE) or self._reading_answered():
            self.transport.close()
        else:
            self._fail(GatewayError(REQUEST_TIMEOUT, "the request did not come in time"))

    def _reading_answered(self) -> bool:
        return self._reading is not None and self._reading.response_complete

    def _waiting_for(self) -> Waiting:
        if self._lingering:
            return Waiting.CLOSE
        if self.flow.write_paused:
            return Waiting.READER
        if self._in_head or self._reading is not None:
            if self.flow.read_paused or self.pipeline:
                return Waiting.NOTHING
            return Waiting.HEAD if self._in_head else Waiting.BODY
        current = self.cycle
        return Waiting.REQUEST if current is None or current.response_complete else Waiting.NOTHING


def _is_swamped(cycle: RequestResponseCycle) -> bool:
    """Whether more has come than an application has read."""
    return len(cycle.body) > HIGH_WATER_LIMIT and not cycle.response_complete


def _weight(queued: tuple[RequestResponseCycle | Inbound, ASGI3Application]) -> int:
    """Bytes that a request holds that has not begun."""
    cycle = queued[0]
    if isinstance(cycle, Inbound):
        return cycle.body.size + head_weight(cycle.headers)
    return len(cycle.body) + head_weight(cycle.scope["headers"])


def connection_class(
    handler: Handler, limits: ClientLimits, busy_poll: BusyPoll, own: OwnTokens = NO_ADMIN
) -> type[ClientConnection]:
    """The protocol class to give to uvicorn as `http`."""
    return type(
        "BoundClientConnection",
        (ClientConnection,),
        {"handler": handler, "limits": limits, "busy_poll": busy_poll, "own": own},
    )
