"""Task group endpoints (Parallel 2.9.6), under `/v1` and, as before, under `/v1beta`."""

import asyncio
from collections.abc import AsyncIterator
from typing import get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.clock import Clock
from parallel_local.errors import Problem, Shape, invalid
from parallel_local.runs.groups import TaskGroups
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.specs import metadata_problems
from parallel_local.web.answers import event_stream, json_answer, struct_frame
from parallel_local.web.body import cursor, flag, has_beta, identifier, number, read_json
from parallel_local.web.rehearsal import fails_run
from parallel_local.web.tasks import PER_ELEMENT, accept
from parallel_local.wire.tasks import (
    CreateGroup,
    GroupRunsRequest,
    GroupStatusEvent,
    RunStatus,
    TaskRunEvent,
)

_MOST_INPUTS = 1000
_LONGEST_SECONDS = 3600.0
_STATUSES: tuple[str, ...] = get_args(RunStatus)


class GroupApi:
    """The group endpoints."""

    def __init__(self, groups: TaskGroups, interactions: Interactions, clock: Clock) -> None:
        self._groups = groups
        self._interactions = interactions
        self._clock = clock

    def routes(self) -> list[Route]:
        """What is served here."""
        return [route for version in ("v1", "v1beta") for route in self._routes(f"/{version}/tasks/groups")]

    def _routes(self, base: str) -> list[Route]:
        one = base + "/{taskgroup_id}"
        return [
            Route(base, self.create, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one + "/runs", self.add, methods=["POST"]),
            Route(one + "/runs", self.runs, methods=["GET"]),
            Route(one + "/runs/{run_id}", self.run, methods=["GET"]),
            Route(one + "/events", self.events, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """An empty group."""
        asked = await read_json(request, CreateGroup, Shape.VALIDATION)
        problems = metadata_problems(asked.metadata, ("body", "metadata"))
        if problems:
            raise invalid(problems, Shape.VALIDATION)
        return json_answer(self._groups.create(asked.metadata))

    async def get(self, request: Request) -> Response:
        """A group with its counts."""
        return json_answer(self._groups.get(_group(request)))

    async def add(self, request: Request) -> Response:
        """Add runs to a group, all or none; the batch's spec holds where an input has none."""
        group = _group(request)
        flag(request, "refresh_status", True, Shape.VALIDATION)
        asked = await read_json(request, GroupRunsRequest, Shape.VALIDATION)
        if len(asked.inputs) > _MOST_INPUTS:
            problem = Problem(("body", "inputs"), f"at most {_MOST_INPUTS} inputs")
            raise invalid([problem], Shape.VALIDATION)
        self._groups.get(group)
        accepted = []
        for place, task in enumerate(asked.inputs):
            if task.task_spec is None and asked.default_task_spec is not None:
                task = msgspec.structs.replace(task, task_spec=asked.default_task_spec)
            loc = ("body", "inputs", place)
            accepted.append(accept(task, loc, self._interactions, shape=Shape.VALIDATION))
            await asyncio.sleep(0)  # each may take some tens of milliseconds
        per_element, fails = has_beta(request, PER_ELEMENT), fails_run(request)
        return json_answer(self._groups.add(group, accepted, per_element=per_element, fails=fails))

    async def run(self, request: Request) -> Response:
        """One run of a group; alone among these endpoints it refuses in the standard shape."""
        group = identifier(request, "taskgroup_id", "tgrp_")
        run_id = identifier(request, "run_id", "trun_")
        return json_answer(self._groups.run(group, run_id).run)

    async def runs(self, request: Request) -> Response:
        """The runs as they are now, as a stream that ends at once."""
        group = _group(request)
        status = request.query_params.get("status")
        if status is not None and status not in _STATUSES:
            problem = Problem(("query", "status"), f"one of {', '.join(_STATUSES)}")
            raise invalid([problem], Shape.VALIDATION)
        with_input = flag(request, "include_input", False, Shape.VALIDATION)
        with_output = flag(request, "include_output", False, Shape.VALIDATION)
        self._groups.get(group)
        return event_stream(self._snapshot(group, cursor(request), status, with_input, with_output))

    async def events(self, request: Request) -> Response:
        """State changes of the group's runs until none is active any more."""
        group = _group(request)
        seconds = min(number(request, "timeout", _LONGEST_SECONDS, Shape.VALIDATION), _LONGEST_SECONDS)
        self._groups.get(group)
        return event_stream(self._live(group, cursor(request), seconds))

    async def _snapshot(
        self, group: str, after: int, status: str | None, with_input: bool, with_output: bool
    ) -> AsyncIterator[bytes]:
        for seq, run_id in self._groups.first_seen(group, after):
            record = self._groups.run(group, run_id)
            if status is None or record.run.status == status:
                yield struct_frame(
                    TaskRunEvent(
                        event_id=str(seq),
                        run=record.run,
                        input=record.input if with_input else None,
                        output=record.output if with_output else None,
                    )
                )

    async def _live(self, group: str, position: int, seconds: float) -> AsyncIterator[bytes]:
        """Counts are told when a run has another state; what else a run stores wakes this, too, and changes none."""
        deadline = self._clock.now().timestamp() + seconds
        counted, is_active = -1, True
        while True:
            while batch := self._groups.events(group, position):
                for event in batch:
                    position = event.seq
                    state = msgspec.json.decode(event.body, type=TaskRunEvent)
                    yield struct_frame(msgspec.structs.replace(state, event_id=str(position)))
            if counted != position:
                counted, status = position, self._groups.status(group)
                is_active = status.is_active
                yield struct_frame(GroupStatusEvent(event_id=str(position), status=status))
            left = deadline - self._clock.now().timestamp()
            if not is_active or left <= 0:
                return
            newer = self._groups.last_event(group) > position
            if not newer and not await self._groups.changed(group, left):
                return


def _group(request: Request) -> str:
    return identifier(request, "taskgroup_id", "tgrp_", Shape.VALIDATION)
