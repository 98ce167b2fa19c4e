"""Events of one task run as server-sent events (Parallel 2.9.5).

First frame: the state. Then the trace so far, then live. Last frame: the state again, with the output when
the run is completed. The stream ends before 570 seconds, whether or not the run does.
"""

from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.clock import Clock
from parallel_local.runs.task_records import TaskRecord
from parallel_local.runs.tasks import TaskRuns
from parallel_local.web.answers import event_stream, frame, struct_frame
from parallel_local.web.body import identifier
from parallel_local.wire.tasks import ProgressMessage, ProgressStats, TaskRunEvent

_LONGEST_SECONDS = 570.0


class TaskEventsApi:
    """The event stream of a run."""

    def __init__(self, runs: TaskRuns, clock: Clock) -> None:
        self._runs = runs
        self._clock = clock

    def routes(self) -> list[Route]:
        """What is served here, under the present and the former path."""
        return [
            Route(f"/{version}/tasks/runs/{{run_id}}/events", self.events, methods=["GET"])
            for version in ("v1", "v1beta")
        ]

    async def events(self, request: Request) -> Response:
        """The stream; 404 before it starts when the run is unknown."""
        record = self._runs.get(identifier(request, "run_id", "trun_"))
        return event_stream(self._frames(record))

    async def _frames(self, record: TaskRecord) -> AsyncIterator[bytes]:
        run_id = record.run.run_id
        deadline = self._clock.now().timestamp() + _LONGEST_SECONDS
        shown: ProgressStats | None = None
        position = 0
        yield struct_frame(TaskRunEvent(event_id=None, run=record.run))
        while True:
            record = self._runs.get(run_id)
            for event in self._runs.events(run_id, position):
                position = event.seq
                yield frame(msgspec.json.decode(event.body, type=ProgressMessage).type, event.body)
            if record.stats is not None and record.stats != shown:
                shown = record.stats
                yield struct_frame(shown)
            left = deadline - self._clock.now().timestamp()
            if not record.run.is_active or left <= 0 or not await self._again(record, position, left):
                break
        record = self._runs.get(run_id)
        yield struct_frame(TaskRunEvent(event_id=None, run=record.run, output=record.output))

    async def _again(self, seen: TaskRecord, position: int, seconds: float) -> bool:
        """Whether there is, or comes, more to tell; a change made while frames were sent is not missed."""
        run_id = seen.run.run_id
        if self._runs.get(run_id) != seen or self._runs.events(run_id, position):
            return not self._runs.closing
        return await self._runs.changed(run_id, seconds)
