"""Ranking: how well a passage covers a query, and one order out of several queries. Pure."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from parallel_local.retrieval.index import Card, Hit
from parallel_local.retrieval.policy import host_of
from parallel_local.retrieval.query import Query, Term
from parallel_local.text.tokens import spaced, stems

_PREFERRED_BOOST = 1.6
_FRESH_WEIGHT = 0.25
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
        (min(frequencies.get(word, 0) for word in phrase) for phrase in term.alternatives if phrase),
        default=0,
    )


def coverage(query: Query, haystack: str, weight: Mapping[str, float]) -> float:
    """The weighted share of the query's terms that a text (as `spaced` stems) mentions."""
    total = sum(weight[term.word] for term in query.terms)
    present = sum(weight[term.word] for term in query.terms if term.within(haystack))
    return present / total if total else 0.0


def rank(
    query: Query, hits: Sequence[Hit], cards: Mapping[int, Card], weight: Mapping[str, float]
) -> list[Found]:
    """Hits of one query, best first; the best plain hit scores near 1."""
    best = max((hit.score for hit in hits), default=0.0) or 1.0
    newest = max((card.date for card in cards.values() if card.date), default=None)
    found = [
        _score(query, hit, cards[hit.document], weight, best, newest) for hit in hits if hit.document in cards
    ]
    return sorted(found, key=lambda item: (-item.score, item.passage))


def _score(
    query: Query, hit: Hit, card: Card, weight: Mapping[str, float], best: float, newest: str | None
) -> Found:
    covered = coverage(
        query, spaced(stems(f"{card.title} | {hit.heading} | {hit.text}", card.language)), weight
    )
    score = (hit.score / best) * (0.3 + 0.7 * covered)
    if query.preferred and _is_preferred(query.preferred, card.url):
        score *= _PREFERRED_BOOST
    if query.fresh:
        score *= 1.0 + _FRESH_WEIGHT * freshness(card.date, newest)
    return Found(
        card=card, heading=hit.heading, text=hit.text, passage=hit.passage, score=score, coverage=covered
    )


def freshness(date: str | None, newest: str | None) -> float:
    """1 for the newest document of the folder, falling by half each year; 0 without a date."""
    if date is None or newest is None:
        return 0.0
    years = (int(newest[:4]) - int(date[:4])) + (int(newest[5:7]) - int(date[5:7])) / 12
    return float(0.5 ** max(years, 0.0))


def _is_preferred(preferred: Sequence[str], url: str) -> bool:
    labels = host_of(url).split(".")
    return any(word in labels or "".join(preferred) in labels for word in preferred)


def fuse(rankings: Sequence[Sequence[Found]]) -> list[Found]:
    """One order out of several: scores add up, the best coverage counts."""
    total: dict[int, float] = defaultdict(float)
    best: dict[int, Found] = {}
    for ranking in rankings:
        for item in ranking:
            total[item.passage] += item.score
            known = best.get(item.passage)
            if known is None or item.coverage > known.coverage:
                best[item.passage] = item
    fused = [msgspec.structs.replace(item, score=total[key] / len(rankings)) for key, item in best.items()]
    return sorted(fused, key=lambda item: (-item.score, item.passage))


def focus(passages: Sequence[str], queries: Sequence[tuple[Query, Mapping[str, float]]]) -> list[str]:
    """Passages of one document that mention the queries, best first; all of them in order without queries."""
    asked = [(query, weight) for query, weight in queries if query.terms]
    scored = []
    for place, passage in enumerate(passages):
        haystack = spaced(stems(passage))
        scored.append((sum(coverage(query, haystack, weight) for query, weight in asked), place))
    relevant = [(score, place) for score, place in scored if score > 0]
    order = sorted(relevant, key=lambda pair: (-pair[0], pair[1])) or scored
    return [passages[place] for _, place in order]
