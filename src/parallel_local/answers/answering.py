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
from parallel_local.text.sentences import Kind
from parallel_local.wire.common import Confidence, SourcePolicy

_MOST_QUOTED = 4
_NEARLY_AS_GOOD = 0.8
_COMPLETE = 0.999


class Answered(msgspec.Struct, frozen=True):
    """`quoted` is empty where the documents do not say it; `ranked` holds what was considered, best first."""

    question: Question
    demands: tuple[Demand, ...]
    quoted: tuple[Line, ...]
    ranked: tuple[Line, ...]
    confidence: Confidence

    def statements(self) -> list[Statement]:
        """The quotations, for rendering and citing."""
        return [
            Statement(line.unit.text, line.unit.kind, line.card, line.heading, line.score, line.near)
            for line in self.quoted
        ]


def answer(library: Library, text: str, policy: SourcePolicy | None = None, context: str = "") -> Answered:
    """What the documents say to a question; `context` is what was talked about before."""
    question = read_question(text)
    query = library.query(f"{text} {context}".strip())
    passages = read(library.search([query], policy))
    wanted = demands(question, query, library.weigh(query))
    ranked = lines(question, wanted, passages)
    sure: Confidence = trust(ranked[0], wanted) if ranked else "low"
    quoted = () if sure == "low" else tuple(_quoted(question, ranked, passages))
    return Answered(question, wanted, quoted, tuple(ranked), sure)


def _quoted(question: Question, ranked: Sequence[Line], passages: Sequence[Passage]) -> list[Line]:
    """The best line and those that are nearly as good; others' files only with as much of the question."""
    best = ranked[0]
    close = [line for line in ranked if line.score >= _NEARLY_AS_GOOD * best.score and _stands_by(line, best)]
    chosen = [line for line in close if line.unit.kind is not Kind.ROW] or close
    if tells_beside(question):
        chosen = [best, *beside(best, passages), *chosen[1:]]
    once = {line.unit.text: line for line in reversed(chosen[:_MOST_QUOTED])}
    return [line for line in chosen[:_MOST_QUOTED] if once.pop(line.unit.text, None)]


def _stands_by(line: Line, best: Line) -> bool:
    """Where one line meets everything, what meets less is no answer beside it."""
    if best.led >= _COMPLETE and line.led < _COMPLETE:
        return False
    return line.passage == best.passage or line.near >= best.near
