"""Task run endpoints (Parallel 2.9.1–2.9.4): create, state, result, input."""

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.clock import Clock
from parallel_local.errors import ApiError, Shape, invalid
from parallel_local.runs.ended import unless
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.processors import PROCESSORS
from parallel_local.runs.specs import task_problems, task_warnings, without_secrets
from parallel_local.runs.task_records import Accepted, new_task, result_of
from parallel_local.runs.tasks import TaskRuns
from parallel_local.web.answers import json_answer
from parallel_local.web.body import decode, has_beta, identifier, number, raw_body, unknown_keys
from parallel_local.web.rehearsal import fails_run
from parallel_local.wire.common import Notice
from parallel_local.wire.tasks import TaskRunInput, TaskRunResult

PER_ELEMENT = "field-basis-2025-11-25"
_RESULT_SECONDS = 600.0
_LONGEST_POLL = 3600.0


class TaskApi:
    """The task endpoints that answer once."""

    def __init__(self, runs: TaskRuns, interactions: Interactions, clock: Clock) -> None:
        self._runs = runs
        self._interactions = interactions
        self._clock = clock

    def routes(self) -> list[Route]:
        """What is served here."""
        one = "/v1/tasks/runs/{run_id}"
        return [
            Route("/v1/tasks/runs", self.create, methods=["POST"]),
            Route("/v1beta/tasks/runs", self.create, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one + "/result", self.result, methods=["GET"]),
            Route(one + "/input", self.input, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """202 with the queued run."""
        body = await raw_body(request)
        task = decode(body, TaskRunInput)
        kept, notices = accept(task, ("body",), self._interactions, unknown_keys(body, TaskRunInput))
        per_element, fails = has_beta(request, PER_ELEMENT), fails_run(request)
        record = new_task((kept, notices), self._clock, per_element=per_element, fails=fails)
        self._runs.accept([record])
        return json_answer(record.run, 202)

    async def get(self, request: Request) -> Response:
        """The state of a run."""
        return json_answer(self._runs.get(identifier(request, "run_id", "trun_")).run)

    async def result(self, request: Request) -> Response:
        """The output as soon as there is one, waiting up to `timeout` seconds (Parallel 2.9.3)."""
        run_id = identifier(request, "run_id", "trun_")
        seconds = min(number(request, "timeout", _RESULT_SECONDS), _LONGEST_POLL)
        settled = self._runs.settled(run_id, seconds)
        record = await unless(_left(request), settled, ClientDisconnect)
        return json_answer(TaskRunResult(record.run, result_of(record)))

    async def input(self, request: Request) -> Response:
        """What the run was created with, without secrets."""
        return json_answer(self._runs.get(identifier(request, "run_id", "trun_")).input)


def accept(
    task: TaskRunInput,
    loc: tuple[str | int, ...],
    interactions: Interactions,
    unknown: list[str] | None = None,
    shape: Shape = Shape.STANDARD,
) -> Accepted:
    """A checked task without secrets, with the remarks on it, and on keys that are unknown. Raises 403 or 422."""
    if task.processor not in PROCESSORS:
        raise ApiError(
            403,
            f"processor {task.processor[:80]!r} is not available",
            detail={"processors": sorted(PROCESSORS)},
        )
    problems = task_problems(task, loc)
    if problems:
        raise invalid(problems, shape)
    kept = msgspec.structs.replace(task, mcp_servers=without_secrets(task.mcp_servers))
    previous, notices = task.previous_interaction_id, task_warnings(task, unknown or [])
    if previous is not None and not interactions.context(previous):
        notices.append(
            Notice("warning", f"previous interaction {previous[:80]!r} is unknown and was ignored")
        )
    return kept, notices


async def _left(request: Request) -> None:
    """Returns when the caller has left: nobody would read the answer that it waits for."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
