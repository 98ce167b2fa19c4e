"""From a query and a policy to what the inverted index is asked for. Pure but for looking up frequencies.

No text a caller can write is parsed: a query is put together from stems. Nothing shuts a document out but the
policy and the sites that were named; each word that occurs adds what BM25 says it is worth.
"""

from collections.abc import Callable, Iterable, Mapping

import tantivy
from tantivy import Occur

from parallel_local.retrieval.inverted import BODY, DATE, HEAD, HOST, day_number
from parallel_local.retrieval.policy import covering
from parallel_local.retrieval.query import Query, Term
from parallel_local.text.tokens import stem, stop_words
from parallel_local.wire.common import SourcePolicy

_HEAD_WEIGHT = 0.3
_SYNONYM_WEIGHT = 0.5
_REPEATED = 8.0  # k3 of BM25: how much a word counts that the question says again
_LATEST_DAY = 99_999_999
_LEFT_OUT = frozenset(map(stem, stop_words("en")))

Frequencies = Mapping[str, int]


def frequencies(terms: Iterable[Term], look_up: Callable[[str], int]) -> dict[str, int]:
    """Stem → number of units that contain it, for all stems of all terms."""
    wanted = dict.fromkeys(word for term in terms for phrase in term.alternatives for word in phrase)
    return {word: look_up(word) for word in wanted}


def expression(
    query: Query, policy: SourcePolicy | None, known: Frequencies, schema: tantivy.Schema
) -> tantivy.Query | None:
    """What to look for; None where no word of the query occurs anywhere."""
    wanted = [part for term in query.terms if (part := _term(term, known, schema))]
    if not wanted:
        return None
    clauses = [(Occur.Must, tantivy.Query.boolean_query([(Occur.Should, part) for part in wanted]))]
    return tantivy.Query.boolean_query([*clauses, *_filters(query, policy, schema)])


def _term(term: Term, known: Frequencies, schema: tantivy.Schema) -> tantivy.Query | None:
    """The best of a term's alternatives counts, and not each of them."""
    said = dict.fromkeys(map(indexed_phrase, term.alternatives[: term.forms]))
    meant = dict.fromkeys(map(indexed_phrase, term.alternatives[term.forms :]))
    parts = [
        tantivy.Query.boost_query(_phrase(phrase, schema), weight)
        for phrases, weight in ((said, 1.0), (meant, _SYNONYM_WEIGHT))
        for phrase in phrases
        if phrase and all(known.get(word) for word in phrase)
    ]
    if not parts:
        return None
    best = parts[0] if len(parts) == 1 else tantivy.Query.disjunction_max_query(parts)
    repeated = term.count * (_REPEATED + 1) / (_REPEATED + term.count)
    return best if term.count == 1 else tantivy.Query.boost_query(best, repeated)


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
