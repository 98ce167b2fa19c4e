"""From a query and a policy to what the inverted index is asked for. Pure but for looking up frequencies.

No text a caller can write is parsed: a query is put together from stems. Nothing shuts a document out but the
policy and the sites that were named; each word that occurs adds what BM25 says it is worth.
"""

import math
from collections.abc import Callable, Iterable, Mapping

import tantivy
from tantivy import Occur

from parallel_local.retrieval.effort import Effort
from parallel_local.retrieval.inverted import BODY, DATE, HEAD, HOST, View, day_number
from parallel_local.retrieval.policy import covering
from parallel_local.retrieval.query import Query, Term
from parallel_local.text.tokens import stem, stop_words
from parallel_local.wire.common import SourcePolicy

_HEAD_WEIGHT = 0.3
_SYNONYM_WEIGHT = 0.5
_COMPOUND_WEIGHT = 0.5
_AMBIGUOUS_WEIGHT = 0.5
_MOST_COMPOUNDS = 30
_SIMILAR_SCORE = 2.0
_LEAST_SIMILAR = 5
_LONG_WORD = 9
_REPEATED = 8.0  # k3 of BM25: how much a word counts that the question says again
_LATEST_DAY = 99_999_999
_LEFT_OUT = frozenset(map(stem, stop_words("en")))


def frequencies(terms: Iterable[Term], look_up: Callable[[str], int]) -> dict[str, int]:
    """Stem → number of units that contain it, for all stems of all terms."""
    wanted = dict.fromkeys(word for term in terms for phrase in term.alternatives for word in phrase)
    return {word: look_up(word) for word in wanted}


def expression(query: Query, policy: SourcePolicy | None, view: View, effort: Effort) -> tantivy.Query | None:
    """What to look for; None where nothing of the query occurs anywhere."""
    known = frequencies((*query.terms, *query.ambiguous), view.frequency)
    wanted = [part for term in query.terms if (part := _term(term, known, view, effort))]
    if not wanted:
        return None
    less = [part for term in query.ambiguous if (part := _term(term, known, view, effort))]
    wanted += [tantivy.Query.boost_query(part, _AMBIGUOUS_WEIGHT) for part in less]
    clauses = [(Occur.Must, tantivy.Query.boolean_query([(Occur.Should, part) for part in wanted]))]
    return tantivy.Query.boolean_query([*clauses, *_filters(query, policy, view.schema)])


def _term(term: Term, known: Mapping[str, int], view: View, effort: Effort) -> tantivy.Query | None:
    """The best of what a term may be found by counts, and not each of it."""
    parts = [
        *_phrases(term.alternatives[: term.forms], 1.0, known, view),
        *(_phrases(term.alternatives[term.forms :], _SYNONYM_WEIGHT, known, view) if effort.synonyms else ()),
        *(_compounds(term, view) if effort.parts else ()),
    ]
    if not parts and effort.spelling:
        parts = _similar(term, view)
    if not parts:
        return None
    best = parts[0] if len(parts) == 1 else tantivy.Query.disjunction_max_query(parts)
    repeated = term.count * (_REPEATED + 1) / (_REPEATED + term.count)
    return best if term.count == 1 else tantivy.Query.boost_query(best, repeated)


def _phrases(
    phrases: Iterable[tuple[str, ...]], weight: float, known: Mapping[str, int], view: View
) -> list[tantivy.Query]:
    """Those of the phrases whose words all occur.

    They are one word's forms in several languages: a form that is rare, as in the one text whose language was not
    told, is worth no more for it than the word is.
    """
    kept = dict.fromkeys(map(indexed_phrase, phrases))
    found = [phrase for phrase in kept if phrase and all(known.get(word) for word in phrase)]
    counts = [min(known[word] for word in phrase) for phrase in found]
    together = _idf(sum(counts), view.count())
    return [
        tantivy.Query.boost_query(_phrase(phrase, view.schema), weight * together / _idf(count, view.count()))
        for phrase, count in zip(found, counts, strict=True)
    ]


def _idf(frequency: int, units: int) -> float:
    """What BM25 weighs a word with that occurs in so many units, as tantivy has it."""
    return math.log(1.0 + max(0.0, units - frequency + 0.5) / (frequency + 0.5))


def _compounds(term: Term, view: View) -> list[tantivy.Query]:
    """Words that begin or end with a part of a compound: "Frist" is in "Kündigungsfrist"."""
    words = dict.fromkeys(word for part in term.parts for word in view.compounds(part, _MOST_COMPOUNDS))
    return [tantivy.Query.boost_query(_word(word, view.schema), _COMPOUND_WEIGHT) for word in words]


def _similar(term: Term, view: View) -> list[tantivy.Query]:
    """A word that occurs nowhere may be written wrongly: words that differ in a letter, or two of a long one."""
    words = [phrase[0] for phrase in term.alternatives[:1] if len(phrase) == 1]
    return [
        tantivy.Query.const_score_query(
            tantivy.Query.fuzzy_term_query(view.schema, BODY, word, distance=1 + (len(word) >= _LONG_WORD)),
            _SIMILAR_SCORE,
        )
        for word in words
        if len(word) >= _LEAST_SIMILAR and word.isalpha()
    ]


def indexed_phrase(phrase: Iterable[str]) -> tuple[str, ...]:
    """A phrase as it stands in the index, which leaves out the words that say nothing."""
    words = tuple(phrase)
    return words if len(words) == 1 else tuple(word for word in words if word not in _LEFT_OUT)


def _phrase(phrase: tuple[str, ...], schema: tantivy.Schema) -> tantivy.Query:
    """All words of a phrase, wherever in the unit they stand: places of words would double the index."""
    if len(phrase) > 1:
        return tantivy.Query.boolean_query([(Occur.Must, _word(word, schema)) for word in phrase])
    return _word(phrase[0], schema)


def _word(word: str, schema: tantivy.Schema) -> tantivy.Query:
    body = tantivy.Query.term_query(schema, BODY, word, index_option="freq")
    head = tantivy.Query.term_query(schema, HEAD, word, index_option="freq")
    both = [(Occur.Should, body), (Occur.Should, tantivy.Query.boost_query(head, _HEAD_WEIGHT))]
    return tantivy.Query.boolean_query(both)


def _filters(
    query: Query, policy: SourcePolicy | None, schema: tantivy.Schema
) -> list[tuple[Occur, tantivy.Query]]:
    """What a document must be, which says nothing of how well it fits (Parallel 2.8)."""
    found: list[tuple[Occur, tantivy.Query]] = []
    if query.sites:
        found.append((Occur.Must, _hosts(query.sites, schema)))
    if policy and policy.include_domains:
        found.append((Occur.Must, _hosts(policy.include_domains, schema)))
    elif policy and policy.exclude_domains:
        found.append((Occur.MustNot, _hosts(policy.exclude_domains, schema)))
    if policy and policy.after_date:
        first = day_number(policy.after_date)
        since = tantivy.Query.range_query(schema, DATE, tantivy.FieldType.Unsigned, first, _LATEST_DAY)
        found.append((Occur.Must, tantivy.Query.const_score_query(since, 0.0)))
    return found


def _hosts(domains: Iterable[str], schema: tantivy.Schema) -> tantivy.Query:
    suffixes = dict.fromkeys(suffix for domain in domains for suffix in covering(domain))
    any_of = tantivy.Query.term_set_query(schema, HOST, list(suffixes))
    return tantivy.Query.const_score_query(any_of, 0.0)
