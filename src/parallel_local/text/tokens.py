"""Words as the index and the queries see them: folded or stemmed, with and without the words that say nothing.

The index and every query use exactly these functions, so both sides always agree on what a word is. `language`
is an ISO 639-1 code; none means English.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from parallel_local.text.languages import asked_language
from parallel_local.text.stemming import KEEPING_ACCENTS, stem_of
from parallel_local.text.stopwords import FRESHNESS, SMALL_TALK, STOP_RUNS, STOPWORDS_BY_LANGUAGE
from parallel_local.text.words import asked_grams, fold, grams, is_run, pieces, tokens

__all__ = ["FRESHNESS", "SMALL_TALK", "STOPWORDS", "content_tokens", "content_words", "fold", "slug"]
__all__ += ["indexed", "spaced", "stem", "stemmed", "stems", "stop_words", "words"]

_STOP_RUN = re.compile("|".join(sorted((run for runs in STOP_RUNS.values() for run in runs), key=len)[::-1]))
# Signs that never stand within a word; with blanks in their place, words of ASCII need no further cutting.
_BETWEEN = str.maketrans(dict.fromkeys('!"#$%()*+,-/:;<=>?@[\\]^_`{|}~', " "))
_LONGEST_REMEMBERED = 40
_MOST_REMEMBERED = 100_000


class StemTable(dict[str, str]):
    """Pieces of text without blanks → their stems, with blanks between; filled as they come, emptied when full.

    A stemmer costs more than a look-up, and most words of a text have been seen before. `content` leaves out the
    words that say nothing.
    """

    def __init__(self, language: str, content: bool) -> None:
        super().__init__()
        self._language = language
        self._left_out = stop_words(language) if content else frozenset()

    def __missing__(self, chunk: str) -> str:
        found = " ".join(filter(None, map(self._stems, tokens(chunk))))
        if len(chunk) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[chunk] = found
        return found

    def _stems(self, token: str) -> str:
        if is_run(token):
            return " ".join(grams(token))
        return " ".join(filter(None, map(self._stem, pieces(token))))

    def _stem(self, piece: str) -> str:
        if self._left_out and _compared(piece, self._language) in self._left_out:
            return ""
        return stem_of(piece, self._language)


@cache
def stop_words(language: str) -> frozenset[str]:
    """The function and question words of a language, as `_compared`; none where it has no list."""
    return frozenset(_compared(word, language) for word in STOPWORDS_BY_LANGUAGE.get(language, ()))


def _compared(word: str, language: str) -> str:
    """A word as it is looked up among stop words: folded, but where accents tell words apart."""
    return unicodedata.normalize("NFC", word.lower()) if language in KEEPING_ACCENTS else fold(word)


STOPWORDS = stop_words("en")


def words(text: str) -> list[str]:
    """Folded words in order. Scripts written without blanks give one word per character."""
    found: list[str] = []
    for token in tokens(text):
        if is_run(token):
            found.extend(token)
        else:
            found.extend(filter(None, map(fold, pieces(token))))
    return found


def stem(word: str, language: str = "en") -> str:
    """The stem of one word, without accents; several with a blank between them where the word is a run."""
    return " ".join(stems(word, language))


def stems(text: str, language: str = "en") -> list[str]:
    """Stemmed words in order, as they stand in the index."""
    return stemmed(text, language).split()


def stemmed(text: str, language: str = "en") -> str:
    """The same with blanks between them, some of them more than one."""
    return _through(_table(language or "en", False), text)


def indexed(text: str, language: str) -> str:
    """What a text is found by: its stems, without those of words that say nothing."""
    return _through(_table(language or "en", True), text)


@cache
def _table(language: str, content: bool) -> StemTable:
    return StemTable(language, content)


def _through(table: StemTable, text: str) -> str:
    chunks = (text.translate(_BETWEEN) if text.isascii() else text).split()
    return " ".join(map(table.__getitem__, chunks))


def content_tokens(text: str, language: str = "") -> list[str]:
    """Words as written that say what the text is about, in order; a run without its question words."""
    spoken = language or asked_language(text, ()) or "en"
    stops = stop_words(spoken)
    kept: list[str] = []
    for token in tokens(text):
        if is_run(token):
            kept.extend(piece for run in _STOP_RUN.split(token) if run for piece in asked_grams(run))
            continue
        for piece in pieces(token):
            folded = fold(piece)
            if folded and _compared(piece, spoken) not in stops and folded not in SMALL_TALK:
                kept.append(piece)
    return kept


def content_words(text: str, language: str = "") -> list[str]:
    """Folded words that say what the text is about: no stop words, no small talk, each once.

    Without `language` the text's own counts.
    """
    found = (token if is_run(token) else fold(token) for token in content_tokens(text, language))
    return list(dict.fromkeys(found))


def slug(text: str, limit: int = 60) -> str:
    """A lower-case identifier made of whole words of `text`; `field` when it has none."""
    joined = "_".join(filter(None, (re.sub(r"[^a-z0-9]", "", word) for word in words(text))))
    if len(joined) > limit:
        joined = joined[:limit].rpartition("_")[0] or joined[:limit]
    return joined or "field"


def spaced(tokens: Iterable[str]) -> str:
    """Tokens as one string with blanks all around, so that phrases are found by substring search."""
    return f" {' '.join(tokens)} "
