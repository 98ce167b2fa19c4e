"""One order out of what words find and what vectors find: reciprocal rank fusion of documents. Pure.

Places count, not scores: those of BM25 and of vectors have nothing in common (decision 61).
"""

from collections.abc import Iterable, Mapping, Sequence

from parallel_local.retrieval.inverted import FoundUnit

_DAMPING = 60
_SAY_OF_VECTORS = 0.5


def joined(
    by_words: Mapping[int, Sequence[FoundUnit]], near: Sequence[FoundUnit]
) -> dict[int, list[FoundUnit]]:
    """Document → its units, in the order of both together; scores are shares of the best document's.

    `near` are passages, best first. A document that words have found as well keeps its units.
    """
    nearest: dict[int, FoundUnit] = {}
    for unit in near:
        nearest.setdefault(unit.document, unit)
    says: dict[int, float] = _places(by_words, 1.0)
    for document, share in _places(nearest, _SAY_OF_VECTORS).items():
        says[document] = says.get(document, 0.0) + share
    best = max(says.values(), default=1.0)
    found: dict[int, list[FoundUnit]] = {}
    for document in sorted(says, key=lambda one: (-says[one], one)):
        units = by_words.get(document) or [nearest[document]]
        most = max((unit.score for unit in units), default=0.0) or 1.0
        found[document] = [
            FoundUnit(unit.document, unit.first, unit.last, says[document] / best * unit.score / most)
            for unit in units
        ]
    return found


def _places(documents: Iterable[int], say: float) -> dict[int, float]:
    return {document: say / (_DAMPING + place) for place, document in enumerate(documents, start=1)}
