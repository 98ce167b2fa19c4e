"""Monitors as they were below `/v1alpha`: flat, with event streams only (Parallel 2.13.6)."""

from typing import Literal

import msgspec

from parallel_local.wire.common import SourcePolicy
from parallel_local.wire.findall import JsonSchema
from parallel_local.wire.monitors import CompletionNotice, ErrorNotice, Labels, MonitorWebhook, Text

Cadence = Literal["hourly", "daily", "weekly", "every_two_weeks"]
FREQUENCIES: dict[Cadence, str] = {"hourly": "1h", "daily": "1d", "weekly": "1w", "every_two_weeks": "2w"}


class AlphaCreate(msgspec.Struct, frozen=True):
    """`POST /v1alpha/monitors`: with a frequency, or the cadence that was its name before."""

    query: Text
    frequency: str | None = None
    cadence: Cadence | None = None
    output_schema: JsonSchema | None = None
    include_backfill: bool = False
    source_policy: SourcePolicy | None = None
    webhook: MonitorWebhook | None = None
    metadata: Labels | None = None


class AlphaUpdate(msgspec.Struct, frozen=True):
    """`POST /v1alpha/monitors/{monitor_id}`: null stands for what stays."""

    query: Text | None = None
    frequency: str | None = None
    cadence: Cadence | None = None
    source_policy: SourcePolicy | None = None
    webhook: MonitorWebhook | None = None
    metadata: Labels | None = None


class AlphaMonitor(msgspec.Struct, frozen=True):
    monitor_id: str
    query: str
    status: Literal["active", "canceled"]
    frequency: str
    cadence: Cadence | None
    metadata: Labels | None
    webhook: MonitorWebhook | None
    output_schema: JsonSchema | None
    source_policy: SourcePolicy | None
    created_at: str
    last_run_at: str | None
    include_backfill: bool


class AlphaMonitors(msgspec.Struct, frozen=True, omit_defaults=True):
    data: list[AlphaMonitor]
    next_cursor: str | None = None


class AlphaText(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    content: str


class AlphaJson(msgspec.Struct, frozen=True, tag_field="type", tag="json"):
    content: dict[str, object]


class AlphaDetection(msgspec.Struct, frozen=True, tag_field="type", tag="event"):
    event_group_id: str
    output: str
    event_date: str | None
    source_urls: list[str]
    result: AlphaText | AlphaJson


AlphaEvent = AlphaDetection | CompletionNotice | ErrorNotice


class AlphaEvents(msgspec.Struct, frozen=True):
    events: list[AlphaEvent]
