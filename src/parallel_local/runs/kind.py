"""What a kind of run tells the engine about itself: its records, its states, what it says, what is to be done.

Everything but `work` is pure. The engine (`engine.py`) knows no more of a kind than this; a kind knows of the
engine no more than `Book`.
"""

from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from parallel_local.runs.states import States
from parallel_local.wire.tasks import RunStatus

Record = TypeVar("Record", bound=msgspec.Struct)
Result = TypeVar("Result")


class RehearsedFailure(Exception):
    """A run fails because its caller ordered that, to see what comes of it."""


class Card(msgspec.Struct, frozen=True):
    """What the engine reads off a record. `id` also names the run's own stream of events."""

    id: str
    status: RunStatus
    created_at: str | None
    parent: str | None = None
    bells: tuple[str, ...] = ()  # rung with the run's own: where others wait for it
    seconds: float = 0.0  # that the work may take, by and large: shorter runs go first


class Line(msgspec.Struct, frozen=True):
    """An event, the stream it belongs to, and what it is about."""

    stream: str
    event: msgspec.Struct
    subject: str = ""


class Posting(msgspec.Struct, frozen=True):
    """A webhook to be sent: where to, and its envelope (Parallel 2.14)."""

    url: str
    type: str
    timestamp: str
    data: msgspec.Struct | dict[str, object]


class Move(msgspec.Struct, Generic[Result], frozen=True):
    """A change of state at `at`; `result` is there when work finished, `error` when it failed."""

    status: RunStatus
    at: str
    result: Result | None = None
    error: Exception | None = None


class Book(Protocol[Record]):
    """What work may do with its run: look it up, and store how far it has come."""

    def get(self, run_id: str) -> Record:
        """The run as it is now; others may have changed it since the work began."""

    def save(self, record: Record, lines: Sequence[Line] = ()) -> None:
        """Store progress with the events that tell of it."""

    async def ended(self, run_id: str) -> None:
        """Return as soon as the run is no longer active."""


class Kind(Protocol[Record, Result]):
    """One kind of run. `starts_over`: after a restart the work begins anew, and so do its events."""

    name: str  # its records are stored under this
    noun: str  # what a message calls it
    record: type[Record]
    states: States
    starts_over: bool

    def card(self, record: Record) -> Card:
        """What the engine has to know of a record."""

    def moved(self, record: Record, move: Move[Result]) -> Record:
        """The record in its next state."""

    def told(self, record: Record) -> Iterable[Line]:
        """The events that tell of a state just reached; none when nobody is told."""

    def posted(self, record: Record, lines: Sequence[Line]) -> Iterable[Posting]:
        """The webhooks that tell of what is being stored: a record, and the events with it."""

    async def work(self, record: Record, book: Book[Record]) -> Result:
        """Carry the run out. Whatever is raised makes it fail. Cancelled at any `await` when the program ends."""
