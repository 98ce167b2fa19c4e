"""The short value of an answer: the span of the asked kind nearest to the question's words, else what is said of them.

Pure. Always a verbatim slice of a sentence that is quoted as its evidence; nothing of the question itself.
"""

import re
from collections.abc import Sequence

import msgspec

from parallel_local.answers.answering import Answered
from parallel_local.answers.evidence import Demand, Line
from parallel_local.answers.trust import pointed
from parallel_local.answers.wanted import Span, clause_at, place_of, spans
from parallel_local.text.question_words import UNSPACED, Asks
from parallel_local.text.sentences import flat
from parallel_local.text.tokens import spaced, stems

_WORD = re.compile(r"\w+")
_SAID_OF = re.compile(
    r"\s(?:is|are|was|were|means|ist|sind|war|waren|est|sont|était|es|son|era|fue|è|sono|é|são|foi|is|zijn|är|este|sunt)\s"
    r"|:\s+|\s[–—=]\s+"
)
_SUBORDINATE = re.compile(
    r"[,;(]|\b(?:which|who|that|because|if|when|where|weil|dass|der|die|das|wenn|qui|que|parce|porque|che|которы\w+|что)\s"
)
_OTHER_CLAUSE = 60
_POINTED = 0.72
_CLEARLY_POINTED = 0.8
_ONE_OF_TWO = 0.6
_AMONG = 0.93
_CLEAR = 25
_MOSTLY = 0.8


class Short(msgspec.Struct, frozen=True):
    """A value, the lines it stands in, and whether other values of its kind stand as near."""

    text: str
    lines: tuple[Line, ...]
    alone: bool


def short_value(said: Answered) -> Short | None:
    """The value of an answer; None where nothing was found, or too much that would do."""
    if not said.quoted:
        return None
    best, clear = said.quoted[0], pointed(said.ranked)
    if clear < (_CLEARLY_POINTED if said.question.language in UNSPACED else _POINTED):
        return _one_of_two(said.quoted) if clear >= _ONE_OF_TWO else None
    if said.question.asks is Asks.WHY:
        return _together(said.quoted[:2])
    named = said.question.asks in (Asks.WHO, Asks.WHERE)
    for line in said.quoted[:1] if named else said.quoted:
        found = spans(said.question, line.unit.text) if line.score >= _AMONG * best.score else None
        if found:
            return _chosen(found, line, said)
    if clear < _CLEARLY_POINTED and (both := _one_of_two(said.quoted)):
        return both
    return Short(_said_of(best, said.demands), (best,), alone=True)


def _one_of_two(quoted: Sequence[Line]) -> Short | None:
    """Two sentences side by side, where it cannot be told which of them says it."""
    pair = [
        line
        for line in quoted[1:2]
        if line.passage == quoted[0].passage and abs(line.place - quoted[0].place) == 1
    ]
    return _together(sorted((quoted[0], *pair), key=lambda line: line.place)) if pair else None


def _together(lines: Sequence[Line]) -> Short:
    return Short(" ".join(flat(line.unit.text) for line in lines), tuple(lines), alone=False)


def _chosen(found: Sequence[Span], line: Line, said: Answered) -> Short:
    """The only value, or the one that stands clearly nearer than the next; else the sentence that has them all."""
    text = line.unit.text
    places = _places(text, said.demands, line.card.language)
    ordered = sorted(found, key=lambda span: _distance(span, places, text))
    others = [span for span in ordered if span.text != ordered[0].text]
    if not others and said.question.asks is Asks.WHERE:
        place = place_of(said.question, ordered[0], text)
        return Short(place.text if place else flat(text), (line,), alone=place is not None)
    if not others:
        return Short(_bare(ordered[0], text), (line,), alone=True)
    lead = _distance(others[0], places, text) - _distance(ordered[0], places, text)
    if lead >= _CLEAR and said.question.asks not in (Asks.WHO, Asks.WHERE):
        return Short(_bare(ordered[0], text), (line,), alone=False)
    return Short(flat(text), (line,), alone=False)


def _bare(span: Span, text: str) -> str:
    """Without the full stop that only ends the sentence."""
    return span.text.rstrip(".") if span.end >= len(text.rstrip()) else span.text


def _distance(span: Span, places: Sequence[tuple[int, int]], text: str) -> float:
    """How far the nearest words of the question are, on average over the two nearest."""
    start, end = clause_at(text, span.start)
    away = sorted(
        max(span.start - last, first - span.end, 0) + (0 if start <= first < end else _OTHER_CLAUSE)
        for first, last in places
    )
    nearest = away[:3]
    return sum(nearest) / len(nearest) if nearest else float(span.start)


def _places(text: str, wanted: Sequence[Demand], language: str) -> list[tuple[int, int]]:
    """Where a sentence has words of the question."""
    return [
        match.span()
        for match in _WORD.finditer(text)
        if any(demand.term.within(spaced(stems(match.group(), language))) for demand in wanted)
    ]


def _said_of(line: Line, wanted: Sequence[Demand]) -> str:
    """What follows "is" or a colon when the question's words stand before it; else the whole sentence."""
    text = flat(line.unit.text)
    if line.own < _MOSTLY and not line.complete:
        return text
    own = [demand for demand in wanted if demand.term.within(spaced(stems(text, line.card.language)))]
    verb = _SAID_OF.search(text)
    before = text[: verb.start()] if verb else ""
    if verb is None or not own or _SUBORDINATE.search(before):
        return text
    said = spaced(stems(before, line.card.language))
    return text[verb.end() :].rstrip(" .;。") if all(demand.term.within(said) for demand in own) else text
