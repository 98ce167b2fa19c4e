"""Words of a text with their places, and when two of them are one word. Pure.

Two words are the same when they are equal without inflection, or derive from each other by the listed endings
("certified", "certificate"). Which different words may stand for each other is said in `synonyms.py`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from parallel_local.text.tokens import fold, stem

_WIDE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_WIDE}]|[^\W_{_WIDE}]+(?:[&'’.](?=[^\W_])[^\W_{_WIDE}]+)*")
_ENDINGS_WORDS = """
e s es ed d ing er ers or ors ion ions ation ations ication icate icates icated ied ies y al ally ly ive
ment ments ance ic ics ically n en em ern t te ten
"""
_ENDINGS = frozenset(_ENDINGS_WORDS.split())
# Endings of Spanish, and of German women.
_OF_LONG_ROOTS_WORDS = """
o a os as an ar ado ada ados adas in innen
"""
_OF_LONG_ROOTS = frozenset(_OF_LONG_ROOTS_WORDS.split())
_OF_NOUNS = frozenset(["", "e", "en", "n", "s", "es", "in", "innen", "o", "a", "os", "as"])
_SHORTEST_ROOT = 4
_LONGEST_KEPT = 500  # characters


_known_folded = lru_cache(maxsize=100_000)(fold)  # most words of a text have been seen before
_LONGEST_WORD = 40  # letters, of those that are remembered


def folded(word: str) -> str:
    """A word in small letters without accents."""
    return _known_folded(word) if len(word) <= _LONGEST_WORD else fold(word)


class Token(msgspec.Struct, frozen=True):
    """One word: as written, folded, and where it stands."""

    raw: str
    word: str
    start: int
    end: int


def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text in order; scripts without word breaks give one word per character."""
    return _known_tokens(text) if len(text) < _LONGEST_KEPT else _tokens(text)


def _tokens(text: str) -> tuple[Token, ...]:
    found = []
    for match in _WORD.finditer(text):
        word = folded(match.group())
        if word:
            found.append(Token(match.group(), word, match.start(), match.end()))
    return tuple(found)


_known_tokens = lru_cache(maxsize=20_000)(_tokens)  # a clause is looked at for each condition


@lru_cache(maxsize=100_000)
def same(one: str, other: str) -> bool:
    """Whether two folded words are forms of one word."""
    if one == other or stem(one) == stem(other):
        return True
    if not (one.isalpha() and other.isalpha()):
        return False
    shared = _shared(one, other)
    if shared < _SHORTEST_ROOT + (min(len(one), len(other)) > _SHORTEST_ROOT + 1):
        return False
    endings = _ENDINGS if shared <= _SHORTEST_ROOT else _ENDINGS | _OF_LONG_ROOTS
    return all(not rest or rest in endings for rest in (one[shared:], other[shared:]))


def inflected(one: str, other: str) -> bool:
    """Whether two folded nouns are one in different forms; a derivation such as "operation" is no "operator"."""
    shared = _shared(one, other)
    return shared > _SHORTEST_ROOT and one[shared:] in _OF_NOUNS and other[shared:] in _OF_NOUNS


def _shared(one: str, other: str) -> int:
    """How many letters two words begin with together."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def places(phrase: tuple[str, ...], words: Sequence[str]) -> list[int]:
    """Where a phrase begins in a list of folded words."""
    first, rest = phrase[0], phrase[1:]
    # Forms of one word begin alike: most words are told apart without looking at them closely.
    initial = first[0]
    starts = [place for place, word in enumerate(words) if word[0] == initial and same(first, word)]
    if not rest:
        return starts
    last = len(words) - len(phrase)
    return [
        start
        for start in starts
        if start <= last and all(same(word, words[start + 1 + more]) for more, word in enumerate(rest))
    ]
