"""A kind of run whose work goes as far as a test lets it, and an engine for it over a file."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import msgspec
from local_clock import ManualClock

from parallel_local.runs.engine import RunEngine, Runs
from parallel_local.runs.kind import Book, Card, Line, Move, Posting
from parallel_local.runs.signals import Signals
from parallel_local.runs.states import AGAIN, States
from parallel_local.runs.store import RunStore
from parallel_local.wire.tasks import RunStatus

LONG = 1000.0  # seconds of a clock that stands still
BOUND = 120  # true seconds, for a test that hangs


class Note(msgspec.Struct, frozen=True):
    """A run; `text` grows while it is worked on."""

    id: str
    status: RunStatus = "queued"
    made: str = ""
    text: str = ""
    reason: str | None = None


class Told(msgspec.Struct, frozen=True):
    what: str


Working = Callable[[Note, Book[Note]], Awaitable[str]]


async def at_once(_record: Note, _book: Book[Note]) -> str:
    return "done"


class Notes:
    """A kind of run whose work is the test's. `begun` says which runs were worked on, in order."""

    noun = "note"
    record: type[Note] = Note

    def __init__(
        self,
        doing: Working = at_once,
        *,
        name: str = "note",
        states: States = AGAIN,
        starts_over: bool = False,
        seconds: float = 0.0,
    ) -> None:
        self.doing = doing
        self.name = name
        self.states = states
        self.starts_over = starts_over
        self.seconds = seconds
        self.begun: list[str] = []

    def card(self, record: Note) -> Card:
        return Card(record.id, record.status, record.made, bells=("board",), seconds=self.seconds)

    def moved(self, record: Note, move: Move[str]) -> Note:
        reason = move.result or (repr(move.error) if move.error else None)
        return msgspec.structs.replace(record, status=move.status, reason=reason)

    def told(self, record: Note) -> Iterable[Line]:
        yield Line(record.id, Told(record.status))

    def posted(self, record: Note, _lines: Sequence[Line]) -> Iterable[Posting]:
        return ()

    async def work(self, record: Note, book: Book[Note]) -> str:
        self.begun.append(record.id)
        return await self.doing(record, book)


class Gate:
    """Work waits in `pass_` until the test opens it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def pass_(self, _record: Note, _book: Book[Note]) -> str:
        self.reached.set()
        await self.opened.wait()
        return "done"


class Place:
    """An engine on one file, as a program has it from one start to its end."""

    def __init__(self, path: Path, workers: int) -> None:
        self.store = RunStore(path / "runs.db")
        self.clock = ManualClock()
        self.signals = Signals(self.clock)
        self.engine = RunEngine(self.store, self.signals, self.clock, workers)

    def told(self, run_id: str) -> list[str]:
        """What the run's own events say."""
        return [msgspec.json.decode(event.body, type=Told).what for event in self.store.events(run_id)]


@asynccontextmanager
async def started(place: Place) -> AsyncIterator[None]:
    async with asyncio.timeout(BOUND), place.engine.working():
        yield


@asynccontextmanager
async def again(path: Path, kind: Notes, workers: int = 1) -> AsyncIterator[tuple[Place, Runs[Note, str]]]:
    """The program started once more on the same file."""
    place = Place(path, workers)
    with closing(place.store):
        runs = place.engine.add(kind)
        async with started(place):
            yield place, runs


async def leave_unfinished(path: Path, *notes: Note) -> None:
    """A file whose program ended before it came to these."""
    place = Place(path, workers=0)
    with closing(place.store):
        runs = place.engine.add(Notes())
        async with started(place):
            runs.accept(notes)
