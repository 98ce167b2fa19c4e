"""Which language the numbers and names of a text are read in, and how it marks decimals. Pure.

A document's own language is better than a guess from one sentence, where it is known.
"""

import re

from parallel_local.text.languages import asked_language

Tongue = str  # the code of a language, as documents have it
_GUESSED = ("en", "de", "fr", "es")
# Where "1.234" is a little more than one; elsewhere it is more than a thousand.
_WITH_POINT = frozenset(["en", "zh", "ja", "ko", "th", "hi", "he", "ar", "fa", "ur", "bn", "ta", "te"])


_COMMA = re.compile(r"\d,\d{1,2}(?![\d,.]\d|\d)")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3})+(?![\d.]\d|\d)")
_SEVERAL = 2
_POINT = re.compile(r"\d\.\d{1,2}(?![\d,.]\d|\d)")


def tongue(text: str) -> Tongue:
    """The language of a text of which nothing is known: English, unless its words or its decimals say otherwise."""
    found = asked_language(text, _GUESSED)
    if found:
        return found
    grouped = len(_GROUPED.findall(text)) >= _SEVERAL or _COMMA.search(text)
    return "de" if grouped and not _POINT.search(text) else "en"


def has_decimal_point(language: Tongue) -> bool:
    """Whether decimals of a language stand behind a point, and not behind a comma."""
    return language in _WITH_POINT
