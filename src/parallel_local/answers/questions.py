"""Reading a question: what kind of thing it asks for, and what it demands of an answer. Pure.

Nothing here knows documents. Each language's asking words are in `text/question_words.py`; the words that
carry the topic are the terms of the query that is searched for.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise

import msgspec

from parallel_local.text.question_words import ASKING, UNSPACED, Asks
from parallel_local.text.tokens import fold

_WORD = re.compile(r"\w+", re.UNICODE)
_MARK = re.compile(r"[?？؟;՞]\s*$")
_LONGEST = 2000  # characters that are looked at; an asking word stands near an end of its question


class Question(msgspec.Struct, frozen=True):
    """A question as read.

    `phrase` are the folded words that ask, which no answer needs to repeat; `kind` is the word behind them as it is
    written, where it may say what kind of thing is asked for ("which town").
    """

    text: str
    asks: Asks
    language: str
    phrase: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[str]
    kind: str

    @property
    def is_question(self) -> bool:
        """Whether it asks at all: with an asking word, or with a mark at its end."""
        return self.asks is not Asks.OPEN or bool(_MARK.search(self.text))


class _Match(msgspec.Struct, frozen=True):
    asks: Asks
    phrase: str
    start: int


def read_question(text: str, language: str = "") -> Question:
    """What a text asks, in `language` if it asks in that one, else in the one whose asking words say most."""
    shown = text[:_LONGEST]
    folded = " ".join(_folded(shown))
    tongue, match = language, _match(language, folded, shown)
    if match is None:
        tongue, match = max(((name, _match(name, folded, shown)) for name in ASKING), key=_telling)
    words = _WORD.findall(shown)
    return Question(
        text=text,
        asks=match.asks if match else Asks.OPEN,
        language=tongue if match else language,
        phrase=frozenset(match.phrase.split()) if match else frozenset(),
        names=frozenset(fold(word) for word in words[1:] if word[:1].isupper()),
        numbers=frozenset(fold(word) for word in words if any(char.isdigit() for char in word)),
        kind=_kind(match, words) if match else "",
    )


def _kind(match: _Match, words: Sequence[str]) -> str:
    """The first word behind the asking ones."""
    phrase = set(match.phrase.split())
    if match.asks not in (Asks.WHICH, Asks.WHAT):
        return ""
    behind = (word for before, word in pairwise(words) if fold(before) in phrase and fold(word) not in phrase)
    return next(behind, "")


def _telling(found: tuple[str, _Match | None]) -> tuple[int, int]:
    """An asking word at the beginning says more than one within; then the longer phrase."""
    match = found[1]
    if match is None:
        return -_LONGEST, 0
    return -min(match.start, 40), len(match.phrase)


def _match(language: str, folded: str, shown: str) -> _Match | None:
    """The first asking phrase of a language; of those at one place, the longest, then the more telling."""
    if language in UNSPACED:
        return _first(((asks, phrase, shown.find(phrase)) for asks, phrase in _plain(language)))
    found = ((asks, hit.group(), hit.start()) for asks, pattern in _patterns(language)
             for hit in pattern.finditer(folded))  # fmt: skip
    return _first(found)


def _first(found: Iterable[tuple[Asks, str, int]]) -> _Match | None:
    """The first asking words count: "what was used when …" asks what. At one place the longest phrase does."""
    order = list(Asks)
    hits = [_Match(asks, phrase, start) for asks, phrase, start in found if start >= 0]
    return min(hits, key=lambda hit: (hit.start, -len(hit.phrase), order.index(hit.asks)), default=None)


@cache
def _patterns(language: str) -> tuple[tuple[Asks, re.Pattern[str]], ...]:
    return tuple((asks, _pattern(phrases)) for asks, phrases in _table(language).items())


def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Whole words, longest phrase first."""
    ordered = sorted(phrases, key=len, reverse=True)
    choices = "|".join(re.escape(phrase).replace(r"\*", r"\S*") for phrase in ordered)
    return re.compile(rf"(?<!\S)(?:{choices})(?!\S)")


@cache
def _plain(language: str) -> tuple[tuple[Asks, str], ...]:
    pairs = [(asks, phrase) for asks, phrases in ASKING[language].items() for phrase in phrases.split("|")]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[1])))


def _table(language: str) -> Mapping[Asks, tuple[str, ...]]:
    return {
        asks: tuple(" ".join(_folded(phrase, marks="*")) for phrase in phrases.split("|"))
        for asks, phrases in ASKING.get(language, {}).items()
    }


def _folded(text: str, marks: str = "") -> list[str]:
    """Folded words; scripts that write vowels as marks keep theirs, as `fold` takes both sides alike."""
    return [fold(word) for word in re.findall(rf"[\w{re.escape(marks)}\u0900-\u097f]+", text)]
