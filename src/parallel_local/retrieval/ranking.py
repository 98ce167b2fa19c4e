"""Ranking: what several queries together say of documents, and how well a passage covers them. Pure."""

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence

import msgspec

from parallel_local.retrieval.asked import Asked
from parallel_local.retrieval.card import Card, Hit
from parallel_local.retrieval.inverted import FoundUnit
from parallel_local.retrieval.matching import indexed_phrase
from parallel_local.retrieval.policy import host_of
from parallel_local.retrieval.query import Query, Term
from parallel_local.text.tokens import spaced, stems

_PREFERRED_BOOST = 1.6
_FRESH_WEIGHT = 0.25
_LEAST_SHARE = 0.3
RELEVANT = 0.34


class Found(msgspec.Struct, frozen=True):
    """A passage with its document. `coverage` (0–1) is the share of the query's meaning it mentions."""

    card: Card
    heading: str
    text: str
    passage: int
    score: float
    coverage: float


def weights(terms: Sequence[Term], frequencies: Mapping[str, int], passages: int) -> dict[str, float]:
    """Inverse document frequency per term. A term found nowhere weighs most: missing it must show."""
    return {
        term.word: math.log(1.0 + (passages + 1) / (0.5 + _frequency(term, frequencies))) for term in terms
    }


def _frequency(term: Term, frequencies: Mapping[str, int]) -> int:
    """A phrase is at most as frequent as its rarest word."""
    return max(
        (
            min(frequencies.get(word, 0) for word in phrase)
            for phrase in map(indexed_phrase, term.alternatives)
            if phrase
        ),
        default=0,
    )


def coverage(query: Query, haystack: str, weight: Mapping[str, float]) -> float:
    """The weighted share of the query's terms that a text (as `spaced` stems) mentions."""
    total = sum(weight.get(term.word, 1.0) for term in query.terms)
    present = sum(weight.get(term.word, 1.0) for term in query.terms if term.within(haystack))
    return present / total if total else 0.0


def favoured(query: Query, cards: Mapping[int, Card], newest: str | None) -> dict[int, float]:
    """Document → by how much a query likes it better than its words say: for its host, for its date."""
    factors: dict[int, float] = {}
    for number, card in cards.items():
        factor = _PREFERRED_BOOST if query.preferred and _is_preferred(query.preferred, card.url) else 1.0
        if query.fresh:
            factor *= 1.0 + _FRESH_WEIGHT * freshness(card.date, newest)
        factors[number] = factor
    return factors


def fuse(rankings: Sequence[Sequence[FoundUnit]]) -> dict[int, list[FoundUnit]]:
    """Document → its units, best first, in one order out of several: shares of the best score add up."""
    total: defaultdict[tuple[int, int, int], float] = defaultdict(float)
    for ranking in rankings:
        best = max((unit.score for unit in ranking), default=0.0) or 1.0
        for unit in ranking:
            total[unit.document, unit.first, unit.last] += unit.score / best / len(rankings)
    ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    found: dict[int, list[FoundUnit]] = {}
    for (document, first, last), score in ordered:
        found.setdefault(document, []).append(FoundUnit(document, first, last, score))
    return found


def passages_of(
    card: Card, hits: Iterable[Hit], score: float, asked: Asked, kept: Container[int] = frozenset()
) -> list[Found]:
    """The passages of a unit; the one that covers the queries best has the unit's score.

    Those that mention nothing of a query are left out, but for `kept`.
    """
    covered = []
    for hit in hits:
        haystack = spaced(stems(f"{card.title} | {hit.heading} | {hit.text}", card.language))
        covered.append((hit, asked.shares(haystack)))
    best = max((sum(shares) for _, shares in covered), default=0.0)
    if not best:  # what was found stands in the title, or across passages
        covered = covered[:1]
    return [
        Found(
            card=card,
            heading=hit.heading,
            text=hit.text,
            passage=hit.passage,
            score=score * (_LEAST_SHARE + (1.0 - _LEAST_SHARE) * (sum(shares) / best if best else 1.0)),
            coverage=max(shares),
        )
        for hit, shares in covered
        if any(shares) or len(covered) == 1 or hit.passage in kept
    ]


def freshness(date: str | None, newest: str | None) -> float:
    """1 for the newest document of the folder, falling by half each year; 0 without a date."""
    if date is None or newest is None:
        return 0.0
    years = (int(newest[:4]) - int(date[:4])) + (int(newest[5:7]) - int(date[5:7])) / 12
    return float(0.5 ** max(years, 0.0))


def _is_preferred(preferred: Sequence[str], url: str) -> bool:
    labels = host_of(url).split(".")
    return any(word in labels or "".join(preferred) in labels for word in preferred)


def focus(passages: Sequence[str], asked: Asked) -> list[str]:
    """Passages of one document that mention what is asked, best first; all of them in order if nothing is asked."""
    scored = [(asked.worth(spaced(stems(passage))), place) for place, passage in enumerate(passages)]
    relevant = [(score, place) for score, place in scored if score > 0]
    order = sorted(relevant, key=lambda pair: (-pair[0], pair[1])) or scored
    return [passages[place] for _, place in order]
