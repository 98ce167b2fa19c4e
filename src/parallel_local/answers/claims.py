"""Whether a sentence claims what is asked, or denies it, only means to, or says it of another. Pure.

The words are in `text/modality.py`. What it means for an answer is decided in `trust.py`.
"""

import re
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise

from parallel_local.answers.questions import Question
from parallel_local.retrieval.query import Term
from parallel_local.text.modality import (
    DENIED_AFTERWARDS,
    LIMITS,
    NOUNS_HAVE_CAPITALS,
    folded_words,
    negations,
    past,
    plans,
)
from parallel_local.text.question_words import Asks
from parallel_local.text.tokens import STOPWORDS, fold, spaced, stems

_CLAUSE = re.compile(r"[,;:()–—]\s|\s-\s|[、，；：。]")
_WORD = re.compile(r"\w+")
_NEAR = 3


class Claim(Enum):
    """What a sentence does with what is asked."""

    SAID = "said"
    DENIED = "denied"
    PLANNED = "planned"
    OTHERS = "others"


def claim(question: Question, terms: Sequence[Term], text: str, language: str) -> Claim:
    """How the clause with most of the question's words speaks of it; what the question itself denies counts as said."""
    asked = set(folded_words(question.text))
    clause = max(_CLAUSE.split(text), key=lambda part: _mentions(terms, part, language), default=text)
    words = folded_words(clause)
    supposed = question.asks is not Asks.OPEN and not asked & negations(question.language)
    if supposed and _by_a_term(negations(language), words, terms, language):
        return Claim.DENIED
    happened = bool(asked & past(question.language)) and not asked & plans(question.language)
    if happened and _by_a_term(plans(language), words, terms, language):
        return Claim.PLANNED
    return Claim.OTHERS if _of_another(question, text, language) else Claim.SAID


def _of_another(question: Question, text: str, language: str) -> bool:
    """Asked of "the Norwick factory", and said of "the Eastham factory": one name stands where another was asked."""
    if language in NOUNS_HAVE_CAPITALS:
        return False
    asked, said = _WORD.findall(question.text), _WORD.findall(text)
    forms = [stems(word, language) for word in said]
    known = {fold(word) for word in asked}
    for name, noun in pairwise(asked[1:]):
        if not name[:1].isupper() or noun[:1].isupper() or stems(name, language) in forms:
            continue
        noun_form = stems(noun, language)
        for (before, word), form in zip(pairwise(said), forms[1:], strict=True):
            if form == noun_form and word.islower() and before[:1].isupper() and _is_name(before, known):
                return True
    return False


def _is_name(word: str, known: set[str]) -> bool:
    return fold(word) not in known and fold(word) not in STOPWORDS


def _mentions(terms: Sequence[Term], text: str, language: str) -> int:
    said = spaced(stems(text, language))
    return sum(term.within(said) for term in terms)


def _by_a_term(listed: frozenset[str], words: Sequence[str], terms: Sequence[Term], language: str) -> bool:
    """A word of the list, and one of the question's words close behind it; before it where verbs stand there."""
    back = 1 if language in DENIED_AFTERWARDS else 0
    for place, word in enumerate(words):
        if word in listed and not LIMITS.intersection(words[place + 1 : place + 2]):
            around = spaced(stems(" ".join(words[max(0, place - back) : place + 1 + _NEAR]), language))
            if any(term.within(around) for term in terms):
                return True
    return False
