"""Tasks as a kind of run: how one is carried out, and what is told of it.

The composition (`answers/compose.py`, or `model/compose.py` where there is a model) is stepped through; after each
step what it did is stored and told. A task is carried out once, and from the start again when the program ended
meanwhile.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import aclosing

import msgspec

from parallel_local.answers.compose import Assignment, compose
from parallel_local.answers.report import Step
from parallel_local.clock import Clock, timestamp
from parallel_local.model.compose import ModelComposer
from parallel_local.retrieval.library import Library
from parallel_local.runs.ended import unless_ended
from parallel_local.runs.engine import Runs
from parallel_local.runs.failures import cause
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.kind import Book, Card, Line, Move, Posting, RehearsedFailure
from parallel_local.runs.memory import task_memory
from parallel_local.runs.processors import PROCESSORS, expected_seconds, is_deep
from parallel_local.runs.specs import chars_of, wanted
from parallel_local.runs.states import ONCE, States
from parallel_local.runs.task_records import TASK, TaskRecord, group_stream
from parallel_local.runs.webhooks import task_postings
from parallel_local.threads import in_thread
from parallel_local.wire.common import Notice
from parallel_local.wire.tasks import (
    ACTIVE,
    ErrorObject,
    Output,
    ProgressMessage,
    ProgressStats,
    SourceStats,
    TaskRunEvent,
)

_SAMPLE = 10


class Finding(msgspec.Struct, frozen=True):
    """What a task comes to."""

    output: Output
    stats: ProgressStats
    notices: tuple[Notice, ...] = ()


class _Unheard:
    """The book of a run that leaves no trace."""

    def __init__(self, record: TaskRecord) -> None:
        self._record = record

    def get(self, _run_id: str) -> TaskRecord:
        """The run as it is done again."""
        return self._record

    def save(self, record: TaskRecord, lines: Sequence[Line] = ()) -> None:
        """Progress is not told."""

    async def ended(self, _run_id: str) -> None:
        """Never: nobody can cancel it."""
        await asyncio.get_running_loop().create_future()


TaskRuns = Runs[TaskRecord, Finding]


class TaskKind:
    """Tasks, for the engine."""

    name = TASK
    noun = "task run"
    record: type[TaskRecord] = TaskRecord
    states: States = ONCE
    starts_over = True

    def __init__(
        self,
        library: Library,
        interactions: Interactions,
        clock: Clock,
        threads: Executor,
        composer: ModelComposer | None = None,
    ) -> None:
        self._library = library
        self._composer = composer
        self._interactions = interactions
        self._clock = clock
        self._threads = threads

    def card(self, record: TaskRecord) -> Card:
        """A run of a group is waited for under the group's name too."""
        run = record.run
        bells = (group_stream(run.taskgroup_id),) if run.taskgroup_id else ()
        seconds = _seconds(record) if run.is_active else 0.0
        return Card(run.run_id, run.status, run.created_at, run.taskgroup_id, bells, seconds)

    def moved(self, record: TaskRecord, move: Move[Finding]) -> TaskRecord:
        """A finished run has its output; a failed one has a reason, and no statistics."""
        run = msgspec.structs.replace(
            record.run, status=move.status, is_active=move.status in ACTIVE, modified_at=move.at
        )
        if move.error is not None:
            message = f"the run failed: {cause(move.error)}"
            run = msgspec.structs.replace(run, error=ErrorObject(ref_id=run.run_id, message=message))
            return msgspec.structs.replace(record, run=run, stats=None)
        if move.result is not None:
            result = move.result
            run = msgspec.structs.replace(run, warnings=[*(run.warnings or ()), *result.notices] or None)
            return msgspec.structs.replace(record, run=run, output=result.output, stats=result.stats)
        return msgspec.structs.replace(record, run=run)

    def told(self, record: TaskRecord) -> Iterable[Line]:
        """A group hears of each state of its runs, memory of the end."""
        run = record.run
        yield from task_memory(run, record.input, record.output)
        if run.taskgroup_id:
            yield Line(group_stream(run.taskgroup_id), TaskRunEvent(event_id=None, run=run), run.run_id)

    def posted(self, record: TaskRecord, _lines: Sequence[Line]) -> Iterable[Posting]:
        """A task's webhook hears of its end."""
        return task_postings(record.run, record.input.webhook)

    async def work(self, record: TaskRecord, book: Book[TaskRecord]) -> Finding:
        """Step through the composition; each step becomes an event."""
        if record.fails:
            raise RehearsedFailure
        run_id = record.run.run_id
        urls: dict[str, None] = {}
        notices: list[Notice] = []
        considered = done = 0
        async with aclosing(self._composed(record)) as steps:
            while True:
                item = await unless_ended(book, run_id, anext(steps))
                if not isinstance(item, Step):
                    return Finding(item, _stats(considered, urls, 100.0), tuple(notices))
                done += 1
                notices.extend(item.notices)
                urls.update(dict.fromkeys(item.urls))
                considered = max(considered, item.considered, len(urls))
                stats = _stats(considered, urls, 100.0 * done / (done + 2))
                record = msgspec.structs.replace(record, stats=stats)
                book.save(record, [self._progress(run_id, item)])

    async def _composed(self, record: TaskRecord) -> AsyncGenerator[Step | Output, None]:
        """The composition: with the model where there is one, else the engine's own."""
        task = self._assignment(record)
        if self._composer is not None:
            written = self._composer.compose(task, record.input.processor, record.run.run_id)
            async with aclosing(written) as items:
                async for item in items:
                    yield item
            return
        steps = compose(self._library, task)
        while True:
            yield await in_thread(self._threads, lambda: next(steps))

    async def again(self, record: TaskRecord) -> Output:
        """What the same task comes to now, with nobody told."""
        return (await self.work(record, _Unheard(record))).output

    def _progress(self, run_id: str, step: Step) -> Line:
        now = timestamp(self._clock.now())
        return Line(run_id, ProgressMessage(f"task_run.progress_msg.{step.kind}", step.message, now))

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
            context=self._interactions.context(task.previous_interaction_id),
            deep=is_deep(task.processor),
            per_element=record.per_element,
        )


def _stats(considered: int, urls: dict[str, None], meter: float) -> ProgressStats:
    sample = list(urls)[:_SAMPLE]
    return ProgressStats(SourceStats(considered, len(urls), sample), round(meter, 1))


def _seconds(record: TaskRecord) -> float:
    task = record.input
    fields = wanted(task.task_spec).schema.get("properties")
    count = len(fields) if isinstance(fields, dict) else 0
    return expected_seconds(task.processor, chars_of(task.input), count)
