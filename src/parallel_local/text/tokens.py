"""Words as the index and the queries see them: folded or stemmed, with and without the words that say nothing.

The index and every query use exactly these functions, so both sides always agree on what a word is. `language`
is an ISO 639-1 code; none means English.
"""

import re
from collections.abc import Iterable
from functools import cache

from parallel_local.text.languages import asked_language
from parallel_local.text.stemming import stem_table
from parallel_local.text.stopwords import FRESHNESS, SMALL_TALK, STOP_RUNS, STOPWORDS_BY_LANGUAGE
from parallel_local.text.words import asked_grams, fold, grams, is_run, pieces, tokens

__all__ = ["FRESHNESS", "SMALL_TALK", "STOPWORDS", "content_tokens", "content_words", "fold", "slug"]
__all__ += ["spaced", "stem", "stemmed", "stems", "stop_words", "words"]

_STOP_RUN = re.compile("|".join(sorted((run for runs in STOP_RUNS.values() for run in runs), key=len)[::-1]))
_FIRST_WITHOUT_BLANKS = "\u0e00"


@cache
def stop_words(language: str) -> frozenset[str]:
    """The folded function and question words of a language; none where it has no list."""
    return frozenset(map(fold, STOPWORDS_BY_LANGUAGE.get(language, ())))


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
    table = stem_table(language)
    found = tokens(text)
    if text.isascii():
        return " ".join([table[token] for token in found])
    return " ".join(
        [
            table[token] if token < _FIRST_WITHOUT_BLANKS or not is_run(token) else " ".join(grams(token))
            for token in found
        ]
    )


def content_tokens(text: str, language: str = "") -> list[str]:
    """Words as written that say what the text is about, each once; a run without its question words."""
    stops = stop_words(language or asked_language(text, ()) or "en")
    kept: dict[str, str] = {}
    for token in tokens(text):
        if is_run(token):
            kept.update((piece, piece) for run in _STOP_RUN.split(token) if run for piece in asked_grams(run))
            continue
        for piece in pieces(token):
            folded = fold(piece)
            if folded and folded not in stops and folded not in SMALL_TALK:
                kept.setdefault(folded, piece)
    return list(kept.values())


def content_words(text: str, language: str = "") -> list[str]:
    """Folded words that say what the text is about: no stop words, no small talk, each once.

    Without `language` the text's own counts.
    """
    return [token if is_run(token) else fold(token) for token in content_tokens(text, language)]


def slug(text: str, limit: int = 60) -> str:
    """A lower-case identifier made of whole words of `text`; `field` when it has none."""
    joined = "_".join(filter(None, (re.sub(r"[^a-z0-9]", "", word) for word in words(text))))
    if len(joined) > limit:
        joined = joined[:limit].rpartition("_")[0] or joined[:limit]
    return joined or "field"


def spaced(tokens: Iterable[str]) -> str:
    """Tokens as one string with blanks all around, so that phrases are found by substring search."""
    return f" {' '.join(tokens)} "
