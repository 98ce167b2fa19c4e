"""Task runs and groups: requests, states, outputs and events (Parallel 2.9)."""

from typing import Annotated, Literal

import msgspec

from parallel_local.wire.common import FieldBasis, McpServer, Metadata, Notice, SourcePolicy, Webhook

RunStatus = Literal["queued", "action_required", "running", "completed", "failed", "cancelling", "cancelled"]
ACTIVE: frozenset[str] = frozenset({"queued", "running", "cancelling"})
MemoryScope = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern="^[a-zA-Z0-9_-]+$")]


class TaskSpec(msgspec.Struct, frozen=True):
    """Both schemas may be a string or one of several objects; `runs.specs` tells them apart."""

    output_schema: str | dict[str, object]
    input_schema: str | dict[str, object] | None = None


class TaskAdvancedSettings(msgspec.Struct, frozen=True):
    location: str | None = None


class TaskRunInput(msgspec.Struct, frozen=True):
    """`POST /v1/tasks/runs`; unknown keys are tolerated."""

    processor: str
    input: str | dict[str, object]
    metadata: Metadata | None = None
    memory_scope_key: MemoryScope | None = None
    source_policy: SourcePolicy | None = None
    advanced_settings: TaskAdvancedSettings | None = None
    task_spec: TaskSpec | None = None
    previous_interaction_id: str | None = None
    mcp_servers: list[McpServer] | None = None
    enable_events: bool | None = None
    webhook: Webhook | None = None


class ErrorObject(msgspec.Struct, frozen=True):
    ref_id: str
    message: str
    detail: dict[str, object] | None = None


class TaskRun(msgspec.Struct, frozen=True):
    """The state of a run."""

    run_id: str
    interaction_id: str
    status: RunStatus
    is_active: bool
    processor: str
    created_at: str | None
    modified_at: str | None
    warnings: list[Notice] | None = None
    error: ErrorObject | None = None
    metadata: Metadata | None = None
    taskgroup_id: str | None = None


class TextOutput(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    content: str
    basis: list[FieldBasis]
    mcp_tool_calls: None = None


class JsonOutput(msgspec.Struct, frozen=True, tag_field="type", tag="json"):
    """`output_schema` is set for the auto schema only."""

    content: dict[str, object]
    basis: list[FieldBasis]
    mcp_tool_calls: None = None
    output_schema: dict[str, object] | None = None


Output = TextOutput | JsonOutput


class TaskRunResult(msgspec.Struct, frozen=True):
    run: TaskRun
    output: Output


class TaskRunEvent(msgspec.Struct, frozen=True, tag_field="type", tag="task_run.state"):
    event_id: str | None
    run: TaskRun
    input: TaskRunInput | None = None
    output: Output | None = None


class SourceStats(msgspec.Struct, frozen=True):
    num_sources_considered: int
    num_sources_read: int
    sources_read_sample: list[str]


class ProgressStats(msgspec.Struct, frozen=True, tag_field="type", tag="task_run.progress_stats"):
    source_stats: SourceStats
    progress_meter: float


class ProgressMessage(msgspec.Struct, frozen=True):
    """`type` is `task_run.progress_msg.` and one of plan, search, result, tool_call, exec_status."""

    type: str
    message: str
    timestamp: str


class CreateGroup(msgspec.Struct, frozen=True):
    metadata: Metadata | None = None


class GroupStatus(msgspec.Struct, frozen=True):
    num_task_runs: int
    task_run_status_counts: dict[str, int]
    is_active: bool
    status_message: str | None
    modified_at: str | None


class Group(msgspec.Struct, frozen=True):
    taskgroup_id: str
    metadata: Metadata | None
    status: GroupStatus
    created_at: str | None


class GroupRunsRequest(msgspec.Struct, frozen=True):
    """`POST /v1/tasks/groups/{id}/runs`: at most 1,000 inputs."""

    inputs: list[TaskRunInput]
    default_task_spec: TaskSpec | None = None


class GroupRunsResponse(msgspec.Struct, frozen=True):
    status: GroupStatus
    run_ids: list[str]
    run_cursor: str | None
    event_cursor: str | None


class GroupStatusEvent(msgspec.Struct, frozen=True, tag_field="type", tag="task_group_status"):
    event_id: str
    status: GroupStatus


class ErrorEvent(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    error: ErrorObject
