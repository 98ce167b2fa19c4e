"""Evidence: the sentences that may answer a question, each judged together with what stands around it.

Pure. A heading belongs to the text below it, a list to the sentence above it, and what a sentence calls "it"
stands in the sentence before. Whether the best one is good enough is decided in `trust.py`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from parallel_local.answers.claims import Claim, claim
from parallel_local.answers.questions import Question
from parallel_local.answers.wanted import shows
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.query import Query, Term
from parallel_local.retrieval.ranking import Found
from parallel_local.text.anaphora import points_back
from parallel_local.text.compounds import is_part
from parallel_local.text.kinship import akin, kin_text
from parallel_local.text.question_words import LIGHT, Asks
from parallel_local.text.sentences import Kind, Unit, units
from parallel_local.text.stemming import other_forms
from parallel_local.text.tokens import fold, spaced, stems

_MOST_PASSAGES = 8
_FARTHEST = 100
_MOST_SHORT = 4
_FIT = 1.0
_NO_FIT = -0.4
_ALL = 0.999
_SATURATION = 1.2
_WORDS_TO_ONE = 10 / 3  # of a line for each word of the question
_FIRST_WORDS = 3
_LIGHTER = 0.25
_SMALL_RUN = re.compile(r"[\u3040-\u309f]+|.?[何誰谁哪几什么].?")
_QUESTION_MARKS = ("?", "？", "؟")


class Demand(msgspec.Struct, frozen=True):
    """A term that an answer must meet: how much it weighs, and what it was in the question."""

    term: Term
    weight: float
    name: bool
    number: bool


class Line(msgspec.Struct, frozen=True):
    """A unit that may answer. Shares (0–1) of the demands that the unit meets: with its headings, with its
    neighbours, with the whole passage.
    """

    unit: Unit
    card: Card
    heading: str
    passage: int
    place: int
    score: float
    own: float
    led: float
    near: float
    whole: float
    alike: float
    complete: bool
    fit: bool | None
    claim: Claim
    weight: float
    missing: tuple[Demand, ...]


class Passage(msgspec.Struct, frozen=True):
    """A passage cut into units, with the stems of each as one string."""

    found: Found
    units: tuple[Unit, ...]
    stems: tuple[str, ...]
    around: str


def demands(question: Question, query: Query, weight: Mapping[str, float]) -> tuple[Demand, ...]:
    """What the terms of a question demand; the words that ask are no demand unless there is nothing else."""
    terms = [term for term in query.terms if not set(term.word.split()) <= question.phrase]
    light = _light(question.language)
    return tuple(
        Demand(
            term=_in_all_forms(term, query.language),
            weight=weight[term.word]
            * (_LIGHTER if light.issuperset(term.word.split()) or _small_run(term) else 1.0),
            name=bool(question.names.intersection(_parts(term))),
            number=bool(question.numbers.intersection(_parts(term))),
        )
        for term in terms or query.terms
    )


def _in_all_forms(term: Term, language: str) -> Term:
    own = term.alternatives[0]
    others = other_forms(own[0], language) if len(own) == 1 else ()
    return term.also((form,) for form in others)


@cache
def _light(language: str) -> frozenset[str]:
    return frozenset(fold(word) for word in LIGHT.get(language, "").split())


def _small_run(term: Term) -> bool:
    """A piece of Japanese or Chinese that only inflects or asks."""
    return bool(_SMALL_RUN.fullmatch(term.word))


def _parts(term: Term) -> list[str]:
    return [fold(part) for part in term.word.split()]


def read(found: Sequence[Found]) -> list[Passage]:
    """The best passages, cut into units; and short ones behind them that mention as much."""
    first = found[:_MOST_PASSAGES]
    enough = max((item.coverage for item in first), default=1.0)
    behind = [item for item in found[_MOST_PASSAGES:_FARTHEST] if item.coverage >= enough]
    return [_cut(item) for item in (*first, *sorted(behind, key=lambda item: len(item.text))[:_MOST_SHORT])]


def _cut(item: Found) -> Passage:
    parts = tuple(units(item.text))
    language = item.card.language
    own = tuple(spaced(stems(unit.text, language)) for unit in parts)
    return Passage(item, parts, own, spaced(stems(f"{item.card.title} | {item.heading}", language)))


def lines(question: Question, wanted: Sequence[Demand], passages: Sequence[Passage]) -> list[Line]:
    """The units of the passages that speak of what is asked, best first."""
    total = sum(demand.weight for demand in wanted)
    if not total:
        return []
    weights = [_passage_weight(wanted, passage, passages) / total for passage in passages]
    best = max(weights, default=0.0) or 1.0
    ranked = [
        line
        for passage, weight in zip(passages, weights, strict=True)
        for line in _of(wanted, passage, weight, best)
    ]
    return sorted(_fitted(question, wanted, ranked), key=lambda line: (-line.score, line.passage, line.place))


def _fitted(question: Question, wanted: Sequence[Demand], found: Sequence[Line]) -> list[Line]:
    """The lines with what their kind of value adds; the values of lines that are too far behind are not read."""
    best = max((line.score for line in found), default=0.0)
    terms = [demand.term for demand in wanted]
    return [
        _with_fit(question, terms, line) if line.score >= best - _FIT + _NO_FIT else line for line in found
    ]


def _with_fit(question: Question, terms: Sequence[Term], line: Line) -> Line:
    fit = shows(question, line.unit.text)
    bonus = {True: _FIT, False: _NO_FIT, None: 0.0}[fit]
    how = claim(question, terms, line.unit.text, line.card.language)
    return msgspec.structs.replace(line, fit=fit, claim=how, score=line.score + bonus)


def _passage_weight(wanted: Sequence[Demand], passage: Passage, among: Sequence[Passage]) -> float:
    """BM25 of one passage among those at hand: often and in a short text counts for more."""
    text = passage.around + "".join(passage.stems)
    usual = sum(sum(map(len, other.stems)) for other in among) / len(among) or 1.0
    long = sum(map(len, passage.stems)) / usual
    saturation = _SATURATION * (0.25 + 0.75 * long)
    counts = ((demand.weight, _count(demand.term, text)) for demand in wanted)
    return sum(weight * (1 + _SATURATION) * count / (count + saturation) for weight, count in counts)


def _count(term: Term, text: str) -> int:
    return sum(text.count(spaced(phrase)) for phrase in term.alternatives)


def _of(wanted: Sequence[Demand], passage: Passage, weight: float, best: float) -> list[Line]:
    language = passage.found.card.language
    everything = passage.around + "".join(passage.stems)
    whole, alike = _met(wanted, everything), _alike(wanted, everything, language)
    missing = tuple(
        demand for demand in wanted
        if not demand.term.within(everything) and not (demand.name and _akin(demand.term, everything, language))
    )  # fmt: skip
    made: list[Line] = []
    for place, unit in enumerate(passage.units):
        if unit.text.rstrip("*_ ").endswith(_QUESTION_MARKS):
            continue
        line = _line(wanted, passage, place)
        if line is not None:
            line = msgspec.structs.replace(
                line, whole=whole, alike=alike, weight=weight, missing=missing,
                score=line.score + 0.5 * whole + weight / best,
            )  # fmt: skip
            made.append(line)
    return made


def _line(wanted: Sequence[Demand], passage: Passage, place: int) -> Line | None:
    """One unit, before anything is known of its passage; None where neither it nor what leads to it says a word."""
    unit = passage.units[place]
    bare = passage.stems[place]
    own = passage.around + bare
    led = own + _leading(passage, place)
    follows = passage.stems[place + 1] if place + 1 < len(passage.stems) else ""
    said, with_heading, with_lead = _met(wanted, bare), _met(wanted, own), _met(wanted, led)
    if not with_lead or (not said and with_lead < 1.0 and not _met(wanted, _leading(passage, place))):
        return None
    refers = bool(unit.lead) or points_back(unit.text, passage.found.card.language)
    complete = with_heading >= _ALL or (refers and said > 0 and with_lead >= _ALL)
    near = _met(wanted, led + follows)
    score = said + with_heading + with_lead + near + 0.2 * complete
    score += 1.1 * _alike(wanted, bare, passage.found.card.language) + 0.4 * _density(wanted, bare)
    return Line(
        unit=unit, card=passage.found.card, heading=passage.found.heading, passage=passage.found.passage,
        place=place, score=score, own=with_heading, led=with_lead, near=near, complete=complete,
        whole=0.0, alike=0.0, fit=None, claim=Claim.SAID, weight=0.0, missing=(),
    )  # fmt: skip


def _leading(passage: Passage, place: int) -> str:
    """Stems of what a unit hangs on: the line above its list, else the sentence before it."""
    unit = passage.units[place]
    if unit.lead:
        return spaced(stems(unit.lead, passage.found.card.language))
    before = passage.units[place - 1] if place else None
    return passage.stems[place - 1] if before is not None and before.kind is Kind.SENTENCE else ""


def _met(wanted: Sequence[Demand], text: str) -> float:
    total = sum(demand.weight for demand in wanted)
    return sum(demand.weight for demand in wanted if demand.term.within(text)) / total


def _density(wanted: Sequence[Demand], text: str) -> float:
    """How much of a unit is about the question: of two that say all of it, the shorter says it more plainly."""
    said = sum(demand.term.within(text) for demand in wanted)
    return said / max(text.count(" ") - 1, 1)


def _alike(wanted: Sequence[Demand], text: str, language: str) -> float:
    """The share of demands that are only nearly met: another word with the same beginning."""
    total = sum(demand.weight for demand in wanted)
    near = (
        demand.weight
        for demand in wanted
        if not demand.number and not demand.term.within(text) and _akin(demand.term, text, language)
    )
    return sum(near) / total


def _akin(term: Term, text: str, language: str) -> bool:
    """Whether a text has a word that belongs with a term, though it is another one."""
    shown = kin_text(text, language)
    return any(len(phrase) == 1 and akin(phrase[0], shown, language) for phrase in term.alternatives)


def strewn(line: Line, wanted: Sequence[Demand]) -> bool:
    """Whether the question's words stand far apart in a line: each of them is said there, and perhaps of other things.

    A single word of a question that has no form of value has to be what the line begins with.
    """
    words = stems(line.unit.text, line.card.language)
    places = sorted(
        (place, number) for number, demand in enumerate(wanted) for place in _places(demand.term, words)
    )
    met = {number for _, number in places}
    if len(wanted) == 1:
        return line.fit is None and bool(places) and places[0][0] >= _FIRST_WORDS
    return len(met) > 1 and _shortest(places, len(met)) > _WORDS_TO_ONE * len(met)


def _places(term: Term, words: Sequence[str]) -> list[int]:
    """Where a term begins among the stems of a line, as itself or as a part of a compound."""
    return [
        place
        for place, word in enumerate(words)
        if any(tuple(words[place : place + len(phrase)]) == phrase for phrase in term.alternatives)
        or any(is_part(part, word) for part in term.parts)
    ]


def _shortest(places: Sequence[tuple[int, int]], kinds: int) -> int:
    """The length of the shortest stretch with all the kinds that stand at these places."""
    last: dict[int, int] = {}
    best = places[-1][0] + 1
    for place, kind in places:
        last[kind] = place
        if len(last) == kinds:
            best = min(best, place - min(last.values()) + 1)
    return best


def beside(line: Line, passages: Sequence[Passage]) -> list[Line]:
    """What stands next to a line, before it and after it: for why and how, the reason is told beside the event."""
    home = next(passage for passage in passages if passage.found.passage == line.passage)
    places = [place for place in (line.place - 1, line.place + 1) if 0 <= place < len(home.units)]
    return [
        msgspec.structs.replace(line, unit=home.units[place], place=place)
        for place in places
        if home.units[place].kind is line.unit.kind
    ]


def tells_beside(question: Question) -> bool:
    """Whether what is asked for often stands beside the sentence with the question's words."""
    return question.asks in (Asks.WHY, Asks.HOW)
