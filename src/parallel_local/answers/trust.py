"""How far an answer can be trusted: from what its sentence meets of the question to a probability and a confidence.

Pure. The weights are a logistic regression over questions with and without an answer in the documents, in five
languages; decision 0055 says how they were got. Rules that hold whatever the figures say stand below them.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec

from parallel_local.answers.claims import Claim
from parallel_local.answers.evidence import Demand, Line, strewn
from parallel_local.answers.questions import Question
from parallel_local.text.anaphora import leaves_open, speaks_again
from parallel_local.text.modality import NOUNS_HAVE_CAPITALS, folded_words
from parallel_local.text.question_words import UNHEARD
from parallel_local.text.tokens import fold, stems
from parallel_local.wire.common import Confidence

_LIKELY = 0.48
# Where words take many forms, or are long, an answer repeats fewer of them; pieces of a script without blanks, and
# short words, are met by chance. Measured; a language that was not has the figure above.
_LIKELY_IN: Mapping[str, float] = {"de": 0.44, "ru": 0.5, "ar": 0.56, "hi": 0.56, "th": 0.66}
_SURE = 0.93
_SURE_OF_ONE = 0.75
_MANY = 12
_FEW = 3
_SMALL_DIGITS = 2
_NOUN = 0.1
_CLEAR_LEAD = 0.3
_ALL = 0.999


class Signs(msgspec.Struct, frozen=True):
    """What speaks for an answer and against it, each from 0 to 1 or a little more."""

    own: float
    near: float
    whole: float
    alike: float
    weight: float
    length: float
    lead: float
    missing_names: float
    missing_numbers: float
    misfit: float


_WEIGHTS = Signs(
    own=0.5, near=1.6, whole=2.9, alike=3.4, weight=1.5, length=0.8, lead=4.0, missing_names=-9.0,
    missing_numbers=-3.0, misfit=-1.6,
)  # fmt: skip
_BIAS = -5.05


def signs(ranked: Sequence[Line], wanted: Sequence[Demand], language: str = "") -> Signs:
    """The signs of the best line for the demands of a question."""
    line = ranked[0]
    total = sum(demand.weight for demand in wanted)
    scale = _NOUN if language in NOUNS_HAVE_CAPITALS else 1.0
    return Signs(
        own=line.own,
        near=line.near,
        whole=line.whole,
        alike=line.alike,
        weight=line.weight,
        length=min(len(wanted), _MANY) / 8,
        lead=_lead(ranked),
        missing_names=sum(demand.weight for demand in line.missing if demand.name) / total * scale,
        missing_numbers=max((_told(demand) for demand in line.missing if demand.number), default=0.0),
        misfit=float(line.fit is False),
    )


def _lead(ranked: Sequence[Line]) -> float:
    """By how much the best line's passage says more of the question than other documents do, as far as that tells."""
    best = ranked[0]
    other = max((line.weight for line in ranked if line.card.id != best.card.id), default=0.0)
    return min(max(1.0 - other / best.weight, 0.0), _CLEAR_LEAD) if best.weight else 0.0


def _told(demand: Demand) -> float:
    """A year or a long number tells more than a small one, which may be written as a word."""
    return 1.0 if len(demand.term.word) > _SMALL_DIGITS else 0.5


def probability(seen: Signs) -> float:
    """How likely the sentence answers the question."""
    pairs = zip(msgspec.structs.astuple(seen), msgspec.structs.astuple(_WEIGHTS), strict=True)
    return _logistic(_BIAS + sum(value * weight for value, weight in pairs))


def pointed(ranked: Sequence[Line]) -> float:
    """How likely the first line, and none of the others, is the one that answers, if any does."""
    best = ranked[0]
    second = ranked[1].score if len(ranked) > 1 else 0.0
    elsewhere = next((line.score for line in ranked if line.passage != best.passage), 0.0)
    weighed = 3.82 * best.own + 1.79 * best.near + 1.64 * best.alike - 1.78 * best.weight
    leads = 3.25 * (1.0 - second / best.score) + 2.09 * (1.0 - elsewhere / best.score)
    return _logistic(weighed + leads - 2.24)


def trust(ranked: Sequence[Line], wanted: Sequence[Demand], question: Question) -> Confidence:
    """Low means that the documents do not say it; high that all that was asked stands there together."""
    if not ranked:
        return "low"
    best = ranked[0]
    likely = probability(signs(ranked, wanted, question.language))
    enough = likely >= _LIKELY_IN.get(question.language, _LIKELY)
    if not enough or best.claim is not Claim.SAID or _lacks_the_point(best, wanted):
        return "low"
    sure = likely >= _SURE and pointed(ranked) >= _SURE_OF_ONE
    return "high" if sure and _says_it_all(best, wanted, question) else "medium"


def _says_it_all(line: Line, wanted: Sequence[Demand], question: Question) -> bool:
    """Whether the line by itself, with what it stands under, says what was asked, in one breath, and names it."""
    text, language = line.unit.text, line.card.language
    complete = line.own >= _ALL or (bool(line.unit.lead) and line.complete)
    open_ended = leaves_open(text, language) or speaks_again(text, question.kind, language)
    open_ended = open_ended or not _unheard(question) <= set(stems(text, language))
    return (
        complete
        and not line.missing
        and line.fit is not False
        and not open_ended
        and not strewn(line, wanted)
    )


def _unheard(question: Question) -> set[str]:
    """The stems of a question's words that are no demand, and say what is asked nevertheless."""
    listed = UNHEARD.get(question.language, "").split()
    heard = set(folded_words(question.text)) - question.phrase
    return {stem for word in listed if fold(word) in heard for stem in stems(word, question.language)}


def _lacks_the_point(line: Line, wanted: Sequence[Demand]) -> bool:
    """Of a short question each word is the point: one that is missing altogether is another question."""
    usual = sum(demand.weight for demand in wanted) / len(wanted)
    telling = sum(demand.weight >= usual / 2 for demand in wanted)
    return telling <= _FEW and not line.alike and any(demand.weight >= usual for demand in line.missing)


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value))
