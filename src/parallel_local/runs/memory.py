"""Memory: what completed runs leave behind under a scope key, and finding it again (Parallel 2.15).

A run is remembered in the moment it completes, by a line in the stream of its scope, a monitor with each execution that
is listed; without a key that is the scope of this engine's one user. For looking back: no answer is made of it.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from parallel_local.answers.subject import subject_text
from parallel_local.clock import timestamp
from parallel_local.runs.kind import Line
from parallel_local.runs.monitor_records import MONITOR, Execution, MonitorRecord
from parallel_local.runs.store import RunStore
from parallel_local.text.tokens import content_words, stems
from parallel_local.wire.findall import FindAllInput, FindAllRun
from parallel_local.wire.memory import (
    FindAllMemory,
    MemoryEvent,
    MemoryKind,
    MemoryResult,
    MonitorMemory,
    RetrieveRequest,
    TaskMemory,
)
from parallel_local.wire.monitors import CompletionEvent, ErrorEvent, SnapshotEvent
from parallel_local.wire.tasks import Output, TaskRun, TaskRunInput, TextOutput

_MOST = 1000  # of the newest in a scope; older ones are not looked at
_LONGEST_EXCERPT = 500
_MOST_EVENTS = 50  # of a monitor


class Memory:
    """Looking into what is remembered, and forgetting it. The runs themselves stay."""

    def __init__(self, store: RunStore) -> None:
        self._store = store

    def known(self, asked: RetrieveRequest, since: datetime | None) -> list[MemoryResult]:
        """The runs that a request may mean, newest first."""
        return [
            item
            for item in self._newest(asked.memory_scope_key)
            if (asked.kind is None or _kind(item) == asked.kind)
            and (since is None or datetime.fromisoformat(item.updated_at) >= since)
        ]

    def remember(self, record: MonitorRecord, execution: Execution) -> None:
        """A monitor, with what its executions told, in place of what was remembered of it before."""
        stream, subject = _stream(record.memory_scope_key), _subject("monitor", record.monitor_id)
        before = self._store.latest(stream, subject)
        earlier = msgspec.json.decode(before.body, type=MonitorMemory).matched_events if before else []
        events = [*_told(execution), *earlier][:_MOST_EVENTS]
        memory = MonitorMemory(
            record.monitor_id, timestamp(execution.at), record.query[:_LONGEST_EXCERPT], "active", events
        )
        self._store.forget(stream, subject)
        self._store.append(stream, memory, subject)

    def clear(self, scope: str | None) -> None:
        """Forget everything in a scope."""
        self._store.forget(_stream(scope))

    def evict(self, kind: MemoryKind, id_: str, scope: str | None) -> None:
        """Forget one run in a scope, if it is remembered there."""
        self._store.forget(_stream(scope), _subject(kind, id_))

    def _newest(self, scope: str | None) -> list[MemoryResult]:
        """Each run once, as it was last remembered: a FindAll run may complete several times."""
        found: dict[str, MemoryResult] = {}
        for event in self._store.newest(_stream(scope), _MOST):
            if event.subject not in found:
                found[event.subject] = msgspec.json.decode(event.body, type=MemoryResult)
        return [self._as_now(item) for item in found.values()]

    def _as_now(self, item: MemoryResult) -> MemoryResult:
        """A monitor may have ended since; one that is no longer known of has."""
        if not isinstance(item, MonitorMemory):
            return item
        record = self._store.get(MONITOR, item.id, MonitorRecord)
        ended = record is None or record.is_cancelled
        return msgspec.structs.replace(item, status="cancelled") if ended else item


def task_memory(run: TaskRun, task: TaskRunInput, output: Output | None) -> Iterator[Line]:
    """What is remembered of a task in its present state: nothing until it has an output."""
    if run.status == "completed" and output is not None:
        excerpts = subject_text(task.input)[:_LONGEST_EXCERPT], _excerpt(output)
        entry = TaskMemory(run.run_id, run.modified_at or "", *excerpts)
        yield Line(_stream(task.memory_scope_key), entry, _subject("task", run.run_id))


def findall_memory(run: FindAllRun, wanted: FindAllInput) -> Iterator[Line]:
    """What is remembered of a FindAll run in its present state: nothing until it is through."""
    if run.status.status == "completed":
        matched = run.status.metrics.matched_candidates_count
        excerpt = wanted.objective[:_LONGEST_EXCERPT]
        entry = FindAllMemory(run.findall_id, run.modified_at, excerpt, matched)
        yield Line(_stream(wanted.memory_scope_key), entry, _subject("findall", run.findall_id))


def ranked(query: str | None, known: Sequence[MemoryResult]) -> Sequence[MemoryResult]:
    """By the weight of the query's words that a run's excerpts have; rare words weigh more, ties stay in order.

    All of them without a query. Reading a thousand excerpts takes a moment: call it from a thread.
    """
    if not query or not query.strip():
        return known
    wanted = set(stems(" ".join(content_words(query)) or query))
    held = [(wanted & set(stems(_text(item))), item) for item in known]
    held = [(shared, item) for shared, item in held if shared]
    spread = Counter(word for shared, _ in held for word in shared)

    def weight(shared: set[str]) -> float:
        return sum(math.log1p(len(held) / spread[word]) for word in shared)

    return [_narrowed(item, wanted) for _, item in sorted(held, key=lambda pair: -weight(pair[0]))]


def _narrowed(item: MemoryResult, wanted: set[str]) -> MemoryResult:
    """Of a monitor's events those that have any of the words, most of them first."""
    if not isinstance(item, MonitorMemory):
        return item
    shared = [(len(wanted & set(stems(event.excerpt))), event) for event in item.matched_events]
    best = sorted((pair for pair in shared if pair[0]), key=lambda pair: -pair[0])
    return msgspec.structs.replace(item, matched_events=[event for _, event in best])


def _told(execution: Execution) -> Iterator[MemoryEvent]:
    """What an execution detected."""
    at = timestamp(execution.at)
    for event in execution.events:
        if not isinstance(event, CompletionEvent | ErrorEvent):
            output = event.changed_output if isinstance(event, SnapshotEvent) else event.output
            yield MemoryEvent(event.event_id, event.event_group_id, at, _excerpt(output))


def _text(item: MemoryResult) -> str:
    """All that is remembered, in words."""
    said: list[str] = []
    if isinstance(item, TaskMemory):
        said = [item.output_excerpt]
    elif isinstance(item, MonitorMemory):
        said = [event.excerpt for event in item.matched_events]
    return " ".join([item.input_excerpt, *said])


def _excerpt(output: Output) -> str:
    said = output.content if isinstance(output, TextOutput) else msgspec.json.encode(output.content).decode()
    return said[:_LONGEST_EXCERPT]


def _kind(item: MemoryResult) -> MemoryKind:
    if isinstance(item, TaskMemory):
        return "task"
    return "findall" if isinstance(item, FindAllMemory) else "monitor"


def _stream(scope: str | None) -> str:
    return f"memory:{scope or ''}"


def _subject(kind: MemoryKind, id_: str) -> str:
    return f"{kind}:{id_}"
