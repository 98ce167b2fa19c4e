"""What is kept of a task run: how it begins, and what may be read off it. Pure but for the clock.

How it is carried out stands in `tasks.py`, its states in `states.py`.
"""

import msgspec

from parallel_local.clock import Clock, timestamp
from parallel_local.errors import ApiError
from parallel_local.wire.common import Notice
from parallel_local.wire.tasks import Output, ProgressStats, TaskRun, TaskRunInput

TASK = "task"
Accepted = tuple[TaskRunInput, list[Notice]]


class TaskRecord(msgspec.Struct, frozen=True):
    """All that is kept about a run. `input` has its secrets removed before it gets here; `fails` is a rehearsal."""

    run: TaskRun
    input: TaskRunInput
    output: Output | None = None
    stats: ProgressStats | None = None
    per_element: bool = False
    fails: bool = False


class RunState(msgspec.Struct, frozen=True):
    """The part of a record that counting needs; everything else is skipped while decoding."""

    run: TaskRun


def new_task(
    accepted: Accepted, clock: Clock, *, per_element: bool, fails: bool = False, group: str | None = None
) -> TaskRecord:
    """A run that is to be queued."""
    task, notices = accepted
    run_id = f"trun_{clock.new_hex()}"
    now = timestamp(clock.now())
    run = TaskRun(
        run_id=run_id,
        interaction_id=run_id,
        status="queued",
        is_active=True,
        processor=task.processor,
        created_at=now,
        modified_at=now,
        warnings=notices or None,
        metadata=task.metadata,
        taskgroup_id=group,
    )
    return TaskRecord(run=run, input=task, per_element=per_element, fails=fails)


def group_stream(group: str) -> str:
    """The stream of state changes of a group's runs."""
    return f"group:{group}"


def result_of(record: TaskRecord) -> Output:
    """The output of a completed run; 408 while it is active, 404 when it failed (Parallel 2.9.3)."""
    if record.run.is_active:
        raise ApiError(
            408, "run still active", detail={"run_id": record.run.run_id, "status": record.run.status}
        )
    if record.output is None:
        reason = record.run.error.message if record.run.error else record.run.status
        raise ApiError(404, f"the run has no result: {reason}", detail={"run_id": record.run.run_id})
    return record.output
