"""Whether a sentence claims what is asked, or denies it, or only means to: "did not buy", "plans to open". Pure.

The words are in `text/modality.py`. What it means for an answer is decided in `trust.py`.
"""

import re
from collections.abc import Sequence
from enum import Enum

from parallel_local.answers.questions import Question
from parallel_local.retrieval.query import Term
from parallel_local.text.modality import NEGATIONS, PAST, PLANS, folded_words
from parallel_local.text.question_words import Asks
from parallel_local.text.tokens import spaced, stems

_CLAUSE = re.compile(r"[,;:()–—]\s|\s-\s|[、，；：。]")
_NEAR = 3


class Claim(Enum):
    """What a sentence does with what is asked."""

    SAID = "said"
    DENIED = "denied"
    PLANNED = "planned"


def claim(question: Question, terms: Sequence[Term], text: str, language: str) -> Claim:
    """How the clause with most of the question's words speaks of it; what the question asks so itself counts as said."""
    asked = set(folded_words(question.text))
    clause = max(_CLAUSE.split(text), key=lambda part: _mentions(terms, part, language), default=text)
    words = folded_words(clause)
    if question.asks is not Asks.OPEN and not asked & NEGATIONS and _before_a_term(words, terms, language):
        return Claim.DENIED
    if asked & PAST and not asked & PLANS and PLANS.intersection(words):
        return Claim.PLANNED
    return Claim.SAID


def _mentions(terms: Sequence[Term], text: str, language: str) -> int:
    said = spaced(stems(text, language))
    return sum(term.within(said) for term in terms)


def _before_a_term(words: Sequence[str], terms: Sequence[Term], language: str) -> bool:
    """A word that denies, with one of the question's words close by."""
    for place, word in enumerate(words):
        if word in NEGATIONS:
            around = spaced(stems(" ".join(words[max(0, place - 1) : place + _NEAR]), language))
            if any(term.within(around) for term in terms):
                return True
    return False
