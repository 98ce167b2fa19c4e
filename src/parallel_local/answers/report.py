"""A report: which sections it has and which statements go into each.

Sections are the aspects that were asked for, then the documents (or, with few documents, the headings) that
say most about the topic. Nothing is written here that a document does not say; rendering lives elsewhere.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.answers.brief import Brief, title
from parallel_local.answers.statements import Statement, statements
from parallel_local.retrieval.excerpts import by_document
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import RELEVANT, Found
from parallel_local.text.sentences import Kind
from parallel_local.text.tokens import stems
from parallel_local.text.values import numbers
from parallel_local.wire.common import Notice, SourcePolicy

_SUMMARY_STATEMENTS = 5
_ENOUGH_DOCUMENTS = 3
_LONGEST_TABLE = 14
_FIGURE_BONUS = 0.15
_SELF = re.compile(r"\b(?:this|present|following)\b.{0,24}\b(?:report|document|article|page|section)\b", re.I)


class Table(msgspec.Struct, frozen=True):
    """A table quoted whole."""

    rows: tuple[Statement, ...]


class Section(msgspec.Struct, frozen=True):
    """A titled group of quotations, in reading order."""

    title: str
    statements: tuple[Statement, ...]
    table: Table | None = None

    def quoted(self) -> tuple[Statement, ...]:
        """Everything quoted, tables included."""
        return self.statements + (self.table.rows if self.table else ())


class Report(msgspec.Struct, frozen=True):
    """`missing` lists the aspects on which the documents say nothing."""

    title: str
    summary: Section
    sections: tuple[Section, ...]
    missing: tuple[str, ...]
    considered: int


class Step(msgspec.Struct, frozen=True):
    """A piece of progress worth telling: what was searched or found, and the URLs read for it.

    `notices` are remarks for the run's warnings.
    """

    kind: str
    message: str
    urls: tuple[str, ...] = ()
    considered: int = 0
    notices: tuple[Notice, ...] = ()


class Depth(msgspec.Struct, frozen=True):
    """How long a report may get."""

    sections: int
    statements: int


class ReportWriter:
    """Writes one report; keeps account of what was quoted, so that nothing is said twice."""

    def __init__(self, library: Library, brief: Brief, depth: Depth, policy: SourcePolicy | None) -> None:
        self._library = library
        self._brief = brief
        self._depth = depth
        self._policy = policy
        self._quoted: set[str] = set()
        self._used: set[int] = set()

    def write(self, found: Sequence[Found], query: Query) -> Iterator[Step | Report]:
        """Steps, and the report as the last item. `found` are the passages for the topic."""
        relevant = [item for item in found if item.coverage >= RELEVANT]
        summary = self._summary(relevant)
        sections: list[Section] = []
        missing: list[str] = []
        for aspect in self._brief.aspects[: self._depth.sections]:
            section = self._aspect(aspect)
            yield _step(aspect, section)
            sections.extend([section] if section else [])
            missing.extend([] if section else [aspect])
        for section in self._from_documents(query, relevant):
            if len(sections) >= self._depth.sections:
                break
            yield _step(section.title, section)
            sections.append(section)
        considered = len({item.card.id for item in found})
        yield Report(title(self._brief), summary, tuple(sections), tuple(missing), considered)

    def _summary(self, relevant: Sequence[Found]) -> Section:
        """The strongest sentences about the topic, two from the leading document and one from each other."""
        query = self._library.query(f"{self._brief.genre} {self._brief.topic}")
        chosen: list[Statement] = []
        ranked = statements(query, relevant, self._library.weigh(query))
        for statement in sorted(ranked, key=_telling):
            same = sum(statement.card.id == other.card.id for other in chosen)
            allowed = 2 if chosen and statement.card.id == chosen[0].card.id else 1
            if statement.kind is not Kind.ROW and same < allowed:
                chosen.append(statement)
            if len(chosen) == _SUMMARY_STATEMENTS:
                break
        self._quoted.update(statement.text for statement in chosen)
        return Section("Summary", tuple(chosen))

    def _aspect(self, aspect: str) -> Section | None:
        """What the documents say about one aspect of the topic."""
        query = self._library.query(f"{aspect} {self._brief.topic}")
        only = self._library.query(aspect)
        weight = self._library.weigh(only)
        found = [item for item in self._library.search([query], self._policy) if item.coverage >= 0.5]
        near = [item for item in found if statements(only, [item], weight)]
        section = self._section(aspect[:1].upper() + aspect[1:], query, near)
        self._used.update(item.card.id for item in near[:1])
        return section

    def _from_documents(self, query: Query, relevant: Sequence[Found]) -> Iterator[Section]:
        """A section per document when several documents treat the topic, otherwise one per heading."""
        groups = [group for group in by_document(relevant) if group[0].card.id not in self._used]
        if len(groups) < _ENOUGH_DOCUMENTS:
            groups = [[item] for group in groups for item in group]
        for group in groups:
            heading = group[0].heading.rsplit(" > ", 1)[-1]
            name = group[0].card.title if len(groups) >= _ENOUGH_DOCUMENTS and len(group) > 1 else heading
            own = self._library.query(group[0].card.title) if len(group) > 1 else query
            section = self._section(name or group[0].card.title, own, self._whole(group))
            if section:
                yield section

    def _whole(self, group: Sequence[Found]) -> list[Found]:
        """All passages of the document when it is a section of its own, else just the given one."""
        if len(group) == 1:
            return list(group)
        lead = group[0]
        return [
            Found(lead.card, hit.heading, hit.text, hit.passage, lead.score, lead.coverage)
            for hit in self._library.passages(lead.card)
        ]

    def _section(self, name: str, query: Query, found: Sequence[Found]) -> Section | None:
        ranked = statements(query, found, self._library.weigh(query))
        fresh = [item for item in ranked if item.text not in self._quoted]
        prose = _spread([item for item in fresh if item.kind is not Kind.ROW], self._depth.statements)
        table = _table(fresh, found)
        if not prose and table is None:
            return None
        section = Section(name, tuple(_in_order(prose, found)), table)
        self._quoted.update(statement.text for statement in section.quoted())
        return section


def _in_order(chosen: Sequence[Statement], found: Sequence[Found]) -> list[Statement]:
    """Statements by document and heading in the order these were found, then as they stand in the text."""
    places = {(item.card.id, item.heading): (place, item.text) for place, item in enumerate(found)}

    def key(statement: Statement) -> tuple[int, int]:
        place, text = places.get((statement.card.id, statement.heading), (len(places), ""))
        return place, text.find(statement.text)

    return sorted(chosen, key=key)


def _telling(statement: Statement) -> float:
    """Sort key of a summary: figures tell more than prose, and talk about the document itself tells least."""
    bonus = _FIGURE_BONUS if numbers(statement.text) else 0.0
    return -(statement.score + bonus - (1.0 if _SELF.search(statement.text) else 0.0))


def _spread(ranked: Sequence[Statement], limit: int) -> list[Statement]:
    """The best statements, but at most three under one heading and none that repeats another."""
    chosen: list[Statement] = []
    for statement in ranked:
        near = sum(
            statement.heading == other.heading and statement.card.id == other.card.id for other in chosen
        )
        if near < 3 and not any(_repeats(statement.text, other.text) for other in chosen):
            chosen.append(statement)
        if len(chosen) == limit:
            break
    return chosen


def _repeats(one: str, other: str) -> bool:
    left, right = set(stems(one)), set(stems(other))
    return len(left & right) >= 0.8 * max(1, min(len(left), len(right)))


def _table(ranked: Sequence[Statement], found: Sequence[Found]) -> Table | None:
    """The table of the best-ranked row, whole, when it is short enough to read."""
    lead = next((item for item in ranked[:12] if item.kind is Kind.ROW), None)
    if lead is None:
        return None
    home = next(item for item in found if lead.text in item.text and item.card.id == lead.card.id)
    lines = [line.strip() for line in home.text.splitlines() if line.strip().startswith("|")]
    if not 3 <= len(lines) <= _LONGEST_TABLE:
        return None
    return Table(tuple(msgspec.structs.replace(lead, text=line) for line in lines))


def _step(subject: str, section: Section | None) -> Step:
    if section is None:
        return Step("search", f"Query: {subject} — not found in the documents")
    urls = tuple(dict.fromkeys(statement.card.url for statement in section.quoted()))
    return Step("search", f"Query: {subject} — {len(section.quoted())} quotations", urls)
