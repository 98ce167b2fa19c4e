"""The service behind the monitor endpoints (Parallel 2.13): beginning monitors, looking at them, changing, ending them.

Which change the contract allows is decided here; an execution is the engine's to carry out, `monitor_schedule.py` says
when one is due.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from parallel_local.clock import Clock
from parallel_local.errors import ApiError, Problem, invalid, not_found
from parallel_local.monitors.frequency import interval, next_after
from parallel_local.runs.engine import Post
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.monitor_records import (
    MEMORY,
    MONITOR,
    Execution,
    MonitorRecord,
    executions_of,
    forget_execution,
    shown,
)
from parallel_local.runs.monitors import MonitorRuns
from parallel_local.runs.specs import wanted
from parallel_local.runs.store import RunStore
from parallel_local.runs.task_records import TASK, TaskRecord
from parallel_local.runs.webhooks import monitor_posting
from parallel_local.wire.findall import JsonSchema
from parallel_local.wire.monitors import (
    CreateEventStream,
    CreateSnapshot,
    Monitor,
    MonitorStatus,
    MonitorType,
    SnapshotResponseSettings,
    WebhookEvent,
)

_MOST_ACTIVE = 1000
_MOST_CANCELLED = 1000  # that are still known of
_MOST_OWED = 100


class MonitorService:
    """What callers may do about monitors, and what is to be done when a time comes or the folder changes."""

    def __init__(
        self, runs: MonitorRuns, store: RunStore, interactions: Interactions, clock: Clock, post: Post
    ) -> None:
        self._runs = runs
        self._store = store
        self._interactions = interactions
        self._clock = clock
        self._post = post

    def create(self, asked: CreateEventStream | CreateSnapshot) -> MonitorRecord:
        """A monitor whose first execution is queued. The request has been checked; 422 where its task is none to
        compare with, or where there are too many monitors.
        """
        records = self._store.all(MONITOR, MonitorRecord)
        if sum(not record.is_cancelled for record in records) >= _MOST_ACTIVE:
            raise invalid([Problem(("body",), f"there are {_MOST_ACTIVE} active monitors: cancel some")])
        now, every = self._clock.now(), interval(asked.frequency) or timedelta(days=1)
        record = MonitorRecord(
            monitor_id=f"monitor_{self._clock.new_hex()}",
            place=max((record.place for record in records), default=0) + 1,
            state="queued",
            frequency=asked.frequency,
            processor=asked.processor,
            created_at=now,
            due_at=now + every,
            stream=asked.settings if isinstance(asked, CreateEventStream) else None,
            snapshot=self._snapshot(asked) if isinstance(asked, CreateSnapshot) else None,
            webhook=asked.webhook,
            metadata=asked.metadata,
            memory_scope_key=asked.memory_scope_key,
        )
        self._runs.accept([record])
        return record

    def get(self, monitor_id: str) -> MonitorRecord:
        """A monitor; 404 when there is none."""
        return self._runs.get(monitor_id)

    def streams(self) -> list[MonitorRecord]:
        """All event streams, the newest first."""
        found = self._store.all(MONITOR, MonitorRecord)
        return sorted((one for one in found if one.stream), key=lambda record: -record.place)

    def newest(
        self,
        types: Collection[MonitorType],
        statuses: Collection[MonitorStatus],
        before: int | None,
        limit: int,
    ) -> tuple[list[Monitor], int | None]:
        """Monitors of these types and statuses, the newest first, and the place of the last one if there are more."""
        found = sorted(self._store.all(MONITOR, MonitorRecord), key=lambda record: -record.place)
        listed = [
            (record.place, monitor)
            for record in found
            if before is None or record.place < before
            if (monitor := shown(record)).type in types and monitor.status in statuses
        ]
        page = listed[:limit]
        return [monitor for _, monitor in page], page[-1][0] if len(listed) > limit else None

    def change(self, changed: MonitorRecord) -> MonitorRecord:
        """Store a changed monitor. One that runs more often is due by its new frequency from now on."""
        before = self.get(changed.monitor_id)
        if changed.frequency != before.frequency:
            every = interval(changed.frequency) or timedelta(days=1)
            changed = msgspec.structs.replace(changed, due_at=self._clock.now() + every)
        self._runs.amend(changed)
        return changed

    def cancel(self, monitor_id: str) -> MonitorRecord:
        """End a monitor for good; nothing happens to one that has ended."""
        if not self.get(monitor_id).is_cancelled:
            self._runs.cancel(monitor_id)
            self._forget_oldest()
        return self.get(monitor_id)

    def trigger(self, monitor_id: str) -> None:
        """One more execution; the schedule stays as it is. 422 for a monitor that has ended."""
        record = self.active(monitor_id)
        self._runs.requeue(msgspec.structs.replace(record, owed=min(record.owed + 1, _MOST_OWED)))

    def active(self, monitor_id: str) -> MonitorRecord:
        """A monitor that has not ended; 422 for one that has."""
        record = self.get(monitor_id)
        if record.is_cancelled:
            raise invalid([Problem(("path", "monitor_id"), "the monitor is cancelled")])
        return record

    def executions(self, monitor_id: str, group: str | None = None) -> Sequence[Execution]:
        """The executions that are kept, the newest first; or the one of a group, 404 when there is none."""
        self.get(monitor_id)
        kept = executions_of(self._store, monitor_id)
        if group is None:
            return kept
        found = [one for one in kept if one.event_group_id == group]
        if not found:
            raise not_found("event group", group)
        return found

    def simulate(self, monitor_id: str, type_: WebhookEvent) -> None:
        """Send a webhook as an execution would (Parallel 2.13.6); 400 where none is set."""
        record = self.get(monitor_id)
        if record.webhook is None:
            raise ApiError(400, "the monitor has no webhook", detail={"id": monitor_id})
        found = [one for one in executions_of(self._store, monitor_id) if not one.is_completion]
        group = found[0].event_group_id if found else f"mevtgrp_{self._clock.new_hex()}"
        now, url = self._clock.now(), record.webhook.url
        self._post(monitor_posting(record, url, type_, group, now, "this is a simulation"))

    def due(self) -> dict[str, datetime]:
        """When each active monitor runs next."""
        records = self._store.all(MONITOR, MonitorRecord)
        return {record.monitor_id: record.due_at for record in records if not record.is_cancelled}

    def begin_due(self) -> None:
        """Have those run whose time has come; what was missed is done once."""
        now = self._clock.now()
        for record in self._store.all(MONITOR, MonitorRecord):
            every = interval(record.frequency)
            if not record.is_cancelled and record.due_at <= now and every is not None:
                later = next_after(now, record.due_at, every)
                owed = min(record.owed + 1, _MOST_OWED)
                self._runs.requeue(msgspec.structs.replace(record, due_at=later, owed=owed))

    def look_again(self, *, changed: bool) -> None:
        """Have monitors that are due go on; where documents changed, those are all that are active."""
        with self._store.together():
            for record in self._store.all(MONITOR, MonitorRecord):
                if not record.is_cancelled and (changed or record.is_due):
                    self._runs.requeue(msgspec.structs.replace(record, stale=record.stale + changed))

    def _snapshot(self, asked: CreateSnapshot) -> SnapshotResponseSettings:
        """What the task asked; 422 for one that is unknown, or has not completed."""
        run_id = asked.settings.task_run_id
        task = self._store.get(TASK, run_id, TaskRecord)
        if task is None or task.output is None:
            reason = "not a task run of this engine" if task is None else f"the task run is {task.run.status}"
            raise invalid([Problem(("body", "settings", "task_run_id"), reason)])
        given = task.input.input
        query = given if isinstance(given, str) else msgspec.json.encode(given).decode()
        schema = wanted(task.input.task_spec).schema
        return SnapshotResponseSettings(run_id, query, JsonSchema(schema) if schema else None)

    def _forget_oldest(self) -> None:
        """Of those that have ended, the oldest are dropped with all that was kept of them."""
        ended = [record for record in self._store.all(MONITOR, MonitorRecord) if record.is_cancelled]
        for record in sorted(ended, key=lambda record: -record.place)[_MOST_CANCELLED:]:
            with self._store.together():
                for execution in executions_of(self._store, record.monitor_id):
                    forget_execution(self._store, self._interactions, execution)
                self._store.remove(MEMORY, record.monitor_id)
                self._store.remove(MONITOR, record.monitor_id)
