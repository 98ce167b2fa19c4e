"""The settle phase: what a call has cost, its record into the journal, and then the last bytes of its answer.

Every call is settled exactly once, whatever has happened to it, in code without a single `await`, so that no
cancellation can come between.
"""

from __future__ import annotations

import logging

from penstock.clock import Clock
from penstock.journal.journal import Journal
from penstock.journal.record import COMPLETE, Outcome
from penstock.proxy.call import Call
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.recorder import record_frame
from penstock.wire.own_tokens import OwnTokens

log = logging.getLogger("penstock.pipeline")


class Settlement:
    """Settles the calls of a worker."""

    def __init__(self, journal: Journal, clock: Clock, own: OwnTokens) -> None:
        self._journal = journal
        self._clock = clock
        self._own = own

    def settle(self, call: Call | None, inbound: Inbound, *, silent: bool = False) -> None:
        """Records the call and lets the end of the answer go, in this order. `silent`: another leg will answer."""
        if call is None:
            inbound.finish()
            return
        if call.settled:
            return
        call.settled = True
        then = _nothing if silent else inbound.finish
        writer = call.writer
        if writer is not None and call.outcome != COMPLETE and writer.unfinished:
            then = writer.break_off
        if call.exchange is not None:
            call.exchange.close()
            call.exchange = None
        if inbound.gone and call.outcome == COMPLETE:
            call.outcome = Outcome.ABANDONED
        if writer is not None:
            call.received = writer.received
        if call.reservation is not None or call.key_reservation is not None:
            _settle_spending(call)
        if not call.logged:
            if call.capture is not None:
                call.capture.release()  # the memory goes back, for others
                call.capture = None
            then()
            return
        try:
            frame = record_frame(call, self._clock.monotonic(), self._own)
        except Exception:
            log.exception("a call cannot be recorded")  # the client is not to blame, and gets its answer
            self._journal.unwritten += 1
            then()
        else:
            self._journal.commit(frame, then)


def _settle_spending(call: Call) -> None:
    if call.capture is not None:
        call.answer, call.answer_cut = call.capture.release(), call.capture.cut
        call.capture = None
    spending = call.gateway.spending
    if spending is not None:
        try:
            spending.settle(call)
        except Exception:
            log.exception("what a call has cost could not be counted")


def _nothing() -> None:
    """A leg that failed has nothing to let go."""
