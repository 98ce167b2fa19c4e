"""The monitor endpoints below `/v1alpha`, for programs that have not moved on (Parallel 2.13.6).

Another face of the same monitors: those made here are seen below `/v1`, and the other way round where they are event
streams.
"""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.clock import Clock, timestamp
from parallel_local.errors import Problem, invalid, not_found
from parallel_local.monitors.frequency import interval
from parallel_local.runs.monitor_records import Execution, MonitorRecord
from parallel_local.runs.monitor_rules import create_problems, updated
from parallel_local.runs.monitor_schedule import MonitorSchedule
from parallel_local.runs.monitor_service import MonitorService
from parallel_local.runs.webhooks import MONITOR_EVENTS
from parallel_local.web.answers import json_answer
from parallel_local.web.body import read_json
from parallel_local.web.listing import cursor_of, limit_of
from parallel_local.web.monitors import monitor_of
from parallel_local.wire.monitors import (
    AdvancedSettings,
    CompletionEvent,
    CompletionNotice,
    CreateEventStream,
    ErrorEvent,
    ErrorNotice,
    EventStreamEvent,
    EventStreamSettings,
    UpdateMonitor,
    UpdateSettings,
)
from parallel_local.wire.monitors_alpha import (
    FREQUENCIES,
    AlphaCreate,
    AlphaDetection,
    AlphaEvent,
    AlphaEvents,
    AlphaJson,
    AlphaMonitor,
    AlphaMonitors,
    AlphaText,
    AlphaUpdate,
)
from parallel_local.wire.tasks import TextOutput

_LISTED, _MOST_LISTED = 100, 10_000
_LOOKBACK = "10d"


