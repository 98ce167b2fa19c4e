"""The nearest passages to a query's vector: a matrix in memory, made once per state of the folder.

Exact, not approximate: a hundred thousand passages are one multiplication of a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from parallel_local.embeddings.embedder import Halves, Matrix

_ROWS_AT_ONCE = 16_384  # the products are made in pieces: halves as a whole would be doubled in memory


class Nearest:
    """Passages and their vectors; unchangeable."""

    def __init__(self, passages: Sequence[int], vectors: Sequence[Halves]) -> None:
        """A vector for each passage, all of one length."""
        self.passages = np.array(passages, dtype=np.int64)
        self._vectors: Halves = np.stack(vectors) if vectors else np.zeros((0, 0), dtype=np.float16)

    def rows(self) -> Mapping[int, Halves]:
        """Passage → its vector."""
        return dict(zip(self.passages.tolist(), self._vectors, strict=True))

    def search(self, query: Matrix, limit: int) -> list[tuple[int, float]]:
        """Passages with their likeness (cosine), best first; those that point away are left out."""
        if not len(self.passages) or query.shape != (self._vectors.shape[1],):
            return []
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
        return [(int(self.passages[row]), float(likeness[row])) for row in order]


def _products(vectors: Matrix, query: Matrix) -> Matrix:
    """Each row times the query, in this thread: those of BLAS spin for tens of milliseconds after each product."""
    products: Matrix = np.einsum("ij,j->i", vectors, query)
    return products
