"""Words that belong together though their stems differ: "gegründet" and "Gründung", "Funkwellen" and "Funk".

Looser than a stem: a word of the same kin is a sign that the same is spoken of, and no more. Works on stems. Pure.
"""

from functools import lru_cache

from parallel_local.text.compounds import COMPOUNDING
from parallel_local.text.irregular import GERMAN_PREFIXES
from parallel_local.text.words import unaccented

_LEAST = 4
_BEGINNING = 0.7
_LEAST_PART = 5
_LEAST_REST = 3
_LONG_COMPOUND = 10
_SHORTEST_MISSPELT = 6
_SAME_LETTERS = 2
_LEAST_CONSONANTS = 3
_ROOT = "√"  # before consonants that were taken out of a word, which no word begins with
_MOST_REMEMBERED = 50_000
_MOST_TEXTS = 500

_GE = (*(f"{unaccented(prefix)}ge" for prefix in GERMAN_PREFIXES.split()), "ge")
_ARABIC_VOWELS = str.maketrans("", "", "اويىءئؤأإآة")
_ARABIC_HEADS = "متن"


def akin(stem: str, text: str, language: str) -> bool:
    """Whether a text, as `kin_text`, has a word that belongs with a stem."""
    return any(_has(key, text, language) for key in _keys(stem, language))


@lru_cache(_MOST_TEXTS)
def kin_text(text: str, language: str) -> str:
    """A text of `spaced` stems as what its words are compared by."""
    if language not in _KEYS:
        return text
    return f" {' '.join(key for stem in text.split() for key in _keys(stem, language))} "


@lru_cache(_MOST_REMEMBERED)
def _keys(stem: str, language: str) -> tuple[str, ...]:
    """What a stem is compared by: itself, and what is left of it without what only inflects."""
    special = _KEYS.get(language)
    return tuple(dict.fromkeys((stem, *special(stem)))) if special else (stem,)


def _german(stem: str) -> list[str]:
    """The participle's "ge": "gegründet", "eingeführt"."""
    for prefix in _GE:
        rest = stem.removeprefix(prefix)
        if len(rest) < len(stem) and len(rest) >= _LEAST:
            return [prefix.removesuffix("ge") + rest]
    return []


def _arabic(stem: str) -> list[str]:
    """The consonants: plurals and verbs change what stands between them."""
    bare = stem.translate(_ARABIC_VOWELS)
    found = [bare, bare[1:]] if bare[:1] in _ARABIC_HEADS else [bare]
    return [_ROOT + one for one in found if len(one) >= _LEAST_CONSONANTS]


_KEYS = {"de": _german, "ar": _arabic}


def _has(key: str, text: str, language: str) -> bool:
    """A word with the same beginning, or with one letter amiss; in some languages a part of a compound."""
    if f" {key} " in text:
        return True
    if len(key) < _LEAST or key.startswith(_ROOT):
        return False
    if f" {key[: max(_LEAST, int(_BEGINNING * len(key)))]}" in text or _misspelt(key, text):
        return True
    return language in COMPOUNDING and _compounded(key, text)


def _compounded(key: str, text: str) -> bool:
    """Whether a text has a part of a compound, or another compound that begins alike."""
    heads = (key[:at] for at in range(_LEAST_PART, len(key) - _LEAST_REST + 1))
    tails = (key[at:] for at in range(_LEAST_REST, len(key) - _LEAST_PART + 1))
    if any(f" {part} " in text for part in (*heads, *tails)):
        return True
    return len(key) >= _LONG_COMPOUND and f" {key[: len(key) // 2 + 1]}" in text


def _misspelt(word: str, text: str) -> bool:
    """One letter too many, too few or another, behind the first two: "coruption" for "corruption"."""
    if len(word) < _SHORTEST_MISSPELT or not word.isalpha():
        return False
    begins = f" {word[:_SAME_LETTERS]}"
    place = text.find(begins)
    while place >= 0:
        if _one_apart(word, text[place + 1 : text.index(" ", place + 1)]):
            return True
        place = text.find(begins, place + 1)
    return False


def _one_apart(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    same = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    if same is None:
        return True
    left, right = one[same:], other[same:]
    return (
        left[1:] in (right, right[1:])
        or left == right[1:]
        or (left[:2] == right[1::-1] and left[2:] == right[2:])
    )
