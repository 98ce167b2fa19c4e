"""What a search asks, made ready to be compared with many texts: each term that its queries share is looked for once.

Pure. A text is compared as `spaced` stems.
"""

from collections.abc import Mapping, Sequence

from parallel_local.retrieval.query import Query, Term

Sought = tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]  # what decides whether a text mentions a term


class Asked:
    """Queries with what their terms weigh."""

    def __init__(self, weighed: Sequence[tuple[Query, Mapping[str, float]]]) -> None:
        self._count = len(weighed)
        self._terms: dict[Sought, Term] = {}
        self._shares: dict[Sought, list[tuple[int, float]]] = {}  # of which query, and how much of it
        self._weights: dict[Sought, float] = {}
        for place, (query, weight) in enumerate(weighed):
            total = sum(weight.get(term.word, 1.0) for term in query.terms)
            for term in query.terms:
                sought, own = (term.alternatives, term.parts), weight.get(term.word, 1.0)
                self._terms[sought] = term
                self._shares.setdefault(sought, []).append((place, own / total if total else 0.0))
                self._weights[sought] = self._weights.get(sought, 0.0) + own

    def shares(self, haystack: str) -> list[float]:
        """For each query the weighted share of its terms that a text mentions."""
        found = [0.0] * self._count
        for sought, term in self._terms.items():
            if term.within(haystack):
                for place, share in self._shares[sought]:
                    found[place] += share
        return found

    def worth(self, haystack: str) -> float:
        """What a text says of all queries together."""
        return sum(self.shares(haystack))

    def mentions(self, haystack: str) -> dict[Sought, float]:
        """The terms that a text mentions, with what each is worth."""
        return {
            sought: self._weights[sought] for sought, term in self._terms.items() if term.within(haystack)
        }
