"""What the run ledger wants of one call: what its answer tells, read on its way, and what it has made.

A ticket is put on a call at the door (`door.py`). Streams are read as they pass and what they tell is taken up at once;
documents when the call is settled. The last bytes of an answer that has made something wait until that is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from penstock.budget import Budget
from penstock.journal.record import HEARD_OUT
from penstock.pricing.custom_cost import parse_custom_cost
from penstock.proxy.call import Call
from penstock.proxy.call_bodies import request_of
from penstock.proxy.capture import Capture, Listener
from penstock.proxy.runs.desk import RunDesk
from penstock.runs.created import Maker, made, outcome
from penstock.runs.places import Act, Ask
from penstock.runs.reading import sightings
from penstock.runs.run import Create, Money, Outcome, Run, RunKind, SeenBy, Sighting
from penstock.runs.stream_place import StreamPlace
from penstock.runs.streams import RunStream
from penstock.stores.runs import Made, Seen
from penstock.wire.content_encoding import plain

_MOST_READ: Final = 16 * 1024 * 1024  # bytes of a document; of a longer one its ends are read
_OK: Final = 200

Then = Callable[[], None]


class _Heard(NamedTuple):
    """A plain answer, as far as it was heard: all of it, or its first and its last bytes."""

    status: int
    kind: str = ""
    first: bytes = b""
    last: bytes = b""
    is_whole: bool = False


class _Events:
    """Listens to a stream."""

    def __init__(self, stream: RunStream, saw: Callable[[Sequence[Sighting]], None]) -> None:
        self._stream = stream
        self._saw = saw

    def feed(self, data: bytes) -> None:
        found = self._stream.feed(data)
        if found:
            self._saw(found)

    def give_up(self) -> None:
        """What was told before stays true."""


class _Document:
    """Keeps a document that comes in pieces."""

    def __init__(self, budget: Budget) -> None:
        self.kept = Capture(_MOST_READ, budget, ends=True)
        self.is_lost = False

    def feed(self, data: bytes) -> None:
        self.kept.add(data)

    def give_up(self) -> None:
        self.is_lost = True


class RunTicket:
    """Of one call. `create` is what was written down of it before it left, if it makes something."""

    __slots__ = ("_ask", "_budget", "_create", "_desk", "_document", "_is_heard", "_now_us", "_origin")

    def __init__(
        self,
        desk: RunDesk,
        ask: Ask,
        origin: str,
        create: Create | None,
        now_us: Callable[[], int],
        budget: Budget,
    ) -> None:
        self._desk = desk
        self._ask = ask
        self._origin = origin
        self._create = create
        self._now_us = now_us
        self._budget = budget
        self._document: _Document | None = None
        self._is_heard = False  # a stream that came in pieces

    @property
    def wants_receipt(self) -> bool:
        """Whether what limits have counted for this call may be corrected later."""
        return self._create is not None and self._ask.act is not Act.RESPOND

    @property
    def is_patient(self) -> bool:
        """Who waits for a result waits on where the provider fails meanwhile; that it is still to come is an answer."""
        return self._ask.act is Act.RESULT and self._ask.kind is RunKind.TASK

    def place(self) -> StreamPlace | None:
        """How far a stream was passed on; None where no other answer can go on from there."""
        return StreamPlace(self._ask) if self._ask.is_resumable else None

    def listener(self) -> Listener:
        """Who hears the plain bytes of the answer, as they come."""
        if self._ask.streams:
            self._is_heard = True
            return _Events(RunStream(self._ask), lambda found: self._see(found, SeenBy.STREAM))
        self._document = _Document(self._budget)
        return self._document

    def closing(self, call: Call, then: Then) -> Then:
        """What is done in place of `then` when the call's record is written; `then` follows."""
        heard = self._heard(call)
        if call.cached or call.error is not None:
            heard = _Heard(call.status)
        if self._create is not None:
            return self._made(call, self._create, heard, then)
        if self._ask.streams:
            if not self._is_heard and call.status == _OK:
                self._see(RunStream(self._ask).feed(heard.first), SeenBy.STREAM)
        elif heard.first:
            self._desk.look(lambda: self._read(heard, self._now_us()))
        return then

    def _heard(self, call: Call) -> _Heard:
        """The plain answer: all of it, or its first and its last bytes."""
        kind, coding = call.response_type.decode("latin-1"), call.response_encoding.decode("latin-1")
        is_whole, document = call.outcome in HEARD_OUT, self._document
        self._document = None
        if document is None:
            body = plain(call.answer, coding, _MOST_READ) or b"" if coding else call.answer
            return _Heard(call.status, kind, body, b"", is_whole)
        end, _ = document.kept.rest()
        last = end if document.kept.cut else b""
        first = document.kept.release()
        if document.is_lost:
            return _Heard(call.status)
        return _Heard(call.status, kind, first, last, is_whole and not last)

    def _read(self, heard: _Heard, now_us: int) -> list[Seen]:
        """What a document tells. In the thread of the desk."""
        found = sightings(
            self._ask, heard.status, heard.kind, heard.first, is_whole=heard.is_whole, last=heard.last
        )
        is_result = self._ask.act is Act.RESULT and heard.status == _OK and heard.is_whole and len(found) == 1
        result = heard.first if is_result else b""
        return [Seen(sighting, SeenBy.READ, now_us, result, heard.kind) for sighting in found]

    def _see(self, found: Sequence[Sighting], by: SeenBy) -> None:
        now_us = self._now_us()
        self._desk.see(Seen(sighting, by, now_us) for sighting in found)

    def _made(self, call: Call, create: Create, heard: _Heard, then: Then) -> Then:
        became = _outcome(call)
        if self._ask.act is Act.RESPOND and became is not Outcome.MADE:
            return then
        told = Made(create.call_id, became, self._now_us(), heard.status, heard.kind)
        if became is not Outcome.MADE:
            return lambda: self._desk.tell(lambda: told, then)
        answer = b"" if heard.last else heard.first
        told = told._replace(answer=answer, receipts=call.receipts, custom=_is_priced_by_caller(call))
        by = Maker(create.call_id, create.owner, told.answered_us, call.stored_key, self._origin)
        request, is_local = request_of(call) or b"", call.provider is not None and call.provider.is_local
        return lambda: self._desk.tell(lambda: self._with_runs(told, request, by, is_local=is_local), then)

    def _with_runs(self, told: Made, request: bytes, by: Maker, *, is_local: bool) -> Made:
        """With what was made. In the thread of the desk."""
        runs, charges = made(self._ask, request, told.status, told.answer, by)
        if is_local:
            runs, charges = [_for_nothing(run) for run in runs], []
        return told._replace(runs=runs, charges=charges)


def _outcome(call: Call) -> Outcome:
    """What has become of a request that makes something. Where it was sent, and there is no answer to go by, that is
    unknown.
    """
    if call.cached or not call.attempts:
        return Outcome.REFUSED
    if call.error is None:
        return outcome(call.status)
    return outcome(None) if call.body.sent or call.first_byte else Outcome.REFUSED


def _for_nothing(run: Run) -> Run:
    """One of the local engine's."""
    return replace(run, money=Money.NONE, charges=())


def _is_priced_by_caller(call: Call) -> bool:
    """Whether its cost is what its caller says, and not what its runs come to."""
    said = call.controls.custom_cost
    return bool(said) and parse_custom_cost(said) is not None
