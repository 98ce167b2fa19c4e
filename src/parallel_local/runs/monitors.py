"""Monitors as a kind of run: a monitor is queued again for each execution, and never comes to an end by itself.

What an execution finds out is of `monitors/`; here it is stored, told and posted, together with what the monitor
remembers for the next one: after a crash in between, the execution is carried out once more.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Executor

import msgspec

from parallel_local.clock import Clock, timestamp
from parallel_local.monitors.detection import Detection, Watch, detect
from parallel_local.monitors.journal import Journal
from parallel_local.monitors.memory import Memory as Seen
from parallel_local.monitors.telling import changed_part, json_output, text_output
from parallel_local.retrieval.library import Library
from parallel_local.runs.engine import Post, RunEnded, Runs
from parallel_local.runs.failures import RunFailure, cause, trace
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.kind import Book, Card, Line, Move, Posting
from parallel_local.runs.memory import Memory
from parallel_local.runs.monitor_records import (
    EXECUTION,
    MEMORY,
    MONITOR,
    Execution,
    MonitorRecord,
    executions_of,
    forget_execution,
)
from parallel_local.runs.states import MONITOR as MONITOR_STATES
from parallel_local.runs.states import States
from parallel_local.runs.store import RunStore
from parallel_local.runs.task_records import TASK, TaskRecord
from parallel_local.runs.webhooks import monitor_postings
from parallel_local.threads import in_thread
from parallel_local.wire.monitors import (
    CompletionEvent,
    ErrorEvent,
    EventStreamEvent,
    EventStreamSettings,
    MonitorEvent,
    SnapshotEvent,
    SnapshotResponseSettings,
)
from parallel_local.wire.tasks import Output

MonitorRuns = Runs[MonitorRecord, None]
Rerun = Callable[[TaskRecord], Awaitable[Output]]
"""A task carried out once more, with nobody told."""

_MOST_EVENTS = 100  # of one execution
_MOST_EXECUTIONS = 300  # that are kept of a monitor, and as many completions
_LONGEST_CONTEXT = 2000
_QUOTES = {"lite": 2, "base": 4}
_SECONDS = {"lite": 1.0, "base": 2.0}

log = logging.getLogger("parallel_local.monitors")


class _Outcome(msgspec.Struct, frozen=True):
    """What an execution comes to: events, and what is kept for the next one."""

    events: list[MonitorEvent] = []
    memory: Seen | None = None
    latest: Output | None = None
    error: str | None = None


class MonitorKind:
    """Monitors, for the engine."""

    name = MONITOR
    noun = "monitor"
    record: type[MonitorRecord] = MonitorRecord
    states: States = MONITOR_STATES
    starts_over = False

    def __init__(
        self,
        library: Library,
        journal: Journal,
        store: RunStore,
        interactions: Interactions,
        clock: Clock,
        threads: Executor,
        rerun: Rerun,
        post: Post,
        memory: Memory,
    ) -> None:
        self._library = library
        self._journal = journal
        self._store = store
        self._interactions = interactions
        self._clock = clock
        self._threads = threads
        self._rerun = rerun
        self._post = post
        self._memory = memory
        self._is_held = False

    def card(self, record: MonitorRecord) -> Card:
        """A monitor stands for itself."""
        created = timestamp(record.created_at)
        return Card(record.monitor_id, record.state, created, seconds=_SECONDS[record.processor])

    def moved(self, record: MonitorRecord, move: Move[None]) -> MonitorRecord:
        """What executions find is stored by the work itself."""
        return msgspec.structs.replace(record, state=move.status)

    def told(self, _record: MonitorRecord) -> Iterable[Line]:
        """Nobody follows a monitor's states."""
        return ()

    def posted(self, _record: MonitorRecord, _lines: Sequence[Line]) -> Iterable[Posting]:
        """Webhooks tell of executions, not of states."""
        return ()

    def hold(self, held: bool) -> None:
        """Begin no execution while the documents are being taken up: what is not there yet has not gone."""
        self._is_held = held

    async def work(self, record: MonitorRecord, book: Book[MonitorRecord]) -> None:
        """Carry out the executions that are due, one after the other; held ones are queued again when that ends."""
        while not self._is_held and (record := book.get(record.monitor_id)).is_due:
            group = f"mevtgrp_{self._clock.new_hex()}"
            try:
                outcome = await self._execute(record, group)
            except RunEnded:
                raise
            except Exception as error:  # whatever goes wrong in one execution is told as its event
                log.error("an execution of %s failed: %s", record.monitor_id, trace(error))
                outcome = _Outcome(error=f"the execution failed: {cause(error)}")
            self._keep(record, group, outcome, book)

    async def _execute(self, record: MonitorRecord, group: str) -> _Outcome:
        if record.snapshot is not None:
            return await self._compare(record, record.snapshot, group)
        settings = record.stream or EventStreamSettings(query="")
        memory = self._store.get(MEMORY, record.monitor_id, Seen)
        return await in_thread(self._threads, lambda: self._detect(record, settings, memory, group))

    def _detect(
        self, record: MonitorRecord, settings: EventStreamSettings, memory: Seen | None, group: str
    ) -> _Outcome:
        """In a thread: what changed in the documents, as events."""
        advanced = settings.advanced_settings
        watch = Watch(
            settings.query, advanced.source_policy if advanced else None, bool(settings.include_backfill)
        )
        found, memory = detect(self._library, self._journal, watch, memory)
        if len(found) > _MOST_EVENTS:
            log.warning("%s: %d more changes are not told", record.monitor_id, len(found) - _MOST_EVENTS)
        events: list[MonitorEvent] = []
        for one in found[:_MOST_EVENTS]:
            few = msgspec.structs.replace(one, quotes=one.quotes[: _QUOTES[record.processor]])
            output = self._output(few, settings)
            date = one.date or self._clock.now().date().isoformat()
            events.append(EventStreamEvent(f"evt_{self._clock.new_hex()}", group, date, output))
        return _Outcome(events, memory)

    def _output(self, found: Detection, settings: EventStreamSettings) -> Output:
        if settings.output_schema is None:
            return text_output(found)
        return json_output(self._library, found, settings.query, settings.output_schema.json_schema)

    async def _compare(
        self, record: MonitorRecord, settings: SnapshotResponseSettings, group: str
    ) -> _Outcome:
        """The task carried out once more, beside what it came to before."""
        task = self._store.get(TASK, settings.task_run_id, TaskRecord)
        before = record.latest or (task.output if task else None)
        if task is None or before is None:
            raise RunFailure("the task run that it compares with is gone")
        now = await self._rerun(task)
        changed = changed_part(before, now)
        if changed is None:
            return _Outcome(latest=now)
        date = self._clock.now().date().isoformat()
        event = SnapshotEvent(f"evt_{self._clock.new_hex()}", group, date, changed, before)
        return _Outcome([event], latest=now)

    def _keep(self, begun: MonitorRecord, group: str, outcome: _Outcome, book: Book[MonitorRecord]) -> None:
        """Store what an execution came to, all of it or, after a cancel, nothing.

        One that only a change of the folder has caused, and that had nothing to tell, leaves no trace.
        """
        now, record = self._clock.now(), book.get(begun.monitor_id)
        events = outcome.events
        if outcome.error is not None:
            events = [ErrorEvent(outcome.error, timestamp(now))]
        listed = bool(events) or begun.owed > 0
        kept = msgspec.structs.replace(
            record,
            owed=record.owed - (begun.owed > 0),
            stale=record.stale - begun.stale,
            executed=record.executed + listed,
            last_run_at=now,
            latest=outcome.latest or record.latest,
        )
        with self._store.together():
            book.save(kept)
            if outcome.memory is not None:
                self._store.put(
                    MEMORY, record.monitor_id, outcome.memory, active=False, parent=record.monitor_id
                )
            if listed:
                events = events or [CompletionEvent(timestamp(now))]
                self._list(record, Execution(group, kept.executed, now, events))

    def _list(self, record: MonitorRecord, execution: Execution) -> None:
        """Keep an execution for the list of events, and tell of it; the oldest is forgotten in the end."""
        self._store.put(
            EXECUTION, execution.event_group_id, execution, active=False, parent=record.monitor_id
        )
        kept = executions_of(self._store, record.monitor_id)
        for alike in (True, False):
            for old in [one for one in kept if one.is_completion is alike][_MOST_EXECUTIONS:]:
                forget_execution(self._store, self._interactions, old)
        for event in execution.events:
            if isinstance(event, EventStreamEvent):
                told = f"{record.query} {event.output.content}"
                self._interactions.remember(event.event_id, told[:_LONGEST_CONTEXT])
        self._memory.remember(record, execution)
        for posting in monitor_postings(record, execution):
            self._post(posting)
