"""Monitors: requests, their state, and the events of their executions (Parallel 2.13)."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from parallel_local.wire.common import Notice, SourcePolicy, Webhook
from parallel_local.wire.findall import JsonSchema
from parallel_local.wire.tasks import MemoryScope, Output

MonitorType = Literal["event_stream", "snapshot"]
MonitorStatus = Literal["active", "cancelled"]
Processor = Literal["lite", "base"]
WebhookEvent = Literal["monitor.event.detected", "monitor.execution.completed", "monitor.execution.failed"]
Labels = dict[str, str]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=5000)]


class MonitorWebhook(msgspec.Struct, frozen=True):
    """Where a caller wants to be told; without types of everything."""

    url: str
    event_types: Annotated[list[WebhookEvent], msgspec.Meta(max_length=20)] = []

    def plain(self) -> Webhook:
        """The same, as all products have it."""
        return Webhook(self.url, list(self.event_types))


class AdvancedSettings(msgspec.Struct, frozen=True):
    source_policy: SourcePolicy | None = None
    location: str | None = None


class EventStreamSettings(msgspec.Struct, frozen=True):
    query: Text
    output_schema: JsonSchema | None = None
    include_backfill: bool | None = None
    advanced_settings: AdvancedSettings | None = None


class SnapshotSettings(msgspec.Struct, frozen=True):
    task_run_id: str


class SnapshotResponseSettings(msgspec.Struct, frozen=True):
    """What the task asked, beside which task it was."""

    task_run_id: str
    query: str
    output_schema: JsonSchema | None = None


class MonitorOfType(msgspec.Struct, frozen=True):
    """What decides how the rest of a request is read."""

    type: MonitorType


class _Create(msgspec.Struct, frozen=True, kw_only=True):
    frequency: str
    processor: Processor = "lite"
    webhook: MonitorWebhook | None = None
    metadata: Labels | None = None
    memory_scope_key: MemoryScope | None = None


class CreateEventStream(_Create, frozen=True, kw_only=True):
    """`POST /v1/monitors` with the type `event_stream`; unknown keys are tolerated."""

    settings: EventStreamSettings


class CreateSnapshot(_Create, frozen=True, kw_only=True):
    """`POST /v1/monitors` with the type `snapshot`."""

    settings: SnapshotSettings


class UpdateSettings(msgspec.Struct, frozen=True):
    """Null clears the advanced settings; a query stays what it was."""

    query: Text | UnsetType | None = UNSET
    advanced_settings: AdvancedSettings | UnsetType | None = UNSET


class UpdateMonitor(msgspec.Struct, frozen=True):
    """`POST /v1/monitors/{monitor_id}/update`: what is not there stays; null clears webhook and metadata."""

    type: MonitorType | UnsetType | None = UNSET
    frequency: str | UnsetType | None = UNSET
    webhook: MonitorWebhook | UnsetType | None = UNSET
    metadata: Labels | UnsetType | None = UNSET
    settings: UpdateSettings | UnsetType | None = UNSET


class SnapshotOutput(msgspec.Struct, frozen=True):
    latest_snapshot: Output | None = None


class Monitor(msgspec.Struct, frozen=True):
    """`output` is there for snapshots only."""

    monitor_id: str
    type: MonitorType
    status: MonitorStatus
    frequency: str
    processor: Processor
    settings: EventStreamSettings | SnapshotResponseSettings | dict[str, object]
    webhook: MonitorWebhook | None
    metadata: Labels | None
    created_at: str
    last_run_at: str | None = None
    output: SnapshotOutput | None = None


class MonitorList(msgspec.Struct, frozen=True, omit_defaults=True):
    monitors: list[Monitor]
    next_cursor: str | None = None


class EventStreamEvent(msgspec.Struct, frozen=True, tag_field="event_type", tag="event_stream"):
    """Something that came, changed or went."""

    event_id: str
    event_group_id: str
    event_date: str | None
    output: Output


class SnapshotEvent(msgspec.Struct, frozen=True, tag_field="event_type", tag="snapshot"):
    """The fields that are no longer what they were."""

    event_id: str
    event_group_id: str
    event_date: str | None
    changed_output: Output
    previous_output: Output


class CompletionEvent(msgspec.Struct, frozen=True, tag_field="event_type", tag="completion"):
    """An execution that had nothing to tell."""

    timestamp: str


class ErrorEvent(msgspec.Struct, frozen=True, tag_field="event_type", tag="error"):
    """An execution that failed."""

    error_message: str
    timestamp: str


MonitorEvent = EventStreamEvent | SnapshotEvent | CompletionEvent | ErrorEvent


class MonitorEvents(msgspec.Struct, frozen=True, omit_defaults=True):
    events: list[MonitorEvent]
    next_cursor: str | None = None
    warnings: list[Notice] | None = None


class CompletionNotice(msgspec.Struct, frozen=True, tag_field="type", tag="completion"):
    """What a webhook says of an execution that had nothing to tell (Parallel 2.14)."""

    monitor_ts: str


class ErrorNotice(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """What a webhook says of an execution that failed."""

    error: str
    id: str
    date: str


class DetectionNotice(msgspec.Struct, frozen=True):
    """What a webhook says of an execution that had: where to read it."""

    event_group_id: str


class MonitorNotice(msgspec.Struct, frozen=True):
    monitor_id: str
    event: CompletionNotice | ErrorNotice | DetectionNotice
    metadata: Labels | None
