"""Memory: requests, and what is remembered of a run (Parallel 2.15)."""

from typing import Annotated, Literal

import msgspec

from parallel_local.wire.monitors import MonitorStatus
from parallel_local.wire.tasks import MemoryScope

MemoryKind = Literal["task", "monitor", "findall"]


class RetrieveRequest(msgspec.Struct, frozen=True):
    """`POST /v1beta/memory/retrieve`; no query asks for the most recent runs."""

    query: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=25)] = 10
    kind: MemoryKind | None = None
    since: str | None = None
    memory_scope_key: MemoryScope | None = None


class ClearRequest(msgspec.Struct, frozen=True):
    memory_scope_key: MemoryScope | None = None


class EvictRequest(msgspec.Struct, frozen=True):
    kind: MemoryKind
    id: MemoryScope  # an id has the form of a scope key
    memory_scope_key: MemoryScope | None = None


class TaskMemory(msgspec.Struct, frozen=True, tag_field="kind", tag="task"):
    id: str
    updated_at: str
    input_excerpt: str
    output_excerpt: str


class FindAllMemory(msgspec.Struct, frozen=True, tag_field="kind", tag="findall"):
    id: str
    updated_at: str
    input_excerpt: str
    matched_count: int


class MemoryEvent(msgspec.Struct, frozen=True):
    """What an execution of a monitor told."""

    event_id: str
    event_group_id: str
    detected_at: str
    excerpt: str


class MonitorMemory(msgspec.Struct, frozen=True, tag_field="kind", tag="monitor"):
    """`matched_events` are those that have words of the query, or the newest."""

    id: str
    updated_at: str
    input_excerpt: str
    status: MonitorStatus
    matched_events: list[MemoryEvent] = []


MemoryResult = TaskMemory | FindAllMemory | MonitorMemory


class RetrieveResponse(msgspec.Struct, frozen=True):
    results: list[MemoryResult]
