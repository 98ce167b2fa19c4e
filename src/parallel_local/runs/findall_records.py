"""What is kept of a FindAll run and of its candidates, and what may be read off it. Pure but for `candidates_of`.

How a run is carried out stands in `findall.py`, what a caller may change about it in `findall_service.py`.
"""

import msgspec

from parallel_local.runs.kind import Line
from parallel_local.runs.store import RunStore
from parallel_local.wire.findall import (
    Candidate,
    EnrichInput,
    FindAllEvent,
    FindAllInput,
    FindAllRun,
    FindAllSchema,
    Generator,
)

CANDIDATE = "candidate"
_SECONDS: dict[Generator, float] = {"preview": 5.0, "base": 60.0, "core": 120.0, "pro": 240.0}
_USUAL_MATCHES = 50


class FindAllRecord(msgspec.Struct, frozen=True):
    """All that is kept about a run, except its candidates; `fails` is a rehearsal."""

    run: FindAllRun
    input: FindAllInput
    enrichments: list[EnrichInput] = []
    fails: bool = False


class CandidateRecord(msgspec.Struct, frozen=True):
    """A candidate, its place in the order of generation, and how many enrichments it has had."""

    candidate: Candidate
    place: int
    enriched: int = 0


def candidates_of(store: RunStore, findall_id: str) -> list[CandidateRecord]:
    """The candidates of a run in the order of generation."""
    stored = store.children(CANDIDATE, findall_id, CandidateRecord)
    return sorted(stored, key=lambda item: item.place)


def schema_of(record: FindAllRecord) -> FindAllSchema:
    """What the run looks for, with its enrichments; tool servers keep no secrets here."""
    wanted = record.input
    return FindAllSchema(
        objective=wanted.objective,
        entity_type=wanted.entity_type,
        match_conditions=wanted.match_conditions,
        enrichments=record.enrichments or None,
        generator=wanted.generator,
        match_limit=wanted.match_limit,
    )


def is_full(record: FindAllRecord) -> bool:
    """Preview limits the candidates to evaluate, every other generator the matches."""
    metrics = record.run.status.metrics
    preview = record.input.generator == "preview"
    count = metrics.generated_candidates_count if preview else metrics.matched_candidates_count
    return count >= record.input.match_limit


def expected_seconds(wanted: FindAllInput) -> float:
    """How long a run may take: never short, and longer with the matches that are wanted."""
    share = 1.0 if wanted.generator == "preview" else wanted.match_limit / _USUAL_MATCHES
    return _SECONDS[wanted.generator] * min(max(share, 0.1), 4.0)


def event(findall_id: str, type_: str, data: msgspec.Struct, at: str) -> Line:
    """A line of a run's stream."""
    return Line(findall_id, FindAllEvent(type_, at, msgspec.to_builtins(data)))
