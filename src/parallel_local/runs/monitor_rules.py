"""Checking what a monitor is to be, and what is to be changed about one (Parallel 2.13.1, 2.13.2). Pure."""

import msgspec
from msgspec import UNSET

from parallel_local.answers.schema_rules import schema_problems
from parallel_local.errors import Problem, invalid
from parallel_local.monitors.frequency import RULE, interval
from parallel_local.retrieval.policy import policy_problems
from parallel_local.runs.monitor_records import MonitorRecord
from parallel_local.runs.specs import metadata_problems
from parallel_local.runs.webhooks import MONITOR_EVENTS, webhook_problems
from parallel_local.wire.monitors import (
    CreateEventStream,
    CreateSnapshot,
    EventStreamSettings,
    MonitorWebhook,
    UpdateMonitor,
    UpdateSettings,
)

Loc = tuple[str | int, ...]


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
        changes["stream"] = _stream(record, asked, asked.settings)
    if not changes:
        raise invalid([Problem(("body",), "at least one field to change is required")])
    changed: MonitorRecord = msgspec.structs.replace(record, **changes)
    problems = _common_problems(changed.frequency, changed.webhook, changed.metadata)
    problems += _settings_problems(changed.stream) if changed.stream else []
    if problems:
        raise invalid(problems)
    return changed


def _stream(record: MonitorRecord, asked: UpdateMonitor, settings: UpdateSettings) -> EventStreamSettings:
    """The settings of an event stream, changed. Raises 422 for a monitor that is none."""
    if asked.type is UNSET or asked.type is None:
        raise invalid([Problem(("body", "type"), "required with settings", "missing")])
    if asked.type != "event_stream" or record.stream is None:
        raise invalid([Problem(("body", "settings"), "only those of an event_stream can be changed")])
    stream = record.stream
    if isinstance(settings.query, str):
        stream = msgspec.structs.replace(stream, query=settings.query)
    if settings.advanced_settings is not UNSET:
        stream = msgspec.structs.replace(stream, advanced_settings=settings.advanced_settings)
    return stream


def _common_problems(
    frequency: str, webhook: MonitorWebhook | None, metadata: dict[str, str] | None
) -> list[Problem]:
    found = [] if interval(frequency) else [Problem(("body", "frequency"), RULE)]
    found += webhook_problems(webhook.plain() if webhook else None, MONITOR_EVENTS, ("body", "webhook"))
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
