"""A client's connection: what becomes of what cannot be understood, and when it ends.

Requests below `/v1/` never become ASGI messages: one `Inbound` and one task each, in the order in which they came;
everything else goes to the ASGI application as usual. Bytes are read in `request_reader.py`; whose turn a request is,
is told in `turns.py`, what a client may hold in `weighed.py`, and what a request means in the pipeline.
"""

from __future__ import annotations

import asyncio
import socket

from uvicorn.config import Config
from uvicorn.server import ServerState

from penstock.errors import REQUEST_TIMEOUT, GatewayError
from penstock.proxy.downstream.busy_poll import BusyPoll
from penstock.proxy.downstream.half_closed import HalfClosed
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.downstream.other_end import is_abandoned, sends_no_more
from penstock.proxy.downstream.timeouts import ClientLimits, Waiting, seconds_allowed
from penstock.proxy.downstream.turns import Handler
from penstock.proxy.downstream.weighed import Weighed
from penstock.proxy.request_body import RequestBody
from penstock.wire.own_tokens import NO_ADMIN, OwnTokens


class ClientConnection(Weighed):
    """One client connection. Made by `connection_class`, which binds handler and limits."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._unheard: HalfClosed | None = None  # the client has ended its side, and not all is read
        self._watched: tuple[Waiting, int] | None = None
        self._since = 0.0

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
        self._deaf, self.headers = True, []
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
        for watch in (self._half_closed, self._unheard):
            if watch is not None:
                watch.end()
        self._running = self._half_closed = self._unheard = None
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

    def _look_for_client(self) -> None:
        """Nothing is read, so nobody is told when the client leaves."""
        if self._unheard is not None or self._half_closed is not None or self.transport.is_closing():
            return
        connection = self.transport.get_extra_info("socket")
        if connection is None or connection.family == socket.AF_UNIX:
            return
        if sends_no_more(connection):
            self._unheard = HalfClosed(self.loop, self.transport, self._filler)
        elif is_abandoned(connection):
            self.transport.abort()

    # -- time

    def sweep(self, now: float) -> None:
        """Ends a client that is too slow. To be called about once a second."""
        self._give_way(now)
        if self.flow.read_paused:
            self._look_for_client()
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


def connection_class(
    handler: Handler, limits: ClientLimits, busy_poll: BusyPoll, own: OwnTokens = NO_ADMIN
) -> type[ClientConnection]:
    """The protocol class to give to uvicorn as `http`."""
    return type(
        "BoundClientConnection",
        (ClientConnection,),
        {"handler": handler, "limits": limits, "busy_poll": busy_poll, "own": own},
    )
