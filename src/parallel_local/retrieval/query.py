"""From free text to a query: terms with their synonyms, site hints, freshness; and its FTS5 expression.

Pure. No text a caller can write reaches SQLite unquoted: an expression consists of folded words only.
"""

import re

import msgspec

from parallel_local.text.tokens import FRESHNESS, STOPWORDS, content_words, spaced, stem, words
from parallel_local.text.vocabulary import Vocabulary

_MOST_TERMS = 40
_MOST_WORDS = 400  # looked at for them: each is compared with all the others
_SITE = re.compile(r"\bsite:([\w.-]+)", re.IGNORECASE)
_WISH = re.compile(r"\b(?:prefer(?:ably|ring|red)?|ideally|focus on)\b", re.IGNORECASE)
_PLACES = re.compile(r"\b(?:web\s?)?(?:sites?|pages?|sources?|domains?)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?]+[.!?]*|[.!?]+")


class Term(msgspec.Struct, frozen=True):
    """One idea: any of its alternatives (each a phrase of stems) counts as a mention."""

    word: str
    alternatives: tuple[tuple[str, ...], ...]

    def within(self, haystack: str) -> bool:
        """Whether a text, as `spaced` stems, mentions the idea."""
        return any(spaced(phrase) in haystack for phrase in self.alternatives)


class Query(msgspec.Struct, frozen=True):
    """What to look for. `sites` are a hard filter, `preferred` hosts only rank higher."""

    text: str
    terms: tuple[Term, ...]
    sites: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    fresh: bool = False


def parse_query(text: str, vocab: Vocabulary) -> Query:
    """The query of one objective or keyword string; no terms when the text has no content words."""
    sites = tuple(match.casefold().strip(".") for match in _SITE.findall(text))
    wish, rest = _take_wish(_SITE.sub(" ", text))
    preferred = tuple(word for word in content_words(wish) if word != "official")
    if not content_words(rest):
        rest = text
    found = content_words(rest)[:_MOST_WORDS]
    terms = _terms([word for word in found if word not in FRESHNESS], vocab) or _terms(found, vocab)
    return Query(
        text=rest.strip(),
        terms=tuple(terms[:_MOST_TERMS]),
        sites=sites,
        preferred=preferred,
        fresh=any(word in FRESHNESS for word in words(rest)),
    )


def _take_wish(text: str) -> tuple[str, str]:
    """Whose sites are wished for ("Prefer UN's websites."), and the text without that sentence."""
    for sentence in _SENTENCE.finditer(text):
        wish = _WISH.search(sentence.group())
        places = _PLACES.search(sentence.group(), wish.end()) if wish else None
        if wish and places:
            rest = text[: sentence.start()] + " " + text[sentence.end() :]
            return sentence.group()[wish.end() : places.start()], rest
    return "", text


def expression(query: Query) -> str:
    """The FTS5 expression: any alternative of any term."""
    phrases = dict.fromkeys(phrase for term in query.terms for phrase in term.alternatives)
    return " OR ".join(f'"{" ".join(phrase)}"' for phrase in phrases)


def _terms(found: list[str], vocab: Vocabulary) -> list[Term]:
    """Known phrases become one term, every other word a term of its own."""
    stemmed = [stem(word.replace("&", "")) for word in found]
    terms: list[Term] = []
    position = 0
    while position < len(found):
        length = _phrase_length(stemmed, position, vocab)
        key = " ".join(stemmed[position : position + length])
        alternatives = vocab.synonyms.get(key, (tuple(stemmed[position : position + length]),))
        if key and not any(alternatives[0] == term.alternatives[0] for term in terms):
            terms.append(Term(word=" ".join(found[position : position + length]), alternatives=alternatives))
        position += length
    return _distinct(terms)


def _phrase_length(stemmed: list[str], position: int, vocab: Vocabulary) -> int:
    for phrase in vocab.phrases:
        if tuple(stemmed[position : position + len(phrase)]) == phrase:
            return len(phrase)
    return 1


def _distinct(terms: list[Term]) -> list[Term]:
    """Two words of one synonym group ask one thing: "Founding year" and "established" count once."""
    kept: list[Term] = []
    for term in terms:
        if not any(term.alternatives[0] in other.alternatives for other in kept):
            kept.append(term)
    return kept


def is_empty(text: str) -> bool:
    """Whether a message asks about nothing: greetings, thanks, punctuation."""
    return not [word for word in content_words(text) if word not in STOPWORDS]
