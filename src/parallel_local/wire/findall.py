"""FindAll: schemas, runs, candidates and events (Parallel 2.12)."""

from typing import Annotated, Literal

import msgspec

from parallel_local.wire.common import FieldBasis, McpServer, Metadata, Notice, Webhook
from parallel_local.wire.tasks import MemoryScope, RunStatus

Generator = Literal["base", "core", "pro", "preview"]
Termination = Literal[
    "low_match_rate",
    "match_limit_met",
    "candidates_exhausted",
    "user_cancelled",
    "error_occurred",
    "timeout",
    "insufficient_funds",
]
MatchStatus = Literal["generated", "matched", "unmatched", "discarded"]


ShortText = Annotated[str, msgspec.Meta(max_length=2000)]


class IngestInput(msgspec.Struct, frozen=True):
    """`query` is the name that `objective` had before (Parallel 2.12.6)."""

    objective: str | None = None
    query: str | None = None


class MatchCondition(msgspec.Struct, frozen=True):
    name: str
    description: str


class JsonSchema(msgspec.Struct, frozen=True):
    json_schema: dict[str, object]
    type: Literal["json"] = "json"


class EnrichInput(msgspec.Struct, frozen=True):
    output_schema: JsonSchema
    processor: str = "core"
    mcp_servers: list[McpServer] | None = None


class ExtendInput(msgspec.Struct, frozen=True):
    additional_match_limit: Annotated[int, msgspec.Meta(gt=0)]


class ExcludeCandidate(msgspec.Struct, frozen=True):
    name: ShortText
    url: ShortText


class FindAllInput(msgspec.Struct, frozen=True):
    """`POST /v1beta/findall/runs`."""

    objective: str
    entity_type: str
    match_conditions: list[MatchCondition]
    generator: Generator
    match_limit: int
    exclude_list: Annotated[list[ExcludeCandidate], msgspec.Meta(max_length=10_000)] | None = None
    metadata: Metadata | None = None
    webhook: Webhook | None = None
    memory_scope_key: MemoryScope | None = None


class FindAllSchema(msgspec.Struct, frozen=True, omit_defaults=True):
    """`warnings` is an addition of this engine and left out when there are none."""

    objective: str
    entity_type: str
    match_conditions: list[MatchCondition]
    enrichments: list[EnrichInput] | None
    generator: Generator
    match_limit: int | None
    warnings: list[Notice] | None = None


class Metrics(msgspec.Struct, frozen=True):
    generated_candidates_count: int
    matched_candidates_count: int


class FindAllStatus(msgspec.Struct, frozen=True):
    status: RunStatus
    is_active: bool
    metrics: Metrics
    termination_reason: Termination | None = None


class FindAllRun(msgspec.Struct, frozen=True):
    findall_id: str
    status: FindAllStatus
    generator: Generator
    metadata: Metadata | None
    created_at: str
    modified_at: str


class Candidate(msgspec.Struct, frozen=True):
    """`output` maps a field to `{value, type, is_matched?}`."""

    candidate_id: str
    name: str
    url: str
    description: str | None
    match_status: MatchStatus
    output: dict[str, object] | None = None
    basis: list[FieldBasis] | None = None


class FindAllResult(msgspec.Struct, frozen=True):
    run: FindAllRun
    candidates: list[Candidate]
    last_event_id: str | None


class FindAllEvent(msgspec.Struct, frozen=True):
    """One line of a run's stream; `event_id` is filled in when it is sent."""

    type: str
    timestamp: str
    data: dict[str, object]


class EntitySearchRequest(msgspec.Struct, frozen=True):
    entity_type: Literal["people", "companies"]
    objective: str
    match_limit: Annotated[int, msgspec.Meta(ge=5, le=1000)] = 100


class EntityItem(msgspec.Struct, frozen=True):
    name: str
    url: str
    description: str


class EntitySearchResponse(msgspec.Struct, frozen=True):
    entity_set_id: str
    entities: list[EntityItem]


class CandidatesRequest(msgspec.Struct, frozen=True):
    """Entity search as it was before (Parallel 2.12.5)."""

    entity_type: Literal["company", "people"]
    objective: str
    match_limit: Annotated[int, msgspec.Meta(ge=5, le=1000)] = 100


class CandidatesResponse(msgspec.Struct, frozen=True):
    candidate_set_id: str
    candidates: list[EntityItem]
