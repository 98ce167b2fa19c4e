"""The service behind the FindAll endpoints: beginning runs, looking at them, enriching and extending (Parallel 2.12).

Which change the contract allows is decided here; carrying it out is the engine's.
"""

import msgspec

from parallel_local.clock import Clock, timestamp
from parallel_local.errors import Problem, invalid
from parallel_local.runs.findall import FindAllRuns
from parallel_local.runs.findall_records import FindAllRecord, candidates_of, event, schema_of
from parallel_local.runs.store import RunStore
from parallel_local.wire.findall import (
    EnrichInput,
    FindAllInput,
    FindAllResult,
    FindAllRun,
    FindAllSchema,
    FindAllStatus,
    Metrics,
)

MOST_MATCHES = 1000


class FindAllService:
    """What callers may do about FindAll runs, beside what the engine offers for every kind."""

    def __init__(self, runs: FindAllRuns, store: RunStore, clock: Clock) -> None:
        self._runs = runs
        self._store = store
        self._clock = clock

    def create(self, wanted: FindAllInput, *, fails: bool = False) -> FindAllRun:
        """Accept a run; it is queued when this returns."""
        now = timestamp(self._clock.now())
        status = FindAllStatus("queued", True, Metrics(0, 0))
        run = FindAllRun(
            f"findall_{self._clock.new_hex()}", status, wanted.generator, wanted.metadata, now, now
        )
        self._runs.accept([FindAllRecord(run, wanted, fails=fails)])
        return run

    def schema(self, findall_id: str) -> FindAllSchema:
        """What the run looks for."""
        return schema_of(self._runs.get(findall_id))

    def result(self, findall_id: str) -> FindAllResult:
        """Run and candidates as they are now."""
        record = self._runs.get(findall_id)
        last = self._store.last(findall_id)
        candidates = [item.candidate for item in candidates_of(self._store, findall_id)]
        return FindAllResult(record.run, candidates, str(last) if last is not None else None)

    def enrich(self, findall_id: str, enrichment: EnrichInput) -> FindAllSchema:
        """Add an enrichment; a finished run is queued again (Parallel 2.12.2)."""
        record = self._runs.get(findall_id)
        return self._again(msgspec.structs.replace(record, enrichments=[*record.enrichments, enrichment]))

    def extend(self, findall_id: str, additional: int) -> FindAllSchema:
        """Raise the match limit; 422 where the contract forbids it."""
        record = self._runs.get(findall_id)
        limit = record.input.match_limit + additional
        reason = _forbids(record, limit)
        if reason:
            raise invalid([Problem(("body", "additional_match_limit"), reason)])
        wanted = msgspec.structs.replace(record.input, match_limit=limit)
        return self._again(msgspec.structs.replace(record, input=wanted))

    def _again(self, record: FindAllRecord) -> FindAllSchema:
        """Store a changed schema, tell of it, and have the run gone through again."""
        schema = schema_of(record)
        now = timestamp(self._clock.now())
        self._runs.requeue(record, [event(record.run.findall_id, "findall.schema.updated", schema, now)])
        return schema


def _forbids(record: FindAllRecord, limit: int) -> str | None:
    """Why the match limit cannot be raised to `limit`."""
    status = record.run.status
    if record.input.generator == "preview":
        return "preview runs cannot be extended"
    if limit > MOST_MATCHES:
        return f"the total match limit is at most {MOST_MATCHES}"
    if not status.is_active and status.termination_reason != "match_limit_met":
        return f"a run that ended with {status.termination_reason} cannot be extended"
    return None
