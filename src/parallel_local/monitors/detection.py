"""What there is to tell of a query: documents that came, changed or went, by the sentences that answer it.

Only a document that changed itself is told of: that others weigh more or less now changes nothing about it. Blocks on
the index and the journal: call it from a thread.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from parallel_local.answers.compose import direct_statements
from parallel_local.answers.statements import Statement
from parallel_local.monitors.interest import topic
from parallel_local.monitors.journal import Changes, Journal
from parallel_local.monitors.memory import Known, Memory
from parallel_local.retrieval.excerpts import by_document
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.policy import permits
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import Found
from parallel_local.text.sentences import units
from parallel_local.wire.common import SourcePolicy

_MOST_KNOWN = 200  # documents of one monitor
_MOST_LOOKED_AT = 500  # documents of one execution
_BACKFILL = 10
_MARK_BYTES = 6
Happened = Literal["new", "changed", "silent", "gone"]


class Watch(msgspec.Struct, frozen=True):
    """What to look for, and in which documents."""

    query: str
    policy: SourcePolicy | None = None
    backfill: bool = False


class Detection(msgspec.Struct, frozen=True):
    """One document and what happened to it; `quotes` are what it says now that it did not say before."""

    happened: Happened
    url: str
    title: str
    date: str | None = None
    quotes: tuple[Statement, ...] = ()


def detect(
    library: Library, journal: Journal, watch: Watch, memory: Memory | None
) -> tuple[list[Detection], Memory]:
    """What happened since `memory` was made, and what to remember now."""
    query = library.query(topic(watch.query))
    changes = journal.since(memory.seq if memory else None)
    if memory is None:
        answering = _answering(library, query, watch.policy)
        known = {found.url: known for found, known in answering}
        told = [found for found, _ in answering[:_BACKFILL]] if watch.backfill else []
        return told, Memory(changes.seq, watch.query, known)
    if memory.query != watch.query:
        changed = {card.url for card in changes.present}
        answering = _answering(library, query, watch.policy)
        known = {found.url: known for found, known in answering if found.url not in changed}
        memory = Memory(memory.seq, watch.query, known)
    return _compared(library, query, watch, changes, memory)


def _answering(library: Library, query: Query, policy: SourcePolicy | None) -> list[tuple[Detection, Known]]:
    """The documents that answer the query now, best first."""
    found: list[tuple[Detection, Known]] = []
    for passages in by_document(library.search([query], policy)):
        card, quotes = passages[0].card, direct_statements(library, query, passages)
        if quotes and len(found) < _MOST_KNOWN:
            known = _known(card, _passages(library, card), quotes)
            found.append((Detection("new", card.url, card.title, card.date, tuple(quotes)), known))
    return found


def _compared(
    library: Library, query: Query, watch: Watch, changes: Changes, memory: Memory
) -> tuple[list[Detection], Memory]:
    known = dict(memory.known)
    found: list[Detection] = []
    for url in changes.gone:
        before = known.pop(url, None)
        if before is not None and url in changes.moved:
            known[changes.moved[url]] = before
        elif before is not None:
            found.append(Detection("gone", url, before.title))
    for card in changes.present[:_MOST_LOOKED_AT]:
        if permits(watch.policy, card.url, card.date):
            found.extend(_looked_at(library, query, card, card.url in changes.came, known))
    kept = dict(list(known.items())[-_MOST_KNOWN:])
    return found, Memory(changes.seq, watch.query, kept)


def _looked_at(
    library: Library, query: Query, card: Card, is_new: bool, known: dict[str, Known]
) -> Iterator[Detection]:
    """What a document that changed has to tell; what is known of it is brought up to date."""
    before = known.pop(card.url, None)
    passages = _passages(library, card)
    fresh = _without(passages, before.lines) if before else passages
    quotes = tuple(direct_statements(library, query, fresh)) if fresh else ()
    answers = direct_statements(library, query, passages) if before else quotes
    if answers or quotes:
        known[card.url] = _known(card, passages, [*answers, *quotes])
    if before and not quotes and before.said not in _marks(passages):
        yield Detection("silent", card.url, card.title, card.date)
    if quotes:
        happened: Happened = "new" if is_new and before is None else "changed"
        yield Detection(happened, card.url, card.title, card.date, quotes)


def _known(card: Card, passages: Sequence[Found], answers: Sequence[Statement]) -> Known:
    return Known(card.title, _marks(passages), _mark(answers[0].text))


def _passages(library: Library, card: Card) -> list[Found]:
    """All of a document, as if it had been found: whether it answers is seen by its sentences."""
    return [Found(card, hit.heading, hit.text, hit.passage, 1.0, 1.0) for hit in library.passages(card)]


def _without(passages: Sequence[Found], lines: frozenset[str]) -> list[Found]:
    """The passages with only those of their sentences that were not there before."""
    left = []
    for passage in passages:
        fresh = [unit.text for unit in units(passage.text) if _mark(unit.text) not in lines]
        if fresh:
            left.append(msgspec.structs.replace(passage, text="\n\n".join(fresh)))
    return left


def _marks(passages: Sequence[Found]) -> frozenset[str]:
    return frozenset(_mark(unit.text) for passage in passages for unit in units(passage.text))


def _mark(text: str) -> str:
    """A sentence, however its lines are broken."""
    flat = " ".join(text.split()).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(flat, digest_size=_MARK_BYTES).hexdigest()
