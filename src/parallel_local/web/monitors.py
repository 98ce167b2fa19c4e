"""Monitor endpoints (Parallel 2.13.1–2.13.3): create, list, state, update, cancel, trigger, events.

What may be changed stands in `runs/monitor_service.py`; the former paths below `/v1alpha` in `monitors_alpha.py`.
"""

from collections.abc import Sequence
from typing import get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.errors import Shape, invalid
from parallel_local.runs.monitor_records import Execution, shown
from parallel_local.runs.monitor_rules import create_problems, updated
from parallel_local.runs.monitor_schedule import MonitorSchedule
from parallel_local.runs.monitor_service import MonitorService
from parallel_local.runs.specs import location_warning
from parallel_local.web.answers import json_answer
from parallel_local.web.body import decode, flag, identifier, raw_body
from parallel_local.web.listing import cursor_of, limit_of, several_of
from parallel_local.wire.monitors import (
    CompletionEvent,
    CreateEventStream,
    CreateSnapshot,
    MonitorEvent,
    MonitorEvents,
    MonitorList,
    MonitorOfType,
    MonitorStatus,
    MonitorType,
    UpdateMonitor,
)

_LISTED, _MOST_LISTED = 100, 10_000
_EVENTS, _MOST_EVENTS = 20, 100
_TYPES: tuple[MonitorType, ...] = get_args(MonitorType)
_STATUSES: tuple[MonitorStatus, ...] = get_args(MonitorStatus)


class MonitorApi:
    """The monitor endpoints."""

    def __init__(self, service: MonitorService, schedule: MonitorSchedule) -> None:
        self._service = service
        self._schedule = schedule

    def routes(self) -> list[Route]:
        """What is served here."""
        one = "/v1/monitors/{monitor_id}"
        return [
            Route("/v1/monitors", self.create, methods=["POST"]),
            Route("/v1/monitors", self.list, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one + "/update", self.update, methods=["POST"]),
            Route(one + "/cancel", self.cancel, methods=["POST"]),
            Route(one + "/trigger", self.trigger, methods=["POST"]),
            Route(one + "/events", self.events, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """201 with the monitor; its first execution is queued."""
        body = await raw_body(request)
        if decode(body, MonitorOfType).type == "snapshot":
            asked: CreateEventStream | CreateSnapshot = decode(body, CreateSnapshot)
        else:
            asked = decode(body, CreateEventStream)
        problems = create_problems(asked)
        if problems:
            raise invalid(problems)
        record = self._service.create(asked)
        self._schedule.changed()
        return json_answer(shown(record), 201)

    async def list(self, request: Request) -> Response:
        """A page of monitors, the newest first; active ones only unless others are asked for."""
        limit = limit_of(request, _LISTED, _MOST_LISTED, Shape.VALIDATION)
        types = several_of(request, "type", _TYPES, Shape.VALIDATION) or _TYPES
        statuses = several_of(request, "status", _STATUSES, Shape.VALIDATION) or ("active",)
        before = cursor_of(request, r"[0-9]{1,18}", Shape.VALIDATION)
        found, last = self._service.newest(types, statuses, int(before) if before else None, limit)
        return json_answer(MonitorList(found, str(last) if last is not None else None))

    async def get(self, request: Request) -> Response:
        """The state of a monitor."""
        return json_answer(shown(self._service.get(monitor_of(request, Shape.VALIDATION))))

    async def update(self, request: Request) -> Response:
        """The monitor with what the body names changed."""
        record = self._service.get(monitor_of(request))
        asked = decode(await raw_body(request), UpdateMonitor)
        record = self._service.active(record.monitor_id)
        changed = self._service.change(updated(record, asked))
        self._schedule.changed()
        return json_answer(shown(changed))

    async def cancel(self, request: Request) -> Response:
        """The monitor, which has ended for good."""
        record = self._service.cancel(monitor_of(request))
        self._schedule.changed()
        return json_answer(shown(record))

    async def trigger(self, request: Request) -> Response:
        """204; the execution is queued."""
        self._service.trigger(monitor_of(request))
        return Response(status_code=204)

    async def events(self, request: Request) -> Response:
        """A page of events, the newest first, or all of one execution."""
        monitor_id = monitor_of(request)
        limit = limit_of(request, _EVENTS, _MOST_EVENTS)
        completions = flag(request, "include_completions", default=False)
        before = cursor_of(request, r"[0-9]{1,12}-[0-9]{1,6}", Shape.STANDARD)
        group = request.query_params.get("event_group_id") or None
        record = self._service.get(monitor_id)
        executions = self._service.executions(monitor_id, group)
        if group is not None:
            return json_answer(MonitorEvents([event for one in executions for event in one.events]))
        events, cursor = _page(executions, completions, before, limit)
        advanced = record.stream.advanced_settings if record.stream else None
        warnings = [location_warning(advanced.location)] if advanced and advanced.location else None
        return json_answer(MonitorEvents(events, cursor, warnings))


def _page(
    executions: Sequence[Execution], completions: bool, before: str | None, limit: int
) -> tuple[list[MonitorEvent], str | None]:
    """The newest events behind a place, and the place of the last one if there are more."""
    end = tuple(map(int, before.split("-"))) if before else None
    listed: list[tuple[tuple[int, int], MonitorEvent]] = []
    for execution in executions:
        for number, event in enumerate(execution.events):
            place = (execution.number, len(execution.events) - number)
            if (end is None or place < end) and (completions or not isinstance(event, CompletionEvent)):
                listed.append((place, event))
    page = listed[:limit]
    more = len(listed) > limit
    return [event for _, event in page], f"{page[-1][0][0]}-{page[-1][0][1]}" if more else None


def monitor_of(request: Request, shape: Shape = Shape.STANDARD) -> str:
    """The monitor of a path."""
    return identifier(request, "monitor_id", "monitor_", shape)
