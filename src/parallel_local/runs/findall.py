"""FindAll runs: generating candidates, judging them, enriching the matches, and telling about all of it.

A run moves queued → running → completed, failed or cancelled; enriching or extending may queue it again
(Parallel 2.12.2). Candidates are judged one at a time in threads, so that a cancel takes effect between two.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial

import msgspec

from parallel_local.answers.basis import basis
from parallel_local.answers.fill import Filler
from parallel_local.answers.schema_view import view
from parallel_local.answers.subject import Known, Subject
from parallel_local.clock import Clock, timestamp
from parallel_local.errors import ApiError, Problem, invalid, not_found
from parallel_local.findall.candidates import Nominee, nominees
from parallel_local.findall.conditions import evidence, judge
from parallel_local.retrieval.library import Library
from parallel_local.runs.signals import Signals
from parallel_local.runs.store import Event, RunStore
from parallel_local.threads import in_thread
from parallel_local.wire.common import FieldBasis
from parallel_local.wire.findall import (
    Candidate,
    EnrichInput,
    FindAllEvent,
    FindAllInput,
    FindAllResult,
    FindAllRun,
    FindAllSchema,
    FindAllStatus,
    Metrics,
    Termination,
)
from parallel_local.wire.tasks import RunStatus

_KIND = "findall"
_CANDIDATE = "candidate"
_MOST_MATCHES = 1000
_FINISHED: frozenset[str] = frozenset({"completed", "failed", "cancelled"})


class FindAllRecord(msgspec.Struct, frozen=True):
    """All that is kept about a run, except its candidates."""

    run: FindAllRun
    input: FindAllInput
    enrichments: list[EnrichInput] = []


class CandidateRecord(msgspec.Struct, frozen=True):
    """A candidate, its place in the order of generation, and how many enrichments it has had."""

    candidate: Candidate
    place: int
    enriched: int = 0


class FindAllRuns:
    """The service behind the FindAll endpoints."""

    def __init__(
        self, store: RunStore, signals: Signals, library: Library, clock: Clock, threads: Executor
    ) -> None:
        self._store = store
        self._signals = signals
        self._library = library
        self._clock = clock
        self._threads = threads
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._in_work: set[str] = set()

    def create(self, wanted: FindAllInput) -> FindAllRun:
        """Accept a run; it is queued when this returns."""
        now = timestamp(self._clock.now())
        status = FindAllStatus("queued", True, Metrics(0, 0))
        run = FindAllRun(
            f"findall_{self._clock.new_hex()}", status, wanted.generator, wanted.metadata, now, now
        )
        with self._store.together():
            self._put(FindAllRecord(run, wanted))
        self._queue.put_nowait(run.findall_id)
        return run

    def get(self, findall_id: str) -> FindAllRecord:
        """A run; 404 when there is none."""
        record = self._store.get(_KIND, findall_id, FindAllRecord)
        if record is None:
            raise not_found("findall run", findall_id)
        return record

    def schema(self, findall_id: str) -> FindAllSchema:
        """What the run looks for, with its enrichments; tool servers keep no secrets here."""
        return _schema(self.get(findall_id))

    def result(self, findall_id: str) -> FindAllResult:
        """Run and candidates as they are now."""
        record = self.get(findall_id)
        last = self._store.last(findall_id)
        candidates = [item.candidate for item in self._candidates(findall_id)]
        return FindAllResult(record.run, candidates, str(last) if last is not None else None)

    def enrich(self, findall_id: str, enrichment: EnrichInput) -> FindAllSchema:
        """Add an enrichment; a finished run is queued again (Parallel 2.12.2)."""
        record = self.get(findall_id)
        record = msgspec.structs.replace(record, enrichments=[*record.enrichments, enrichment])
        return self._requeue(record)

    def extend(self, findall_id: str, additional: int) -> FindAllSchema:
        """Raise the match limit; 422 where the contract forbids it."""
        record = self.get(findall_id)
        limit = record.input.match_limit + additional
        status = record.run.status
        reason = None
        if record.input.generator == "preview":
            reason = "preview runs cannot be extended"
        elif limit > _MOST_MATCHES:
            reason = f"the total match limit is at most {_MOST_MATCHES}"
        elif not status.is_active and status.termination_reason != "match_limit_met":
            reason = f"a run that ended with {status.termination_reason} cannot be extended"
        if reason:
            raise invalid([Problem(("body", "additional_match_limit"), reason)])
        wanted = msgspec.structs.replace(record.input, match_limit=limit)
        return self._requeue(msgspec.structs.replace(record, input=wanted))

    def cancel(self, findall_id: str) -> None:
        """Stop a run; 409 when it is finished already."""
        record = self.get(findall_id)
        if record.run.status.status in _FINISHED:
            raise ApiError(409, f"the run is already {record.run.status.status}", detail={"id": findall_id})
        self._move(record, "cancelled", "user_cancelled")

    def events(self, findall_id: str, after: int) -> Sequence[Event]:
        """Events of a run behind a sequence number."""
        return self._store.events(findall_id, after)

    async def changed(self, findall_id: str, seconds: float) -> bool:
        """Wait for the next event; false after `seconds` or at shutdown."""
        return await self._signals.heard(findall_id, seconds)

    @property
    def closing(self) -> bool:
        """Whether the program is ending, so that streams should too."""
        return self._signals.closed

    def resume(self) -> None:
        """Queue again whatever was unfinished when the program last ended."""
        for record in self._store.active(_KIND, FindAllRecord):
            self._queue.put_nowait(record.run.findall_id)

    async def work(self) -> None:
        """Carry out queued runs, one after the other, for ever; no run is worked on twice at a time."""
        while True:
            findall_id = await self._queue.get()
            if findall_id in self._in_work:
                continue
            self._in_work.add(findall_id)
            try:
                await self._until_settled(findall_id)
            finally:
                self._in_work.discard(findall_id)

    async def _until_settled(self, findall_id: str) -> None:
        """Work until the run is finished; one that was queued again meanwhile is gone through once more."""
        while (record := self.get(findall_id)).run.status.is_active:
            try:
                reason = await self._carry_out(self._move(record, "running"))
            except Exception:  # whatever goes wrong in one run must not end the worker
                self._move(self.get(findall_id), "failed", "error_occurred")
                return
            record = self.get(findall_id)
            if record.run.status.status == "running":
                self._move(record, "completed", reason)

    async def _carry_out(self, record: FindAllRecord) -> Termination:
        """Judge candidates until the limit is met or none are left, then enrich the matches."""
        findall_id = record.run.findall_id
        wanted = record.input
        listed = await in_thread(self._threads, lambda: self._nominees(wanted))
        known = {item.candidate.name: item for item in self._candidates(findall_id)}
        reason: Termination = "candidates_exhausted"
        for nominee in listed:
            record = self.get(findall_id)
            if not record.run.status.is_active or self._is_full(record):
                reason = "match_limit_met"
                break
            earlier = known.get(nominee.entity.name)
            if earlier is None or earlier.candidate.match_status == "generated":
                await self._consider(record, nominee, earlier)
        if self._is_full(self.get(findall_id)):
            reason = "match_limit_met"
        await self._enrich_matches(findall_id, {nominee.entity.name: nominee for nominee in listed})
        return reason

    def _is_full(self, record: FindAllRecord) -> bool:
        """Preview limits the candidates to evaluate, every other generator the matches."""
        metrics = record.run.status.metrics
        preview = record.input.generator == "preview"
        count = metrics.generated_candidates_count if preview else metrics.matched_candidates_count
        return count >= record.input.match_limit

    async def _consider(
        self, record: FindAllRecord, nominee: Nominee, earlier: CandidateRecord | None
    ) -> None:
        """Judge one candidate; an earlier one was generated before a restart and not judged yet."""
        findall_id = record.run.findall_id
        item = earlier or self._generated(record, nominee)
        judged = await in_thread(self._threads, lambda: self._judged(record.input, nominee, item.candidate))
        if self.get(findall_id).run.status.is_active:
            self._save(findall_id, CandidateRecord(judged, item.place), judged.match_status)

    def _generated(self, record: FindAllRecord, nominee: Nominee) -> CandidateRecord:
        facts = [f"{key}: {value}" for key, value in nominee.entity.facts.items()]
        candidate = Candidate(
            candidate_id=f"candidate_{self._clock.new_hex()}",
            name=nominee.entity.name,
            url=nominee.url,
            description="; ".join([nominee.entity.type, *facts])[:500] or None,
            match_status="generated",
        )
        item = CandidateRecord(candidate, record.run.status.metrics.generated_candidates_count)
        self._save(record.run.findall_id, item, "generated")
        return item

    def _judged(self, wanted: FindAllInput, nominee: Nominee, candidate: Candidate) -> Candidate:
        said = evidence(self._library, nominee)
        answers = {item.name: judge(self._library, nominee, item, said) for item in wanted.match_conditions}
        matched = all(answer.value == "yes" for answer in answers.values())
        output: dict[str, object] = {
            name: {"value": answer.value, "type": "match_condition", "is_matched": answer.value == "yes"}
            for name, answer in answers.items()
        }
        return msgspec.structs.replace(
            candidate,
            match_status="matched" if matched else "unmatched",
            output=output,
            basis=basis(answers, per_element=False),
        )

    async def _enrich_matches(self, findall_id: str, listed: dict[str, Nominee]) -> None:
        for item in self._candidates(findall_id):
            record = self.get(findall_id)
            pending = record.enrichments[item.enriched :]
            nominee = listed.get(item.candidate.name)
            if (
                item.candidate.match_status == "matched"
                and pending
                and nominee
                and record.run.status.is_active
            ):
                candidate = await in_thread(
                    self._threads, partial(self._enriched, item.candidate, nominee, pending)
                )
                done = CandidateRecord(candidate, item.place, len(record.enrichments))
                self._save(findall_id, done, "enriched")

    def _enriched(self, candidate: Candidate, nominee: Nominee, pending: Sequence[EnrichInput]) -> Candidate:
        for enrichment in pending:
            candidate = self._with_fields(candidate, nominee, enrichment)
        return candidate

    def _with_fields(self, candidate: Candidate, nominee: Nominee, enrichment: EnrichInput) -> Candidate:
        schema = enrichment.output_schema.json_schema
        known = tuple(Known(card, nominee.entity) for card in nominee.cards[:1])
        filler = Filler(self._library, Subject(nominee.entity.name, known), schema, None)
        fields = view(schema, schema).properties()
        answers = {name: filler.field(name, raw) for name, raw in fields.items()}
        output = dict(candidate.output or {})
        output |= {name: {"value": answer.value, "type": "enrichment"} for name, answer in answers.items()}
        entries: list[FieldBasis] = [*(candidate.basis or []), *basis(answers, per_element=False)]
        return msgspec.structs.replace(candidate, output=output, basis=entries)

    def _nominees(self, wanted: FindAllInput) -> list[Nominee]:
        exclude = [(item.name, item.url) for item in wanted.exclude_list or []]
        return nominees(self._library.entities(), wanted.entity_type, exclude)

    def _candidates(self, findall_id: str) -> list[CandidateRecord]:
        stored = self._store.children(_CANDIDATE, findall_id, CandidateRecord)
        return sorted(stored, key=lambda item: item.place)

    def _save(self, findall_id: str, item: CandidateRecord, happened: str) -> None:
        """Store a candidate, the run's new counts, and the event."""
        with self._store.together():
            self._store.put(_CANDIDATE, item.candidate.candidate_id, item, active=False, parent=findall_id)
            record = self.get(findall_id)
            metrics = record.run.status.metrics
            counts = Metrics(
                metrics.generated_candidates_count + (happened == "generated"),
                metrics.matched_candidates_count + (happened == "matched"),
            )
            status = msgspec.structs.replace(record.run.status, metrics=counts)
            self._store_record(msgspec.structs.replace(record, run=self._touched(record.run, status)))
            self._append(findall_id, f"findall.candidate.{happened}", item.candidate)
        self._signals.ring(findall_id)

    def _move(
        self, record: FindAllRecord, status: RunStatus, reason: Termination | None = None
    ) -> FindAllRecord:
        metrics = record.run.status.metrics
        state = FindAllStatus(status, status not in _FINISHED, metrics, reason)
        moved = msgspec.structs.replace(record, run=self._touched(record.run, state))
        with self._store.together():
            self._put(moved)
        self._signals.ring(record.run.findall_id)
        return moved

    def _requeue(self, record: FindAllRecord) -> FindAllSchema:
        """Store a changed schema and make sure a worker looks at the run."""
        schema = _schema(record)
        with self._store.together():
            self._store_record(record)
            self._append(record.run.findall_id, "findall.schema.updated", schema)
        self._move(record, "queued")
        self._queue.put_nowait(record.run.findall_id)
        return schema

    def _touched(self, run: FindAllRun, status: FindAllStatus) -> FindAllRun:
        return msgspec.structs.replace(run, status=status, modified_at=timestamp(self._clock.now()))

    def _put(self, record: FindAllRecord) -> None:
        self._store_record(record)
        self._append(record.run.findall_id, "findall.status", record.run)

    def _store_record(self, record: FindAllRecord) -> None:
        active = record.run.status.is_active
        self._store.put(_KIND, record.run.findall_id, record, active=active)

    def _append(self, findall_id: str, type_: str, data: msgspec.Struct) -> None:
        event = FindAllEvent(type_, timestamp(self._clock.now()), msgspec.to_builtins(data))
        self._store.append(findall_id, event)


def _schema(record: FindAllRecord) -> FindAllSchema:
    wanted = record.input
    return FindAllSchema(
        objective=wanted.objective,
        entity_type=wanted.entity_type,
        match_conditions=wanted.match_conditions,
        enrichments=record.enrichments or None,
        generator=wanted.generator,
        match_limit=wanted.match_limit,
    )
