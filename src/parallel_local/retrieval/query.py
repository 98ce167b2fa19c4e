"""From free text to a query: terms with their forms and synonyms, site hints, freshness. Pure.

What is asked of the index for it is put together in `matching`.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

import msgspec

from parallel_local.text.compounds import COMPOUNDING, in_compounds, parts_of
from parallel_local.text.languages import asked_language, language_of
from parallel_local.text.stopwords import FRESHNESS
from parallel_local.text.tokens import content_tokens, content_words, spaced, stems, words
from parallel_local.text.vocabulary import Vocabulary
from parallel_local.text.words import fold, is_run

_MOST_TERMS = 100
_MOST_TERMS_IN_ALL = 500
_MOST_WORDS = 400  # looked at for them
_SITE = re.compile(r"\bsite:([\w.-]+)", re.IGNORECASE)
_WISH = re.compile(r"\b(?:prefer(?:ably|ring|red)?|ideally|focus on)\b", re.IGNORECASE)
_PLACES = re.compile(r"\b(?:web\s?)?(?:sites?|pages?|sources?|domains?)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?]+[.!?]*|[.!?]+")


class Term(msgspec.Struct, frozen=True):
    """One idea: any of its alternatives (each a phrase of stems) counts as a mention.

    The first `forms` of them are the word itself, in each language; the others are synonyms. `count` says how
    often the question mentions it. `parts` are stems that count as mentioned within compounds, too. `needles` are
    the alternatives as a text has them.
    """

    word: str
    alternatives: tuple[tuple[str, ...], ...]
    needles: tuple[str, ...]
    forms: int = 1
    count: int = 1
    parts: tuple[str, ...] = ()

    def also(self, more: Iterable[tuple[str, ...]]) -> "Term":
        """The same idea, which other phrases mention, too."""
        alternatives = (*self.alternatives, *more)
        return msgspec.structs.replace(
            self, alternatives=alternatives, needles=tuple(map(spaced, alternatives))
        )

    def within(self, haystack: str) -> bool:
        """Whether a text, as `spaced` stems, mentions the idea."""
        for needle in self.needles:  # a plain loop: this is asked of each sentence, for each word
            if needle in haystack:
                return True
        return bool(self.parts) and any(in_compounds(part, haystack) for part in self.parts)


class Query(msgspec.Struct, frozen=True):
    """What to look for. `sites` are a hard filter, `preferred` hosts only rank higher.

    `language` is the one the question is asked in. `ambiguous` are words such as "current" that may ask for what is new
    and may mean something: they add to a document's rank, and are no demand.
    """

    text: str
    terms: tuple[Term, ...]
    sites: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    fresh: bool = False
    language: str = "en"
    ambiguous: tuple[Term, ...] = ()


def parse_query(text: str, vocab: Vocabulary, languages: Iterable[str] = ()) -> Query:
    """The query of one objective or keyword string; no terms when the text has no content words.

    Each term can be found in documents of any of `languages`, and in English ones.
    """
    sites = tuple(match.casefold().strip(".") for match in _SITE.findall(text))
    wish, rest = _take_wish(_SITE.sub(" ", text))
    preferred = tuple(word for word in content_words(wish) if word != "official")
    if (sites or wish) and not content_words(rest):
        rest = text
    held = tuple(filter(None, languages))
    language = asked_language(rest, (*held, "en")) or language_of(rest) or "en"
    stemmed_in = tuple(dict.fromkeys((language, "en", *held)))
    found = content_tokens(rest, language)[:_MOST_WORDS]
    lasting = [token for token in found if fold(token) not in FRESHNESS]
    terms = _terms(lasting, vocab, stemmed_in)
    ambiguous = _terms([token for token in found if fold(token) in FRESHNESS], vocab, stemmed_in)
    if not terms:
        terms, ambiguous = ambiguous, []
    return Query(
        text=rest.strip(),
        terms=tuple(terms[:_MOST_TERMS]),
        sites=sites,
        preferred=preferred,
        fresh=any(word in FRESHNESS for word in words(rest)),
        language=language,
        ambiguous=tuple(ambiguous),
    )


def bounded(queries: Sequence[Query]) -> list[Query]:
    """The first ones, with so many terms together that a search stays short whatever is found."""
    so_far = accumulate(len(query.terms) for query in queries)
    return [query for query, terms in zip(queries, so_far, strict=True) if terms <= _MOST_TERMS_IN_ALL]


def merged(queries: Sequence[Query]) -> list[Query]:
    """Queries to rank by: one that mostly asks what another asks adds its other words to that one.

    A search query is often cut out of the objective; ranked by itself, it would count what they share twice.
    """
    kept: list[Query] = []
    for query in queries:
        place = next((at for at, other in enumerate(kept) if _mostly_asks(query, other)), None)
        if place is None:
            kept.append(query)
            continue
        known = {term.alternatives[0] for term in kept[place].terms}
        added = tuple(term for term in query.terms if term.alternatives[0] not in known)
        kept[place] = msgspec.structs.replace(kept[place], terms=(*kept[place].terms, *added)[:_MOST_TERMS])
    return kept


def _mostly_asks(query: Query, other: Query) -> bool:
    """Whether at least half of what one asks is in the other, and they want it from the same places."""
    known = {term.alternatives[0] for term in other.terms}
    shared = sum(term.alternatives[0] in known for term in query.terms)
    same = (query.sites, query.preferred, query.fresh) == (other.sites, other.preferred, other.fresh)
    return same and shared * 2 >= len(query.terms)


def _take_wish(text: str) -> tuple[str, str]:
    """Whose sites are wished for ("Prefer UN's websites."), and the text without that sentence."""
    for sentence in _SENTENCE.finditer(text):
        wish = _WISH.search(sentence.group())
        places = _PLACES.search(sentence.group(), wish.end()) if wish else None
        if wish and places:
            rest = text[: sentence.start()] + " " + text[sentence.end() :]
            return sentence.group()[wish.end() : places.start()], rest
    return "", text


def _terms(found: list[str], vocab: Vocabulary, asked: tuple[str, ...]) -> list[Term]:
    """Known phrases become one term, every other word a term of its own; `asked` begins with the question's language.

    Two words of one synonym group ask one thing: "Founding year" and "established" count once.
    """
    english = [" ".join(stems(token)) for token in found]
    terms: dict[tuple[str, ...], Term] = {}
    meant: dict[tuple[str, ...], tuple[str, ...]] = {}  # an alternative → the first one of its term
    position = 0
    while position < len(found):
        length = _phrase_length(english, position, vocab)
        run = found[position : position + length]
        own = _forms(run, asked)
        synonyms = vocab.synonyms.get(" ".join(english[position : position + length]), ())
        position += length
        if not own:
            continue
        if known := terms.get(own[0]):
            terms[own[0]] = msgspec.structs.replace(known, count=known.count + 1)
        elif own[0] not in meant:
            alternatives = tuple(dict.fromkeys((*own, *synonyms)))
            parts = parts_of(own[0][0]) if asked[0] in COMPOUNDING and len(own[0]) == 1 else ()
            needles = tuple(map(spaced, alternatives))
            terms[own[0]] = Term(" ".join(map(fold, run)), alternatives, needles, len(own), parts=parts)
            meant.update(dict.fromkeys(alternatives, own[0]))
    return list(terms.values())


def _forms(run: list[str], languages: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """How a phrase stands in the index, in each of the languages; a piece of a run is itself."""
    if is_run(run[0]):
        return (tuple(run),)
    found = (tuple(stems(" ".join(run), language)) for language in languages)
    return tuple(dict.fromkeys(phrase for phrase in found if phrase))


def _phrase_length(stemmed: list[str], position: int, vocab: Vocabulary) -> int:
    for phrase in vocab.phrases:
        if tuple(stemmed[position : position + len(phrase)]) == phrase:
            return len(phrase)
    return 1


def is_empty(text: str) -> bool:
    """Whether a message asks about nothing: greetings, thanks, punctuation."""
    return not content_words(text)
