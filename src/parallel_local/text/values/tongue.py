"""Which of the languages with number words of their own a text is in. Pure.

English unless the text says otherwise; a document's own language is better, where it is known.
"""

from typing import Literal

from parallel_local.text.languages import asked_language

Tongue = Literal["en", "de", "fr", "es"]
_TONGUES: tuple[Tongue, ...] = ("en", "de", "fr", "es")


def tongue(text: str) -> Tongue:
    """The language of a text, among those whose number words are known."""
    found = asked_language(text, _TONGUES)
    return next((name for name in _TONGUES if name == found), "en")
