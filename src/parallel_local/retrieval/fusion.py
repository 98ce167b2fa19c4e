"""One order out of what words find and what vectors find. Pure.

Scores of BM25 count as shares of the best one, likenesses by how far they stand out among all passages: so a model
that sees little difference between them decides little (decision 61).
"""

from collections.abc import Mapping, Sequence

from parallel_local.retrieval.inverted import FoundUnit

_SAY_OF_VECTORS = 0.14  # of each standard deviation


def joined(
    by_words: Mapping[int, Sequence[FoundUnit]], near: Sequence[FoundUnit], standing: Mapping[int, float]
) -> dict[int, list[FoundUnit]]:
    """Document → its units, in the order of both together; scores are shares of the best document's.

    `near` are passages, best first, scored by how far they stand out; `standing` says that of the documents that words
    have found, which keep their units.
    """
    most = {document: max(unit.score for unit in units) for document, units in by_words.items()}
    best = max(most.values(), default=0.0) or 1.0
    says = {document: score / best + _say(standing.get(document, 0.0)) for document, score in most.items()}
    units: dict[int, Sequence[FoundUnit]] = dict(by_words)
    for unit in near:
        if unit.document not in says:
            says[unit.document], units[unit.document] = _say(unit.score), (unit,)
    top = max(says.values(), default=0.0) or 1.0
    found: dict[int, list[FoundUnit]] = {}
    for document in sorted(says, key=lambda one: -says[one]):
        highest = most.get(document, units[document][0].score) or 1.0
        found[document] = [
            FoundUnit(unit.document, unit.first, unit.last, says[document] / top * unit.score / highest)
            for unit in units[document]
        ]
    return found


def _say(standing: float) -> float:
    """Who says nothing to the point in the eyes of a model is not put down for it."""
    return _SAY_OF_VECTORS * max(standing, 0.0)