class AlphaMonitorApi:
    """The former monitor endpoints."""

    def __init__(self, service: MonitorService, schedule: MonitorSchedule, clock: Clock) -> None:
        self._service = service
        self._schedule = schedule
        self._clock = clock

    def routes(self) -> list[Route]:
        """What is served here."""
        base = "/v1alpha/monitors"
        one = base + "/{monitor_id}"
        return [
            Route(base, self.create, methods=["POST"]),
            Route(base, self.all, methods=["GET"]),
            Route(base + "/list", self.list, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.update, methods=["POST"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(one + "/events", self.events, methods=["GET"]),
            Route(one + "/event_groups/{event_group_id}", self.group, methods=["GET"]),
            Route(one + "/simulate_event", self.simulate, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """201 with the monitor; its first execution is queued."""
        asked = await read_json(request, AlphaCreate)
        frequency = (
            FREQUENCIES[asked.cadence] if asked.frequency is None and asked.cadence else asked.frequency
        )
        if frequency is None:
            raise invalid([Problem(("body", "frequency"), "this field is required", "missing")])
        settings = EventStreamSettings(
            query=asked.query,
            output_schema=asked.output_schema,
            include_backfill=asked.include_backfill,
            advanced_settings=AdvancedSettings(asked.source_policy) if asked.source_policy else None,
        )
        create = CreateEventStream(
            settings=settings, frequency=frequency, webhook=asked.webhook, metadata=asked.metadata
        )
        problems = create_problems(create)
        if problems:
            raise invalid(problems)
        record = self._service.create(create)
        self._schedule.changed()
        return json_answer(_shown(record), 201)

    async def all(self, request: Request) -> Response:
        """Monitors of every state, by id, from the one that is named on."""
        first = request.query_params.get("monitor_id") or ""
        limit = limit_of(request, _MOST_LISTED, _MOST_LISTED)
        found = sorted(self._service.streams(), key=lambda record: record.monitor_id)
        return json_answer([_shown(one) for one in found if one.monitor_id >= first][:limit])

    async def list(self, request: Request) -> Response:
        """A page of active monitors, the newest first."""
        limit = limit_of(request, _LISTED, _MOST_LISTED)
        before = cursor_of(request, r"[0-9]{1,18}")
        active = [one for one in self._service.streams() if not one.is_cancelled]
        listed = [one for one in active if before is None or one.place < int(before)]
        more = str(listed[limit - 1].place) if len(listed) > limit else None
        return json_answer(AlphaMonitors([_shown(one) for one in listed[:limit]], more))

    async def get(self, request: Request) -> Response:
        """The state of a monitor."""
        return json_answer(_shown(self._stream(request)))

    async def update(self, request: Request) -> Response:
        """The monitor with what is not null changed."""
        record = self._stream(request)
        asked = await read_json(request, AlphaUpdate)
        record = self._service.active(record.monitor_id)
        changed = self._service.change(updated(record, _update(record, asked)))
        self._schedule.changed()
        return json_answer(_shown(changed))

    async def delete(self, request: Request) -> Response:
        """The monitor, which has ended for good."""
        record = self._service.cancel(self._stream(request).monitor_id)
        self._schedule.changed()
        return json_answer(_shown(record))

    async def events(self, request: Request) -> Response:
        """What executions of the last days came to, the newest first."""
        record = self._stream(request)
        period = interval(request.query_params.get("lookback_period") or _LOOKBACK)
        if period is None or period < timedelta(days=1):
            raise invalid(
                [Problem(("query", "lookback_period"), "a number of days or weeks, from 1d to 30d")]
            )
        since = self._clock.now() - period
        found = [one for one in self._service.executions(record.monitor_id) if one.at >= since]
        return json_answer(AlphaEvents([event for one in found for event in _events(one)]))

    async def group(self, request: Request) -> Response:
        """What one execution came to."""
        record = self._stream(request)
        group = str(request.path_params["event_group_id"])
        found = self._service.executions(record.monitor_id, group)
        return json_answer(AlphaEvents([event for one in found for event in _events(one)]))

    async def simulate(self, request: Request) -> Response:
        """204; the webhook is sent as if an execution had come to that."""
        record = self._stream(request)
        given = request.query_params.get("event_type") or MONITOR_EVENTS[0]
        types = [one for one in MONITOR_EVENTS if one == given]
        if not types:
            raise invalid([Problem(("query", "event_type"), f"one of {', '.join(MONITOR_EVENTS)}")])
        self._service.simulate(record.monitor_id, types[0])
        return Response(status_code=204)

    def _stream(self, request: Request) -> MonitorRecord:
        """The monitor of a path; 404 for a snapshot too, which there was none of."""
        record = self._service.get(monitor_of(request))
        if record.stream is None:
            raise not_found("monitor", record.monitor_id)
        return record


def _shown(record: MonitorRecord) -> AlphaMonitor:
    stream = record.stream or EventStreamSettings(query="")
    advanced = stream.advanced_settings
    cadences = {frequency: cadence for cadence, frequency in FREQUENCIES.items()}
    return AlphaMonitor(
        monitor_id=record.monitor_id,
        query=stream.query,
        status="canceled" if record.is_cancelled else "active",
        frequency=record.frequency,
        cadence=cadences.get(record.frequency),
        metadata=record.metadata,
        webhook=record.webhook,
        output_schema=stream.output_schema,
        source_policy=advanced.source_policy if advanced else None,
        created_at=timestamp(record.created_at),
        last_run_at=timestamp(record.last_run_at) if record.last_run_at else None,
        include_backfill=bool(stream.include_backfill),
    )


def _update(record: MonitorRecord, asked: AlphaUpdate) -> UpdateMonitor:
    """The same change in the words of `/v1`."""
    change = UpdateMonitor()
    frequency = asked.frequency or (FREQUENCIES[asked.cadence] if asked.cadence else None)
    if frequency:
        change = msgspec.structs.replace(change, frequency=frequency)
    if asked.webhook:
        change = msgspec.structs.replace(change, webhook=asked.webhook)
    if asked.metadata is not None:
        change = msgspec.structs.replace(change, metadata=asked.metadata)
    settings = UpdateSettings(query=asked.query)
    if asked.source_policy:
        before = record.stream.advanced_settings if record.stream else None
        location = before.location if before else None
        advanced = AdvancedSettings(asked.source_policy, location)
        settings = msgspec.structs.replace(settings, advanced_settings=advanced)
    if asked.query or asked.source_policy:
        change = msgspec.structs.replace(change, type="event_stream", settings=settings)
    return change


def _events(execution: Execution) -> Iterator[AlphaEvent]:
    for event in execution.events:
        if isinstance(event, CompletionEvent):
            yield CompletionNotice(event.timestamp)
        elif isinstance(event, ErrorEvent):
            yield ErrorNotice(event.error_message, execution.event_group_id, event.timestamp)
        elif isinstance(event, EventStreamEvent):
            yield _detection(event)


def _detection(event: EventStreamEvent) -> AlphaDetection:
    output = event.output
    urls = dict.fromkeys(citation.url for entry in output.basis for citation in entry.citations)
    if isinstance(output, TextOutput):
        text, result = output.content, AlphaText(output.content)
        return AlphaDetection(event.event_group_id, text, event.event_date, list(urls), result)
    text = msgspec.json.encode(output.content).decode()
    return AlphaDetection(event.event_group_id, text, event.event_date, list(urls), AlphaJson(output.content))
