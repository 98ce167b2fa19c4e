"""Monitor endpoints (Parallel 2.13.1–2.13.3): create, list, state, update, cancel, trigger, events.

What may be changed stands in `runs/monitor_service.py`; the former paths below `/v1alpha` in `monitors_alpha.py`.
"""

import re
from collections.abc import Sequence
from typing import TypeVar, get_args

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.answers.schema_rules import schema_problems
from parallel_local.errors import Problem, Shape, invalid
from parallel_local.monitors.frequency import RULE, interval
from parallel_local.retrieval.policy import policy_problems
from parallel_local.runs.monitor_records import Execution, MonitorRecord, shown
from parallel_local.runs.monitor_schedule import MonitorSchedule
from parallel_local.runs.monitor_service import MonitorService
from parallel_local.runs.specs import location_warning, metadata_problems
from parallel_local.runs.webhooks import webhook_problems
from parallel_local.web.answers import json_answer
from parallel_local.web.body import decode, flag, identifier, raw_body
from parallel_local.wire.monitors import (
    CompletionEvent,
    CreateEventStream,
    CreateSnapshot,
    EventStreamSettings,
    MonitorEvent,
    MonitorEvents,
    MonitorList,
    MonitorOfType,
    MonitorStatus,
    MonitorType,
    MonitorWebhook,
    UpdateMonitor,
)

_LISTED, _MOST_LISTED = 100, 10_000
_EVENTS, _MOST_EVENTS = 20, 100
_TYPES: tuple[MonitorType, ...] = get_args(MonitorType)
_STATUSES: tuple[MonitorStatus, ...] = get_args(MonitorStatus)
Loc = tuple[str | int, ...]
Value = TypeVar("Value", bound=str)


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
        limit = _number(request, "limit", _LISTED, _MOST_LISTED, Shape.VALIDATION)
        types = _several(request, "type", _TYPES) or _TYPES
        statuses = _several(request, "status", _STATUSES) or ("active",)
        before = _place(request, r"[0-9]{1,18}", Shape.VALIDATION)
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
        limit = _number(request, "limit", _EVENTS, _MOST_EVENTS)
        completions = flag(request, "include_completions", default=False)
        before = _place(request, r"[0-9]{1,12}-[0-9]{1,6}", Shape.STANDARD)
        group = request.query_params.get("event_group_id") or None
        record = self._service.get(monitor_id)
        executions = self._service.executions(monitor_id, group)
        if group is not None:
            return json_answer(MonitorEvents([event for one in executions for event in one.events]))
        events, cursor = _page(executions, completions, before, limit)
        advanced = record.stream.advanced_settings if record.stream else None
        warnings = [location_warning(advanced.location)] if advanced and advanced.location else None
        return json_answer(MonitorEvents(events, cursor, warnings))


def create_problems(asked: CreateEventStream | CreateSnapshot) -> list[Problem]:
    """Everything the contract refuses with 422 (Parallel 2.13.1)."""
    found = _common_problems(asked.frequency, asked.webhook, asked.metadata)
    if isinstance(asked, CreateEventStream):
        found += _settings_problems(asked.settings)
    return found


def updated(record: MonitorRecord, asked: UpdateMonitor) -> MonitorRecord:
    """The monitor with the changes that a request names. Raises 422 for what may not be changed."""
    changes: dict[str, object] = {}
    if isinstance(asked.frequency, str):
        changes["frequency"] = asked.frequency
    if asked.webhook is not UNSET:
        changes["webhook"] = asked.webhook
    if asked.metadata is not UNSET:
        changes["metadata"] = asked.metadata
    if asked.settings is not UNSET and asked.settings is not None:
        if asked.type is UNSET or asked.type is None:
            raise invalid([Problem(("body", "type"), "required with settings", "missing")])
        if asked.type != "event_stream" or record.stream is None:
            raise invalid([Problem(("body", "settings"), "only those of an event_stream can be changed")])
        stream = record.stream
        if isinstance(asked.settings.query, str):
            stream = msgspec.structs.replace(stream, query=asked.settings.query)
        if asked.settings.advanced_settings is not UNSET:
            stream = msgspec.structs.replace(stream, advanced_settings=asked.settings.advanced_settings)
        changes["stream"] = stream
    if not changes:
        raise invalid([Problem(("body",), "at least one field to change is required")])
    changed: MonitorRecord = msgspec.structs.replace(record, **changes)
    problems = _common_problems(changed.frequency, changed.webhook, changed.metadata)
    problems += _settings_problems(changed.stream) if changed.stream else []
    if problems:
        raise invalid(problems)
    return changed


def _common_problems(
    frequency: str, webhook: MonitorWebhook | None, metadata: dict[str, str] | None
) -> list[Problem]:
    found = [] if interval(frequency) else [Problem(("body", "frequency"), RULE)]
    found += webhook_problems(webhook.plain() if webhook else None, ("body", "webhook"))
    return found + metadata_problems({**metadata} if metadata else None, ("body", "metadata"))


def _settings_problems(settings: EventStreamSettings) -> list[Problem]:
    loc: Loc = ("body", "settings")
    found: list[Problem] = []
    if not settings.query.strip():
        found.append(Problem((*loc, "query"), "must not be empty"))
    if settings.output_schema is not None:
        place: Loc = (*loc, "output_schema", "json_schema")
        found += schema_problems(settings.output_schema.json_schema, place)
    if settings.advanced_settings is not None:
        place = (*loc, "advanced_settings", "source_policy")
        found += policy_problems(settings.advanced_settings.source_policy, place)
    return found


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


def _number(request: Request, name: str, default: int, most: int, shape: Shape = Shape.STANDARD) -> int:
    text = request.query_params.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise invalid([Problem(("query", name), f"a number from 1 to {most} is required")], shape)
    return int(text)


def _several(request: Request, name: str, known: tuple[Value, ...]) -> tuple[Value, ...]:
    """The values of a parameter that may be repeated."""
    given = [text for text in request.query_params.getlist(name) if text]
    if not set(given) <= set(known):
        raise invalid([Problem(("query", name), f"one of {', '.join(known)}")], Shape.VALIDATION)
    return tuple(value for value in known if value in given)


def _place(request: Request, form: str, shape: Shape) -> str | None:
    text = request.query_params.get("cursor") or None
    if text is not None and not re.fullmatch(form, text, re.ASCII):
        raise invalid([Problem(("query", "cursor"), "not a cursor of this list")], shape)
    return text
