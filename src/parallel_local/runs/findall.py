"""FindAll as a kind of run: generating candidates, judging them, enriching the matches, and telling of all of it.

Candidates are judged one at a time in threads, so that a cancel takes effect between two. What is judged stays
judged: a run that is queued again, or resumed, goes on with what is left.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from functools import partial

import msgspec

from parallel_local.clock import Clock, timestamp
from parallel_local.findall.candidates import Nominee, nominees
from parallel_local.findall.conditions import Judge
from parallel_local.findall.effort import effort_of
from parallel_local.findall.entity_index import Entities, EntityIndex
from parallel_local.findall.verdicts import enriched, judged
from parallel_local.model.judging import Judges, ModelJudge
from parallel_local.retrieval.library import Library
from parallel_local.runs.ended import unless_ended
from parallel_local.runs.engine import Runs
from parallel_local.runs.findall_records import (
    CANDIDATE,
    CandidateRecord,
    FindAllRecord,
    candidates_of,
    event,
    expected_seconds,
    is_full,
)
from parallel_local.runs.kind import Book, Card, Line, Move, Posting, RehearsedFailure
from parallel_local.runs.memory import findall_memory
from parallel_local.runs.states import AGAIN, States
from parallel_local.runs.store import RunStore
from parallel_local.runs.webhooks import findall_postings
from parallel_local.threads import in_thread
from parallel_local.wire.findall import Candidate, FindAllInput, FindAllStatus, Metrics, Termination
from parallel_local.wire.tasks import ACTIVE, RunStatus

FindAllRuns = Runs[FindAllRecord, Termination]
_REASONS: dict[RunStatus, Termination] = {"failed": "error_occurred", "cancelled": "user_cancelled"}


class Judging(msgspec.Struct, frozen=True):
    """Who judges the candidates of a run: the engine itself, and the model where there is one."""

    own: Judge
    model: ModelJudge | None


class FindAllKind:
    """FindAll runs, for the engine."""

    name = "findall"
    noun = "findall run"
    record: type[FindAllRecord] = FindAllRecord
    states: States = AGAIN
    starts_over = False

    def __init__(
        self,
        library: Library,
        index: EntityIndex,
        store: RunStore,
        clock: Clock,
        threads: Executor,
        judges: Judges | None = None,
    ) -> None:
        self._library = library
        self._index = index
        self._judges = judges
        self._store = store
        self._clock = clock
        self._threads = threads

    def card(self, record: FindAllRecord) -> Card:
        """A run stands for itself."""
        run = record.run
        seconds = expected_seconds(record.input)
        return Card(run.findall_id, run.status.status, run.created_at, seconds=seconds)

    def moved(self, record: FindAllRecord, move: Move[Termination]) -> FindAllRecord:
        """Only a run that has ended has a reason."""
        reason = move.result or _REASONS.get(move.status)
        metrics = record.run.status.metrics
        status = FindAllStatus(move.status, move.status in ACTIVE, metrics, reason)
        return _touched(record, status, move.at)

    def told(self, record: FindAllRecord) -> Iterable[Line]:
        """Every state is an event, and memory hears of the end."""
        run = record.run
        yield from findall_memory(run, record.input)
        yield event(run.findall_id, "findall.status", run, run.modified_at)

    def posted(self, record: FindAllRecord, lines: Sequence[Line]) -> Iterable[Posting]:
        """A run's webhook hears of its candidates and of its end."""
        return findall_postings(record, lines)

    async def work(self, record: FindAllRecord, book: Book[FindAllRecord]) -> Termination:
        """Judge candidates until the limit is met or none are left, then enrich the matches."""
        if record.fails:
            raise RehearsedFailure
        findall_id, wanted = record.run.findall_id, record.input
        entities = await in_thread(self._threads, partial(self._index.now, wanted.entity_type))
        listed: Sequence[Nominee] = await in_thread(self._threads, partial(_nominees, entities, wanted))
        judges = self._judging(wanted, entities, listed)
        most = effort_of(wanted.generator).most_candidates(wanted.match_limit)
        known = {item.candidate.name: item for item in candidates_of(self._store, findall_id)}
        if judges.model is not None and (
            not is_full(record) or known.keys() - {one.entity.name for one in listed}
        ):
            listed = await unless_ended(book, findall_id, judges.model.listed())
        for nominee in listed:
            record = book.get(findall_id)
            earlier = known.get(nominee.entity.name)
            if is_full(record) or (earlier is None and _spent(record, most)):
                break
            if earlier is None or earlier.candidate.match_status == "generated":
                await self._consider(record, judges, nominee, earlier, book)
        ended = _ended(book.get(findall_id), len(listed), most)
        by_name = {nominee.entity.name: nominee for nominee in listed}
        await self._enrich_matches(findall_id, by_name, book, judges.model)
        if judges.model is not None:
            judges.model.close(findall_id)
        return ended

    def _judging(self, wanted: FindAllInput, entities: Entities, listed: Sequence[Nominee]) -> Judging:
        own = Judge(entities, wanted.entity_type, effort_of(wanted.generator).documents)
        return Judging(own, self._judges.begin(wanted, listed, entities.things) if self._judges else None)

    async def _consider(
        self,
        record: FindAllRecord,
        judges: Judging,
        nominee: Nominee,
        earlier: CandidateRecord | None,
        book: Book[FindAllRecord],
    ) -> None:
        """Judge one candidate; an earlier one was generated before a restart and not judged yet."""
        findall_id = record.run.findall_id
        item = earlier or self._generated(record, nominee, book)
        work = partial(judged, judges.own, nominee, item.candidate, record.input.match_conditions)
        candidate = await in_thread(self._threads, work)
        if judges.model is not None:
            candidate = await unless_ended(book, findall_id, judges.model.judged(nominee, candidate))
        self._save(findall_id, CandidateRecord(candidate, item.place), candidate.match_status, book)

    def _generated(
        self, record: FindAllRecord, nominee: Nominee, book: Book[FindAllRecord]
    ) -> CandidateRecord:
        facts = [f"{key}: {value}" for key, value in nominee.entity.facts.items()]
        candidate = Candidate(
            candidate_id=f"candidate_{self._clock.new_hex()}",
            name=nominee.entity.name,
            url=nominee.url,
            description="; ".join([nominee.entity.type, *facts])[:500] or None,
            match_status="generated",
        )
        item = CandidateRecord(candidate, record.run.status.metrics.generated_candidates_count)
        self._save(record.run.findall_id, item, "generated", book)
        return item

    async def _enrich_matches(
        self,
        findall_id: str,
        listed: dict[str, Nominee],
        book: Book[FindAllRecord],
        judge: ModelJudge | None,
    ) -> None:
        for item in candidates_of(self._store, findall_id):
            enrichments = book.get(findall_id).enrichments
            pending = enrichments[item.enriched :]
            nominee = listed.get(item.candidate.name)
            if item.candidate.match_status == "matched" and pending and nominee:
                enrich = partial(enriched, self._library, nominee, item.candidate, pending)
                candidate = await in_thread(self._threads, enrich)
                if judge is not None:
                    candidate = await unless_ended(book, findall_id, judge.enriched(candidate, pending))
                done = CandidateRecord(candidate, item.place, len(enrichments))
                self._save(findall_id, done, "enriched", book)

    def _save(self, findall_id: str, item: CandidateRecord, happened: str, book: Book[FindAllRecord]) -> None:
        """Store a candidate, the run's new counts, and the event; all of it or, after a cancel, nothing."""
        now = timestamp(self._clock.now())
        record = book.get(findall_id)
        status = msgspec.structs.replace(
            record.run.status, metrics=_counted(record.run.status.metrics, happened)
        )
        line = event(findall_id, f"findall.candidate.{happened}", item.candidate, now)
        with self._store.together():
            self._store.put(CANDIDATE, item.candidate.candidate_id, item, active=False, parent=findall_id)
            book.save(_touched(record, status, now), [line])


def _spent(record: FindAllRecord, most: int) -> bool:
    """Whether a run has judged as many candidates as its generator does for so few matches."""
    return record.run.status.metrics.generated_candidates_count >= most


def _ended(record: FindAllRecord, listed: int, most: int) -> Termination:
    if is_full(record):
        return "match_limit_met"
    return "low_match_rate" if listed > most and _spent(record, most) else "candidates_exhausted"


def _nominees(entities: Entities, wanted: FindAllInput) -> list[Nominee]:
    exclude = [(item.name, item.url) for item in wanted.exclude_list or []]
    return nominees(entities, wanted.entity_type, exclude)


def _counted(metrics: Metrics, happened: str) -> Metrics:
    return Metrics(
        metrics.generated_candidates_count + (happened == "generated"),
        metrics.matched_candidates_count + (happened == "matched"),
    )


def _touched(record: FindAllRecord, status: FindAllStatus, at: str) -> FindAllRecord:
    return msgspec.structs.replace(
        record, run=msgspec.structs.replace(record.run, status=status, modified_at=at)
    )
