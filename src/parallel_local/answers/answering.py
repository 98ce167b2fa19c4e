"""Answering a question by quoting: what is quoted, how sure that is, and why.

Joins question, evidence and trust. Blocks on the index; runs in a worker thread. Nothing is rendered here.
"""

from collections.abc import Sequence

import msgspec

from parallel_local.answers.evidence import Demand, Line, Passage, beside, demands, lines, read, tells_beside
from parallel_local.answers.questions import Question, read_question
from parallel_local.answers.statements import Statement
from parallel_local.answers.trust import trust
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import Found
from parallel_local.text.sentences import Kind
from parallel_local.wire.common import Confidence, SourcePolicy

_MOST_QUOTED = 4
_NEARLY_AS_GOOD = 0.6
_EVEN = 0.85


class Answered(msgspec.Struct, frozen=True):
    """`quoted` is empty where the documents do not say it; `ranked` holds what was considered, best first."""

    question: Question
    query: Query
    demands: tuple[Demand, ...]
    quoted: tuple[Line, ...]
    ranked: tuple[Line, ...]
    confidence: Confidence

    @property
    def missing(self) -> str:
        """What the documents do not say, in the question's words."""
        short = self.ranked[0].missing if self.ranked else self.demands
        words = [demand.term.word for demand in short or self.demands]
        return ", ".join(words) or "this"

    def statements(self) -> list[Statement]:
        """The quotations, for rendering and citing."""
        return [statement(line) for line in self.quoted]


def statement(line: Line) -> Statement:
    """A line as a quotation."""
    return Statement(line.unit.text, line.unit.kind, line.card, line.heading, line.score, line.near)


def answer(library: Library, text: str, policy: SourcePolicy | None = None, context: str = "") -> Answered:
    """What the documents say to a question, read together with what was talked about before if that helps."""
    for asked in dict.fromkeys((f"{text} {context}".strip(), text)):
        query = library.query(asked)
        said = judge(library, query, library.search([query], policy), text)
        if said.quoted:
            return said
    return said


def judge(library: Library, query: Query, found: Sequence[Found], text: str = "") -> Answered:
    """What these passages say to a query; `text` is its question, where the query holds more than that."""
    question = read_question(text or query.text, query.language)
    passages = read(found)
    wanted = demands(question, query, library.weigh(query))
    ranked = lines(question, wanted, passages)
    sure = trust(ranked, wanted, question)
    quoted = () if sure == "low" else tuple(_quoted(question, ranked, passages))
    return Answered(question, query, wanted, quoted, tuple(ranked), sure)


def _quoted(question: Question, ranked: Sequence[Line], passages: Sequence[Passage]) -> list[Line]:
    """The best line and those that are nearly as good; others' files only with as much of the question."""
    best = ranked[0]
    close = [line for line in ranked if _stands_by(line, best)]
    chosen = [line for line in close if line.unit.kind is not Kind.ROW] or close
    if tells_beside(question):
        chosen = [best, *beside(best, passages), *chosen[1:]]
    once = {line.unit.text: line for line in reversed(chosen[:_MOST_QUOTED])}
    return [line for line in chosen[:_MOST_QUOTED] if once.pop(line.unit.text, None)]


def _stands_by(line: Line, best: Line) -> bool:
    """Beside a line that meets everything only its own passage is quoted; other files must meet as much.

    What says nothing of the question itself has to be about as good as the best.
    """
    share = line.score / best.score
    if line.passage == best.passage:
        return share >= (_EVEN if best.complete or not line.own else _NEARLY_AS_GOOD)
    if best.complete and not line.complete:
        return False
    return share >= _NEARLY_AS_GOOD and line.near >= _EVEN * best.near
