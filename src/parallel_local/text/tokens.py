"""Words: folding case and accents, stemming, and the words that carry no meaning of their own.

The index and every query use exactly these functions, so both sides always agree on what a word is.
"""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+(?:[&'’.](?=[^\W_])[^\W_]+)*")
_ACRONYM = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ENDINGS = (
    "ational ements ations ments ingly ement ation ings ment edly ions ees ers ing ion ed ee er ly es e s"
)
_SUFFIXES = tuple(_ENDINGS.split())
_SHORTEST_STEM = 4

_STOPWORDS = """
a about above after again all also am an and any are as at be because been before being below between both
but by can could did do does doing down during each few for from further had has have having he her here
hers him his how i if in into is it its itself just me more most my no nor not of off on once only or other
our out over own please same she should so some such tell than that the their them then there these they
this those through to too under until up us very was we were what when where which while who whom whose why
will with would you your give show find list describe explain create write make need want get let many much
"""
_SMALL_TALK = (
    "hello hi hey greetings good morning afternoon evening thanks thank howdy bye goodbye ok okay yo dear"
)
_FRESHNESS = "recent recently latest newest current currently new today"

STOPWORDS = frozenset(_STOPWORDS.split())
SMALL_TALK = frozenset(_SMALL_TALK.split())
FRESHNESS = frozenset(_FRESHNESS.split())


def fold(word: str) -> str:
    """Lower case without accents, possessive ending and inner dots: `U.S.` → `us`."""
    plain = unicodedata.normalize("NFKD", word.replace("’", "'")).casefold()
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return plain.removesuffix("'s").replace("'", "").replace(".", "")


def stem(word: str) -> str:
    """The folded word without its inflection; words and numbers too short to cut stay whole."""
    if not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > _SHORTEST_STEM:
        return word[:-3] + "y"
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            return _undouble(word[: -len(suffix)])
    return word[:-1] if len(word) == _SHORTEST_STEM and word[-1] == "s" and word[-2] != "s" else word


def _undouble(stemmed: str) -> str:
    """`merg|ed` stays, `plann|ed` loses the doubled consonant."""
    doubled = len(stemmed) > _SHORTEST_STEM and stemmed[-1] == stemmed[-2] and stemmed[-1] not in "lsz"
    return stemmed[:-1] if doubled else stemmed


def words(text: str) -> list[str]:
    """Folded words in order. Scripts written without spaces give one word per character."""
    found: list[str] = []
    for match in _WORD.finditer(text):
        for piece in _pieces(match.group()):
            folded = fold(piece)
            found.extend(folded if _WIDE.search(folded) else filter(None, [folded]))
    return found


def _pieces(word: str) -> list[str]:
    """`M&A` and `U.S` are one word, `one.two` is two."""
    if "." not in word or _ACRONYM.fullmatch(word) or word.replace(".", "").isdigit():
        return [word]
    return word.split(".")


def stems(text: str) -> list[str]:
    """Stemmed words in order, as stored in the index."""
    return [stem(word.replace("&", "")) for word in words(text)]


def content_words(text: str) -> list[str]:
    """Folded words that say what the text is about: no stop words, no small talk, each once."""
    kept = (word for word in words(text) if word not in STOPWORDS and word not in SMALL_TALK)
    return list(dict.fromkeys(kept))


def slug(text: str, limit: int = 60) -> str:
    """A lower-case identifier made of whole words of `text`; `field` when it has none."""
    joined = "_".join(filter(None, (re.sub(r"[^a-z0-9]", "", word) for word in words(text))))
    if len(joined) > limit:
        joined = joined[:limit].rpartition("_")[0] or joined[:limit]
    return joined or "field"


def spaced(tokens: Iterable[str]) -> str:
    """Tokens as one string with blanks all around, so that phrases are found by substring search."""
    return f" {' '.join(tokens)} "
