"""Task runs: accepting them, carrying them out, and answering for their state.

A run moves queued → running → completed or failed, and every move is stored with the event that tells of it
before anybody is woken. Work happens in threads, a step at a time; the event loop only keeps the books.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

import msgspec

from parallel_local.answers.compose import Assignment, compose
from parallel_local.answers.report import Step
from parallel_local.answers.subject import subject_text
from parallel_local.clock import Clock, timestamp
from parallel_local.errors import ApiError, not_found
from parallel_local.retrieval.library import Library
from parallel_local.runs.processors import PROCESSORS, is_deep
from parallel_local.runs.signals import Signals
from parallel_local.runs.specs import wanted
from parallel_local.runs.store import RunStore
from parallel_local.threads import in_thread
from parallel_local.wire.common import Notice
from parallel_local.wire.tasks import (
    ErrorObject,
    Output,
    ProgressMessage,
    ProgressStats,
    RunStatus,
    SourceStats,
    TaskRun,
    TaskRunEvent,
    TaskRunInput,
)

KIND = "task"
Accepted = tuple[TaskRunInput, list[Notice]]
_SAMPLE = 10


class TaskRecord(msgspec.Struct, frozen=True):
    """All that is kept about a run. `input` has its secrets removed before it gets here."""

    run: TaskRun
    input: TaskRunInput
    output: Output | None = None
    stats: ProgressStats | None = None
    per_element: bool = False


class RunState(msgspec.Struct, frozen=True):
    """The part of a record that counting needs; everything else is skipped while decoding."""

    run: TaskRun


class Interaction(msgspec.Struct, frozen=True):
    """What an earlier chat was about, for `previous_interaction_id`."""

    text: str


def group_stream(group: str) -> str:
    """The stream of state changes of a group's runs."""
    return f"group:{group}"


