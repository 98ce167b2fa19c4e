"""The engine that carries out runs, whatever their kind.

It owns what is the same for all: the workers, going on after a restart, cancelling, waking those who wait, and
storing each state with the events and webhooks that tell of it. What a run is stands in its kind (`kind.py`), what may
happen to it in a table (`states.py`), whose turn it is in `run_queue.py`. Nothing of the wire and of documents here.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Generic, Protocol

from parallel_local.clock import Clock, timestamp
from parallel_local.errors import ApiError, not_found
from parallel_local.runs.failures import trace
from parallel_local.runs.kind import Kind, Line, Move, Posting, Record, Result
from parallel_local.runs.run_queue import RunQueue, Waiting
from parallel_local.runs.signals import Signals
from parallel_local.runs.states import Happening
from parallel_local.runs.store import Event, RunStore
from parallel_local.wire.tasks import ACTIVE

log = logging.getLogger("parallel_local.runs")

Post = Callable[[Posting], None]
"""Sends a webhook, some time after what is stored with it."""
_FOR_EVER = 1e9  # seconds


class RunEnded(Exception):
    """A run was cancelled while it was worked on: its work ends at the next thing it wants to store."""


class Runs(Generic[Record, Result]):
    """The runs of one kind. Used from the event loop only; nothing awaits between reading and writing."""

    def __init__(
        self,
        kind: Kind[Record, Result],
        store: RunStore,
        signals: Signals,
        clock: Clock,
        queue: RunQueue,
        post: Post,
    ) -> None:
        self._kind = kind
        self._store = store
        self._signals = signals
        self._clock = clock
        self._queue = queue
        self._post = post
        self._in_work: set[str] = set()

    def get(self, run_id: str) -> Record:
        """A run; 404 when there is none."""
        record = self._store.get(self._kind.name, run_id, self._kind.record)
        if record is None:
            raise not_found(self._kind.noun, run_id)
        return record

    def accept(self, records: Sequence[Record]) -> None:
        """Take on new runs, all or none; they are queued when this returns."""
        with self._store.together():
            for record in records:
                self._write(record, self._kind.told(record))
        for record in records:
            self._enqueue(record)

    def amend(self, record: Record) -> None:
        """Store what was changed about a run in whatever state it is; nobody is told, and nothing begins."""
        self._write(record, ())

    def save(self, record: Record, lines: Sequence[Line] = ()) -> None:
        """Store progress of a run in work. Raises RunEnded when it was cancelled meanwhile."""
        if not self._is_active(self._kind.card(record).id):
            raise RunEnded
        self._write(record, lines)

    def requeue(self, record: Record, lines: Sequence[Line] = ()) -> None:
        """Store a changed run and have it gone through again; 409 when it is past that."""
        self._enqueue(self._move(record, "queue", lines=lines))

    def cancel(self, run_id: str) -> None:
        """Stop a run; 409 when it is finished already."""
        self._move(self.get(run_id), "cancel")

    def events(self, run_id: str, after: int) -> Sequence[Event]:
        """Events of a run behind a sequence number."""
        return self._store.events(run_id, after)

    async def changed(self, run_id: str, seconds: float) -> bool:
        """Wait until a run is stored anew; false after `seconds` or when the program ends."""
        return await self._signals.heard(run_id, seconds)

    async def settled(self, run_id: str, seconds: float) -> Record:
        """The run as soon as it is no longer active, or as it is after `seconds`."""
        deadline = self._clock.now().timestamp() + seconds
        while self._is_active(run_id):
            left = deadline - self._clock.now().timestamp()
            if left <= 0 or not await self.changed(run_id, left):
                break
        return self.get(run_id)

    async def ended(self, run_id: str) -> None:
        """Return as soon as the run is no longer active; not when the program ends, which cancels whoever waits."""
        while self._is_active(run_id):
            if not await self.changed(run_id, _FOR_EVER) and self.closing:
                await asyncio.get_running_loop().create_future()

    @property
    def closing(self) -> bool:
        """Whether the program is ending, so that streams should too."""
        return self._signals.closed

    def resume(self) -> None:
        """Queue again whatever was unfinished when the program last ended, the oldest first."""
        card = self._kind.card
        unfinished = self._store.active(self._kind.name, self._kind.record)
        for record in sorted(unfinished, key=lambda record: card(record).created_at or ""):
            if self._kind.starts_over:
                self._store.forget(card(record).id)
            self._enqueue(record)

    async def work_on(self, run_id: str) -> None:
        """Carry out a run whose turn it is; no run is worked on twice at a time."""
        if run_id in self._in_work:
            return  # whoever works on it looks again before leaving it
        self._in_work.add(run_id)
        try:
            while self._is_active(run_id):
                await self._carry_out(run_id)
        except Exception:  # its state cannot be read or stored; that must not end the worker either
            log.exception("%s %s is left for the next start", self._kind.noun, run_id)
        finally:
            self._in_work.discard(run_id)

    async def _carry_out(self, run_id: str) -> None:
        record = self._move(self.get(run_id), "start")
        try:
            result = await self._kind.work(record, self)
        except RunEnded as error:
            self._end(run_id, "fail", error=error)
        except Exception as error:  # whatever goes wrong in one run must not end the worker
            log.error("%s %s failed: %s", self._kind.noun, run_id, trace(error))
            self._end(run_id, "fail", error=error)
        else:
            self._end(run_id, "finish", result=result)

    def _enqueue(self, record: Record) -> None:
        card = self._kind.card(record)
        self._queue.put(Waiting(card.id, card.seconds, self.work_on))

    def _end(
        self, run_id: str, how: Happening, *, result: Result | None = None, error: Exception | None = None
    ) -> None:
        """The move at the end of work; none where the run was cancelled, or queued again, meanwhile."""
        record = self.get(run_id)
        if (self._kind.card(record).status, how) in self._kind.states:
            self._move(record, how, result=result, error=error)

    def _move(
        self,
        record: Record,
        happening: Happening,
        *,
        lines: Sequence[Line] = (),
        result: Result | None = None,
        error: Exception | None = None,
    ) -> Record:
        """Store the next state, and `lines` before what is told of it; 409 when there is no such move."""
        card = self._kind.card(record)
        status = self._kind.states.get((card.status, happening))
        if status is None:
            raise ApiError(409, f"the run is already {card.status}", detail={"id": card.id})
        now = timestamp(self._clock.now())
        moved = self._kind.moved(record, Move(status, now, result, error))
        self._write(moved, (*lines, *self._kind.told(moved)))
        return moved

    def _write(self, record: Record, lines: Iterable[Line]) -> None:
        """Store a record with its events and webhooks; those who are woken go on when the caller next awaits."""
        card, lines = self._kind.card(record), tuple(lines)
        with self._store.together():
            self._store.put(
                self._kind.name, card.id, record, active=card.status in ACTIVE, parent=card.parent
            )
            for line in lines:
                self._store.append(line.stream, line.event, line.subject)
            for posting in self._kind.posted(record, lines):
                self._post(posting)
        for bell in (card.id, *card.bells):
            self._signals.ring(bell)

    def _is_active(self, run_id: str) -> bool:
        return self._kind.card(self.get(run_id)).status in ACTIVE


class _Resumed(Protocol):
    """The runs of a kind, whichever it is."""

    def resume(self) -> None:
        """Queue again what is unfinished."""


class RunEngine:
    """All kinds of runs, and the workers for them: one pool, so that its size says how much is done at a time."""

    def __init__(
        self, store: RunStore, signals: Signals, clock: Clock, workers: int, post: Post | None = None
    ) -> None:
        """`workers` runs are carried out at a time, whatever their kinds; 0 leaves them queued."""
        self._store = store
        self._signals = signals
        self._clock = clock
        self._workers = workers
        self._post = post or _nobody
        self._queue = RunQueue(clock)
        self._kinds: list[_Resumed] = []

    def add(self, kind: Kind[Record, Result]) -> Runs[Record, Result]:
        """Take on a kind of run; to be called before `working`."""
        runs = Runs(kind, self._store, self._signals, self._clock, self._queue, self._post)
        self._kinds.append(runs)
        return runs

    def resume(self) -> None:
        """Queue again what is unfinished, of every kind."""
        for runs in self._kinds:
            runs.resume()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Carry out runs, old and new, until the block is left. Those under way are then left for the next start."""
        self.resume()
        workers = [
            # One of several is kept free of long work.
            asyncio.create_task(self._work(only_short=place == 0 and self._workers > 1))
            for place in range(self._workers)
        ]
        try:
            yield
        finally:
            self._signals.close()
            for worker in workers:
                worker.cancel()
            for worker in workers:
                with suppress(asyncio.CancelledError):
                    await worker

    async def _work(self, *, only_short: bool) -> None:
        """One worker: a run after the other, for ever."""
        while True:
            run = await self._queue.take(only_short=only_short)
            await run.carry_out(run.run_id)


def _nobody(_posting: Posting) -> None:
    """Where no webhooks are sent."""
