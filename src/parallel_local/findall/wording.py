"""Words of a text with their places, and when two of them are one word. Pure.

Two words are the same when they are equal without inflection, or derive from each other by the listed endings
("certified", "certificate"). Which different words may stand for each other is said in `synonyms.py`.
"""

import re
from functools import lru_cache

import msgspec

from parallel_local.text.tokens import fold, stem

_WIDE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_WIDE}]|[^\W_{_WIDE}]+(?:[&'’.](?=[^\W_])[^\W_{_WIDE}]+)*")
_ENDINGS = frozenset(
    "e s es ed d ing er ers or ors ion ions ation ations ication icate icates icated ied ies y al ally ly ive "
    "ment ments ance ic ics ically n en em ern t te ten".split()
)
_SHORTEST_ROOT = 4


class Token(msgspec.Struct, frozen=True):
    """One word: as written, folded, and where it stands."""

    raw: str
    word: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of a text in order; scripts without word breaks give one word per character."""
    found = []
    for match in _WORD.finditer(text):
        word = fold(match.group())
        if word:
            found.append(Token(match.group(), word, match.start(), match.end()))
    return found


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
    return all(not rest or rest in _ENDINGS for rest in (one[shared:], other[shared:]))


def _shared(one: str, other: str) -> int:
    """How many letters two words begin with together."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def places(phrase: tuple[str, ...], words: list[str]) -> list[int]:
    """Where a phrase begins in a list of folded words."""
    last = len(words) - len(phrase)
    return [
        start
        for start in range(last + 1)
        if all(same(word, words[start + offset]) for offset, word in enumerate(phrase))
    ]