class TaskRuns:
    """The service behind every task endpoint."""

    def __init__(
        self, store: RunStore, signals: Signals, library: Library, clock: Clock, threads: Executor
    ) -> None:
        self._store = store
        self._signals = signals
        self._library = library
        self._clock = clock
        self._threads = threads
        self._queue: asyncio.Queue[str] = asyncio.Queue()

    def create(
        self,
        tasks: Sequence[Accepted],
        *,
        per_element: bool,
        group: str | None = None,
    ) -> list[TaskRun]:
        """Accept runs, all or none; they are queued when this returns."""
        records = [self._new(task, notices, per_element, group) for task, notices in tasks]
        with self._store.together():
            for record in records:
                self._put(record)
        for record in records:
            self._queue.put_nowait(record.run.run_id)
            self._ring(record)
        return [record.run for record in records]

    def get(self, run_id: str) -> TaskRecord:
        """A run; 404 when there is none."""
        record = self._store.get(KIND, run_id, TaskRecord)
        if record is None:
            raise not_found("task run", run_id)
        return record

    async def finished(self, run_id: str, seconds: float) -> TaskRecord:
        """The run as soon as it is finished, or as it is after `seconds`."""
        deadline = self._clock.now().timestamp() + seconds
        while (record := self.get(run_id)).run.is_active and not self._signals.closed:
            left = deadline - self._clock.now().timestamp()
            if left <= 0 or not await self._signals.heard(run_id, left):
                return self.get(run_id)
        return record

    def messages(self, run_id: str, after: int) -> Sequence[tuple[int, bytes]]:
        """Progress messages of a run behind a sequence number."""
        return [(event.seq, event.body) for event in self._store.events(run_id, after)]

    def context(self, interaction_id: str | None) -> str:
        """What an earlier interaction was about; empty when it is unknown."""
        if interaction_id is None:
            return ""
        earlier = self._store.get(KIND, interaction_id, TaskRecord)
        if earlier is not None:
            return subject_text(earlier.input.input)
        chat = self._store.get("interaction", interaction_id, Interaction)
        return chat.text if chat else ""

    def remember(self, interaction_id: str, text: str) -> None:
        """Keep what a chat was about."""
        self._store.put("interaction", interaction_id, Interaction(text), active=False)

    def resume(self) -> None:
        """Queue again whatever was unfinished when the program last ended."""
        unfinished = self._store.active(KIND, TaskRecord)
        for record in sorted(unfinished, key=lambda record: record.run.created_at or ""):
            self._store.forget(record.run.run_id)  # the work starts over, and so does its trace
            self._queue.put_nowait(record.run.run_id)

    async def work(self) -> None:
        """Carry out queued runs, one after the other, for ever."""
        while True:
            run_id = await self._queue.get()
            await self._carry_out(run_id)

    async def _carry_out(self, run_id: str) -> None:
        record = self._move(self.get(run_id), "running")
        try:
            record = await self._drive(record)
        except Exception as error:  # whatever goes wrong in one run must not end the worker
            reason = ErrorObject(ref_id=run_id, message=f"the run failed: {type(error).__name__}")
            self._move(
                msgspec.structs.replace(record, run=msgspec.structs.replace(record.run, error=reason)),
                "failed",
            )
            return
        self._move(record, "completed")

    async def _drive(self, record: TaskRecord) -> TaskRecord:
        """Step through the composition; each step becomes an event."""
        steps = compose(self._library, self._assignment(record))
        urls: dict[str, None] = {}
        considered = done = 0
        while True:
            item = await in_thread(self._threads, lambda: next(steps))
            if not isinstance(item, Step):
                return msgspec.structs.replace(record, output=item, stats=_stats(considered, urls, 100.0))
            done += 1
            urls.update(dict.fromkeys(item.urls))
            considered = max(considered, item.considered, len(urls))
            record = msgspec.structs.replace(
                record, stats=_stats(considered, urls, 100.0 * done / (done + 2))
            )
            self._tell(record, item)

    def _assignment(self, record: TaskRecord) -> Assignment:
        task = record.input
        ask = wanted(task.task_spec)
        return Assignment(
            given=task.input,
            form=ask.form,
            depth=PROCESSORS[task.processor],
            instruction=ask.description if ask.form == "text" else "",
            schema=ask.schema,
            policy=task.source_policy,
            context=self.context(task.previous_interaction_id),
            deep=is_deep(task.processor),
            per_element=record.per_element,
        )

    def _new(
        self, task: TaskRunInput, notices: list[Notice], per_element: bool, group: str | None
    ) -> TaskRecord:
        run_id = f"trun_{self._clock.new_hex()}"
        now = timestamp(self._clock.now())
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
        return TaskRecord(run=run, input=task, per_element=per_element)

    def _move(self, record: TaskRecord, status: RunStatus) -> TaskRecord:
        run = msgspec.structs.replace(
            record.run, status=status, is_active=status in ("queued", "running"),
            modified_at=timestamp(self._clock.now()),
        )  # fmt: skip
        moved = msgspec.structs.replace(record, run=run)
        with self._store.together():
            self._put(moved)
        self._ring(moved)
        return moved

    def _put(self, record: TaskRecord) -> None:
        """Store a state, and the event of the group it belongs to."""
        run = record.run
        self._store.put(KIND, run.run_id, record, active=run.is_active, parent=run.taskgroup_id)
        if run.taskgroup_id:
            event = TaskRunEvent(event_id=None, run=run)
            self._store.append(group_stream(run.taskgroup_id), event, run.run_id)

    def _tell(self, record: TaskRecord, step: Step) -> None:
        message = ProgressMessage(
            f"task_run.progress_msg.{step.kind}", step.message, timestamp(self._clock.now())
        )
        with self._store.together():
            self._store.put(KIND, record.run.run_id, record, active=True, parent=record.run.taskgroup_id)
            self._store.append(record.run.run_id, message)
        self._ring(record)

    def _ring(self, record: TaskRecord) -> None:
        self._signals.ring(record.run.run_id)
        if record.run.taskgroup_id:
            self._signals.ring(group_stream(record.run.taskgroup_id))


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


def _stats(considered: int, urls: dict[str, None], meter: float) -> ProgressStats:
    sample = list(urls)[:_SAMPLE]
    return ProgressStats(SourceStats(considered, len(urls), sample), round(meter, 1))
