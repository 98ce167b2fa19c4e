"""What a connection holds of the worker's memory, and when it has to let go of some.

Counted is what is not read, on both sides: requests that wait or are not whole, bytes that are not parsed, what client
or provider do not take. How much there is for all, and who is to have it, is `room.py`'s affair.
"""

from __future__ import annotations

import asyncio

from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.downstream.other_end import moved
from penstock.proxy.downstream.request_reader import head_weight
from penstock.proxy.downstream.timeouts import Progress, Waiting
from penstock.proxy.downstream.turns import Turns
from penstock.proxy.room import Share, busy, held_for_answer


class Weighed(Turns):
    """The memory of one connection. Who inherits ends it, and knows what it waits for."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._share: Share | None = None  # of the room
        self._drained = 0  # bytes that the client took after it had been too slow
        self._peak = 0  # bytes that waited for it when last looked at
        self._progress: Progress | None = None  # while others wait for the memory it takes

    def _waiting_for(self) -> Waiting:
        """What the client may be too slow about."""
        raise NotImplementedError

    def done(self, inbound: Inbound) -> None:
        super().done(inbound)
        if self._share is not None and self._share.held:
            self._weigh()

    def _weigh(self) -> None:
        share, room = self._own_share(), self.handler.room
        unsent = self.transport.get_write_buffer_size() if self.flow.write_paused else 0
        unsent += 0 if self._reading is None else self._reading.body.unsent
        page = 0 if self._running is None or isinstance(self._running, Inbound) else len(self._running.body)
        held = len(self._unread) + unsent + self._unfinished() + page + sum(map(_weight, self.pipeline))
        share.hold(held)
        if room.is_tight and held > self._small_head and room.is_over(share.account):
            self._turn_away()

    @property
    def _account(self) -> str:
        """Whose calls come on this connection, as far as that is known."""
        if isinstance(self._running, RequestResponseCycle):
            share = held_for_answer(self._running.scope)
            return "" if share is None else share.account
        known = "" if self._answering is None else self._answering.account
        return known or ("" if self._share is None else self._share.account)

    def _own_share(self) -> Share:
        """What this connection holds of the room; it belongs to the account of the call, once that is known."""
        account = self._account
        if self._share is None or account != self._share.account:
            if self._share is not None:
                self._share.release()
            self._share = self.handler.room.share(account)
        return self._share

    def _turn_away(self) -> None:
        """There is no room for what comes: nothing that has not begun is begun, the next answer says why, and is the
        last. A body that its provider does not take goes no further.
        """
        if self._deaf:
            return
        if self.pipeline:
            self._forget_waiting()
            self._fail(busy())
        elif self._reading is None:
            if self._open:
                self._fail(busy())  # a head, or the body of a page's request, that goes on
        elif self._reading.body.unsent:
            self._fail(busy())

    def _forget_waiting(self) -> None:
        """What was asked for behind the request that is being answered, and what came behind that."""
        for waiting, _ in self.pipeline:
            if isinstance(waiting, Inbound):
                waiting.leave()
        self.pipeline.clear()
        self.cycle = self._running
        self._unread, self._behind = memoryview(b""), False
        self._open = self._in_head = False
        self._reading, self.headers = None, []

    # -- when others wait for memory

    def _give_way(self, now: float) -> None:
        """Lets go of what it is about to keep for too long. To be called about once a second."""
        if not self.handler.room.presses(self._account):
            self._progress = None
            return
        so_far = self._moved()
        if self._progress is None:
            self._progress = Progress(now, so_far)
        if not self._progress.is_too_slow(now, so_far, self._held_in_all()):
            return
        waiting = self._waiting_for()
        if waiting is Waiting.READER:
            self.transport.abort()
        elif waiting in (Waiting.HEAD, Waiting.BODY):
            if not (self._deaf or self._reading_answered()):
                self._fail(busy())
        elif waiting is Waiting.NOTHING:
            self._turn_away()

    def _held_in_all(self) -> int:
        """Bytes, what is held elsewhere for this client's request or answer among them."""
        shares = [self._share]
        for inbound in (self._reading, self._answering):
            if inbound is not None and inbound.body.share is not None:
                shares.append(inbound.body.share)
                break
        if isinstance(self._running, RequestResponseCycle):
            shares.append(held_for_answer(self._running.scope))
        return sum(share.held for share in shares if share is not None)

    def _moved(self) -> int:
        """How many bytes have moved on this connection, as the kernel knows it: of what is written it takes megabytes
        at a time. Where it does not tell, as far as is seen from here.
        """
        connection = self.transport.get_extra_info("socket")
        told = None if connection is None else moved(connection)
        if told is not None:
            return told
        self._count_drained()
        body = 0 if self._reading is None else self._reading.body.size
        return self._drained + body + self._unfinished()

    def _count_drained(self) -> None:
        """How much the client has taken since the last look."""
        waiting = self.transport.get_write_buffer_size()
        self._drained += max(0, self._peak - waiting)
        self._peak = waiting

    def _reading_answered(self) -> bool:
        return self._reading is not None and self._reading.response_complete


def _weight(queued: tuple[RequestResponseCycle | Inbound, ASGI3Application]) -> int:
    """Bytes that a request holds that has not begun."""
    cycle = queued[0]
    if isinstance(cycle, Inbound):
        return cycle.body.size + head_weight(cycle.headers)
    return len(cycle.body) + head_weight(cycle.scope["headers"])
