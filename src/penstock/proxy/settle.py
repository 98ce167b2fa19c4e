"""The settle phase: what a call has cost, its record into the journal, and then the last bytes of its answer.

Every call is settled exactly once, whatever has happened to it, in code without a single `await`, so that no
cancellation can come between. What takes long, taking many secrets out of large bodies, goes on in later turns of
the event loop, and the end of the answer waits for it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from penstock.budget import Budget
from penstock.clock import Clock
from penstock.journal.journal import Frame, Journal
from penstock.journal.record import COMPLETE, Outcome
from penstock.pieces import Pieces
from penstock.proxy.call import Call
from penstock.proxy.call_bodies import note_end, note_leaving, take_answer
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.long_work import LongWork, Work
from penstock.proxy.recorder import Later, frame_later, record_frame
from penstock.wire.own_tokens import OwnTokens

log = logging.getLogger("penstock.pipeline")

Then = Callable[[], None]

_LEFT = (Outcome.ABANDONED, Outcome.PROVIDER_BROKE)  # what becomes of a call whose client has left


class Settlement:
    """Settles the calls of a worker."""

    def __init__(self, journal: Journal, clock: Clock, own: OwnTokens, budget: Budget) -> None:
        """`budget` is of bodies that wait for being cleaned of secrets."""
        self._journal = journal
        self._clock = clock
        self._own = own
        self._room = budget
        self._long = LongWork(budget)
        self._late: Counter[Inbound] = Counter()  # legs that have ended, and whose records are not made yet

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
        exchange = call.exchange
        if exchange is not None:
            exchange.close()
            call.exchange = None
        if inbound.gone and call.outcome == COMPLETE:
            call.outcome = Outcome.ABANDONED
        if writer is not None:
            call.received = writer.received
            call.writer = None  # it knows the call
            if call.outcome and inbound.gone and not writer.holds_end:
                _note_end(call, self._clock.monotonic(), framed=True)
        if call.unframed or (exchange is not None and exchange.unframed):
            _note_end(call, self._clock.monotonic(), framed=False)
        if call.reservation is not None or call.key_reservation is not None:
            _settle_spending(call)
        if call.ticket is not None:
            then = call.ticket.closing(call, then)
        if not call.logged:
            if call.capture is not None:
                call.capture.drop()  # the memory goes back, for others
                call.capture = None
            then()
            return
        try:
            frame = record_frame(call, self._clock.monotonic(), self._room, self._own)
        except Exception:
            self._unrecorded(then)
            return
        if type(frame) is list and not self._late:  # as a rule
            self._journal.commit(frame, then)
        else:
            self._commit_late(frame, inbound, then, silent=silent)

    def close(self) -> None:
        """Does what is left to do; afterwards all that was settled has been handed to the journal."""
        self._long.finish()

    def _commit_late(self, frame: Frame | Later, inbound: Inbound, then: Then, *, silent: bool) -> None:
        """A record that is not made yet, or may have to wait for others of its request."""
        if isinstance(frame, Later):
            self._late[inbound] += 1
            self._long.begin(self._finished(inbound, frame_later(frame), then, silent=silent), frame.size)
        elif inbound in self._late:
            self._late[inbound] += 1
            self._long.begin(self._finished(inbound, _at_hand(frame), then, silent=silent), 0)
        else:
            self._journal.commit(frame, then)

    def _finished(self, inbound: Inbound, making: Pieces[Frame], then: Then, *, silent: bool) -> Work:
        """A record that is not made yet. The last leg's answer waits for the records of all of them."""
        try:
            frame = yield from making
            while not silent and self._late[inbound] > 1:
                yield 0
        except Exception:
            self._unrecorded(then)
        else:
            self._journal.commit(frame, then)
        self._late[inbound] -= 1
        if not self._late[inbound]:
            del self._late[inbound]

    def _unrecorded(self, then: Then) -> None:
        """The client is not to blame, and gets its answer. To be called where the exception is at hand."""
        log.exception("a call cannot be recorded")
        self._journal.unwritten += 1
        then()


def _note_end(call: Call, now: float, *, framed: bool) -> None:
    """How the answer ended for a client who has left, or if nothing but its own bytes can tell that it is whole."""
    _take_captured(call)
    if call.outcome in _LEFT:
        note_leaving(call, now)
    else:
        note_end(call, now, framed=framed)


def _take_captured(call: Call) -> None:
    if call.capture is not None:
        try:
            take_answer(call, call.capture)
        except MemoryError:
            call.answer_cut = True  # the call must be settled all the same


def _settle_spending(call: Call) -> None:
    _take_captured(call)
    spending = call.gateway.spending
    if spending is not None:
        try:
            spending.settle(call)
        except Exception:
            log.exception("what a call has cost could not be counted")


def _at_hand(frame: Frame) -> Pieces[Frame]:
    """A record that only waits for others."""
    yield 0
    return frame


def _nothing() -> None:
    """A leg that failed has nothing to let go."""
