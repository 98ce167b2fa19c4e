"""From free text to a query: terms with their synonyms, site hints, freshness; and its FTS5 expression.

Pure. No text a caller can write reaches SQLite unquoted: an expression consists of folded words only.
"""

import re
from collections.abc import Iterable

import msgspec

from parallel_local.text.languages import asked_language, language_of
from parallel_local.text.stopwords import FRESHNESS
from parallel_local.text.tokens import content_tokens, content_words, spaced, stems, words
from parallel_local.text.vocabulary import Vocabulary
from parallel_local.text.words import fold, is_run

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
    """What to look for. `sites` are a hard filter, `preferred` hosts only rank higher.

    `language` is the one the question is asked in.
    """

    text: str
    terms: tuple[Term, ...]
    sites: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    fresh: bool = False
    language: str = "en"


def parse_query(text: str, vocab: Vocabulary, languages: Iterable[str] = ()) -> Query:
    """The query of one objective or keyword string; no terms when the text has no content words.

    Each term can be found in documents of any of `languages`, and in English ones.
    """
    sites = tuple(match.casefold().strip(".") for match in _SITE.findall(text))
    wish, rest = _take_wish(_SITE.sub(" ", text))
    preferred = tuple(word for word in content_words(wish) if word != "official")
    if not content_words(rest):
        rest = text
    held = tuple(filter(None, languages))
    language = asked_language(rest, (*held, "en")) or language_of(rest) or "en"
    stemmed_in = tuple(dict.fromkeys((language, "en", *held)))
    found = content_tokens(rest, language)[:_MOST_WORDS]
    lasting = [token for token in found if fold(token) not in FRESHNESS]
    terms = _terms(lasting, vocab, stemmed_in) or _terms(found, vocab, stemmed_in)
    return Query(
        text=rest.strip(),
        terms=tuple(terms[:_MOST_TERMS]),
        sites=sites,
        preferred=preferred,
        fresh=any(word in FRESHNESS for word in words(rest)),
        language=language,
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


def _terms(found: list[str], vocab: Vocabulary, languages: Iterable[str]) -> list[Term]:
    """Known phrases become one term, every other word a term of its own."""
    english = [" ".join(stems(token)) for token in found]
    terms: list[Term] = []
    position = 0
    while position < len(found):
        length = _phrase_length(english, position, vocab)
        run = found[position : position + length]
        own = _forms(run, languages)
        alternatives = (*own, *vocab.synonyms.get(" ".join(english[position : position + length]), ()))
        if own and not any(alternatives[0] == term.alternatives[0] for term in terms):
            terms.append(Term(" ".join(map(fold, run)), tuple(dict.fromkeys(alternatives))))
        position += length
    return _distinct(terms)


def _forms(run: list[str], languages: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """How a phrase stands in the index, in each of the languages; a piece of a run is itself."""
    if is_run(run[0]):
        return (tuple(run),)
    return tuple(phrase for language in languages if (phrase := tuple(stems(" ".join(run), language))))


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
    return not content_words(text)
