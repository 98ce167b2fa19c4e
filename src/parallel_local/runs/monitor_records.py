"""What is kept of a monitor and of its executions, and what may be read off it.

How an execution is carried out stands in `monitors.py`, what a caller may do about monitors in `monitor_service.py`.
"""

from datetime import datetime

import msgspec

from parallel_local.clock import timestamp
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.store import RunStore
from parallel_local.wire.monitors import (
    CompletionEvent,
    EventStreamEvent,
    EventStreamSettings,
    Labels,
    Monitor,
    MonitorEvent,
    MonitorWebhook,
    Processor,
    SnapshotOutput,
    SnapshotResponseSettings,
)
from parallel_local.wire.tasks import Output, RunStatus

MONITOR = "monitor"
EXECUTION = "monitor_execution"
MEMORY = "monitor_memory"


class MonitorRecord(msgspec.Struct, frozen=True):
    """A monitor. It is an event stream or a snapshot, and has the settings of that.

    `state` is that of its latest execution. `owed` executions are to be listed even if they find nothing: those at the
    beginning, by schedule and by trigger. `stale` counts the changes of the folder that no execution has looked at.
    """

    monitor_id: str
    place: int  # among all, by creation
    state: RunStatus
    frequency: str
    processor: Processor
    created_at: datetime
    due_at: datetime  # by schedule
    stream: EventStreamSettings | None = None
    snapshot: SnapshotResponseSettings | None = None
    webhook: MonitorWebhook | None = None
    metadata: Labels | None = None
    last_run_at: datetime | None = None
    latest: Output | None = None
    memory_scope_key: str | None = None
    owed: int = 1
    stale: int = 0
    executed: int = 0

    @property
    def query(self) -> str:
        """What it asks of the documents."""
        return self.stream.query if self.stream else self.snapshot.query if self.snapshot else ""

    @property
    def is_cancelled(self) -> bool:
        """Whether it has ended for good."""
        return self.state == "cancelled"

    @property
    def is_due(self) -> bool:
        """Whether an execution is to be carried out now."""
        return self.owed > 0 or self.stale > 0


class Execution(msgspec.Struct, frozen=True):
    """What one execution had to tell, in order; `number` counts those of its monitor."""

    event_group_id: str
    number: int
    at: datetime
    events: list[MonitorEvent]

    @property
    def is_completion(self) -> bool:
        """Whether it had nothing to tell."""
        return all(isinstance(event, CompletionEvent) for event in self.events)


def shown(record: MonitorRecord) -> Monitor:
    """A monitor as callers see it."""
    snapshot = record.snapshot
    return Monitor(
        monitor_id=record.monitor_id,
        type="event_stream" if snapshot is None else "snapshot",
        status="cancelled" if record.is_cancelled else "active",
        frequency=record.frequency,
        processor=record.processor,
        settings=snapshot or record.stream or {},
        webhook=record.webhook,
        metadata=record.metadata,
        created_at=timestamp(record.created_at),
        last_run_at=timestamp(record.last_run_at) if record.last_run_at else None,
        output=SnapshotOutput(record.latest) if snapshot else None,
    )


def executions_of(store: RunStore, monitor_id: str) -> list[Execution]:
    """The executions of a monitor that are kept, the newest first."""
    return sorted(store.children(EXECUTION, monitor_id, Execution), key=lambda one: -one.number)


def forget_execution(store: RunStore, interactions: Interactions, execution: Execution) -> None:
    """Drop an execution, and what its events were about."""
    for event in execution.events:
        if isinstance(event, EventStreamEvent):
            interactions.forget(event.event_id)
    store.remove(EXECUTION, execution.event_group_id)
