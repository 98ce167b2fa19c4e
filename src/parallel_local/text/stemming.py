"""Stems of words, by Snowball for the languages it knows; a word of another script by that script's language.

A stemmer is not thread safe: each has a lock. No cutting of text into words and no stop words here.
"""

import re
import threading
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache, lru_cache

import Stemmer

from parallel_local.text.irregular import german_forms, regular
from parallel_local.text.words import fold, unaccented

_SNOWBALL: Mapping[str, str] = {
    **{"ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek"},
    **{"en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish"},
    **{"fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian"},
    **{"it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch"},
    **{"no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian"},
    **{"sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish"},
}
_OF_SCRIPT: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("\u0370", "\u0400", "el", frozenset({"el"})),
    ("\u0400", "\u0530", "ru", frozenset({"ru", "sr"})),
    ("\u0530", "\u0590", "hy", frozenset({"hy"})),
    ("\u0600", "\u0780", "ar", frozenset({"ar", "fa"})),
    ("\u0900", "\u0980", "hi", frozenset({"hi", "ne"})),
    ("\u0b80", "\u0c00", "ta", frozenset({"ta"})),
)
_ELIDING = frozenset({"fr", "it", "ca"})
_ELIDED = re.compile(
    r"(?:[ldjmtsnc]|qu|jusqu|lorsqu|puisqu|quoiqu|(?:d|n|s|qu)?[ae]ll|sull|dall|nell|un|quest|quell)'"
)
_ARABIC_CLITICS = "وفبلك"
_LEAST_ARABIC = 4
_MOST_REMEMBERED = 10_000
KEEPING_ACCENTS = frozenset({"vi"})  # tones tell words apart
_DIGIT = re.compile(r"\d")
_BEFORE_DIGITS = re.compile(
    "^[\u0621-\u064a]+(?=\\d)"
)  # Arabic "and", "in", "to" are written with what follows


class Snowball:
    """One stemmer, used by one thread at a time."""

    def __init__(self, algorithm: str) -> None:
        self._stemmer = Stemmer.Stemmer(algorithm, 0)
        self._lock = threading.Lock()

    def stem(self, word: str) -> str:
        """The stem of a word in lower case."""
        with self._lock:
            return str(self._stemmer.stemWord(word))


@cache
def _snowball(language: str) -> Snowball | None:
    algorithm = _SNOWBALL.get(language)
    return Snowball(algorithm) if algorithm and algorithm in Stemmer.algorithms() else None


def stem_of(piece: str, language: str) -> str:
    """The stem of one word as written, without accents; empty for nothing but signs."""
    plain = _lower(piece, language).replace("’", "'").replace("&", "")
    if "'" in plain:
        if language in _ELIDING:
            plain = _ELIDED.sub("", plain, count=1)
        elif language == "tr":
            plain = plain.partition("'")[0]  # İstanbul'un: endings of names stand behind it
        plain = plain.removesuffix("'s").replace("'", "")
    if _DIGIT.search(plain):
        return fold(_BEFORE_DIGITS.sub("", plain))
    plain = plain.replace(".", "")
    own = _language_of_word(plain, language)
    if own in KEEPING_ACCENTS:
        return plain
    stemmer = _snowball(own)
    stemmed = stemmer.stem(plain) if stemmer else plain
    if own == "en" and stemmer:
        stemmed = regular(stemmed, stemmer.stem)
    return unaccented(_ENDINGS.get(own, str)(stemmed)) or unaccented(plain)


@lru_cache(_MOST_REMEMBERED)
def other_forms(stem: str, language: str) -> tuple[str, ...]:
    """Stems of the other forms of a word, in a language whose stems do not unite them."""
    stemmer = _snowball(language) if language == "de" else None
    forms = german_forms(stem, stemmer.stem) if stemmer else ()
    return tuple(form for form in forms if form != stem)


def _english(stemmed: str) -> str:
    """Snowball keeps an `e` of `employee`; `employ` is the same work."""
    return stemmed[:-1] if len(stemmed) > 6 and stemmed.endswith("e") else stemmed


def _arabic(stemmed: str) -> str:
    """Snowball leaves most of the prepositions that are written with their word."""
    while len(stemmed) > _LEAST_ARABIC and stemmed[0] in _ARABIC_CLITICS:
        stemmed = stemmed[1:]
    return stemmed


_ENDINGS: Mapping[str, Callable[[str], str]] = {"en": _english, "ar": _arabic}


def _lower(piece: str, language: str) -> str:
    if language == "tr":
        piece = piece.replace("I", "ı").replace("İ", "i")
    return piece.lower() if piece.isascii() else unicodedata.normalize("NFC", piece.lower())


def _language_of_word(word: str, language: str) -> str:
    for first, after, default, others in _OF_SCRIPT:
        if first <= word[:1] < after:
            return language if language in others else default
    return language
