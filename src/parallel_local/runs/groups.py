"""Task groups: many runs under one name, with counts and one stream of their states (Parallel 2.9.6)."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from parallel_local.clock import Clock, timestamp
from parallel_local.errors import not_found
from parallel_local.runs.signals import Signals
from parallel_local.runs.store import Event, RunStore
from parallel_local.runs.task_records import TASK, Accepted, RunState, TaskRecord, group_stream, new_task
from parallel_local.runs.tasks import TaskRuns
from parallel_local.wire.common import Metadata
from parallel_local.wire.tasks import Group, GroupRunsResponse, GroupStatus

_KIND = "group"


class GroupRecord(msgspec.Struct, frozen=True):
    """What is kept about a group; its runs carry its id."""

    taskgroup_id: str
    metadata: Metadata | None
    created_at: str


class TaskGroups:
    """The service behind the group endpoints."""

    def __init__(self, store: RunStore, signals: Signals, runs: TaskRuns, clock: Clock) -> None:
        self._store = store
        self._signals = signals
        self._runs = runs
        self._clock = clock

    def create(self, metadata: Metadata | None) -> Group:
        """A new, empty group."""
        created = timestamp(self._clock.now())
        record = GroupRecord(f"tgrp_{self._clock.new_hex()}", metadata, created)
        self._store.put(_KIND, record.taskgroup_id, record, active=False)
        return self.get(record.taskgroup_id)

    def get(self, group: str) -> Group:
        """A group with its present counts; 404 when there is none."""
        record = self._known(group)
        return Group(group, record.metadata, self.status(group), record.created_at)

    def status(self, group: str) -> GroupStatus:
        """How many runs there are, by state."""
        runs = [record.run for record in self._store.children(TASK, group, RunState)]
        modified = max((run.modified_at for run in runs if run.modified_at), default=None)
        return GroupStatus(
            num_task_runs=len(runs),
            task_run_status_counts=dict(Counter(run.status for run in runs)),
            is_active=any(run.is_active for run in runs),
            status_message=None,
            modified_at=modified,
        )

    def add(
        self, group: str, tasks: Sequence[Accepted], *, per_element: bool, fails: bool = False
    ) -> GroupRunsResponse:
        """Add runs. The cursors point before the batch and are null for the first one."""
        self._known(group)
        cursor = self._store.last(group_stream(group))
        added = [
            new_task(task, self._clock, per_element=per_element, fails=fails, group=group) for task in tasks
        ]
        self._runs.accept(added)
        before = str(cursor) if cursor is not None else None
        return GroupRunsResponse(self.status(group), [record.run.run_id for record in added], before, before)

    def run(self, group: str, run_id: str) -> TaskRecord:
        """A run of this group; 404 when it belongs elsewhere."""
        self._known(group)
        record = self._runs.get(run_id)
        if record.run.taskgroup_id != group:
            raise not_found("task run", run_id)
        return record

    def events(self, group: str, after: int) -> Sequence[Event]:
        """State changes of the group's runs behind a sequence number."""
        return self._store.events(group_stream(group), after)

    def last_event(self, group: str) -> int:
        """The newest sequence number of the group's stream; 0 when nothing happened yet."""
        return self._store.last(group_stream(group)) or 0

    async def changed(self, group: str, seconds: float) -> bool:
        """Wait for the next state change of any run; false after `seconds` or at shutdown."""
        return await self._signals.heard(group_stream(group), seconds)

    def first_seen(self, group: str, after: int) -> list[tuple[int, str]]:
        """Runs in order of creation, each with the sequence number of its first event."""
        seen: dict[str, int] = {}
        position = 0
        while batch := self._store.events(group_stream(group), position):
            position = batch[-1].seq
            for event in batch:
                seen.setdefault(event.subject, event.seq)
        return [(seq, run_id) for run_id, seq in seen.items() if seq > after]

    def _known(self, group: str) -> GroupRecord:
        """What is kept of a group; its runs are not looked at."""
        record = self._store.get(_KIND, group, GroupRecord)
        if record is None:
            raise not_found("task group", group)
        return record
