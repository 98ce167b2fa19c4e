"""Searching the index: by words, and by what is meant where somebody knows that; one order out of all queries.

It reads, and holds nothing of the folders but the index. What the documents are as a whole is the library's.
"""

from collections.abc import Sequence

import msgspec

from parallel_local.retrieval.asked import Asked
from parallel_local.retrieval.catalog import PASSAGES
from parallel_local.retrieval.effort import Effort
from parallel_local.retrieval.fusion import joined
from parallel_local.retrieval.index import Index
from parallel_local.retrieval.inverted import FoundUnit, View
from parallel_local.retrieval.matching import expression, frequencies
from parallel_local.retrieval.meaning import Meaning, Nearby
from parallel_local.retrieval.policy import permits
from parallel_local.retrieval.query import Query, merged
from parallel_local.retrieval.ranking import Found, favoured, fuse, passages_of, weights
from parallel_local.wire.common import SourcePolicy

_SPARE_UNITS = 50  # a document may be found by several units, and by some queries better than by others
_MOST_NEAR = 200  # passages: about a hundred documents


class Wanted(msgspec.Struct, frozen=True):
    """What a search is to come to; `newest` is the latest date of any document."""

    policy: SourcePolicy | None
    documents: int
    effort: Effort
    newest: str | None


class Searcher:
    """Searches of one index. Any thread may search."""

    def __init__(self, index: Index, meaning: Meaning) -> None:
        self._index = index
        self._meaning = meaning

    def search(self, asked: Sequence[Query], wanted: Wanted) -> list[Found]:
        """Passages of the best documents for queries that have terms, best first."""
        return self._index.consistent(lambda view: self._search(asked, wanted, view)) or []

    def weigh(self, query: Query) -> dict[str, float]:
        """How much each term of a query matters in this index."""
        return _weights(query, self._index.view)

    def _search(self, asked: Sequence[Query], wanted: Wanted, view: View) -> list[Found] | None:
        """None when documents of the view have gone meanwhile."""
        weighed = Asked([(query, _weights(query, view)) for query in asked])
        by_words = fuse([self._rank(query, wanted, view) for query in merged(asked)])
        near, ranked = self._joined(asked, wanted, by_words)
        units = [unit for found in list(ranked.values())[: wanted.documents] for unit in found]
        read = self._index.read([(unit.document, unit.first, unit.last) for unit in units])
        there = [one for one in read if one is not None]
        if len(there) < len(read):
            return None
        kept = frozenset(unit.document * PASSAGES + unit.first for unit in near)
        found = [
            item
            for unit, one in zip(units, there, strict=True)
            for item in passages_of(*one, unit.score, weighed, kept)
        ]
        return sorted(found, key=lambda item: (-item.score, item.passage))

    def _rank(self, query: Query, wanted: Wanted, view: View) -> list[FoundUnit]:
        asked = expression(query, wanted.policy, view, wanted.effort)
        limit = 2 * wanted.documents + _SPARE_UNITS
        return self._favour(query, view.search(asked, limit), wanted.newest) if asked else []

    def _favour(self, query: Query, found: list[FoundUnit], newest: str | None) -> list[FoundUnit]:
        if not query.preferred and not query.fresh:
            return found
        cards = self._index.catalog.numbered({unit.document for unit in found})
        factors = favoured(query, cards, newest)
        return [
            msgspec.structs.replace(unit, score=unit.score * factors.get(unit.document, 1.0))
            for unit in found
        ]

    def _joined(
        self, asked: Sequence[Query], wanted: Wanted, by_words: dict[int, list[FoundUnit]]
    ) -> tuple[list[FoundUnit], dict[int, list[FoundUnit]]]:
        """Passages that mean alike, and the documents in the order of words and meaning; of words if none is known."""
        if not wanted.effort.meaning:
            return [], by_words
        spans = [(number * PASSAGES, (number + 1) * PASSAGES - 1) for number in by_words]
        nearby = self._meaning.search([query.text for query in asked], _MOST_NEAR, spans)
        if nearby is None:
            return [], by_words
        near = self._allowed(asked, wanted, nearby)
        return near, joined(by_words, near, dict(zip(by_words, nearby.spans, strict=True)))

    def _allowed(self, asked: Sequence[Query], wanted: Wanted, nearby: Nearby) -> list[FoundUnit]:
        """Passages of documents that are there and allowed, best first."""
        cards = self._index.catalog.numbered({number // PASSAGES for number, _ in nearby.passages})
        sites = SourcePolicy(include_domains=[site for query in asked for site in query.sites])
        allowed = {
            number
            for number, card in cards.items()
            if permits(wanted.policy, card.url, card.date) and permits(sites, card.url, None)
        }
        places = [(*divmod(number, PASSAGES), standing) for number, standing in nearby.passages]
        return [
            FoundUnit(document, place, place, standing)
            for document, place, standing in places
            if document in allowed
        ]


def _weights(query: Query, view: View) -> dict[str, float]:
    return weights(query.terms, frequencies(query.terms, view.frequency), view.count())
