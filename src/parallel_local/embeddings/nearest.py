"""The nearest passages to a query's vector: a matrix in memory, made once per state of the folder.

Exact, not approximate: a hundred thousand passages are one multiplication of a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from parallel_local.embeddings.embedder import Halves, Matrix
from parallel_local.retrieval.meaning import Nearby

_LEAST_SPREAD = 1e-6  # less is how numbers are rounded
_ROWS_AT_ONCE = 16_384  # the products are made in pieces: halves as a whole would be doubled in memory


class Nearest:
    """Passages in order of their numbers, and their vectors; unchangeable."""

    def __init__(self, passages: Sequence[int], vectors: Sequence[Halves]) -> None:
        """A vector for each passage, all of one length."""
        order = np.argsort(np.array(passages, dtype=np.int64))
        self.passages = np.array(passages, dtype=np.int64)[order]
        self._vectors: Halves = (
            np.stack([vectors[row] for row in order]) if vectors else np.zeros((0, 0), dtype=np.float16)
        )

    def rows(self) -> Mapping[int, Halves]:
        """Passage → its vector."""
        return dict(zip(self.passages.tolist(), self._vectors, strict=True))

    def search(self, query: Matrix, limit: int, spans: Sequence[tuple[int, int]]) -> Nearby | None:
        """Passages by likeness (cosine), best first, those that point away left out; and the best of each span.

        None where they cannot be compared.
        """
        if not len(self.passages) or query.shape != (self._vectors.shape[1],):
            return None
        likeness = np.concatenate(
            [
                _products(self._vectors[start : start + _ROWS_AT_ONCE].astype(np.float32), query)
                for start in range(0, len(self.passages), _ROWS_AT_ONCE)
            ]
        )
        limit = min(limit, len(likeness))
        least = np.partition(likeness, -limit)[-limit]
        best = np.flatnonzero((likeness >= least) & (likeness > 0))
        # The passage decides between equals, also about who comes last, so that it is the same each time.
        order = best[np.lexsort((self.passages[best], -likeness[best]))][:limit]
        standing = _standing(likeness)
        found = tuple((int(self.passages[row]), float(standing[row])) for row in order)
        return Nearby(found, tuple(self._best_in(spans, standing)))

    def _best_in(self, spans: Sequence[tuple[int, int]], standing: Matrix) -> Iterator[float]:
        bounds = np.array(spans, dtype=np.int64).reshape(-1, 2)
        firsts = np.searchsorted(self.passages, bounds[:, 0])
        behind = np.searchsorted(self.passages, bounds[:, 1], side="right")
        for start, end in zip(firsts, behind, strict=True):
            yield float(standing[start:end].max()) if end > start else 0.0


def _standing(likeness: Matrix) -> Matrix:
    """How far each stands out, in standard deviations; where all are alike, each a little if it points there."""
    spread = float(likeness.std())
    if spread < _LEAST_SPREAD:
        return (likeness > 0).astype(np.float32)
    standing: Matrix = (likeness - likeness.mean()) / spread
    return standing


def _products(vectors: Matrix, query: Matrix) -> Matrix:
    """Each row times the query, in this thread: those of BLAS spin for tens of milliseconds after each product."""
    products: Matrix = np.einsum("ij,j->i", vectors, query)
    return products
