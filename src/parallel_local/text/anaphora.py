"""Words that stand for something said before, in the languages notes are in. Data, and questions about them.

Where a sentence begins with one, or could leave it out, what it speaks of stands in the sentence before it.
"""

import re
from collections.abc import Mapping
from functools import cache

from parallel_local.text.tokens import fold, stems

_PRONOUNS: Mapping[str, str] = {
    "en": "it he she they this these that those its his her their there",
    "de": "es er sie dies diese dieser dieses ihr ihre sein seine",
    "fr": "il elle ils elles ce c cela ça celui celle son sa ses",
    "nl": "het hij zij ze dit dat deze",
    "sv": "den det han hon de",
    "da": "den det han hun de",
    "ru": "он она оно они это этот эта эти его её их",
    "ar": "هو هي هذا هذه هم",
    "hi": "यह वह वे ये इस उस इसका उसका",
}
# Anywhere in a sentence: what is asked for may be what they point to.
_DEMONSTRATIVES: Mapping[str, str] = {
    "en": "this these",
    "de": "dies diese dieser dieses diesen diesem",
    "fr": "ce cet cette ces",
    "es": "este esta estos estas esto",
    "it": "questo questa questi queste",
    "pt": "este esta isto esse essa isso",
    "nl": "dit deze",
    "ru": "этот эта это эти этого этой этих этим",
    "ro": "acest această acestea acestui",
    "el": "αυτός αυτή αυτό αυτά αυτές",
    "tr": "bu bunun bunlar",
    "hi": "इस यह ये इन",
    "ar": "هذا هذه هؤلاء",
    "vi": "này đó",
}
# Before a noun: which one is meant has been said, or is said behind it.
_ARTICLES: Mapping[str, str] = {
    "en": "the",
    "de": "der die das den dem des",
    "fr": "le la les",
    "es": "el la los las",
    "it": "il lo la i gli le",
    "pt": "o a os as",
    "nl": "de het",
}
_ARABIC_ARTICLE = "ال"
_BETWEEN = 1  # words that may stand between an article and its noun: "the third floor"
# Their verbs tell who is meant, or nothing does: any sentence may go on from the one before.
_SUBJECTLESS = frozenset({"es", "it", "pt", "ro", "el", "ja", "zh", "ko", "tr", "pl", "th", "vi"})
_FIRST_WORDS = 5
_WORD = re.compile(r"\w+")


def points_back(sentence: str, language: str) -> bool:
    """Whether a sentence may speak of what the one before it named."""
    if language in _SUBJECTLESS:
        return True
    first = [fold(word) for word in _WORD.findall(sentence)[:_FIRST_WORDS]]
    return bool(_pronouns(language or "en").intersection(first))


def leaves_open(sentence: str, language: str) -> bool:
    """Whether a sentence says something only by pointing to what stands elsewhere."""
    return bool(_demonstratives(language or "en").intersection(map(fold, _WORD.findall(sentence))))


def speaks_again(sentence: str, noun: str, language: str) -> bool:
    """Whether a sentence speaks of a noun as of one that was named before: "the town", asked which town."""
    wanted = stems(noun, language)
    words = _WORD.findall(sentence) if wanted else []
    for place, word in enumerate(words):
        if stems(word, language) == wanted:
            before = map(fold, words[max(0, place - 1 - _BETWEEN) : place])
            if not _articles(language or "en").isdisjoint(before) or (
                language == "ar" and word.startswith(_ARABIC_ARTICLE)
            ):
                return True
    return False


@cache
def _articles(language: str) -> frozenset[str]:
    return frozenset(map(fold, _ARTICLES.get(language, "").split()))


@cache
def _demonstratives(language: str) -> frozenset[str]:
    return frozenset(fold(word) for word in _DEMONSTRATIVES.get(language, "").split())


@cache
def _pronouns(language: str) -> frozenset[str]:
    return frozenset(fold(word) for word in _PRONOUNS.get(language, "").split())
