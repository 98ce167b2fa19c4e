"""Which language the numbers and names of a text are read in, and how it marks decimals. Pure.

A document's own language is better than a guess from one sentence, where it is known.
"""

from parallel_local.text.languages import asked_language

Tongue = str  # the code of a language, as documents have it
_GUESSED = ("en", "de", "fr", "es")
# Where "1.234" is a little more than one; elsewhere it is more than a thousand.
_WITH_POINT = frozenset(["en", "zh", "ja", "ko", "th", "hi", "he", "ar", "fa", "ur", "bn", "ta", "te"])


def tongue(text: str) -> Tongue:
    """The language of a text of which nothing is known: English, unless it says otherwise."""
    return asked_language(text, _GUESSED) or "en"


def has_decimal_point(language: Tongue) -> bool:
    """Whether decimals of a language stand behind a point, and not behind a comma."""
    return language in _WITH_POINT
